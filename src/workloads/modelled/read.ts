// Reads a workload file. Everything is checked before anything is made: a message names the place, what was expected and
// what was found.
import type { Distribution } from '../../base/distribution.js';
import { type At, documentAt } from '../../base/json-at.js';
import { FLAGS, OPS } from '../../model/events.js';
import {
  CASES,
  type Count,
  type Deals,
  ENDS,
  type FileKind,
  type FileMember,
  FORGETS,
  type Forgets,
  type HoldModel,
  type Place,
  type ProcessKind,
  type Role,
  type Step,
  WORKLOAD_SCHEMA,
  type WorkloadModel,
} from './model.js';

/** A role with more steps than this is a mistake; so is a file of more parts. */
const MOST = 1_000_000;
const MOST_BYTES = 2 ** 50;
const MOST_NS = 2 ** 53 - 1;
const MOST_FILES = 1_000_000;
const MOST_THREADS = 1_000_000;

/** `name`: the file, for messages. */
export function readWorkload(name: string, text: string): WorkloadModel {
  const at = documentAt(name, text);
  const schema = at.get('schema');
  if (schema.value !== WORKLOAD_SCHEMA)
    throw schema.wrong(`"${WORKLOAD_SCHEMA}" (sealtrace model TRACE -o workload.json writes it)`);
  const model: WorkloadModel = {
    schema: WORKLOAD_SCHEMA,
    spanNs: at.get('spanNs').whole(1, MOST_NS),
    events: at.get('events').whole(0, MOST_NS),
    reuse: at.get('reuse').number(0, 1),
    leftOut: at.get('leftOut').each((one) => one.whole(0, MOST_NS)),
    kinds: at.get('kinds').list(MOST, kind),
    roles: [],
    processes: [],
  };
  const { kinds } = model;
  const roles = at.get('roles').list(MOST, (one) => role(one, kinds));
  const processes = at.get('processes').list(MOST, (one) => processKind(one, roles.length));
  limit(
    at.get('kinds'),
    'files',
    kinds.flatMap(({ members }) => members.map(({ count }) => count)),
    MOST_FILES,
  );
  const threads = processes.flatMap((one) => one.threads.map((thread) => thread.count * one.count));
  limit(at.get('processes'), 'threads', threads, MOST_THREADS);
  return { ...model, roles, processes };
}

function limit(at: At, what: string, counts: readonly number[], most: number): void {
  const sum = counts.reduce((a, b) => a + b, 0);
  if (sum > most) throw at.wrong(`${most} ${what} at most`, `${sum} in all`);
}

const kind = (at: At): FileKind => ({
  mapped: at.get('mapped').flag(),
  dax: at.get('dax').flag(),
  members: at.get('members').some(MOST, member),
});

function member(at: At): FileMember {
  const share = (key: string): number => at.get(key).number(0, 1);
  return {
    count: at.get('count').whole(1, MOST_FILES),
    weight: at.get('weight').number(Number.MIN_VALUE, Number.MAX_VALUE),
    sized: at.get('sized').flag(),
    bytes: at.get('bytes').whole(0, MOST_BYTES),
    mostBytes: at.get('mostBytes').whole(0, MOST_BYTES),
    extents: at.get('extents').whole(0, MOST),
    holes: share('holes'),
    unwritten: share('unwritten'),
    shared: share('shared'),
  };
}

function role(at: At, kinds: readonly FileKind[]): Role {
  const chain = at.get('chain');
  const steps = chain.some(MOST, () => 0).length;
  return {
    starts: distribution(at.get('starts'), 0),
    steps: distribution(at.get('steps'), 0),
    exits: at.get('exits').number(0, 1),
    killed: at.get('killed').number(0, 1),
    stays: laterOrNull(at.get('stays'), 0),
    lives: laterOrNull(at.get('lives'), 0),
    first: someDeals(at.get('first'), steps),
    chain: chain.list(MOST, (one) => step(one, kinds, steps)),
  };
}

function step(at: At, kinds: readonly FileKind[], steps: number): Step {
  const number = at.get('kind').whole(0, kinds.length - 1);
  const hold = at.get('hold');
  return {
    op: at.get('op').oneOf(OPS),
    flags: at.get('flags').list(FLAGS.length, (one) => one.oneOf(FLAGS)),
    case: at.get('case').oneOf(CASES),
    errno: at.get('errno').whole(-4095, 0),
    kind: number,
    other: at.get('other').whole(-1, kinds.length - 1),
    files: deals(at.get('files'), kinds[number]!.members.length),
    next: deals(at.get('next'), steps, ENDS),
    gap: distribution(at.get('gap'), 0),
    latency: orNull(at.get('latency'), (one) => distribution(one, 0)),
    heldLatency: laterOrNull(at.get('heldLatency'), 0),
    bytes: orNull(at.get('bytes'), (one) => distribution(one, 0)),
    place: place(at.get('place')),
    again: at.get('again').number(0, 1),
    hold: orNull(hold, holdModel),
    forgets: forgets(at.get('forgets')),
    learns: laterFlag(at.get('learns')),
    mapped: at.get('mapped').number(0, 1),
    pinned: at.get('pinned').number(0, 1),
  };
}

/** Files of earlier versions tell none of these. */
const laterFlag = (at: At): boolean => at.value !== undefined && at.flag();
const laterOrNull = (at: At, least: number): Distribution | null =>
  at.value === undefined ? null : orNull(at, (one) => distribution(one, least));

/** Earlier versions told only whether it did. */
const forgets = (at: At): Forgets => {
  if (typeof at.value !== 'boolean') return at.oneOf(FORGETS);
  return at.value ? 'map' : 'nothing';
};

const orNull = <T>(at: At, read: (at: At) => T): T | null => (at.value === null ? null : read(at));

const place = (at: At): Place => ({
  start: at.get('start').number(0, 1),
  same: at.get('same').number(0, 1),
  sequential: at.get('sequential').number(0, 1),
  end: at.get('end').number(0, 1),
  ahead: at.get('ahead').value === undefined ? 0 : at.get('ahead').number(0, 1),
  skip: laterOrNull(at.get('skip'), 1),
  align: at.get('align').whole(1, 2 ** 30),
  at: orNull(at.get('at'), (one) => distribution(one, 0, 1)),
});

function holdModel(at: At): HoldModel {
  return {
    release: at.get('release').oneOf(OPS),
    waits: laterFlag(at.get('waits')),
    released: at.get('released').number(0, 1),
    time: orNull(at.get('time'), (one) => distribution(one, 0)),
    device: orNull(at.get('device'), (one) => ({
      accesses: distribution(one.get('accesses'), 0),
      gap: distribution(one.get('gap'), 0),
      part: distribution(one.get('part'), 0, 1),
      atMost: one.get('atMost').value === undefined ? null : orNull(one.get('atMost'), (most) => most.whole(1, MOST)),
      writes: one.get('writes').number(0, 1),
    })),
  };
}

function someDeals(at: At, numbers: number): Deals {
  const found = deals(at, numbers);
  if (found.length === 0) throw at.wrong('one deck or more');
  return found;
}

const deals = (at: At, numbers: number, least = 0): Deals =>
  at.list(MOST, (deck) =>
    deck.some(
      MOST,
      (one): Count => ({
        number: one.get('number').whole(least, numbers - 1),
        count: one.get('count').whole(1, MOST_NS),
      }),
    ),
  );

const processKind = (at: At, roles: number): ProcessKind => ({
  count: at.get('count').whole(1, MOST_THREADS),
  threads: at.get('threads').some(MOST, (one) => ({
    role: one.get('role').whole(0, roles - 1),
    count: one.get('count').whole(1, MOST_THREADS),
  })),
});

const KINDS = ['values', 'quantiles', 'exponential', 'lognormal', 'pareto', 'ordered'] as const;

/** Nothing of it is below `least` or above `most`, and it has a mean. */
export function distribution(at: At, least: number, most: number = MOST_NS): Distribution {
  const is = at.get('is').oneOf(KINDS);
  switch (is) {
    case 'values': {
      const values = at.get('values').some(MOST, (one) => one.number(least, most));
      const counts = at.get('counts').list(MOST, (one) => one.whole(1, MOST_NS));
      if (counts.length !== values.length)
        throw at.get('counts').wrong(`${values.length} counts, one for each value`, `${counts.length}`);
      return { is, values, counts };
    }
    case 'ordered':
      return { is, values: at.get('values').some(MOST, (one) => one.number(least, most)) };
    case 'quantiles':
      return {
        is,
        points: rising(at.get('points'), 2, least, most),
        tail: rising(at.get('tail'), 0, least, most),
      };
    case 'exponential':
      return { is, mean: at.get('mean').number(Number.MIN_VALUE, most) };
    case 'lognormal':
      return { is, median: at.get('median').number(Number.MIN_VALUE, most), sigma: at.get('sigma').number(0, 20) };
    case 'pareto':
      return {
        is,
        least: at.get('least').number(Number.MIN_VALUE, most),
        shape: at.get('shape').number(1.01, 1000, 'at 1 and below a mean does not exist'),
      };
  }
}

function rising(at: At, fewest: number, least: number, most: number): number[] {
  const points = at.list(MOST, (one) => one.number(least, most));
  if (points.length < fewest) throw at.wrong(`${fewest} values or more`, `${points.length}`);
  const falls = points.findIndex((point, i) => i > 0 && point < points[i - 1]!);
  if (falls > 0) throw at.item(falls).wrong(`no less than the value before it, ${points[falls - 1]}`);
  return points;
}

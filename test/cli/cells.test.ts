// Cells of the decision table as somebody would try them: a trace is written by hand in the plain form (events.md), replayed by the
// command line, and its report is held against the page's table. Every policy, every row, both actors; the hold was given back before,
// is given back after, or never; somebody else holds the file too; the hold is on another range.
import { describe, expect, test } from 'vitest';
import { CASES, type CaseName, errnoName } from '../../src/model/policy.js';
import { AT, later, RELEASE, STORIES, type Story, whole } from '../engine/cell-stories.js';
import { type Actor, CODES, OK, type Outcome, outcome, READINGS, type Reading } from '../support/decision-table.js';
import { type Line, PAGE, pages } from '../support/replay.js';
import { scratch, sealtrace } from './support.js';

const { file: write } = scratch();
const SECOND = 1e9;
const END = 400 * SECOND;
const BEFORE = 40_000;
const LAST = 95_000;

/** What holds a file under a policy, what gives that back, whether two processes may have it, and whether it has a range. */
interface Way {
  readonly take: readonly string[];
  readonly flags?: readonly string[];
  readonly give?: string;
  readonly second?: boolean;
  readonly ranged?: boolean;
}
const PIN: Way = { take: ['pin'], flags: ['write'], give: 'unpin', second: true, ranged: true };
const WAYS: Readonly<Record<string, Way>> = {
  pagecache: { take: ['mmap'], flags: ['shared', 'writable'], give: 'munmap', second: true, ranged: true },
  dax: PIN,
  mapsync: PIN,
  'mapsync-pin': { take: ['register'], flags: ['write'], give: 'deregister', second: true, ranged: true },
  ondisk: { take: ['seal'], give: 'unseal' },
  mapdirect: { take: ['mmap'], flags: ['shared', 'writable', 'direct'], give: 'munmap', second: true, ranged: true },
  'mapdirect-lease': {
    take: ['mmap'],
    flags: ['shared', 'writable', 'direct'],
    give: 'munmap',
    second: true,
    ranged: true,
  },
  'pnfs-layout': { take: ['layout_get'], give: 'layout_return' },
  'layout-user': { take: ['lease'], flags: ['exclusive'], give: 'lease_release' },
  odp: { take: ['register'], flags: ['write', 'odp'], give: 'deregister', second: true, ranged: true },
  swap: { take: ['swapon'], give: 'swapoff' },
  'longterm-refused': PIN,
  'static-map': { take: ['address_query'], second: true },
  'virtiofs-dax': PIN,
  famfs: { take: ['mmap'], flags: ['shared', 'writable'], give: 'munmap', second: true, ranged: true },
};

interface Variation {
  readonly title: string;
  readonly given: 'before' | 'after' | 'never';
  readonly second?: boolean;
  readonly elsewhere?: boolean;
}
const VARIATIONS: readonly Variation[] = [
  { title: 'given back after', given: 'after' },
  { title: 'given back before', given: 'before' },
  { title: 'never given back', given: 'never' },
  { title: 'held by two, given back after', given: 'after', second: true },
  { title: 'another range is held', given: 'after', elsewhere: true },
];
const possible = ({ give, second, ranged }: Way, variation: Variation): boolean =>
  (variation.given === 'never' || give !== undefined) &&
  (variation.second !== true || second === true) &&
  (variation.elsewhere !== true || ranged === true);

/** Each story has files, addresses and processes of its own. */
const at = (line: Line, i: number): Line => {
  const moved = (value: unknown): unknown =>
    typeof value === 'string'
      ? `${value}.${i}`
      : { ...(value as { path: string }), path: `${(value as { path: string }).path}.${i}` };
  return {
    ...line,
    path: moved(line.path),
    ...(line.to === undefined ? {} : { to: moved(line.to) }),
    ...(typeof line.addr === 'number' ? { addr: line.addr + i * 1000 * PAGE } : {}),
    ...(typeof line.handle === 'string' ? { handle: `${line.handle}.${i}` } : {}),
    ...(typeof line.pid === 'number' ? { pid: line.pid + 100 * i } : {}),
  };
};

function linesOf(way: Way, story: Story, variation: Variation, actor: Actor, i: number): Line[] {
  const where = variation.elsewhere === true ? pages(9, 1) : pages(0, 10);
  const range = way.ranged === true ? where : {};
  const hold = (t: number, pid: number, handle: string): Line[] =>
    way.take.map((op) => ({ t, op, pid, path: '/f', ...range, handle, flags: way.flags ?? [] }));
  const give = (t: number, pid: number, handle: string): Line[] =>
    way.give === undefined ? [] : [{ t, op: way.give, pid, path: '/f', handle }];
  const taken = [...hold(20_000, 10, 'h'), ...(variation.second === true ? hold(21_000, 30, 's') : [])];
  const times = { before: [BEFORE, BEFORE], after: [RELEASE, LAST], never: [] }[variation.given];
  const given = times.flatMap((t, n) =>
    n === 0 ? give(t, 10, 'h') : variation.second === true ? give(t, 30, 's') : [],
  );
  const line = { t: AT, op: story.op, pid: actor === 'holder' ? 10 : 20, ...story.keys };
  return [...whole, ...taken, ...later(story), line, ...given].map((one) => at(one, i));
}

function expected({ column, unheld }: Reading, story: Story, variation: Variation, actor: Actor): Outcome {
  const { op, keys, name } = story;
  if (column === 'VF' && (op === 'collapse' || op === 'insert')) return CODES.NSUP!;
  if (column === 'VF' && op === 'fallocate' && keys.flags !== undefined) return OK;
  if (variation.given !== 'before') return outcome(column, name, actor);
  return unheld.includes(name) ? outcome(column, name) : OK;
}

/** A thread that waits for what only itself would give back: a ring of one. Pins end with their I/O, whatever the thread is at. */
const waitsForItself = (way: Way, variation: Variation, actor: Actor): boolean =>
  actor === 'holder' && variation.given === 'after' && way.give !== 'unpin';

/** How long it waits when the table says that it does: to the last release, in steps where a server looks from time to time. */
function waitNs(policy: string, variation: Variation, actor: Actor): number {
  if (variation.given === 'never' || waitsForItself(WAYS[policy]!, variation, actor))
    return { 'mapdirect-lease': 45 * SECOND, 'pnfs-layout': 180 * SECOND }[policy] ?? END - AT;
  const freeNs = variation.second === true ? LAST : RELEASE;
  return policy === 'pnfs-layout' ? 10e6 * Math.ceil((freeNs - AT) / 10e6) : freeNs - AT;
}

interface Shown {
  readonly file: string;
  readonly op: string;
  readonly verdict: string;
  readonly errno: string;
  readonly waitNs: number;
}

const ran = new Set<string>();

describe.each(READINGS)('$policy', (reading) => {
  const way = WAYS[reading.policy]!;
  const variations = VARIATIONS.filter((variation) => possible(way, variation));
  test.each(
    variations.flatMap((variation) => (['other', 'holder'] as const).map((actor) => ({ ...variation, actor }))),
  )('$title, actor $actor', async ({ actor, ...variation }) => {
    const lines = STORIES.flatMap((story, i) => linesOf(way, story, variation, actor, i));
    const header = { schema: 'sealtrace.events/1', clock: 'mono', originNs: 0 };
    const sorted = [...lines].sort((a, b) => a.t - b.t);
    const all = [header, ...sorted, { t: END, op: 'fsync', pid: 99_999, path: '/z' }];
    const trace = write('cells.ndjson', `${all.map((line) => JSON.stringify(line)).join('\n')}\n`);
    const args = ['report', trace, '--policy', reading.policy, '--seal-rule', 'explicit', '--to', 'json', '-o', '-'];
    const said = await sealtrace(args);
    expect(said.code, said.err).toBe(0);
    const run = JSON.parse(said.out);
    const conflicts: readonly Shown[] = run.details.find(
      (one: { policy: string }) => one.policy === reading.policy,
    ).conflicts;
    const lane = run.report.lanes.find((one: { policy: string }) => one.policy === reading.policy);
    let commits = 0;
    for (const [i, story] of STORIES.entries()) {
      const { verdict, errno } = expected(reading, story, variation, actor);
      const label = `${story.name}: ${story.op} ${JSON.stringify(story.keys)}`;
      const files = ['/f', '/other', '/clone'].map((path) => `${path}.${i}`);
      const found = conflicts.filter(({ file, op }) => files.includes(file) && op === story.op);
      ran.add(`${reading.policy} ${story.name} ${actor}`);
      if (verdict === 'commit') commits++;
      if (['proceed', 'commit', 'commitIfDirty'].includes(verdict)) expect(found, label).toEqual([]);
      else {
        expect(found, label).toMatchObject([{ verdict, errno: verdict === 'deny' ? errnoName(errno) : '' }]);
        const waits = verdict === 'wait' || verdict === 'recall';
        expect(found[0]!.waitNs, label).toBe(waits ? waitNs(reading.policy, variation, actor) : 0);
      }
    }
    const told = Object.values(lane.byOp as Record<string, { commit: number }>).reduce(
      (sum, { commit }) => sum + commit,
      0,
    );
    expect(told).toBe(commits);
  });
});

test('every cell was tried, by another process and by the holder', () => {
  expect(ran.size).toBe(READINGS.length * CASES.length * 2);
  expect(new Set(STORIES.map(({ name }) => name))).toEqual(new Set<CaseName>(CASES));
});

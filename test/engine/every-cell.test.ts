// Every cell of all fifteen policies through a trace, whatever claims the file: by the seal rule or by an operation of the
// trace. The file is whole when it is claimed; its unwritten, shared and missing blocks come later, so that all rows are met.
import { describe, expect, test } from 'vitest';
import { CASES, type CaseName, type HoldName, type VerdictName } from '../../src/model/policy.js';
import { stronger } from '../support/compiled.js';
import {
  type Actor,
  CODES,
  GRANTED,
  OK,
  type Outcome,
  outcome,
  READINGS,
  type Reading,
} from '../support/decision-table.js';
import { type Line, replayLines } from '../support/replay.js';
import {
  AT,
  HOLDER,
  HOLDINGS,
  type Holding,
  later,
  OTHER,
  RELEASE,
  STORIES,
  type Story,
  whole,
} from './cell-stories.js';

const needsHole = ({ name }: Story): boolean => name.endsWith('_hole');

const claim = (op: string, flags: readonly string[] = []): Line => ({
  t: 20_000,
  op,
  pid: HOLDER,
  path: '/f',
  handle: 'c',
  flags,
});
const CLAIMS: readonly Holding[] = [
  { title: 'swapon', rule: 'explicit', lines: [claim('swapon')], kinds: ['swap'] },
  { title: 'a lease', rule: 'explicit', lines: [claim('lease', ['exclusive'])], kinds: ['lease'] },
  { title: 'a layout', rule: 'explicit', lines: [claim('layout_get')], kinds: ['layout'] },
  { title: 'an address query', rule: 'explicit', lines: [claim('address_query')], kinds: ['translation'] },
];
/** What a policy makes of the mappings and device holds of the other stories, besides what they are themselves. */
const BY_RULE: readonly HoldName[] = ['seal', 'mapping', 'lease', 'layout', 'swap'];
/** Claims that only mean something to one policy; a swap file is one under every policy. */
const MEANT_FOR: Readonly<Partial<Record<HoldName, string>>> = {
  lease: 'layout-user',
  layout: 'pnfs-layout',
  translation: 'static-map',
};

const RELEASES: Readonly<Record<string, string>> = {
  mmap: 'munmap',
  pin: 'unpin',
  register: 'deregister',
  swapon: 'swapoff',
  lease: 'lease_release',
  layout_get: 'layout_return',
};
/** Late enough for a server that looks every 10 ms. */
const END = 20_000_000;

function traceOf(holding: Holding, story: Story, pid: number): { lines: Line[]; line: Line } {
  const line: Line = { t: AT, op: story.op, pid, ...story.keys };
  const given = holding.lines
    .filter((taken) => RELEASES[taken.op] !== undefined)
    .map((taken) => ({ t: RELEASE, op: RELEASES[taken.op]!, pid: HOLDER, path: '/f', handle: taken.handle }));
  const end = { t: END, op: 'fsync', path: '/other' };
  return { lines: [...whole, ...holding.lines, ...later(story), line, ...given, end], line };
}

function liveHolds({ policy, column }: Reading, { kinds, lines }: Holding): readonly HoldName[] {
  const claims = lines[0]!.handle === 'c';
  const there = claims
    ? kinds.filter((kind) => kind === 'swap' || MEANT_FOR[kind] === policy)
    : [...kinds, ...BY_RULE.filter((kind) => !kinds.includes(kind))];
  // A file that is swap already is neither pinned nor registered.
  return column === 'SW' ? there.filter((kind) => kind === 'swap') : there;
}

/** The cell of the table, for what this lane holds after these lines. */
function expected(reading: Reading, holding: Holding, story: Story, actor: Actor): Outcome {
  const { column, holds, unheld } = reading;
  const live = liveHolds(reading, holding);
  const swapFile = holding.kinds.includes('swap');
  const note = note18(column, story);
  if (note !== null) return swapFile ? outcome('SW', story.name) : note;
  // Where everybody is refused, held or not, the other file of the call is asked first.
  if (swapFile && story.keys.path === '/other' && unheld.includes(story.name)) {
    const first = outcome(column, story.name);
    if (first.verdict === 'deny') return first;
  }
  const own = holds.some((kind) => live.includes(kind));
  const granted = own && actor === 'holder' && GRANTED[column]?.includes(story.name) === true;
  const bare = unheld.includes(story.name) && !granted ? outcome(column, story.name) : OK;
  const held = own ? outcome(column, story.name, actor) : OK;
  const swapped = swapFile ? outcome('SW', story.name) : OK;
  return [held, bare].reduce(stronger, swapped);
}

/** virtiofs: collapse and insert are not supported, an allocation that keeps the size never waits. */
function note18(column: string, { op, keys }: Story): Outcome | null {
  if (column !== 'VF') return null;
  if (op === 'collapse' || op === 'insert') return CODES.NSUP!;
  return op === 'fallocate' && keys.flags !== undefined ? OK : null;
}

const ERRNOS: Readonly<Record<number, string>> = {
  1: 'EPERM',
  5: 'EIO',
  14: 'EFAULT',
  16: 'EBUSY',
  22: 'EINVAL',
  26: 'ETXTBSY',
  27: 'EFBIG',
  35: 'EDEADLK',
  95: 'EOPNOTSUPP',
  1000: 'SIGBUS',
};
function words({ verdict, errno }: Outcome): string {
  if (verdict === 'deny') return `deny ${ERRNOS[errno]}`;
  // The map of this file was not changed by an operation before, so that no metadata is uncommitted.
  return verdict === 'commitIfDirty' ? 'proceed' : verdict;
}

const policies = READINGS.map(({ policy }) => policy);
const met = new Set<string>();

describe.each([...HOLDINGS, ...CLAIMS])('$title, rule $rule', (holding) => {
  describe.each([
    ['other', OTHER],
    ['holder', HOLDER],
  ] as const)('actor %s', (actor, pid) => {
    test.each(STORIES.map((story) => [`${story.name}: ${story.op} ${JSON.stringify(story.keys)}`, story] as const))(
      '%s',
      async (_label, story) => {
        const { lines, line } = traceOf(holding, story, pid);
        const replayed = await replayLines(lines, { sealRule: holding.rule, policies });
        for (const reading of READINGS) {
          const { policy } = reading;
          const cell = words(expected(reading, holding, story, actor));
          expect(replayed.verdict(policy, line), policy).toBe(cell);
          met.add(`${policy} ${story.name} ${actor}`);
          // A hole is a recorded change, after which nothing of this file is worked out; who acts makes no other map.
          if (needsHole(story) || actor === 'holder') continue;
          const [before, after] = replayed.maps(policy, '/f', [AT - 1, END - 1]);
          const [verdict] = cell.split(' ') as [VerdictName];
          if (verdict === 'deny' || !story.changes) expect(after, `${policy}, map`).toEqual(before);
          else expect(after, `${policy}, map`).not.toEqual(before);
        }
      },
    );
  });
});

test('all 28 x 15 cells were met, by another process and by the holder', () => {
  const all = READINGS.flatMap(({ policy }) =>
    CASES.flatMap((name: CaseName) => [`${policy} ${name} other`, `${policy} ${name} holder`]),
  );
  expect(all).toHaveLength(28 * 15 * 2);
  expect([...met].sort()).toEqual(all.sort());
});

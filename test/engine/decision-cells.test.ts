// Every cell of the decision table through a trace: a file of known extents, a holder, one operation.
import { describe, expect, test } from 'vitest';
import { CASES, type CaseName, type VerdictName } from '../../src/model/policy.js';
import { OK, type Outcome, outcome, READINGS } from '../support/decision-table.js';
import { build, POLICIES, replayLines } from '../support/replay.js';
import { AT, HOLDER, HOLDINGS, type Holding, halfKnown, OTHER, STORIES, type Story, trace } from './cell-stories.js';

/** Every cell of all policies, with every kind of claim: every-cell.test.ts. */
const SEALED = READINGS.filter(({ policy }) => (POLICIES as readonly string[]).includes(policy));
const WRITES: readonly CaseName[] = ['write_unwritten', 'write_hole', 'write_shared'];
const FAULTS: readonly CaseName[] = ['write_fault_unwritten', 'write_fault_hole', 'write_fault_shared'];

/** Cells that no trace of a known file reaches, and the cell that decides in their place. */
const UNREACHABLE: readonly { policy: string; cases: readonly CaseName[]; instead: CaseName; why: string }[] = [
  {
    policy: 'ondisk',
    cases: WRITES,
    instead: 'write_written',
    why: 'the seal call filled the holes, converted and unshared; whatever would undo that is refused',
  },
  { policy: 'ondisk', cases: FAULTS, instead: 'write_fault_written', why: 'as for writes' },
];
/** Of those, what a file with an incompletely known map still reaches; a hole in such a map says nothing, so holes never. */
const HALF_KNOWN: readonly CaseName[] = [
  'write_unwritten',
  'write_shared',
  'write_fault_unwritten',
  'write_fault_shared',
];
/** Cells marked `-` that a trace can ask for all the same; the lane lets them through, because no table forbids them. */
const CANNOT_OCCUR: readonly { policy: string; name: CaseName; why: string }[] = [
  {
    policy: 'mapdirect-lease',
    name: 'write_shared',
    why: 'v9 refuses reflinked files at mmap; v8, which is the default, does not',
  },
  { policy: 'mapdirect-lease', name: 'write_fault_shared', why: 'as for writes' },
  { policy: 'odp', name: 'pin_long', why: 'an on-demand registration takes no pin' },
];
/** What is no cell: /f has a shared block, and a MAP_DIRECT mapping of such a file is good for nothing (below the table). */
const barred = (policy: string, holding: Holding, name: CaseName, pid: number): boolean =>
  policy === 'mapdirect' && pid === HOLDER && holding.kinds.includes('mapping') && name.includes('fault');
const BARRED: Outcome = { verdict: 'deny', errno: 1000 };
const instead = (policy: string, name: CaseName): CaseName =>
  UNREACHABLE.find((one) => one.policy === policy && one.cases.includes(name))?.instead ?? name;

/** The cell of the table, for what this lane holds after these lines. */
function expected(policy: string, holding: Holding, name: CaseName): Outcome {
  const { column, holds, unheld } = READINGS.find((one) => one.policy === policy)!;
  const decided = instead(policy, name);
  const held = holding.kinds.some((kind) => holds.includes(kind));
  return held || unheld.includes(decided) ? outcome(column, decided) : OK;
}

const words = ({ verdict, errno }: Outcome): string => {
  const name = { 0: '', 1: 'EPERM', 14: 'EFAULT', 16: 'EBUSY', 22: 'EINVAL', 26: 'ETXTBSY', 95: 'EOPNOTSUPP' }[errno];
  if (verdict === 'deny') return `deny ${errno === 1000 ? 'SIGBUS' : name}`;
  // Nothing was changed in these files before, so that no metadata is uncommitted.
  return verdict === 'commitIfDirty' ? 'proceed' : verdict;
};

const label = (story: Story): string => `${story.name}: ${story.op} ${JSON.stringify(story.keys)}`;

test('every row of the table has a story', () => {
  expect(new Set(STORIES.map((story) => story.name))).toEqual(new Set(CASES));
});

test('what is listed as out of reach or impossible is in the table', () => {
  for (const { policy, name } of CANNOT_OCCUR) {
    const { column } = READINGS.find((one) => one.policy === policy)!;
    expect(outcome(column, name)).toEqual(OK);
    const cells = Object.values(build(policy).held).map((cell) => cell?.[name]);
    expect(cells).toContain('-');
  }
  const dashes = SEALED.flatMap(({ policy }) =>
    CASES.filter((name) =>
      Object.entries(build(policy).held).some(
        ([hold, cells]) => hold !== 'swap' && hold !== 'ondemand' && cells?.[name] === '-',
      ),
    ).map((name) => `${policy} ${name}`),
  );
  expect(dashes.sort()).toEqual(CANNOT_OCCUR.map((one) => `${one.policy} ${one.name}`).sort());
});

describe.each(HOLDINGS)('$title, rule $rule', (holding) => {
  describe.each([
    ['another process', OTHER],
    ['the holder', HOLDER],
  ])('%s', (_actor, pid) => {
    test.each(STORIES.map((story) => [label(story), story] as const))('%s', async (_label, story) => {
      const { lines, line } = trace(holding, story, pid);
      const replayed = await replayLines(lines, { sealRule: holding.rule });
      for (const { policy } of SEALED) {
        const cell = words(barred(policy, holding, story.name, pid) ? BARRED : expected(policy, holding, story.name));
        expect(replayed.verdict(policy, line), policy).toBe(cell);
        const [verdict, errno] = cell.split(' ') as [VerdictName, string?];
        const lane = replayed.lane(policy);
        if (!holding.lines.some((taken) => taken.op === story.op) && story.op !== 'fsync') {
          expect(lane.byOp[story.op]![verdict], `${policy}, counted`).toBe(1);
          expect(lane.denied[errno ?? ''] ?? 0, `${policy}, errno`).toBeGreaterThanOrEqual(errno === undefined ? 0 : 1);
        }
        const [before, after] = replayed.maps(policy, '/f', [AT - 1, 99_999]);
        const prepared = instead(policy, story.name) !== story.name;
        const same = verdict === 'deny' || !story.changes || prepared;
        if (same) expect(after, `${policy}, map`).toEqual(before);
        else expect(after, `${policy}, map`).not.toEqual(before);
      }
    });
  });
});

test.each(STORIES.filter((story) => HALF_KNOWN.includes(story.name)).map((story) => [label(story), story] as const))(
  'a sealed file of which not all extents are known: %s',
  async (_label, story) => {
    const { lines, line } = trace(HOLDINGS[2]!, story, OTHER, halfKnown);
    const replayed = await replayLines(lines, { policies: ['ondisk'], sealRule: 'explicit' });
    expect(replayed.verdict('ondisk', line)).toBe(words(outcome('OD', story.name)));
  },
);

test('a written block commits while the inode has uncommitted metadata, and not again after that', async () => {
  const fault = { t: AT, op: 'write_fault', pid: HOLDER, path: '/f', off: 0, len: 4096 };
  const again = { ...fault, t: AT + 10 };
  const { lines } = trace(
    HOLDINGS[1]!,
    { name: 'read', op: 'write', keys: { path: '/f', off: 4096, len: 4096 }, changes: true },
    OTHER,
  );
  const synced = { t: AT + 20, op: 'write', pid: OTHER, path: '/f', off: 8192, len: 4096 };
  const sync = { t: AT + 30, op: 'fsync', pid: OTHER, path: '/f' };
  const late = { ...fault, t: AT + 40 };
  const all = [...lines, fault, again, synced, sync, late].sort((a, b) => a.t - b.t);
  const replayed = await replayLines(all, { policies: ['mapsync-pin', 'dax'] });
  expect([fault, again, late].map((line) => replayed.verdict('mapsync-pin', line))).toEqual([
    'commit',
    'proceed',
    'proceed',
  ]);
  expect(replayed.lane('mapsync-pin').journalCommits).toBe(1);
  expect(replayed.verdict('dax', fault)).toBe('proceed');
});

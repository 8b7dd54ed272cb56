// Replayed block maps against what FIEMAP said at the time: the kernel is the oracle.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Agreement, agreementOf } from './agreement.js';
import {
  BUNDLED,
  fiemaps,
  hasShared,
  load,
  type MapRow,
  type Recording,
  shared,
  sharedRecordings,
} from './recordings.js';

async function agreement(recording: Recording): Promise<Agreement> {
  return agreementOf(await load(recording.text, recording.name), fiemaps(recording.log));
}

describe('bundled recordings: every FIEMAP snapshot is reproduced', () => {
  const FEW: Readonly<Record<string, number>> = { 'ext4-1k-leases': 2 };
  test.each(BUNDLED)('$name', async (recording) => {
    const a = await agreement(recording);
    console.log(
      `${recording.name}: ${a.same} of ${a.snapshots} FIEMAP snapshots equal, ${a.between} of them within the call`,
    );
    expect(a.unknown).toBe(0);
    expect(a.wrong).toEqual([]);
    expect(a.sharedWrong).toEqual([]);
    expect(a.same).toBe(a.snapshots);
    expect(a.snapshots).toBeGreaterThanOrEqual(FEW[recording.name] ?? 6);
  });

  test('a look that no moment of its call explains is wrong', async () => {
    const recording = BUNDLED.find(({ name }) => name === 'xfs-movers')!;
    const looks = fiemaps(recording.log);
    const last = looks.findLast((s) => s.extents.length > 0)!;
    const [[offset, addr, length, state], ...others] = last.extents as readonly [MapRow, ...MapRow[]];
    const trace = await load(recording.text, recording.name);
    for (const first of [
      [offset, addr + 4096, length, state],
      [offset, addr, length, 'unwritten'],
      [offset, addr, length - 1024, state],
    ] as const)
      expect(agreementOf(trace, [{ ...last, extents: [first, ...others] }])).toMatchObject({ same: 0, between: 0 });
    expect(agreementOf(trace, [{ ...last, extents: others }]).wrong).toHaveLength(1);
    expect(agreementOf(trace, [last])).toMatchObject({ same: 1, wrong: [] });
  });
});

/** Times of these are on another clock than the driver's log. */
const OTHER_CLOCK = /-C (?!mono )/;

if (!hasShared)
  console.warn('SKIPPED: ../shared/traces is not here, so only the bundled recordings are checked against FIEMAP');
describe.skipIf(!hasShared)('all recordings of ../shared: equal, or declared uncertain, never wrong', () => {
  const cases = hasShared
    ? ['recorded', 'recorded-dax', 'recorded-dma'].flatMap((f) => sharedRecordings(f).map((r) => ({ ...r, folder: f })))
    : [];
  test.each(cases)('$name', async (recording) => {
    const dir = join(shared, recording.name);
    const meta = join(dir, 'meta.txt');
    if (existsSync(meta) && OTHER_CLOCK.test(readFileSync(meta, 'utf8').match(/trace-cmd:.*/)?.[0] ?? '')) return;
    const known = JSON.parse(readFileSync(join(shared, recording.folder, 'maps-known.json'), 'utf8'));
    const [must, racing] = known[recording.name.slice(recording.folder.length + 1)] ?? [0, 0];
    const a = await agreement(recording);
    console.log(
      `${recording.name}: ${a.same} of ${a.snapshots} equal (at least ${must}), ${a.unknown} uncertain, ${a.wrong.length} wrong (at most ${racing})`,
    );
    expect(a.same).toBeGreaterThanOrEqual(must);
    expect(a.wrong.length).toBeLessThanOrEqual(racing);
    expect(a.sharedWrong.length).toBeLessThanOrEqual(racing);
  });
});

// Of these neither the events of ext4 nor any others tell of changes: what iomap finds in faults and look-ups is all there is.
const BY_IOMAP = [
  ['s1-faults/ext4-dax', 84],
  ['s6-swap-immutable/immutable-ext4-dax', 5],
  ['s6-swap-immutable/swap-ext4-dax', 12],
  ['s6-swap-immutable/swap-ext4-pagecache', 16],
] as const;
describe.skipIf(!hasShared)('recordings of ../shared with the events of iomap alone: guesses that are right', () => {
  test.each(BY_IOMAP)('%s: %i looks', async (name, looks) => {
    const recording = sharedRecordings('recorded-dax').find((one) => one.name.endsWith(name))!;
    const trace = await load(recording.text, recording.name);
    const { same, snapshots } = agreementOf(trace, fiemaps(recording.log), true);
    expect([same, snapshots]).toEqual([looks, looks]);
  });
});

// Replayed block maps against what FIEMAP said at the time: the kernel is the oracle.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Agreement, agreementOf } from './agreement.js';
import { BUNDLED, fiemaps, hasShared, load, type Recording, shared, sharedRecordings } from './recordings.js';

async function agreement(recording: Recording): Promise<Agreement> {
  return agreementOf(await load(recording.text, recording.name), fiemaps(recording.log));
}

describe('bundled recordings: every FIEMAP snapshot is reproduced', () => {
  /** Snapshots that may race with a fault that another thread takes meanwhile. */
  const RACING: Readonly<Record<string, number>> = { 'nvme-pagecache': 2, 'dax-odirect': 1 };
  const FEW: Readonly<Record<string, number>> = { 'ext4-1k-leases': 2 };
  test.each(BUNDLED)('$name', async (recording) => {
    const a = await agreement(recording);
    console.log(`${recording.name}: ${a.same} of ${a.snapshots} FIEMAP snapshots equal`);
    expect(a.unknown).toBe(0);
    expect(a.wrong.length).toBeLessThanOrEqual(RACING[recording.name] ?? 0);
    expect(a.same).toBe(a.snapshots - a.wrong.length);
    expect(a.snapshots).toBeGreaterThanOrEqual(FEW[recording.name] ?? 6);
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
  });
});

// Replayed block maps against what FIEMAP said at the time: the kernel is the oracle.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as costs from '../../src/costs/index.js';
import { mapSnapshots } from '../../src/results/snapshots.js';
import {
  BUNDLED,
  fiemaps,
  hasShared,
  load,
  merged,
  policy,
  type Recording,
  shared,
  sharedRecordings,
} from './recordings.js';

interface Agreement {
  readonly snapshots: number;
  readonly same: number;
  readonly unknown: number;
  readonly wrong: readonly string[];
}

async function agreement(recording: Recording): Promise<Agreement> {
  const trace = await load(recording.text, recording.name);
  const truth = fiemaps(recording.log);
  const times = [...new Set(truth.flatMap((s) => [s.fromNs, s.toNs]))];
  const report = mapSnapshots(trace, policy('recorded'), {
    atNs: times,
    costs: costs.reference,
    sealRule: 'explicit',
    unseal: 'never',
    kernel: policy('dax'),
  });
  let same = 0;
  let unknown = 0;
  const wrong: string[] = [];
  for (const s of truth) {
    // The call takes time: its begin or its end may be what it saw.
    const seen = report.snapshots
      .filter((x) => x.atNs === s.fromNs || x.atNs === s.toNs)
      .flatMap((x) => x.files.filter((f) => Number(f.inode) === s.inode));
    const known = seen.filter((f) => !f.uncertain);
    if (known.length === 0 && (seen.length > 0 || s.extents.length > 0)) unknown++;
    else if (
      known.length === 0 ||
      known.some(
        (f) =>
          JSON.stringify(merged(f.extents.map((e) => [e.offset, e.addr, e.length, e.state]))) ===
          JSON.stringify(s.extents),
      )
    )
      same++;
    else wrong.push(`inode ${s.inode} at ${s.fromNs}`);
  }
  return { snapshots: truth.length, same, unknown, wrong };
}

describe('bundled recordings: every FIEMAP snapshot is reproduced', () => {
  /** Snapshots that may race with a fault that another thread takes meanwhile. */
  const RACING: Readonly<Record<string, number>> = { 'nvme-pagecache': 2, 'dax-odirect': 1 };
  test.each(BUNDLED)('$name', async (recording) => {
    const a = await agreement(recording);
    console.log(`${recording.name}: ${a.same} of ${a.snapshots} FIEMAP snapshots equal`);
    expect(a.unknown).toBe(0);
    expect(a.wrong.length).toBeLessThanOrEqual(RACING[recording.name] ?? 0);
    expect(a.same).toBe(a.snapshots - a.wrong.length);
    expect(a.snapshots).toBeGreaterThan(5);
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

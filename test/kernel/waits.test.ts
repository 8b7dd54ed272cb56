// Waits for pins against the kernel's own, change by change: O_DIRECT reads into a DAX mapping while the file is changed
// (seal-semantics section 10.1: the wait is the rest of the I/O and the time until the sleeper runs again).
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Op } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { st } from '../../src/probes/index.js';
import { type Change, causeOf, changesOf, isInside, pinsOf } from './pin-waits.js';
import { BUNDLED, load, shared } from './recordings.js';

const linux61 = join(shared, 'recorded-dax', 's2-pins');
const linux612 = join(linux61, 'linux-6.12');
const dma = join(shared, 'recorded-dma');
/** From the end of the I/O until the sleeper runs, has changed the map and returns: 20.3 ms once, else 13 ms at most. */
const MOST_AFTER_NS = 21e6;

const fsOf = (name: string): string => (name.startsWith('ext4') ? 'ext4' : 'xfs');
const ms = (changes: readonly Change[], ns: (change: Change) => number): string =>
  `${(changes.reduce((sum, change) => sum + ns(change), 0) / 1e6).toFixed(1)} ms`;
const tell = (name: string, changes: readonly Change[], text = ''): void =>
  console.log(
    `${name}: ${changes.length} waits, ${ms(changes, ({ predictedNs }) => predictedNs)} predicted of ${ms(changes, ({ fromNs, toNs }) => toNs - fromNs)} that the calls lasted${text}`,
  );

describe.skipIf(!existsSync(linux612))(`waits for one pin (skipped: no ${linux612})`, () => {
  test.each([
    ['xfs-onepin-io65536', 12],
    ['xfs-onepin-io262144', 12],
    ['xfs-onepin-io1048576', 11],
    ['ext4-onepin-io1048576', 10],
  ] as const)('%s: each of %i changes waits, up to 21 ms less than it lasted', async (name, count) => {
    const trace = await load(join(linux612, name, 'trace.txt.gz'), name);
    const changes = changesOf(trace, 'closed', fsOf(name));
    tell(name, changes);
    expect(changes).toHaveLength(count);
    for (const { fromNs, toNs, predictedNs } of changes) {
      expect(predictedNs).toBeLessThanOrEqual(toNs - fromNs);
      expect(predictedNs).toBeGreaterThan(toNs - fromNs - MOST_AFTER_NS);
    }
  });
});

/**
 * What the two disagree about, with probes (event map `st`): how many changes are seen only and predicted only, with why; how
 * many predicted waits end outside of the recorded interval. Without a name below, nothing of it.
 */
interface Differences {
  readonly lookedLate?: number;
  readonly endedMeanwhile?: number;
  readonly noPin?: number;
  readonly none?: number;
  readonly outside?: number;
}

async function agrees(trace: Trace, name: string, count: number, differences: Differences): Promise<void> {
  const pins = pinsOf(trace);
  // In open time every look is where the recording had it: one that differs makes nobody late.
  const changes = changesOf(trace, 'open', fsOf(name));
  const both = changes.filter(({ predictedNs, sleeps }) => predictedNs >= 0 && sleeps.length > 0);
  const found: Record<string, number> = {};
  for (const change of changes) {
    const cause = both.includes(change) ? null : causeOf(change, trace.columns.file[change.row]!, pins);
    const key = cause ?? (isInside(change) ? null : 'outside');
    if (key !== null) found[key] = (found[key] ?? 0) + 1;
  }
  tell(name, both, `; ${JSON.stringify(found)}`);
  expect(both).toHaveLength(count);
  expect(found).toEqual(differences);
}

// How long the sleeper took to run is measured by the probes; that it found the next pin, or none, is the replay's own word.
describe('with probes, each wait ends within the recorded interval, and who waits is who was seen to', () => {
  test('dax-odirect (bundled)', async () => {
    const { text, name } = BUNDLED.find((one) => one.name === 'dax-odirect')!;
    await agrees(await load(text, name, [st]), name, 7, { lookedLate: 2 });
  });

  test.skipIf(!existsSync(linux61)).each([
    [linux612, 'xfs-onepin-io65536', 12, {}],
    [linux612, 'xfs-onepin-io262144', 12, {}],
    [linux612, 'xfs-onepin-io1048576', 11, {}],
    [linux612, 'xfs-onepin-io4194304', 7, { endedMeanwhile: 1 }],
    [linux612, 'xfs-onepin-io8388608', 8, {}],
    [linux612, 'ext4-onepin-io1048576', 10, {}],
    // Outside: a read of several bios, the first of which (with the page that was found busy) is over before the call.
    [linux612, 'ext4-onepin-io4194304', 7, { outside: 1 }],
    [linux612, 'xfs-pin-io65536', 8, { endedMeanwhile: 2 }],
    [linux612, 'xfs-pin-io1048576', 12, {}],
    // Linux 6.1: nothing wakes the sleeper but the signal of a watchdog after 5 s.
    [linux61, 'xfs-onepin-io65536', 12, {}],
    [linux61, 'xfs-onepin-io262144', 11, {}],
    [linux61, 'xfs-onepin-io1048576', 8, {}],
    [linux61, 'xfs-onepin-io4194304', 6, {}],
    [linux61, 'xfs-pin-io65536', 11, {}],
    [linux61, 'xfs-pin-io262144', 8, { endedMeanwhile: 3 }],
    [linux61, 'xfs-pin-io1048576', 11, {}],
    [dma, 'd1-dax-odirect', 34, { lookedLate: 1, endedMeanwhile: 3, outside: 1 }],
    [dma, 'd5-dax-odirect-iommu', 22, { lookedLate: 1, endedMeanwhile: 1 }],
    // Its direct reads were not recorded: no pread, no pin.
    [join(linux61, '..', 's5-reflink'), 'xfs-dax-reflink', 0, { noPin: 8 }],
    // The page is held by a pipe: vmsplice names an iovec, and what that names is in no event.
    [join(linux61, '..', 's4-registrations'), 'registrations', 0, { none: 2 }],
  ] as const)('%s %s: %i', async (folder, name, count, differences) => {
    const trace = await load(join(folder, name, 'trace.txt.gz'), name, [st]);
    await agrees(trace, name, count, differences);
  });
});

// One thread pins again 0.1 to 2 ms after each read. In the emulated guest a sleeper took longer than that to run, and found the next
// pin: up to seven reads in a row. Without probes the pause that it got through is told by its length: while the change is under way
// nobody can pin. What the probes saw of the same run is the truth.
describe.skipIf(!existsSync(linux612))(`continuous re-pinning without probes (skipped: no ${linux612})`, () => {
  test.each([
    [linux612, 'xfs-pin-io65536', 10, 0],
    [linux612, 'xfs-pin-io1048576', 12, 0],
    // Outside: its first look came 7 ms after it began, and found a pin that was taken meanwhile.
    [dma, 'd1-dax-odirect', 37, 1],
    // Pages that are read by the device and were never written are the zero page, which is nobody's: they keep nobody waiting.
    [dma, 'd5-dax-odirect-iommu', 23, 0],
  ] as const)(
    '%s %s: %i changes wait, in both timings, and end when they can have (but for %i)',
    async (folder, name, count, outside) => {
      const trace = await load(join(folder, name, 'trace.txt.gz'), name);
      const seen = await load(join(folder, name, 'trace.txt.gz'), name, [st]);
      const sleeps = new Map(changesOf(seen, 'open', 'xfs').map((change) => [change.fromNs, change.sleeps]));
      for (const timing of ['open', 'closed'] as const) {
        const changes = changesOf(trace, timing, 'xfs').map((change) => ({
          ...change,
          sleeps: sleeps.get(change.fromNs) ?? [],
        }));
        tell(`${name}, no probes, ${timing}`, changes);
        expect(changes).toHaveLength(count);
        expect(changes.filter((change) => !isInside(change))).toHaveLength(outside);
      }
    },
  );

  test.each(['xfs-pin-io65536', 'xfs-pin-io1048576'])(
    '%s: who slept again had taken longer to run than the gap',
    async (name) => {
      const trace = await load(join(linux612, name, 'trace.txt.gz'), name, [st]);
      const pins = pinsOf(trace).sort((a, b) => a.fromNs - b.fromNs);
      let again = 0;
      for (const { sleeps } of changesOf(trace, 'open', 'xfs'))
        for (const [i, sleep] of sleeps.entries()) {
          if (i === sleeps.length - 1) continue;
          const gone = pins.find(({ toNs }) => toNs > sleep.fromNs)!;
          const next = pins.find(({ fromNs }) => fromNs >= gone.toNs)!;
          expect(sleep.toNs - gone.toNs).toBeGreaterThan(next.fromNs - gone.toNs);
          again++;
        }
      console.log(`${name}: ${again} times`);
      expect(again).toBeGreaterThan(5);
      expect(trace.columns.op.includes(Op.wait)).toBe(true);
    },
  );
});

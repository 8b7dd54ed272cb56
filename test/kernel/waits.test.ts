// Waits for pins against the kernel's own: O_DIRECT reads into a DAX mapping while the file is changed, Linux 6.12
// (seal-semantics section 10.1: the wait is the rest of the I/O and a few ms until the sleeper runs again).
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { reference } from '../../src/costs/reference.js';
import { replay } from '../../src/engine/replay.js';
import { Verdict } from '../../src/model/policy.js';
import { engineInput } from '../../src/results/input.js';
import { build } from '../support/replay.js';
import { load, shared } from './recordings.js';

const folder = join(shared, 'recorded-dax', 's2-pins', 'linux-6.12');
/** From the end of the I/O until the sleeper runs, has changed the map and returns. */
const MOST_AFTER_NS = 15e6;

describe.skipIf(!existsSync(folder))(`waits for pins (skipped: no ${folder})`, () => {
  test.each([
    ['xfs-onepin-io65536', 12],
    ['xfs-onepin-io262144', 12],
    ['xfs-onepin-io1048576', 11],
    ['ext4-onepin-io1048576', 10],
  ] as const)('%s: %i changes wait, as long as recorded', async (name, count) => {
    const { waits, predictedNs, recordedNs } = await waitsOf(name);
    expect(waits).toBe(count);
    expect(predictedNs).toBeLessThan(recordedNs);
    expect(predictedNs).toBeGreaterThan(recordedNs - waits * MOST_AFTER_NS);
  });

  // One thread that pins again 0.2 to 0.4 ms after each read. A sleeper that runs at once gets through the first such gap,
  // and so it does here; in the emulated guest it takes up to 10 ms to run, and finds the next pin: up to six reads in a row.
  test.each([
    ['xfs-pin-io65536', 12],
    ['xfs-pin-io1048576', 12],
  ] as const)('%s: %i changes wait at least as long as predicted', async (name, count) => {
    const { waits, predictedNs, recordedNs } = await waitsOf(name);
    expect(waits).toBe(count);
    expect(predictedNs).toBeGreaterThan(0);
    expect(predictedNs).toBeLessThan(recordedNs);
  });
});

async function waitsOf(name: string) {
  const trace = await load(join(folder, name, 'trace.txt.gz'), name);
  const [lane] = replay(engineInput(trace), {
    policies: [build('dax', name.startsWith('ext4') ? { fs: 'ext4' } : {})],
    costs: reference,
    sealRule: { kind: 'dma' },
    unseal: { kind: 'never' },
    onDeny: { kind: 'skip' },
    timing: 'closed',
    kernel: build('dax'),
  });
  const rows = [...lane!.verdicts.keys()].filter((row) => lane!.verdicts[row] === Verdict.wait + 1);
  const recordedNs = rows.reduce((sum, row) => sum + trace.columns.latencyNs[row]!, 0);
  const ms = (ns: number): string => `${(ns / 1e6).toFixed(1)} ms`;
  console.log(`${name}: ${rows.length} waits, ${ms(lane!.wait.sum)} predicted of ${ms(recordedNs)} recorded`);
  return { waits: rows.length, predictedNs: lane!.wait.sum, recordedNs };
}

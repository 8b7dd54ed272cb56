// Breaks of ordinary leases (F_SETLEASE) against the kernel's own: EAGAIN for who will not wait, a wait as long as the holder
// takes, the time-out of the kernel. The driver's log is the truth.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Op } from '../../src/model/events.js';
import { ERRNO } from '../../src/model/policy.js';
import { daxLane } from './pin-waits.js';
import { BUNDLED, driverLines, load, policy, run, shared } from './recordings.js';

const MS = 1e6;
const folder = join(shared, 'recorded');
const textOf = (name: string): string =>
  join(folder, name, name.startsWith('tracefs') ? 'trace.txt.gz' : 'report.txt.gz');

describe.skipIf(!existsSync(folder))(`breaks of leases (skipped: no ${folder})`, () => {
  test.each(['ext4-lease', 'xfs-lease', 'tracefs-xfs-lease'])('%s', async (name) => {
    const trace = await load(textOf(name), name);
    const { fidelity } = run(trace, { policies: [policy('recorded')] }).report;
    const { refused, waited, predictedNs, recordedNs, worstNs, outlasted, outlastedNs } = fidelity.leaseBreaks;
    const truth = driverLines(join(folder, name, 'driver.jsonl')).filter(({ role }) => role === 'breaker');
    const opened = truth.filter(({ op }) => op === 'open' || op === 'truncate');
    const slept = opened.filter(({ errno, elapsed_ns }) => errno === 0 && elapsed_ns < 900 * MS);
    const late = opened.filter(({ errno, elapsed_ns }) => errno === 0 && elapsed_ns >= 900 * MS);
    console.log(
      `${name}: ${refused} EAGAIN, ${waited} waits (${(predictedNs / MS).toFixed(1)} ms predicted of ${(recordedNs / MS).toFixed(1)} ms), ${outlasted} outlasted`,
    );
    expect(refused).toBe(opened.filter(({ err }) => err === 'EAGAIN').length);
    // The tracefs recording has no exit of a process: seven holders that ended with their lease went unseen.
    const unseen = trace.columns.op.includes(Op.exit) ? 0 : 7;
    expect([waited, outlasted]).toEqual([slept.length - unseen, late.length + unseen]);
    expect(waited + outlasted).toBe(opened.length - refused);
    const sum = (lines: readonly { elapsed_ns: number }[]): number =>
      lines.reduce((total, { elapsed_ns }) => total + elapsed_ns, 0);
    // The driver's own clock runs around the call.
    if (unseen === 0)
      expect(Math.abs(recordedNs + outlastedNs - sum(slept) - sum(late)) / (waited + outlasted)).toBeLessThan(MS);
    expect(predictedNs).toBeLessThan(recordedNs);
    expect(worstNs).toBeLessThan(25 * MS);
    expect([fidelity.differed, fidelity.byOp.open!.differed]).toEqual([0, 0]);
    expect(fidelity.byOp.open!.agreed).toBeGreaterThanOrEqual(opened.filter(({ op }) => op === 'open').length);
  });
});

/**
 * In lanes that decide, leases are broken as the kernel does: as many are told EAGAIN, and the waits are the recorded ones without the
 * time it takes to run again. `early`: openers that the driver's log does not have.
 */
async function agrees(name: string, text: string, log: string, mostMs: number, early: number): Promise<void> {
  const trace = await load(text, name);
  const { columns: c } = trace;
  const truth = driverLines(log).filter(({ role }) => role === 'breaker');
  const opened = truth.filter(({ op }) => op === 'open' || op === 'truncate');
  for (const timing of ['open', 'closed'] as const) {
    const lane = daxLane(trace, timing, name.startsWith('ext4') ? 'ext4' : 'xfs');
    const sum = { predictedNs: 0, recordedNs: 0 };
    for (const [row, waitNs] of lane.waitNs) {
      const recordedNs = c.latencyNs[row]!;
      sum.predictedNs += waitNs;
      sum.recordedNs += recordedNs;
      expect(Math.abs(recordedNs - waitNs), `row ${row}`).toBeLessThan(mostMs * MS);
    }
    console.log(
      `${name}, ${timing}: ${lane.waitNs.size} waits for leases, ${(sum.predictedNs / MS).toFixed(1)} ms predicted of ${(sum.recordedNs / MS).toFixed(1)} ms recorded`,
    );
    const told = [...c.op.keys()].filter((row) => lane.answers.errnoAt(row) === ERRNO.EAGAIN).length;
    expect(told).toBe(opened.filter(({ err }) => err === 'EAGAIN').length);
    expect(lane.waitNs.size).toBe(opened.length - told + early);
    expect([lane.stillWaiting, lane.deadlocks.length]).toEqual([0, 0]);
  }
}

describe('replayed under dax', () => {
  test('ext4-1k-leases (bundled)', async () => {
    const { name, text, log } = BUNDLED.find((one) => one.name === 'ext4-1k-leases')!;
    await agrees(name, text, log, 5, 0);
  });

  // No process of the tracefs recording is seen to end: there, what outlasted a lease tells when it was gone, and one holder opens the
  // file before the breaker of the one before it has returned.
  test.skipIf(!existsSync(folder)).each([
    ['ext4-lease', 0],
    ['xfs-lease', 0],
    ['tracefs-xfs-lease', 1],
  ])('%s', async (name, early) => agrees(name, textOf(name), join(folder, name, 'driver.jsonl'), 2.5, early));
});

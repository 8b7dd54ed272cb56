// Pins, registrations and waits that probes showed (event map `st`) against what the recordings' programs did themselves.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OPS, Op } from '../../src/model/events.js';
import { Verdict } from '../../src/model/policy.js';
import type { Trace } from '../../src/model/trace.js';
import { st } from '../../src/probes/index.js';
import { driverLines, laneOf, load, run, shared } from './recordings.js';

const dax = join(shared, 'recorded-dax');
const dma = join(shared, 'recorded-dma');

const rowsOf = ({ columns: c }: Trace, op: number): number[] => {
  const rows: number[] = [];
  for (let row = 0; row < c.rows; row++) if (c.op[row] === op) rows.push(row);
  return rows;
};

/** Rows of an operation that began while the program was in a call of its own, absolute ns. */
const during = (trace: Trace, rows: readonly number[], line: { t_ns: number; elapsed_ns: number }): number[] =>
  rows.filter((row) => {
    const at = trace.columns.timeNs[row]! + Number(trace.originNs);
    return at >= line.t_ns && at <= line.t_ns + line.elapsed_ns;
  });

const lane = (trace: Trace, policy: string, fs: string) => laneOf(trace, policy, fs === 'ext4' ? { fs } : {});

describe.skipIf(!existsSync(dax))(`waits seen by the busy-page probe (skipped: no ${dax})`, () => {
  test.each([
    ['xfs-onepin-io65536', 'xfs', 12],
    ['xfs-onepin-io262144', 'xfs', 12],
    ['xfs-onepin-io1048576', 'xfs', 11],
    ['ext4-onepin-io1048576', 'ext4', 10],
  ] as const)('%s: the changes that were seen to wait are those the DAX table says wait', async (name, fs, count) => {
    const trace = await load(join(dax, 's2-pins', 'linux-6.12', name, 'trace.txt.gz'), name, [st]);
    const { columns: c } = trace;
    const seen = new Set(rowsOf(trace, Op.wait).map((row) => c.opId[row]!));
    expect(seen.size).toBe(count);
    const { answers } = lane(trace, 'dax', fs);
    const predicted = [...c.op.keys()].filter((row) => answers.verdictAt(row) === Verdict.wait + 1);
    expect(new Set(predicted.map((row) => c.opId[row]!))).toEqual(seen);
    // Where nothing waits, an operation lasts as long as its work did.
    const waitedNs = rowsOf(trace, Op.wait).reduce((sum, row) => sum + c.latencyNs[row]!, 0);
    const sum = (policy: string): number =>
      [Op.truncate, Op.punch].reduce((total, op) => total + (lane(trace, policy, fs).latency[op]?.sum ?? 0), 0);
    const recordedNs = [...rowsOf(trace, Op.truncate), ...rowsOf(trace, Op.punch)].reduce(
      (total, row) => total + c.latencyNs[row]!,
      0,
    );
    expect(sum('pagecache')).toBeCloseTo(recordedNs - waitedNs, -1);
    expect(sum('dax')).toBeGreaterThan(recordedNs * 0.9);
    expect(sum('dax')).toBeLessThan(recordedNs * 1.02);
  });
});

describe.skipIf(!existsSync(dax))(`RDMA registrations seen by ib_umem_get (skipped: no ${dax})`, () => {
  const folder = join(dax, 's3-rdma', 'rdma-reg-mr');
  const SHARED = ['pc-shared', 'pc-shared-hole', 'dax-shared', 'dax-sync', 'dax-shared-hole', 'dax-shared-unwritten'];

  test('each of a shared file mapping is there with its range and result, and given back when it was', async () => {
    const trace = await load(join(folder, 'trace.txt.gz'), 'rdma', [st]);
    const { columns: c } = trace;
    const log = driverLines(join(folder, 'driver.jsonl'));
    const asked = log.filter(
      ({ op, args }) => op === 'ibv_reg_mr' && SHARED.includes(args.backing) && !args.access.includes('ON_DEMAND'),
    );
    expect(asked.length).toBe(24);
    const registered = rowsOf(trace, Op.register);
    for (const line of asked) {
      const rows = during(trace, registered, line);
      expect(rows).toHaveLength(1);
      const [row] = rows;
      expect([c.offset[row!], c.length[row!]]).toEqual([0, 2097152]);
      expect(c.result[row!]! + line.errno).toBe(0);
      expect(trace.files[c.file[row!]!]!.inode).not.toBe('');
    }
    const live = registered.filter((row) => c.handle[row] !== 0);
    const ends = rowsOf(trace, Op.deregister);
    expect(new Set(ends.map((row) => c.handle[row]))).toEqual(new Set(live.map((row) => c.handle[row])));
    const returned = log.filter(({ op }) => op === 'ibv_dereg_mr');
    for (const row of ends) expect(returned.filter((line) => during(trace, [row], line).length === 1)).toHaveLength(1);
  });

  test('the replay reproduces the recording with them', async () => {
    const trace = await load(join(folder, 'trace.txt.gz'), 'rdma', [st]);
    const { fidelity } = run(trace).report;
    expect(fidelity.differed).toBe(0);
    expect(fidelity.byOp.register?.agreed).toBe(15);
  });
});

describe.skipIf(!existsSync(dma))(`pins of direct I/O seen by pin_user_pages_fast (skipped: no ${dma})`, () => {
  test.each(['d1-dax-odirect', 'd2p-pagecache-slow-dma'])('%s: each is the buffer of its call', async (name) => {
    const folder = join(dma, name);
    const trace = await load(join(folder, 'trace.txt.gz'), name, [st]);
    const { columns: c } = trace;
    const pins = rowsOf(trace, Op.pin);
    const ends = new Map(rowsOf(trace, Op.unpin).map((row) => [c.handle[row]!, row]));
    let found = 0;
    for (const line of driverLines(join(folder, 'driver.jsonl')).filter(({ op }) => /^odirect_/.test(op))) {
      const rows = during(trace, pins, line);
      for (const row of rows) {
        expect(c.offset[row]).toBeGreaterThanOrEqual(line.args.map_off);
        expect(c.offset[row]! + c.length[row]!).toBeLessThanOrEqual(line.args.map_off + line.args.io);
        const end = ends.get(c.handle[row]!);
        if (end !== undefined) expect(c.timeNs[end]!).toBeGreaterThan(c.timeNs[row]!);
      }
      if (line.rc === line.args.io) expect(rows.reduce((sum, row) => sum + c.length[row]!, 0)).toBe(line.args.io);
      found += rows.length;
    }
    expect(found).toBe(pins.length);
    const use = trace.sources[0]!.maps![0]!;
    const told = (event: string): number => use.events.find((one) => one.event === event)!.records;
    expect(pins.length).toBe(told('st:pin_user_pages_fast'));
    console.log(`${name}: ${pins.length} pins seen, ${ends.size} given back (${OPS[Op.unpin]})`);
  });
});

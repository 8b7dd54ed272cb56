// Whom and what the threads of a fitted workload meet: files in the hands of devices, in other sizes, and clones that come and go.
import { expect, test } from 'vitest';
import { makeOnce } from '../../src/cli/model.js';
import { Flag, Op } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { type Line, traceOf } from '../support/replay.js';
import { laneOf } from '../workloads/support.js';
import { fittedTo } from './support.js';

const PAGE = 4096;
const MIB = 2 ** 20;
const SEEDS = [1, 2, 3, 4, 5, 6];
const WHO = { pid: 7, comm: 'db', path: '/d/f' };
const model = async (lines: readonly Line[]) =>
  fittedTo(await traceOf([...lines].sort((a, b) => Number(a.t) - Number(b.t)))).model;

/** Times at which an operation was done, in order. */
const timesOf = ({ columns: c }: Trace, op: number): number[] =>
  Array.from(c.op.subarray(0, c.rows)).flatMap((one, i) => (one === op ? [c.timeNs[i]!] : []));

const full = (path: string, bytes: number): Line[] => [
  { t: 0, op: 'file', path, size: bytes },
  { t: 0, op: 'extent', path, off: 0, len: bytes, addr: 0 },
];

test('who met a device does so again at once, however short and seldom its pins are', async () => {
  const lines = full(WHO.path, MIB);
  const reader = { ...WHO, pid: 8, comm: 'reader' };
  // Pinned for a hundredth of the time; the cutter comes in the middle of every eighth of them.
  for (let i = 0; i < 64; i++) {
    const t = 1_000_000 * (i + 1);
    lines.push({ t, op: 'pin', ...reader, off: 0, len: PAGE, handle: `p${i}` });
    lines.push({ t: t + 10_000, op: 'unpin', ...reader, handle: `p${i}` });
    if (i % 8 === 7) lines.push({ t: t + 5_000, op: 'punch', ...WHO, off: (i % 32) * PAGE, len: PAGE });
  }
  const fitted = await model(lines);
  for (const seed of SEEDS) {
    const made = makeOnce(fitted, seed);
    const pins = timesOf(made, Op.pin);
    const unpins = timesOf(made, Op.unpin);
    const met = timesOf(made, Op.punch).filter((t) => pins.some((from, i) => from < t && t <= unpins[i]!));
    // Its last may come when the reader is through.
    expect(met.length, `seed ${seed}`).toBeGreaterThanOrEqual(7);
  }
});

test('who met a device takes as long as those did that met one', async () => {
  const lines = full(WHO.path, MIB);
  const reader = { ...WHO, pid: 8, comm: 'reader' };
  for (let i = 0; i < 80; i++) {
    const t = 1_000_000 * (i + 1);
    lines.push({ t, op: 'pin', ...reader, off: 0, len: PAGE, handle: `p${i}` });
    lines.push({ t: t + 500_000, op: 'unpin', ...reader, handle: `p${i}` });
    const met = i % 2 === 0;
    lines.push({ t: t + (met ? 250_000 : 750_000), op: 'punch', ...WHO, off: 0, len: PAGE, ns: met ? 260_000 : 1_000 });
  }
  const fitted = await model(lines);
  for (const seed of SEEDS) {
    const { columns: c } = makeOnce(fitted, seed);
    let pins = 0;
    for (let i = 0; i < c.rows; i++) {
      if (c.op[i] === Op.pin) pins++;
      if (c.op[i] === Op.unpin) pins--;
      if (c.op[i] === Op.punch) expect(c.latencyNs[i]).toBe(pins > 0 ? 260_000 : 1_000);
    }
  }
});

test('faults in a file that has become shorter come as often as they did, by threads that all die together', async () => {
  const lines: Line[] = [];
  for (let run = 0; run < 4; run++) {
    const path = `/d/${run}`;
    const t = 100_000_000 * run;
    const to = (pid: number, comm = 'dirtier') => ({ pid: pid + 10 * run, comm, path });
    lines.push({ t, op: 'file', path, size: MIB }, { t, op: 'extent', path, off: 0, len: MIB, addr: MIB * run });
    for (const pid of [100, 101]) lines.push({ t: t + pid, op: 'open', ...to(pid) });
    for (const pid of [100, 101])
      for (let i = 0; i < 8; i++)
        lines.push({ t: t + 1_000_000 * (i + 1) + pid, op: 'write_fault', ...to(pid), off: 9 * i * PAGE, len: PAGE });
    lines.push({ t: t + 10_000_000, op: 'truncate', ...to(0, 'cutter'), size: 16 * PAGE });
    for (let i = 0; i < 20; i++)
      lines.push({
        ...{
          t: t + 11_000_000 + 500_000 * i,
          op: 'write_fault',
          ...to(101),
          off: (20 + i) * PAGE,
          len: PAGE,
          ret: -1000,
        },
      });
    for (const pid of [100, 101])
      lines.push({ t: t + (pid === 100 ? 10_500_000 : 22_000_000), op: 'exit', ...to(pid), flags: ['killed'] });
  }
  const { model: fitted, trace } = fittedTo(await traceOf(lines.sort((a, b) => Number(a.t) - Number(b.t))));
  const recorded = laneOf(trace, 'dax').verdicts.deny;
  expect(recorded).toBe(80);
  for (const seed of SEEDS) {
    const made = laneOf(makeOnce(fitted, seed), 'dax').verdicts.deny;
    expect(Math.abs(made - recorded), `seed ${seed}: ${made}`).toBeLessThanOrEqual(0.15 * recorded);
  }
});

test('a file shares its blocks for as long as its clone is there', async () => {
  const kernel = { pid: 2, comm: 'kworker' };
  const lines = full(WHO.path, MIB);
  lines.push({ t: 10, op: 'mmap', ...WHO, off: 0, len: MIB, handle: 'm', flags: ['shared', 'writable', 'sync'] });
  for (let i = 0; i < 200; i++)
    lines.push({ t: 1000 * (i + 1), op: 'write_fault', ...WHO, off: (i % 256) * PAGE, len: PAGE });
  const clone = { pid: 9, comm: 'snapshot' };
  lines.push({ t: 50_500, op: 'reflink', ...clone, path: WHO.path, to: { path: '/d/clone' } });
  lines.push({ t: 50_500, op: 'map_insert', ...clone, path: '/d/clone', off: 0, len: MIB, addr: 0, state: 'shared' });
  // A deleted file's blocks go in pieces, long after the call, by a thread of the kernel.
  lines.push({ t: 54_500, op: 'map_remove', ...kernel, path: '/d/clone', off: MIB / 2, len: MIB / 2 });
  lines.push({ t: 54_600, op: 'map_remove', ...kernel, path: '/d/clone', off: 0, len: MIB / 2 });
  const fitted = await model(lines);
  for (const seed of SEEDS) {
    const made = makeOnce(fitted, seed);
    const { columns: c } = made;
    const ended = Array.from(c.op.subarray(0, c.rows)).flatMap((op, i) =>
      op === Op.extent && c.timeNs[i]! > 0 ? [{ flags: c.flags[i]!, addr: c.addr[i]!, bytes: c.length[i]! }] : [],
    );
    // What is shared at the end of the clone is the file's own again where it was; blocks copied meanwhile are elsewhere.
    expect(ended.length).toBeGreaterThan(0);
    expect(ended.every(({ flags, addr }) => (flags & Flag.reflinked) === 0 && addr >= 0)).toBe(true);
    expect(ended.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(0.9 * MIB);
    // Only faults in between copy a block, and commit.
    expect(laneOf(made, 'mapsync').verdicts.commit).toBeLessThan(20);
  }
});

test('a file that grows step by step does so again, in the same steps', async () => {
  const lines: Line[] = [{ t: 0, op: 'file', path: WHO.path, size: 0 }];
  const sizes = Array.from({ length: 30 }, (_, i) => (i + 1) * (i + 7) * PAGE);
  sizes.forEach((size, i) => {
    lines.push({ t: 1000 * (i + 1), op: 'truncate', ...WHO, size });
    lines.push({ t: 1000 * (i + 1) + 500, op: 'read', ...WHO, off: 0, len: PAGE });
  });
  const fitted = await model(lines);
  for (const seed of SEEDS) {
    const { columns: c } = makeOnce(fitted, seed);
    const made = Array.from(c.op.subarray(0, c.rows)).flatMap((op, i) => (op === Op.truncate ? [c.length[i]!] : []));
    expect(made).toEqual(sizes);
  }
});

test('a device with a largest request goes through what it is given piece by piece', async () => {
  const most = 32 * PAGE;
  const lines = full(WHO.path, MIB);
  for (let i = 0; i < 60; i++) {
    const t = 100_000 * (i + 1);
    const length = [PAGE, 16 * PAGE, 40 * PAGE, 128 * PAGE][i % 4]!;
    lines.push({ t, op: 'pin', ...WHO, off: 0, len: length, handle: `p${i}` });
    for (let at = 0, n = 1; at < length; at += most, n++)
      lines.push({
        t: t + n * 1000,
        op: 'dma_read',
        ...WHO,
        off: at,
        len: Math.min(most, length - at),
        handle: `p${i}`,
      });
    lines.push({ t: t + 50_000, op: 'unpin', ...WHO, handle: `p${i}` });
  }
  const fitted = await model(lines);
  for (const seed of SEEDS) {
    const { columns: c } = makeOnce(fitted, seed);
    const held = new Map<number, { length: number; used: number; last: number }>();
    for (let i = 0; i < c.rows; i++) {
      if (c.op[i] === Op.pin) held.set(c.handle[i]!, { length: c.length[i]!, used: 0, last: most });
      if (c.op[i] !== Op.dma_read) continue;
      const pin = held.get(c.handle[i]!)!;
      expect(pin.last).toBe(most);
      expect(c.length[i]).toBe(Math.min(most, pin.length - pin.used));
      pin.used += c.length[i]!;
      pin.last = c.length[i]!;
    }
    expect([...held.values()].every(({ length, used }) => used === length)).toBe(true);
  }
});

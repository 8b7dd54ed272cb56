// Where the steps of a fitted workload go in their files, and blocks that no call asked for: small traces written here, and what is
// made of them.
import { expect, test } from 'vitest';
import { makeOnce } from '../../src/cli/model.js';
import { Flag, OPS, Op } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { type Line, traceOf } from '../support/replay.js';
import { laneOf } from '../workloads/support.js';
import { fittedTo } from './support.js';

const KIB = 1024;
const SEEDS = [1, 2, 3];
const WHO = { pid: 7, comm: 'db', path: '/d/f' };

interface Row {
  readonly op: string;
  readonly offset: number;
  readonly length: number;
  readonly flags: number;
  readonly timeNs: number;
}

const rowsOf = ({ columns: c }: Trace, ...ops: readonly string[]): Row[] =>
  Array.from({ length: c.rows }, (_, i) => ({
    op: OPS[c.op[i]!]!,
    offset: c.offset[i]!,
    length: c.length[i]!,
    flags: c.flags[i]!,
    timeNs: c.timeNs[i]!,
  })).filter(({ op }) => ops.includes(op));

const model = async (lines: readonly Line[]) => fittedTo(await traceOf(lines)).model;

test('who writes behind the end of a file with a hole between does so again', async () => {
  const stride = 128 * KIB;
  const lines: Line[] = [{ t: 0, op: 'file', path: WHO.path, size: 0 }];
  for (let i = 0; i < 40; i++) lines.push({ t: 1000 * (i + 1), op: 'write', ...WHO, off: i * stride, len: 64 * KIB });
  const fitted = await model(lines);
  for (const seed of SEEDS) {
    const offsets = rowsOf(makeOnce(fitted, seed), 'write').map(({ offset }) => offset);
    const strides = offsets.slice(1).filter((offset, i) => offset - offsets[i]! === stride);
    // When the one at the start comes is drawn.
    expect(strides.length).toBeGreaterThan(35);
  }
});

test('a truncate that finds the file shorter than it was goes down by as much as it did, not anywhere', async () => {
  const size = 1024 * KIB;
  const lines: Line[] = [
    { t: 0, op: 'file', path: WHO.path, size },
    { t: 0, op: 'extent', path: WHO.path, off: 0, len: size, addr: 0 },
  ];
  for (let i = 0; i < 60; i++) {
    const t = 10_000 * (i + 1);
    lines.push({ t, op: 'truncate', ...WHO, size: size - 4 * KIB });
    lines.push({ t: t + 500, op: 'truncate', ...WHO, size });
    // Another process makes it shorter meanwhile: in what is made, they meet otherwise.
    const other = { ...WHO, pid: 8, comm: 'cutter' };
    lines.push({ t: t + 2000, op: 'collapse', ...other, off: 0, len: 64 * KIB });
    lines.push({ t: t + 2500, op: 'truncate', ...other, size });
  }
  const fitted = await model(lines);
  for (const seed of SEEDS)
    for (const { length } of rowsOf(makeOnce(fitted, seed), 'truncate')) expect(length).toBeGreaterThan(size / 2);
});

/** A loader whose calls were not recorded fills a file of a mebibyte, and pages of it are written to through a mapping later. */
const unseen: Line[] = [
  { t: 0, op: 'open', ...WHO, flags: ['write', 'trunc'] },
  { t: 100, op: 'file', path: WHO.path, size: 0 },
  ...Array.from({ length: 256 }, (_, i) => ({
    ...{ t: 200 + i, op: 'map_insert', ...WHO, off: i * 4 * KIB, len: 4 * KIB, addr: i * 4 * KIB },
  })),
  { t: 900, op: 'truncate', ...WHO, size: 1024 * KIB },
  { t: 1000, op: 'mmap', ...WHO, off: 0, len: 1024 * KIB, handle: 'm', flags: ['shared', 'writable', 'direct'] },
  ...Array.from({ length: 100 }, (_, i) => ({
    ...{ t: 2000 + i * 100, op: 'write_fault', ...WHO, off: ((i * 37) % 256) * 4 * KIB, len: 4 * KIB },
  })),
];

test('blocks that came through no call come again, neighbours in one piece, and page faults find them', async () => {
  const { trace, model: fitted, seen } = fittedTo(await traceOf(unseen));
  expect(seen.counts.get('extent')).toBe(1);
  expect(laneOf(trace, 'mapdirect').verdicts.deny).toBe(0);
  for (const seed of SEEDS) {
    const made = makeOnce(fitted, seed);
    const blocks = rowsOf(made, 'extent').filter(({ timeNs }) => timeNs > 0);
    expect(blocks).toMatchObject([{ offset: 0, length: 1024 * KIB, flags: 0 }]);
    expect(laneOf(made, 'mapdirect').verdicts.deny).toBe(0);
    // Rows that tell of every change of a map would keep lanes from changing it themselves.
    expect(rowsOf(made, 'map_insert', 'map_remove', 'map_reset')).toEqual([]);
  }
});

test('pages that faults dirtied become data when the kernel was seen to write them', async () => {
  const page = 4 * KIB;
  const lines: Line[] = [
    { t: 0, op: 'file', path: WHO.path, size: 256 * page },
    { t: 0, op: 'extent', path: WHO.path, off: 0, len: 256 * page, addr: 0, state: 'unwritten' },
    { t: 10, op: 'mmap', ...WHO, off: 0, len: 256 * page, handle: 'm', flags: ['shared', 'writable'] },
  ];
  const kernel = { ...WHO, pid: 2, comm: 'kworker' };
  for (let i = 0; i < 64; i++) {
    const off = 3 * i * page;
    lines.push({ t: 1000 * (i + 1), op: 'write_fault', ...WHO, off, len: page });
    lines.push({ t: 1000 * (i + 1) + 500, op: 'map_insert', ...kernel, off, len: page, addr: off });
  }
  const fitted = await model(lines);
  const steps = fitted.roles.flatMap(({ chain }) => chain);
  expect(steps.filter(({ op }) => op === 'extent').map((step) => step.case)).toEqual(['faulted']);
  for (const seed of SEEDS) {
    const made = makeOnce(fitted, seed);
    const written = rowsOf(made, 'extent').filter(({ timeNs, flags }) => timeNs > 0 && (flags & Flag.unwritten) === 0);
    expect(written.length).toBeGreaterThan(48);
  }
});

test('where only the size was lost sight of, the map stays known', async () => {
  const lines = [
    { t: 0, op: 'open', ...WHO, flags: ['write', 'trunc'] },
    { t: 10, op: 'write', ...WHO, off: 0, len: 64 * KIB },
    { t: 20, op: 'file', path: WHO.path },
    { t: 30, op: 'fsync', ...WHO },
  ];
  const forgets = async (more: readonly Line[]) =>
    (await model([...lines, ...more])).roles.flatMap(({ chain }) => chain.map((step) => step.forgets));
  expect(await forgets([])).toContain('size');
  expect(await forgets([])).not.toContain('map');
});

test('the whole map becomes known where it did, in the thread that showed it', async () => {
  const fitted = await model([
    { t: 0, op: 'open', ...WHO, flags: ['write', 'trunc'] },
    { t: 10, op: 'file', path: WHO.path },
    { t: 20, op: 'map_known', ...WHO },
    { t: 30, op: 'write', ...WHO, off: 0, len: 64 * KIB },
  ]);
  expect(fitted.roles.flatMap(({ chain }) => chain.map(({ op, learns }) => [op, learns]))).toEqual([
    ['open', false],
    ['write', true],
  ]);
  for (const seed of SEEDS) {
    const { columns: c } = makeOnce(fitted, seed);
    const at = Array.from(c.op.subarray(0, c.rows)).indexOf(Op.map_known);
    expect([OPS[c.op[at + 1]!], c.task[at + 1]]).toEqual(['write', c.task[at]]);
  }
});

test('processes that were killed together die together, whatever they still had to do', async () => {
  const lines: Line[] = [{ t: 0, op: 'file', path: WHO.path, size: 1024 * KIB }];
  for (let i = 0; i < 6; i++) {
    const who = { ...WHO, pid: 10 + i, comm: `w${i}` };
    for (let k = 0; k < 20; k++)
      lines.push({ t: 1000 * (1 + k) + i * 100 * (k % 3), op: 'read', ...who, off: 0, len: 4096 });
    lines.push({ t: 30_000 + 10 * i, op: 'exit', pid: who.pid, flags: ['killed'] });
  }
  const fitted = await model(lines.sort((a, b) => a.t - b.t));
  for (const seed of SEEDS) {
    const ends = rowsOf(makeOnce(fitted, seed), 'exit').map(({ timeNs }) => timeNs);
    expect(ends).toHaveLength(6);
    expect(Math.max(...ends) - Math.min(...ends)).toBeLessThan(1000);
  }
});

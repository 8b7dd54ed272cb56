// coherence=software (seal-semantics section 8): device memory behind PCIe, where a hand-over between CPU and device needs a flush.
import { expect, test } from 'vitest';
import { reference } from '../../src/costs/reference.js';
import { type Line, PAGE, pages, replayLines, written } from '../support/replay.js';

const file = written('/f', 8, 100);
const on = (t: number, op: string, at: object, more: object = {}): Line => ({
  ...{ t, op, pid: 10, path: '/f', ns: 1_000 },
  ...at,
  ...more,
});
const pin = on(1, 'pin', pages(0, 8), { handle: 'p', flags: ['write'] });
const dma = (t: number, op: 'dma_read' | 'dma_write', at: object): Line => ({
  t,
  op,
  pid: 10,
  handle: 'p',
  ns: 1_000,
  ...at,
});
const [store, load] = [on(10, 'write', pages(0, 2)), on(30, 'read', pages(0, 2))];
const [fetch, put] = [dma(20, 'dma_read', pages(1, 2)), dma(20, 'dma_write', pages(1, 2))];
const flushes = (t: number): [string, Line][] => [
  ['fsync', on(t, 'fsync', {})],
  ['msync of the range', on(t, 'msync', pages(1, 1))],
];

const under = (lines: readonly Line[], coherence = 'software', policy = 'dax') =>
  replayLines([...file, pin, ...lines, on(90, 'fsync', {}, { path: '/end' })], {
    policies: [policy],
    settings: { coherence },
  });
const told = async (lines: readonly Line[], policy = 'dax') => {
  const lane = (await under(lines, 'software', policy)).lane(policy);
  const { incoherent, incoherentBytes } = lane.hazards;
  return [lane.handOvers, incoherent, incoherentBytes];
};

test('a device that comes before the flush, and every further access, lacks one; the hand-over is paid once', async () => {
  expect(await told([store, fetch])).toEqual([1, 1, PAGE]);
  expect(await told([store, fetch, { ...fetch, t: 25 }])).toEqual([1, 2, 2 * PAGE]);
  expect(await told([store, put])).toEqual([1, 1, PAGE]);
});

test.each(flushes(15))(
  '%s between the store of the CPU and the access of the device: none lacks',
  async (_name, flush) => {
    expect(await told([store, flush, fetch])).toEqual([1, 0, 0]);
    expect(await told([store, flush, fetch, { ...fetch, t: 25 }])).toEqual([1, 0, 0]);
  },
);

test('a flush elsewhere is none; a synchronous write carries its own', async () => {
  expect(await told([store, on(15, 'msync', pages(0, 1)), fetch])).toEqual([1, 1, PAGE]);
  expect(await told([{ ...store, flags: ['sync'] }, fetch])).toEqual([1, 0, 0]);
});

test('the reverse: what a device stored, and the CPU loads or stores over', async () => {
  expect(await told([put, load])).toEqual([1, 1, PAGE]);
  expect(await told([put, on(30, 'write_fault', pages(2, 1))])).toEqual([1, 1, PAGE]);
  for (const [, flush] of flushes(25)) expect(await told([put, flush, load])).toEqual([1, 0, 0]);
});

test('no store, or one side alone: nothing is handed over', async () => {
  expect(await told([load, { ...fetch, t: 40 }])).toEqual([0, 0, 0]);
  expect(await told([store, load, put, { ...fetch, t: 40 }].slice(0, 2))).toEqual([0, 0, 0]);
  expect(await told([put, { ...fetch, t: 40 }])).toEqual([0, 0, 0]);
});

test('a fault that the kernel takes for a device is none of the CPU, and what was punched is handed to nobody', async () => {
  expect(await told([on(10, 'write_fault', pages(0, 2), { flags: ['gup'] }), fetch])).toEqual([0, 0, 0]);
  const unpin: Line = { t: 11, op: 'unpin', pid: 10, handle: 'p' };
  const again = on(13, 'pin', pages(0, 8), { handle: 'q' });
  const anew = { ...fetch, handle: 'q' };
  expect(await told([store, unpin, on(12, 'punch', pages(0, 4)), again, anew])).toEqual([0, 0, 0]);
});

test('cache lines are what is handed over', async () => {
  const byte = on(10, 'write', { off: 100, len: 1 });
  expect(await told([byte, dma(20, 'dma_read', { off: 64, len: 1 })])).toEqual([1, 1, 64]);
  expect(await told([byte, dma(20, 'dma_read', { off: 128, len: 64 })])).toEqual([0, 0, 0]);
});

test('the price of each hand-over is that of its bytes, on whoever takes over, and is told as a part of its own', async () => {
  const flush = Math.round(reference.prices.flush.fixedNs + reference.prices.flush.nsPerByte * PAGE);
  const [soft, hard] = [await under([store, fetch, put, load]), await under([store, fetch, put, load], 'hardware')];
  for (const op of ['dma_read', 'read']) {
    expect(soft.lane('dax').latency[op]!.meanNs - hard.lane('dax').latency[op]!.meanNs).toBe(flush);
    expect(soft.detail('dax').components[op]).toMatchObject({ recordedNs: 1_000, flushNs: flush, extraNs: 0 });
  }
  expect(hard.lane('dax').hazards).toMatchObject({ count: 0, incoherent: 0, incoherentBytes: 0 });
  expect(hard.lane('dax').handOvers).toBe(0);
});

test('it is a kind of its own: listed with its class, in no count of stale accesses', async () => {
  const replayed = await under([store, fetch]);
  expect(replayed.lane('dax').hazards).toMatchObject({ count: 0, bytes: 0, byClass: { a: 0, b: 0, c: 0, d: 0 } });
  expect(replayed.detail('dax').hazards).toMatchObject([
    { hazardClass: 'incoherent', op: 'dma_read', file: '/f', offset: PAGE, bytes: PAGE, ownerNow: '' },
  ]);
});

test('pages of the page cache are memory of the host; a seal call flushes', async () => {
  expect(await told([store, fetch], 'pagecache')).toEqual([0, 0, 0]);
  const lines = [...file, on(5, 'write', pages(0, 2)), { ...pin, t: 10 }, fetch];
  const replayed = await replayLines(lines, { policies: ['dax', 'ondisk'], settings: { coherence: 'software' } });
  expect(replayed.lane('dax').hazards.incoherent).toBe(1);
  expect(replayed.lane('ondisk').hazards.incoherent).toBe(0);
});

test('a trace in which nothing is handed over gives the same results with either switch', async () => {
  const lines = [store, on(12, 'fsync', {}), load];
  const [soft, hard] = [await under(lines), await under(lines, 'hardware')];
  expect(soft.run.report.lanes).toEqual(hard.run.report.lanes);
});

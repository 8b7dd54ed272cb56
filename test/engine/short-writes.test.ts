// Writes that are cut short at the end of file: to nothing (famfs.past_eof=short, note 4), to what is inside (ondisk.version=v1, note 3).
import { describe, expect, test } from 'vitest';
import { type Line, PAGE, pages, replayLines, written } from '../support/replay.js';

const write = (t: number, from: number, count: number): Line => ({
  t,
  op: 'write',
  pid: 20,
  path: '/f',
  ...pages(from, count),
});
const [inside, partly, beyond, again] = [write(1, 0, 4), write(2, 3, 2), write(3, 4, 1), write(4, 4, 1)];
const lines = [...written('/f', 4, 100), inside, partly, beyond, again];
const replayed = (past_eof: string, more: readonly Line[] = lines) =>
  replayLines(more, { policies: ['famfs'], settings: { 'famfs.past_eof': past_eof } });

test('let through, counted as no refusal and no conflict; the file stays as it was, at the price of a call turned back', async () => {
  const [refused, short] = [await replayed('efbig'), await replayed('short')];
  expect([inside, partly, beyond, again].map((line) => refused.verdict('famfs', line))).toEqual([
    'proceed',
    'deny EFBIG',
    'deny EFBIG',
    'deny EFBIG',
  ]);
  expect([inside, partly, beyond, again].map((line) => short.verdict('famfs', line))).toEqual(Array(4).fill('proceed'));
  expect(short.lane('famfs')).toMatchObject({ conflicts: 0, denied: {}, verdicts: { proceed: 4, deny: 0 } });
  expect(short.map('famfs', '/f')).toEqual(['0+4 written@100']);
  expect(short.lane('famfs').latency).toEqual(refused.lane('famfs').latency);
});

test('what a recording shows such a write do is not done; a file that a resize spoiled answers EIO all the same', async () => {
  const observed: Line[] = [
    ...written('/f', 4, 100),
    { t: 1, op: 'write', pid: 20, path: '/f', ...pages(4, 1), opId: 1 },
    { t: 2, op: 'map_insert', path: '/f', ...pages(4, 1), addr: 200 * PAGE, opId: 1 },
    { t: 3, op: 'truncate', pid: 20, path: '/f', size: 2 * PAGE },
    { t: 4, op: 'write', pid: 20, path: '/f', ...pages(8, 1) },
  ];
  const found = await replayed('short', observed);
  expect(found.maps('famfs', '/f', [2])).toEqual([['0+4 written@100']]);
  expect(found.verdict('famfs', observed.at(-1)!)).toBe('deny EIO');
});

describe('ondisk.version=v1 (note 3): a write across the end writes what is inside', () => {
  const seal: Line = { t: 1, op: 'seal', pid: 10, path: '/f' };
  const call = (t: number, off: number, len: number, more: object = {}): Line => ({
    ...{ t, op: 'write', pid: 20, path: '/f', off, len, ns: 5_000 },
    ...more,
  });
  const under = (version: string, more: readonly Line[], settings: Record<string, string> = {}) =>
    replayLines(more, {
      policies: ['ondisk'],
      sealRule: 'explicit',
      settings: { 'ondisk.version': version, ...settings },
    });
  const file: Line[] = [
    { t: 0, op: 'file', path: '/f', size: 4 * PAGE - 1000 },
    { t: 0, op: 'extent', path: '/f', ...pages(0, 4), addr: 100 * PAGE },
  ];

  test('and no more: no conflict, no block, the size stays; v2 and v3 refuse all of it', async () => {
    const across = call(2, 3 * PAGE, 3 * PAGE, { addr: 300 * PAGE });
    for (const version of ['v1', 'v2', 'v3']) {
      const replayed = await under(version, [...file, seal, across, call(3, 4 * PAGE - 1000, 10)]);
      expect(replayed.verdict('ondisk', across)).toBe(version === 'v1' ? 'proceed' : 'deny ETXTBSY');
      expect(replayed.lane('ondisk')).toMatchObject({ conflicts: version === 'v1' ? 1 : 2 });
      expect(replayed.map('ondisk', '/f')).toEqual(['0+4 written@100']);
    }
  });

  test('what begins at or behind the end has no such part', async () => {
    const calls = [call(2, 4 * PAGE - 1000, 10), call(3, 8 * PAGE, PAGE)];
    const replayed = await under('v1', [...file, seal, ...calls]);
    expect(calls.map((one) => replayed.verdict('ondisk', one))).toEqual(['deny ETXTBSY', 'deny ETXTBSY']);
  });

  test('the part inside is refused where a write of it is: a hole, an unwritten block', async () => {
    const holed: Line[] = [
      { t: 0, op: 'file', path: '/f', size: 4 * PAGE },
      { t: 0, op: 'extent', path: '/f', ...pages(0, 2), addr: 100 * PAGE },
      { t: 0, op: 'extent', path: '/f', ...pages(3, 1), addr: 103 * PAGE, state: 'unwritten' },
    ];
    const calls = [call(2, 2 * PAGE, 4 * PAGE), call(3, 3 * PAGE, 2 * PAGE)];
    const asIs = { seal_fills: 'false' };
    const replayed = await under('v1', [...holed, seal, ...calls], asIs);
    expect(calls.map((one) => replayed.verdict('ondisk', one))).toEqual(['deny ETXTBSY', 'deny ETXTBSY']);
    const loose = await under('v1', [...holed, seal, ...calls], { ...asIs, unwritten_is_map_change: 'false' });
    expect(calls.map((one) => loose.verdict('ondisk', one))).toEqual(['deny ETXTBSY', 'proceed']);
    expect(loose.map('ondisk', '/f')).toEqual(['0+2 written@100', '3+1 written@103']);
  });

  test('of what a recording shows it do, what lies inside is done', async () => {
    const observed: Line[] = [
      ...file,
      seal,
      call(2, 3 * PAGE, 3 * PAGE, { opId: 1 }),
      { t: 2, op: 'map_convert', path: '/f', ...pages(3, 1), state: 'written', opId: 1 },
      { t: 2, op: 'map_insert', path: '/f', ...pages(4, 2), addr: 200 * PAGE, opId: 1 },
      call(3, 3 * PAGE, 2 * PAGE, { opId: 2 }),
    ];
    const replayed = await under('v1', observed);
    expect(replayed.map('ondisk', '/f')).toEqual(['0+4 written@100']);
    expect(replayed.verdict('ondisk', observed.at(-1)!)).toBe('proceed');
    expect(
      (
        await under(
          'v1',
          observed.filter((line) => line !== seal),
        )
      ).map('ondisk', '/f'),
    ).toEqual(['0+4 written@100', '4+2 written@200']);
  });
});

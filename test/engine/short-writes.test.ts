// famfs.past_eof=short (seal-semantics note 4): a write past the end returns a count of 0 instead of EFBIG; nothing happens.
import { expect, test } from 'vitest';
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

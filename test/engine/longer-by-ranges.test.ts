// fallocate(2) makes a file longer with every mode that takes a range behind the end of file, unless it keeps the size
// (ext4_zero_range, xfs_falloc_zero_range, xfs_falloc_unshare_range of Linux 6.18): a fault there is none behind the end.
import { expect, test } from 'vitest';
import { type Line, PAGE, pages, replayLines, written } from '../support/replay.js';

const seen: Line = { t: 5, op: 'map_insert', pid: 2, path: '/f', ...pages(0, 1), addr: 100 * PAGE };

test.each(
  ['fallocate', 'zero', 'unshare'].flatMap((op) => [
    [op, 'followed', []],
    [op, 'recorded', [seen]],
  ]) as [string, string, Line[]][],
)('%s, map %s', async (op, _, observed) => {
  const map = { t: 1, op: 'mmap', pid: 1, path: '/f', ...pages(0, 16), handle: 'm', flags: ['shared', 'writable'] };
  const range = (flags: string[]) => ({ t: 10, op, pid: 2, path: '/f', off: 3 * PAGE, len: 5 * PAGE, flags });
  const fault = { t: 20, op: 'write_fault', pid: 1, path: '/f', ...pages(7, 1), handle: 'm' };
  const verdict = async (flags: string[]): Promise<string> => {
    const lines = [...written('/f', 4, 100), map, ...observed, range(flags), fault];
    return (await replayLines(lines, { policies: ['pagecache'] })).verdict('pagecache', fault);
  };
  expect(await verdict([])).toBe('proceed');
  expect(await verdict(['keep_size'])).toBe('deny SIGBUS');
});

test('what is unshared has blocks in its holes as well', async () => {
  const unshare = { t: 10, op: 'unshare', pid: 2, path: '/f', off: 3 * PAGE, len: 2 * PAGE };
  const replayed = await replayLines([...written('/f', 4, 100), unshare], { policies: ['pagecache'] });
  expect(replayed.map('pagecache', '/f').map((one) => one.split('@')[0])).toEqual(['0+4 written', '4+1 unwritten']);
});

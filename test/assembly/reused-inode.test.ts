// A file of another name gets the inode number of one that was removed (traces/recipes/reused-inode.py on XFS, Linux 6.18): it is
// called what it was made as, not what the number meant before.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ingest } from '../../src/trace/ingest.js';
import { scratch } from '../cli/support.js';

const folder = join(import.meta.dirname, '..', '..', 'traces', 'ftrace');
const { file } = scratch();
const unpacked = (name: string): string => gunzipSync(readFileSync(join(folder, name))).toString('utf8');

const truth = unpacked('xfs-reused-inode.driver.jsonl.gz')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { readonly name: string; readonly inode: number });
const report = unpacked('xfs-reused-inode.report.txt.gz');

const namesOf = async (path: string): Promise<string[]> =>
  (await ingest([path])).trace.files
    .filter(({ inode }) => inode === String(truth[0]!.inode))
    .map(({ path: name }) => name);

test('the last file of an inode number gives it its name', async () => {
  expect(new Set(truth.map(({ inode }) => inode)).size).toBe(1);
  expect(truth.map(({ name }) => name)).toEqual(['file-0.dat', 'file-1.dat']);
  expect(await namesOf(join(folder, 'xfs-reused-inode.report.txt.gz'))).toEqual(['file-1.dat']);
  const lines = report.split('\n');
  const second = lines.findIndex((line) => line.includes('xfs_create') && line.includes('file-1.dat'));
  expect(await namesOf(file('first.txt', lines.slice(0, second - 1).join('\n')))).toEqual(['file-0.dat']);
});

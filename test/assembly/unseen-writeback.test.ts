// Recordings of some tasks only: what the kernel's own threads do to blocks is not in them. Events: ext4 of Linux 6.18.
import { expect, test } from 'vitest';
import { reference } from '../../src/costs/index.js';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import type { Format } from '../../src/model/trace.js';
import { mapSnapshots } from '../../src/results/snapshots.js';
import { readAs } from '../formats/support.js';
import { policyOf } from '../support/compiled.js';

const ofTasks: Format = {
  ...ftraceText,
  read(input, sink, options) {
    sink.source.ofTasks = true;
    return ftraceText.read(input, sink, options);
  },
};

/** Are the maps of inodes 12, 13 and 14 uncertain at the end? 12 has delayed blocks, 13 unwritten ones, 14 those that its task wrote. */
async function uncertain(format: Format): Promise<readonly boolean[]> {
  const told = ['tracing_mark_write: sealtrace note_blocks 1 1 0 7:1 4096'];
  const events = [12, 13, 14].flatMap((inode) => [
    `ext4_es_insert_extent: dev 7,1 ino ${inode} es [0/4294967295) mapped 0 status H`,
    [
      'ext4_es_insert_delayed_extent: dev 7,1 ino 12 es [2/1) mapped 0 status D allocated 0 0',
      'ext4_es_insert_extent: dev 7,1 ino 13 es [2/1) mapped 700 status U',
      'ext4_es_insert_extent: dev 7,1 ino 14 es [2/1) mapped 800 status W',
    ][inode - 12]!,
  ]);
  // Something tells when status is forgotten: only then is what was told all that there is.
  const lines = told
    .concat(events, 'ext4_es_remove_extent: dev 7,1 ino 14 es [9/1)')
    .map((event, i) => `  dd-7 [000]  5.${String(i).padStart(9, '0')}: ${event}\n`);
  const { trace } = await readAs(format, `cpus=1\n${lines.join('')}`);
  const options = { costs: reference, kernel: policyOf('pagecache'), sealRule: 'dma', unseal: 'never' } as const;
  const { snapshots } = mapSnapshots(trace, policyOf('recorded'), { ...options, atNs: [] });
  const files = snapshots[0]!.files.toSorted((a, b) => Number(a.inode) - Number(b.inode));
  return files.map((file) => file.uncertain);
}

test('delayed and unwritten blocks are guesses, since nothing tells of their writeback', async () => {
  expect(await uncertain(ofTasks)).toEqual([true, true, false]);
});

test('where all tasks are recorded they are known', async () => {
  expect(await uncertain(ftraceText)).toEqual([false, false, false]);
});

// A person may leave handles out: a release ends the newest hold of its kind by the same process on the same file.
import { expect, test } from 'vitest';
import { replayLines } from '../support/replay.js';

const head = [
  { t: 0, op: 'file', path: '/mnt/db', dev: '259:0', ino: 131, size: 65536 },
  { t: 0, op: 'extent', path: '/mnt/db', off: 0, len: 65536, addr: 1 << 20 },
];
const hold = { path: '/mnt/db', pid: 10, off: 0, len: 65536 };

test('mmap and munmap without a handle seal and unseal', async () => {
  const lines = [
    ...head,
    { t: 1000, op: 'mmap', flags: ['shared', 'writable', 'direct'], ...hold },
    { t: 2000, op: 'truncate', pid: 20, path: '/mnt/db', size: 0 },
    { t: 3000, op: 'munmap', ...hold },
    { t: 4000, op: 'truncate', pid: 20, path: '/mnt/db', size: 0 },
  ];
  const { run } = await replayLines(lines, { policies: ['mapdirect'] });
  const lane = run.report.lanes.find((l) => l.policy === 'mapdirect')!;
  expect(lane.byOp.truncate).toMatchObject({ deny: 1, proceed: 1 });
  expect(lane.seals).toMatchObject({ opened: 1, closed: 1 });
});

test('a swap file named by path only goes off again', async () => {
  const lines = [
    ...head,
    { t: 1000, op: 'swapon', pid: 1, path: '/mnt/db' },
    { t: 2000, op: 'truncate', pid: 20, path: '/mnt/db', size: 0 },
    { t: 3000, op: 'swapoff', pid: 2, path: '/mnt/db' },
    { t: 4000, op: 'truncate', pid: 20, path: '/mnt/db', size: 0 },
  ];
  const { run } = await replayLines(lines, { policies: ['dax'] });
  expect(run.report.lanes.find((l) => l.policy === 'dax')!.byOp.truncate).toMatchObject({ deny: 1, proceed: 1 });
});

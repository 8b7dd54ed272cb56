// ext4 tells of a rename only what it lets go of: the file that had the new name. Kernel: Linux 6.18, the events of `git config`.
import { expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { Flag, Op } from '../../src/model/events.js';
import { readAs } from '../formats/support.js';

const EVENTS = `sys_enter_rename: oldname: 0x7f01, newname: 0x7f02
ext4_evict_inode: dev 7,3 ino 48 nlink 0
ext4_truncate_enter: dev 7,3 ino 48 blocks 8
ext4_truncate_exit: dev 7,3 ino 48 blocks 0
ext4_free_inode: dev 7,3 ino 48 mode 0100644 uid 0 gid 0 blocks 0
sys_exit_rename: 0x0`;

test('what a rename lets go of is what it replaced, and not what it renamed', async () => {
  const lines = EVENTS.split('\n').map((event, i) => `  git-7 [000]  5.${String(i).padStart(6, '0')}: ${event}\n`);
  const { columns: c, files } = (await readAs(ftraceText, `cpus=1\n${lines.join('')}`)).trace;
  const rows = [...c.op.keys()].filter((row) => c.op[row] === Op.rename);
  expect(rows.map((row) => [files[c.file[row]!]?.inode, c.flags[row]])).toEqual([
    [undefined, 0],
    ['48', Flag.second | Flag.over],
  ]);
});

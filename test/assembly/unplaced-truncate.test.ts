// truncate(2) by a path that nothing tells the file of: ext4 has an event only where a file becomes smaller.
import { expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { Flag, Op } from '../../src/model/events.js';
import { UNKNOWN } from '../../src/model/units.js';
import { readAs } from '../formats/support.js';

const sizesTold = async (length: string, ret: string) => {
  const cut = (fd: number, inode: number, size: string) => [
    `sys_enter_ftruncate: fd: 0x0000000${fd}, length: ${size}`,
    `ext4_truncate_enter: dev 7,0 ino ${inode} blocks 80`,
    'sys_exit_ftruncate: 0x0',
  ];
  const events = [
    // Without any write told of, no size is kept.
    'ext4_da_write_begin: dev 7,0 ino 14 pos 0 len 16',
    ...[...cut(4, 12, '0x00002000'), ...cut(5, 13, '0x00009000')],
    ...[`sys_enter_truncate: path: 0x7ffe0010, length: ${length}`, `sys_exit_truncate: ${ret}`],
  ];
  const lines = events.map((event, i) => `  tr-7 [000]  5.${String(i).padStart(9, '0')}: ${event}\n`);
  const { columns: c, files } = (await readAs(ftraceText, `cpus=1\n${lines.join('')}`)).trace;
  return [...c.op.keys()]
    .filter((row) => c.op[row] === Op.file && (c.flags[row]! & Flag.unknown) !== 0)
    .map((row) => [files[c.file[row]!]!.inode, c.length[row]]);
};

test('whatever was smaller may be the one that grew', async () =>
  expect(await sizesTold('0x00008000', '0x0')).toEqual([['12', UNKNOWN]]));

test.each([
  ['one that failed', '0x00008000', '0xfffffffffffffffe'],
  ['one to a size that no file is below', '0x00001000', '0x0'],
])('%s changes nothing', async (_, length, ret) => expect(await sizesTold(length, ret)).toEqual([]));

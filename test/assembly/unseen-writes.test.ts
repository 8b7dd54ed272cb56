// A write that is in no call of the trace (sendfile) where space is not reserved but taken at once (ext4 with nodelalloc): blocks that
// are new behind the end of file make its size unknown.
import { expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { Flag, Op } from '../../src/model/events.js';
import { UNKNOWN } from '../../src/model/units.js';
import { readAs } from '../formats/support.js';

const mapped = (lblk: number, mflags: string): string =>
  `ext4_ext_map_blocks_exit: dev 7,0 ino 12 flags CREATE lblk ${lblk} pblk 500 len 1 mflags ${mflags} ret 1`;

const sizesTold = async (...events: string[]) => {
  const before = [
    'ext4_da_write_begin: dev 7,0 ino 14 pos 12288 len 4096',
    'ext4_es_insert_delayed_extent: dev 7,0 ino 14 es [3/1) mapped 0 status D allocated 0',
    'sys_enter_ftruncate: fd: 0x00000004, length: 0x00002000',
    'ext4_truncate_enter: dev 7,0 ino 12 blocks 80',
    'sys_exit_ftruncate: 0x0',
  ];
  const lines = [...before, ...events].map((event, i) => `  tr-7 [000]  5.${String(i).padStart(9, '0')}: ${event}\n`);
  const { columns: c, files } = (await readAs(ftraceText, `cpus=1\n${lines.join('')}`)).trace;
  return [...c.op.keys()]
    .filter((row) => c.op[row] === Op.file && (c.flags[row]! & Flag.unknown) !== 0)
    .filter((row) => files[c.file[row]!]!.inode === '12')
    .map((row) => c.length[row]);
};

test('new blocks behind the end', async () => expect(await sizesTold(mapped(2, 'NM'))).toEqual([UNKNOWN]));

test.each([
  ['blocks that were there', [mapped(2, 'M')]],
  ['new blocks inside the file', [mapped(1, 'NM')]],
  [
    'new blocks in a call that says what it does',
    [
      'sys_enter_fallocate: fd: 0x00000004, mode: 0x00000001, offset: 0x00002000, len: 0x00001000',
      mapped(2, 'NMU'),
      'sys_exit_fallocate: 0x0',
    ],
  ],
])('%s: the size stays', async (_, events) => expect(await sizesTold(...events)).toEqual([]));

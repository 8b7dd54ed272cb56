// Calls on a path show a pointer, and programs make all their paths in one buffer: the file is the one that an event names
// inside the call, or none.
import { expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { Op } from '../../src/model/events.js';
import { readAs } from '../formats/support.js';

const BUFFER = '0x7ffe0010';
const opened = [
  `sys_enter_openat: dfd: 0xffffff9c, filename: ${BUFFER}, flags: 0x00000002, mode: 0x00000000`,
  'sys_exit_openat: 0x4',
  'sys_enter_ftruncate: fd: 0x00000004, length: 0x00002000',
  'ext4_truncate_enter: dev 7,0 ino 12 blocks 80',
  'sys_exit_ftruncate: 0x0',
];
const CALLS: Readonly<Record<string, [op: number, args: string]>> = {
  unlink: [Op.unlink, `pathname: ${BUFFER}`],
  rename: [Op.rename, `oldname: ${BUFFER}, newname: 0x7ffe0210`],
  truncate: [Op.truncate, `path: ${BUFFER}, length: 0x00001000`],
  swapon: [Op.swapon, `specialfile: ${BUFFER}, swap_flags: 0x0`],
};

const filesOf = async (name: string, inside: string[], ret: string, before: string[] = []) => {
  const [op, args] = CALLS[name]!;
  const events = [...opened, ...before, `sys_enter_${name}: ${args}`, ...inside, `sys_exit_${name}: ${ret}`];
  const text = events.map((event, i) => `   mv-7 [000]  5.${String(i).padStart(9, '0')}: ${event}\n`).join('');
  const { trace } = await readAs(ftraceText, `cpus=1\n${text}`);
  const { columns: c, files } = trace;
  return {
    inodes: [...c.op.keys()]
      .filter((row) => c.op[row] === op && c.length[row] !== 8192)
      .map((row) => files[c.file[row]!]?.inode),
    unplaced: trace.unplaced['calls on a path, whose file no event names'] ?? 0,
  };
};

test.each(Object.keys(CALLS))('%s: by a path that nothing tells the file of', async (name) =>
  expect(await filesOf(name, [], '0x0')).toEqual({ inodes: [undefined], unplaced: 1 }),
);

test.each(Object.keys(CALLS))('%s: a path of no file is none that is missing', async (name) =>
  expect(await filesOf(name, [], '0xfffffffffffffffe')).toEqual({ inodes: [undefined], unplaced: 0 }),
);

test.each([
  ['unlink', 'ext4_unlink_enter: dev 7,0 ino 13 size 0 parent 2'],
  ['truncate', 'ext4_truncate_enter: dev 7,0 ino 13 blocks 8'],
  ['truncate', 'xfs_setattr: dev 7:0 ino 0xd'],
])('%s: the kernel names the file', async (name, event) =>
  expect(await filesOf(name, [event], '0x0')).toEqual({ inodes: ['13'], unplaced: 0 }),
);

test('the page that the path itself stands in is of the program', async () =>
  expect(await filesOf('unlink', ['mm_filemap_fault: dev 7:0 ino d ofs=0'], '0x0')).toEqual({
    inodes: [undefined],
    unplaced: 1,
  }));

test('a name that is refused with EPERM, of the path that an active swap file was turned on by', async () => {
  const on = [
    `sys_enter_swapon: specialfile: ${BUFFER}, swap_flags: 0x0`,
    'mm_filemap_add_to_page_cache: dev 7:0 ino c pfn=0x1 ofs=0 order=0',
    'sys_exit_swapon: 0x0',
  ];
  const unlinked = async (ret: string) => (await filesOf('unlink', [], ret, on)).inodes;
  expect(await unlinked('0xffffffffffffffff')).toEqual(['12']);
  expect(await unlinked('0xfffffffffffffff3')).toEqual([undefined]);
});

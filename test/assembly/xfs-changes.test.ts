// Changes of files of XFS that no call in the trace tells of: what it announces is the operation, once, and what changes in the map
// belongs to it. Linux 6.18, the events in the order in which a recording had them (test/kernel/told-changes.test.ts makes more).
import { describe, expect, test } from 'vitest';
import { Flag, Op } from '../../src/model/events.js';
import { policy, run } from '../kernel/recordings.js';
import { by, changed, changes, read } from './told-changes.js';

const xfs = (event: string, rest = 'iflags 0x0'): string => `xfs_${event}: dev 7:1 ino 0x83 ${rest}`;
const space = (what: string): string => xfs(`${what}_file_space`);
const lock = xfs('ilock', 'flags IOLOCK_EXCL|MMAPLOCK_EXCL caller xfs_file_fallocate+0x2b/0x1e0');
const unlock = xfs('iunlock', 'flags IOLOCK_EXCL|MMAPLOCK_EXCL caller xfs_file_fallocate+0x2b/0x1e0');
const blockLock = xfs('iunlock', 'flags ILOCK_EXCL caller xfs_alloc_file_space+0x2b/0x1e0');
const record = (event: string, state: string, from: string, block: string, count: string, flag = 0): string =>
  xfs(
    event,
    `state ${state} cur 00000000c0127928/0 fileoff ${from} startblock ${block} fsbcount ${count} flag ${flag}`,
  );
const bunmap = (from: string, count: string): string =>
  xfs('bunmap', `disize 0x140000 fileoff ${from} fsbcount ${count} flags  caller xfs_bunmapi+0x15/0x40`);
const looks = (pos: string, length: string): string =>
  `iomap_iter: dev 7:1 ino 0x83 pos ${pos} length ${length} status 0 flags ZERO (0x2) ops 0xffffffff82469ab0`;
const zeroEof = (pos: string, count: string): string =>
  xfs('zero_eof', `isize ${pos} disize ${pos} pos ${pos} bytecount ${count}`);
const cut = (size: string, disize = size): string =>
  xfs('itruncate_extents_start', `disize ${disize} new_size ${size}`);

const ALLOCATED = [lock, space('alloc'), record('iext_insert', '0x40', '0x100', '0x118', '0x40', 1), blockLock];
const LONGER = [xfs('setattr'), zeroEof('0x100000', '0x40000'), looks('0x100000', '0x40000'), unlock];
const PUNCHED = [
  ...[lock, space('free'), bunmap('0x10', '0x8')],
  record('bmap_pre_update', '', '0x0', '0x18', '0x100'),
  record('bmap_post_update', '', '0x0', '0x18', '0x10'),
  record('iext_insert', '', '0x18', '0x30', '0xe8'),
  ...[looks('0x10000', '0x8000'), looks('0x18000', '0x0'), unlock],
];
const ZEROED = [
  ...[
    lock,
    space('zero'),
    space('free'),
    bunmap('0x59', '0x1'),
    looks('0x5800a', '0x2000'),
    looks('0x59000', '0x100a'),
  ],
  ...[space('alloc'), record('iext_insert', '0xc0', '0x59', '0xa', '0x1', 1), blockLock, unlock],
];
const COLLAPSED = [
  ...[lock, space('collapse'), space('free'), bunmap('0x20', '0x4'), looks('0x20000', '0x4000')],
  record('bmap_pre_update', '', '0x24', '0x3c', '0x1c'),
  record('bmap_post_update', '', '0x20', '0x3c', '0x1c'),
  ...[xfs('setattr'), cut('0x13c000'), bunmap('0x13c', '0x400000001ffec3'), unlock],
];
const INSERTED = [
  ...[lock, xfs('setattr'), zeroEof('0x13c000', '0x4000'), looks('0x13c000', '0x4000'), space('insert')],
  // Blocks behind the end of file go first.
  ...[cut('0x140000'), record('iext_remove', '', '0x140', '0x90', '0x4')],
  record('bmap_pre_update', '', '0x20', '0x3c', '0x1c'),
  record('bmap_post_update', '', '0x24', '0x3c', '0x1c'),
  unlock,
];
const UNSHARED = [
  ...[lock, xfs('reflink_unshare', 'isize 0x20000 disize 0x20000 pos 0x1000 bytecount 0x4000')],
  ...[space('alloc'), unlock],
];
const SPACE = [ALLOCATED.concat(LONGER), PUNCHED, ZEROED, COLLAPSED, INSERTED, UNSHARED].flat();
const withoutLocks = (events: readonly string[]): string[] => events.filter((one) => !/^xfs_iu?n?lock/.test(one));

describe('XFS', () => {
  const told = (durations: readonly (number | string)[]): unknown[][] =>
    [
      ['fallocate', '131', 0x100000, 0x40000, '-', 0, ''],
      ['punch', '131', 0x10000, 0x8000, '-', 0, 'keep_size'],
      ['zero', '131', 0x5800a, 0x2000, '-', 0, 'keep_size'],
      ['collapse', '131', 0x20000, 0x4000, '-', 0, ''],
      ['insert', '131', 0x20000, 0x4000, '-', 0, ''],
      ['unshare', '131', 0x1000, 0x4000, '-', 0, 'keep_size'],
    ].map((one, i) => one.with(5, durations[i]!));

  test('fallocate of a worker is one operation of its kind and range, until the lock against faults is given back', async () =>
    expect(await changes(by('iou-wrk-7-8', ...SPACE))).toEqual(told([6, 7, 8, 9, 8, 2])));

  test('the same without locks, of threads whose calls were not recorded', async () =>
    expect(await changes(by('fio-7', ...withoutLocks(SPACE)))).toEqual(told(['-', '-', '-', '-', '-', '-'])));

  test('within its call there is one operation, the call', async () => {
    const call = (mode: string, offset: string, length: string, events: readonly string[]): string[] => [
      `sys_enter_fallocate: fd: 0x00000004, mode: ${mode}, offset: ${offset}, len: ${length}`,
      ...[...events, 'sys_exit_fallocate: 0x0'],
    ];
    const calls = [...call('0x3', '0x10000', '0x8000', PUNCHED), ...call('0x20', '0x20000', '0x4000', INSERTED)];
    const found = await changes(by('fio-7', ...calls));
    expect(found.map(([op, , , , result]) => [op, result])).toEqual([
      ['punch', 0],
      ['insert', 0],
    ]);
  });

  test('what changes in the map belongs to it, not what the thread does to other files', async () => {
    const other = 'xfs_iext_insert: dev 7:1 ino 0x99 state  cur 0/0 fileoff 0x0 startblock 0x500 fsbcount 0x1 flag 0';
    const found = await changed(by('nfsd-7', ...withoutLocks(PUNCHED), other));
    expect(found).toEqual({ punch: ['map_remove', 'map_insert', 'map_insert'] });
  });

  test('a seal refuses what a worker does to a file that another has mapped', async () => {
    const mapped = [
      'sys_enter_mmap: addr: 0x00000000, len: 0x00100000, prot: 0x00000003, flags: 0x00000001, fd: 0x00000004, off: 0x00000000',
      'sys_exit_mmap: 0x7f0000000000',
      ...['sys_enter_fsync: fd: 0x00000004', xfs('file_fsync'), 'sys_exit_fsync: 0x0'],
    ];
    const trace = await read(`${by('db-7', ...mapped)}\n${by('iou-wrk-9-10', ...PUNCHED)}`);
    const lanes = run(trace, { sealRule: 'mapped', policies: [policy('pagecache'), policy('mapdirect')] }).report.lanes;
    const refused = lanes.map(({ byOp, policy: name }) => [name, byOp.punch?.deny]);
    expect(refused).toEqual([
      ['pagecache', 0],
      ['mapdirect', 1],
    ]);
  });

  test('without look-ups the whole blocks of a range are known, and without either nothing: taken for the whole file', async () => {
    const events = [space('free'), bunmap('0x10', '0x8'), space('free'), unlock];
    expect(await changes(by('nfsd-7', ...events))).toEqual([
      ['punch', '131', 0x10000, 0x8000, '-', '-', 'keep_size'],
      ['punch', '131', '-', '-', '-', '-', 'keep_size'],
    ]);
  });

  test('of an allocation the blocks that were not there are known, also where they join others', async () => {
    const events = [
      space('alloc'),
      record('bmap_pre_update', 'LC', '0x0', '0x18', '0x10', 1),
      record('bmap_post_update', 'LC', '0x0', '0x18', '0x20', 1),
    ];
    expect(await changes(by('nfsd-7', ...events))).toEqual([
      ['fallocate', '131', 0x10000, 0x10000, '-', '-', 'keep_size'],
    ]);
  });

  const sizeLock = xfs('ilock', 'flags MMAPLOCK_EXCL caller xfs_vn_setattr+0x52/0x140');
  const sizeUnlock = xfs('iunlock', 'flags 0x10 caller xfs_vn_setattr+0x8f/0x140');
  const TRUNCATED = [
    sizeLock,
    xfs('setattr'),
    looks('0x64005', '0xffb'),
    cut('0x64005'),
    bunmap('0x65', '0x9a'),
    sizeUnlock,
  ];
  const GROWN = [sizeLock, xfs('setattr'), zeroEof('0x64005', '0x29bffb'), sizeUnlock];
  // Permissions, and blocks behind the end of file when it is closed.
  const CLOSED = [xfs('setattr'), cut('0x300000', '0x2ff000')];
  const SHRUNK = ['truncate', '131', 0, 0x64005, '-'];

  test('a truncate is told by the size it sets; chmod and the blocks behind the end that go at close are none', async () => {
    const found = await changes(
      `${by('nfsd-7', ...TRUNCATED, ...GROWN, ...CLOSED)}\n${by('kworker/0:1-9', cut('0x0', '0x300000'))}`,
    );
    expect(found).toEqual([
      [...SHRUNK, 4, ''],
      ['truncate', '131', 0, 0x300000, '-', 2, ''],
    ]);
  });

  test('fallocate that keeps the size and a truncate after it are two', async () => {
    const found = await changes(by('nfsd-7', ...withoutLocks([...ALLOCATED, ...TRUNCATED])));
    expect(found).toEqual([
      ['fallocate', '131', 0x100000, 0x40000, '-', '-', 'keep_size'],
      [...SHRUNK, '-', ''],
    ]);
  });

  test('open that empties the file is no second operation', async () => {
    const open = 'sys_enter_openat: dfd: 0xffffff9c, filename: 0x55da325f7300, flags: 0x00000201, mode: 0x00000000';
    expect(
      await changes(by('sh-7', open, sizeLock, xfs('setattr'), cut('0x0'), sizeUnlock, 'sys_exit_openat: 0x4')),
    ).toEqual([]);
  });

  test('fsync, and unlink by what had the name; not rmdir, nor unlinkat of a directory', async () => {
    const remove = (name: string): string => `xfs_remove: dev 7:1 dp ino 0x80 name ${name}`;
    const entry = (inode: string): string =>
      `xfs_dir2_sf_removename: dev 7:1 ino 0x80 name a namelen 1 hashval 0x61 inumber ${inode} op_flags  owner 0x80`;
    const events = [
      ...[xfs('file_fsync'), remove('a'), 'xfs_iunlink: dev 7:1 agno 0x0 agino 0x83'],
      ...[remove('b'), entry('0x84'), 'xfs_lookup: dev 7:1 dp ino 0x85 name x'],
      ...[remove('dir'), 'xfs_iunlink: dev 7:1 agno 0x0 agino 0x85', remove('dir'), entry('0x85'), remove('c')],
      ...['xfs_readdir: dev 7:1 ino 0x86', remove('empty'), entry('0x86')],
      // Made and never read.
      ...['sys_enter_rmdir: pathname: 0x7f00', remove('new'), entry('0x87'), 'sys_exit_rmdir: 0x0'],
      'sys_enter_unlinkat: dfd: 0xffffff9c, pathname: 0x7f00, flag: 0x00000200',
      ...[remove('newer'), entry('0x88'), 'sys_exit_unlinkat: 0x0'],
    ];
    const { unplaced } = await read(by('nfsd-7', ...events));
    expect(unplaced).toEqual({
      'names taken away or changed outside every call in the trace, and no event tells of which file': 1,
    });
    expect(await changes(by('nfsd-7', ...events))).toEqual([
      ['fsync', '131', '-', '-', '-', '-', ''],
      ['unlink', '131', '-', '-', '-', '-', ''],
      ['unlink', '132', '-', '-', '-', '-', ''],
    ]);
  });

  test('a clone is one of both files, with its error if it fails; what is mapped for it is a part of it', async () => {
    const clone = (from: string, to: string): string =>
      `xfs_reflink_remap_range: dev 7:1 bytecount 0x4000 ino 0x83 isize 0x40000 disize 0x40000 pos ${from} -> ino 0x84 isize 0x2000 disize 0x2000 pos ${to}`;
    const events = by(
      'nfsd-7',
      ...[clone('0x2000', '0x100000'), record('iext_insert', '', '0x100', '0x118', '0x4').replace('0x83', '0x84')],
      ...[clone('0x0', '0x0'), 'xfs_reflink_remap_range_error: dev 7:1 ino 0x84 error -28 caller xfs_file_remap_range'],
      ...['sys_enter_ioctl: fd: 0x4, cmd: 0x40049409, arg: 0x3', clone('0x0', '0x0'), 'sys_exit_ioctl: 0x0'],
    );
    expect(await changes(events)).toEqual([
      ['reflink', '131', 0x2000, 0x4000, '-', '-', ''],
      ['reflink', '132', 0x100000, 0x4000, '-', '-', 'second'],
      ['reflink', '131', 0, 0x4000, -28, 1, ''],
      ['reflink', '132', 0, 0x4000, -28, 1, 'second'],
      ['reflink', '131', 0, 0x4000, 0, 2, 'whole'],
      ['reflink', '132', 0, 0x4000, 0, 2, 'whole,second'],
    ]);
    expect((await changed(events.split('\n').slice(0, 2).join('\n'))).reflink).toContain('map_insert');
  });

  test('a clone of which the record lacks a file is counted, and of no file', async () => {
    const damaged =
      'xfs_reflink_remap_range: dev 7:1 bytecount 0x4000 ino zzz isize 0x1 disize 0x1 pos 0x0 -> ino 0x84 isize 0x0 disize 0x0 pos 0x0';
    const events = by(
      'nfsd-7',
      damaged,
      'sys_enter_ioctl: fd: 0x4, cmd: 0x40049409, arg: 0x3',
      damaged,
      'sys_exit_ioctl: 0x0',
    );
    const { unplaced, files } = await read(events);
    expect(unplaced).toMatchObject({ 'clones whose event lacks one of the files': 2 });
    expect(files.filter(({ inode }) => inode === 'NaN')).toEqual([]);
  });

  test('what the thread of a clone maps afterwards is not shared', async () => {
    const inserted = (inode: string): string =>
      record('iext_insert', '', '0x100', '0x118', '0x4').replace('0x83', inode);
    const { columns: c, files } = await read(
      by(
        'nfsd-7',
        'xfs_reflink_remap_range: dev 7:1 bytecount 0x4000 ino 0x83 isize 0x40000 disize 0x40000 pos 0x0 -> ino 0x84 isize 0x2000 disize 0x2000 pos 0x100000',
        ...[inserted('0x84'), xfs('file_fsync'), inserted('0x85')],
      ),
    );
    const shared = [...c.op.keys()].flatMap((row) =>
      c.op[row] === Op.map_insert ? [[files[c.file[row]!]!.inode, (c.flags[row]! & Flag.reflinked) !== 0]] : [],
    );
    expect(shared).toEqual([
      ['132', true],
      ['133', false],
    ]);
  });

  test('a rename is one of the file that had the name, and of the one that had the new name', async () => {
    const rename = (from: string, to: string): string =>
      `xfs_rename: dev 7:1 src dp ino 0x80 target dp ino 0x80 src name ${from} target name ${to}`;
    const entry = (inode: string): string =>
      `xfs_dir2_sf_removename: dev 7:1 ino 0x80 name a namelen 1 hashval 0x61 inumber ${inode} op_flags  owner 0x80`;
    const events = by(
      'iou-wrk-7-8',
      ...[rename('a', 'c'), entry('0x83'), rename('c', 'b'), 'xfs_iunlink: dev 7:1 agno 0x0 agino 0x84', entry('0x83')],
      ...['xfs_readdir: dev 7:1 ino 0x85', rename('d', 'e'), entry('0x85'), rename('f', 'g')],
    );
    expect(await changes(events)).toEqual([
      ['rename', '131', '-', '-', '-', '-', ''],
      ['rename', '131', '-', '-', '-', '-', ''],
      ['rename', '132', '-', '-', '-', '-', 'second,over'],
    ]);
    expect((await read(events)).unplaced).toMatchObject({
      'names taken away or changed outside every call in the trace, and no event tells of which file': 1,
    });
  });

  test('a swap of extents is one of the file that is asked and of the other one, as long as it takes', async () => {
    const swap = (when: string): string[] =>
      ['0x83', '0x84'].map(
        (inode) =>
          `xfs_swap_extent_${when}: dev 7:1 ino ${inode} (target), extent format, num_extents 2, broot size 0, forkoff 0x0`,
      );
    const one = [...swap('before'), ...swap('after')];
    expect(await changes(by('xfs_fsr-7', ...one, ...one))).toEqual([
      ['swapext', '131', 0, '-', '-', 3, 'whole'],
      ['swapext', '132', 0, '-', '-', 3, 'whole,second'],
      ['swapext', '131', 0, '-', '-', 3, 'whole'],
      ['swapext', '132', 0, '-', '-', 3, 'whole,second'],
    ]);
  });

  test('the fsync of a direct write that is synced before it is over is a part of it', async () => {
    const at = 'dev 7:1 ino 0x83 size 0x800000 offset';
    const begin = `iomap_dio_rw_begin: ${at} 0x6000 length 0x2000 done_before 0x0 flags DSYNC|DIRECT|WRITE dio_flags  aio 1`;
    const end = `iomap_dio_complete: ${at} 0x8000 flags DSYNC|DIRECT|WRITE aio 1 error 0 ret 8192`;
    const found = await changes(
      `${by('fio-7', 'xfs_file_direct_write: dev 7:1 ino 0x83 disize 0x800000 pos 0x6000 bytecount 0x2000', begin)}
${by('kworker/1:1-9', xfs('file_fsync'), end, xfs('file_fsync'))}`,
    );
    expect(found.map(([op]) => op)).toEqual(['write', 'fsync']);
  });
});

// Reads and writes whose call tells nothing of them, or is not in the trace: what the file system announces is the operation, once.
// Kernel: Linux 6.18, the events in the order in which a recording of fio had them (test/kernel/handed-over.test.ts makes more).
import { expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { Flag, Op } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { UNKNOWN } from '../../src/model/units.js';
import { readAs } from '../formats/support.js';

/** Lines `task-tid: event`, a microsecond apart. */
async function traceOf(events: string): Promise<Trace> {
  const lines = events.split('\n').map((line, i) => {
    const [, task, event] = /^(\S+): (.*)$/.exec(line)!;
    return `  ${task} [000]  5.${String(i * 1000).padStart(9, '0')}: ${event}\n`;
  });
  return (await readAs(ftraceText, `cpus=1\n${lines.join('')}`)).trace;
}

/** The operations: name, direct, offset, length, duration in us. */
async function transfers(events: string): Promise<readonly (readonly unknown[])[]> {
  const { columns: c } = await traceOf(events);
  const rows = [...c.op.keys()].filter((row) => c.op[row] === Op.read || c.op[row] === Op.write);
  return rows.map((row) => [
    ...[c.op[row] === Op.read ? 'read' : 'write', (c.flags[row]! & Flag.direct) !== 0],
    ...[c.offset[row], c.length[row], c.latencyNs[row] === UNKNOWN ? -1 : c.latencyNs[row]! / 1000],
  ]);
}

const ENTER = 'sys_enter_io_uring_enter: fd: 0x00000007, to_submit: 0x00000001';
const buffered = (op: string, pos: number): string =>
  `xfs_file_buffered_${op}: dev 7:2 ino 0x83 disize 0x800000 pos 0x${pos.toString(16)} bytecount 0x4000`;
const begin = (pos: number, flags: string, aio = 1): string =>
  `iomap_dio_rw_begin: dev 7:2 ino 0x83 size 0x800000 offset 0x${pos.toString(16)} length 0x2000 done_before 0x0 flags ${flags} dio_flags  aio ${aio}`;
const complete = (pos: number, ret: number, aio = 1): string =>
  `iomap_dio_complete: dev 7:2 ino 0x83 size 0x800000 offset 0x${pos.toString(16)} flags DIRECT aio ${aio} error ${Math.min(ret, 0)} ret ${ret}`;

test('io_uring reads without waiting, at once again, and when the page has come: one read', async () => {
  const found = await transfers(`fio-7: ${ENTER}
fio-7: ${buffered('read', 0x78000)}
fio-7: mm_filemap_add_to_page_cache: dev 7:2 ino 83 pfn=0x19d8ad ofs=491520 order=0
fio-7: ${buffered('read', 0x78000)}
fio-7: sys_exit_io_uring_enter: 0x1
fio-7: ${ENTER}
fio-7: ${buffered('write', 0x4000)}
fio-7: ${buffered('write', 0x4000)}
fio-7: sys_exit_io_uring_enter: 0x1
fio-7: ${buffered('read', 0x78000)}
fio-7: ${buffered('read', 0x78000)}
fio-7: ${ENTER}
fio-7: ${buffered('read', 0x78000)}
fio-7: sys_exit_io_uring_enter: 0x1`);
  expect(found).toEqual([
    ['read', false, 0x78000, 0x4000, -1],
    ['write', false, 0x4000, 0x4000, -1],
    ['write', false, 0x4000, 0x4000, -1],
    ['read', false, 0x78000, 0x4000, -1],
  ]);
});

test('the map of what sendfile reads is not of the socket, pipe or file that it writes to', async () => {
  const source = `xfs_file_splice_read: dev 7:2 ino 0x83 isize 0x10000 disize 0x10000 pos 0x0 bytecount 0x4000
ngx-7: iomap_iter_dstmap: dev 7:2 ino 0x83 bdev 7:2 addr 0x20000 offset 0x0 length 0x4000 type MAPPED (0x2) flags  (0x0)`;
  const direct = `xfs_file_direct_read: dev 7:2 ino 0x83 disize 0x800000 pos 0x0 bytecount 0x4000
ngx-7: ${begin(0, 'DIRECT', 0)}`;
  const { columns: c, files } =
    await traceOf(`ngx-7: sys_enter_sendfile64: out_fd: 0x00000009, in_fd: 0x00000003, offset: 0x00000000, count: 0x4000
ngx-7: ${source}
ngx-7: sys_exit_sendfile64: 0x4000
ngx-7: sys_enter_splice: fd_in: 0x00000003, off_in: 0x7f00, fd_out: 0x00000009, off_out: 0x00000000, len: 0x4000, flags: 0x0
ngx-7: ${direct}
ngx-7: sys_exit_splice: 0x4000
ngx-7: sys_enter_copy_file_range: fd_in: 0x00000003, off_in: 0x7f00, fd_out: 0x00000008, off_out: 0x00000000, len: 0x4000, flags: 0x0
ngx-7: ${source}
ngx-7: sys_exit_copy_file_range: 0x4000
ngx-7: sys_enter_pwrite64: fd: 0x00000009, buf: 0x7f00, count: 0x10, pos: 0x10
ngx-7: sys_exit_pwrite64: 0x10
ngx-7: sys_enter_pwrite64: fd: 0x00000008, buf: 0x7f00, count: 0x10, pos: 0x20
ngx-7: sys_exit_pwrite64: 0x10
ngx-7: sys_enter_pread64: fd: 0x00000003, buf: 0x7f00, count: 0x10, pos: 0x30
ngx-7: sys_exit_pread64: 0x10`);
  const of = (op: number): readonly unknown[] =>
    [...c.op.keys()].filter((row) => c.op[row] === op).map((row) => [c.offset[row], files[c.file[row]!]?.inode]);
  expect(of(Op.read)).toEqual([
    [0, '131'],
    [0, '131'],
    [0x30, '131'],
  ]);
  expect(of(Op.write)).toEqual([
    [0x10, undefined],
    [0x20, undefined],
  ]);
});

test('what is faulted in while it is written to a socket is no file of the socket', async () => {
  const { columns: c, files } = await traceOf(`git-7: sys_enter_write: fd: 0x00000009, buf: 0x7f00, count: 0x4000
git-7: xfs_read_fault: dev 7:2 ino 0x83 order 0
git-7: mm_filemap_fault: dev 7:2 ino 83 ofs=0
git-7: iomap_iter_dstmap: dev 7:2 ino 0x83 bdev 7:2 addr 0x20000 offset 0x0 length 0x4000 type MAPPED (0x2) flags  (0x0)
git-7: mm_filemap_add_to_page_cache: dev 7:2 ino 83 pfn=0x19d8ad ofs=0 order=0
git-7: sys_exit_write: 0x4000
git-7: sys_enter_pwrite64: fd: 0x00000008, buf: 0x7f00, count: 0x4000, pos: 0x1000
git-7: mm_filemap_fault: dev 7:2 ino 84 ofs=0
git-7: ext4_da_write_begin: dev 7,2 ino 132 pos 4096 len 4096
git-7: sys_exit_pwrite64: 0x4000
git-7: sys_enter_write: fd: 0x00000009, buf: 0x7f00, count: 0x10
git-7: sys_exit_write: 0x10`);
  const writes = [...c.op.keys()].filter((row) => c.op[row] === Op.write);
  expect(writes.map((row) => files[c.file[row]!]?.inode)).toEqual([undefined, '132', undefined]);
});

test('a buffered write that iomap gave no map to is made by a worker, in one operation; one that had its map is over', async () => {
  const mapped = (pos: number): string =>
    `iomap_iter_dstmap: dev 7:2 ino 0x83 bdev 7:2 addr 0x90000 offset 0x${pos.toString(16)} length 0x4000 type MAPPED (0x2) flags  (0x0)`;
  const found = await transfers(`fio-7: ${ENTER}
fio-7: ${buffered('write', 0x4000)}
fio-7: ${mapped(0x4000)}
fio-7: ${buffered('write', 0x8000)}
fio-7: ${buffered('write', 0xc000)}
fio-7: ${mapped(0xc000)}
fio-7: sys_exit_io_uring_enter: 0x1
fio-7: ${buffered('write', 0x8000)}
fio-7: ${buffered('write', 0xc000)}`);
  expect(found.map(([, , offset]) => offset)).toEqual([0x4000, 0x8000, 0xc000, 0xc000]);
});

test('direct I/O that would have had to wait is begun again by a worker: one operation since the first try', async () => {
  const found = await transfers(`fio-7: ${ENTER}
fio-7: xfs_file_direct_write: dev 7:2 ino 0x83 disize 0x800000 pos 0x6000 bytecount 0x2000
fio-7: ${begin(0x6000, 'NOWAIT|DIRECT|WRITE')}
fio-7: ${complete(0x6000, -11)}
fio-7: ${begin(0x8000, 'NOWAIT|DIRECT')}
fio-7: sys_exit_io_uring_enter: 0x1
iou-wrk-7-8: xfs_file_direct_write: dev 7:2 ino 0x83 disize 0x800000 pos 0x6000 bytecount 0x2000
iou-wrk-7-8: ${begin(0x6000, 'DIRECT|WRITE')}
iou-wrk-7-8: ${begin(0x8000, 'DIRECT')}
ksoftirqd/0-9: ${complete(0x8000, 0x2000)}
ksoftirqd/0-9: ${complete(0xa000, 0x2000)}`);
  expect(found).toEqual([
    ['write', true, 0x6000, 0x2000, 7],
    ['read', true, 0x8000, 0x2000, 6],
  ]);
});

test('what is on its way is not begun again, and what nobody begins again has failed', async () => {
  const found = await transfers(`fio-7: ${ENTER}
fio-7: ${begin(0x6000, 'NOWAIT|DIRECT')}
fio-7: iomap_dio_rw_queued: dev 7:2 ino 0x83 size 0x800000 offset 0x8000 length 0x0
fio-7: ${begin(0xa000, 'NOWAIT|DIRECT')}
fio-7: ${complete(0xa000, -11)}
fio-7: sys_exit_io_uring_enter: 0x1
iou-wrk-7-8: ${begin(0x6000, 'DIRECT')}
ksoftirqd/0-9: ${complete(0x8000, 0x2000)}
ksoftirqd/0-9: ${complete(0x8000, 0x2000)}`);
  expect(found).toEqual([
    ['read', true, 0x6000, 0x2000, 6],
    ['read', true, 0xa000, 0x2000, 1],
    ['read', true, 0x6000, 0x2000, 2],
  ]);
});

test('without calls, synchronous direct I/O is what XFS announced before it; ext4 does not tell reads from writes', async () => {
  const found =
    await transfers(`dd-7: xfs_file_direct_write: dev 7:2 ino 0x83 disize 0x800000 pos 0x6000 bytecount 0x2000
dd-7: ${begin(0x6000, 'DIRECT', 0)}
dd-7: ${complete(0x8000, 0x2000, 0)}
dd-7: xfs_file_direct_read: dev 7:2 ino 0x83 disize 0x800000 pos 0x9000 bytecount 0x1000
ext4-8: ${begin(0xa000, 'DIRECT', 0)}
ext4-8: ${complete(0xc000, 0x2000, 0)}`);
  expect(found).toEqual([
    ['write', true, 0x6000, 0x2000, 1],
    ['read', true, 0x9000, 0x1000, -1],
  ]);
});

test('synchronous direct I/O ends in the thread that began it', async () => {
  const write = 'xfs_file_direct_write: dev 7:2 ino 0x83 disize 0x800000 pos 0x6000 bytecount 0x2000';
  const found = await transfers(`dd-7: ${write}
dd-7: ${begin(0x6000, 'DIRECT', 0)}
dd-8: ${write}
dd-8: ${begin(0x6000, 'DIRECT', 0)}
dd-8: ${complete(0x8000, 0x2000, 0)}
dd-7: ${complete(0x8000, 0x2000, 0)}`);
  expect(found.map(([, , , , us]) => us)).toEqual([4, 1]);
});

test('an error whose sign perf script loses is one', async () => {
  const found =
    await transfers(`dd-7: xfs_file_direct_read: dev 7:2 ino 0x83 disize 0x800000 pos 0x6000 bytecount 0x2000
dd-7: ${begin(0x6000, 'DIRECT', 0)}
dd-7: ${complete(0x6000, 2 ** 32 - 14, 0)}`);
  expect(found).toEqual([['read', true, 0x6000, 0x2000, 1]]);
});

test('ext4 tells of one write in pieces: what is left of it, or page after page', async () => {
  const piece = (pos: number, length: number, minor = 3): string =>
    `ext4_da_write_begin: dev 7,${minor} ino 12 pos ${pos} len ${length}`;
  const found = await transfers(`fio-7: sys_enter_io_submit: ctx_id: 0x7f670a1d5000, nr: 0x00000001
fio-7: ${piece(16384, 16384)}
fio-7: ${piece(20480, 12288)}
fio-7: ${piece(65536, 16384)}
fio-7: ${piece(81920, 16384)}
fio-7: sys_exit_io_submit: 0x1
nfsd-8: ${piece(100, 3996, 4)}
nfsd-8: ${piece(4096, 4096, 4)}
nfsd-8: ${piece(8192, 10, 4)}
nfsd-8: ${piece(8202, 10, 4)}`);
  expect(found).toEqual([
    ['write', false, 16384, 16384, -1],
    ['write', false, 65536, 16384, -1],
    ['write', false, 81920, 16384, -1],
    ['write', false, 100, 8102, -1],
    ['write', false, 8202, 10, -1],
  ]);
});

test('where ext4 announced more than a page, pages that follow each other are writes of their own', async () => {
  const piece = (minor: number, pos: number, length: number): string =>
    `dd-7: ext4_da_write_begin: dev 7,${minor} ino 12 pos ${pos} len ${length}`;
  const found = await transfers(`${piece(3, 0, 16384)}
${piece(3, 16384, 4096)}
${piece(3, 20480, 4096)}
${piece(4, 0, 4096)}
${piece(4, 4096, 4096)}`);
  expect(found.map(([, , offset, length]) => [offset, length])).toEqual([
    [0, 16384],
    [16384, 4096],
    [20480, 4096],
    [0, 8192],
  ]);
});

const xfs = (event: string, ino: number, pos: number, count: number): string =>
  `xfs_file_${event}: dev 7:2 ino 0x${ino.toString(16)} disize 0x0 pos 0x${pos.toString(16)} bytecount 0x${count.toString(16)}`;
const open = (
  fd: number,
  flags = 2,
): string => `py-7: sys_enter_openat: dfd: 0xffffffffffffff9c, filename: 0x7f00, flags: 0x${flags.toString(16)}, mode: 0x0
py-7: sys_exit_openat: 0x${fd}`;

test('sendfile and splice are a read and a write, in how many pieces the kernel does it, and move positions', async () => {
  const found = await transfers(`${open(3)}
${open(4)}
py-7: sys_enter_sendfile64: out_fd: 0x00000004, in_fd: 0x00000003, offset: 0x00000000, count: 0x18000
py-7: ${xfs('splice_read', 0x83, 0, 0x10000)}
py-7: ${xfs('buffered_write', 0x84, 0, 0x10000)}
py-7: ${xfs('splice_read', 0x83, 0x10000, 0x8000)}
py-7: ${xfs('buffered_write', 0x84, 0x10000, 0x8000)}
py-7: sys_exit_sendfile64: 0x18000
py-7: sys_enter_read: fd: 0x00000003, buf: 0x7f00, count: 0x10
py-7: sys_exit_read: 0x10
py-7: sys_enter_sendfile64: out_fd: 0x00000009, in_fd: 0x00000003, offset: 0x7ffe0000, count: 0x1000
py-7: ${xfs('splice_read', 0x83, 0x2000, 0x1000)}
py-7: sys_exit_sendfile64: 0x1000
py-7: sys_enter_splice: fd_in: 0x00000008, off_in: 0x00000000, fd_out: 0x00000004, off_out: 0x00000000, len: 0x3000, flags: 0x0
py-7: sys_exit_splice: 0x3000
py-7: sys_enter_splice: fd_in: 0x00000003, off_in: 0x00000000, fd_out: 0x00000009, off_out: 0x00000000, len: 0x3000, flags: 0x0
py-7: sys_exit_splice: 0xfffffffffffffff5`);
  expect(found.map(([op, , offset, length]) => [op, offset, length])).toEqual([
    ['read', 0, 0x18000],
    ['write', 0, 0x18000],
    ['read', 0x18000, 0x10],
    ['read', 0x2000, 0x1000],
    ['write', 0x18000, 0x3000],
  ]);
});

test('what appends goes where the file system says, whatever the call says; -1 is the position', async () => {
  const found = await transfers(`${open(3, 0x402)}
py-7: sys_enter_pwrite64: fd: 0x00000003, buf: 0x7f00, count: 0x10, pos: 0x0
py-7: ${xfs('buffered_write', 0x83, 0x500, 0x10)}
py-7: sys_exit_pwrite64: 0x10
${open(4)}
py-7: sys_enter_pwritev2: fd: 0x4, vec: 0x7f00, vlen: 0x1, pos_l: 0x0, pos_h: 0x0, flags: 0x10
py-7: ${xfs('buffered_write', 0x84, 0x600, 0x10)}
py-7: sys_exit_pwritev2: 0x10
py-7: sys_enter_pwritev2: fd: 0x4, vec: 0x7f00, vlen: 0x1, pos_l: 0xffffffffffffffff, pos_h: 0xffffffffffffffff, flags: 0x0
py-7: sys_exit_pwritev2: 0x20
py-7: sys_enter_read: fd: 0x00000004, buf: 0x7f00, count: 0x10
py-7: sys_exit_read: 0x10`);
  expect(found.map(([op, , offset, length]) => [op, offset, length])).toEqual([
    ['write', 0x500, 0x10],
    ['write', 0x600, 0x10],
    ['write', 0, 0x20],
    ['read', 0x20, 0x10],
  ]);
});

test('the map changes inside a sendfile are of its write', async () => {
  const lines = [
    'sys_enter_sendfile64: out_fd: 0x00000004, in_fd: 0x00000003, offset: 0x00000000, count: 0x1000',
    xfs('splice_read', 0x83, 0, 0x1000),
    xfs('buffered_write', 0x84, 0, 0x1000),
    'xfs_iext_insert: dev 7:2 ino 0x84 state LC cur 0x0/0 fileoff 0x0 startblock 0xffffffffe0005 fsbcount 0x1 flag 0 caller x',
    'sys_exit_sendfile64: 0x1000',
  ].map((line, i) => `  py-7 [000]  5.${String(i * 1000).padStart(9, '0')}: ${line}\n`);
  const { columns: c } = (await readAs(ftraceText, `cpus=1\n${lines.join('')}`)).trace;
  const idOf = (op: number): number | undefined => c.opId[c.op.indexOf(op)];
  expect(idOf(Op.map_insert)).toBe(idOf(Op.write));
  expect(idOf(Op.read)).not.toBe(idOf(Op.write));
});

test('a read and writes that begin at one place, under way at once: each has its own end', async () => {
  const at = (what: string, pos: number, rest: string): string =>
    `iomap_dio_${what}: dev 7:2 ino 0x83 size 0x800000 offset 0x${pos.toString(16)} ${rest}`;
  const begins = (length: number, flags: string): string =>
    at('rw_begin', 0x6b8000, `length 0x${length.toString(16)} done_before 0x0 flags ${flags} dio_flags  aio 1`);
  const ends = (length: number, flags: string): string =>
    at('complete', 0x6b8000 + length, `flags ${flags} aio 1 error 0 ret ${length}`);
  const found = await transfers(`fio-7: ${begins(0x8000, 'DIRECT|WRITE')}
fio-7: ${begins(0x1000, 'DIRECT|WRITE')}
fio-7: ${begins(0x1000, 'DIRECT')}
swapper-0: ${ends(0x1000, 'DIRECT')}
swapper-0: ${ends(0x1000, 'DIRECT|WRITE')}
swapper-0: ${ends(0x8000, 'DIRECT|WRITE')}`);
  expect(found).toEqual([
    ['write', true, 0x6b8000, 0x8000, 5],
    ['write', true, 0x6b8000, 0x1000, 3],
    ['read', true, 0x6b8000, 0x1000, 1],
  ]);
});

test('a buffered write that io_uring begins and a worker ends: one write, as far as the worker makes its rest', async () => {
  const write = (pos: number, length: number): string =>
    `xfs_file_buffered_write: dev 7:2 ino 0x84 disize 0x800000 pos 0x${pos.toString(16)} bytecount 0x${length.toString(16)}`;
  const shown = (pos: number): string =>
    `iomap_iter_dstmap: dev 7:2 ino 0x84 bdev 7:2 addr 0x1000000 offset 0x${pos.toString(16)} length 0x100000 type MAPPED flags DIRTY`;
  const found = await transfers(`fio-7: task_newtask: pid=8 comm=iou-wrk-7 clone_flags=10f00 oom_score_adj=0
fio-7: ${shown(0)}
fio-7: ${ENTER}
fio-7: ${write(0x568000, 0x8000)}
fio-7: ${shown(0x568000)}
fio-7: sys_exit_io_uring_enter: 0x1
iou-wrk-7-8: ${write(0x56b000, 0x5000)}
iou-wrk-7-8: ${shown(0x56b000)}
iou-wrk-7-8: ${write(0x56c000, 0x4000)}
iou-wrk-7-8: ${shown(0x56c000)}`);
  expect(found).toEqual([
    ['write', false, 0x568000, 0x8000, -1],
    ['write', false, 0x56c000, 0x4000, -1],
  ]);
});

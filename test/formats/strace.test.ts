// strace text: arguments, descriptors, tasks and interrupted calls, and what is made of them.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Assembler } from '../../src/assembly/assembler.js';
import { CALL_EXITS } from '../../src/assembly/calls.js';
import { strace } from '../../src/formats/strace.js';
import { decorated, splitArguments, value } from '../../src/formats/strace-args.js';
import { StraceLinks } from '../../src/formats/strace-links.js';
import { pathIn } from '../../src/formats/strace-notes.js';
import { Op } from '../../src/model/events.js';
import { TraceBuilder } from '../../src/trace/builder.js';
import { content, driverLines, hasShared, shared } from '../kernel/recordings.js';
import { input } from '../trace/support.js';
import { head, operations, type Read, readAs } from './support.js';

const read = (text: string): Promise<Read> => readAs(strace, text);
/** Calls of task 7, one microsecond apart. */
const calls = (...lines: string[]): string =>
  lines.map((line, i) => `7 1700000000.${String(i).padStart(6, '0')} ${line} <0.000002>\n`).join('');
const done = async (...lines: string[]): Promise<unknown[]> =>
  operations((await read(calls(...lines))).trace).map(({ op, file, offset, length, result, flags }) =>
    [op, file, offset, length, result, flags].join(' '),
  );

describe('arguments', () => {
  test('split at outer commas only', () => {
    const text =
      '3</a, "b">, {x=[1, 2], y="), \\""}, 4<TCP:[1.2.3.4:80->5.6.7.8:90]>, 1<<3, 5</dev/sda<block 8:0>>) = 0';
    const { list, end } = splitArguments(text, 0);
    expect(list).toEqual([
      '3</a, "b">',
      '{x=[1, 2], y="), \\""}',
      '4<TCP:[1.2.3.4:80->5.6.7.8:90]>',
      '1<<3',
      '5</dev/sda<block 8:0>>',
    ]);
    expect(text.slice(end)).toBe(' = 0');
    expect(splitArguments('3, {a', 0)).toEqual({ list: ['3', '{a'], end: -1 });
  });
  test.each([
    ['-1', -1],
    ['0x1000', 4096],
    ['0644', 420],
    ['0', 0],
    ['3</a|b or 4>', 3],
    ['"1 or 2"', Number.NaN],
    ['NULL', 0],
    ['AT_FDCWD</x>', -100],
    ['18446744073709551615', -1],
    ['O_RDWR|O_CREAT|O_DIRECT', 0x4042],
    ['FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE', 3],
    ['0x1 /* PROT_READ */', 1],
    ['BTRFS_IOC_CLONE or FICLONE', 0x40049409],
    ['_IOC(_IOC_READ|_IOC_WRITE, 0x66, 0xf, 0x28)', 0xc028660f],
    ['"text"', Number.NaN],
    ['{a=1}', Number.NaN],
    ['SOMETHING_NEW', Number.NaN],
  ])('%s is %d', (text, expected) => {
    expect(value(text)).toBe(expected);
  });
  test('descriptors say what they are', () => {
    expect(decorated('3</a\\40b\\74>')).toEqual({ fd: 3, path: '/a b<', device: Number.NaN });
    expect(decorated('3</a>(deleted)')).toMatchObject({ path: '/a (deleted)' });
    expect(decorated('3</dev/sda<block 8:1>>')).toEqual({ fd: 3, path: '/dev/sda', device: 8 * 1048576 + 1 });
    expect(decorated('3<\\x2f\\x61>')).toMatchObject({ path: '/a' });
    for (const other of ['3</dev/null<char 1:3>>', '3<pipe:[12]>', '3<TCP:[1:2->3:4]>', '3', '"</x>"'])
      expect(decorated(other)).toBeNull();
  });
  test.each([
    ['/a/b', 'c', '/a/b/c'],
    ['/a/b', '../c/./d', '/a/c/d'],
    ['/a', '/x//y', '/x/y'],
    ['', 'c', 'c'],
  ])('%s and %s are %s', (base, path, expected) => {
    const from = { cwd: base, root: '', opened: new Map(), links: new StraceLinks() };
    expect(pathIn(from, path)).toBe(expected);
  });
});

describe('calls', () => {
  test('open, positions, transfers, sizes', async () => {
    expect(
      await done(
        'openat(AT_FDCWD</d>, "f", O_RDWR|O_CREAT|O_TRUNC|O_DIRECT, 0644) = 3</d/f>',
        'write(3</d/f>, "aaa"..., 8192) = 8192',
        'lseek(3</d/f>, 4096, SEEK_SET) = 4096',
        'read(3</d/f>, "a", 100) = 50',
        'pwrite64(3</d/f>, "a", 4096, 12288) = -1 ENOSPC (No space left on device)',
        'preadv(3</d/f>, [{iov_base="x", iov_len=4096}], 1, 512) = 4096',
        'fallocate(3</d/f>, FALLOC_FL_COLLAPSE_RANGE, 4096, 8192) = 0',
        'fallocate(3</d/f>, FALLOC_FL_KEEP_SIZE|FALLOC_FL_WRITE_ZEROES, 0, 4096) = -1 EOPNOTSUPP (Operation not supported)',
        'ftruncate(3</d/f>, 77) = 0',
        'close(3</d/f>) = 0',
      ),
    ).toEqual([
      'open f -1 -1 0 write direct trunc',
      'write f 0 8192 0 direct',
      'read f 4096 50 0 direct',
      'write f 12288 4096 -28 direct',
      'read f 512 4096 0 direct',
      'collapse f 4096 8192 0 ',
      'zero f 0 4096 -95 keep_size',
      'truncate f 0 77 0 ',
      'close f -1 -1 0 ',
    ]);
  });

  test.each(['quo\\"te', 'My FILE (1)', 'a -> b, = 3', 'a|b or 4'])('a file may be called %s', async (name) => {
    const { trace } = await read(
      calls(
        `openat(AT_FDCWD, "/m/${name}", O_RDWR) = 3</m/${name.replace('>', '\\76')}>`,
        `pwrite64(3</m/${name.replace('>', '\\76')}>, "x"..., 4096, 0) = 4096`,
      ),
    );
    expect(trace.issues).toEqual([]);
    expect(trace.files.map(({ path }) => path)).toContain(`/m/${name.replace('\\', '')}`);
    expect(operations(trace).map(({ op, offset, length }) => [op, offset, length])).toContainEqual(['write', 0, 4096]);
  });
  test('appending has no position that the call tells', async () => {
    const rows = await done(
      'openat(AT_FDCWD</d>, "log", O_WRONLY|O_APPEND) = 3</d/log>',
      'write(3</d/log>, "aaa"..., 10) = 10',
    );
    expect(rows[1]).toBe('write log -1 10 0 ');
  });

  test('what appends goes to the end, wherever it says and wherever was read before; a synchronous write is one', async () => {
    const rows = await done(
      'openat(AT_FDCWD</d>, "log", O_RDWR|O_APPEND) = 3</d/log>',
      'read(3</d/log>, "a"..., 4) = 4',
      'pwrite64(3</d/log>, "a"..., 10, 0) = 10',
      'lseek(3</d/log>, 7, SEEK_SET) = 7',
      'read(3</d/log>, "a"..., 3) = 3',
      'write(3</d/log>, "a"..., 10) = 10',
      'pwritev2(3</d/log>, [{iov_base="a"..., iov_len=10}], 1, 0, RWF_NOAPPEND) = 10',
      'openat(AT_FDCWD</d>, "f", O_RDWR) = 4</d/f>',
      'pwritev2(4</d/f>, [{iov_base="a"..., iov_len=10}], 1, 5, RWF_APPEND) = 10',
      'pwritev2(4</d/f>, [{iov_base="a"..., iov_len=10}], 1, 5, RWF_DSYNC) = 10',
      'pwritev2(4</d/f>, [{iov_base="a"..., iov_len=10}], 1, -1, 0) = 10',
      'read(4</d/f>, "a"..., 3) = 3',
      'openat(AT_FDCWD</d>, "s", O_RDWR|O_SYNC) = 5</d/s>',
      'write(5</d/s>, "a"..., 10) = 10',
    );
    expect(rows.filter((row) => !String(row).startsWith('open'))).toEqual([
      'read log 0 4 0 ',
      'write log -1 10 0 ',
      'read log 7 3 0 ',
      'write log -1 10 0 ',
      'write log 0 10 0 ',
      'write f -1 10 0 ',
      'write f 5 10 0 sync',
      'write f 0 10 0 ',
      'read f 10 3 0 ',
      'write s 0 10 0 sync',
    ]);
  });

  test('nobody knows the position of a descriptor that another process was given', async () => {
    const rows = await done(
      'openat(AT_FDCWD</d>, "f", O_RDWR) = 3</d/f>',
      'write(3</d/f>, "a"..., 10) = 10',
      'sendmsg(9<UNIX-STREAM:[1->2]>, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="x", iov_len=1}], msg_iovlen=1, msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[3</d/f>]}], msg_controllen=24, msg_flags=0}, 0) = 1',
      'write(3</d/f>, "a"..., 10) = 10',
      'pwrite64(3</d/f>, "a"..., 10, 30) = 10',
    );
    expect(rows.slice(1)).toEqual(['write f 0 10 0 ', 'write f -1 10 0 ', 'write f 30 10 0 ']);
  });

  const truncated = async (...lines: string[]): Promise<readonly string[]> => {
    const { trace } = await read(calls(...lines));
    const { op, file, rows } = trace.columns;
    return [...op.keys()]
      .filter((i) => i < rows && op[i] === Op.truncate)
      .map((i) => trace.files[file[i]!]?.path ?? '');
  };

  test('paths count from where fchdir and chroot lead', async () => {
    expect(
      await truncated(
        'openat(AT_FDCWD</d>, "x", O_RDONLY|O_DIRECTORY) = 3</d/x>',
        'fchdir(3</d/x>) = 0',
        'truncate("f", 1) = 0',
        'chroot("sub") = 0',
        'truncate("/f", 1) = 0',
      ),
    ).toEqual(['/d/x/f', '/d/x/sub/f']);
  });

  test('without -y paths count from directories as they were opened; behind one that is not known there is no name', async () => {
    const { trace } = await read(
      calls(
        'chdir("/d") = 0',
        'openat(AT_FDCWD, "x", O_RDONLY|O_DIRECTORY) = 3',
        'fcntl(3, F_DUPFD_CLOEXEC, 10) = 10',
        'close(3) = 0',
        'unlinkat(10, "f", 0) = 0',
        'unlinkat(7, "g", 0) = 0',
        'openat(AT_FDCWD, ".", O_RDWR|O_TMPFILE, 0600) = 4',
        'write(4, "a"..., 10) = 10',
        'fchdir(10) = 0',
        'unlink("h") = 0',
        'fchdir(8) = 0',
        'truncate("../i", 3) = 0',
      ),
    );
    const named = operations(trace).map(({ op }, i) => `${op} ${trace.files[trace.columns.file[i]!]?.path ?? ''}`);
    expect(named.filter((one) => !one.startsWith('open') && !one.startsWith('close'))).toEqual([
      'unlink /d/x/f',
      'unlink ',
      'write ',
      'unlink /d/x/h',
      'truncate ../i',
    ]);
  });

  test('paths are followed through rename and unlink; the next file of a name is another file', async () => {
    const { trace } = await read(
      calls(
        'openat(AT_FDCWD</d>, "a", O_RDWR|O_CREAT, 0644) = 3</d/a>',
        'rename("a", "b") = 0',
        'fsync(3</d/b>) = 0',
        'openat2(AT_FDCWD</d>, "a", {flags=O_WRONLY|O_CREAT, mode=0644, resolve=0}, 24) = 4</d/a>',
        'unlinkat(AT_FDCWD</d>, "b", 0) = 0',
        'openat(AT_FDCWD</d>, "b", O_RDWR|O_CREAT, 0644) = 5</d/b>',
        'fsync(3</d/b>(deleted)) = 0',
        'truncate("/d/b", 5) = 0',
      ),
    );
    const { op, file, flags } = trace.columns;
    expect([...op].filter((_, i) => flags[i] !== 0 || true).length).toBeGreaterThan(6);
    const rows = operations(trace).map((one) => one.op);
    expect(rows).toEqual(['open', 'rename', 'fsync', 'open', 'unlink', 'open', 'fsync', 'truncate']);
    const files = [...file].slice(0, 3);
    expect(new Set(files).size).toBe(1);
    const byOp = operations(trace).map((_, i) => file[i]);
    expect(byOp).toEqual([0, 0, 0, 1, 0, 2, 0, 2]);
    expect(trace.issues.filter(({ code }) => code === 'descriptor-elsewhere')).toEqual([]);
  });

  test('clones and copies have their ranges', async () => {
    expect(
      await done(
        'openat(AT_FDCWD</d>, "a", O_RDWR) = 3</d/a>',
        'openat(AT_FDCWD</d>, "b", O_RDWR) = 4</d/b>',
        'ioctl(4</d/b>, BTRFS_IOC_CLONE_RANGE or FICLONERANGE, {src_fd=3</d/a>, src_offset=4096, src_length=8192, dest_offset=65536}) = 0',
        'copy_file_range(3</d/a>, [0], 4</d/b>, [4096], 131072, 0) = 4096',
        'ioctl(3</d/a>, BTRFS_IOC_FILE_EXTENT_SAME or FIDEDUPERANGE, {src_offset=1, src_length=2, dest_count=1, info=[{dest_fd=4</d/b>, dest_offset=3}]} => {info=[{bytes_deduped=0, status=1}]}) = 0',
        'ioctl(4</d/b>, FS_IOC_FIEMAP, {fm_start=0}) = 0',
      ),
    ).toEqual([
      'open a -1 -1 0 write',
      'open b -1 -1 0 write',
      'reflink a 4096 8192 0 ',
      'reflink b 65536 8192 0 second',
      'reflink a 0 4096 0 ',
      'reflink b 4096 4096 0 second',
      'dedupe a 1 2 0 ',
      'dedupe b 3 2 0 second',
      'address_query b 0 -1 0 whole',
    ]);
  });

  test('a copy without offsets goes on where the descriptors are', async () => {
    expect(
      await done(
        'openat(AT_FDCWD</d>, "a", O_RDWR) = 3</d/a>',
        'openat(AT_FDCWD</d>, "b", O_RDWR) = 4</d/b>',
        'copy_file_range(3</d/a>, NULL, 4</d/b>, [65536], 8192, 0) = 8192',
        'copy_file_range(3</d/a>, NULL, 4</d/b>, NULL, 8192, 0) = 4096',
        'copy_file_range(3</d/a>, [-4096], 4</d/b>, NULL, 8192, 0) = -1 EOVERFLOW (Value too large for defined data type)',
      ),
    ).toEqual([
      'open a -1 -1 0 write',
      'open b -1 -1 0 write',
      'reflink a 0 8192 0 ',
      'reflink b 65536 8192 0 second',
      'reflink a 8192 4096 0 ',
      'reflink b 0 4096 0 second',
      'reflink a -1 8192 -75 ',
      'reflink b 4096 8192 -75 second',
    ]);
  });

  test('sendfile, splice and io_submit read and write what they name, as far as they got', async () => {
    const blocks = [
      '{aio_data=0, aio_lio_opcode=IOCB_CMD_PWRITE, aio_fildes=3</d/a, {b}>, aio_buf="}, {"..., aio_nbytes=16384, aio_offset=65536}',
      '{aio_data=0, aio_lio_opcode=IOCB_CMD_PREADV, aio_fildes=3</d/a, {b}>, aio_buf=[{iov_base=0x1000, iov_len=4096}, {iov_base=0x9000, iov_len=512}], aio_offset=8192}',
      '{aio_data=0, aio_lio_opcode=IOCB_CMD_FSYNC, aio_fildes=3</d/a, {b}>}',
      '{aio_data=0, aio_lio_opcode=IOCB_CMD_PREAD, aio_fildes=3</d/a, {b}>, aio_buf=0x1000, aio_nbytes=512, aio_offset=0}',
    ];
    expect(
      await done(
        'openat(AT_FDCWD</d>, "a, {b}", O_RDWR|O_DIRECT) = 3</d/a, {b}>',
        'openat(AT_FDCWD</d>, "c", O_RDWR) = 4</d/c>',
        `io_submit(0x7f5bff2be000, 4, [${blocks.join(', ')}]) = 3`,
        'sendfile(4</d/c>, 3</d/a, {b}>, [512], 20000) = 10000',
        'splice(5<pipe:[875210]>, NULL, 4</d/c>, NULL, 8192, 0) = 8192',
        'sendfile(6<TCP:[1.2.3.4:80->5.6.7.8:90]>, 4</d/c>, [0], 100) = 100',
        'splice(5<pipe:[875210]>, NULL, 4</d/c>, [0], 8192, 0) = -1 EAGAIN (Resource temporarily unavailable)',
        // One open file under two numbers has one position.
        'dup(4</d/c>) = 7</d/c>',
        'sendfile(7</d/c>, 4</d/c>, NULL, 100) = 100',
        'write(4</d/c>, "a"..., 5) = 5',
      ),
    ).toEqual([
      'open a, {b} -1 -1 0 write direct',
      'open c -1 -1 0 write',
      'write a, {b} 65536 16384 0 direct',
      'read a, {b} 8192 4608 0 direct',
      'fsync a, {b} -1 -1 0 ',
      'read a, {b} 512 10000 0 direct',
      'write c 0 10000 0 ',
      'write c 10000 8192 0 ',
      'read c 0 100 0 ',
      'read c 18192 100 0 ',
      'write c 18192 100 0 ',
      'write c 18292 5 0 ',
    ]);
  });

  test('calls of 32 bits and of an old strace are those of 64 bits', async () => {
    expect(
      await done(
        'open("/d/a", O_RDWR|O_LARGEFILE) = 3',
        '_llseek(3, 5000000000, [5000000000], SEEK_SET) = 0',
        'write(3, "x"..., 4096) = 4096',
        '_llseek(3, 18446744073709547520, [5000000000], SEEK_CUR) = 0',
        '_llseek(3, 0, 0xbfa7d918, SEEK_CUR) = -1 ESPIPE (Illegal seek)',
        'read(3, "x"..., 512) = 512',
        'pread(3, "x"..., 100, 8192) = 100',
        'pwrite(3, "x"..., 200, 12288) = 200',
        'mmap2(NULL, 8192, PROT_READ|PROT_WRITE, MAP_SHARED, 3, 0x1000) = 0xb7f35000',
        'old_mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3, 0) = 0x40017000',
        'mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3, 0xfffffffffffff000) = -1 EOVERFLOW (Value too large for defined data type)',
        'fcntl64(3, F_GETFL) = 0x8002 (flags O_RDWR|O_LARGEFILE)',
        'fcntl64(3, F_DUPFD, 10) = 10',
        'ftruncate64(10, 6000000000) = 0',
        'sync_file_range2(3, SYNC_FILE_RANGE_WRITE, 0, 4096) = 0',
        'truncate64("/d/a", 7) = 0',
        'sendfile64(10, 3, [4096], 100) = 100',
      ),
    ).toEqual([
      'open a -1 -1 0 write',
      'write a 5000000000 4096 0 ',
      'read a 5000000000 512 0 ',
      'read a 8192 100 0 ',
      'write a 12288 200 0 ',
      'mmap a 4096 8192 0 shared writable',
      'mmap a 0 4096 0 shared',
      'mmap a -1 4096 -75 shared',
      'truncate a 0 6000000000 0 ',
      'fsync a -1 -1 0 ',
      'truncate a 0 7 0 ',
      'read a 4096 100 0 ',
      'write a 5000000512 100 0 ',
    ]);
  });

  test('a link is another name of the same file', async () => {
    expect(
      await done(
        'link("/d/a", "/d/b") = 0',
        'truncate("/d/b", 100) = 0',
        'openat(AT_FDCWD</d>, "/d", O_RDWR|O_TMPFILE, 0600) = 3</d/#12 (deleted)>',
        'linkat(AT_FDCWD</d>, "/proc/self/fd/3", AT_FDCWD</d>, "c", AT_SYMLINK_FOLLOW) = 0',
        'truncate("/d/c", 7) = 0',
        'linkat(3</d/c>, "", AT_FDCWD</d>, "e", AT_EMPTY_PATH) = 0',
        'truncate("/d/e", 8) = 0',
        'truncate("/d/x", 9) = 0',
        // Two names of one file: both stay.
        'rename("/d/e", "/d/c") = 0',
        'truncate("/d/e", 10) = 0',
        'truncate("/d/c", 11) = 0',
      ),
    ).toEqual([
      'truncate a 0 100 0 ',
      'open #12 (deleted) -1 -1 0 write',
      'truncate #12 (deleted) 0 7 0 ',
      'truncate #12 (deleted) 0 8 0 ',
      'truncate x 0 9 0 ',
      'rename #12 (deleted) -1 -1 0 ',
      'truncate #12 (deleted) 0 10 0 ',
      'truncate #12 (deleted) 0 11 0 ',
    ]);
  });

  test('what a symbolic link leads to is the file, but for calls on its name', async () => {
    expect(
      await done(
        'openat(AT_FDCWD</d>, "plain", O_RDWR|O_CREAT, 0644) = 3</d/plain>',
        'symlink("plain", "link") = 0',
        'truncate("link", 5000) = 0',
        'rename("link", "link2") = 0',
        'truncate("link2", 5001) = 0',
        'unlink("link2") = 0',
        'truncate("link2", 5002) = 0',
        'symlinkat("/d/", 9</>, "far") = 0',
        'truncate("/far/../far/plain", 5003) = 0',
        'readlink("/d/old", "../d/plain", 4096) = 10',
        'truncate("/d/old", 5004) = 0',
        // It may go on where the kernel cut it.
        'readlink("/d/cut", "plain", 5) = 6',
        'truncate("/d/cut", 5005) = 0',
        'unlink("/far/plain") = 0',
      ),
    ).toEqual([
      'open plain -1 -1 0 write',
      'truncate plain 0 5000 0 ',
      'rename link -1 -1 0 ',
      'truncate plain 0 5001 0 ',
      'unlink link -1 -1 0 ',
      'truncate link2 0 5002 0 ',
      'truncate plain 0 5003 0 ',
      'truncate plain 0 5004 0 ',
      'truncate cut 0 5005 0 ',
      'unlink plain -1 -1 0 ',
    ]);
  });

  test('what -e inject made up was not done', async () => {
    const { trace } = await read(
      calls(
        'openat(AT_FDCWD</d>, "zz", O_RDWR) = 3</d/zz>',
        'write(3</d/zz>, "x"..., 4096) = 4096 (INJECTED)',
        'write(3</d/zz>, "x"..., 4096) = -1 ENOSPC (No space left on device) (INJECTED)',
        'write(3</d/zz>, "x"..., 100) = 100 (DELAYED)',
        'write(3</d/zz>, "x"..., 200) = 200 (INJECTED: args)',
      ),
    );
    expect(trace.issues).toMatchObject([{ code: 'injected-results', count: 1 }]);
    const { columns: c } = trace;
    const rows = [...c.op.keys()].filter((row) => c.op[row] === Op.write);
    expect(rows.map((row) => [c.offset[row], c.result[row]])).toEqual([
      [0, -38],
      [0, -28],
      [0, 0],
      [100, 0],
    ]);
  });

  test('links from before the recording are known by what was opened through them', async () => {
    expect(
      await done(
        // A new file: no link, but in a folder behind one.
        'openat(AT_FDCWD</d>, "/var/run/x.pid", O_WRONLY|O_CREAT|O_EXCL, 0644) = 3</run/x.pid>',
        'unlink("/var/run/x.pid") = 0',
        'openat(AT_FDCWD</d>, "/usr/bin/awk", O_RDONLY) = 3</usr/bin/mawk>',
        'truncate("/usr/bin/awk", 5) = 0',
        'unlink("/usr/bin/awk") = 0',
        // Where it led before counts no more.
        'truncate("/usr/bin/awk", 6) = 0',
        'openat(AT_FDCWD</d>, "/dev/fd/3", O_RDONLY) = 4</d/three>',
        'truncate("/dev/fd/3", 7) = 0',
      ),
    ).toEqual([
      'open x.pid -1 -1 0 write',
      'unlink x.pid -1 -1 0 ',
      'open mawk -1 -1 0 ',
      'truncate mawk 0 5 0 ',
      'unlink awk -1 -1 0 ',
      'truncate awk 0 6 0 ',
      'open three -1 -1 0 ',
      'truncate 3 0 7 0 ',
    ]);
  });

  test('a descriptor that was opened before, and one of a disk', async () => {
    const { trace } = await read(
      calls('pread64(9</srv/old>, "x"..., 512, 1024) = 512', 'pread64(8</dev/sdb<block 8:16>>, "x"..., 512, 0) = 512'),
    );
    expect(trace.files).toEqual([
      { device: '', inode: '', path: '/srv/old' },
      { device: '8:16', inode: '', path: '/dev/sdb' },
    ]);
  });

  test('every call that assembly follows is known by name', async () => {
    const lines = Object.keys(CALL_EXITS).map((name) => `${name}(3</x>, 0, 0, 0, 0, 0) = -1 EINVAL (Invalid argument)`);
    const { trace } = await read(calls(...lines).replace(/^(7 \d+)\.\d+/gm, '$1.000001'));
    expect(trace.sources[0]).toMatchObject({ records: lines.length, typed: lines.length });
  });

  test('durations: from -T, and none without it', async () => {
    const timed = await read('7 1700000000.5 fsync(3</a>) = 0 <0.004311>\n'.replace('.5 ', '.500000 '));
    expect(timed.trace.columns.latencyNs[0]).toBe(4_311_000);
    const plain = await read('7 1700000000.500000 fsync(3</a>) = 0\n');
    expect(plain.trace.columns.latencyNs[0]).toBe(-1);
    expect(plain.trace.originNs).toBe(1_700_000_000_500_000_000n);
    expect(plain.trace.clock).toBe('realtime');
  });
});

describe('tasks', () => {
  test.each([
    ['-n: numbers of calls', (text: string) => text.replace(/^(7 [\d.]+) /gm, '$1 [ 257] ')],
    ['-i: instruction pointers', (text: string) => text.replace(/^(7 [\d.]+) /gm, '$1 [00007f95d56b4ad7] ')],
    ['both', (text: string) => text.replace(/^(7 [\d.]+) /gm, '$1 [   3] [????????????????] ')],
    ['-r besides -ttt', (text: string) => text.replace(/^(7 [\d.]+) /gm, '$1 (+     0.000001) ')],
    [
      '-e write: the bytes below, buffer by buffer',
      (text: string) =>
        text.replace(
          /\n/g,
          '\n * 16 bytes in buffer 0\n | 00000  2f 7f 45 3c 46 02 01 01  03 00 00 00 00 00 00 00  /.E<F........... |\n',
        ),
    ],
    ['-k: stacks', (text: string) => text.replace(/\n/g, '\n > /usr/lib/ld.so(_dl_error+0x26f0) [0x1ab70]\n')],
  ])('%s', async (_, change) => {
    const text = calls('openat(AT_FDCWD, "/m/a", O_RDWR) = 3</m/a>', 'fsync(3</m/a>) = 0', 'close(3</m/a>) = 0');
    const { trace, whole } = await read(change(text));
    expect(strace.sniff(head(change(text)))).toBe(true);
    expect(operations(trace)).toEqual(operations((await read(text)).trace));
    expect(operations(trace)).toHaveLength(3);
    expect([whole, trace.sources[0]!.records]).toEqual([true, 3]);
    expect(trace.issues).toEqual([]);
  });

  test('-ff: whose calls they are says the name of the file', async () => {
    const builder = new TraceBuilder((sink) => new Assembler(sink));
    for (const tid of [41, 42]) {
      const bytes = new TextEncoder().encode(
        `1700000000.00000${tid - 40} openat(AT_FDCWD, "/m/${tid}", O_RDWR) = 3</m/${tid}>\n1700000000.00001${tid} +++ exited with 0 +++\n`,
      );
      const source = builder.startSource(`run.${tid}`, strace.name, bytes.length);
      await strace.read({ ...input(bytes), name: `run.${tid}` }, source);
    }
    const { columns, tasks, issues } = builder.finish();
    const of = (op: number): number[] =>
      Array.from(columns.op, (one, row) => (one === op ? tasks[columns.task[row]!]!.tid : 0)).filter((tid) => tid > 0);
    expect([of(Op.open).sort(), of(Op.exit).sort(), issues]).toEqual([[41, 42], [41, 42], []]);
  });

  test('-r: stamps since the line before become times since the start, on no clock of others', async () => {
    const { trace } = await read(
      '7 0.000000 openat(AT_FDCWD, "/m/a", O_RDWR) = 3</m/a> <0.000002>\n7 0.999999 fsync(3</m/a>) = 0 <0.000002>\n7 0.000003 close(3</m/a>) = 0 <0.000002>\n',
    );
    expect(trace.sources[0]!.clock).toBe('time since the start of strace');
    const times = [Op.open, Op.fsync, Op.close].map((op) => trace.columns.timeNs[trace.columns.op.indexOf(op)]);
    expect(times).toEqual([0, 999_999_000, 1_000_002_000]);
  });

  test('interrupted calls, a thread, a child that acts before clone returns, a killed child', async () => {
    const { trace } = await read(`100 10.000000 openat(AT_FDCWD</d>, "f", O_RDWR) = 3</d/f> <0.000010>
100 10.000100 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_SHARED, 3</d/f>, 0) = 0x7f0000000000 <0.000010>
100 10.000200 clone3({flags=CLONE_VM|CLONE_FILES|CLONE_THREAD, exit_signal=0} => {parent_tid=[101]}, 88) = 101 <0.000010>
101 10.000300 read(3</d/f>,  <unfinished ...>
100 10.000400 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD <unfinished ...>
102 10.000450 fsync(3</d/f> <unfinished ...>
100 10.000500 <... clone resumed>, child_tidptr=0x7f) = 102 <0.000100>
101 10.000600 <... read resumed>"x"..., 4096) = 100 <0.000300>
102 10.000700 <... fsync resumed>) = 0 <0.000250>
102 10.000800 prctl(PR_SET_NAME, "st-child") = 0 <0.000001>
102 10.000850 pause( <unfinished ...>) = ?
102 10.000900 +++ killed by SIGKILL +++
101 10.001000 +++ exited with 0 +++
100 10.001100 exit_group(0)   = ?
100 10.001200 +++ exited with 0 +++
`);
    const { columns: c } = trace;
    const rows = operations(trace).map(({ op, file, length, latencyNs, flags }) => [
      op,
      file,
      length,
      latencyNs,
      flags,
    ]);
    expect(rows).toEqual([
      ['open', 'f', -1, 10_000, 'write'],
      ['mmap', 'f', 8192, 10_000, 'shared writable'],
      ['fork', '', -1, -1, ''],
      ['fork', '', -1, -1, 'second'],
      ['read', 'f', 100, 300_000, ''],
      ['fork', '', -1, -1, ''],
      ['fork', '', -1, -1, 'second'],
      ['fsync', 'f', -1, 250_000, ''],
      ['exit', '', -1, -1, 'killed'],
      ['exit', '', -1, -1, ''],
    ]);
    expect(trace.tasks.map(({ pid, tid }) => [pid, tid])).toEqual(
      expect.arrayContaining([
        [100, 100],
        [100, 101],
        [102, 102],
      ]),
    );
    // The child's own mapping, made up of its parent's.
    expect(c.rows).toBe(rows.length + 1);
    expect(trace.sources[0]).toMatchObject({ records: 12, typed: 11 });
    expect(trace.issues).toEqual([]);
  });

  test('a child keeps the pipe that it has, whatever its parent opens under that number', async () => {
    const { trace } = await read(`100 10.000000 pipe2([3<pipe:[7]>, 5<pipe:[7]>], 0) = 0 <0.000010>
100 10.000100 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f) = 102 <0.000100>
100 10.000300 close(3<pipe:[7]>) = 0 <0.000010>
100 10.000400 openat(AT_FDCWD</d>, "a", O_RDONLY) = 3</d/a> <0.000010>
102 10.000500 dup(3<pipe:[7]>) = 0<pipe:[7]> <0.000010>
102 10.000600 read(0<pipe:[7]>, "x"..., 4096) = 100 <0.000010>
100 10.000700 read(3</d/a>, "x"..., 4096) = 64 <0.000010>
`);
    const reads = operations(trace).filter(({ op }) => op === 'read');
    expect(reads.map(({ file, length, offset }) => [file === 'a', offset, length])).toEqual([
      [false, expect.any(Number), 100],
      [true, 0, 64],
    ]);
  });

  test('the call of a task that is killed as it makes it has no name', async () => {
    const begun = '7 1700000000.000001 ????( <unfinished ...>\n7 1700000000.000002 <... ????';
    const { trace } = await read(`${begun} resumed>) = ?\n7 1700000000.000003 +++ killed by SIGKILL +++\n`);
    expect(trace.sources[0]).toMatchObject({ records: 2, typed: 1 });
    expect(trace.issues).toEqual([]);
  });

  test('signals of old versions have their name inside', async () => {
    const of = (text: string): string => `${calls('openat(AT_FDCWD, "/a", O_RDWR) = 3')}7 1700000000.000009 ${text}\n`;
    const { trace } = await read(of('--- {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=9, ...} (Child exited) ---'));
    expect(trace.sources[0]).toMatchObject({ records: 2, typed: 2 });
    expect(trace.issues).toEqual([]);
  });

  test('frames of a stack are told with their line of source, or end without an address', async () => {
    const frames =
      ' > /usr/bin/a(main+0x1d) [0x1156] a.c:18\n > /usr/lib/libc.so.6() [0x27249]\n > too many stack frames\n';
    const { trace } = await read(calls('getpid() = 7') + frames + calls('getpid() = 7'));
    expect(trace.sources[0]!.records).toBe(2);
    expect(trace.issues).toEqual([]);
  });

  test('a line that resumes what was not begun is said', async () => {
    const { trace } = await read('7 10.000000 <... read resumed>"x", 5) = 5 <0.000100>\n');
    expect(trace.sources[0]!.records).toBe(0);
    expect(trace.issues.map(({ code }) => code)).toEqual(['resumed-without-begin']);
  });

  test('exec ends mappings and closes what was to be closed', async () => {
    const { trace } = await read(
      calls(
        'openat(AT_FDCWD</d>, "a", O_RDWR|O_CLOEXEC) = 3</d/a>',
        'openat(AT_FDCWD</d>, "b", O_RDWR) = 4</d/b>',
        'mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3</d/a>, 0) = 0x7f0000000000',
        'execve("/bin/next-program-with-a-long-name", ["next"], 0x7f /* 3 vars */) = 0',
        'fsync(3) = -1 EBADF (Bad file descriptor)',
        'fsync(4) = 0',
      ),
    );
    const names = [...trace.columns.op].map((_, i) => trace.files[trace.columns.file[i]!]?.path);
    expect(names.at(-1)).toBe('/d/b');
    expect(names.at(-2)).not.toBe('/d/a');
    expect(trace.tasks[0]!.name).toBe('next-program-wi');
  });
});

describe('other forms of lines', () => {
  test.each([
    ['[pid N]', (text: string) => text.replace(/^7 /gm, '[pid     7] ')],
    ['names of tasks (-Y)', (text: string) => text.replace(/^7 /gm, '7<prog> ')],
    ['nanoseconds', (text: string) => text.replace(/(\.\d{6}) /g, '$1000 ')],
    ['time of day (-tt)', (text: string) => text.replace(/1700000000\./g, '22:13:20.')],
    ['no pid', (text: string) => text.replace(/^7 /gm, '')],
  ])('%s', async (_, change) => {
    const text = calls('openat(AT_FDCWD</d>, "a", O_RDWR) = 3</d/a>', 'fsync(3</d/a>) = 0');
    const expected = operations((await read(text)).trace).map(({ task: _task, ...rest }) => rest);
    const { trace } = await read(change(text));
    expect(operations(trace).map(({ task: _task, ...rest }) => rest)).toEqual(expected);
    expect(trace.issues).toEqual([]);
    expect(strace.sniff(head(change(text)))).toBe(true);
  });

  test.each([
    ['-o', (text: string) => text],
    ['-ff', (text: string) => text.replace(/^7 /gm, '')],
    ['stderr', (text: string) => text.replace(/^7 /gm, '[pid     7] ')],
  ])('whole seconds (--absolute-timestamps=unix), %s', async (_, change) => {
    const text = calls('openat(AT_FDCWD</d>, "a", O_RDWR) = 3</d/a>', 'fsync(3</d/a>) = 0', '+++ exited with 0 +++');
    const whole = change(text.replace(/(1700000000)\.\d{6}/g, '$1'));
    const { trace } = await read(whole);
    expect(strace.sniff(head(whole))).toBe(true);
    expect(trace.issues).toEqual([]);
    expect(trace.originNs).toBe(1_700_000_000_000_000_000n);
    expect(operations(trace).map(({ op, file, latencyNs }) => [op, file, latencyNs])).toEqual(
      operations((await read(change(text))).trace).map(({ op, file, latencyNs }) => [op, file, latencyNs]),
    );
  });
});

if (!hasShared) console.warn('SKIPPED: ../shared/traces is not here, so other recordings of strace are not read');
test("syncsnoop's calls have stamps as well, but no result", () => {
  const text = 'TIME(s)            CALL\n16458148.611952    sync()\n16458151.533709    sync()\n';
  expect(strace.sniff(head(text))).toBe(false);
  expect(strace.sniff(head(text.replace('sync()', 'sync() = 0')))).toBe(true);
});

describe.skipIf(!hasShared)('recordings under ../shared (skipped where they are missing)', () => {
  test('strace-xfs-movers: every call the driver logged, with its result', async () => {
    const folder = join(shared, 'recorded', 'strace-xfs-movers');
    const text = content(join(folder, 'strace.txt'));
    const { trace, whole } = await readAs(strace, text);
    expect(whole).toBe(true);
    expect(trace.sources[0]!.records).toBe(text.toString('utf8').trimEnd().split('\n').length);
    expect(trace.issues).toEqual([]);
    const logged = driverLines(join(folder, 'driver.jsonl')) as { op: string; ret: number; errno: number }[];
    const of = (op: string): number[] =>
      operations(trace)
        .filter((one) => one.op === op)
        .map(({ result }) => result);
    const told = (name: string): number[] => logged.filter(({ op }) => op === name).map(({ errno }) => 0 - errno);
    expect(of('address_query')).toHaveLength(logged.filter(({ op }) => op === 'fiemap').length);
    // What the driver did to set itself up is not in its log.
    expect(of('fsync').slice(1)).toEqual(told('fsync'));
    expect(of('exchange')).toEqual([-95]);
  });

  test('perfetto: what is no strace is left out and said', async () => {
    const folder = join(shared, 'public', 'strace', 'perfetto');
    const basic = (await readAs(strace, content(join(folder, 'basic.strace')))).trace;
    expect(basic.sources[0]).toMatchObject({ records: 5, typed: 5 });
    expect(basic.issues).toMatchObject([{ code: 'unreadable-line', count: 3, row: 5 }]);
    const resumed = (await readAs(strace, content(join(folder, 'unfinished_resumed.strace')))).trace;
    expect(resumed.sources[0]).toMatchObject({ records: 2, typed: 1 });
    const nameless = (await readAs(strace, content(join(folder, 'missing_pid.strace')))).trace;
    expect(nameless.sources[0]).toMatchObject({ records: 4 });
    expect(nameless.issues).toMatchObject([{ code: 'no-pid', count: 2 }]);
  });
});

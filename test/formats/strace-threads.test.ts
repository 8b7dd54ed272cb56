// strace of tasks that come and go: a thread that executes a program, children that are seen before the call that made
// them returns, and what -z, -C and -X raw or verbose print differently.
import { describe, expect, test } from 'vitest';
import { strace } from '../../src/formats/strace.js';
import { operations, readAs } from './support.js';

const DONE = '<0.000100>';
const file = '3</mnt/data>';

async function read(lines: readonly string[]) {
  const stamped = lines.map((line, i) => line.replace('@', `1700000000.${String(1000 + i).padStart(6, '0')}`));
  const { trace } = await readAs(strace, `${stamped.join('\n')}\n`);
  return { records: trace.sources[0]!.records, issues: trace.issues, done: operations(trace), trace };
}
const of = (done: readonly { op: string }[], op: string): number => done.filter((one) => one.op === op).length;

describe('a thread that executes a program takes the number of its process', () => {
  const before = [
    `7 @ openat(AT_FDCWD</mnt>, "data", O_RDWR|O_CLOEXEC) = ${file} ${DONE}`,
    `7 @ mmap(NULL, 4096, PROT_READ, MAP_SHARED, ${file}, 0) = 0x7f0000000000 ${DONE}`,
    `7 @ clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0}, 88) = 8 ${DONE}`,
  ];
  const after = [
    '7 @ +++ superseded by execve in pid 8 +++',
    `7 @ <... execve resumed>) = 0 ${DONE}`,
    // A child has no mapping of the program before.
    `7 @ vfork() = 9 ${DONE}`,
  ];

  test.each(['<unfinished ...>', '<pid changed to 7 ...>'])(
    'its call, which ends in %s, returns as one of the process',
    async (end) => {
      const { records, issues, done } = await read([
        ...before,
        `8 @ execve("/bin/cat", ["cat"], 0x7ffd0 /* 39 vars */ ${end}`,
        ...after,
      ]);
      expect(issues).toEqual([]);
      expect(records).toBe(6);
      expect(of(done, 'mmap')).toBe(1);
    },
  );

  test('-z leaves the beginning out', async () => {
    const { records, issues, done } = await read([...before, ...after]);
    expect(issues).toEqual([]);
    expect(records).toBe(6);
    expect(of(done, 'mmap')).toBe(1);
  });
});

test('a child that ended before its vfork returned is one child', async () => {
  const { issues, done } = await read([
    '7 @ vfork( <unfinished ...>',
    '8 @ exit_group(3) = ?',
    '8 @ +++ exited with 3 +++',
    `7 @ <... vfork resumed>) = 8 ${DONE}`,
  ]);
  expect(issues).toEqual([]);
  // A row for the caller, one for the child.
  expect(of(done, 'fork')).toBe(2);
  expect(of(done, 'exit')).toBe(1);
});

test('-z goes on with a call without saying whose it is', async () => {
  const { records, issues, done } = await read([
    `7 @ openat(AT_FDCWD</mnt>, "data", O_RDWR) = ${file} ${DONE}`,
    '8 @ +++ exited with 0 +++',
    `7 @ pread64(${file},  <unfinished ...>`,
    `"abc", 512, 4096)                          = 512 ${DONE}`,
  ]);
  expect(issues).toEqual([]);
  expect(records).toBe(3);
  expect(done.filter(({ op }) => op === 'read')).toMatchObject([{ offset: 4096, length: 512 }]);
});

test('the table of -C behind the calls is no damage', async () => {
  const { records, issues } = await read([
    `7 @ fsync(${file}) = 0 ${DONE}`,
    '% time     seconds  usecs/call     calls    errors syscall',
    '------ ----------- ----------- --------- --------- ----------------',
    '100.00    0.000112         112         1           fsync',
    '------ ----------- ----------- --------- --------- ----------------',
    '100.00    0.000112         112         1           total',
  ]);
  expect(issues).toEqual([]);
  expect(records).toBe(1);
});

const FORMS = {
  abbrev: ['AT_FDCWD', 'O_RDWR', 'CLONE_VM|CLONE_THREAD', 'IOCB_CMD_PWRITE'],
  raw: ['-100', '0x2', '0x10100', '1'],
  verbose: [
    '-100 /* AT_FDCWD */',
    '0x2 /* O_RDWR */',
    '0x10100 /* CLONE_VM|CLONE_THREAD */',
    '1 /* IOCB_CMD_PWRITE */',
  ],
} as const;
test.each(Object.entries(FORMS))('-X %s tells the same', async (_name, [here, flags, thread, opcode]) => {
  const block = `{aio_data=0, aio_lio_opcode=${opcode}, aio_fildes=${file}, aio_buf="x", aio_nbytes=4096, aio_offset=8192}`;
  const { issues, done, trace } = await read([
    `7 @ openat(${here}</mnt>, "data", ${flags}) = ${file} ${DONE}`,
    `7 @ io_submit(0x7f0000000000, 1, [${block}]) = 1 ${DONE}`,
    `7 @ clone3({flags=${thread}, exit_signal=0} => {parent_tid=[8]}, 88) = 8 ${DONE}`,
  ]);
  expect(issues).toEqual([]);
  expect(done.filter(({ op }) => op === 'write')).toMatchObject([{ offset: 8192, length: 4096 }]);
  expect(trace.tasks.map(({ pid }) => pid).filter((pid) => pid > 0)).toEqual([7, 7]);
  expect(trace.files.map(({ path }) => path)).toEqual(['/mnt/data']);
});

test.each([
  ['CLONE_VM|CLONE_FILES|SIGCHLD', 20_480],
  ['0x511', 20_480],
  // Copies: the child's close is its own, and what it opens.
  ['CLONE_VM|SIGCHLD', -1],
])('clone with %s: one table of descriptors, or two', async (flags, offset) => {
  const { issues, done, trace } = await read([
    `7 @ open("/mnt/data", O_RDWR) = 3 ${DONE}`,
    `7 @ clone(child_stack=0x55fb8b8e1bf0, flags=${flags}) = 8 ${DONE}`,
    `8 @ open("/mnt/made", O_RDWR|O_CREAT, 0644) = 4 ${DONE}`,
    `8 @ lseek(4, 20480, SEEK_SET) = 20480 ${DONE}`,
    `8 @ close(3) = 0 ${DONE}`,
    `8 @ exit(0)         = ?`,
    '8 @ +++ exited with 0 +++',
    `7 @ write(4, ""..., 50) = 50 ${DONE}`,
    `7 @ open("/mnt/next", O_RDWR) = 3 ${DONE}`,
    `7 @ write(3, ""..., 60) = 60 ${DONE}`,
  ]);
  expect(issues).toEqual([]);
  const written = done.filter(({ op }) => op === 'write');
  expect(written).toMatchObject([
    { offset, length: 50 },
    { offset: 0, length: 60 },
  ]);
  expect(trace.files.map(({ path }) => path).filter((path) => path !== '')).toEqual([
    '/mnt/data',
    '/mnt/made',
    '/mnt/next',
  ]);
});

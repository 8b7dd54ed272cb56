// Places and descriptors below 0, as tests of file systems ask for: strace shows them with a sign, the kernel's events without, and what is written of them
// is read again. The calls are refused, and no descriptor is moved by them, nor by others that fail (pread(2), ftruncate(2), fallocate(2)).
import { expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { ndjson } from '../../src/formats/ndjson.js';
import { strace } from '../../src/formats/strace.js';
import { OPS } from '../../src/model/events.js';
import type { Format } from '../../src/model/trace.js';
import { NONE } from '../../src/model/units.js';
import { writeNdjson } from '../../src/trace/ndjson-writer.js';
import { readAs } from './support.js';

async function told(format: Format, text: string): Promise<unknown> {
  const { trace } = await readAs(format, text);
  const again = await readAs(ndjson, [...writeNdjson(trace)].join(''));
  expect(again.trace.issues).toEqual([]);
  const { op, file, offset, length, result } = again.trace.columns;
  return [...op.keys()].map((row) => [OPS[op[row]!], file[row] !== NONE, offset[row], length[row], result[row]]);
}

const EXPECTED = [
  ['open', true, -1, -1, 0],
  ['read', true, 0, 16, 0],
  ['truncate', true, 0, -1, -22],
  ['read', true, -1, 4096, -22],
  ['write', true, -1, 4096, -22],
  ['fallocate', true, -1, 4096, -22],
  ['fallocate', true, 0, -1, -22],
  ['fsync', false, -1, -1, -9],
  ['read', true, 16, 4096, -5],
  ['read', true, 16, 16, 0],
];

test('strace', async () => {
  const calls = [
    'openat(AT_FDCWD, "/d/f", O_RDWR) = 3</d/f>',
    'read(3</d/f>, "a"..., 16) = 16',
    'ftruncate(3</d/f>, -4096) = -1 EINVAL (Invalid argument)',
    'pread64(3</d/f>, 0x7f00, 4096, -1) = -1 EINVAL (Invalid argument)',
    'pwrite64(3</d/f>, "a"..., 4096, -8192) = -1 EINVAL (Invalid argument)',
    'fallocate(3</d/f>, 0, -8192, 4096) = -1 EINVAL (Invalid argument)',
    'fallocate(3</d/f>, 0, 0, -5) = -1 EINVAL (Invalid argument)',
    'fsync(-1) = -1 EBADF (Bad file descriptor)',
    'read(3</d/f>, 0x7f00, 4096) = -1 EIO (Input/output error)',
    'read(3</d/f>, "a"..., 16) = 16',
  ];
  expect(await told(strace, calls.map((call, i) => `7 ${5 + i}.000000 ${call} <0.000010>\n`).join(''))).toEqual(
    EXPECTED,
  );
});

test("the kernel's events", async () => {
  const calls = [
    ['openat', 'dfd: 0xffffffffffffff9c, filename: 0x7f00, flags: 0x2, mode: 0x0', '0x3'],
    ['read', 'fd: 0x00000003, buf: 0x7f00, count: 0x10', '0x10'],
    ['ftruncate', 'fd: 0x00000003, length: 0xfffffffffffff000', '0xffffffffffffffea'],
    ['pread64', 'fd: 0x00000003, buf: 0x7f00, count: 0x1000, pos: 0xffffffffffffffff', '0xffffffffffffffea'],
    ['pwrite64', 'fd: 0x00000003, buf: 0x7f00, count: 0x1000, pos: 0xffffffffffffe000', '0xffffffffffffffea'],
    ['fallocate', 'fd: 0x00000003, mode: 0x0, offset: 0xffffffffffffe000, len: 0x1000', '0xffffffffffffffea'],
    ['fallocate', 'fd: 0x00000003, mode: 0x0, offset: 0x0, len: 0xfffffffffffffffb', '0xffffffffffffffea'],
    ['fsync', 'fd: 0xffffffffffffffff', '0xfffffffffffffff7'],
    ['read', 'fd: 0x00000003, buf: 0x7f00, count: 0x1000', '0xfffffffffffffffb'],
    ['read', 'fd: 0x00000003, buf: 0x7f00, count: 0x10', '0x10'],
  ];
  const lines = calls.flatMap(([name, words, ret]) => [`sys_enter_${name}: ${words}`, `sys_exit_${name}: ${ret}`]);
  const text = lines.map((line, i) => `  py-7 [000]  5.${String(i * 1000).padStart(9, '0')}: ${line}\n`).join('');
  expect(await told(ftraceText, `cpus=1\n${text}`)).toEqual(EXPECTED);
});

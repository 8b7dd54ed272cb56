// Recordings by the time of day that go past midnight, and text of strace that tells no time at all.
import { expect, test } from 'vitest';
import { strace } from '../../src/formats/strace.js';
import { formats } from '../../src/trace/recognise.js';
import { head, operations, readAs } from './support.js';

test('strace -tt: calls behind midnight come a day later, and a late line of the day before does not', async () => {
  const text = `7 23:59:59.900000 openat(AT_FDCWD, "/a", O_RDWR) = 3</a> <0.000010>
7 00:00:00.100000 pwrite64(3</a>, "x", 1, 64) = 1 <0.000010>
8 23:59:59.950000 openat(AT_FDCWD, "/b", O_RDONLY) = 4</b> <0.000010>
7 00:00:00.200000 pread64(3</a>, "x", 1, 64) = 1 <0.000010>
7 20:00:00.000000 fsync(3</a>) = 0 <0.000010>
7 00:00:01.000000 close(3</a>) = 0 <0.000010>
`;
  const { trace, whole } = await readAs(strace, text);
  expect(whole).toBe(true);
  const day = 86_400e9;
  const ms = 1e6;
  expect(operations(trace).map(({ op, file }) => `${op} ${file}`)).toEqual([
    ...['open a', 'open b', 'write a', 'read a', 'fsync a', 'close a'],
  ]);
  expect([...trace.columns.timeNs]).toEqual([0, 50 * ms, 200 * ms, 300 * ms, 72_000_100 * ms, day + 1100 * ms]);
});

test('strace without times is no recording, and what to do is said', () => {
  const lines = [
    'openat(AT_FDCWD, "/lib/libc.so.6", O_RDONLY|O_CLOEXEC) = 3',
    'read(3, "\\177ELF"..., 832)            = 832',
    '[pid 12] access("/etc/x", R_OK) = -1 ENOENT (No such file or directory)',
    'close(3)                                = 0 <0.000004>',
  ];
  const bytes = head(Buffer.from(`${lines.join('\n')}\n`));
  expect(formats.filter((one) => one.sniff(bytes))).toEqual([]);
  expect(strace.advice!(bytes)).toContain('strace -f -ttt -T -yy');
  const summary =
    '% time     seconds  usecs/call     calls    errors syscall\n------ ----------- ----------- ---------\n';
  expect(strace.advice!(head(Buffer.from(summary)))).toContain('counts of strace -c');
  expect(strace.advice!(head(Buffer.from('f(x) = 3\nint main() { return 0; }\n')))).toBe('');
});

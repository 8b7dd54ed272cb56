// `strace -f` to a terminal or with `2> FILE`: numbers of tasks only where there are several, and messages in the midst of calls.
import { describe, expect, test } from 'vitest';
import { strace } from '../../src/formats/strace.js';
import { operations, readAs } from './support.js';

const TIME = '1796011072.0';
async function read(lines: readonly string[]) {
  const { trace, whole } = await readAs(strace, `${lines.join('\n')}\n`);
  expect(whole).toBe(true);
  return trace;
}
const open = '= 3</mnt/data> <0.000100>';
/** What `-f -o FILE` makes of the same run. */
const WITH_NUMBERS = [
  `401 ${TIME}10000 execve("/bin/sh", ["sh"], 0x7ffe /* 9 vars */) = 0 <0.000100>`,
  `401 ${TIME}10500 set_tid_address(0x7f00) = 401 <0.000010>`,
  `401 ${TIME}11000 openat(AT_FDCWD</>, "/mnt/data", O_RDWR) ${open}`,
  `401 ${TIME}12000 vfork( <unfinished ...>`,
  `402 ${TIME}12100 execve("/bin/dd", ["dd"], 0x7ffe /* 9 vars */ <unfinished ...>`,
  `401 ${TIME}12900 <... vfork resumed>) = 402 <0.000900>`,
  `401 ${TIME}13000 wait4(-1,  <unfinished ...>`,
  `402 ${TIME}13100 <... execve resumed>) = 0 <0.001000>`,
  `402 ${TIME}13200 pwrite64(3</mnt/data>, "x"..., 4096, 8192) = 4096 <0.000100>`,
  `402 ${TIME}13300 exit_group(0) = ?`,
  `402 ${TIME}13400 +++ exited with 0 +++`,
  `401 ${TIME}13500 <... wait4 resumed>[{WIFEXITED(s)}], 0, NULL) = 402 <0.000500>`,
  `401 ${TIME}14000 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f) = 403 <0.000200>`,
  `403 ${TIME}14300 ftruncate(3</mnt/data>, 100) = 0 <0.000100>`,
  `401 ${TIME}14400 pwrite64(3</mnt/data>, "x"..., 512, 0) = 512 <0.000100>`,
  `401 ${TIME}14500 exit_group(0) = ?`,
  `401 ${TIME}14600 +++ exited with 0 +++`,
  `403 ${TIME}14700 ftruncate(3</mnt/data>, 200) = 0 <0.000100>`,
  `403 ${TIME}14800 +++ exited with 0 +++`,
];
const bare = (line: string): string => line.replace(/^\d+ /, '');
const pid = (line: string): string => line.replace(/^(\d+) /, '[pid   $1] ');
/** The same as strace writes it to its standard error; `quiet` (-q): without messages. */
function toTerminal(quiet: boolean): string[] {
  const lines = WITH_NUMBERS.map((line, i) =>
    [4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16].includes(i) ? pid(line) : bare(line),
  );
  if (quiet) return lines;
  lines[3] = `${bare(WITH_NUMBERS[3]!).replace(' <unfinished ...>', '')}strace: Process 402 attached\n <unfinished ...>`;
  const [head, rest] = lines[12]!.split(', child_tidptr');
  lines[12] = `${head}strace: Process 403 attached\n, child_tidptr${rest}`;
  return lines;
}

describe('lines without numbers are of the task that is traced alone', () => {
  test.each([
    ['', toTerminal(false)],
    ['-q', toTerminal(true)],
    ['-e, without calls that tell a number', toTerminal(true).filter((line) => !/set_tid_address/.test(line))],
    [
      'and other tasks first',
      ['strace: Process 401 attached', ...toTerminal(false).filter((line) => !/set_tid/.test(line))],
    ],
  ])('2> FILE %s', async (_, lines) => {
    const expected = await read(
      WITH_NUMBERS.filter((line) => lines.some((one) => one.includes('set_tid')) || !/set_tid/.test(line)),
    );
    const shown = await read(lines);
    expect(operations(shown)).toEqual(operations(expected));
    expect(shown.tasks.map(({ pid, tid, name }) => [pid, tid, name])).toEqual(
      expected.tasks.map(({ pid, tid, name }) => [pid, tid, name]),
    );
    expect(shown.sources[0]!.records).toBe(expected.sources[0]!.records);
    expect(shown.issues).toEqual([]);
  });

  test('a line that another task interrupts behind the message is unfinished', async () => {
    const lines = toTerminal(true);
    lines[3] = `${bare(WITH_NUMBERS[3]!).replace(' <unfinished ...>', '')}strace: Process 402 attached`;
    const shown = await read(lines);
    expect(operations(shown)).toEqual(operations(await read(WITH_NUMBERS)));
    expect(shown.issues).toEqual([]);
  });

  test('what strace says of its own is no call, with its name and, of old versions, without', async () => {
    const [begin, ...rest] = toTerminal(true);
    const said = [
      '[ Process PID=401 runs in 32 bit mode. ]',
      'Process 402 suspended',
      'strace: [ Process PID=401 runs in x32 mode. ]',
    ];
    const shown = await read([begin!, ...said, ...rest]);
    expect(operations(shown)).toEqual(operations(await read(WITH_NUMBERS)));
    expect(shown.issues).toEqual([]);
  });

  test('old versions say more in the midst of a call: that a task waits for its maker, and that who waits for it is suspended', async () => {
    const lines = toTerminal(true);
    lines[3] = `${bare(WITH_NUMBERS[3]!).replace(' <unfinished ...>', '')}Process 402 attached (waiting for parent)\nProcess 402 resumed (parent 401 ready)\n <unfinished ...>`;
    lines[6] = `${pid(WITH_NUMBERS[6]!).replace(' <unfinished ...>', '')}Process 401 suspended\n <unfinished ...>`;
    lines[10] += '\nProcess 401 resumed\nProcess 402 detached';
    const shown = await read(lines);
    const expected = await read(WITH_NUMBERS);
    expect(operations(shown)).toEqual(operations(expected));
    expect(shown.sources[0]!.records).toBe(expected.sources[0]!.records);
    expect(shown.issues).toEqual([]);
  });

  test.each(['', '^C', 'strace: '])('the call under way when strace goes is a record, after %j', async (before) => {
    const message = before === '^C' ? '^Cstrace: ' : before;
    const last = `${TIME}15000 pread64(3</mnt/data>, ${message}Process 401 detached\n <detached ...>`;
    const shown = await read([...toTerminal(true).slice(0, 3), last]);
    expect(shown.sources[0]!.records).toBe(4);
    expect(shown.issues).toEqual([]);
  });

  test('-r puts spaces before the first time', async () => {
    const lines = [
      '     0.000000 openat(AT_FDCWD</>, "/mnt/data", O_RDWR) = 3</mnt/data>',
      '     0.000120 close(3</mnt/data>) = 0',
    ];
    expect(strace.sniff(new TextEncoder().encode(lines.join('\n')))).toBe(true);
    expect((await read(lines)).sources[0]).toMatchObject({ records: 2, clock: 'time since the start of strace' });
  });
});

test('a file of -o in which numbers are missing is said to be one', async () => {
  const shown = await read([WITH_NUMBERS[0]!, bare(WITH_NUMBERS[2]!), bare(WITH_NUMBERS[14]!)]);
  expect(shown.issues).toMatchObject([{ code: 'no-pid', count: 2 }]);
  expect(shown.tasks.map(({ tid }) => tid)).toEqual([401]);
});

// Recordings of traces/recipes/reuse.py: files come and go, and inode numbers come back. Each file is one of its own, with its
// own name, and its map is what FIEMAP showed of it at that moment.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { reference } from '../../src/costs/index.js';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { ndjson } from '../../src/formats/ndjson.js';
import { Flag, Op } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { type MapFile, mapSnapshots } from '../../src/results/snapshots.js';
import { writeNdjson } from '../../src/trace/ndjson-writer.js';
import { readAs } from '../formats/support.js';
import { policyOf } from '../support/compiled.js';
import { bundled, content, merged } from './recordings.js';

interface Seen {
  readonly ts_ns: number;
  readonly name: string;
  readonly inode: number;
  readonly fiemap: readonly [number, number, number, number][];
}

const read = (name: string): Buffer => content(join(bundled, '..', 'reuse', name));
const looks = (fs: string): Seen[] =>
  read(`${fs}.files.jsonl.gz`)
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Seen);
const recording = async (fs: string): Promise<Trace> => (await readAs(ftraceText, read(`${fs}.report.txt.gz`))).trace;
const last = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** How many files the program made; some more are seen, such as its folders. */
const MADE = 41;

const mapsAt = (trace: Trace, seen: readonly Seen[]): (MapFile | undefined)[] => {
  const options = { costs: reference, kernel: policyOf('pagecache'), sealRule: 'dma', unseal: 'never' };
  const { snapshots } = mapSnapshots(trace, policyOf('recorded'), {
    ...options,
    atNs: seen.map(({ ts_ns }) => ts_ns),
  });
  return seen.map(({ inode }, i) => {
    const files = snapshots[i]!.files.filter((file) => file.inode === String(inode));
    expect(files.length).toBe(1);
    return files[0];
  });
};
const built = ({ extents }: MapFile): unknown =>
  merged(extents.map(({ offset, addr, length }) => [offset, addr, length, '']));
const asTold = (fiemap: Seen['fiemap']): unknown =>
  merged(fiemap.map(([offset, addr, length]) => [offset, addr, length, '']));

describe.each(['xfs', 'ext4'])('%s', (fs) => {
  test('each map is what FIEMAP showed, in every allocation group', async () => {
    const seen = looks(fs);
    const maps = mapsAt(await recording(fs), seen);
    expect(seen.length).toBe(45);
    seen.forEach(({ name, fiemap }, i) => {
      expect([name, maps[i]!.uncertain, built(maps[i]!)]).toEqual([name, false, asTold(fiemap)]);
    });
  });

  test('a number that was given away again is another file', async () => {
    const { files, columns } = await recording(fs);
    const numbers = new Set(looks(fs).map(({ inode }) => String(inode)));
    const mine = files.map(({ inode }, id) => ({ inode, id })).filter(({ inode }) => numbers.has(inode));
    expect(numbers.size).toBeLessThan(20);
    expect(mine.length).toBe(MADE);
    // Nothing is opened after it was removed, but for the one that had a second name.
    const twoNames = looks(fs).find(({ name }) => name === 'd1/second')!;
    const openedAgain = mine.filter(({ id }) => {
      const rows = Array.from({ length: columns.rows }, (_, row) => row).filter((row) => columns.file[row] === id);
      const gone = rows.filter((row) => columns.op[row] === Op.unlink).at(-1);
      return gone !== undefined && rows.some((row) => row > gone && columns.op[row] === Op.open);
    });
    expect(openedAgain.map(({ inode }) => inode)).toEqual([String(twoNames.inode)]);
  });

  test('NDJSON keeps them apart', async () => {
    const trace = await recording(fs);
    const text = [...writeNdjson(trace)].join('');
    const again = (await readAs(ndjson, text)).trace;
    expect(again.files).toEqual(trace.files);
    expect(again.columns.file).toEqual(trace.columns.file);
  });
});

test('an exchange of names that no call tells of takes none of them away', async () => {
  const { columns: c, files } = await recording('xfs');
  const renames = [...c.op.keys()].filter((row) => c.op[row] === Op.rename);
  expect(renames.map((row) => [last(files[c.file[row]!]!.path), c.flags[row]])).toEqual([
    ['left', 0],
    ['right', Flag.second],
  ]);
});

/** Recorded without what tells that an inode is freed: a file that is made has an inode that no file had any more. */
test.each([
  ['xfs', /: xfs_iunlink(_remove)?:/],
  ['xfs', /: xfs_(iunlink|iunlink_remove|inode_inactivating|destroy_inode|remove):/],
])('%s without lines like %s: files are told apart, and each map is right', async (fs, lines) => {
  const text = read(`${fs}.report.txt.gz`)
    .toString('utf8')
    .split('\n')
    .filter((line) => !lines.test(line))
    .join('\n');
  const { trace } = await readAs(ftraceText, text);
  const seen = looks(fs);
  const numbers = new Set(seen.map(({ inode }) => String(inode)));
  expect(trace.files.filter(({ inode }) => numbers.has(inode)).length).toBe(MADE);
  const maps = mapsAt(trace, seen);
  seen.forEach(({ name, fiemap }, i) => {
    expect([name, maps[i]!.uncertain, last(maps[i]!.path), built(maps[i]!)]).toEqual([
      name,
      false,
      last(/second|left|right/.test(name) ? maps[i]!.path : name),
      asTold(fiemap),
    ]);
  });
});

test('ext4 without events of inodes that come and go: files are told apart by their lost names, and that is said', async () => {
  const text = read('ext4.report.txt.gz')
    .toString('utf8')
    .split('\n')
    .filter((line) => !/: ext4_(evict|allocate|free|request)_inode:/.test(line))
    .join('\n');
  const { trace } = await readAs(ftraceText, text);
  const seen = looks('ext4');
  const numbers = new Set(seen.map(({ inode }) => String(inode)));
  expect(trace.files.filter(({ inode }) => numbers.has(inode)).length).toBe(MADE);
  expect(trace.issues.find(({ code }) => code === 'inode-came-back')?.text).toMatch(/record ext4_allocate_inode/);
  mapsAt(trace, seen).forEach((map, i) => {
    const { name, fiemap } = seen[i]!;
    if (!map!.uncertain) expect([name, built(map!)]).toEqual([name, asTold(fiemap)]);
  });
});

/** What is seen of where groups lie, and what is said of it. */
const GROUPS = [
  ['xfs-4-groups', /./, /groups of 44800 blocks \(agblklog 16\), learned from \d+ pairs/],
  ['xfs-4-groups', /^(?!.* iomap_)/, /groups of 44800 blocks \(agblklog 16\), learned from requests: 19 of 22 extents/],
  ['xfs-16-groups', /./, /groups of 28800 blocks \(agblklog 15\), learned from \d+ pairs/],
  [
    'xfs-16-groups',
    /^(?!.* iomap_)/,
    /groups of 28800 blocks \(agblklog 15\), learned from requests: 19 of 22 extents/,
  ],
] as const;

test.each(GROUPS)('%s, lines like %s: every map is known and right', async (name, lines, told) => {
  const text = read(`${name}.report.txt.gz`)
    .toString('utf8')
    .split('\n')
    .filter((line) => lines.test(line))
    .join('\n');
  const { trace } = await readAs(ftraceText, `${text}\n`);
  expect(trace.issues.find(({ code }) => code === 'xfs-geometry')?.text).toMatch(told);
  const seen = looks(name);
  const maps = mapsAt(trace, seen);
  seen.forEach(({ name: file, fiemap }, i) => {
    expect([file, maps[i]!.uncertain, built(maps[i]!)]).toEqual([file, false, asTold(fiemap)]);
  });
});

test('each file has its own name where events tell names', async () => {
  const seen = looks('xfs');
  const trace = await recording('xfs');
  const named = (name: string): number => trace.files.filter(({ path }) => last(path) === last(name)).length;
  for (const { name } of seen)
    if (!/second|left|right/.test(name)) expect([name, named(name)]).toEqual([name, /\d$|\.db$/.test(name) ? 4 : 1]);
});

/** No events of unlinked inodes; the second file is written by a descriptor of its own before the one it was made with is used. */
const SECOND_DESCRIPTOR = `
db-7 [000] 1.000001: sys_enter_openat: dfd: 0xffffff9c, filename: 0x7f00, flags: 0x00080042, mode: 0x1ff
db-7 [000] 1.000002: xfs_create: dev 7:0 dp ino 0x80 name one
db-7 [000] 1.000003: sys_exit_openat: 0x3
db-7 [000] 1.000004: sys_enter_write: fd: 0x00000003, buf: 0x7f10, count: 0x00001000
db-7 [000] 1.000005: xfs_file_buffered_write: dev 7:0 ino 0x83 disize 0x0 pos 0x0 bytecount 0x1000
db-7 [000] 1.000006: xfs_iext_insert: dev 7:0 ino 0x83 state  cur 0x1/0 fileoff 0x0 startblock 0x20 fsbcount 0x1 flag 0 caller x
db-7 [000] 1.000007: sys_exit_write: 0x1000
db-7 [000] 1.000008: sys_enter_close: fd: 0x00000003
db-7 [000] 1.000009: sys_exit_close: 0x0
kworker-9 [000] 1.000010: xfs_iext_remove: dev 7:0 ino 0x83 state  cur 0x1/0 fileoff 0x0 startblock 0x20 fsbcount 0x1 flag 0 caller x
kworker-9 [000] 1.000011: xfs_itruncate_extents_end: dev 7:0 ino 0x83 disize 0x0 new_size 0x0
db-7 [000] 1.000021: sys_enter_openat: dfd: 0xffffff9c, filename: 0x7f00, flags: 0x00080042, mode: 0x1ff
db-7 [000] 1.000022: xfs_create: dev 7:0 dp ino 0x80 name two
db-7 [000] 1.000023: sys_exit_openat: 0x3
db-7 [000] 1.000031: sys_enter_openat: dfd: 0xffffff9c, filename: 0x7f00, flags: 0x00080002, mode: 0x0
db-7 [000] 1.000032: xfs_lookup: dev 7:0 dp ino 0x80 name two
db-7 [000] 1.000033: sys_exit_openat: 0x4
db-7 [000] 1.000034: sys_enter_write: fd: 0x00000004, buf: 0x7f10, count: 0x00001000
db-7 [000] 1.000035: xfs_file_buffered_write: dev 7:0 ino 0x83 disize 0x0 pos 0x0 bytecount 0x1000
db-7 [000] 1.000036: xfs_iext_insert: dev 7:0 ino 0x83 state  cur 0x1/0 fileoff 0x0 startblock 0x30 fsbcount 0x1 flag 0 caller x
db-7 [000] 1.000037: sys_exit_write: 0x1000
db-7 [000] 1.000041: sys_enter_fsync: fd: 0x00000003
db-7 [000] 1.000042: xfs_file_fsync: dev 7:0 ino 0x83
db-7 [000] 1.000043: sys_exit_fsync: 0x0
`;

test('what another descriptor has written to a new file of an old number is not taken from it', async () => {
  const { trace } = await readAs(ftraceText, Buffer.from(SECOND_DESCRIPTOR.trimStart()));
  const options = { costs: reference, kernel: policyOf('pagecache'), sealRule: 'dma', unseal: 'never' };
  const { snapshots } = mapSnapshots(trace, policyOf('recorded'), { ...options, atNs: [1_000_043_000] });
  const files = snapshots[0]!.files.filter(({ inode }) => inode === '131');
  expect(files.map(({ extents }) => extents.map(({ addr }) => addr))).toEqual([[0x30 * 4096]]);
});

const REDIRECTED = `
db-7 [000] 1.000001: sys_enter_openat: dfd: 0xffffff9c, filename: 0x7f01, flags: 0x00000241, mode: 0x1a4
db-7 [000] 1.000002: xfs_create: dev 7:0 dp ino 0x80 name old
db-7 [000] 1.000003: sys_exit_openat: 0x3
db-7 [000] 1.000004: sys_enter_write: fd: 0x00000003, buf: 0x7f00, count: 0x1000
db-7 [000] 1.000005: xfs_file_buffered_write: dev 7:0 ino 0x83 disize 0x0 pos 0x0 bytecount 0x1000
db-7 [000] 1.000006: sys_exit_write: 0x1000
db-7 [000] 1.000007: sys_enter_close: fd: 0x00000003
db-7 [000] 1.000008: sys_exit_close: 0x0
db-7 [000] 1.000009: sys_enter_unlink: pathname: 0x7f01
db-7 [000] 1.000010: xfs_remove: dev 7:0 dp ino 0x80 name old
db-7 [000] 1.000011: sys_exit_unlink: 0x0
db-7 [000] 1.000012: sys_enter_openat: dfd: 0xffffff9c, filename: 0x7f02, flags: 0x00000241, mode: 0x1a4
db-7 [000] 1.000013: xfs_create: dev 7:0 dp ino 0x80 name new
db-7 [000] 1.000014: sys_exit_openat: 0x3
db-7 [000] 1.000015: sys_enter_dup2: oldfd: 0x00000003, newfd: 0x00000001
db-7 [000] 1.000016: sys_exit_dup2: 0x1
db-7 [000] 1.000017: sys_enter_close: fd: 0x00000003
db-7 [000] 1.000018: sys_exit_close: 0x0
db-7 [000] 1.000019: sys_enter_write: fd: 0x00000001, buf: 0x7f00, count: 0x1000
db-7 [000] 1.000020: xfs_file_buffered_write: dev 7:0 ino 0x83 disize 0x0 pos 0x0 bytecount 0x1000
db-7 [000] 1.000021: sys_exit_write: 0x1000
`;

test('what a shell redirects to is a new file of an old number, under whatever descriptor it is written', async () => {
  const { trace } = await readAs(ftraceText, Buffer.from(REDIRECTED.trimStart()));
  expect(trace.files.map(({ inode, path }) => `${inode} ${path}`)).toEqual(['131 old', '131 new']);
});

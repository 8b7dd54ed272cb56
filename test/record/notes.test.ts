// Notes of the recorder, through a real format and the assembly: what they tell, and when they are not believed.
import { expect, test } from 'vitest';
import type { FileMap, MapExtent } from '../../src/record/fiemap.js';
import {
  blocksNote,
  descriptorNote,
  factNote,
  fileNote,
  geometryNote,
  mapNotes,
  mappingNote,
} from '../../src/record/notes.js';
import { scratch, sealtrace } from '../cli/support.js';

const files = scratch();
const DEVICE = 7 * 2 ** 20;
const file = { device: DEVICE, inode: 131 };
const at = (ns: number) => ({ pid: 50, tid: 50, sinceNs: BigInt(ns) });
const extent = (offset: number, addr: number, more: Partial<MapExtent> = {}): MapExtent => ({
  offset,
  length: 4096,
  addr,
  state: 'written',
  shared: false,
  ...more,
});
const mapOf = (extents: readonly MapExtent[]): FileMap => ({ path: '/m/a', size: 0, extents, blockMapped: false });

/** Seconds and text of each line; markers are written by another process than they tell of. */
const trace = (...lines: readonly (readonly [string, string])[]): string =>
  `cpus=1\n${lines
    .map(([time, text]) =>
      text.startsWith('sealtrace')
        ? `            node-9     [000] ${time}: print: tracing_mark_write: ${text}\n`
        : `             app-50    [000] ${time}: ${text}\n`,
    )
    .join('')}`;

// biome-ignore lint/suspicious/noExplicitAny: the answer of a command, looked into here and there
async function answer(command: string, name: string, text: string): Promise<any> {
  const { out, code } = await sealtrace([command, files.file(name, text), '--json', '-q']);
  expect(code).toBe(0);
  return JSON.parse(out);
}

const INSERT =
  'xfs_iext_insert: dev 7:0 ino 0x83 state 0x40 cur 0/0 fileoff 0x9 startblock 0x50 fsbcount 0x1 flag 0 caller x';

test('a map in pieces is one map: every piece is short, and they leave no gap', () => {
  const extents = Array.from({ length: 500 }, (_, i) => extent(i * 8192, 4096 * (100 + i * 3)));
  const notes = mapNotes(at(5), file, 'xfs', mapOf(extents));
  expect(notes.length).toBeGreaterThan(5);
  expect(Math.max(...notes.map((note) => note.length))).toBeLessThan(1000);
  const ranges = notes.map((note) => note.split(' ').slice(8, 10).map(Number));
  expect(ranges[0]![0]).toBe(0);
  expect(ranges.at(-1)![1]).toBe(-1);
  for (let i = 1; i < ranges.length; i++) expect(ranges[i]![0]).toBe(ranges[i - 1]![1]);
});

test('FIEMAP of a file nobody touched is its map, extent for extent, with shared, unwritten and reserved ranges', async () => {
  const extents = [
    extent(0, 4096 * 40, { length: 8192 }),
    extent(16384, 4096 * 70, { state: 'unwritten' }),
    extent(20480, 4096 * 80, { shared: true }),
    extent(40960, -1, { state: 'delalloc' }),
  ];
  const many = [...extents, ...Array.from({ length: 300 }, (_, i) => extent(81920 + i * 8192, 4096 * (5000 + i * 2)))];
  const notes = mapNotes(at(1_000_000_000), file, 'xfs', mapOf(many));
  const lines = notes.map((note, i) => [`1.${String(i + 10).padStart(6, '0')}`, note] as const);
  const text = trace(
    ['1.0000005', blocksNote(at(1), DEVICE, 4096)],
    ['1.000001', geometryNote(at(1), DEVICE, 40000, 16)],
    ['1.000002', fileNote(at(1), file, 9, '/m/a')],
    ...lines,
  );
  const { snapshots } = await answer('map', 'whole.txt', text);
  const [found] = snapshots[0].files;
  expect(found).toMatchObject({ device: '7:0', inode: '131', path: '/m/a', uncertain: false });
  expect(found.extents).toEqual(
    many.map(({ offset, length, addr, state, shared }) => ({
      offset,
      length,
      addr,
      state,
      ...(shared ? { shared } : {}),
    })),
  );
});

test('addresses in another allocation group lead to the blocks that events of that group name', async () => {
  const log = 16;
  const groupBlocks = 40000;
  const [note] = mapNotes(at(1_000_000_000), file, 'xfs', mapOf([extent(0, 4096 * (groupBlocks * 2 + 7))]));
  const removal = `xfs_iext_remove: dev 7:0 ino 0x83 state  cur 0/0 fileoff 0x0 startblock 0x${(2 * 2 ** log + 7).toString(16)} fsbcount 0x1 flag 0 caller x`;
  const insert = `xfs_iext_insert: dev 7:0 ino 0x83 state  cur 0/0 fileoff 0x4 startblock 0x${(3 * 2 ** log + 9).toString(16)} fsbcount 0x1 flag 0 caller x`;
  const text = trace(
    ['1.1', geometryNote(at(1), DEVICE, groupBlocks, log)],
    ['1.2', note!],
    ['1.3', removal],
    ['1.4', insert],
  );
  const { snapshots } = await answer('map', 'groups.txt', text);
  expect(snapshots[0].files[0].extents).toEqual([
    { offset: 16384, length: 4096, addr: 4096 * (groupBlocks * 3 + 9), state: 'written' },
  ]);
});

test('a map that changed after the look began is not believed', async () => {
  const [note] = mapNotes(at(1_250_000_000), file, 'xfs', mapOf([extent(0, 4096 * 40), extent(9 * 4096, 4096 * 0x50)]));
  const before = trace(['1.1', geometryNote(at(1), DEVICE, 40000, 16)], ['1.2', INSERT], ['1.3', note!]);
  const during = before.replace(' 1.2:', ' 1.27:');
  expect((await answer('map', 'before.txt', before)).snapshots[0].files[0].extents[0].offset).toBe(0);
  const { unplaced } = await answer('inspect', 'during.txt', during);
  expect(unplaced).toContainEqual({ cause: 'maps of files that changed while the recorder looked', count: 1 });
  expect((await answer('map', 'during.txt', during)).snapshots[0].files[0].extents).toEqual([
    { offset: 9 * 4096, length: 4096, addr: 0x50 * 4096, state: 'written' },
  ]);
});

const OPEN = [
  'sys_enter_openat: dfd: 0xffffff9c, filename: 0x7f00, flags: 0x2, mode: 0x0',
  'sys_exit_openat: 0x5',
] as const;
const WRITE = ['sys_enter_pwrite64: fd: 0x5, buf: 0x1, count: 0x10, pos: 0x0', 'sys_exit_pwrite64: 0x10'] as const;

test('a descriptor from before the start is led to its file; one opened after the look is not taken for another', async () => {
  const note = descriptorNote(at(1_000_000_000), { ...file, fd: 5, path: '/m/a' });
  const old = trace(['1.1', note], ['1.2', WRITE[0]], ['1.3', WRITE[1]]);
  const found = await answer('inspect', 'old.txt', old);
  expect(found.files).toMatchObject([{ device: '7:0', inode: '131' }]);
  const anew = trace(['1.05', OPEN[0]], ['1.06', OPEN[1]], ['1.1', note], ['1.2', WRITE[0]], ['1.3', WRITE[1]]);
  expect((await answer('inspect', 'anew.txt', anew)).files).not.toContainEqual(
    expect.objectContaining({ inode: '131' }),
  );
});

test('a mapping from before the start takes faults; one that was unmapped since the look does not come back', async () => {
  const mapping = { ...file, start: 0x7000_0000, length: 8192, offset: 4096, prot: 'rw-s', path: '/m/a' };
  const note = mappingNote(at(1_000_000_000), mapping);
  const fault = 'page_fault_user: address=0x70001000 ip=0x1 error_code=0x6';
  const unmap = ['sys_enter_munmap: addr: 0x70000000, len: 0x2000', 'sys_exit_munmap: 0x0'] as const;
  const kept = await answer(
    'inspect',
    'mapped.txt',
    trace(['1.1', note], ['1.2', fault], ['1.3', unmap[0]], ['1.4', unmap[1]]),
  );
  expect(kept.events.byOp).toMatchObject({ mmap: 1, munmap: 1, write_fault: 1 });
  expect(kept.files).toMatchObject([{ inode: '131', path: '/m/a' }]);
  const gone = await answer(
    'inspect',
    'gone.txt',
    trace(['1.05', unmap[0]], ['1.06', unmap[1]], ['1.1', note], ['1.2', fault]),
  );
  expect(gone.events.byOp.mmap).toBeUndefined();
});

const MMAP = (address: number): readonly [string, string] => [
  'sys_enter_mmap: addr: 0x0, len: 0x1000, prot: 0x3, flags: 0x1, fd: 0x5, off: 0x0',
  `sys_exit_mmap: 0x${address.toString(16)}`,
];

test('a look at a process that maps other things meanwhile is believed for the rest', async () => {
  const mapping = { ...file, start: 0x5000_0000, length: 8192, offset: 0, prot: 'r-xp', path: '/m/a' };
  const [enter, leave] = MMAP(0x7000_0000);
  const fault = 'page_fault_user: address=0x50001000 ip=0x1 error_code=0x4';
  const note = mappingNote(at(1_000_000_000), mapping);
  const lines = [
    ['1.05', enter],
    ['1.06', leave],
    ['1.1', note],
    ['1.2', fault],
  ] as const;
  const kept = await answer('inspect', 'aside.txt', trace(...lines));
  expect(kept.events.byOp).toMatchObject({ mmap: 2, read_fault: 1 });
  expect(kept.files).toContainEqual(expect.objectContaining({ inode: '131', events: 2 }));
  // In the same place it was changed: whatever the look saw there may be gone.
  const [enterOver, leaveOver] = MMAP(0x5000_1000);
  const over = [
    ['1.05', enterOver],
    ['1.06', leaveOver],
    ['1.1', note],
  ] as const;
  expect((await answer('inspect', 'over.txt', trace(...over))).events.byOp).toMatchObject({ mmap: 1 });
});

test('a look tells which file was mapped, also where it shows neighbours as one and before mmap has returned', async () => {
  const mapping = { ...file, start: 0x7000_0000, length: 8192, offset: 0, prot: 'rw-s', path: '/m/a' };
  const call = (address: number, offset: number): readonly [string, string] => [
    `sys_enter_mmap: addr: 0x0, len: 0x1000, prot: 0x3, flags: 0x1, fd: 0x5, off: 0x${offset.toString(16)}`,
    `sys_exit_mmap: 0x${address.toString(16)}`,
  ];
  const [[a, b], [c, d]] = [call(0x7000_0000, 0), call(0x7000_1000, 4096)];
  const told = mappingNote(at(1_500_000_000), mapping);
  const lines = [
    ['1.1', a],
    ['1.2', b],
    ['1.3', c],
    ['1.4', d],
    ['1.6', told],
  ] as const;
  const found = await answer('inspect', 'neighbours.txt', trace(...lines));
  expect(found.events.byOp).toMatchObject({ mmap: 2 });
  expect(found.events.byOp.munmap).toBeUndefined();
  expect(found.files).toMatchObject([{ inode: '131', events: 2 }]);
  const inside = mappingNote(at(1_150_000_000), { ...mapping, length: 4096 });
  const early = await answer('inspect', 'inside.txt', trace(['1.1', a], ['1.17', inside], ['1.2', b]));
  expect(early.events.byOp).toMatchObject({ mmap: 1 });
  expect(early.files).toMatchObject([{ inode: '131', events: 1 }]);
});

test('nothing begins in a process that ended while it was looked at', async () => {
  const mapping = { ...file, start: 0x7000_0000, length: 8192, offset: 0, prot: 'rw-s', path: '/m/a' };
  const note = mappingNote(at(1_000_000_000), mapping);
  const exit = 'sched_process_exit: comm=app pid=50 prio=120 group_dead=true';
  const text = trace(['1.05', OPEN[0]], ['1.06', OPEN[1]], ['1.07', exit], ['1.1', note]);
  const { events } = await answer('inspect', 'ended.txt', text);
  expect(events.byOp).toMatchObject({ exit: 1 });
  expect(events.byOp.mmap).toBeUndefined();
});

test('after exec nothing is mapped as in the parent', async () => {
  const mapping = { ...file, start: 0x7000_0000, length: 8192, offset: 0, prot: 'rw-s', path: '/m/a' };
  const fault = 'page_fault_user: address=0x70001000 ip=0x1 error_code=0x6';
  const lines = (middle: readonly (readonly [string, string])[]): string =>
    trace(
      ['1.1', mappingNote(at(1_000_000_000), mapping)],
      ['1.2', 'sched_process_fork: comm=app pid=50 child_comm=app child_pid=60'],
      ...middle,
      ['1.4', fault],
    ).replace(/app-50( .*1\.[34]:)/g, 'app-60$1');
  const begun = ['1.3', 'sched_process_exec: filename=/bin/b pid=60 old_pid=60'] as const;
  expect((await answer('inspect', 'child.txt', lines([]))).events.byOp).toMatchObject({ write_fault: 1 });
  expect((await answer('inspect', 'begun.txt', lines([begun]))).events.byOp.write_fault).toBeUndefined();
});

test('facts come with the source, into a bundle and out of it, and not into an anonymous one', async () => {
  const text = trace(['1.1', factNote(at(1), 'machine', { cpus: 2 })], ['1.2', INSERT]);
  expect((await answer('inspect', 'facts.txt', text)).sources[0].facts).toEqual({ machine: { cpus: 2 } });
  const bundle = files.path('facts.sealtrace');
  await sealtrace(['ingest', files.path('facts.txt'), '-o', bundle]);
  const kept = JSON.parse((await sealtrace(['inspect', bundle, '--json'])).out);
  expect(kept.sources[0].facts).toEqual({ machine: { cpus: 2 } });
  expect((await sealtrace(['inspect', bundle])).out).toMatch(/Recorded on\n\s+machine\s+cpus 2/);
  const hidden = files.path('hidden.sealtrace');
  await sealtrace(['anonymize', bundle, '-o', hidden]);
  expect(JSON.parse((await sealtrace(['inspect', hidden, '--json'])).out).sources[0].facts).toEqual({});
});

test('a path that would break its line is left out; text of others and broken notes do no harm', async () => {
  expect(fileNote(at(1), file, 3, '/m/a\nb')).toBe('sealtrace note_file 50 50 1 7:0 131 3');
  expect(fileNote(at(1), file, 3, `/${'x'.repeat(2000)}`)).toBe('sealtrace note_file 50 50 1 7:0 131 3');
  const odd = [
    'sealtrace note_map 1 1 1 7:0 x xfs 0 -1 -',
    'sealtrace note_nothing 1 1 1',
    'sealtrace',
    'sealtrace note_fact 1 1 1 {',
  ];
  const text = trace(...odd.map((line, i) => [`1.${i + 1}`, line] as const), ['1.8', INSERT]);
  const { sources, unplaced } = await answer('inspect', 'odd.txt', text);
  expect(sources[0].records).toBe(5);
  expect(unplaced).toEqual([{ cause: 'notes of the recorder that cannot be read', count: 2 }]);
});

// What is recorded: events, filters, file systems. Nothing here needs root.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { KERNEL_EVENTS } from '../../src/model/kernel-events.js';
import { chooseEvents, knownEvents } from '../../src/record/event-sets.js';
import { eventFilter, type Scope } from '../../src/record/filters.js';
import { deviceOf, deviceOfStat, parseMountinfo } from '../../src/record/mounts.js';
import { chooseTargets, walk } from '../../src/record/targets.js';

const all = knownEvents();
const plain = { dax: false, devices: false, bios: false };

test('every event that sealtrace knows has a system, unless it is told by another recorder or is no tracepoint', () => {
  const named = new Set(all.map((line) => line.split(':')[1]));
  const without = KERNEL_EVENTS.filter(({ name }) => !named.has(name)).map(({ name }) => name);
  expect(
    without.filter(
      (name) =>
        !/^(note_|vmf_|mr_|print$|tracing_mark_write$|map$|unmap$|locks_|posix_|flock_|fcntl_|leases_)/.test(name),
    ),
  ).toEqual([]);
});

test('the events of one file system, of both, and of devices', () => {
  const systems = (wanted: Parameters<typeof chooseEvents>[1]): string[] => [
    ...new Set(chooseEvents(all, wanted).events.map(({ system }) => system)),
  ];
  expect(systems({ fileSystems: ['xfs'], ...plain })).not.toContain('ext4');
  expect(systems({ fileSystems: ['ext4'], ...plain })).not.toContain('xfs');
  expect(systems({ fileSystems: ['xfs', 'ext4'], ...plain })).toEqual(expect.arrayContaining(['xfs', 'ext4', 'jbd2']));
  expect(systems({ fileSystems: ['xfs'], ...plain })).not.toContain('nvme');
  expect(systems({ fileSystems: ['xfs'], dax: true, devices: true, bios: false })).toEqual(
    expect.arrayContaining(['fs_dax', 'nvme', 'dma']),
  );
});

test('what belongs to a file goes to the buffer of maps, what a process asks for to that of calls', () => {
  const { events } = chooseEvents(all, { fileSystems: ['xfs'], ...plain });
  const groupOf = (name: string) => events.find((event) => event.name === name)?.group;
  expect([groupOf('xfs_iext_insert'), groupOf('block_rq_issue'), groupOf('mm_filemap_fault')]).toEqual([
    'maps',
    'maps',
    'maps',
  ]);
  expect([groupOf('sys_enter_mmap'), groupOf('sched_process_exit'), groupOf('page_fault_user')]).toEqual([
    'calls',
    'calls',
    'calls',
  ]);
  expect(groupOf('xfs_ilock')).toBeUndefined();
});

test('an event this kernel does not have is named with what it costs, and the others are recorded', () => {
  expect(chooseEvents(all, { fileSystems: ['xfs', 'ext4'], ...plain }).missing).toEqual([]);
  const poor = all.filter((line) => !/xfs_bmap_|leases?|break_lease/.test(line));
  const { events, missing } = chooseEvents(poor, { fileSystems: ['xfs'], ...plain });
  expect(missing).toEqual([
    'this kernel has no event xfs_bmap_pre_update, xfs_bmap_post_update: block maps of XFS files are guesses',
    'this kernel has no event generic_add_lease, break_lease_block: leases are not seen',
  ]);
  expect(events.map(({ name }) => name)).toContain('xfs_iext_insert');
  expect(() => chooseEvents(['sched:sched_switch'], { fileSystems: ['xfs'], ...plain })).toThrow(/none of the events/);
});

const scope: Scope = { devices: [7340032, 266338304], disks: [7340032], inodes: [], without: [], looker: '' };
const FIELDS = ['common_type', 'common_pid', 'dev', 'ino', 'startoff'];

test('filters: by device, by inode, by disk, and not by what an event does not have', () => {
  expect(eventFilter('xfs', 'xfs_bunmap', FIELDS, scope)).toBe('(dev == 7340032 || dev == 266338304)');
  expect(eventFilter('filemap', 'mm_filemap_fault', ['i_ino', 's_dev'], { ...scope, devices: [5] })).toBe('s_dev == 5');
  expect(eventFilter('block', 'block_rq_issue', ['dev', 'sector'], scope)).toBe('dev == 7340032');
  expect(eventFilter('dma', 'dma_map_sg', ['device'], scope)).toBe('');
  const inodes = [131, 132].map((inode) => ({ device: 7340032, inode }));
  expect(eventFilter('xfs', 'xfs_bunmap', FIELDS, { ...scope, inodes })).toBe(
    '(dev == 7340032 && (ino == 131 || ino == 132))',
  );
  expect(eventFilter('xfs', 'xfs_iunlink', ['dev'], { ...scope, inodes, devices: [7340032] })).toBe('dev == 7340032');
  const without = [{ device: 266338304, inode: 9 }];
  expect(eventFilter('xfs', 'xfs_bunmap', FIELDS, { ...scope, without })).toBe(
    '(dev == 7340032 || (dev == 266338304 && ino != 9))',
  );
});

test("the recorder's own looks are kept out of look-ups, and of nothing else", () => {
  const looked = { ...scope, devices: [5], looker: 'filefrag' };
  expect(eventFilter('xfs', 'xfs_iomap_found', FIELDS, looked)).toBe('dev == 5 && COMM != "filefrag"');
  expect(eventFilter('ext4', 'ext4_es_insert_extent', FIELDS, looked)).toBe('dev == 5 && COMM != "filefrag"');
  expect(eventFilter('xfs', 'xfs_iext_insert', FIELDS, looked)).toBe('dev == 5');
  expect(eventFilter('iomap', 'iomap_dio_complete', FIELDS, looked)).toBe('dev == 5');
});

const MOUNTINFO = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
30 27 7:0 / /mnt/with\\040space rw,noatime shared:3 - xfs /dev/loop0 rw,attr2,inode64
31 27 7:0 /sub /srv/bind rw,relatime - xfs /dev/loop0 rw,attr2
32 27 0:40 / /tmp rw - tmpfs tmpfs rw
33 27 7:1 / /mnt/old rw - ext3 /dev/loop1 rw,data=ordered
34 27 7:2 / /mnt/older rw - ext2 /dev/loop2 rw
35 27 7:3 / /mnt/ext2 rw - ext2 /dev/loop3 rw`;

test('mounts: XFS and ext4 (which serves ext3, and ext2 where that has no driver of its own), each once, with their options and without octal escapes', () => {
  const served = 7 * 2 ** 20 + 2;
  expect(parseMountinfo(MOUNTINFO, (device) => device === served)).toEqual([
    { device: 254 * 2 ** 20, type: 'ext4', point: '/', options: 'rw,relatime,discard' },
    { device: 7 * 2 ** 20, type: 'xfs', point: '/mnt/with space', options: 'rw,noatime,attr2,inode64' },
    { device: 7 * 2 ** 20 + 1, type: 'ext4', point: '/mnt/old', options: 'rw,data=ordered' },
    { device: served, type: 'ext4', point: '/mnt/older', options: 'rw' },
  ]);
  expect(deviceOf('259:3')).toBe(259 * 2 ** 20 + 3);
  expect(deviceOf('x')).toBeNaN();
});

test('st_dev as glibc packs it: major 259 and minors above 255', () => {
  const packed = (major: number, minor: number): number =>
    Number(((BigInt(major) & 0xfffn) << 8n) | (BigInt(minor) & 0xffn) | ((BigInt(minor) & 0xffffff00n) << 12n));
  for (const [major, minor] of [
    [7, 0],
    [259, 3],
    [8, 17],
    [253, 300],
  ] as const)
    expect(deviceOfStat(packed(major, minor))).toBe(major * 2 ** 20 + minor);
});

const folder = mkdtempSync(join(tmpdir(), 'sealtrace-targets-'));
afterAll(() => rmSync(folder, { recursive: true }));
const here = deviceOfStat(statSync(folder).dev);

test('targets: by path, by type, by the words of the command', () => {
  const root = { device: 1, type: 'ext4', point: '/', options: 'rw' } as const;
  const data = { device: here, type: 'xfs', point: '/data', options: 'rw' } as const;
  const file = join(folder, 'a.db');
  writeFileSync(file, 'x');
  const asked = { fs: null, paths: [], command: [] };
  expect(chooseTargets({ ...asked, paths: [file] }, [root, data])).toMatchObject({
    mounts: [data],
    files: [{ device: here, inode: statSync(file).ino }],
  });
  expect(chooseTargets({ ...asked, paths: [folder] }, [root, data]).files).toEqual([]);
  expect(chooseTargets(asked, [root, data]).mounts).toEqual([root, data]);
  const named = chooseTargets({ ...asked, command: ['sqlite3', file] }, [root, data]);
  expect(named.mounts).toEqual([data]);
  expect(named.leftOut).toMatch(/^ext4 on \/ is left out/);
  expect(chooseTargets({ ...asked, fs: 'ext4' }, [root, data]).mounts).toEqual([root]);
  expect(() => chooseTargets({ ...asked, fs: 'xfs' }, [root])).toThrow(
    /expected a mounted xfs file system, found none/,
  );
  expect(() => chooseTargets({ ...asked, paths: ['/proc'] }, [root])).toThrow(/expected a file on XFS or ext4/);
  expect(() => chooseTargets({ ...asked, paths: [join(folder, 'none')] }, [root])).toThrow(/no such file/);
});

test('a walk stops where it is told to, and says so', () => {
  for (let i = 0; i < 20; i++) writeFileSync(join(folder, `f${i}`), 'x');
  const limits = { files: 1000, milliseconds: 1000, nowMs: () => 0, between: () => {} };
  const whole = walk([folder], [here], limits);
  expect(whole.whole).toBe(true);
  expect(whole.files.length).toBeGreaterThanOrEqual(20);
  expect(walk([folder], [here], { ...limits, files: 5 })).toMatchObject({ whole: false });
  expect(walk([folder], [here + 1], limits).files).toEqual([]);
});

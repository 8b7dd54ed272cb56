// What other tools and /proc print, read; and what the recorder prints for others.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { parseFilefrag, parseXfsIo } from '../../src/record/fiemap.js';
import { parseXfsInfo } from '../../src/record/machine.js';
import { parseMaps } from '../../src/record/processes.js';
import { COMMANDS, commandText, quoted, type Recipe, shellScript, TOOLS } from '../../src/record/recipes.js';
import { Session } from '../../src/record/session.js';
import { abandonedNames, parseStats } from '../../src/record/tracefs.js';
import { ViaSession } from '../../src/record/via.js';

// e2fsprogs 1.47 and xfsprogs 6.1 on one file: written, a hole, written again, preallocated.
const FILEFRAG = `Filesystem type is: 58465342
File size of /mnt/a b/da is 2097152 (512 blocks of 4096 bytes)
 ext:     logical_offset:        physical_offset: length:   expected: flags:
   0:        0..      15:        368..       383:     16:
   1:      256..     256:       1449..      1449:      1:        624: shared
   2:      257..     511:       1450..      1704:    255:             last,unwritten,eof
/mnt/a b/da: 2 extents found
File size of /mnt/new is 65536 (16 blocks of 4096 bytes)
 ext:     logical_offset:        physical_offset: length:   expected: flags:
   0:        0..      15:          0..         0:      0:             last,unknown_loc,delalloc,eof
/mnt/new: 1 extent found
File size of /mnt/empty is 0 (0 blocks of 4096 bytes)
/mnt/empty: 0 extents found
`;
const BLOCK_MAPPED = `Filesystem type is: ef53
Filesystem cylinder groups approximately 29
File size of /mnt/x is 1081272 (1056 blocks of 1024 bytes)
/mnt/x: 0 extents found
File size of /mnt/y is 130000 (127 blocks of 1024 bytes)
 ext:     logical_offset:        physical_offset: length:   expected: flags:
   0:        0..      29:      16993..     17022:     30:             merged
   1:       97..     126:          0..         0:      0:             last,unknown_loc,delalloc,eof
/mnt/y: 2 extents found
File size of /mnt/with-extents is 4096 (4 blocks of 1024 bytes)
 ext:     logical_offset:        physical_offset: length:   expected: flags:
   0:        0..       3:      17100..     17103:      4:             last,eof
/mnt/with-extents: 1 extent found
`;
const XFS_IO = `fd.path = "/mnt/a b/da"
stat.size = 2097152
/mnt/a b/da:
 EXT: FILE-OFFSET      BLOCK-RANGE      TOTAL FLAGS
   0: [0..127]:        2944..3071         128   0x0
   1: [128..2047]:     hole              1920
   2: [2048..2055]:    11592..11599         8   0x2000
   3: [2056..4095]:    11600..13639      2040 0x801
`;

test('filefrag and xfs_io tell the same map of a file', () => {
  const [file, fresh, empty] = parseFilefrag(FILEFRAG);
  expect(file).toEqual({
    path: '/mnt/a b/da',
    size: 2097152,
    extents: [
      { offset: 0, length: 65536, addr: 1507328, state: 'written', shared: false },
      { offset: 1048576, length: 4096, addr: 5935104, state: 'written', shared: true },
      { offset: 1052672, length: 1044480, addr: 5939200, state: 'unwritten', shared: false },
    ],
    blockMapped: false,
  });
  expect(parseXfsIo('/mnt/a b/da', XFS_IO)).toEqual(file);
  expect(fresh!.extents).toEqual([{ offset: 0, length: 65536, addr: -1, state: 'delalloc', shared: false }]);
  expect(empty).toEqual({ path: '/mnt/empty', size: 0, extents: [], blockMapped: false });
});

test('filefrag: files of ext4 without extents are told from others, also where only delayed blocks are there', () => {
  const maps = parseFilefrag(BLOCK_MAPPED);
  expect(maps.map(({ path, blockMapped }) => [path, blockMapped])).toEqual([
    ['/mnt/x', true],
    ['/mnt/y', true],
    ['/mnt/with-extents', false],
  ]);
});

test('what lies in the inode has no blocks, and filefrag tells it in bytes', () => {
  const filefrag = `File size of /mnt/small is 7 (1 block of 4096 bytes)
 ext:     logical_offset:        physical_offset: length:   expected: flags:
   0:        0..       6:     187176..    187182:      7:             last,not_aligned,inline,eof
/mnt/small: 1 extent found
`;
  const xfsIo = `stat.size = 7
/mnt/small:
 EXT: FILE-OFFSET      BLOCK-RANGE      TOTAL FLAGS
   0: [0..0]:          365..365             1 0x301
`;
  const small = { path: '/mnt/small', size: 7, extents: [], blockMapped: false };
  expect(parseFilefrag(filefrag)).toEqual([small]);
  expect(parseXfsIo('/mnt/small', xfsIo)).toEqual(small);
});

test('filefrag: a name with a line break keeps its map, and gives the file before it no second one', () => {
  const text = FILEFRAG.replace('/mnt/new is', '/mnt/a\nnew is').replace('/mnt/new:', '/mnt/a\nnew:');
  const [file, fresh] = parseFilefrag(text);
  expect(file!.extents).toHaveLength(3);
  expect(fresh).toMatchObject({ path: '/mnt/a\nnew', size: 65536, extents: [{ state: 'delalloc' }] });
});

test('/proc/PID/maps: device numbers are hexadecimal, anonymous memory is left out', () => {
  const text = `7f00a0000000-7f00a0400000 rw-s 00001000 103:0a 131                       /mnt/a b/db.dat (deleted)
7f00a0400000-7f00a0500000 rw-p 00000000 00:00 0
7ffc0000-7ffd0000 rw-p 00000000 00:00 0                          [stack]
`;
  expect(parseMaps(text)).toEqual([
    {
      start: 0x7f00a0000000,
      length: 0x400000,
      offset: 0x1000,
      device: 259 * 2 ** 20 + 10,
      inode: 131,
      prot: 'rw-s',
      path: '/mnt/a b/db.dat (deleted)',
    },
  ]);
});

test('xfs_info: groups whose size is no power of two, and realtime devices', () => {
  const text = `meta-data=/dev/loop0              isize=512    agcount=4, agsize=40960 blks
         =                       sectsz=512   attr=2, projid32bit=1
         =                       crc=1        finobt=1, sparse=1, rmapbt=0
         =                       reflink=1    bigtime=1 inobtcount=1 nrext64=0
data     =                       bsize=4096   blocks=163840, imaxpct=25
         =                       sunit=0      swidth=0 blks
log      =internal log           bsize=4096   blocks=16384, version=2
realtime =none                   extsz=4096   blocks=0, rtextents=0
`;
  expect(parseXfsInfo(text)).toMatchObject({ groupBlocks: 40960, groupLog: 16, blockBytes: 4096, realtime: false });
  expect(parseXfsInfo(text.replace('=none  ', '=/dev/sdb'))).toMatchObject({ realtime: true });
  expect(parseXfsInfo('xfs_info: not found')).toBeNull();
});

test('per_cpu stats: every kind of loss counts', () => {
  const text = 'entries: 10\noverrun: 2\ncommit overrun: 3\nbytes: 1\ndropped events: 4\nread events: 5\n';
  expect(parseStats(text)).toEqual({ events: 15, lost: 9 });
});

test('only what this recorder left behind is removed, and only when its owner is gone', () => {
  const start = (pid: number): string => (pid === 12 ? '500' : pid === 13 ? '900' : '');
  const names = [
    'sealtrace-12-500-maps',
    'sealtrace-13-500-maps',
    'sealtrace-14-1-calls',
    'sealtrace-14-1-trial-maps',
    'sealtrace-14-1-other',
    'sealtrace-14-1-trial-other',
    'sealtrace',
    'joined',
    'sealtrace-shell-14',
  ];
  expect(abandonedNames(names, '', start)).toEqual([
    'sealtrace-13-500-maps',
    'sealtrace-14-1-calls',
    'sealtrace-14-1-trial-maps',
  ]);
  expect(abandonedNames(['.sealtrace-14-1', '.sealtrace-12-500', 'sealtrace-14-1', '.x'], '.', start)).toEqual([
    '.sealtrace-14-1',
  ]);
});

const recipe: Recipe = {
  events: [
    { system: 'xfs', name: 'xfs_iext_insert', group: 'maps' },
    { system: 'syscalls', name: 'sys_enter_mmap', group: 'calls' },
  ],
  scope: { devices: [7340032], disks: [7340032], inodes: [], without: [], looker: '' },
  fields: () => ['dev', 'ino'],
  folders: [],
  command: ['./my app', "it's", '$HOME'],
  seconds: null,
  kib: 4096,
  script: 'run.bt',
  out: 'out file',
  buffer: 'sealtrace',
};

/** What a shell makes of the words. */
const asShell = (text: string): string[] =>
  execFileSync('sh', ['-c', `printf '%s\\n' ${text}`], { encoding: 'utf8' })
    .trimEnd()
    .split('\n');

test.each(TOOLS)('the printed command of %s is, word for word, the one that is run', (tool) => {
  const words = COMMANDS[tool](recipe);
  expect(asShell(commandText(words))).toEqual(words);
});

test('filters stand behind their event; the calls have none', () => {
  const words = COMMANDS['trace-cmd'](recipe).join(' ');
  expect(words).toContain('-e xfs:xfs_iext_insert -f dev == 7340032 -e syscalls:sys_enter_mmap ./my app');
  expect(COMMANDS.perf(recipe).join(' ')).toContain('-e xfs:xfs_iext_insert --filter dev == 7340032');
  expect(COMMANDS.bpftrace(recipe).slice(-2)).toEqual(['run.bt', '7340032']);
});

test('the shell script is one that a shell accepts, and ends in the command', () => {
  const script = shellScript(recipe);
  execFileSync('sh', ['-n'], { input: script });
  expect(script.trimEnd().split('\n').at(-1)).toBe(recipe.command.map(quoted).join(' '));
  expect(
    shellScript({ ...recipe, command: [], seconds: 2.5 })
      .trimEnd()
      .split('\n')
      .at(-1),
  ).toBe('sleep 2.5');
});

const host = { pid: 1, uid: 1000, platform: 'linux', clock: 'mono' as const, nowNs: () => 0n, cpuNs: () => 0 };
const nobody = { say: () => {}, warn: () => {}, sized: () => {}, live: () => {} };
const options = {
  fs: null,
  paths: [],
  command: ['true'],
  pid: null,
  durationNs: null,
  bufferBytes: null,
  beside: '/nowhere',
  version: '0',
};

test('who may not record is told what to do, before anything is changed', () => {
  expect(() => new Session(host, options, nobody)).toThrow(/expected to run as root.*sudo/);
  expect(() => new Session({ ...host, platform: 'darwin' }, options, nobody)).toThrow(/expected Linux, found darwin/);
  expect(() => new ViaSession(host, 'perf', options, nobody)).toThrow(/expected to run as root/);
});

// Lanes that give each file its policy: which rule wins, and that a file fares as it would in a lane of its policy alone.
import { describe, expect, test } from 'vitest';
import { mixedLaneOf } from '../../src/results/mixed-lane.js';
import { build, type Line, PAGE, pages, replayLines, written } from '../support/replay.js';

const FILES = ['/data/a.db', '/spool/x/job', '/home/notes'];
const story = (path: string, pid: number, t: number): Line[] => [
  { t: t + 1, op: 'mmap', pid, path, ...pages(0, 8), handle: `m${pid}`, flags: ['shared', 'writable'] },
  { t: t + 2, op: 'register', pid, path, ...pages(0, 4), handle: `r${pid}`, flags: ['write'] },
  { t: t + 3, op: 'layout_get', pid, path, ...pages(0, 4), handle: `l${pid}` },
  { t: t + 4, op: 'write', pid: pid + 60, path, ...pages(0, 1) },
  { t: t + 5, op: 'punch', pid: pid + 70, path, ...pages(1, 1) },
  { t: t + 6, op: 'dma_write', pid, handle: `r${pid}`, ...pages(0, 4) },
  { t: t + 7, op: 'exit', pid, flags: ['killed'] },
  { t: t + 8, op: 'truncate', pid: pid + 80, path, size: PAGE },
];
const lines = [
  ...FILES.flatMap((path, i) => written(path, 8, 100 * (i + 1))),
  ...FILES.flatMap((path, i) => story(path, 10 + i, 100 * (i + 1))),
];
const calls = lines.filter(({ op }) => ['write', 'punch', 'truncate', 'dma_write'].includes(op));

describe('a mixed lane', () => {
  test.each(['open', 'closed'] as const)(
    'each file fares as in a lane of its own policy alone (%s)',
    async (timing) => {
      const policies = ['ondisk', 'pnfs-layout', 'mapdirect', 'dax'];
      const of: Record<string, string> = {
        '/data/a.db': 'ondisk',
        '/spool/x/job': 'pnfs-layout',
        '/home/notes': 'mapdirect',
      };
      const lane = 'prod=*.db=ondisk,/spool/**=pnfs-layout,*=mapdirect';
      const replayed = await replayLines(lines, { policies, lanes: [lane], timing });
      for (const line of calls) {
        const path = FILES[Math.floor(line.t / 100) - 1]!;
        expect([line.t, replayed.verdict('prod', line)]).toEqual([line.t, replayed.verdict(of[path]!, line)]);
      }
      expect(new Set(calls.map((line) => replayed.verdict('prod', line)))).toEqual(
        new Set(['proceed', 'deny ETXTBSY', 'recall']),
      );
      const prod = replayed.lane('prod');
      expect(prod.title).toBe('*.db as ondisk, /spool/** as pnfs-layout, * as mapdirect');
      expect(prod.seals).toMatchObject({ opened: 3, orphaned: 1, leftAfterCrash: 1 });
      const cards = replayed.detail('prod').conflicts;
      expect(cards.map(({ file, hold, verdict }) => [file, hold, verdict])).toEqual(
        expect.arrayContaining([
          ['/data/a.db', 'seal', 'deny'],
          ['/spool/x/job', 'layout', 'recall'],
          ['/home/notes', 'mapping', 'deny'],
        ]),
      );
      expect(cards[0]!.elsewhere).toHaveProperty('prod');
    },
  );

  test('the first match wins; what no rule names is left to the policy of the recording', async () => {
    const lane = 'prod=a.db=mapdirect,*.db=ondisk';
    const replayed = await replayLines(lines, { policies: ['pagecache'], lanes: [lane] });
    expect(replayed.lane('prod').rules).toEqual([
      { rule: 'a.db', policy: 'mapdirect', files: 1 },
      { rule: '*.db', policy: 'ondisk', files: 0 },
      { rule: 'others', policy: 'pagecache', files: 2 },
    ]);
    const [db, spool] = [1, 2].map((i) => calls.find(({ t }) => t === i * 100 + 5)!);
    expect(replayed.verdict('prod', db!)).toBe('deny ETXTBSY');
    expect(replayed.verdict('prod', spool!)).toBe('proceed');
    expect([...new Set(replayed.run.tables.map(({ policy }) => policy))]).toEqual(['pagecache', 'mapdirect', 'ondisk']);
  });

  test('by inode, and by the size at first sight', async () => {
    const two: Line[] = [
      { t: 0, op: 'file', dev: '7:0', ino: '131', size: 4 * PAGE },
      { t: 0, op: 'extent', dev: '7:0', ino: '131', off: 0, len: 4 * PAGE, addr: 400 * PAGE },
      ...written('/big', 300, 1000),
      ...written('/small', 8, 2000),
      { t: 1, op: 'truncate', path: '/small', size: 300 * PAGE },
    ];
    const { rules } = (await replayLines(two, { policies: [], lanes: ['p=ino:131=swap,>1M=ondisk,*=dax'] })).lane('p');
    expect(rules).toEqual([
      { rule: 'ino:131', policy: 'swap', files: 1 },
      { rule: '>1M', policy: 'ondisk', files: 1 },
      { rule: '*', policy: 'dax', files: 1 },
    ]);
  });

  test('an operation on two files gets the stronger answer of their two policies', async () => {
    const both: Line[] = [
      ...written('/a', 8, 100),
      ...written('/b', 8, 200),
      { t: 1, op: 'register', pid: 10, path: '/b', ...pages(0, 4), handle: 'r', flags: ['write'] },
      { t: 2, op: 'reflink', pid: 20, path: '/a', ...pages(0, 1), to: { path: '/b', off: 4 * PAGE } },
      { t: 3, op: 'reflink', pid: 20, path: '/b', ...pages(0, 1), to: { path: '/a', off: 0 } },
    ];
    const lanes = ['one=/b=ondisk,*=dax', 'other=/a=ondisk,/b=famfs,*=dax'];
    const replayed = await replayLines(both, { policies: [], lanes });
    expect(both.slice(-2).map((line) => replayed.verdict('one', line))).toEqual(['deny ETXTBSY', 'deny ETXTBSY']);
    expect(both.slice(-2).map((line) => replayed.verdict('other', line))).toEqual([
      'deny EOPNOTSUPP',
      'deny EOPNOTSUPP',
    ]);
  });
});

describe('what is wrong is said', () => {
  const named = (name: string) => {
    if (name === 'nosuch') throw new Error('unknown policy "nosuch"');
    return build(name);
  };
  test.each([
    ['', /its name must be lower case/],
    ['Prod=*=dax', /its name must be lower case/],
    ['prod', /its name must be lower case/],
    ['prod=', /it has no rule/],
    ['prod= , ', /it has no rule/],
    ['prod=*.db', /its rule "\*\.db" is not FILES=POLICY/],
    ['prod=*=dax,', /its rule "" is not FILES=POLICY/],
    ['prod=*=nosuch', /unknown policy "nosuch"/],
    ['prod=*=recorded', /no policy of a file/],
    ['prod=[ab]=dax', /"\[ab\]" is no pattern/],
    ['prod=ino:x=dax', /"ino:x" is no inode/],
    ['prod=>big=dax', /">big" is no size/],
  ])('%j', (text, message) => {
    expect(() => mixedLaneOf(text, named)).toThrow(message);
  });
});

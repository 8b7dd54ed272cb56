// Device accesses through a registration whose blocks moved on: under which policy they happen, and of which class.
import { describe, expect, test } from 'vitest';
import { type Line, pages, replayLines, written } from '../support/replay.js';

const MODERN = { policies: ['pagecache', 'dax', 'mapsync-pin', 'ondisk', 'mapdirect', 'mapdirect-lease', 'odp'] };
const OLD = { policies: ['dax'], settings: { era: '2017' } };

/** /buf is registered by 10; what 20 then does with its blocks is each story's own. */
const buffer: readonly Line[] = [
  ...written('/buf', 16, 100),
  { t: 0, op: 'file', path: '/new', size: 0 },
  { t: 1_000, op: 'mmap', pid: 10, path: '/buf', ...pages(0, 16), handle: 'm', flags: ['shared', 'writable'] },
  { t: 2_000, op: 'register', pid: 10, path: '/buf', ...pages(0, 16), handle: 'mr', flags: ['write'] },
];
const punch: Line = { t: 3_000, op: 'punch', pid: 20, path: '/buf', ...pages(4, 4) };
const reuse: Line = { t: 4_000, op: 'fallocate', pid: 30, path: '/new', ...pages(0, 4), addr: 104 * 4096 };
const write: Line = { t: 5_000, op: 'dma_write', pid: 10, path: '/buf', ...pages(2, 4), handle: 'mr' };
const read: Line = { ...write, op: 'dma_read' };
const givenBack: readonly Line[] = [
  { t: 8_000, op: 'deregister', pid: 10, handle: 'mr' },
  { t: 9_000, op: 'munmap', pid: 10, handle: 'm' },
];
const story = (...middle: readonly Line[]): Line[] => [...buffer, ...middle, ...givenBack];

describe('a kernel of 2017, plain DAX', () => {
  test('punched and free: the device writes blocks that are nobody’s, class a', async () => {
    const replayed = await replayLines(story(punch, write), OLD);
    // Only half of the access lies in the hole.
    expect(replayed.lane('dax').hazards).toMatchObject({ count: 1, bytes: 8192, byClass: { a: 1, b: 0, c: 0, d: 0 } });
    expect(replayed.detail('dax').hazards[0]).toMatchObject({
      hazardClass: 'a',
      file: '/buf',
      offset: 4 * 4096,
      addr: 104 * 4096,
      ownerNow: '',
      staleForNs: 2_000,
    });
  });

  test('reused by another file: reading it is class b, writing it class c', async () => {
    for (const [access, hazardClass] of [
      [read, 'b'],
      [write, 'c'],
    ] as const) {
      const replayed = await replayLines(story(punch, reuse, access), OLD);
      expect(replayed.lane('dax').hazards).toMatchObject({ count: 1, bytes: 8192, byClass: { [hazardClass]: 1 } });
      expect(replayed.detail('dax').hazards[0]).toMatchObject({ hazardClass, ownerNow: '/new', op: access.op });
    }
  });

  test('taken by the file system for itself: writing it is class d, reading it b', async () => {
    const log: Line = { t: 4_000, op: 'block_io', addr: 104 * 4096, len: 16_384, flags: ['write', 'meta'] };
    for (const [access, hazardClass] of [
      [read, 'b'],
      [write, 'd'],
    ] as const) {
      const replayed = await replayLines(story(punch, log, access), OLD);
      expect(replayed.lane('dax').hazards).toMatchObject({ count: 1, bytes: 8192, byClass: { [hazardClass]: 1 } });
      expect(replayed.detail('dax').hazards[0]).toMatchObject({ hazardClass, ownerNow: '' });
    }
    // Before the blocks were freed, or data: nothing of the kind.
    const early: Line = { ...log, t: 2_500, flags: ['write'] };
    expect((await replayLines(story(early, punch, write), OLD)).lane('dax').hazards.byClass.d).toBe(0);
  });

  test('moved within the file: old data of the same file, class a', async () => {
    const collapse: Line = { ...punch, op: 'collapse', ...pages(0, 4) };
    const replayed = await replayLines(story(collapse, write), OLD);
    expect(replayed.detail('dax').hazards[0]).toMatchObject({ hazardClass: 'a', bytes: 4 * 4096, ownerNow: '' });
  });

  test('cloned over or deduplicated: the victim is the second file of the call', async () => {
    for (const op of ['reflink', 'dedupe']) {
      const over: Line = { t: 3_000, op, pid: 20, path: '/other', ...pages(0, 4), to: { path: '/buf', off: 4 * 4096 } };
      const replayed = await replayLines([...written('/other', 4, 300), ...story(over, write)], OLD);
      expect(replayed.detail('dax').hazards[0], op).toMatchObject({ file: '/buf', bytes: 8192, staleForNs: 2_000 });
    }
  });

  test('a short pin is no protection either', async () => {
    const pin: Line = { t: 2_500, op: 'pin', pid: 10, path: '/buf', ...pages(0, 16), handle: 'p', flags: ['write'] };
    const replayed = await replayLines(story(pin, punch, { ...write, handle: 'p' }), OLD);
    expect(replayed.lane('dax').hazards).toMatchObject({ count: 1, bytes: 8192 });
  });

  test('an access beside the hole, or after the registration was given back, is none', async () => {
    const beside: Line = { ...write, ...pages(8, 4) };
    const late: Line = { ...write, t: 8_500 };
    const replayed = await replayLines(
      [...story(punch, beside), late].sort((a, b) => a.t - b.t),
      OLD,
    );
    expect(replayed.lane('dax')).toMatchObject({
      hazards: { count: 0 },
      diverged: 0,
      byOp: { dma_write: { proceed: 2 } },
    });
  });
});

describe('what each policy makes of it', () => {
  test('refused where the file is sealed, refaulted on demand, waited for under pins', async () => {
    const replayed = await replayLines(story(punch, reuse, write), MODERN);
    for (const { policy } of replayed.run.report.lanes) expect(replayed.lane(policy).hazards.count, policy).toBe(0);
    for (const policy of ['ondisk', 'mapdirect']) {
      expect(replayed.verdict(policy, punch)).toBe('deny ETXTBSY');
      expect(replayed.lane(policy).deviceRefaults).toBe(0);
      // The trace hands the blocks to /new; here they are still /buf's, and /new gets others.
      expect(replayed.map(policy, '/buf')).toEqual(['0+16 written@100']);
      expect(replayed.map(policy, '/new')[0]).not.toContain('@104');
      expect(replayed.lane(policy).diverged).toBe(1);
    }
    expect(replayed.verdict('mapsync-pin', punch)).toBe('wait');
    expect(replayed.verdict('mapdirect-lease', punch)).toBe('recall');
    expect(replayed.verdict('odp', punch)).toBe('revoke');
    expect(replayed.lane('odp').deviceRefaults).toBe(1);
  });

  test('no registration, no access: dax refuses it with EOPNOTSUPP, the page cache with EFAULT', async () => {
    const replayed = await replayLines(story(punch, reuse, write), MODERN);
    expect(replayed.lane('dax').denied).toEqual({ EOPNOTSUPP: 1 });
    expect(replayed.lane('pagecache').denied).toEqual({ EFAULT: 1 });
    expect(replayed.lane('dax').byOp.register!.deny).toBe(1);
    for (const policy of ['dax', 'pagecache']) {
      expect(replayed.verdict(policy, punch), policy).toBe('proceed');
      expect(replayed.lane(policy), policy).toMatchObject({ hazards: { count: 0 }, diverged: 1 });
    }
  });

  test('on demand: one device fault for each change, also when the file was the second one of the call', async () => {
    const over: Line = { t: 6_000, op: 'reflink', pid: 20, path: '/other', ...pages(0, 4), to: { path: '/buf' } };
    const again: Line = { ...write, t: 7_000, ...pages(0, 4) };
    const lines = [...written('/other', 4, 300), ...story(punch, write, { ...write, t: 5_500 }, over, again)];
    const replayed = await replayLines(lines, { policies: ['odp'] });
    expect(replayed.lane('odp')).toMatchObject({ hazards: { count: 0 }, deviceRefaults: 2 });
  });

  test('MAP_DIRECT ends at munmap, the registration does not: what follows is a hazard', async () => {
    const early: Line = { t: 2_500, op: 'munmap', pid: 10, handle: 'm' };
    const lines = [...buffer, early, punch, write, givenBack[0]!];
    const replayed = await replayLines(lines, { policies: ['mapdirect', 'ondisk'] });
    expect(replayed.verdict('mapdirect', punch)).toBe('proceed');
    expect(replayed.lane('mapdirect').hazards.byClass.a).toBe(1);
    expect(replayed.lane('ondisk').hazards.count).toBe(0);
  });

  test('an unlinked file keeps its blocks while it is mapped, and loses them with the last mapping', async () => {
    const unlink: Line = { t: 3_000, op: 'unlink', pid: 20, path: '/buf' };
    const inTime = await replayLines(story(unlink, write), { policies: ['mapdirect'] });
    expect(inTime.verdict('mapdirect', unlink)).toBe('proceed');
    expect(inTime.lane('mapdirect').hazards.count).toBe(0);
    const unmapped: Line = { t: 4_000, op: 'munmap', pid: 10, handle: 'm' };
    const lines = [...buffer, unlink, unmapped, write, givenBack[0]!];
    const late = await replayLines(lines, { policies: ['mapdirect', 'odp'] });
    expect(late.map('mapdirect', '/buf', 3_999)).toEqual(['0+16 written@100']);
    expect(late.lane('mapdirect').hazards).toMatchObject({ count: 1, bytes: 4 * 4096 });
    expect(late.lane('odp')).toMatchObject({ hazards: { count: 0 }, deviceRefaults: 1 });
  });
});

test('a block that a clone has is another file’s, wherever the file itself has it by then', async () => {
  const lines: Line[] = [
    ...[...written('/f', 4, 100), ...written('/other', 8, 300)],
    { t: 1, op: 'pin', pid: 10, path: '/f', ...pages(0, 1), handle: 'p' },
    { t: 2, op: 'reflink', pid: 20, path: '/f', ...pages(0, 1), to: { path: '/other', off: 0 } },
    { t: 3, op: 'insert', pid: 20, path: '/f', ...pages(0, 2) },
    { t: 4, op: 'dma_write', pid: 10, path: '/f', ...pages(0, 1), handle: 'p' },
    { t: 9, op: 'fsync', pid: 99, path: '/z' },
  ];
  const replayed = await replayLines(lines, { policies: ['pagecache'] });
  expect(replayed.lane('pagecache').hazards.byClass).toMatchObject({ a: 0, c: 1 });
});

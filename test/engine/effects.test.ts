// What calls do to block maps whose changes were not recorded, and which blocks they get.
import { describe, expect, test } from 'vitest';
import { type Line, PAGE, pages, replayLines, written } from '../support/replay.js';

const S = 1e9;
const end: Line = { t: 20 * S, op: 'fsync', pid: 99, path: '/other' };
const on = (t: number, op: string, path: string, more: object = {}, pid = 20): Line => ({ t, op, pid, path, ...more });
const clone = on(1, 'reflink', '/f', { to: { path: '/g' } });
const empty = (path: string): Line => ({ t: 0, op: 'file', path, size: 4 * PAGE });
/** Where what only a replay allocates begins in these traces: block 256, the first whole MiB above theirs. */
const dax = { policies: ['dax'] };

describe('a clone', () => {
  const lines = [...written('/f', 4, 100), empty('/g'), clone];

  test('is zeroed in blocks of its own', async () => {
    const replayed = await replayLines([...lines, on(2, 'zero', '/g', { off: 0, len: 2 * PAGE }), end], dax);
    expect(replayed.map('dax', '/g')).toEqual(['0+2 unwritten@260', '2+2 shared@102']);
    expect(replayed.map('dax', '/f')).toEqual(['0+4 shared@100']);
  });

  test('is unshared in whole blocks', async () => {
    const replayed = await replayLines([...lines, on(2, 'unshare', '/g', { off: PAGE + 100, len: 10 }), end], dax);
    expect(replayed.map('dax', '/g')).toEqual(['0+1 shared@100', '1+1 written@260', '2+2 shared@102']);
  });

  test('stays unwritten where it was', async () => {
    const unwritten = { t: 0, op: 'extent', path: '/f', ...pages(0, 4), addr: 100 * PAGE, state: 'unwritten' };
    const unshare = on(2, 'unshare', '/g', pages(0, 4));
    const replayed = await replayLines([empty('/f'), unwritten, empty('/g'), clone, unshare, end], dax);
    expect(replayed.map('dax', '/g')).toEqual(['0+4 unwritten@260']);
  });
});

describe('blocks that the trace names are replaced where somebody still has them in this lane', () => {
  const reuse = (t: number, at: number): Line => on(t, 'write', '/new', { ...pages(0, 1), addr: at * PAGE }, 30);

  test('a shared block that a refused write would have left', async () => {
    const seal = on(2, 'seal', '/f', {}, 10);
    const lines = [
      ...[...written('/f', 4, 100), empty('/g'), empty('/new'), clone, seal],
      // Recorded: /f leaves block 100 by copy on write, /g frees it, /new gets it.
      ...[on(3, 'write', '/f', pages(0, 1)), on(4, 'punch', '/g', pages(0, 1)), reuse(5, 100), end],
    ];
    const options = { policies: ['ondisk'], sealRule: 'explicit', settings: { seal_fills: 'false' } };
    const replayed = await replayLines(lines, options);
    expect(replayed.map('ondisk', '/f')).toEqual(['0+4 shared@100']);
    expect(replayed.map('ondisk', '/new')).toEqual(['0+1 written@264']);
    expect(replayed.lane('ondisk').diverged).toBeGreaterThan(0);
  });

  test('blocks that have moved in their file since', async () => {
    const lines = [
      ...[...written('/f', 4, 100), empty('/new'), on(1, 'swapon', '/f', { handle: 's' })],
      ...[on(2, 'punch', '/f', pages(3, 1)), on(3, 'swapoff', '/f', { handle: 's' })],
      ...[on(4, 'collapse', '/f', pages(0, 1)), reuse(5, 103), end],
    ];
    const replayed = await replayLines(lines, dax);
    expect(replayed.map('dax', '/f')).toEqual(['0+3 written@101']);
    expect(replayed.map('dax', '/new')).toEqual(['0+1 written@260']);
  });

  test('blocks that a late thread has not freed yet', async () => {
    const lines = [
      ...[...written('/f', 4, 100), ...written('/g', 4, 110), empty('/new')],
      on(0, 'pin', '/f', { ...pages(0, 1), handle: 'a' }, 10),
      ...[on(S, 'punch', '/f', pages(2, 1)), on(2 * S, 'punch', '/g', pages(0, 1)), reuse(3 * S, 110)],
      ...[{ t: 5 * S, op: 'unpin', pid: 10, handle: 'a' }, end],
    ];
    const replayed = await replayLines(lines, { ...dax, timing: 'open' });
    expect(replayed.map('dax', '/new')).toEqual(['0+1 written@110']);
    const late = await replayLines(lines, { ...dax, timing: 'closed' });
    expect(late.lane('dax')).toMatchObject({ diverged: 1, wait: { totalNs: 4 * S } });
  });
});

describe('a rename onto a file', () => {
  const files = [...written('/f', 4, 100), ...written('/g', 4, 200)];
  const rename = (more: object = {}) => on(2, 'rename', '/f', { to: { path: '/g' }, ...more });

  test('frees what it replaces, and a device that has those addresses meets whoever gets them', async () => {
    const pin = on(1, 'pin', '/g', { ...pages(0, 1), handle: 'p' }, 10);
    const reuse = on(3, 'write', '/new', { ...pages(0, 1), addr: 200 * PAGE }, 30);
    const store: Line = { t: 4, op: 'dma_write', pid: 10, handle: 'p' };
    const replayed = await replayLines([...files, pin, rename(), reuse, store, end], dax);
    expect(replayed.maps('dax', '/g', [1, 2])).toEqual([['0+4 written@200'], []]);
    expect(replayed.map('dax', '/f')).toEqual(['0+4 written@100']);
    expect(replayed.lane('dax').hazards.byClass).toEqual({ a: 0, b: 0, c: 1, d: 0 });
  });

  test('leaves its blocks to who has it mapped; the last one takes them along', async () => {
    const map = on(1, 'mmap', '/g', { ...pages(0, 4), handle: 'm' }, 10);
    const unmap: Line = { t: 5, op: 'munmap', pid: 10, handle: 'm' };
    const replayed = await replayLines([...files, map, rename(), unmap, end], dax);
    expect(replayed.maps('dax', '/g', [2, 5])).toEqual([['0+4 written@200'], []]);
  });

  test('that fails, or is one onto itself, frees nothing; a sealed file is not replaced', async () => {
    const failed = await replayLines([...files, rename({ ret: '-EPERM' }), end], dax);
    const same = await replayLines([...files, rename({ to: { path: '/f' } }), end], dax);
    const sealed = await replayLines([...files, on(1, 'seal', '/g', {}, 10), rename(), end], { policies: ['ondisk'] });
    expect(failed.map('dax', '/g')).toEqual(['0+4 written@200']);
    expect(same.map('dax', '/f')).toEqual(['0+4 written@100']);
    expect(sealed.lane('ondisk').denied).toEqual({ EPERM: 1 });
    expect(sealed.map('ondisk', '/g')).toEqual(['0+4 written@200']);
  });

  test('is the same in one row (over) or two', async () => {
    const over = on(2, 'rename', '/g', { flags: ['over'] });
    const [one, two] = [
      await replayLines([...files, over, end], dax),
      await replayLines([...files, rename(), end], dax),
    ];
    expect(one.map('dax', '/g')).toEqual(two.map('dax', '/g'));
  });
});

describe('map metadata that MAP_SYNC has to commit', () => {
  const task = { pid: 20 };
  const mapped: Line[] = [
    ...written('/f', 4, 100),
    on(1, 'mmap', '/f', { flags: ['shared', 'writable', 'sync'], handle: 'm' }),
  ];
  const fault = on(9 * S, 'write_fault', '/f', pages(3, 1));
  const commits = async (...lines: readonly Line[]) =>
    (await replayLines([...lines, fault, end], { policies: ['mapsync'] })).lane('mapsync').verdicts.commit;
  const seen = (op: string, at: number, addr: number, more: object = {}): Line => ({
    ...{ t: S, op, path: '/f', ...pages(at, 1), addr: addr * PAGE, ...more },
  });

  test('is not what a look found to be there', async () => {
    expect(await commits(...mapped)).toBe(0);
    expect(await commits(...mapped, seen('map_insert', 1, 101, task))).toBe(0);
    expect(await commits(...mapped, seen('map_remove', 5, 105, task))).toBe(0);
  });

  test('is what was seen to change', async () => {
    expect(await commits(...mapped, seen('map_insert', 1, 201, task))).toBe(1);
    expect(await commits(...mapped, seen('map_insert', 1, 101, { ...task, state: 'unwritten' }))).toBe(1);
    expect(await commits(...mapped, seen('map_remove', 1, 101, task))).toBe(1);
  });

  test('is what somebody brought into a map that was known, and nothing that only describes', async () => {
    expect(await commits(...mapped, seen('extent', 4, 104, task))).toBe(1);
    expect(await commits(...mapped, seen('extent', 4, 104))).toBe(0);
    const unknown = { t: 2, op: 'map_unknown', path: '/f' };
    expect(await commits(...mapped, unknown, seen('extent', 4, 104, task))).toBe(0);
    // A change of a map that is not known is one, whatever was there.
    expect(await commits(...mapped, unknown, seen('map_insert', 1, 101, task))).toBe(1);
  });
});

describe('where a refused call left blocks that the recording lost', () => {
  // Recorded: a truncate cuts the file to four pages, a fallocate gives it four others, a fault in the first of them splits the extent.
  const open: Line[] = [
    ...written('/f', 8, 100),
    on(1, 'mmap', '/f', { flags: ['shared', 'writable', 'direct'], handle: 'm' }, 10),
  ];
  const cut = [
    on(S, 'truncate', '/f', { size: 4 * PAGE, opId: 5 }),
    on(S + 1, 'map_remove', '/f', { ...pages(4, 4), opId: 5 }),
  ];
  const grown = [
    on(2 * S, 'fallocate', '/f', { ...pages(4, 4), opId: 6 }),
    on(2 * S + 1, 'map_insert', '/f', { ...pages(4, 4), addr: 200 * PAGE, state: 'unwritten', opId: 6 }),
  ];
  const split = (by: object): Line[] => [
    on(3 * S + 1, 'map_remove', '/f', { ...pages(4, 4), ...by }),
    on(3 * S + 2, 'map_insert', '/f', { ...pages(5, 3), addr: 201 * PAGE, state: 'unwritten', ...by }),
    on(3 * S + 3, 'map_insert', '/f', { ...pages(4, 1), addr: 200 * PAGE, ...by }),
  ];
  const options = { policies: ['mapdirect', 'dax'] };

  test.each([
    ['a page fault', [on(3 * S, 'write_fault', '/f', { ...pages(4, 1), opId: 7 }), ...split({ opId: 7 })]],
    ['the kernel, later', [on(3 * S, 'write_fault', '/f', { ...pages(4, 1), opId: 7 }), ...split({ opId: 0 })]],
  ])('%s that splits an extent there unwrites nothing', async (_, deed) => {
    const later = on(4 * S, 'write_fault', '/f', pages(6, 1));
    const replayed = await replayLines([...open, ...cut, ...grown, ...deed, later, end], options);
    expect(replayed.map('mapdirect', '/f')).toEqual(['0+8 written@100']);
    // The truncate and the fallocate; in the lane where they went ahead, the map is the recorded one.
    expect(replayed.lane('mapdirect').verdicts.deny).toBe(2);
    expect(replayed.map('dax', '/f')).toEqual(['0+4 written@100', '4+1 written@200', '5+3 unwritten@201']);
  });
});

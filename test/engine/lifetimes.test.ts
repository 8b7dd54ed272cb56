// Section 5 of seal-semantics row by row: what each policy's hold survives. A hold is taken, something happens to its holder, and a
// change by somebody else tells whether it is still there.
import { describe, expect, test } from 'vitest';
import { type Line, lineAt as on, pages, replayLines, written } from '../support/replay.js';

const HOLDER = 10;
const CHILD = 11;
const OTHER = 20;
const S = 1e9;

const file = written('/f', 16, 100);
const end: Line = { t: 900 * S, op: 'fsync', pid: 99, path: '/z' };
const change = on(300, 'punch', OTHER, pages(8, 1));

const mmap = (flags: readonly string[] = [], pid = HOLDER, handle = 'm'): Line =>
  on(2, 'mmap', pid, { ...pages(0, 16), handle, flags: ['shared', 'writable', ...flags] });
const open: Line = on(1, 'open', HOLDER, { handle: 'o', flags: ['write'] });
const plain = [open, mmap()];
const direct = [open, mmap(['direct'])];

const EVENTS = {
  nothing: [],
  'a child exits': [on(3, 'fork', HOLDER), on(4, 'exit', CHILD)],
  'part is unmapped': [on(4, 'munmap', HOLDER, { ...pages(0, 8), handle: 'm' })],
  'all is unmapped': [on(4, 'munmap', HOLDER, { ...pages(0, 16), handle: 'm' })],
  'the descriptor is closed': [on(4, 'close', HOLDER, { handle: 'o' })],
  exit: [{ ...on(4, 'exit', HOLDER), path: undefined }],
  SIGKILL: [{ ...on(4, 'exit', HOLDER, { flags: ['killed'] }), path: undefined }],
} as const satisfies Readonly<Record<string, readonly Line[]>>;
type Event = keyof typeof EVENTS;

interface Row {
  readonly lines: readonly Line[];
  /** What a change meets while the hold is there. */
  readonly held: string;
  /** Events after which it is gone. */
  readonly ends: readonly Event[];
  /** Seals that a crash leaves. */
  readonly afterCrash: number;
}

const GONE: readonly Event[] = ['exit', 'SIGKILL'];
const ROWS: Readonly<Record<string, Row>> = {
  // MAP_SYNC forbids nothing, whoever maps.
  mapsync: { lines: [open, mmap(['sync'])], held: 'proceed', ends: [], afterCrash: 0 },
  'mapsync-pin': {
    lines: [...plain, on(2, 'register', HOLDER, { ...pages(0, 4), handle: 'r', flags: ['write'] })],
    ...{ held: 'wait', ends: GONE, afterCrash: 0 },
  },
  ondisk: { lines: [on(0.5, 'seal', HOLDER), ...plain], held: 'deny ETXTBSY', ends: [], afterCrash: 1 },
  mapdirect: { lines: direct, held: 'deny ETXTBSY', ends: ['all is unmapped', ...GONE], afterCrash: 0 },
  'mapdirect-lease': { lines: direct, held: 'recall', ends: ['all is unmapped', ...GONE], afterCrash: 0 },
  'pnfs-layout': {
    lines: [...plain, on(2, 'layout_get', HOLDER, { handle: 'l' })],
    ...{ held: 'recall', ends: [], afterCrash: 0 },
  },
  'layout-user': {
    lines: [...plain, on(2, 'lease', HOLDER, { handle: 'l', flags: ['exclusive'] })],
    ...{ held: 'deny ETXTBSY', ends: ['the descriptor is closed', ...GONE], afterCrash: 0 },
  },
  odp: {
    lines: [...plain, on(2, 'register', HOLDER, { ...pages(0, 16), handle: 'r', flags: ['write', 'odp'] })],
    ...{ held: 'revoke', ends: GONE, afterCrash: 0 },
  },
  swap: { lines: [on(2, 'swapon', HOLDER, { handle: 's' })], held: 'deny ETXTBSY', ends: [], afterCrash: 0 },
  // Nothing is refused; the copy goes stale, whatever becomes of who asked for it.
  'static-map': {
    lines: [...plain, on(2, 'address_query', HOLDER, { handle: 'q' })],
    ...{ held: 'proceed', ends: [], afterCrash: 0 },
  },
  famfs: { lines: plain, held: 'deny EOPNOTSUPP', ends: [], afterCrash: 0 },
};

describe.each(Object.entries(ROWS))('%s', (policy, { lines, held, ends, afterCrash }) => {
  test.each(Object.keys(EVENTS) as Event[])('after: %s', async (event) => {
    const all = [...file, ...lines, ...EVENTS[event], change, end];
    const replayed = await replayLines(all, { policies: [policy], sealRule: 'explicit' });
    expect(replayed.verdict(policy, change)).toBe(ends.includes(event) ? 'proceed' : held);
  });

  test('a crash', async () => {
    const options = { policies: [policy], sealRule: 'explicit', crashAt: '100s' };
    const replayed = await replayLines([...file, ...lines, end], options);
    expect(replayed.lane(policy).seals.leftAfterCrash).toBe(afterCrash);
  });
});

test('a mapping that a forked child has counts until that is gone as well', async () => {
  for (const policy of ['mapdirect', 'mapdirect-lease']) {
    const child = { ...mmap(['direct'], CHILD, 'c'), t: 3 * S };
    const parent = EVENTS.exit[0];
    const [held, free] = [on(10, 'punch', OTHER, pages(8, 1)), on(200, 'punch', OTHER, pages(9, 1))];
    const gone = { ...on(100, 'exit', CHILD), path: undefined };
    const all = [...file, ...direct, child, parent, held, gone, free, end];
    const replayed = await replayLines(all, { policies: [policy], sealRule: 'explicit' });
    expect(replayed.verdict(policy, held)).toBe(policy === 'mapdirect' ? 'deny ETXTBSY' : 'recall');
    expect(replayed.verdict(policy, free)).toBe('proceed');
  }
});

test('who was killed leaves the on-disk seal to nobody; a swap file stays one until swapoff', async () => {
  const killed = EVENTS.SIGKILL[0];
  const orphan = await replayLines([...file, ...ROWS.ondisk!.lines, killed, end], {
    policies: ['ondisk'],
    sealRule: 'explicit',
  });
  expect(orphan.lane('ondisk').seals).toMatchObject({ orphaned: 1, aliveAtEnd: 1 });
  const off = on(200, 'swapoff', OTHER, { handle: 's' });
  const swap = await replayLines([...file, ...ROWS.swap!.lines, killed, off, change, end], {
    policies: ['swap'],
    sealRule: 'explicit',
  });
  expect(swap.verdict('swap', change)).toBe('proceed');
});

test('a copied map goes stale after the exit of who asked for it; one on demand never', async () => {
  const device = (handle: string): Line => ({ t: 400 * S, op: 'dma_write', pid: HOLDER, handle, ...pages(8, 1) });
  for (const event of ['nothing', 'all is unmapped', 'the descriptor is closed', 'exit', 'SIGKILL'] as const) {
    const hazards = async (policy: string, handle: string) => {
      const all = [...file, ...ROWS[policy]!.lines, ...EVENTS[event], change, device(handle), end];
      return (await replayLines(all, { policies: [policy], sealRule: 'explicit' })).lane(policy).hazards.count;
    };
    expect([await hazards('static-map', 'q'), await hazards('odp', 'r')], event).toEqual([1, 0]);
  }
});

test('pins that stay behind: after munmap a MAP_DIRECT seal is gone and the device goes on (H); a layout lease waits for the last pin', async () => {
  const register = on(2, 'register', HOLDER, { ...pages(0, 16), handle: 'r', flags: ['write'] });
  const device: Line = { t: 400 * S, op: 'dma_write', pid: HOLDER, handle: 'r', ...pages(8, 1) };
  const gone = [...file, ...direct, register, ...EVENTS['all is unmapped'], change, device, end];
  const mapdirect = await replayLines(gone, { policies: ['mapdirect'], sealRule: 'explicit' });
  expect([mapdirect.verdict('mapdirect', change), mapdirect.lane('mapdirect').hazards.count]).toEqual(['proceed', 1]);
  const leased = [...file, ...ROWS['layout-user']!.lines, register, ...EVENTS['the descriptor is closed'], change, end];
  const layout = await replayLines(leased, { policies: ['layout-user'], sealRule: 'explicit' });
  expect(layout.verdict('layout-user', change)).toBe('deny ETXTBSY');
});

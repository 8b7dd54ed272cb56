// The operations of each row of the decision table, done to one file whose extents are known, and who holds that file.
import type { CaseName, HoldName } from '../../src/model/policy.js';
import { type Line, PAGE, pages, written } from '../support/replay.js';

export const HOLDER = 10;
export const OTHER = 20;
export const AT = 50_000;
/** When every hold is given back, so that no wait is for ever. */
export const RELEASE = 90_000;

/** /f: written, unwritten, a hole, shared with /clone, written to the end of file at ten pages; eleven in the map's reach. */
export const world: readonly Line[] = [
  { t: 0, op: 'file', path: '/f', size: 10 * PAGE },
  { t: 0, op: 'extent', path: '/f', ...pages(0, 1), addr: 100 * PAGE },
  { t: 0, op: 'extent', path: '/f', ...pages(1, 1), addr: 101 * PAGE, state: 'unwritten' },
  { t: 0, op: 'extent', path: '/f', ...pages(3, 1), addr: 103 * PAGE, state: 'shared' },
  { t: 0, op: 'extent', path: '/f', ...pages(4, 6), addr: 104 * PAGE },
  { t: 0, op: 'file', path: '/clone', size: PAGE },
  { t: 0, op: 'extent', path: '/clone', ...pages(0, 1), addr: 103 * PAGE, state: 'shared' },
  ...written('/other', 10, 200),
];

/** The same extents, but nothing says that they are all there is: a seal call cannot prepare what it does not know. */
export const halfKnown: readonly Line[] = world.filter((line) => line.op !== 'file' || line.path !== '/f');

export interface Story {
  readonly name: CaseName;
  readonly op: string;
  /** Keys of the line besides time and actor. */
  readonly keys: Readonly<Record<string, unknown>>;
  /** Let through, it changes the block map of /f. */
  readonly changes: boolean;
}

const on = (name: CaseName, op: string, keys: Readonly<Record<string, unknown>>, changes = false): Story => ({
  name,
  op,
  keys: { path: '/f', ...keys },
  changes,
});
const changing = (name: CaseName, op: string, keys: Readonly<Record<string, unknown>>): Story =>
  on(name, op, keys, true);

export const STORIES: readonly Story[] = [
  on('read', 'read', pages(0, 10)),
  on('write_written', 'write', pages(5, 2)),
  changing('write_unwritten', 'write', pages(1, 1)),
  changing('write_hole', 'write', pages(2, 1)),
  changing('write_shared', 'write', pages(3, 1)),
  changing('write_past_eof', 'write', pages(9, 2)),
  on('read_fault', 'read_fault', pages(0, 1)),
  on('read_fault', 'read_fault', pages(2, 1)),
  on('write_fault_written', 'write_fault', pages(0, 1)),
  changing('write_fault_unwritten', 'write_fault', pages(1, 1)),
  changing('write_fault_hole', 'write_fault', pages(2, 1)),
  changing('write_fault_shared', 'write_fault', pages(3, 1)),
  changing('truncate_down', 'truncate', { size: 5 * PAGE }),
  changing('truncate_down', 'open', { flags: ['write', 'trunc'] }),
  on('truncate_up', 'truncate', { size: 20 * PAGE }),
  on('truncate_same', 'truncate', { size: 10 * PAGE }),
  on('fallocate', 'fallocate', pages(4, 2)),
  changing('fallocate', 'fallocate', { ...pages(10, 1), flags: ['keep_size'] }),
  changing('fallocate_move', 'punch', pages(4, 2)),
  changing('fallocate_move', 'zero', pages(4, 2)),
  changing('fallocate_move', 'collapse', pages(4, 2)),
  changing('fallocate_move', 'insert', pages(4, 2)),
  changing('unshare', 'unshare', pages(3, 1)),
  changing('reflink_source', 'reflink', { ...pages(4, 2), to: { path: '/other' } }),
  changing('reflink_target', 'reflink', { ...pages(4, 2), path: '/other', to: { path: '/f' } }),
  changing('reflink_target', 'dedupe', { ...pages(4, 2), path: '/other', to: { path: '/f' } }),
  changing('exchange', 'exchange', { ...pages(4, 2), to: { path: '/other' } }),
  changing('exchange', 'exchange', { ...pages(4, 2), path: '/other', to: { path: '/f' } }),
  changing('swapext', 'swapext', { to: { path: '/other' } }),
  changing('unlink', 'unlink', {}),
  changing('unlink', 'rename', { flags: ['over'] }),
  on('rename', 'rename', { to: { path: '/g' } }),
  on('attributes', 'setattr', { flags: ['times'] }),
  on('attributes', 'fsync', {}),
  on('attributes', 'open', { flags: ['write'] }),
  on('map_writable', 'mmap', { ...pages(0, 10), handle: 'm2', flags: ['shared', 'writable'] }),
  on('pin_short', 'pin', { ...pages(5, 1), handle: 'p2', flags: ['write'] }),
  on('pin_long', 'register', { ...pages(5, 1), handle: 'r2', flags: ['write'] }),
  on('umount', 'umount', {}),
];

/** A way to hold /f: the lines that take the hold, which kinds of hold it makes in a lane that lets it, the seal rule. */
export interface Holding {
  readonly title: string;
  readonly rule: 'dma' | 'explicit';
  readonly lines: readonly Line[];
  readonly kinds: readonly HoldName[];
}

const mmap = (flags: readonly string[]): Line => ({
  t: 10_000,
  op: 'mmap',
  pid: HOLDER,
  path: '/f',
  ...pages(0, 10),
  handle: 'm',
  flags: ['shared', 'writable', ...flags],
});
const pin: Line = { t: 20_000, op: 'pin', pid: HOLDER, path: '/f', ...pages(0, 1), handle: 'p', flags: ['write'] };
const register: Line = { ...pin, t: 21_000, op: 'register', handle: 'r' };
const sealed: readonly HoldName[] = ['seal', 'mapping', 'lease'];

export const HOLDINGS: readonly Holding[] = [
  { title: 'a pin through a mapping', rule: 'dma', lines: [mmap([]), pin], kinds: [...sealed, 'pin'] },
  {
    title: 'a registration through a mapping',
    rule: 'dma',
    lines: [mmap([]), register],
    kinds: [...sealed, 'registration'],
  },
  {
    title: 'a sealed file, MAP_DIRECT, a pin and a registration',
    rule: 'explicit',
    lines: [{ t: 9_000, op: 'seal', pid: HOLDER, path: '/f' }, mmap(['direct']), pin, register],
    kinds: [...sealed, 'pin', 'registration'],
  },
];

/** The whole trace: what is there, who holds it, one operation, the holds given back. */
export function trace(holding: Holding, story: Story, pid: number, start = world): { lines: Line[]; line: Line } {
  const line: Line = { t: AT, op: story.op, pid, ...story.keys };
  const releases: Readonly<Record<string, string>> = { mmap: 'munmap', pin: 'unpin', register: 'deregister' };
  const given = holding.lines
    .filter((taken) => releases[taken.op] !== undefined)
    .map((taken) => ({ t: RELEASE, op: releases[taken.op]!, pid: HOLDER, path: '/f', handle: taken.handle }));
  return { lines: [...start, ...holding.lines, line, ...given, { t: 100_000, op: 'fsync', path: '/other' }], line };
}

/** /f is whole when it is claimed, so that every claim is had. */
export const whole: readonly Line[] = [
  ...written('/f', 10, 100),
  ...written('/clone', 1, 300),
  ...written('/other', 10, 200),
];
export const CLAIMED = 30_000;
/** The state that a story asks for, once the file is claimed. */
export function later({ name }: Story): Line[] {
  if (name.endsWith('_unwritten'))
    return [{ t: CLAIMED, op: 'extent', path: '/f', ...pages(1, 1), addr: 101 * PAGE, state: 'unwritten' }];
  if (name.endsWith('_hole')) return [{ t: CLAIMED, op: 'map_remove', path: '/f', ...pages(2, 1) }];
  if (!name.endsWith('_shared') && name !== 'unshare') return [];
  return [
    { t: CLAIMED, op: 'extent', path: '/f', ...pages(3, 1), addr: 300 * PAGE, state: 'shared' },
    { t: CLAIMED, op: 'extent', path: '/clone', ...pages(0, 1), addr: 300 * PAGE, state: 'shared' },
  ];
}

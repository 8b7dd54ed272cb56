// Lines of a hand-written trace as the naive replay reads them (events.md), and which row of the decision table each is.
import { type CaseName, ERRNO } from '../../src/model/policy.js';
import { type Line, PAGE } from '../support/replay.js';
import { type Disk, endOf, type FileModel, touched } from './disk.js';

export interface Call {
  readonly line: Line;
  readonly index: number;
  readonly op: string;
  readonly flags: ReadonlySet<string>;
  readonly path: string | null;
  /** Of the second file: where the blocks of `path` go, or come from. */
  readonly otherPath: string | null;
  readonly otherOffset: number;
  readonly offset: number;
  /** Bytes; of `truncate` and `file` the size; -1: not said. */
  readonly length: number;
  /** Neither offset nor length was said: the whole file. */
  readonly whole: boolean;
  readonly addr: number;
  readonly pid: number;
  readonly thread: string;
  /** Of a fork that tells: who is made. */
  readonly child: { readonly pid: number; readonly thread: string } | null;
  readonly handle: string;
  /** The recording says that it failed. */
  readonly failed: boolean;
  /** errno of that, positive; 0. */
  readonly errno: number;
  /** How long it took in the recording, -1 unknown. */
  readonly ns: number;
}

/** What is there or was seen: applied, never decided. */
export const OBSERVED: ReadonlySet<string> = new Set(['file', 'extent', 'commit', 'block_io']);
/** What takes hold of a file under a name. */
export const ACQUIRES: ReadonlySet<string> = new Set([
  'open',
  'mmap',
  'pin',
  'register',
  'swapon',
  'lease',
  'layout_get',
  'address_query',
]);
/** Done by a device through a hold, whatever the thread is at that took it. */
export const isDevice = (call: Call): boolean =>
  call.handle !== '' && ['unpin', 'dma_read', 'dma_write'].includes(call.op);
export const isFault = (op: string): boolean => op === 'read_fault' || op === 'write_fault';
export const isKill = (call: Call): boolean => call.op === 'exit' && call.flags.has('killed');

/** The second file of a line, or who a fork makes. */
interface To {
  readonly path?: string;
  readonly off?: number;
  readonly pid?: number;
  readonly tid?: number;
}

/** Lines by time, equal times as they stand; who names a hold and no file means the file that is held. */
export function callsOf(lines: readonly Line[]): Call[] {
  const held = new Map<string, string>();
  const paths = new Paths();
  return lines
    .map((line, index) => {
      const named = typeof line.path === 'string' ? { ...line, path: paths.meant(line.path) } : line;
      const to = line.to as To | undefined;
      const call = callOf(
        to?.path === undefined ? named : { ...named, to: { ...to, path: paths.meant(to.path) } },
        index,
        held,
      );
      if (ACQUIRES.has(call.op) && call.handle !== '' && call.path !== null) held.set(call.handle, call.path);
      if (call.op === 'rename' && to?.path !== undefined && !call.failed && !call.flags.has('over'))
        paths.move(String(line.path), to.path);
      return call;
    })
    .sort((a, b) => a.line.t - b.line.t || a.index - b.index);
}

/** What a path means: a rename takes it along, and leaves the old one free for another file. */
class Paths {
  private readonly moved = new Map<string, string | null>();
  private reused = 1;

  meant(path: string): string {
    const file = this.moved.get(path);
    if (file === undefined) return path;
    const found = file ?? `${path} (${++this.reused})`;
    this.moved.set(path, found);
    return found;
  }

  move(from: string, to: string): void {
    const file = this.meant(from);
    this.moved.set(from, null);
    this.moved.set(to, file);
  }
}

const number = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise);

function callOf(line: Line, index: number, held: ReadonlyMap<string, string>): Call {
  const handle = typeof line.handle === 'string' ? line.handle : '';
  const to = line.to as To | undefined;
  const sized = line.op === 'truncate' || line.op === 'file';
  const offset = number(line.off, 0);
  const pid = number(line.pid, 0);
  const errno = typeof line.ret === 'string' ? (ERRNO[line.ret.slice(1)] ?? 0) : 0;
  return {
    ...{ line, index, op: line.op, handle, offset, pid, errno },
    flags: new Set((line.flags ?? []) as string[]),
    path: typeof line.path === 'string' ? line.path : (held.get(handle) ?? null),
    otherPath: to?.path ?? null,
    otherOffset: to?.off ?? offset,
    length: number(sized ? line.size : line.len, -1),
    whole: !sized && line.off === undefined && line.len === undefined,
    addr: number(line.addr, -1),
    thread: `${pid}/${number(line.tid, pid)}`,
    child: to?.pid === undefined ? null : { pid: to.pid, thread: `${to.pid}/${number(to.tid, to.pid)}` },
    failed: errno !== 0,
    ns: number(line.ns, -1),
  };
}

/** Bytes that a call is about; of a whole file, as far as it reaches. */
export const bytesOf = (call: Call, file: FileModel): number =>
  call.whole ? Math.max(file.size, endOf(file)) : call.length;

/** Calls that are one row of the table whatever the file is like. */
const PLAIN: Readonly<Record<string, CaseName>> = {
  ...{ read: 'read', fallocate: 'fallocate', punch: 'fallocate_move', zero: 'fallocate_move' },
  ...{ collapse: 'fallocate_move', insert: 'fallocate_move', unshare: 'unshare', exchange: 'exchange' },
  ...{ swapext: 'swapext', unlink: 'unlink', setattr: 'attributes', fsync: 'attributes', read_fault: 'read_fault' },
  ...{ pin: 'pin_short', register: 'pin_long', umount: 'umount' },
};

/** The row of the table for one of a call's files; null: no row, it is let through. */
export function caseOf(call: Call, file: FileModel | null, second: boolean): CaseName | null {
  const { op, flags } = call;
  // A device that translates on demand takes no pin.
  if (op === 'register' && flags.has('odp')) return null;
  if (PLAIN[op] !== undefined) return PLAIN[op];
  if (op === 'open') return flags.has('trunc') ? 'truncate_down' : 'attributes';
  if (op === 'reflink' || op === 'dedupe') return second ? 'reflink_target' : 'reflink_source';
  if (op === 'rename') return flags.has('over') !== second ? 'unlink' : 'rename';
  if (op === 'mmap') return flags.has('shared') && flags.has('writable') ? 'map_writable' : null;
  if (file === null) return null;
  if (op === 'truncate') return truncateCase(call.length, file);
  if (op === 'write') {
    const past = file.size >= 0 && call.offset + bytesOf(call, file) > file.size;
    return past ? 'write_past_eof' : `write_${blockState(call, file)}`;
  }
  return op === 'write_fault' ? `write_fault_${blockState(call, file)}` : null;
}

/** What of a file a call is about: a new size, from the nearer end on; what moves the rest, to the end; a name, all of it. */
export function spanOf(call: Call, file: FileModel, second: boolean): { readonly from: number; readonly to: number } {
  const { op, length } = call;
  const toTheEnd = Number.POSITIVE_INFINITY;
  if (op === 'truncate') return { from: file.size < 0 ? length : Math.min(file.size, length), to: toTheEnd };
  const isWhole = ['open', 'unlink', 'rename', 'swapext', 'setattr', 'umount'].includes(op);
  const from = second ? call.otherOffset : call.offset;
  if (isWhole || length < 0) return { from: 0, to: toTheEnd };
  return { from, to: ['collapse', 'insert'].includes(op) ? toTheEnd : from + length };
}

/** What of a write lies inside the file: it names no blocks, for it gets none. Null: nothing. */
export const partInside = (call: Call, file: FileModel): Call | null =>
  call.offset >= file.size ? null : { ...call, whole: false, length: file.size - call.offset, addr: -1 };

function truncateCase(size: number, file: FileModel): CaseName {
  if (file.size < 0) return size < endOf(file) || size === 0 ? 'truncate_down' : 'truncate_up';
  return size < file.size ? 'truncate_down' : size > file.size ? 'truncate_up' : 'truncate_same';
}

/**
 * Of several block states the one that asks most of a write. The page has one row for each and no word on ranges that
 * have more than one: a hole needs blocks, a shared block a copy, an unwritten one only a mark.
 */
function blockState(call: Call, file: FileModel): 'hole' | 'shared' | 'unwritten' | 'written' {
  const cells = touched(call.offset, bytesOf(call, file)).map((at) => file.cells.get(at));
  if (file.known && cells.includes(undefined)) return 'hole';
  if (cells.some((cell) => cell?.shared === true && cell.state === 'written')) return 'shared';
  return cells.some((cell) => cell?.state === 'unwritten') ? 'unwritten' : 'written';
}

/** Behind the end of file: a page that begins there, as far as the size is known. */
export const isBeyond = (call: Call, file: FileModel | null): boolean =>
  isFault(call.op) && file !== null && file.size >= 0 && call.offset >= Math.ceil(file.size / PAGE) * PAGE;

/** What a call that went ahead does to the files. */
export function effect(disk: Disk, call: Call, file: FileModel, other: FileModel | null): void {
  const { op, offset, flags, length } = call;
  const bytes = bytesOf(call, file);
  const addr = call.addr >= 0 && bytes > 0 && disk.isTaken(file, offset, call.addr, bytes) ? -1 : call.addr;
  const grow = (): void => {
    file.size = Math.max(file.size, offset + bytes);
  };
  const acts: Readonly<Record<string, () => void>> = {
    write: () => {
      disk.write(file, offset, bytes, addr);
      if (bytes > 0) grow();
    },
    write_fault: () => disk.write(file, offset, bytes, addr),
    truncate: () => disk.truncate(file, length),
    open: () => flags.has('trunc') && disk.truncate(file, 0),
    fallocate: () => {
      if (disk.fill(file, offset, bytes, addr, 'unwritten')) file.dirty = true;
      if (!flags.has('keep_size')) grow();
    },
    punch: () => disk.punch(file, offset, bytes),
    zero: () => {
      disk.zero(file, offset, bytes);
      if (!flags.has('keep_size')) grow();
    },
    collapse: () => disk.collapse(file, offset, bytes),
    insert: () => disk.insert(file, offset, bytes),
    unshare: () => {
      if (disk.copyShared(file, offset, bytes)) file.dirty = true;
      if (disk.fill(file, offset, bytes, addr, 'unwritten')) file.dirty = true;
      if (!flags.has('keep_size')) grow();
    },
    reflink: () => other !== null && disk.reflink(file, offset, length, other, call.otherOffset),
    dedupe: () => other !== null && disk.reflink(file, offset, length, other, call.otherOffset),
    exchange: () => other !== null && swap(disk, call, file, other),
    swapext: () => other !== null && swap(disk, call, file, other),
    unlink: () => disk.clear(file),
    rename: () => disk.clear(flags.has('over') ? file : other!),
    fsync: () => {
      file.dirty = false;
    },
    msync: () => {
      file.dirty = false;
    },
  };
  acts[op]?.();
  // Blocks that a call gives to a file are no metadata any more.
  if (call.addr >= 0) for (const at of touched(call.addr, call.length)) disk.metadata.delete(at * PAGE);
}

function swap(disk: Disk, call: Call, file: FileModel, other: FileModel): void {
  if (call.length < 0) disk.exchangeAll(file, other);
  else disk.exchange(file, call.offset, other, call.otherOffset, call.length);
}

/** What is there at time zero, and what was seen. */
export function observe(disk: Disk, call: Call, file: FileModel | null): void {
  const { op, addr, length, flags, line } = call;
  const blocks = touched(addr, length);
  if (op === 'commit') for (const one of disk.files.values()) one.dirty = false;
  else if (op === 'block_io') {
    if (flags.has('meta') && flags.has('write')) for (const at of blocks) disk.metadata.add(at * PAGE);
  } else if (op === 'file') {
    file!.size = length;
    file!.known = true;
  } else
    blocks.forEach((at, i) => {
      const state = line.state === 'unwritten' ? 'unwritten' : 'written';
      file!.cells.set(call.offset / PAGE + i, { addr: at * PAGE, state, shared: line.state === 'shared' });
    });
}

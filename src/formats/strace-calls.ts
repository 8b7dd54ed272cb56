// Calls as strace names and prints them, and as the kernel's events have them.
import { returned, value } from './strace-args.js';

/**
 * Other names than those of the kernel's events on 64 bits. 32-bit programs have calls of their own for long offsets, which
 * strace prints whole (mmap2 in bytes, sys_mmap_pgoff in its mem.c); before version 4.6 it said pread for pread64.
 */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    openat2: 'openat',
    sendfile: 'sendfile64',
    pread: 'pread64',
    pwrite: 'pwrite64',
    mmap2: 'mmap',
    old_mmap: 'mmap',
    _llseek: 'lseek',
    llseek: 'lseek',
    truncate64: 'truncate',
    ftruncate64: 'ftruncate',
    fcntl64: 'fcntl',
    sync_file_range2: 'sync_file_range',
    arm_sync_file_range: 'sync_file_range',
  }),
);
export const asKnown = (name: string): string => OTHER_NAMES.get(name) ?? name;

/** lseek of 32 bits: where the position is now stands in its third argument, and the result is 0. */
const isLongSeek = (name: string): boolean => name.endsWith('llseek');

/** The arguments of a call that strace names so, as the kernel's event has them. */
export function numbers(name: string, args: readonly string[]): number[] {
  const list = args.slice(0, 6).map(value);
  if (isLongSeek(name)) list.splice(2, 1);
  // Its flags stand in a structure.
  if (name === 'openat2') list[2] = value(/flags=([^,}]*)/.exec(args[2] ?? '')?.[1]);
  // The position is two arguments of the kernel's, low and high.
  if (/^p(read|write)v2$/.test(name)) {
    const [pos = Number.NaN, flags = Number.NaN] = list.slice(3);
    list.splice(3, 2, pos, Number.NaN, flags);
  }
  return list;
}

/** What the call returned; NaN where that is not shown. */
export function resultOf(name: string, args: readonly string[], shown: string): number {
  const ret = returned(shown);
  return ret === 0 && isLongSeek(name) ? first(args[2]) : ret;
}

/** -e inject=..:retval=N: strace gives the program a success in place of the call, which the kernel does not make then. */
export const isInjected = (shown: string): boolean => /^(?!-)\S.* \(INJECTED(?:: args, retval)?\)/.test(shown);
/** What the kernel says of a call that it does not make. */
export const NOT_DONE = '-1 ENOSYS (Function not implemented)';

/** Offset in `[4096]` or `[4096] => [8192]`, which may be below 0; NaN for NULL: the descriptor's own position. */
export const first = (argument = ''): number => Number(/^\[(-?\d+)/.exec(argument)?.[1] ?? Number.NaN);

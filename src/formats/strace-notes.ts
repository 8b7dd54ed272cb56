// What the printed arguments of a call tell besides numbers: paths, the files behind descriptors, ranges in structures.
import { kernelEvent } from '../model/kernel-events.js';
import { decorated, isOfNoFile, quoted, splitArguments, value } from './strace-args.js';
import { first } from './strace-calls.js';
import type { StraceLinks } from './strace-links.js';

/** One fact for assembly: event and values, strings among them as text. */
export interface Note {
  readonly event: number;
  readonly values: readonly (number | string)[];
}

const FD_PATH = kernelEvent('note_fd_path');
const FD_OTHER = kernelEvent('note_fd_other');
const PATH = kernelEvent('note_path');
const REMAP = kernelEvent('note_remap');
const BUFFER = kernelEvent('note_buffer');
const MARKER = kernelEvent('note_marker');

/** Where a call has its path, behind which directory descriptor (-1: none), and the same of a second path. */
const PATHS: ReadonlyMap<string, readonly (readonly [number, number])[]> = new Map(
  Object.entries({
    open: [[-1, 0]],
    creat: [[-1, 0]],
    openat: [[0, 1]],
    truncate: [[-1, 0]],
    unlink: [[-1, 0]],
    unlinkat: [[0, 1]],
    rename: [
      [-1, 0],
      [-1, 1],
    ],
    renameat: [
      [0, 1],
      [2, 3],
    ],
    renameat2: [
      [0, 1],
      [2, 3],
    ],
    link: [
      [-1, 0],
      [-1, 1],
    ],
    linkat: [
      [0, 1],
      [2, 3],
    ],
    swapon: [[-1, 0]],
    swapoff: [[-1, 0]],
  } satisfies Record<string, [number, number][]>),
);
/** Calls that open a file by its path. */
export const OPENS = new Set(['open', 'creat', 'openat']);

const TRANSFER = kernelEvent('note_transfer');
/** Calls that move data between descriptors: places of the source and the target, each with the offset behind a pointer. */
const MOVES: ReadonlyMap<string, readonly [number, number, number, number]> = new Map([
  ['sendfile64', [1, 2, 0, -1]],
  ['splice', [0, 1, 2, 3]],
]);
/** Operations of io_submit, by their names or (-X raw) numbers: what they do. linux/aio_abi.h. */
const SUBMITTED: Readonly<Record<string, number>> = {
  ...{ PREAD: 0, PREADV: 0, PWRITE: 1, PWRITEV: 1, FSYNC: 2, FDSYNC: 2 },
  ...{ 0: 0, 7: 0, 1: 1, 8: 1, 2: 2, 3: 2 },
};

const PASSED = kernelEvent('note_passed');
const SENDS = new Set(['sendmsg', 'sendmmsg']);

/** Descriptors that a message takes to another process, which moves their positions as well: unix(7). */
function passedNotes(args: readonly string[]): Note[] {
  const lists = args.flatMap((arg) =>
    [...arg.matchAll(/cmsg_type=SCM_RIGHTS, cmsg_data=(?=\[)/g)].map((m) => arg.slice(m.index + m[0].length)),
  );
  return lists
    .flatMap((list) => inside(list))
    .map((arg) => ({ event: PASSED, values: [decorated(arg)?.fd ?? value(arg)] }));
}

/** What a call that succeeded read, wrote and gave away besides, or instead of, its first descriptor. */
export function transferNotes(name: string, args: readonly string[], ret: number): Note[] {
  if (SENDS.has(name)) return ret < 0 ? [] : passedNotes(args);
  const move = MOVES.get(name);
  if (move !== undefined && ret > 0) {
    const [from, fromOffset, to, toOffset] = move;
    return [
      ...[args[from]!, args[to]!].flatMap((arg) => descriptorNote(arg)),
      { event: TRANSFER, values: [0, value(args[from]), first(args[fromOffset]), ret] },
      { event: TRANSFER, values: [1, value(args[to]), first(args[toOffset]), ret] },
    ];
  }
  // So many of them were taken; the others were not begun.
  return name === 'io_submit' && ret > 0 ? inside(args[2]).slice(0, ret).flatMap(submittedNotes) : [];
}

function submittedNotes(block: string): Note[] {
  const fields = inside(block);
  const field = (key: string): string => fields.find((one) => one.startsWith(`${key}=`))?.slice(key.length + 1) ?? '';
  const kind = SUBMITTED[field('aio_lio_opcode').replace(/ .*|^IOCB_CMD_/gs, '')];
  if (kind === undefined) return [];
  const lengths = inside(field('aio_buf')).map((part) => value(/iov_len=(\d+)\}?$/.exec(part)?.[1]));
  const length = field('aio_nbytes') === '' ? lengths.reduce((sum, one) => sum + one, 0) : value(field('aio_nbytes'));
  const descriptor = field('aio_fildes');
  return [
    ...descriptorNote(descriptor),
    { event: TRANSFER, values: [kind, value(descriptor), value(field('aio_offset')), length] },
  ];
}

/** The parts of `[a, b]` or `{a, b}`. */
const inside = (list = ''): readonly string[] => (/^[[{]/.test(list) ? splitArguments(list, 1).list : []);

/** From where the paths of a call count: working directory ('' while not known), root, and what descriptors are of. */
export interface From {
  readonly cwd: string;
  readonly root: string;
  readonly opened: ReadonlyMap<number, string>;
  readonly links: Pick<StraceLinks, 'follow'>;
}

/** Facts told before the call's return. */
export function notesOf(name: string, args: readonly string[], result: string, from: From): Note[] {
  const descriptors = args.flatMap((arg) => descriptorNote(arg));
  return [
    ...descriptors,
    ...pathNotes(name, args, result, from),
    ...rangeNotes(name, args, result),
    ...markerNotes(name, args),
  ];
}

/** Text written into the kernel's trace; one that strace cut (-s) is no text to know again. */
function markerNotes(name: string, [descriptor = '', shown = '']: readonly string[]): Note[] {
  if (name !== 'write' || decorated(descriptor)?.path.endsWith('/trace_marker') !== true) return [];
  const text = shown.endsWith('...') ? null : quoted(shown);
  return text === null ? [] : [{ event: MARKER, values: [text] }];
}

/** The file behind a descriptor that the call returned. */
export const returnNotes = (result: string): Note[] => descriptorNote(result);

function descriptorNote(text: string): Note[] {
  const found = decorated(text);
  if (found === null) return isOfNoFile(text) ? [{ event: FD_OTHER, values: [Number.parseInt(text, 10)] }] : [];
  return found.fd < 0 ? [] : [{ event: FD_PATH, values: [found.fd, found.device, found.path] }];
}

/** The path of a descriptor that an argument names: as -y shows it, or as it was opened; '' where neither tells. */
export function directoryOf(argument: string, { cwd, opened }: From): string {
  const shown = decorated(argument);
  if (shown !== null) return shown.path;
  return /^(?:AT_FDCWD|-100)\b/.test(argument) ? cwd : (opened.get(value(argument)) ?? '');
}

/** The path that a call was given, from the root of strace, with links followed (the last part's only if `last`); '' where nothing tells where it is. */
export function pathIn(from: From, path: string, directory = 'AT_FDCWD', last = true): string {
  const followed = (whole: string): string => from.links.follow(whole, from.root, last);
  if (path.startsWith('/')) return followed(from.root + path);
  const base = directoryOf(directory, from);
  // What is opened before its directory is known keeps the name that it was given; behind a descriptor it may be any file.
  return base === '' && !/^(?:AT_FDCWD|-100)\b/.test(directory) ? '' : base === '' ? path : followed(`${base}/${path}`);
}

/** Does the call go on to what a link at the end of its path leads to? A name that it gives or takes is that of the link. */
function follows(name: string, args: readonly string[]): boolean {
  if (name.startsWith('link')) return args[4]?.includes('AT_SYMLINK_FOLLOW') === true;
  return !/^(?:unlink|rename)/.test(name) && !args.some((arg) => /O_EXCL|O_NOFOLLOW/.test(arg));
}

function pathNotes(name: string, args: readonly string[], result: string, from: From): Note[] {
  const places = PATHS.get(name);
  if (places === undefined) return [];
  // What was opened says its own name, links followed.
  const opened = OPENS.has(name) ? decorated(result) : null;
  if (opened !== null) return [{ event: PATH, values: [0, opened.path] }];
  // No file: a pipe, a terminal, a socket.
  if (OPENS.has(name) && /^\d+</.test(result)) return [];
  // The path is that of a directory, and the file has none.
  if (OPENS.has(name) && args.some((arg) => arg.includes('O_TMPFILE'))) return [];
  return places.flatMap(([directory, place], second) => {
    const path = quoted(args[place]);
    if (path === null || path === '') return [];
    const whole = pathIn(from, path, directory < 0 ? undefined : args[directory], follows(name, args));
    return whole === '' ? [] : [{ event: PATH, values: [second, whole] }];
  });
}

function rangeNotes(name: string, args: readonly string[], result: string): Note[] {
  if (name === 'copy_file_range') {
    const moved = Math.max(value(result), 0) || value(args[4]);
    return [{ event: REMAP, values: [value(args[0]), first(args[1]), value(args[2]), first(args[3]), moved] }];
  }
  if (name === 'io_uring_register') {
    const base = /iov_base=(0x[0-9a-f]+)/.exec(args[2] ?? '');
    return base === null ? [] : [{ event: BUFFER, values: [Number(base[1])] }];
  }
  if (name !== 'ioctl') return [];
  const text = args[2] ?? '';
  const numbers = (pattern: RegExp): number[] | undefined => pattern.exec(text)?.slice(1).map(Number);
  const clone = numbers(/src_fd=(\d+).*?, src_offset=(\d+), src_length=(\d+), dest_offset=(\d+)/s);
  if (clone !== undefined) {
    const [from, fromOffset, length, toOffset] = clone as [number, number, number, number];
    return [{ event: REMAP, values: [from, fromOffset, value(args[0]), toOffset, length] }];
  }
  const dedupe = numbers(/src_offset=(\d+), src_length=(\d+),.*?dest_fd=(\d+).*?, dest_offset=(\d+)/s);
  if (dedupe === undefined) return [];
  const [fromOffset, length, to, toOffset] = dedupe as [number, number, number, number];
  return [{ event: REMAP, values: [value(args[0]), fromOffset, to, toOffset, length] }];
}

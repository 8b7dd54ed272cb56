// The file behind a descriptor or a path argument of a call.
import type { Context } from './context.js';
import { fileOf, isRegular, newOpen, resolve, sameFile } from './context.js';
import type { OpenFile } from './process.js';
import type { Thread } from './state.js';

const INT32 = 2 ** 32;

/** A descriptor as printed, which is unsigned of 32 bits or of 64, where a number holds no more than that it is below 0. */
export const fdOf = (value: number): number => (value >= 2 ** 63 ? -1 : value >= INT32 / 2 ? value - INT32 : value);

/** The open file behind a descriptor; one that was opened before the recording is met here for the first time. */
export function opened(c: Context, t: Thread, fd: number): OpenFile {
  const found = t.process.descriptor(fd);
  if (found !== undefined) return found;
  // Below 0 there is none, and a damaged record may lack the number: what the next one lacks is another.
  if (!(fd >= 0)) return newOpen(c);
  const open = newOpen(c, label(c, t, fd));
  t.process.descriptors.set(fd, open);
  return open;
}

export const label = (c: Context, t: Thread, fd: number): string =>
  `descriptor ${fd} of ${c.words.get(t.comm)} (${t.process.pid}), inode not told`;

/** Calls that only files of a file system take. */
const FILE_CALLS = new Set(['fallocate', 'ftruncate', 'fsync', 'fdatasync', 'sync_file_range']);

/** File of a call on a descriptor: what was seen inside the call, else what is known of the descriptor. */
export function fileOfCall(c: Context, t: Thread, fd: number): number {
  const number = fdOf(fd);
  const open = opened(c, t, number);
  const { call } = t;
  if (number >= 0 && FILE_CALLS.has(call.name)) isRegular(c, open);
  const seen = call.file >= 0 ? call.file : open.resolved < 0 ? call.weakFile : -1;
  if (seen < 0) return fileOf(open);
  descriptorIs(c, t, fd, seen);
  return seen;
}

/** What a descriptor stands for has been told or seen. */
export function descriptorIs(c: Context, t: Thread, fd: number, file: number): void {
  const open = opened(c, t, fdOf(fd));
  if (open.resolved < 0 || open.resolved === file) return resolve(c, open, file);
  if (c.told(file) && !c.told(open.resolved)) {
    sameFile(c, open.resolved, file);
    open.resolved = file;
    return;
  }
  // Closed and opened again where the trace did not look: from here on the descriptor is the file that was seen.
  c.sink.issue(
    'descriptor-elsewhere',
    t.call.row,
    `${t.call.name} on descriptor ${fdOf(fd)} worked on another file than the one followed from open; the file seen inside the call is used from here on`,
  );
  const now = newOpen(c);
  resolve(c, now, file);
  t.process.descriptors.set(fdOf(fd), now);
}

const ENOENT = -2;

/**
 * File of a call on a path: seen inside the call, or by the name looked up there. The pointer alone tells nothing: programs
 * make their paths in one buffer.
 */
export function fileOfPath(c: Context, { call }: Thread, ret: number): number {
  if (call.file >= 0) return call.file;
  if (call.lookup >= 0) {
    const named = c.names.get(nameKey(c, call.device, call.directory, call.lookup));
    if (named !== undefined) return named;
  }
  if (call.weakFile < 0 && ret !== ENOENT) c.unplaced('calls on a path, whose file no event names');
  return call.weakFile;
}

export function nameKey(c: Context, device: number, directory: number, name: number): string {
  return `${device}/${directory}/${c.words.get(name)}`;
}

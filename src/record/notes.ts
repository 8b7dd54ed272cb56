// What no event carries, told in the trace itself: lines written to the buffer's trace_marker. `sealtrace NAME PID TID SINCE
// VALUE...`, the values in the order of the note's slots (src/model/kernel-events.ts). SINCE: when the observation began,
// ns of the trace's clock; what changed after that wins over the note. A reader that does not know them sees text.
import type { FileMap, MapExtent } from './fiemap.js';
import type { Inode } from './filters.js';
import type { ProcDescriptor, ProcMapping } from './processes.js';

/** Longest line a kernel takes whole (TRACE_BUF_SIZE, kernel/trace/trace.c). */
const LONGEST = 1000;

export interface Subject {
  readonly pid: number;
  readonly tid: number;
  readonly sinceNs: bigint;
}

const device = (dev: number): string => `${Math.floor(dev / 2 ** 20)}:${dev % 2 ** 20}`;
const note = (name: string, { pid, tid, sinceNs }: Subject, ...values: readonly (string | number)[]): string =>
  `sealtrace ${name} ${pid} ${tid} ${sinceNs} ${values.join(' ')}`;

/** Without a path that does not fit, or would break the line. */
function withPath(line: string, path: string): string {
  const fits = Buffer.byteLength(line) + Buffer.byteLength(path) < LONGEST;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a line feed in a name would end the note
  return fits && !/[\u0000-\u001f]/.test(path) ? `${line} ${path}` : line;
}

export const descriptorNote = (subject: Subject, { fd, device: dev, inode }: ProcDescriptor): string =>
  note('note_fd_inode', subject, fd, device(dev), inode);

export const mappingNote = (subject: Subject, m: ProcMapping): string =>
  withPath(note('note_mmap', subject, m.start, m.length, m.offset, device(m.device), m.inode, m.prot), m.path);

/** `size` -1: not told. */
export const fileNote = (subject: Subject, { device: dev, inode }: Inode, size: number, path: string): string =>
  withPath(note('note_file', subject, device(dev), inode, size), path);

export const blocksNote = (subject: Subject, dev: number, bytes: number): string =>
  note('note_blocks', subject, device(dev), bytes);

export const geometryNote = (subject: Subject, dev: number, groupBlocks: number, groupLog: number): string =>
  note('note_geometry', subject, device(dev), groupBlocks, groupLog);

/** A fact of the machine or the recording, as one key and its value. */
export function factNote(subject: Subject, key: string, value: unknown): string {
  return note('note_fact', subject, JSON.stringify({ [key]: value }));
}

/**
 * A file's map in pieces, each whole in itself: in [from, to) there are these extents and no others. The last piece goes on
 * to the end of any file (-1).
 */
export function mapNotes(subject: Subject, { device: dev, inode }: Inode, fs: string, { extents }: FileMap): string[] {
  const head = (from: number, to: number): string => note('note_map', subject, device(dev), inode, fs, from, to);
  const notes: string[] = [];
  let from = 0;
  let words: string[] = [];
  let length = 0;
  extents.forEach((extent, i) => {
    const word = extentWord(extent);
    words.push(word);
    length += word.length + 1;
    const next = extents[i + 1];
    if (next === undefined || length < LONGEST - 200) return;
    notes.push(`${head(from, next.offset)} ${words.join(',')}`);
    from = next.offset;
    words = [];
    length = 0;
  });
  notes.push(`${head(from, -1)} ${words.join(',') || '-'}`);
  return notes;
}

const extentWord = ({ offset, length, addr, state, shared }: MapExtent): string =>
  `${offset}:${length}:${addr}:${state[0]}${shared ? 's' : ''}`;

// Lines of trace_marker. Those of this project's recorder tell what no event carries (NOTES of kernel-events.ts):
// `sealtrace NAME PID TID SINCE VALUE...`, SINCE in ns of the trace's clock. Any other is somebody's text.
import { deviceOfText } from '../base/device-name.js';
import { KERNEL_EVENTS, kernelEvent } from '../model/kernel-events.js';
import { NONE } from '../model/units.js';
import type { Context } from './context.js';
import { sizeIs } from './context.js';
import { type Handler, word } from './handler.js';
import { DELALLOC, HOLE } from './map-log.js';
import { NOTE_EVENTS } from './note-events.js';

const HEAD = /^sealtrace (note_\w+) (\d+) (\d+) (\d+)(?: (.*))?$/s;
const LAST_BLOCK = 2 ** 32 - 1;

const marker: Handler = (c, _t, v) => {
  const [, name, pid, tid, since, rest = ''] = HEAD.exec(word(c, v[0]!).trimEnd()) ?? [];
  const take = name === undefined ? undefined : (TOLD[name] ?? NOTE_EVENTS[name]);
  if (take === undefined) return;
  const values = valuesOf(c, name!, rest);
  if (values === null) return c.unplaced('notes of the recorder that cannot be read');
  // Time zero is set: the marker itself is a record.
  c.notedNs = Number(BigInt(since!) - c.sink.origin(0n));
  const t = c.thread(Number(tid), Number(pid), c.words.text(''));
  // Looked at just before it ended: nothing begins any more.
  if (!t.process.ended) take(c, t, values);
  c.notedNs = Number.POSITIVE_INFINITY;
};

/** The words in the order of the note's slots; null when a number is none. */
function valuesOf(c: Context, name: string, rest: string): Float64Array | null {
  const { slots } = KERNEL_EVENTS[kernelEvent(name)]!;
  const values = new Float64Array(slots.length).fill(Number.NaN);
  let left = rest;
  for (const [i, { type }] of slots.entries()) {
    if (left === '') return type === 'S' ? values : null;
    const space = type === 'S' ? -1 : left.indexOf(' ');
    const text = space < 0 ? left : left.slice(0, space);
    left = space < 0 ? '' : left.slice(space + 1);
    const isText = type === 's' || type === 'S';
    values[i] = isText ? c.words.text(text) : type === 'd' ? deviceOfText(text) : Number(text);
    if (Number.isNaN(values[i])) return null;
  }
  return values;
}

/** dev ino size path */
const file: Handler = (c, _t, v) => {
  const id = c.file(v[0]!, v[1]!);
  const path = word(c, v[3]!);
  if (path !== '') c.named(id, path);
  // The recorder records writes: from here on a size is followed.
  c.writesSeen = true;
  if (v[2]! >= 0 && c.sizes.get(id) === undefined) sizeIs(c, id, v[2]!, NONE);
};

/** dev ino fs from to extents */
const map: Handler = (c, t, v) => {
  const [device, inode, , from, to] = v as unknown as [number, number, number, number, number];
  const id = c.file(device, inode);
  const xfs = word(c, v[2]!) === 'xfs';
  c.xfs.recorded();
  c.ext4.recorded();
  if (c.log.changedNs(id) >= c.notedNs) return c.unplaced('maps of files that changed while the recorder looked');
  const a = c.log.author;
  Object.assign(a, { timeNs: c.record.timeNs, opId: 0, task: t.task, row: c.record.row, sharing: false, noted: true });
  const block = c.blocks.bytes(device);
  const tell = (at: number, end: number, first: number, unwritten: boolean): void => {
    if (end <= at) return;
    const number = first >= 0 && xfs ? c.geometry(device).numbered(first) : first;
    if (Number.isNaN(number))
      return c.unplaced('extents of an XFS file system whose geometry the recorder could not tell');
    xfs
      ? c.xfs.found(id, device, at, number, end - at, unwritten)
      : c.ext4.told(id, device, at, end - at, number, unwritten);
  };
  let at = Math.floor(from / block);
  for (const [, offset, length, addr, state, shared] of word(c, v[5]!).matchAll(EXTENT)) {
    const begin = Math.floor(Number(offset) / block);
    const end = Math.ceil((Number(offset) + Number(length)) / block);
    tell(at, begin, HOLE, false);
    a.sharing = shared === 's';
    tell(begin, end, state === 'd' ? DELALLOC : Number(addr) / block, state === 'u');
    a.sharing = false;
    at = Math.max(at, end);
  }
  tell(at, to < 0 ? LAST_BLOCK : Math.floor(to / block), HOLE, false);
  a.noted = false;
};
const EXTENT = /(\d+):(\d+):(-?\d+):([wud])(s?)/g;

/** dev blocks log */
const geometry: Handler = (c, _t, v) => c.geometry(v[0]!).told(v[1]!, v[2]!);

/** dev bytes; who tells it records all that changes maps. Nothing came before that was counted in blocks of another size. */
const blocks: Handler = (c, _t, v) => {
  c.xfs.recorded();
  c.ext4.recorded();
  c.blocks.told(v[0]!, v[1]!);
};

const fact: Handler = (c, _t, v) => {
  try {
    const told: unknown = JSON.parse(word(c, v[0]!));
    if (typeof told === 'object' && told !== null) Object.assign(c.sink.source.facts, told);
  } catch {
    c.unplaced('notes of the recorder that cannot be read');
  }
};

/** Notes that only a recorder of this project gives. */
const TOLD: Readonly<Record<string, Handler>> = {
  note_file: file,
  note_map: map,
  note_geometry: geometry,
  note_blocks: blocks,
  note_fact: fact,
};

/** By event name. */
export const MARKER_EVENTS: Readonly<Record<string, Handler>> = {
  ...TOLD,
  print: marker,
  tracing_mark_write: marker,
};

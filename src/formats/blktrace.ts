// blktrace's binary records: one file per CPU, a merged stream, or the ftrace `blk` tracer's; both byte orders.
// Layout: struct blk_io_trace and the notes in include/uapi/linux/blktrace_api.h (version 7).
import type { Format, Part, TraceSink } from '../model/trace.js';
import type { BlockEvent, Transfer } from './block-events.js';
import { BlockRequests } from './block-requests.js';
import { SequenceGaps } from './sequence-gaps.js';

const HEADER = 48;
const VERSION = 7;
const LETTERS = ['', 'Q', 'M', 'F', 'G', 'S', 'R', 'D', 'C', 'P', 'U', 'T', 'I', 'X', 'B', 'A', 'abort', 'driver_data'];
const FROM_CGROUP = 0x100;
/** Bits of the category, the upper half of the action. */
const Category = {
  write: 1 << 1,
  passthrough: 1 << 9,
  note: 1 << 10,
  ahead: 1 << 11,
  meta: 1 << 12,
  discard: 1 << 13,
} as const;
const Note = { process: 0, timestamp: 1, message: 2 } as const;
/** The kernel reads its two clocks one after the other; a recording cannot tell how far apart, so this is an assumption. */
const STATED_ERROR_NS = 100_000;
/** Records that are put in order of time before they are used: more than the sub-buffers of a few CPUs hold. */
const WINDOW = 32_768;
/** At most 41 characters long. */
const LOST = /^CPU:(\d{1,5}) \[LOST (?:(\d{1,20}) )?EVENTS\]\n/;
const utf8 = new TextDecoder();

export const blktrace: Format = {
  name: 'blktrace',
  title: 'blktrace binary: the files of all CPUs together, also as a folder of them, or a stream of them',
  binary: true,
  partNames: /\.blktrace\.\d+(\.(gz|zst|xz))?$/,
  sniff: (head) => head.length >= 4 && byteOrder(head, 0) !== null && versionAt(head, 0) === VERSION,
  read: async (input, sink) => (await readParts([{ input, sink }]))[0]!,
  readTogether: (parts) => readParts(parts),
};

async function readParts(parts: readonly Part[]): Promise<readonly boolean[]> {
  const requests = new BlockRequests();
  const readers = parts.map((part) => new PartReader(part));
  let window: Timed[] = [];
  for (const reader of readers) await reader.fill();
  for (;;) {
    const next = earliest(readers);
    if (next === null) break;
    window.push({ event: next.take(), sink: next.sink });
    if (next.isEmpty) await next.fill();
    if (window.length < 2 * WINDOW) continue;
    window.sort(byTime);
    for (const { event, sink } of window.slice(0, WINDOW)) requests.take(event, sink);
    window = window.slice(WINDOW);
  }
  for (const { event, sink } of window.sort(byTime)) requests.take(event, sink);
  requests.end();
  return readers.map((reader) => reader.finish());
}

interface Timed {
  readonly event: BlockEvent;
  readonly sink: TraceSink;
}

const byTime = (a: Timed, b: Timed): number => a.event.timeNs - b.event.timeNs;

function earliest(readers: readonly PartReader[]): PartReader | null {
  let found: PartReader | null = null;
  for (const reader of readers) if (!reader.isEmpty && (found === null || reader.timeNs < found.timeNs)) found = reader;
  return found;
}

/** True for little endian; null when no record begins here. */
function byteOrder(b: Uint8Array, at: number): boolean | null {
  if (b[at + 3] === 0x65 && b[at + 2] === 0x61 && b[at + 1] === 0x74) return true;
  return b[at] === 0x65 && b[at + 1] === 0x61 && b[at + 2] === 0x74 ? false : null;
}

const versionAt = (b: Uint8Array, at: number): number => (b[at + 3] === 0x65 ? b[at]! : b[at + 3]!);

/** One file: its events in the order of the file. */
class PartReader {
  readonly sink: TraceSink;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #gaps: SequenceGaps;
  #queue: BlockEvent[] = [];
  #next = 0;
  #carry: Uint8Array = new Uint8Array(0);
  /** Place of the carry in the file, and records so far. */
  #at = 0;
  #row = 0;
  #damaged = false;
  #originNs: bigint | null = null;

  constructor({ input, sink }: Part) {
    this.sink = sink;
    this.#chunks = input.chunks()[Symbol.asyncIterator]();
    this.#gaps = new SequenceGaps(sink);
    sink.source.clock = 'mono';
  }

  get isEmpty(): boolean {
    return this.#next >= this.#queue.length;
  }

  get timeNs(): number {
    return this.#queue[this.#next]!.timeNs;
  }

  take(): BlockEvent {
    return this.#queue[this.#next++]!;
  }

  /** Reads on until there is an event or nothing is left. */
  async fill(): Promise<void> {
    this.#queue = [];
    this.#next = 0;
    while (this.isEmpty) {
      const next = await this.#chunks.next();
      if (next.done === true) return;
      const bytes = this.#carry.length === 0 ? next.value : Buffer.concat([this.#carry, next.value]);
      const used = this.#records(bytes);
      this.#carry = bytes.slice(used);
      this.#at += used;
    }
  }

  /** False when a part could not be used. */
  finish(): boolean {
    if (this.#carry.length > 0)
      this.#damage(
        'truncated-record',
        `expected a whole record at byte ${this.#at}, found ${this.#carry.length} bytes of one; everything before it was used`,
      );
    this.#gaps.finish();
    return !this.#damaged;
  }

  #damage(code: string, text: string): void {
    this.#damaged = true;
    this.sink.issue(code, this.#row + 1, text);
  }

  /** Decodes all whole records; returns the bytes used. */
  #records(b: Uint8Array): number {
    const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
    let at = 0;
    while (at + HEADER <= b.length) {
      const little = byteOrder(b, at);
      if (little === null || versionAt(b, at) !== VERSION) {
        at = this.#lost(b, at) || this.#skip(b, at);
        continue;
      }
      const length = HEADER + view.getUint16(at + 46, little);
      if (at + length > b.length) break;
      this.#record(view, at, little, length);
      at += length;
    }
    return at;
  }

  /** The place behind what tracefs writes between the records of its `blk` tracer, text as it is; 0 when it is not there. */
  #lost(b: Uint8Array, at: number): number {
    const match = LOST.exec(String.fromCharCode(...b.subarray(at, at + HEADER)));
    if (match === null) return 0;
    this.#gaps.told(Number(match[1]), Number(match[2] ?? 0));
    return at + match[0].length;
  }

  /** To the next place where a record may begin. */
  #skip(b: Uint8Array, from: number): number {
    let at = from + 1;
    while (at + HEADER <= b.length && (byteOrder(b, at) === null || versionAt(b, at) !== VERSION)) at++;
    this.#damage(
      'bad-magic',
      `expected a record of version ${VERSION} (magic 0x656174${VERSION.toString().padStart(2, '0')}) at byte ${this.#at + from}, found other bytes; ${at - from} bytes were left out`,
    );
    return at;
  }

  #record(view: DataView, at: number, little: boolean, length: number): void {
    this.#row++;
    const action = view.getUint32(at + 28, little);
    const pid = view.getUint32(at + 32, little);
    const data = at + HEADER + ((action & FROM_CGROUP) === 0 ? 0 : 8);
    const code = action & 0xffff & ~FROM_CGROUP;
    const category = action >>> 16;
    if ((category & Category.note) !== 0 && code !== Note.message) {
      // Names and the wall clock: what blkparse does not count as an entry either.
      if (code === Note.process && data < at + length)
        this.sink.events.taskId(pid, pid, this.#name(view, data, at + length));
      if (code === Note.timestamp && data + 8 <= at + length) this.#wallClock(view, at, data, little);
      return;
    }
    const isNote = (category & Category.note) !== 0;
    const timeNs = this.#time(view.getBigUint64(at + 8, little));
    const bytes = view.getUint32(at + 24, little);
    const letter = isNote ? 'm' : (LETTERS[code] ?? '');
    const device = view.getUint32(at + 36, little);
    const cpu = Math.min(0xffff, view.getUint32(at + 40, little));
    const error = view.getUint16(at + 44, little);
    this.#gaps.take(device, cpu, view.getUint32(at + 4, little), timeNs);
    this.#queue.push({
      action: letter === '' ? `action_${code}` : letter,
      timeNs,
      cpu,
      device,
      transfer: isNote ? 'none' : transferOf(category, bytes),
      passthrough: (category & Category.passthrough) !== 0,
      sector: Number(view.getBigUint64(at + 16, little)),
      bytes,
      other: otherSector(view, letter, data, at + length),
      otherDevice: letter === 'A' && data + 16 <= at + length ? view.getUint32(data, false) : -1,
      rwbs: rwbsOf(category, bytes),
      tid: pid,
      text: isNote ? this.#name(view, data, at + length) : '',
      error: Math.min(0x7fff, error > 0x7fff ? 0x10000 - error : error),
      task: this.sink.events.taskId(pid, pid, ''),
      row: this.#row,
    });
  }

  /** When the recording began: seconds and nanoseconds of the wall clock, in a record with a stamp like any other. */
  #wallClock(view: DataView, at: number, data: number, little: boolean): void {
    this.sink.clockPair?.({
      clock: 'mono',
      ns: view.getBigUint64(at + 8, little),
      otherClock: 'realtime',
      otherNs: BigInt(view.getUint32(data, little)) * 1_000_000_000n + BigInt(view.getUint32(data + 4, little)),
      errorNs: STATED_ERROR_NS,
    });
  }

  #name(view: DataView, from: number, to: number): string {
    const text = utf8.decode(new Uint8Array(view.buffer, view.byteOffset + from, to - from));
    return text.split('\0', 1)[0]!;
  }

  #time(ns: bigint): number {
    // blkparse -d writes times since the first event (blkparse.c, check_time and output_binary): no clock began with this recording.
    if (this.#originNs === null && ns === 0n) this.sink.source.clock = 'blktrace-relative';
    this.#originNs ??= this.sink.origin(ns);
    return Number(ns - this.#originNs);
  }
}

/** A flush carries the bit of a read; like blkparse, only bytes make it one. */
function transferOf(category: number, bytes: number): Transfer {
  if (bytes === 0) return 'none';
  if ((category & Category.discard) !== 0) return 'discard';
  return (category & Category.write) !== 0 ? 'write' : 'read';
}

const rwbsOf = (category: number, bytes: number): string =>
  ({ none: 'N', discard: 'D', read: 'R', write: 'W' })[transferOf(category, bytes)] +
  ((category & Category.ahead) !== 0 ? 'A' : '') +
  ((category & Category.meta) !== 0 ? 'M' : '');

/** What the data of a split or a remap say, always big endian; -1 for none. */
function otherSector(view: DataView, letter: string, from: number, to: number): number {
  const at = letter === 'X' ? from : letter === 'A' ? from + 8 : -1;
  return at < 0 || at + 8 > to ? -1 : Number(view.getBigUint64(at, false));
}

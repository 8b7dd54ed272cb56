// blktrace's binary records: one file per CPU, a merged stream, or the ftrace `blk` tracer's; both byte orders.
// Layout: struct blk_io_trace and the notes in include/uapi/linux/blktrace_api.h (version 7).
import type { Format, Part, TraceSink } from '../model/trace.js';
import { Category, FROM_CGROUP, letterOf, Window } from './blktrace-window.js';
import { BlockRequests } from './block-requests.js';
import { SequenceGaps } from './sequence-gaps.js';

const HEADER = 48;
const VERSION = 7;
const Note = { process: 0, timestamp: 1, message: 2 } as const;
/** The kernel reads its two clocks one after the other; a recording cannot tell how far apart, so this is an assumption. */
const STATED_ERROR_NS = 100_000;
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
  const window = new Window((event, part) => requests.take(event, parts[part]!.sink));
  const readers = parts.map((part, i) => new PartReader(part, i, window));
  for (const reader of readers) await reader.fill();
  for (;;) {
    const next = earliest(readers);
    if (next === null) break;
    next.take();
    if (!next.next()) await next.fill();
  }
  window.end();
  requests.end();
  return readers.map((reader) => reader.finish());
}

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

/** One file: its records in the order of the file, of which one is at hand. */
class PartReader {
  readonly sink: TraceSink;
  timeNs = 0;
  isEmpty = true;
  readonly #part: number;
  readonly #window: Window;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #gaps: SequenceGaps;
  /** What was read and not used yet, and where in the file it begins. */
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  /** The record at hand, and where the next one may begin. */
  #record = 0;
  #little = true;
  #next = 0;
  #row = 0;
  #damaged = false;
  /** The sink's time zero, once it is known. */
  #isPlaced = false;
  #originHigh = 0;
  #originLow = 0;

  constructor({ input, sink }: Part, part: number, window: Window) {
    this.sink = sink;
    this.#part = part;
    this.#window = window;
    this.#chunks = input.chunks()[Symbol.asyncIterator]();
    this.#gaps = new SequenceGaps(sink);
    sink.source.clock = 'mono';
  }

  /** Reads on until a record is at hand or nothing is left. */
  async fill(): Promise<void> {
    do {
      // The memory of a chunk holds the next one when that is asked for.
      const rest = this.#bytes.slice(this.#next);
      const next = await this.#chunks.next();
      if (next.done === true) return;
      this.#at += this.#next;
      this.#next = 0;
      this.#bytes = rest.length === 0 ? next.value : Buffer.concat([rest, next.value]);
      this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    } while (!this.next());
  }

  /** False when a part could not be used. */
  finish(): boolean {
    const left = this.#bytes.length - this.#next;
    if (left > 0)
      this.#damage(
        'truncated-record',
        `expected a whole record at byte ${this.#at + this.#next}, found ${left} bytes of one; everything before it was used`,
      );
    this.#gaps.finish();
    return !this.#damaged;
  }

  #damage(code: string, text: string): void {
    this.#damaged = true;
    this.sink.issue(code, this.#row + 1, text);
  }

  /** Goes to the next whole record that is no mere note; false when it is not there (yet). */
  next(): boolean {
    const b = this.#bytes;
    const view = this.#view;
    this.isEmpty = true;
    while (this.isEmpty && this.#next + HEADER <= b.length) {
      const at = this.#next;
      const little = byteOrder(b, at);
      if (little === null || versionAt(b, at) !== VERSION) {
        this.#next = this.#lost(b, at) || this.#skip(b, at);
        continue;
      }
      const length = HEADER + view.getUint16(at + 46, little);
      if (at + length > b.length) break;
      this.#record = at;
      this.#little = little;
      this.#next += length;
      this.#row++;
      this.isEmpty = this.#isNoted(at, length);
    }
    return !this.isEmpty;
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

  /** Names and the wall clock: what blkparse does not count as an entry either. Else the record is one, of `timeNs`. */
  #isNoted(at: number, length: number): boolean {
    const view = this.#view;
    const little = this.#little;
    const action = view.getUint32(at + 28, little);
    const code = action & 0xffff & ~FROM_CGROUP;
    if (((action >>> 16) & Category.note) === 0 || code === Note.message) {
      this.timeNs = this.#time(at + 8);
      return false;
    }
    const pid = view.getUint32(at + 32, little);
    const data = dataOf(action, at);
    if (code === Note.process && data < at + length) this.sink.events.taskId(pid, pid, this.#name(data, at + length));
    if (code === Note.timestamp && data + 8 <= at + length) this.#wallClock(at, data);
    return true;
  }

  /** The record at hand becomes a row of the window. */
  take(): void {
    const view = this.#view;
    const little = this.#little;
    const from = this.#record;
    const to = this.#next;
    const window = this.#window;
    const action = view.getUint32(from + 28, little);
    const data = dataOf(action, from);
    const letter = letterOf(action);
    const device = view.getUint32(from + 36, little);
    const pid = view.getUint32(from + 32, little);
    const cpu = Math.min(0xffff, view.getUint32(from + 40, little));
    this.#gaps.take(device, cpu, view.getUint32(from + 4, little), this.timeNs);
    const i = window.add();
    const { at } = window;
    at.timeNs[i] = this.timeNs;
    at.sector[i] = wide(view, from + 16, little);
    at.other[i] = otherSector(view, letter, data, to);
    at.otherDevice[i] = letter === 'A' && data + 16 <= to ? view.getUint32(data, false) : -1;
    at.action[i] = action;
    at.bytes[i] = view.getUint32(from + 24, little);
    at.device[i] = device;
    at.tid[i] = pid;
    at.task[i] = this.#taskOf(pid);
    at.row[i] = this.#row;
    at.part[i] = this.#part;
    at.cpu[i] = cpu;
    at.error[i] = view.getUint16(from + 44, little);
    if (letter === 'm') window.message(this.#part, this.#row, this.#name(data, to));
  }

  /** Most records are of the task of the one before. */
  #taskOf(pid: number): number {
    if (pid !== this.#lastPid) this.#lastTask = this.sink.events.taskId(pid, pid, '');
    this.#lastPid = pid;
    return this.#lastTask;
  }
  #lastPid = Number.NaN;
  #lastTask = 0;

  /** When the recording began: seconds and nanoseconds of the wall clock, in a record with a stamp like any other. */
  #wallClock(at: number, data: number): void {
    const view = this.#view;
    const little = this.#little;
    this.sink.clockPair?.({
      clock: 'mono',
      ns: view.getBigUint64(at + 8, little),
      otherClock: 'realtime',
      otherNs: BigInt(view.getUint32(data, little)) * 1_000_000_000n + BigInt(view.getUint32(data + 4, little)),
      errorNs: STATED_ERROR_NS,
    });
  }

  #name(from: number, to: number): string {
    const text = utf8.decode(this.#bytes.subarray(from, to));
    return text.split('\0', 1)[0]!;
  }

  /** Relative to the sink's origin. */
  #time(at: number): number {
    const little = this.#little;
    if (!this.#isPlaced) {
      const ns = this.#view.getBigUint64(at, little);
      // blkparse -d writes times since the first event (blkparse.c, check_time and output_binary): no clock began with this
      // recording. With -a that event may be left out, but no machine is so soon up and traced.
      if (ns < SECOND) this.sink.source.clock = 'blktrace-relative';
      const origin = this.sink.origin(ns);
      this.#isPlaced = true;
      this.#originHigh = Number(origin >> 32n);
      this.#originLow = Number(origin & 0xffff_ffffn);
    }
    const high = this.#view.getUint32(at + (little ? 4 : 0), little);
    const low = this.#view.getUint32(at + (little ? 0 : 4), little);
    return (high - this.#originHigh) * HIGH + (low - this.#originLow);
  }
}

/** What the data of a split or a remap say, always big endian; -1 for none. */
function otherSector(view: DataView, letter: string, from: number, to: number): number {
  const at = letter === 'X' ? from : letter === 'A' ? from + 8 : -1;
  return at < 0 || at + 8 > to ? -1 : wide(view, at, false);
}

const SECOND = 1_000_000_000n;
const HIGH = 2 ** 32;
/** An unsigned number of 64 bits, rounded where it has more than 53. */
const wide = (view: DataView, at: number, little: boolean): number =>
  view.getUint32(at + (little ? 4 : 0), little) * HIGH + view.getUint32(at + (little ? 0 : 4), little);
/** A record with the number of a cgroup has that first. */
const dataOf = (action: number, at: number): number => at + HEADER + ((action & FROM_CGROUP) === 0 ? 0 : 8);

// What every binary recording of tracepoints embeds: layout of ring-buffer pages, event formats, names of tasks.
// Source: trace-cmd.dat.v6(5), up to PROCESS INFORMATION; perf.data holds the same as its tracing data.
import { type ByteCursor, Damage } from '../base/byte-cursor.js';
import { formatHead, headerFields } from './tracepoint-format.js';

/** Where a ring-buffer page keeps its parts (events/header_page). */
export interface PageLayout {
  readonly timeOffset: number;
  readonly commitOffset: number;
  readonly commitSize: number;
  readonly dataOffset: number;
}

export interface EventFormat {
  readonly system: string;
  readonly name: string;
  readonly text: string;
}

/** What every recorder of tracepoints embeds. */
export interface Metadata {
  readonly little: boolean;
  page: PageLayout;
  readonly formats: Map<number, EventFormat>;
  /** Names of tasks by thread id. */
  readonly comms: Map<number, string>;
  kernel: string;
  /** What `uname -m` says; empty where it is not told. */
  machine: string;
  /** What could not be read. */
  readonly damages: Damage[];
}

export const newMetadata = (little: boolean): Metadata => ({
  little,
  page: { timeOffset: 0, commitOffset: 8, commitSize: 8, dataOffset: 16 },
  formats: new Map(),
  comms: new Map(),
  kernel: '',
  machine: '',
  damages: [],
});

export const MAGIC = '\x17\x08Dtracing';

const ascii = new TextDecoder('latin1');
const utf8 = new TextDecoder();
/** Events and processors a file may claim; far above what a kernel can have. */
const MOST = 65536;

/** The tracing data in a perf.data: the beginning of version 6, with versions of its own. */
export function readTracingData(metadata: Metadata, c: ByteCursor): void {
  const magic = ascii.decode(c.bytes(MAGIC.length, 'tracing data'));
  if (magic !== MAGIC) throw new Damage(c.at - MAGIC.length, `expected tracing data, found ${JSON.stringify(magic)}`);
  const version = c.text('the version of the tracing data');
  c.bytes(6, 'the byte order, the size of a long and the page size');
  readKernel(metadata, c);
  if (Number(version) >= 0.6) readComms(metadata, c);
}

/** Runs one part; what is damaged in it does not keep the others from being read. */
export function guarded(dat: Metadata, part: () => void): void {
  try {
    part();
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    dat.damages.push(error);
  }
}

/** What the kernel says of its formats, in the order of version 6. */
export function readKernel(metadata: Metadata, c: ByteCursor): void {
  readHeader(metadata, c);
  readFtraceFormats(metadata, c);
  readEventFormats(metadata, c);
  for (const what of ['the kernel symbols', 'the printk formats']) skip(c, c.u32(`the size of ${what}`), what);
}

function skip(c: ByteCursor, length: number, what: string): void {
  if (length > c.left) throw new Damage(c.at, `expected ${what} (${length} bytes), found ${c.left} bytes`);
  c.at += length;
}

export function counted(c: ByteCursor, count: number, what: string): number {
  if (count <= MOST) return count;
  throw new Damage(c.at, `expected at most ${MOST} ${what}, found ${count}`);
}

export function readHeader(dat: Metadata, c: ByteCursor): void {
  c.bytes(12, '"header_page"');
  const fields = headerFields(utf8.decode(c.bytes(c.u64('the size of the page header'), 'the page header')));
  const commit = fields.get('commit');
  const data = fields.get('data');
  if (commit !== undefined && data !== undefined && (commit.size === 4 || commit.size === 8))
    dat.page = {
      timeOffset: fields.get('timestamp')?.offset ?? 0,
      commitOffset: commit.offset,
      commitSize: commit.size,
      dataOffset: data.offset,
    };
  c.bytes(13, '"header_event"');
  skip(c, c.u64('the size of the event header'), 'the event header');
}

export function readFtraceFormats(dat: Metadata, c: ByteCursor): void {
  const count = counted(c, c.u32('the number of ftrace formats'), 'formats');
  for (let i = 0; i < count; i++) readFormat(dat, c, 'ftrace');
}

export function readEventFormats(dat: Metadata, c: ByteCursor): void {
  const systems = counted(c, c.u32('the number of event systems'), 'event systems');
  for (let i = 0; i < systems; i++) {
    const system = c.text('the name of an event system');
    const events = counted(c, c.u32(`the number of events of ${system}`), 'events');
    for (let k = 0; k < events; k++) readFormat(dat, c, system);
  }
}

function readFormat(dat: Metadata, c: ByteCursor, system: string): void {
  const text = utf8.decode(c.bytes(c.u64('the size of a format'), 'a format'));
  const head = formatHead(text);
  if (head !== null) dat.formats.set(head.id, { system, name: head.name, text });
}

export function readComms(dat: Metadata, c: ByteCursor): void {
  const text = utf8.decode(c.bytes(c.u64('the size of the task names'), 'the task names'));
  readPairs(text, (tid, name) => dat.comms.set(tid, name));
}

/** Lines of `number text`. */
export function readPairs(text: string, take: (tid: number, rest: string) => void): void {
  for (const [, tid, rest] of text.matchAll(/^[ \t]*(\d+)\s+(.*)$/gm)) take(Number(tid), rest!.trimEnd());
}

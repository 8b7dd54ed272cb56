// What xperf prints of Windows disk events (`xperf -i x.etl -a dumper`), as SNIA IOTTA publishes it (Microsoft Production Server,
// Exchange and TPC traces): `BeginHeader`, a line of column names for each kind of event, `EndHeader`, and an event a line. Times are
// us since the trace began; a DiskRead or DiskWrite is stamped at its end, and ElapsedTime is how long the request took.
import type { Format, TraceSink } from '../model/trace.js';
import { EventReader } from './ndjson-events.js';
import { Fields } from './ndjson-fields.js';
import { BadLines, firstLines, readLines } from './text-lines.js';

const BEGIN = 'BeginHeader';
const END = 'EndHeader';
const OPERATIONS: Readonly<Record<string, string>> = {
  DiskRead: 'dma_read',
  DiskWrite: 'dma_write',
  DiskFlush: 'fsync',
};
const NS_PER_US = 1000;
/** `svchost.exe ( 428)`; -1 where the process is not known. */
const PROCESS = /^(.*\S)\s*\(\s*(-?\d+)\)$/;
const utf8 = new TextDecoder();

export const xperf: Format = {
  name: 'xperf',
  title: 'xperf -a dumper: disk requests of Windows, as SNIA publishes them (Microsoft Production Server, Exchange)',
  sniff: (head) =>
    firstLines(head)
      .find((line) => line.trim() !== '')
      ?.trim() === BEGIN,
  async read(input, sink) {
    const bad = new BadLines(sink, '"EVENT, TIME, PROCESS (PID), ..." as the header says');
    const reader = new XperfLines(sink, bad);
    await readLines(input, reader, bad);
    return !bad.damaged;
  },
};

class XperfLines {
  readonly #sink: TraceSink;
  readonly #bad: BadLines;
  readonly #events: EventReader;
  /** By kind of event, the place of each of its columns. */
  readonly #columns = new Map<string, ReadonlyMap<string, number>>();
  #inHeader = false;

  constructor(sink: TraceSink, bad: BadLines) {
    this.#sink = sink;
    this.#bad = bad;
    this.#events = new EventReader(sink);
    sink.source.clock = 'time since the start of the trace';
    this.#events.shift = Number(0n - sink.origin(0n));
  }

  read(bytes: Uint8Array, line: number, cut: boolean): void {
    const text = utf8.decode(bytes).trim();
    const cells = text.split(',').map((cell) => cell.trim());
    const [kind = ''] = cells;
    if (text === BEGIN || text === END) this.#inHeader = text === BEGIN;
    else if (this.#inHeader) this.#columns.set(kind, new Map(cells.map((name, place) => [name, place])));
    else if (text !== '' && !this.#event(kind, cells, line, cut)) this.#other(text, line, cut);
  }

  /** False when it is none, or a number in it is none. */
  #event(kind: string, cells: readonly string[], line: number, cut: boolean): boolean {
    const columns = this.#columns.get(kind);
    if (columns === undefined) return false;
    const cell = (name: string): string => cells[columns.get(name) ?? -1] ?? '';
    const number = (name: string): number => numberIn(cell(name));
    const timeNs = number('TimeStamp') * NS_PER_US;
    const [, comm, pid = '-1'] = PROCESS.exec(cell('Process Name ( PID)')) ?? [];
    const task = Number(pid) < 0 ? {} : { pid: Number(pid), tid: number('ThreadID'), comm };
    const op = OPERATIONS[kind];
    if (op === undefined) return !Number.isNaN(timeNs) && this.#take({ t: timeNs, op: kind, ...task }, line);
    const ns = number('ElapsedTime') * NS_PER_US;
    const range = op === 'fsync' ? {} : { off: number('ByteOffset'), len: number('IOSize') };
    const json = { t: timeNs - ns, op, ...task, path: `volume ${number('DiskNum')}`, ...range, ns };
    // A line that is cut may end within a number.
    if (cut || Object.values(json).some((value) => Number.isNaN(value))) return false;
    return this.#take(json, line);
  }

  #take(json: Readonly<Record<string, unknown>>, line: number): boolean {
    return this.#events.take(new Fields(json), line) === '';
  }

  /** What the dumper says of the trace itself, or damage. */
  #other(text: string, line: number, cut: boolean): void {
    const told = /^OS Version: .*?\bEvents Lost: (\d+)/.exec(text);
    if (told === null) return this.#bad.say(text, line, cut);
    const count = Number(told[1]);
    if (count > 0) this.#sink.lost({ fromNs: 0, toNs: 0, cpu: -1, count });
  }
}

/** Decimal, or hex with 0x. */
const numberIn = (text: string): number => (/^(\d{1,16}|0x[\da-fA-F]{1,16})$/.test(text) ? Number(text) : Number.NaN);

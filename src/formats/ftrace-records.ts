// Records of ftrace's text, taken apart one by one or, where they look like earlier ones, as rows of the scanner.
import type { KernelSink } from '../model/kernel.js';
import type { RecordWriter, TraceSink } from '../model/trace.js';
import { CallRecords, Tells } from './call-records.js';
import { type Actor, Actors, type EventName, EventNames, PROBE } from './ftrace-columns.js';
import { latencyColumns } from './ftrace-latency.js';
import { Found, OtherLines } from './ftrace-others.js';
import { LineScanner } from './line-scanner.js';
import { HEAD } from './line-scanner-code.js';
import { Losses } from './losses.js';
import { PayloadDecoder } from './payload.js';
import { isProbeText } from './probes.js';
import { Stamps } from './stamps.js';
import { BadLines } from './text-lines.js';

const text = new TextDecoder();

/** A line up to its time. */
interface Beginning {
  readonly actor: Actor;
  readonly cpu: number;
}

const COLON = 58;
const SPACE = 32;

const RELATIVE =
  'stamps are microseconds since the buffer began (tracefs option latency-format): durations are right, times of a clock are not told; set latency-format to 0 for those';
const SHORT_NAMES =
  'names of tasks are cut after eight characters (latency format); threads are told apart by their numbers';

export class RecordParser {
  private readonly sink: TraceSink;
  private readonly kernel: KernelSink;
  private readonly records: RecordWriter;
  private readonly decoder: PayloadDecoder;
  readonly actors: Actors;
  private readonly names: EventNames;
  private readonly calls: CallRecords;
  readonly scanner: LineScanner;
  /** By the number of a taught beginning of lines: who acted, and where. */
  private readonly beginnings: Beginning[] = [];
  /** Number of the line at hand. */
  line = 0;
  private readonly stamps: Stamps;
  private readonly losses: Losses;
  readonly bad: BadLines;
  /** Values of the last record may stand up to here. */
  private used: number;
  private readonly others: OtherLines;
  /** There was a record. */
  private any = false;
  private readonly said = new Set<string>();

  constructor(sink: TraceSink) {
    this.sink = sink;
    this.kernel = sink.kernel;
    this.records = sink.records;
    this.decoder = new PayloadDecoder(sink.kernel);
    this.used = this.decoder.record.v.length;
    this.stamps = new Stamps(sink, () => this.bareStamps());
    this.losses = new Losses(sink);
    this.others = new OtherLines(sink, this.losses, this.decoder, this.stamps);
    this.bad = new BadLines(sink, '"comm-pid [cpu] time: event: ..."');
    this.actors = new Actors(sink.kernel.words);
    this.names = new EventNames(sink);
    this.calls = new CallRecords(sink, () => '');
    const { words } = sink.kernel;
    this.scanner = new LineScanner((b, from, to) => words.bytes(b, from, to));
  }

  /** What the scanner has been told: when time begins, and that stamps may be nanoseconds alone. */
  private hasOrigin = false;
  private nanosAlone = false;

  /** Times can be told once the first one was parsed. */
  ready(): boolean {
    const { stamps } = this;
    if (Number.isNaN(stamps.originSeconds)) return false;
    if (!this.hasOrigin) this.scanner.begin(stamps.originSeconds, stamps.originNanos);
    this.hasOrigin = true;
    if (stamps.bareSeen && !this.nanosAlone) this.scanner.allowBare();
    this.nanosAlone = stamps.bareSeen;
    return true;
  }

  /** Takes rows of the scanner. */
  // hot
  rows(b: Buffer, count: number): void {
    const { scanner, decoder, kernel, records, losses, beginnings } = this;
    const { record } = decoder;
    const { times, heads } = scanner;
    const { all } = this.names;
    let last: Beginning | null = null;
    for (let row = 0; row < count; row++) {
      const beginning = beginnings[heads[row * HEAD]!]!;
      const { actor, cpu } = beginning;
      const event = all[heads[row * HEAD + 1]!]!;
      this.line++;
      losses.at(cpu, times[row]!);
      if (beginning !== last) this.who(actor, cpu);
      last = beginning;
      record.timeNs = times[row]!;
      record.row = this.line;
      let opId = 0;
      let { kind } = event;
      if (event.code >= 0) {
        record.event = event.code;
        if (scanner.isUnread(row)) this.unread(event, b, row);
        else if (event.read) {
          if (record.arrays.length > 0) record.arrays.length = 0;
          this.used = scanner.values(row, record.v, this.used);
        }
        if (event.tells === Tells.nothing) opId = kernel.take();
        else {
          opId = this.calls.take(event);
          kind = this.calls.kind;
        }
      }
      records.timeNs = times[row]!;
      records.add(kind, kernel.task(actor.tid, actor.pid, actor.comm), cpu, this.line, opId);
    }
  }

  /** A row whose payload is to be parsed. */
  private unread(event: EventName, b: Buffer, row: number): void {
    const { scanner, decoder } = this;
    const teachable = decoder.isTeachable(event.code);
    decoder.decode(event.code, b, scanner.payload(row), scanner.lineEnd(row), teachable);
    this.used = decoder.record.v.length;
    if (teachable) this.teach(event);
  }

  /** What the payload at hand says about its like. */
  private teach({ number, code, read }: EventName): void {
    const { learned } = this.decoder;
    if (learned !== null) this.scanner.teachPlan(number, learned);
    this.scanner.teachEvent(number, read, this.decoder.isTeachable(code));
  }

  /** `learns`: the line is in the scanner's memory and may be an example for others. */
  parse(b: Buffer, from: number, to: number, learns: boolean, cut: boolean): void {
    if (from === to) return;
    const actor = this.actors.of(b, from, to);
    if (actor === null) return this.other(b, from, to, cut);

    let at = from + actor.length + 1;
    let cpu = 0;
    for (; b[at] !== 93; at++) cpu = cpu * 10 + b[at]! - 48;
    at++;
    while (at < to && b[at] === SPACE) at++;
    // The flags column (`d..1.`) is a word without a colon at its end.
    let word = at;
    while (at < to && b[at] !== SPACE) at++;
    if (b[at - 1] !== COLON) {
      while (at < to && b[at] === SPACE) at++;
      word = at;
      while (at < to && b[at] !== SPACE) at++;
      if (b[at - 1] !== COLON) return this.other(b, from, to, cut);
    }
    const timeNs = this.stamps.read(b, word, at - 1);
    if (Number.isNaN(timeNs)) return this.other(b, from, to, cut);
    if (!this.event(b, learns, at, to, timeNs, cpu, actor, cut)) return this.other(b, from, to, cut);
    const number = learns ? this.scanner.teachBeginning(from, word) : -1;
    if (number >= 0) this.beginnings[number] = { actor, cpu };
  }

  /** Takes what follows the time; false: the line is cut before the event's name ends. */
  private event(
    b: Buffer,
    learns: boolean,
    from: number,
    to: number,
    timeNs: number,
    cpu: number,
    actor: Actor,
    cut: boolean,
  ): boolean {
    let at = from;
    while (at < to && b[at] === SPACE) at++;
    // `report --ts-diff`: `(+48) ` since the record before.
    if (b[at] === 40 && b[at + 1] === 43) {
      while (at < to && b[at] !== SPACE) at++;
      while (at < to && b[at] === SPACE) at++;
    }
    // The event's name ends at a colon; tracefs prints syscalls as `sys_openat(...)` and `sys_openat -> 0x4`.
    const name = at;
    while (at < to && b[at] !== COLON && b[at] !== 40 && b[at] !== SPACE) at++;
    if (cut && (at === name || at >= to)) return false;
    const end = at;
    let shape = b[at] === COLON ? 0 : b[at] === 40 ? 1 : b[at + 1] === 45 ? 2 : 3;
    at += shape === 2 ? 4 : 1;
    while (at < to && b[at] === SPACE) at++;
    if (shape === 0 && isProbeText(b, at)) shape = PROBE;
    const event = this.names.of(b, name, end, shape);
    this.any = true;
    this.begin(event, timeNs, cpu, actor);
    const { decoder } = this;
    if (event.code >= 0 && (event.read || cut)) {
      decoder.decode(event.code, b, at, to, learns);
      this.used = decoder.record.v.length;
      // A cut line with a field missing tells half of what happened: not used, but said.
      if (cut && decoder.missing > 0) {
        this.other(b, 0, to, true);
        return true;
      }
    }
    if (learns && shape === 0) {
      this.scanner.teachName(name, at, event.number);
      if (event.read) this.teach(event);
    }
    this.commit(event, timeNs, cpu, actor);
    return true;
  }

  /** Who, when and where, for the record that comes. */
  private begin({ code }: EventName, timeNs: number, cpu: number, actor: Actor): void {
    this.losses.at(cpu, timeNs);
    const { record } = this.decoder;
    record.timeNs = timeNs;
    this.who(actor, cpu);
    record.row = this.line;
    if (code >= 0) record.event = code;
  }

  private who({ tid, pid, comm }: Actor, cpu: number): void {
    const { record } = this.decoder;
    record.cpu = cpu;
    record.tid = tid;
    record.pid = pid;
    record.comm = comm;
  }

  private commit(event: EventName, timeNs: number, cpu: number, actor: Actor): void {
    const { kernel, records, calls } = this;
    const opId = calls.take(event);
    records.timeNs = timeNs;
    records.add(calls.kind, kernel.task(actor.tid, actor.pid, actor.comm), cpu, this.line, opId);
  }

  /** Nothing in the text tells the unit of such stamps (kernel-events reference, trap 9). */
  private bareStamps(): void {
    this.sink.issue(
      'bare-stamps',
      this.line,
      'stamps are bare integers, which were taken as nanoseconds; that is right for the clock boot, but x86-tsc counts cycles, uptime jiffies and counter events: then durations are no times',
    );
  }

  /** No more lines. */
  finish(): void {
    this.calls.finish();
    this.losses.finish();
  }

  /** Lines that are no records: headers, losses, or damage. */
  private other(b: Buffer, from: number, to: number, cut: boolean): void {
    if (this.latency(b, from, to, cut)) return;
    const found = this.others.take(text.decode(b.subarray(from, to)), this.line, cut, this.any);
    if (found === Found.unreadable) this.bad.damaged = true;
    else if (found === Found.damage) this.bad.say(text.decode(b.subarray(from, to)), this.line, cut);
  }

  /** `report -l` and the tracefs option latency-format. */
  private latency(b: Buffer, from: number, to: number, cut: boolean): boolean {
    const columns = latencyColumns(b.toString('latin1', from, to));
    if (columns === null) return false;
    const { comm, tid, cpu, seconds, nanos, relative, bare, short, length } = columns;
    const timeNs = this.stamps.at(seconds, nanos);
    if (Number.isNaN(timeNs) || cpu > 0xffff) return false;
    const name = this.sink.kernel.words.text(text.decode(Buffer.from(comm, 'latin1')));
    const actor = { comm: name, tid, pid: -1, length };
    if (!this.event(b, false, from + length, to, timeNs, cpu, actor, cut)) return false;
    if (bare) this.once('bare-stamps', () => this.bareStamps());
    if (relative) this.once('relative-stamps', () => this.sink.issue('relative-stamps', this.line, RELATIVE));
    if (short) this.once('short-names', () => this.sink.issue('short-names', this.line, SHORT_NAMES));
    return true;
  }

  private once(code: string, say: () => void): void {
    if (this.said.has(code)) return;
    this.said.add(code);
    say();
  }
}

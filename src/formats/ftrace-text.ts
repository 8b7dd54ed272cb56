// ftrace as text: `trace-cmd report` (plain, -t, -R, several instances) and the tracefs files `trace`, `trace_pipe`.
// Line: [instance:] comm-pid [(tgid)] [cpu] [flags] time: event: payload. Variants: kernel-events reference, traps 7 to 11.
import { LONGEST_LINE } from '../base/line-splitter.js';
import { kernelEvent } from '../model/kernel-events.js';
import type { Format, TraceSink } from '../model/trace.js';
import type { Actor } from './kernel-lines.js';
import { Losses } from './losses.js';
import { PayloadDecoder } from './payload.js';
import { Stamps } from './stamps.js';
import { BadLines } from './text-lines.js';

const text = new TextDecoder();

export const ftraceText: Format = {
  name: 'ftrace-text',
  title: 'ftrace text: trace-cmd report (plain, -t, -R) and tracefs trace',
  sniff(head) {
    const lines = text.decode(head).split('\n').slice(0, 60);
    if (/^# tracer: /.test(lines[0] ?? '')) return true;
    // With only its first line kept, a cut file still is a trace.
    if (/^(version = \d+|cpus=\d+)\s*$/.test(lines[0] ?? '')) return true;
    return lines.some((line) => /^\s*\S.*-\d+\s+(\([\s\d-]+\)\s+)?\[\d{3,}\]\s*(\S{4,6}\s+)?[\d.]+: /.test(line));
  },
  async read(input, sink) {
    const reader = new LineParser(sink);
    let carry: Uint8Array = new Uint8Array(0);
    for await (const chunk of input.chunks()) {
      const buffer = carry.length === 0 ? chunk : joined(carry, chunk);
      const used = reader.lines(buffer);
      carry = buffer.slice(used);
      if (carry.length > LONGEST_LINE) {
        reader.tooLong();
        carry = new Uint8Array(0);
      }
    }
    if (carry.length > 0) reader.last(carry);
    return reader.finish();
  },
};

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

const COLON = 58;
const SPACE = 32;

class LineParser {
  private readonly sink: TraceSink;
  private readonly decoder: PayloadDecoder;
  private line = 0;
  private readonly stamps: Stamps;
  private readonly actors: (Actor | null | undefined)[] = [];
  /** By interned event name: code of the event + 1 (0: not looked up yet, -1: not known). */
  private readonly codes: number[] = [];
  private readonly kinds: number[] = [];
  private readonly losses: Losses;
  private readonly bad: BadLines;
  private overwritten = 0;

  constructor(sink: TraceSink) {
    this.sink = sink;
    this.decoder = new PayloadDecoder(sink.kernel);
    this.stamps = new Stamps(sink, () => this.bareStamps());
    this.losses = new Losses(sink);
    this.bad = new BadLines(sink, '"comm-pid [cpu] time: event: ..."');
  }

  /** Parses all whole lines; returns the bytes used. */
  lines(b: Uint8Array): number {
    let from = 0;
    for (;;) {
      const end = b.indexOf(10, from);
      if (end < 0) return from;
      this.line++;
      this.parse(b, from, end > from && b[end - 1] === 13 ? end - 1 : end, false);
      from = end + 1;
    }
  }

  /** A last line without its newline: a recording that was cut, unless the line is complete. */
  last(b: Uint8Array): void {
    this.line++;
    this.parse(b, 0, b.length, true);
  }

  tooLong(): void {
    this.bad.tooLong(++this.line);
  }

  finish(): boolean {
    this.losses.finish();
    return !this.bad.damaged;
  }

  // hot
  private parse(b: Uint8Array, from: number, to: number, cut: boolean): void {
    if (from === to) return;
    let bracket = b.indexOf(91, from);
    while (bracket > 0 && bracket < to && !this.isCpu(b, bracket, from, to)) bracket = b.indexOf(91, bracket + 1);
    if (bracket < 0 || bracket >= to) return this.other(b, from, to, cut);
    const actor = this.actor(b, from, bracket);
    if (actor === null) return this.other(b, from, to, cut);

    let at = bracket + 1;
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
    while (at < to && b[at] === SPACE) at++;

    // The event's name ends at a colon; tracefs prints syscalls as `sys_openat(...)` and `sys_openat -> 0x4`.
    const name = at;
    while (at < to && b[at] !== COLON && b[at] !== 40 && b[at] !== SPACE) at++;
    if (at === name || at >= to) {
      if (cut) return this.other(b, from, to, cut);
    }
    const shape = b[at] === COLON ? 0 : b[at] === 40 ? 1 : b[at + 1] === 45 ? 2 : 3;
    const id = this.decoder.words.bytes(b, name, at);
    const key = id * 4 + shape;
    let code = this.codes[key] ?? 0;
    if (code === 0) code = this.lookUp(id, shape);
    at += shape === 2 ? 4 : 1;
    while (at < to && b[at] === SPACE) at++;
    this.deliver(key, code, timeNs, cpu, actor, b, at, to, cut);
  }

  private deliver(
    key: number,
    code: number,
    timeNs: number,
    cpu: number,
    actor: Actor,
    b: Uint8Array,
    at: number,
    to: number,
    cut: boolean,
  ): void {
    const { sink, decoder } = this;
    this.losses.at(cpu, timeNs);
    const { records } = sink;
    const record = decoder.record;
    let opId = 0;
    record.timeNs = timeNs;
    record.cpu = cpu;
    record.tid = actor.tid;
    record.pid = actor.pid;
    record.comm = actor.comm;
    record.row = this.line;
    if (code > 0) {
      record.event = code - 1;
      decoder.decode(code - 1, b, at, to);
      // A cut line with a field missing tells half of what happened: not used, but said.
      if (cut && decoder.missing > 0) return this.other(b, 0, to, true);
      opId = sink.kernel.take();
    }
    records.timeNs = timeNs;
    records.kind = this.kinds[key]!;
    records.task = sink.kernel.task(actor.tid, actor.pid, actor.comm);
    records.cpu = cpu;
    records.row = this.line;
    records.opId = opId;
    records.commit();
  }

  private lookUp(id: number, shape: number): number {
    let name = this.decoder.words.get(id);
    if (shape === 1) name = name.replace(/^sys_/, 'sys_enter_');
    else if (shape === 2) name = name.replace(/^sys_/, 'sys_exit_');
    const code = kernelEvent(name);
    this.kinds[id * 4 + shape] = this.sink.records.kindId(name, code >= 0);
    this.codes[id * 4 + shape] = code >= 0 ? code + 1 : -1;
    return code >= 0 ? code + 1 : -1;
  }

  /** `[001]` behind `comm-pid `; a name may itself hold brackets. */
  private isCpu(b: Uint8Array, bracket: number, from: number, to: number): boolean {
    let i = bracket + 1;
    while (i < to && b[i]! >= 48 && b[i]! <= 57) i++;
    if (i - bracket < 4 || b[i] !== 93 || bracket === from || b[bracket - 1] !== SPACE) return false;
    let k = bracket - 1;
    while (k > from && b[k] === SPACE) k--;
    return b[k] === 41 || (b[k]! >= 48 && b[k]! <= 57);
  }

  private actor(b: Uint8Array, from: number, to: number): Actor | null {
    const id = this.decoder.words.bytes(b, from, to);
    const known = this.actors[id];
    if (known !== undefined) return known;
    const match = /^(?:\S+:\s{2,})?\s*(.*)-(\d+)\s*(?:\(\s*([\d-]+)\))?\s*$/s.exec(text.decode(b.subarray(from, to)));
    const actor =
      match === null
        ? null
        : {
            comm: this.decoder.words.text(match[1]!.trim()),
            tid: Number(match[2]),
            pid: match[3] !== undefined && /^\d+$/.test(match[3]) ? Number(match[3]) : -1,
          };
    this.actors[id] = actor;
    return actor;
  }

  /** Nothing in the text tells the unit of such stamps (kernel-events reference, trap 9). */
  private bareStamps(): void {
    this.sink.issue(
      'bare-stamps',
      this.line,
      'stamps are bare integers, which were taken as nanoseconds; that is right for the clock boot, but x86-tsc counts cycles, uptime jiffies and counter events: then durations are no times',
    );
  }

  /** Lines that are no records: headers, losses, or damage. */
  private other(b: Uint8Array, from: number, to: number, cut: boolean): void {
    const line = text.decode(b.subarray(from, to));
    const lost = /^\s*CPU:(\d+) \[(?:(\d+) EVENTS DROPPED|LOST (\d+) EVENTS|EVENTS DROPPED|LOST EVENTS)\]/.exec(line);
    if (lost !== null) return this.losses.begin(Number(lost[1]), Number(lost[2] ?? lost[3] ?? 0));
    const entries = /^# entries-in-buffer\/entries-written: (\d+)\/(\d+)/.exec(line);
    if (entries !== null) this.overwritten = Number(entries[2]) - Number(entries[1]);
    if (this.overwritten > 0 && entries !== null) {
      this.sink.lost({ fromNs: 0, toNs: 0, cpu: -1, count: this.overwritten });
      this.sink.kernel.lost(0);
    }
    if (
      entries !== null ||
      /^(#|cpus=\d|version = \d|CPU \d+ is empty|\s*$| => |##### CPU \d+ buffer started)/.test(line)
    )
      return;
    if (!cut && this.bare(line)) return;
    this.bad.say(line, this.line, cut);
  }

  /** tracefs option `raw`: `10760 1 2205454771295 type: 782`, who, where, when and the number of the event. */
  private bare(line: string): boolean {
    const match = /^(\d+) (\d+) (\d+) (?:(type: \d+)|# )/.exec(line);
    if (match === null) return false;
    const [, tid, cpu, ns, type = 'print'] = match as unknown as [string, string, string, string, string?];
    const digits = new TextEncoder().encode(ns);
    const timeNs = this.stamps.read(digits, 0, digits.length);
    if (Number.isNaN(timeNs) || Number(cpu) > 0xffff) return false;
    this.sink.issue(
      'raw-option',
      this.line,
      `expected events with their fields, found the event's number alone (${type}); set the tracefs option raw to 0 and record again`,
    );
    const { records } = this.sink;
    records.timeNs = timeNs;
    records.kind = records.kindId(type, false);
    records.task = this.sink.kernel.task(Number(tid), -1, this.decoder.words.text(''));
    records.cpu = Number(cpu);
    records.row = this.line;
    records.commit();
    return true;
  }
}

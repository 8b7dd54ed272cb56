// `perf script` as text. Line: comm pid[/tid] [cpu] [misc] time: [period] group:event[:modifiers]: payload; call chains stand on
// lines of their own below. Records besides samples (--show-mmap-events, --show-task-events, --show-lost-events) begin
// with PERF_RECORD_ where an event's name would. Source: tools/perf/builtin-script.c, util/event.c.
import type { Format, TraceSink } from '../model/trace.js';
import { CallRecords, RecordKind } from './call-records.js';
import { holdsName } from './ftrace-broken.js';
import { looksLatent } from './ftrace-latency.js';
import { type Actor, KernelLines } from './kernel-lines.js';
import { LastLine } from './last-line.js';
import { NamesInLines } from './perf-names.js';
import { tellDoubled } from './perf-order.js';
import { sideband } from './perf-sideband.js';
import { type Counted, Counts, STAMP_REMARKS, StampKind, wrappedNs } from './perf-stamps.js';
import { perfTraceAdvice } from './perf-trace-advice.js';
import { looksUntimed, NO_TIMES, untimed } from './perf-untimed.js';
import {
  actorIn,
  beforeAddress,
  COLON,
  cpuBracket,
  eventNamed,
  HASH,
  isDigit,
  isSideband,
  isSpace,
  pastMisc,
  timeWord,
  wordAt,
} from './perf-words.js';
import { isProbeText } from './probes.js';
import { Stamps } from './stamps.js';
import { BadLines, firstLines, readLines } from './text-lines.js';

/** From the number of the task on; whatever stands before it. */
const SAMPLE = /(?<!\d)\d+(?:\/-?\d+)?\s+(?:\[\d{3,}\]\s+)?(?:[A-Z][A-Za-z]*\s+)?\d+\.\d{6,}:\s+(?:\d+\s+)?\S/;
const text = new TextDecoder();

export const perfScript: Format = {
  name: 'perf-script',
  title: 'perf script text: tracepoints, mapping, task and lost records; us or ns, any of pid, tid, cpu',
  kernelOnly: true,
  sniff(head) {
    const lines = firstLines(head);
    if (
      /^# =+\s*$/.test(lines[0] ?? '') &&
      lines.some((line) => /^# (cmdline : .*\bperf\b|perf version : )/.test(line))
    )
      return true;
    const isFtrace = (line: string): boolean => /\S-\d+\s+(\([\s\d-]+\)\s+)?\[\d{3,}\]/.test(line) || looksLatent(line);
    return lines.some((line) => (SAMPLE.test(line) || TIME_ALONE.test(line)) && !isFtrace(line)) || looksUntimed(lines);
  },
  advice: perfTraceAdvice,
  async read(input, sink) {
    const bad = new BadLines(sink, '"comm pid [cpu] time: event: ..."');
    const parser = new PerfLines(sink, bad);
    await readLines(input, parser, bad);
    parser.finish();
    return !bad.damaged;
  },
};

const ARCH = /^# arch : (\S+)$/;
const LONGEST_ARCH = 64;
const ZERO = 48;
const OPEN = 40;
const BRACKET = 91;
const MOST_HELD = 4096;

/** A record whose task has no number; of a script of many, the time may be all that stands before the event. */
const NO_THREAD = /^\s*(?:\S.*\s)?(?:\[\d{3,}\]\s+)?\d+\.\d{6,9}:\s+(?:\d+\s+)?[\w-]+:\w/;
const TIME_ALONE = /^\s*(?:\[\d{3,}\]\s+)?\d+\.(?:\d{9}|\d{6}):\s+[\w-]+:\w+:\s/;

interface ScriptActor extends Actor {
  /** Where it stands before the time without brackets. */
  readonly cpu: number;
}

class ScriptKind extends RecordKind {
  readonly name: string;
  readonly slots: number;
  /** Its last field goes to the end of the line. */
  readonly ends: boolean;
  /** It tells a name, which may hold line breaks. */
  readonly named: boolean;

  constructor(sink: TraceSink, name: string, code: number) {
    super(sink, name, code);
    this.name = name;
    const slots = sink.kernel.catalogue.events[code]?.slots ?? [];
    this.slots = slots.length;
    this.ends = /^s$/i.test(slots.at(-1)?.type ?? '');
    this.named = holdsName(slots);
  }
}

class PerfLines {
  readonly lines: KernelLines;
  readonly #calls: CallRecords;
  readonly #bad: BadLines;
  readonly #stamps: Stamps;
  readonly #sink: TraceSink;
  readonly #actors: (ScriptActor | null | undefined)[] = [];
  readonly #kinds: (ScriptKind | undefined)[] = [];
  /** A record stands right above: what follows may be its call chain. */
  #inSample = false;
  readonly #stampKind = new StampKind();
  #counts: Counted = Counts.clock;
  /** Lines that wait until it is known what the stamps count. */
  #held: { readonly bytes: Uint8Array; readonly line: number; readonly cut: boolean }[] | null = [];
  readonly #names: NamesInLines;
  readonly #last = new LastLine();
  #doubled = 0;
  /** As its header (--header) says. */
  #machine = '';
  /** Sum of all differences so far. */
  #sumNs = 0;
  /** The same before the line at hand. */
  #beforeNs = 0;

  constructor(sink: TraceSink, bad: BadLines) {
    this.#sink = sink;
    this.#bad = bad;
    this.lines = new KernelLines(sink);
    this.#calls = new CallRecords(sink, () => this.#machine);
    this.#stamps = new Stamps(sink);
    this.#names = new NamesInLines(sink, (bytes, line) => this.#line(bytes, line, false));
  }

  read(b: Uint8Array, line: number, cut: boolean): void {
    if (this.#held === null) return this.#line(b, line, cut);
    this.#held.push({ bytes: b.slice(), line, cut });
    if (b[0] !== HASH) this.#stampKind.show(text.decode(b));
    if (this.#stampKind.known !== null || this.#held.length === MOST_HELD) this.#release();
  }

  finish(): void {
    this.#release();
    this.#names.release();
    this.#calls.finish();
    this.lines.losses.finish();
    tellDoubled(this.#sink, this.#doubled);
  }

  #release(): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    this.#counts = this.#stampKind.end();
    const remark = STAMP_REMARKS[this.#counts];
    const code = this.#counts === Counts.wrapped ? 'wrapped-stamps' : 'relative-stamps';
    if (remark !== '') this.#sink.issue(code, held[0]!.line, remark);
    for (const { bytes, line, cut } of held) this.#line(bytes, line, cut);
  }

  // hot
  #line(b: Uint8Array, line: number, cut: boolean): void {
    if (this.#names.isHolding && this.#names.take(b, line, cut)) return;
    this.lines.line = line;
    const to = b.length;
    if (to === 0 || b[0] === HASH) {
      this.#machine ||= ARCH.exec(text.decode(b.subarray(0, LONGEST_ARCH)))?.[1] ?? '';
      this.#names.apart ||= to === 0;
      this.#inSample = false;
      return;
    }
    const bracket = cpuBracket(b);
    let cpu = 0;
    let word = bracket + 1;
    if (bracket > 0) for (; b[word] !== 93; word++) cpu = cpu * 10 + b[word]! - 48;
    else word = timeWord(b) - 1;
    if (word < 0) return this.#other(b, cut);
    const actor = this.#actor(b, bracket > 0 ? bracket : word);
    word = pastMisc(b, word + 1);
    let at = word;
    while (at < to && b[at] !== COLON) at++;
    const timeNs = actor === null ? Number.NaN : this.#time(b, word, at);
    if (Number.isNaN(timeNs) || (cut && at >= to)) return this.#other(b, cut);
    this.#event(b, at + 1, bracket > 0 ? cpu : actor!.cpu, actor!, timeNs, cut);
  }

  #event(b: Uint8Array, from: number, cpu: number, actor: Actor, timeNs: number, cut: boolean): void {
    const to = b.length;
    let name = wordAt(b, from);
    if (isDigit(b[name])) {
      let end = name;
      while (isDigit(b[end])) end++;
      if (isSpace(b[end])) name = wordAt(b, end);
    }
    let at = name;
    while (at < to && !isSpace(b[at]) && b[at] !== OPEN) at++;
    if (at === name || (cut && at >= to)) return this.#other(b, cut);
    this.#inSample = true;
    if (isSideband(b, name)) {
      if (!cut && this.#waits(b)) return;
      return sideband(this.lines, text.decode(b.subarray(name)), timeNs, cpu, actor);
    }
    const { decoder } = this.lines;
    const fields = wordAt(b, at);
    const kind = this.#kind(decoder.words.bytes(b, name, at), isProbeText(b, fields));
    if (kind.named && !cut && this.#waits(b)) return;
    this.lines.begin(timeNs, cpu, actor);
    if (this.#last.isAgain(b, timeNs)) {
      this.#doubled++;
      return this.lines.commit(this.lines.kind(kind.name, -1), 0);
    }
    if (kind.code >= 0) {
      decoder.record.event = kind.code;
      if (fields >= to && kind.slots > 0 && !cut) {
        this.#lacks('no-fields', 'fields behind the event', 'trace');
        return this.lines.commit(kind, 0);
      }
      decoder.decode(kind.code, b, fields, kind.ends ? beforeAddress(b, fields) : to);
      // A cut line with a field missing tells half of what happened: not used, but said.
      if (cut && decoder.missing > 0) return this.#other(b, true);
    }
    this.lines.commit(this.#calls, this.#calls.take(kind));
  }

  /** A record that tells a name waits for the next line, and is read then. */
  #waits(b: Uint8Array): boolean {
    const waits = this.#names.hold(b, this.lines.line);
    if (waits) this.#sumNs = this.#beforeNs;
    return waits;
  }

  /** A form of perf script that leaves out what tells what happened. */
  #lacks(code: string, what: string, field: string): void {
    this.#bad.damaged = true;
    this.#sink.issue(
      code,
      this.lines.line,
      `expected ${what}, found none: perf script -F left out "${field}"; write it with -F comm,tid,cpu,time,event,trace`,
    );
  }

  /** Kind of `syscalls:sys_enter_openat:`, `cycles:u:`, `cpu-clock:`. */
  #kind(id: number, isProbe: boolean): ScriptKind {
    let kind = this.#kinds[id];
    if (kind === undefined) {
      if (!this.lines.decoder.words.get(id).endsWith(':'))
        this.#lacks('no-event-name', 'the name of an event', 'event');
      const { system, name } = eventNamed(this.lines.decoder.words.get(id).replace(/:$/, ''));
      kind = new ScriptKind(this.#sink, name, this.#sink.kernel.catalogue.code(name, system, isProbe));
      this.#kinds[id] = kind;
    }
    return kind;
  }

  #actor(b: Uint8Array, to: number): ScriptActor | null {
    const { words } = this.lines.decoder;
    const id = words.bytes(b, 0, to);
    const known = this.#actors[id];
    if (known !== undefined) return known;
    const columns = actorIn(text.decode(b.subarray(0, to)), b[to] !== BRACKET);
    const actor = columns === null ? null : { ...columns, comm: words.text(columns.comm) };
    this.#actors[id] = actor;
    return actor;
  }

  /**
   * What perf makes up for tasks and mappings that were there before has time 0: it is put at the trace's beginning.
   * simpleperf writes microseconds without their leading zeros.
   */
  #time(b: Uint8Array, from: number, to: number): number {
    const dot = b.indexOf(46, from);
    if (dot < 0 || dot >= to) return Number.NaN;
    if (this.#counts !== Counts.clock) return this.#counted(b, from, dot, to);
    if (to - dot <= 6) {
      const parts = /^(\d+)\.(\d+)$/.exec(text.decode(b.subarray(from, to)));
      return parts === null ? Number.NaN : this.#stamps.at(Number(parts[1]), Number(parts[2]) * 1000);
    }
    let at = from;
    while (at < to && (b[at] === ZERO || at === dot)) at++;
    return at === to ? 0 : this.#stamps.read(b, from, to);
  }

  /** Stamps that are no times of a clock. */
  #counted(b: Uint8Array, from: number, dot: number, to: number): number {
    const seconds = Number(text.decode(b.subarray(from, dot)));
    const nanos = Number(text.decode(b.subarray(dot + 1, to)).padEnd(9, '0'));
    if (this.#counts === Counts.wrapped) {
      const ns = wrappedNs(seconds, text.decode(b.subarray(dot + 1, to)));
      return ns > 0 ? this.#stamps.at(Math.floor(ns / 1e9), ns % 1e9) : ns;
    }
    const ns = seconds * 1e9 + nanos;
    if (Number.isNaN(ns) || this.#counts === Counts.first) return this.#stamps.at(seconds, nanos);
    this.#beforeNs = this.#sumNs;
    this.#sumNs += ns;
    return this.#stamps.at(Math.floor(this.#sumNs / 1e9), this.#sumNs % 1e9);
  }

  /** Headers, call chains, losses told at the end, or damage. */
  #other(b: Uint8Array, cut: boolean): void {
    const line = text.decode(b);
    if (line.trim() === '') {
      this.#inSample = false;
      return;
    }
    const chunks = /^Processed \d+ events and lost (\d+) chunks!/.exec(line);
    if (chunks !== null) {
      this.#sink.lost({ fromNs: 0, toNs: 0, cpu: -1, count: Number(chunks[1]) });
      this.#sink.kernel.lost(0);
    } else if (/^PERF_RECORD_FINISHED_ROUND\s*$/.test(line)) {
      // --show-round-events: nothing happened.
    } else if (!cut && NO_THREAD.test(line)) this.#lacks('no-thread', 'the number of a thread before the CPU', 'tid');
    else if (!(this.#inSample && /^\s+[0-9a-f]+(\s|$)|^\t/.test(line)) && (cut || !this.#untimed(line)))
      this.#bad.say(line, this.lines.line, cut);
  }

  #untimed(line: string): boolean {
    const sample = untimed(line);
    if (sample === null) return false;
    this.#inSample = true;
    this.#sink.issue('no-time', this.lines.line, NO_TIMES);
    const { comm, cpu, event } = sample;
    this.lines.begin(0, cpu, { ...sample, comm: this.lines.decoder.words.text(comm) });
    this.lines.commit(this.lines.kind(eventNamed(event).name, -1), 0);
    return true;
  }
}

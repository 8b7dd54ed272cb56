// Lines of ftrace's text that are no records: headers, losses, the tracefs option `raw`, or damage.
import type { TraceSink } from '../model/trace.js';
import { formAdvice, latencyColumns } from './ftrace-latency.js';
import type { Losses } from './losses.js';
import type { PayloadDecoder } from './payload.js';
import type { Stamps } from './stamps.js';

/** What a line was found to be: one that is understood; one of a form that is not read, which was said; or neither. */
export const Found = { known: 0, unreadable: 1, damage: 2 } as const;

const LOST = /^\s*CPU:(\d+) \[(?:(\d+) EVENTS DROPPED|LOST (\d+) EVENTS|EVENTS DROPPED|LOST EVENTS)\]/;
/** The arrows are the frames of a stack (trace-cmd puts none before those of the kernel, a tab before the user's); of several files each is named before its `cpus=`; -w sums up how long tasks waited for a CPU. */
const HEADER =
  /^(#|(?:.*: )?cpus=\d|version = \d|CPU \d+ is empty|CPU:\d+ \[SUBBUFFER START\]|registering plugin: |\s*$|\s?=> |##### CPU \d+ buffer started|(?:Average wakeup latency|(?:Max|Min)imum Latency): [\d.]+ usecs|RT task timings:$)/;
const INDENTED = /^\s+#/;
const RAW = /^(\d+) (\d+) (\d+) (?:(type: \d+)|# )/;

/** A line that stands for itself, record or not. */
export const isRemark = (line: string): boolean =>
  LOST.test(line) ||
  HEADER.test(line) ||
  RAW.test(line) ||
  formAdvice(line, true) !== '' ||
  latencyColumns(line) !== null;

export class OtherLines {
  private readonly sink: TraceSink;
  private readonly losses: Losses;
  private readonly decoder: PayloadDecoder;
  private readonly stamps: Stamps;
  private overwritten = 0;
  /** The header is that of tracefs. */
  private tracefs = false;

  constructor(sink: TraceSink, losses: Losses, decoder: PayloadDecoder, stamps: Stamps) {
    this.sink = sink;
    this.losses = losses;
    this.decoder = decoder;
    this.stamps = stamps;
  }

  /** `any`: there was a record before. */
  take(whole: string, row: number, cut: boolean, any: boolean): number {
    // A header that was copied out of a page or a mail stands further in.
    const line = INDENTED.test(whole) ? whole.trimStart() : whole;
    const lost = LOST.exec(line);
    if (lost !== null) {
      this.losses.begin(Number(lost[1]), Number(lost[2] ?? lost[3] ?? 0));
      return Found.known;
    }
    const clock = /^# clock: (\w+)$/.exec(line);
    if (clock !== null) this.sink.source.clock = clock[1]!;
    if (line.startsWith('# tracer: ')) this.tracefs = true;
    const entries = /^# (?:entries-in-buffer\/entries-written: |latency: \d+ us, #)(\d+)\/(\d+)/.exec(line);
    if (entries !== null) this.overwritten = Number(entries[2]) - Number(entries[1]);
    if (this.overwritten > 0 && entries !== null) {
      this.sink.lost({ fromNs: 0, toNs: 0, cpu: -1, count: this.overwritten });
      this.sink.kernel.lost(0);
    }
    if (entries !== null || HEADER.test(line)) return Found.known;
    if (!cut && this.bare(line, row)) return Found.known;
    if (this.decoder.longNameRow === row - 1) {
      this.decoder.longNameRow = row;
      return Found.known;
    }
    const advice = any ? '' : formAdvice(line, this.tracefs);
    if (advice === '') return Found.damage;
    this.sink.issue('unreadable-form', row, advice);
    return Found.unreadable;
  }

  /** tracefs option `raw`: `10760 1 2205454771295 type: 782`, who, where, when and the number of the event. */
  private bare(line: string, row: number): boolean {
    const match = RAW.exec(line);
    if (match === null) return false;
    const [, tid, cpu, ns, type = 'print'] = match as unknown as [string, string, string, string, string?];
    const digits = new TextEncoder().encode(ns);
    const timeNs = this.stamps.read(digits, 0, digits.length);
    if (Number.isNaN(timeNs) || Number(cpu) > 0xffff) return false;
    this.sink.issue(
      'raw-option',
      row,
      `expected events with their fields, found the event's number alone (${type}); set the tracefs option raw to 0 and record again`,
    );
    const { records } = this.sink;
    records.timeNs = timeNs;
    records.kind = records.kindId(type, false);
    records.task = this.sink.kernel.task(Number(tid), -1, this.sink.kernel.words.text(''));
    records.cpu = Number(cpu);
    records.row = row;
    records.commit();
    return true;
  }
}

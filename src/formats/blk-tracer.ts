// The kernel's own `blk` tracer as text, out of tracefs's `trace` and `trace_pipe`: like blkparse's, behind the columns of ftrace or,
// with the option blk_classic, nearly as blkparse prints it. Source: kernel/trace/blktrace.c (print_one_line, blk_log_action).
import type { Format, TraceSink } from '../model/trace.js';
import { type BlockLine, blockEvent, LONGEST_RECORD } from './block-lines.js';
import { BlockRequests } from './block-requests.js';
import { SequenceGaps } from './sequence-gaps.js';
import { Stamps } from './stamps.js';
import { BadLines, firstLines, readLines } from './text-lines.js';

/** Device; with blk_cgroup the group, by inode and generation, by its path, or not found; action and direction. */
const DEVICE = String.raw`(\d+),(\d+)`;
const GROUP = String.raw`(?:(?:\d+,-?\d+|\/\S*|<\.{3}>)\s+)?`;
const ACTION = String.raw`([A-Z]{1,2}|m)\s+([A-Z]+)(?:\s+(.*))?$`;
const CLASSIC = new RegExp(String.raw`^\s*${DEVICE}\s+(\d+)\s+(\d+\.\d{9})\s+(\d+)\s+${GROUP}${ACTION}`);
const COLUMNS = new RegExp(
  String.raw`^\s*(.*)-(\d+)\s+(?:\(\s*[\d-]+\)\s+)?\[(\d{3,})\]\s+(?:\S{4,8}\s+)?(\d+(?:\.\d{6,9})?):\s+${DEVICE}\s+${GROUP}${ACTION}`,
);
/** With context-info off: nothing before the device. */
const BARE = new RegExp(String.raw`^\s*${DEVICE}\s+${GROUP}${ACTION}`);
const TRACER = '# tracer: blk';
const LOST = /^CPU:(\d+) \[LOST (?:(\d+) )?EVENTS\]/;
const REMARK = /^(#|##### CPU \d+ buffer started|\s*$)/;
const text = new TextDecoder();

export const blkTracer: Format = {
  name: 'blk-tracer',
  title: "text of the kernel's blk tracer (tracefs trace and trace_pipe), also with blk_classic",
  sniff(head) {
    const lines = firstLines(head);
    return lines[0] === TRACER || lines.some(isBlockLine);
  },
  async read(input, sink) {
    const bad = new BadLines(sink, '"comm-pid [cpu] time: maj,min action rwbs ..."');
    const parser = new TracerLines(sink, bad);
    await readLines(input, parser, bad);
    return parser.finish();
  },
};

/** A line that this format alone reads. */
const isBlockLine = (line: string): boolean =>
  line.length < LONGEST_RECORD && (COLUMNS.test(line) || CLASSIC.test(line));

class TracerLines {
  readonly #sink: TraceSink;
  readonly #bad: BadLines;
  readonly #stamps: Stamps;
  readonly #requests = new BlockRequests();
  readonly #gaps: SequenceGaps;

  constructor(sink: TraceSink, bad: BadLines) {
    this.#sink = sink;
    this.#bad = bad;
    this.#stamps = new Stamps(sink);
    this.#gaps = new SequenceGaps(sink);
  }

  read(bytes: Uint8Array, row: number, cut: boolean): void {
    const line = text.decode(bytes);
    if (line.length >= LONGEST_RECORD) return this.#bad.say(line, row, cut);
    const parts = cut ? null : taken(line);
    const timeNs = parts === null ? Number.NaN : this.#time(parts.stamp);
    const event =
      parts === null || Number.isNaN(timeNs) ? null : blockEvent(this.#sink, this.#requests, parts, timeNs, row);
    if (event === null) return this.#other(line, row, cut);
    this.#gaps.take(event.device, event.cpu, 0, timeNs);
    this.#requests.take(event, this.#sink);
  }

  /** False when a line could not be used. */
  finish(): boolean {
    this.#requests.end();
    this.#gaps.finish();
    return !this.#bad.damaged;
  }

  #time(stamp: string): number {
    const digits = new TextEncoder().encode(stamp);
    return this.#stamps.read(digits, 0, digits.length);
  }

  #other(line: string, row: number, cut: boolean): void {
    const lost = LOST.exec(line);
    if (lost !== null) this.#gaps.told(Number(lost[1]), Number(lost[2] ?? 0));
    else if (!cut && BARE.test(line)) {
      this.#bad.damaged = true;
      this.#sink.issue(
        'unreadable-form',
        row,
        'expected a time before the device, found none: records without task, CPU and time; set the tracefs option context-info to 1 and read the buffer again',
      );
    } else if (!REMARK.test(line)) this.#bad.say(line, row, cut);
  }
}

function taken(line: string): (BlockLine & { readonly stamp: string }) | null {
  const columns = COLUMNS.exec(line);
  if (columns !== null) {
    const [, name, tid, cpu, stamp, major, minor, letters, rwbs, rest = ''] = columns;
    return {
      ...numbered(major!, minor!, cpu!, tid!),
      name: name!,
      stamp: stamp!,
      letters: letters!,
      rwbs: rwbs!,
      rest,
    };
  }
  const classic = CLASSIC.exec(line);
  if (classic === null) return null;
  const [, major, minor, cpu, stamp, tid, letters, rwbs, rest = ''] = classic;
  return { ...numbered(major!, minor!, cpu!, tid!), stamp: stamp!, letters: letters!, rwbs: rwbs!, rest };
}

const numbered = (major: string, minor: string, cpu: string, tid: string) => ({
  device: Number(major) * 2 ** 20 + Number(minor),
  cpu: Number(cpu),
  tid: Number(tid),
});

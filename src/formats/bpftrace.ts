// What the scripts of this project print under bpftrace (traces/recipes), as plain lines or as `-f json`:
// ns, cpu, pid, tid, comm, event, maj:min, inode, name=value ..., separated by tabs; `-` where there is none.
import type { Format, TraceSink } from '../model/trace.js';
import { BpfCalls } from './bpf-calls.js';
import { KernelLines } from './kernel-lines.js';
import { ANY_CPU } from './losses.js';
import { Stamps } from './stamps.js';
import { BadLines, firstLines, readLines } from './text-lines.js';

const LINE = /^(\d+)\t(\d+)\t(\d+)\t(\d+)\t([^\t]*)\t([\w:]+)\t(\d+:\d+|-)\t(\d+|-)\t(.*)$/;
/** bpftrace's own words and the maps it prints at its end. */
const REMARKS = /^\s*$|^Attaching \d+ probes?|^@|^[[(].*[\])].*\|$|^\[.*\]\s+\d+|^WARNING: |^stdin:|^ERROR: .*RLIMIT/;

export const bpftrace: Format = {
  name: 'bpftrace',
  title: 'bpftrace with a script of traces/recipes: plain lines or -f json',
  kernelOnly: true,
  sniff(head) {
    return firstLines(head).some((line) => LINE.test(line) || isPrinted(line));
  },
  async read(input, sink) {
    // Its nsecs ask bpf_ktime_get_boot_ns (kernels since 5.8), which counts what the machine slept as well.
    sink.source.clock = 'boot';
    const bad = new BadLines(
      sink,
      'a line of a script of traces/recipes: "ns cpu pid tid comm event device inode ..."',
    );
    const reader = new BpfLines(sink, bad);
    await readLines(input, reader, bad);
    reader.lines.losses.finish();
    return !bad.damaged;
  },
};

/** `{"type": "printf", "data": "..."}` with such a line in it. */
function isPrinted(line: string): boolean {
  const json = parsed(line);
  return json?.type === 'printf' && typeof json.data === 'string' && LINE.test(json.data.trimEnd());
}

interface Message {
  readonly type: unknown;
  readonly data: unknown;
}

function parsed(line: string): Message | null {
  if (!line.startsWith('{')) return null;
  try {
    const json: unknown = JSON.parse(line);
    return typeof json === 'object' && json !== null && 'type' in json && 'data' in json ? json : null;
  } catch {
    return null;
  }
}

class BpfLines {
  readonly lines: KernelLines;
  readonly #bad: BadLines;
  readonly #stamps: Stamps;
  readonly #calls: BpfCalls;
  readonly #decoder = new TextDecoder();
  /** The begin of a line whose end the next message brings. */
  #held = '';

  constructor(sink: TraceSink, bad: BadLines) {
    this.#bad = bad;
    this.lines = new KernelLines(sink);
    this.#stamps = new Stamps(sink);
    this.#calls = new BpfCalls(this.lines);
  }

  read(bytes: Uint8Array, line: number, cut: boolean): void {
    this.lines.line = line;
    const text = this.#decoder.decode(bytes);
    if (!text.startsWith('{')) return this.#plain(text, cut);
    const message = parsed(text);
    if (message === null) return this.#bad.say(text, this.lines.line, cut);
    if (message.type === 'printf' && typeof message.data === 'string') this.#printed(message.data);
    else if (message.type === 'lost_events') this.#lost(countOf(message.data));
  }

  #printed(data: string): void {
    const lines = (this.#held + data).split('\n');
    this.#held = lines.pop()!;
    for (const line of lines) this.#plain(line, false);
  }

  #plain(text: string, cut: boolean): void {
    const match = LINE.exec(text);
    const lost = match === null ? /^Lost (\d+) events/.exec(text) : null;
    if (lost !== null) return this.#lost(Number(lost[1]));
    // The last number of a cut line may lack its end.
    if (match === null || cut) {
      if (match !== null || !REMARKS.test(text)) this.#bad.say(text, this.lines.line, cut);
      return;
    }
    const [, ns, cpu, pid, tid, comm, event, device, inode, rest] = match as unknown as readonly string[];
    const whole = ns!.padStart(10, '0');
    const timeNs = this.#stamps.at(Number(whole.slice(0, -9)), Number(whole.slice(-9)));
    if (Number.isNaN(timeNs)) return this.#bad.say(text, this.lines.line, cut);
    const actor = { comm: this.lines.decoder.words.text(comm!), tid: Number(tid), pid: Number(pid) };
    this.lines.begin(timeNs, Math.min(Number(cpu), 0xffff), actor);
    const name = event!.slice(event!.lastIndexOf(':') + 1);
    this.#calls.take(name, { device: deviceNumber(device!), inode: Number(inode), values: valuesOf(rest!) });
  }

  #lost(count: number): void {
    this.lines.losses.begin(ANY_CPU, count);
  }
}

const countOf = (data: unknown): number =>
  typeof data === 'object' && data !== null && 'events' in data ? Number(data.events) || 0 : 0;

/** NaN for `-`. */
function deviceNumber(text: string): number {
  const [major, minor] = text.split(':').map(Number) as [number, number?];
  return minor === undefined ? Number.NaN : major * 1048576 + minor;
}

/** `path=` and `to=` may hold anything but a tab, so they come last, each behind a tab of its own. */
function valuesOf(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const part of text.split('\t')) {
    const path = /(?:^| )(path|to)=(.*)$/.exec(part);
    if (path !== null) values.set(path[1]!, path[2]!);
    const plain = path === null ? part : part.slice(0, path.index);
    for (const [, name, value] of plain.matchAll(/(?<!\w)(\w+)=(\S+)/g)) values.set(name!, value!);
  }
  return values;
}

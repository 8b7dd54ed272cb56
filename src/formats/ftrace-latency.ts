// The latency form of ftrace lines, and what the other forms without columns mean. Source: kernel/trace/trace_output.c
// (trace_print_lat_context, trace_print_lat_fmt), libtracecmd's `report -l`.
//   report -l        `st-kille-5181    1.....  1836.062772: event: ...`  eight bytes of the name, CPU and flags in one word
//   latency-format   `st-story-24289     0d.... 88637us : event: ...`      microseconds since the buffer began
//   ... and verbose  `st-story   24289   0 1 00000000 00000000 [2c904aa32] 88.637ms (+0.005ms): event: ...`  hex: microseconds of the clock

/** What stands before the event's name. */
export interface LatencyColumns {
  readonly comm: string;
  readonly tid: number;
  readonly cpu: number;
  readonly seconds: number;
  readonly nanos: number;
  /** The stamp counts from the buffer's beginning, not the clock's. */
  readonly relative: boolean;
  /** A stamp without a dot. */
  readonly bare: boolean;
  /** The name is cut after eight bytes. */
  readonly short: boolean;
  /** Characters before the event's name. */
  readonly length: number;
}

/** The name has eight bytes, so what ends before them is the name of an instance, a file or both. */
const SHORT =
  /^(?:.{0,300}?: (?=.{8}-\d)|\S+:\s{2,})?\s*(.{1,8}?)-(\d+)\s+(\d{1,4})([^\s\d]\S{0,7})?\s+(?:(\d+)us[ +!#*@$]: +|(\d+)(?:\.(\d{6}|\d{9}))?: +(?:\(\+\d+\)\s+)?)/;
const VERBOSE =
  /^\s*(.{1,16}?)\s+(\d+)\s+(\d+)\s+\d+\s+[\da-f]{8}\s+[\da-f]{8,}\s+\[([\da-f]+)\] \d+\.\d{3}ms \(\+-?\d+\.\d{3}ms\): /;

/** CPU and flags in one word, as no other text has it. */
const LATENT =
  /^(?:.{0,300}?: (?=.{8}-\d))?\s*\S.{0,7}-\d+\s+\d+(?:[.dDbBX]\S{3,7}|-0x[\da-f]+)\s+(\d+\.\d{6,9}:|\d+us.:) /;
export const looksLatent = (line: string): boolean => LATENT.test(line);

/** Columns before the event are no longer than this: a pattern that may begin anywhere takes long for blanks without end. */
const MOST_COLUMNS = 512;

/** null: the line is of another form. */
export function latencyColumns(whole: string): LatencyColumns | null {
  const line = whole.slice(0, MOST_COLUMNS);
  const verbose = VERBOSE.exec(line);
  if (verbose !== null) {
    const [all, comm, tid, cpu, hex] = verbose as unknown as [string, string, string, string, string];
    const us = Number.parseInt(hex, 16);
    const numbers = { tid: Number(tid), cpu: Number(cpu), ...parts(us) };
    return { comm, ...numbers, relative: false, bare: false, short: false, length: all.length };
  }
  const match = SHORT.exec(line);
  if (match === null) return null;
  const [all, comm, tid, cpu, , us, seconds, fraction] = match as unknown as [
    string,
    string,
    string,
    string,
    ...(string | undefined)[],
  ];
  const where = { comm, tid: Number(tid), cpu: Number(cpu), short: true, length: all.length };
  if (us !== undefined) return { ...where, ...parts(Number(us)), relative: true, bare: false };
  if (fraction !== undefined)
    return { ...where, seconds: Number(seconds), nanos: Number(fraction.padEnd(9, '0')), relative: false, bare: false };
  const ns = seconds!.padStart(10, '0');
  return { ...where, seconds: Number(ns.slice(0, -9)), nanos: Number(ns.slice(-9)), relative: false, bare: true };
}

const parts = (us: number): { seconds: number; nanos: number } => ({
  seconds: Math.floor(us / 1e6),
  nanos: (us % 1e6) * 1000,
});

/** ` 0)   0.668 us    |      _spin_lock();`, with funcgraph-abstime `  360.774522 |   1)  ...`, and ` ----------` around a change of task. */
const CALL_GRAPH = /^\s*(?:\d+\.\d+ \|\s+)?\d+\) .{0,40}(?:\||=>)|^ -{20,}\s*$/;

/** Why lines of a form hold nothing that can be used, and what to do; '' for any other line. `tracefs`: the header is tracefs'. */
export function formAdvice(line: string, tracefs: boolean): string {
  const option = (name: string, found: string, to: number): string =>
    `expected "comm-pid [cpu] time: event: ...", found ${found}; set the tracefs option ${name} to ${to} and read the buffer again`;
  if (!tracefs) return '';
  if (/^[\da-f]{8} [\da-f]{8} [\da-f]{16} type: \d+/.test(line)) return option('hex', 'numbers in hex', 0);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what the option bin writes is told by its control bytes
  if (/^ {2}type: \d+$|[\u0000-\u0008\u000e-\u001a\ufffd]/.test(line)) return option('bin', 'binary numbers', 0);
  if (CALL_GRAPH.test(line))
    return 'expected "comm-pid [cpu] time: event: ...", found calls as the tracer function_graph draws them, where events have neither task nor time; write nop into current_tracer and record again';
  if (/^\w+(: |\(.*\)$| -> 0x)/.test(line)) return option('context-info', 'events without task, CPU and time', 1);
  return '';
}

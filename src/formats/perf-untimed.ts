// Samples without a time: `perf record` of one task alone leaves it out (-T asks for it), and so may `perf script -F`. They are
// counted, by the name of their event; when they happened, and what they did to a file, nothing tells.

/** comm pid[/tid] [cpu] period event: the name of the task is what stands before. */
const SAMPLE =
  /(?:^|\s)(-?\d+)(?:\/(-?\d+))?\s+(?:\[(\d{3,})\]\s+)?(?:\d+\s+)?([A-Za-z][\w-]*(?:[:/][\w.,=-]*)*):(?:\s|$)/;
/** A frame of a call chain, with the file it is in. */
const FRAME = /^\s+[0-9a-f]+ .+ \(.+\)\s*$/;

/** Where a sample without a chain was, in its own line. */
const ADDRESS = /:\s+[0-9a-f]{6,16} \S.* \(.+\)\s*$/;

/** What is said of them, once. */
export const NO_TIMES =
  'expected a time before the event, found none: samples of one task have none without perf record -T, and perf script -F may leave it out; these records are counted only (perf script -F comm,tid,cpu,time,event,trace)';

export interface Untimed {
  readonly comm: string;
  readonly pid: number;
  readonly tid: number;
  readonly cpu: number;
  readonly event: string;
}

/** Null where the line is none. */
export function untimed(line: string): Untimed | null {
  const match = SAMPLE.exec(line);
  if (match === null) return null;
  const [, first, second, cpu = '0', event = ''] = match;
  const tid = Number(second ?? first);
  return {
    comm: line.slice(0, match.index).trim(),
    pid: second === undefined ? -1 : Number(first),
    tid,
    cpu: Number(cpu),
    event,
  };
}

/** A tracepoint behind the number of a CPU. */
const TRACEPOINT = /(?:^|\s)\d+(?:\/\d+)?\s+\[\d{3,}\]\s+[\w-]+:\w+:\s/;

/** Does a text without a header begin with such samples? With addresses or a CPU only: without them any text might. */
export const looksUntimed = (lines: readonly string[]): boolean =>
  lines.some(
    (line, i) =>
      untimed(line) !== null && (FRAME.test(lines[i + 1] ?? '') || ADDRESS.test(line) || TRACEPOINT.test(line)),
  );

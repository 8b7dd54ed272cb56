// What `perf trace` prints is none of the recordings that are read: it looks up the file behind a descriptor when it prints, which
// may be another one by then, and leaves out arguments that are 0. The recording that it can keep instead tells all.
import { firstLines } from './text-lines.js';

/** `     0.010 ( 0.004 ms): cat/1234 openat(dfd: CWD, ...) = 3`, `         ? (         ): cat/1234  ... [continued]: read()) = 5`. */
const LINE =
  /^\s*(?:\?|\d+\.\d{3}) \(\s*(?:\d+\.\d{3} ms)?\s*\): (?:\S.{0,15}\/\d+ +)?(?:\.\.\. \[continued\]: )?\w+(?:\(| \[)/;

/** Empty for any other text. */
export const perfTraceAdvice = (head: Uint8Array): string =>
  firstLines(head).some((line) => LINE.test(line))
    ? 'it looks like what perf trace prints, which is not read; record with "perf trace record -o FILE -- COMMAND" (or "perf record -e raw_syscalls:*") and give FILE: it holds the same calls'
    : '';

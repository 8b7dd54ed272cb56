// What was wrong with the order of perf's records.
import type { TraceSink } from '../model/trace.js';
import type { PerfQueue } from './perf-queue.js';

export function tellOrder(sink: TraceSink, { late, doubled }: PerfQueue): void {
  if (late > 0)
    sink.issue(
      'late-records',
      0,
      `expected records in the round of the recorder that they belong to or in the one after it, found ${late} that came later (or no finished round for long): they are taken where they stand`,
    );
  tellDoubled(sink, doubled);
}

export function tellDoubled(sink: TraceSink, doubled: number): void {
  if (doubled > 0)
    sink.issue(
      'doubled-records',
      0,
      `perf wrote ${doubled} samples twice, to the last byte: each is taken once; the others are counted as generic records`,
    );
}

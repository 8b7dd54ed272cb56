// What the stamps of `perf script` count: the recording's clock, the time since its first record (--reltime), or since the
// record before (--deltatime). Nothing in the text says so; the two others begin with 0, and differences go up and down.
// Source: tools/perf/builtin-script.c, perf_sample__fprintf_start.

export const Counts = { clock: 0, first: 1, before: 2 } as const;
export type Counted = (typeof Counts)[keyof typeof Counts];

/** Records looked at before stamps that begin with 0 are taken to count from the first record. */
const ENOUGH = 1000;
const STAMP = /\s(\d+)\.(\d{9}|\d{6}):\s/;

/** Lines are shown to it until it knows. */
export class StampKind {
  known: Counted | null = null;
  #records = 0;
  #last = 0;

  show(line: string): void {
    const match = STAMP.exec(line);
    // What perf makes up for tasks that were there before has the stamp 0 under any clock.
    if (match === null || /: PERF_RECORD_/.test(line)) return;
    const ns = Number(match[1]) * 1e9 + Number(match[2]!.padEnd(9, '0'));
    this.#records++;
    if (this.#records === 1 && ns > 0) this.known = Counts.clock;
    else if (ns > 0 && ns < this.#last / 2) this.known = Counts.before;
    else if (this.#records === ENOUGH) this.known = Counts.first;
    if (ns > 0) this.#last = ns;
  }

  /** At the end of what there is. */
  end(): Counted {
    this.known ??= this.#last > 0 ? Counts.first : Counts.clock;
    return this.known;
  }
}

/** What is said of stamps that are no times of a clock. */
export const STAMP_REMARKS: Readonly<Record<Counted, string>> = {
  [Counts.clock]: '',
  [Counts.first]:
    'stamps count from the first record (perf script --reltime): durations are right, times of the clock are not told',
  [Counts.before]:
    'stamps are differences (perf script --deltatime), which were summed: each one in microseconds is up to a microsecond short; write the script without --deltatime, or with --ns, for exact times',
};

// What the stamps of `perf script` count: the recording's clock, the time since its first record (--reltime), or since the
// record before (--deltatime). Nothing in the text says so; the two others begin with 0, and differences go up and down. Those of
// a 32-bit perf are written wrongly, in a way that can be undone.
// Source: tools/perf/builtin-script.c, perf_sample__fprintf_start.

export const Counts = { clock: 0, first: 1, before: 2, wrapped: 3 } as const;
export type Counted = (typeof Counts)[keyof typeof Counts];

/** Records looked at before stamps that begin with 0 are taken to count from the first record. */
const ENOUGH = 1000;
const STAMP = /\s(\d+)\.(\d{6,}):\s/;
/** Stamps that could be of a 32-bit perf and of another, of which so many are no chance: one in a thousand is. */
const NO_CHANCE = 4;
const SECOND_NS = 1e9;

/**
 * Behind the point a 32-bit perf writes all but the part of the seconds that it could multiply: the time less
 * (seconds * 10^9 mod 2^32), in ns or cut to us. The time in ns; NaN where the text behind the point is nothing of the kind.
 */
export function wrappedNs(seconds: number, behind: string): number {
  const whole = seconds * SECOND_NS;
  if (whole < 2 ** 32) return whole + Number(behind.padEnd(9, '0'));
  const taken = whole % 2 ** 32;
  for (const unit of [1, 1000]) {
    const cut = Number(behind) * unit + taken;
    // What was cut off may be what reaches the second.
    if (cut > whole - unit && cut < whole + SECOND_NS) return Math.max(whole, cut);
  }
  return Number.NaN;
}

/** Lines are shown to it until it knows. */
export class StampKind {
  known: Counted | null = null;
  #records = 0;
  #last = 0;
  #wrapped = 0;

  show(line: string): void {
    const match = STAMP.exec(line);
    // What perf makes up for tasks that were there before has the stamp 0 under any clock.
    if (match === null || /: PERF_RECORD_/.test(line)) return;
    const ns = Number(match[1]) * 1e9 + Number(match[2]!.padEnd(9, '0'));
    if (this.#isWrapped(Number(match[1]), match[2]!)) return;
    this.#records++;
    if (this.#records === 1 && ns > 0) this.known = Counts.clock;
    else if (ns > 0 && ns < this.#last / 2) this.known = Counts.before;
    else if (this.#records === ENOUGH) this.known = Counts.first;
    if (ns > 0) this.#last = ns;
  }

  #isWrapped(seconds: number, fraction: string): boolean {
    if (this.#records > 0 || seconds * SECOND_NS < 2 ** 32 || Number.isNaN(wrappedNs(seconds, fraction))) return false;
    this.#wrapped++;
    const isUsual = fraction.length === 6 || fraction.length === 9;
    if (!isUsual || this.#wrapped === NO_CHANCE) this.known = Counts.wrapped;
    return true;
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
  [Counts.wrapped]:
    'stamps were written by a 32-bit perf, which multiplies seconds by 10^9 in 32 bits: the times are what it took away and what it left',
  [Counts.first]:
    'stamps count from the first record (perf script --reltime): durations are right, times of the clock are not told',
  [Counts.before]:
    'stamps are differences (perf script --deltatime), which were summed: each one in microseconds is up to a microsecond short; write the script without --deltatime, or with --ns, for exact times',
};

// How many files have each block of a device; where it is one, which. Cost of a change does not depend on how many there are.

/** Blocks are kept by pieces of the device of this many bytes, so that a change moves few others. */
const BUCKET = 1 << 26;
const HIGH = 2 ** 32;

/** A run of blocks that the same ones have. What is of one of them is combined by exclusive or: where one is left, it is its own. */
interface Run {
  from: number;
  end: number;
  count: number;
  file: number;
  /** Place in the file less address, as two words of 32 bits. */
  high: number;
  low: number;
}

/** Blocks of [from, end); where one file has them, that and its offset at `from`. */
export type TakeRun = (from: number, end: number, count: number, file: number, offset: number) => void;

export class BlockShares {
  /** By device and number of the bucket: runs in order, none empty. */
  readonly #devices = new Map<number, Map<number, Run[]>>();

  /** The file has them from now on; it must not have had them at that place. */
  add(device: number, file: number, offset: number, addr: number, length: number): void {
    this.#change(device, file, offset, addr, length, 1);
  }

  /** The file, which had them at that place, has them no more. */
  drop(device: number, file: number, offset: number, addr: number, length: number): void {
    this.#change(device, file, offset, addr, length, -1);
  }

  /** Calls `take` for all runs in the range, in order; it must change nothing. */
  each(device: number, addr: number, length: number, take: TakeRun): void {
    const buckets = this.#devices.get(device);
    if (buckets === undefined) return;
    const to = addr + length;
    for (let b = Math.floor(addr / BUCKET); b * BUCKET < to; b++) {
      const runs = buckets.get(b) ?? [];
      for (let i = firstBehind(runs, addr); i < runs.length && runs[i]!.from < to; i++) {
        const run = runs[i]!;
        const from = Math.max(addr, run.from);
        take(from, Math.min(to, run.end), run.count, run.file, from + run.high * HIGH + (run.low >>> 0));
      }
    }
  }

  /** Whose it would be but for this one. */
  static other(from: number, file: number, offset: number, one: { readonly file: number; readonly offset: number }) {
    const [high, low] = wordsOf(offset - from);
    const [oneHigh, oneLow] = wordsOf(one.offset - from);
    return { file: (file ^ one.file) >>> 0, offset: from + (high ^ oneHigh) * HIGH + ((low ^ oneLow) >>> 0) };
  }

  #change(device: number, file: number, offset: number, addr: number, length: number, by: 1 | -1): void {
    let buckets = this.#devices.get(device);
    if (buckets === undefined) {
      buckets = new Map();
      this.#devices.set(device, buckets);
    }
    const [high, low] = wordsOf(offset - addr);
    for (let from = addr; from < addr + length; ) {
      const b = Math.floor(from / BUCKET);
      const end = Math.min(addr + length, (b + 1) * BUCKET);
      let runs = buckets.get(b);
      if (runs === undefined) {
        runs = [];
        buckets.set(b, runs);
      }
      changeRuns(runs, from, end, { count: by, file, high, low });
      from = end;
    }
  }
}

/** Two's complement of 64 bits. */
function wordsOf(delta: number): readonly [number, number] {
  const high = Math.floor(delta / HIGH);
  return [high, (delta - high * HIGH) | 0];
}

/** Place of the first run that ends behind `addr`. */
function firstBehind(runs: readonly Run[], addr: number): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (runs[middle]!.end <= addr) low = middle + 1;
    else high = middle;
  }
  return low;
}

function changeRuns(runs: Run[], from: number, end: number, change: Omit<Run, 'from' | 'end'>): void {
  let last = firstBehind(runs, from);
  // The runs on both sides may be one with what becomes of these.
  const first = Math.max(0, last - 1);
  const made = runs.slice(first, last);
  let at = from;
  for (; last < runs.length && runs[last]!.from < end; last++) {
    const run = runs[last]!;
    if (run.from < from) made.push({ ...run, end: from });
    if (run.from > at) put(made, { ...change, from: at, end: run.from });
    const begin = Math.max(run.from, from);
    const stop = Math.min(run.end, end);
    put(made, {
      from: begin,
      end: stop,
      count: run.count + change.count,
      file: (run.file ^ change.file) >>> 0,
      high: run.high ^ change.high,
      low: run.low ^ change.low,
    });
    if (run.end > end) made.push({ ...run, from: end });
    at = stop;
  }
  if (at < end) put(made, { ...change, from: at, end });
  if (last < runs.length) put(made, runs[last++]!);
  runs.splice(first, last - first, ...made);
}

/** Behind the runs that are there, in one with the last where both are of the same. */
function put(runs: Run[], run: Run): void {
  if (run.count <= 0) return;
  const last = runs.at(-1);
  const same =
    last !== undefined &&
    last.end === run.from &&
    last.count === run.count &&
    last.file === run.file &&
    last.high === run.high &&
    last.low === run.low;
  if (same) last.end = run.end;
  else runs.push(run);
}

// Log-linear latency histogram with three significant digits; buckets and quantiles as HdrHistogram defines them.
// 1024 buckets per power of two: a bucket is at most 1/1024 of its values wide, so a quantile is off by less than 0.1 %.

/** Values above one hour are counted in the last bucket; `max` still has them exactly. */
const LIMIT = 3.6e12;
export const PAGE = 1024;
/** Page 0 is 0..1023, page p is 2^(9+p) .. 2^(10+p)-1; an hour needs 42 bits. */
export const PAGES = 33;
export const EMPTY = new Uint32Array(0);
export const REST = 2 ** 20;

/** From its copy in another thread, which is plain data. */
export const reviveHistogram = (copy: Histogram): Histogram => Object.assign(new Histogram(), copy);

export class Histogram {
  private counts = EMPTY;
  /** Place of each page in `counts`, +1; 0: nothing was recorded there. A lane holds many of these, most of them narrow. */
  private readonly places = new Uint8Array(PAGES);
  private used = 0;
  private samples = 0;
  /** Of all samples, whole ns, and what was left of each in 2^-20 ns: whole numbers add up to the same in any order. */
  private whole = 0;
  private rest = 0;
  private least = Number.POSITIVE_INFINITY;
  private most = 0;

  get count(): number {
    return this.samples;
  }

  get sum(): number {
    return this.whole + this.rest / REST;
  }

  /** 0 when empty, as are `max`, `min` and every quantile. */
  get mean(): number {
    return this.samples === 0 ? 0 : this.sum / this.samples;
  }

  get max(): number {
    return this.most;
  }

  get min(): number {
    return this.samples === 0 ? 0 : this.least;
  }

  /** hot. Nonsense (negative, NaN, infinite) is not a latency and is not counted. */
  record(ns: number): void {
    if (!(ns >= 0 && ns < Number.POSITIVE_INFINITY)) return;
    // clz32 sees 32 bits: 21 go away first where a value has more, and only the upper 11 matter anyway.
    let page = 0;
    let top = ns | 0;
    if (ns >= 2 ** 31) {
      page = 21;
      top = (Math.min(ns, LIMIT) * 2 ** -21) | 0;
    }
    const drop = 21 - Math.clz32(top | 2047);
    top >>>= drop;
    page += drop + (top >>> 10);
    let place = this.places[page]!;
    if (place === 0) place = this.open(page);
    this.counts[(place - 1) * PAGE + (top & 1023)]!++;
    this.samples++;
    const whole = Math.floor(ns);
    this.whole += whole;
    if (whole !== ns) this.rest += Math.round((ns - whole) * REST);
    if (ns > this.most) this.most = ns;
    if (ns < this.least) this.least = ns;
  }

  /** The same value so many times, below 2^31. */
  recordTimes(ns: number, times: number): void {
    if (times === 0) return;
    const before = this.samples;
    this.record(ns);
    if (this.samples === before) return;
    const whole = Math.floor(ns);
    const drop = 21 - Math.clz32(whole | 2047);
    const page = drop + ((whole >>> drop) >>> 10);
    this.counts[(this.places[page]! - 1) * PAGE + ((whole >>> drop) & 1023)]! += times - 1;
    this.samples += times - 1;
    this.whole += whole * (times - 1);
    if (whole !== ns) this.rest += Math.round((ns - whole) * REST) * (times - 1);
  }

  add(other: Histogram): void {
    for (let page = 0; page < PAGES; page++)
      if (other.places[page] !== 0) this.addPage(page, other.counts, (other.places[page]! - 1) * PAGE);
    this.addMoments(other.samples, other.whole, other.rest, other.least, other.most);
  }

  /** Counts of one page, which begin at `from`. */
  addPage(page: number, counts: Uint32Array, from: number): void {
    const to = ((this.places[page] || this.open(page)) - 1) * PAGE;
    for (let i = 0; i < PAGE; i++) this.counts[to + i]! += counts[from + i]!;
  }

  addMoments(samples: number, whole: number, rest: number, least: number, most: number): void {
    this.samples += samples;
    this.whole += whole;
    this.rest += rest;
    this.most = Math.max(this.most, most);
    this.least = Math.min(this.least, least);
  }

  /** Highest value of the bucket that holds the ceil(p * count)-th sample, p in 0..1; never above `max`. */
  quantile(p: number): number {
    if (this.samples === 0) return 0;
    // Both p and the product are rounded; without the slack, 0.07 of 100 samples would ask for the 8th.
    const rank = Math.max(1, Math.ceil(Math.min(p, 1) * this.samples * (1 - 2 * Number.EPSILON)));
    let seen = 0;
    for (let page = 0; page < PAGES; page++) {
      const place = this.places[page]!;
      if (place === 0) continue;
      for (let i = 0; i < PAGE; i++) {
        seen += this.counts[(place - 1) * PAGE + i]!;
        if (seen >= rank) return this.upper(page, i);
      }
    }
    return this.most;
  }

  /** Non-empty buckets in ascending order; the last one's upper end is `max`. */
  forEach(visit: (upperNs: number, count: number) => void): void {
    for (let page = 0; page < PAGES; page++) {
      const place = this.places[page]!;
      if (place === 0) continue;
      for (let i = 0; i < PAGE; i++) {
        const count = this.counts[(place - 1) * PAGE + i]!;
        if (count > 0) visit(this.upper(page, i), count);
      }
    }
  }

  private upper(page: number, i: number): number {
    const end = page === 0 ? i : (PAGE + i + 1) * 2 ** (page - 1) - 1;
    // The bucket of the hour also holds everything above it.
    return end >= LIMIT ? this.most : Math.min(end, this.most);
  }

  private open(page: number): number {
    const counts = new Uint32Array((this.used + 1) * PAGE);
    counts.set(this.counts);
    this.counts = counts;
    this.places[page] = ++this.used;
    return this.used;
  }
}

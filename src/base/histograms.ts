// Many histograms (histogram.ts) in one piece of memory, each known by a number: what is recorded goes to any of them in turn, and
// none is an object to be fetched first.
import { EMPTY, type Histogram, PAGE, PAGES, REST } from './histogram.js';

/** Values must be below this. */
export const TOO_LONG = 2 ** 31;

export class Histograms {
  /** By number: how many values. */
  readonly times: Float64Array;
  /** By number, then by page: place of the page in `counts`, +1; 0: nothing was recorded there. */
  private readonly places: Uint16Array;
  private counts = EMPTY;
  private used = 0;
  /** By number, as in `Histogram`. */
  private readonly whole: Float64Array;
  private readonly rest: Float64Array;
  private readonly least: Float64Array;
  private readonly most: Float64Array;

  constructor(many: number) {
    this.times = new Float64Array(many);
    this.places = new Uint16Array(many * PAGES);
    this.whole = new Float64Array(many);
    this.rest = new Float64Array(many);
    this.least = new Float64Array(many).fill(Number.POSITIVE_INFINITY);
    this.most = new Float64Array(many);
  }

  /** hot: `many` values of 0 and more, each below `TOO_LONG`, and to which histogram each goes. */
  recordAll(numbers: Uint16Array, values: Float64Array, many: number): void {
    const { least, most, places, rest, times, whole } = this;
    let { counts } = this;
    for (let i = 0; i < many; i++) {
      const number = numbers[i]!;
      const ns = values[i]!;
      const value = ns | 0;
      const drop = 21 - Math.clz32(value | 2047);
      const top = value >>> drop;
      const at = number * PAGES + drop + (top >>> 10);
      let place = places[at]!;
      if (place === 0) {
        place = this.open(at);
        counts = this.counts;
      }
      counts[(place - 1) * PAGE + (top & 1023)]!++;
      times[number]!++;
      whole[number]! += value;
      if (value !== ns) rest[number]! += Math.round((ns - value) * REST);
      if (ns > most[number]!) most[number] = ns;
      if (ns < least[number]!) least[number] = ns;
    }
  }

  /** Adds what one of them holds to a histogram of its own. */
  addTo(histogram: Histogram, number: number): void {
    const { times, whole, rest, least, most } = this;
    histogram.addMoments(times[number]!, whole[number]!, rest[number]!, least[number]!, most[number]!);
    for (let page = 0; page < PAGES; page++) {
      const place = this.places[number * PAGES + page]!;
      if (place > 0) histogram.addPage(page, this.counts, (place - 1) * PAGE);
    }
  }

  private open(at: number): number {
    if ((this.used + 1) * PAGE > this.counts.length) {
      const counts = new Uint32Array(Math.max(16 * PAGE, 2 * this.counts.length));
      counts.set(this.counts);
      this.counts = counts;
    }
    this.places[at] = ++this.used;
    return this.used;
  }
}

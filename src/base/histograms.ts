// Many histograms (histogram.ts) in one piece of memory, each known by a number: what is recorded goes to any of them in turn, and
// none is an object to be fetched first.
import { EMPTY, type Histogram, PAGE, PAGES, REST } from './histogram.js';
import { ANYWHERE, type Room } from './room.js';

/** Values must be below this. */
export const TOO_LONG = 2 ** 31;

/** Pages that there is room for at first: what is not used of it is no memory, and a larger one means a copy. */
const FIRST_PAGES = 256;

export class Histograms {
  /** By number: how many values. */
  readonly times: Float64Array;
  /** By number, then by page: place of the page in `counts`, +1; 0: nothing was recorded there. */
  readonly places: Uint16Array;
  counts = EMPTY;
  private used = 0;
  /** By number, as in `Histogram`. */
  readonly whole: Float64Array;
  readonly rest: Float64Array;
  readonly least: Float64Array;
  readonly most: Float64Array;
  private readonly room: Room;

  constructor(many: number, room = ANYWHERE) {
    this.room = room;
    this.times = room.float64(many);
    this.places = room.uint16(many * PAGES);
    this.whole = room.float64(many);
    this.rest = room.float64(many);
    this.least = room.float64(many).fill(Number.POSITIVE_INFINITY);
    this.most = room.float64(many);
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

  /** A page for counts. */
  open(at: number): number {
    if ((this.used + 1) * PAGE > this.counts.length) {
      const counts = this.room.uint32(Math.max(FIRST_PAGES * PAGE, 2 * this.counts.length));
      counts.set(this.counts);
      this.counts = counts;
    }
    this.places[at] = ++this.used;
    return this.used;
  }
}

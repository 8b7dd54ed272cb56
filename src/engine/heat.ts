// Latencies over time: how many of each level in each bin of the trace's span.
import { ANYWHERE, type Room } from '../base/room.js';

/** Time bins over the trace's span, and latency levels: two per power of two from 1 ns up. */
export const HEAT_BINS = 96;
export const HEAT_LEVELS = 84;
/** Maps that there is room for at first: what is not used of it is no memory, and a larger one means a copy. */
const FIRST_MAPS = 64;
/** Cells of one map: HEAT_BINS x HEAT_LEVELS. */
export const CELLS = HEAT_BINS * HEAT_LEVELS;

export const newHeat = (): Uint32Array<ArrayBuffer> => new Uint32Array(CELLS);

/** Upper bound of a heat level, ns. */
export const heatUpperNs = (level: number): number => (level & 1 ? 2 ** ((level + 1) / 2) : 1.5 * 2 ** (level / 2));

/** Level of a latency: power of two, and whether it lies in its upper half. */
export function heatLevel(ns: number): number {
  if (ns < 1) return 0;
  if (ns < 2147483648) {
    const power = 31 - Math.clz32(ns);
    // Above 1 ns the middle between two powers is whole: the bit below the highest tells the half.
    return power === 0 ? (ns >= 1.5 ? 1 : 0) : power * 2 + (((ns | 0) >>> (power - 1)) & 1);
  }
  const power = 62 - Math.clz32(ns / 2147483648);
  const level = power * 2 + (ns >= 1.5 * 2 ** power ? 1 : 0);
  return level < HEAT_LEVELS ? level : HEAT_LEVELS - 1;
}

export const binNsOf = (endNs: number): number => Math.max(1, endNs + 1) / HEAT_BINS;

/** In closed time an operation may start after the trace's end: the last bin takes it. */
export const heatCell = (startNs: number, binNs: number, ns: number): number =>
  Math.min(HEAT_BINS - 1, Math.floor(startNs / binNs)) * HEAT_LEVELS + heatLevel(ns);

/** Many of these maps in one piece of memory, each known by a number. */
export class Heats {
  /** By number: place of its cells, +1; 0: nothing was recorded there. */
  readonly places: Uint16Array;
  cells = new Uint32Array(0);
  readonly binNs: number;
  private used = 0;
  private readonly room: Room;

  constructor(many: number, endNs: number, room = ANYWHERE) {
    this.room = room;
    this.places = room.uint16(many);
    this.binNs = binNsOf(endNs);
  }

  /** hot: `many` latencies below 2^31 ns, when each began, and to which map each goes. */
  recordAll(numbers: Uint16Array, starts: Float64Array, values: Float64Array, many: number): void {
    const { binNs, places } = this;
    let { cells } = this;
    for (let i = 0; i < many; i++) {
      const number = numbers[i]!;
      let place = places[number]!;
      if (place === 0) {
        place = this.open(number);
        cells = this.cells;
      }
      cells[(place - 1) * CELLS + heatCell(starts[i]!, binNs, values[i]!)]!++;
    }
  }

  addTo(heat: Uint32Array, number: number): void {
    const place = this.places[number]!;
    if (place === 0) return;
    const from = (place - 1) * CELLS;
    for (let i = 0; i < CELLS; i++) heat[i]! += this.cells[from + i]!;
  }

  /** As many as were recorded in each bin, all of them at one level. */
  addAt(heat: Uint32Array, number: number, level: number): void {
    const place = this.places[number]!;
    if (place === 0) return;
    for (let bin = 0; bin < HEAT_BINS; bin++) {
      const from = (place - 1) * CELLS + bin * HEAT_LEVELS;
      for (let i = 0; i < HEAT_LEVELS; i++) heat[bin * HEAT_LEVELS + level]! += this.cells[from + i]!;
    }
  }

  /** Cells for a map. */
  open(number: number): number {
    if ((this.used + 1) * CELLS > this.cells.length) {
      const cells = this.room.uint32(Math.max(FIRST_MAPS * CELLS, 2 * this.cells.length));
      cells.set(this.cells);
      this.cells = cells;
    }
    this.places[number] = ++this.used;
    return this.used;
  }
}

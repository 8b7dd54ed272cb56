// What chance says of a step, for many of its turns at once: a row for each, drawn column by column, so that who takes the
// step only copies a row.
import type { Draws } from '../../base/distribution.js';
import type { Random } from '../../base/random.js';

/** Places in a row. */
export const Col = { gap: 0, latency: 1, bytes: 2, member: 3, place: 4, at: 5, next: 6 } as const;
export const WIDTH = 8;

/** Where an operation begins. */
export const Spot = { start: 0, same: 1, sequential: 2, end: 3, ahead: 4, anywhere: 5 } as const;

/** Rows of a block: a few at first, for steps that are hardly ever taken. */
const FIRST_ROWS = 4;
const MOST_ROWS = 32;

export interface Columns {
  /** ns since the step before it, and until it was done. */
  readonly gap: Draws;
  readonly latency: Draws | null;
  readonly bytes: Draws | null;
  readonly leastBytes: number;
  /** Share that stays with the file of before, and members for the others; null: all stay. */
  readonly again: number;
  readonly files: Draws | null;
  /** Shares of all spots but `anywhere`, each on top of those before it. */
  readonly spots: readonly number[];
  /** How far behind the end those ahead are, in bytes, and how far into the file those anywhere, 0 to 1. */
  readonly skip: Draws | null;
  readonly at: Draws | null;
  /** Number of the next step; null: a thread begins again. */
  readonly next: Draws | null;
}

export class Rows {
  readonly #c: Columns;
  #block = new Float64Array(0);
  #at = 0;

  constructor(columns: Columns) {
    this.#c = columns;
  }

  /** The next row; -1 stands for what there is none of: no latency, the whole file, the file of before, no next step. */
  // hot
  take(row: Float64Array, random: Random): void {
    if (this.#at === this.#block.length) this.#draw(random);
    const block = this.#block;
    const at = this.#at;
    row[0] = block[at]!;
    row[1] = block[at + 1]!;
    row[2] = block[at + 2]!;
    row[3] = block[at + 3]!;
    row[4] = block[at + 4]!;
    row[5] = block[at + 5]!;
    row[6] = block[at + 6]!;
    this.#at = at + WIDTH;
  }

  #draw(random: Random): void {
    const rows = Math.min(MOST_ROWS, Math.max(FIRST_ROWS, (this.#block.length / WIDTH) * 2));
    if (this.#block.length < rows * WIDTH) this.#block = new Float64Array(rows * WIDTH).fill(-1);
    this.#at = 0;
    const { gap, latency, bytes, next, files, leastBytes } = this.#c;
    const block = this.#block;
    const end = block.length;
    gap.fill(block, Col.gap, end, WIDTH, random);
    if (latency !== null) latency.fill(block, Col.latency, end, WIDTH, random);
    if (bytes !== null) bytes.fill(block, Col.bytes, end, WIDTH, random);
    for (let at = 0; at < end; at += WIDTH) {
      if (latency !== null) block[at + Col.latency] = Math.round(block[at + Col.latency]!);
      if (bytes !== null) block[at + Col.bytes] = Math.max(leastBytes, Math.round(block[at + Col.bytes]!));
    }
    if (files !== null) this.#drawMembers(block, files, random);
    if (bytes !== null) this.#drawPlaces(block, random);
    if (next !== null) next.fill(block, Col.next, end, WIDTH, random);
  }

  #drawMembers(block: Float64Array, files: Draws, random: Random): void {
    const { again } = this.#c;
    for (let at: number = Col.member; at < block.length; at += WIDTH)
      block[at] = random.chance(again) ? -1 : files.next(random);
  }

  #drawPlaces(block: Float64Array, random: Random): void {
    const { spots, skip, at: place } = this.#c;
    for (let row = 0; row < block.length; row += WIDTH) {
      const share = random.uniform();
      let spot: number = Spot.start;
      while (spot < Spot.anywhere && share >= spots[spot]!) spot++;
      block[row + Col.place] = spot;
      const how = spot === Spot.ahead ? skip : spot === Spot.anywhere ? place : null;
      block[row + Col.at] = how === null ? 0 : how.next(random);
    }
  }
}

// Where blocks lie that only a replay allocates: above every block of the trace, and for each file in a row of addresses that
// is its own. So an address depends on what the replay did to this file and on nothing else. No address is given twice.
import type { Bytes } from '../model/units.js';

const PAGE = 4096;
/** What a row of one file takes at most of each round: a single absurd length must not push all the others away. */
const MOST = 2 ** 34;
const ROUND = 2 ** 20;

/**
 * A file's row goes round by round: in each it has as much as the file reaches in the trace, and when that is used up its
 * row goes on in the next round, above those of all files.
 */
export class Regions {
  /** First byte of the first round: a whole MiB above all blocks of the trace. */
  readonly base: Bytes;
  /** From round to round. */
  readonly stride: Bytes;
  /** By file: where its part of a round begins, and how long it is, whole pages. */
  readonly start: Float64Array;
  readonly size: Float64Array;

  /** `highest`: end of the last block that the trace names; `reach`: by file, how far the trace goes in it, bytes. */
  constructor(highest: Bytes, reach: Float64Array) {
    this.size = reach.map((bytes) => Math.max(PAGE, Math.min(MOST, Math.ceil(bytes / PAGE) * PAGE)));
    this.start = new Float64Array(reach.length);
    let stride = 0;
    for (let file = 0; file < reach.length; file++) {
      this.start[file] = stride;
      stride += this.size[file]!;
    }
    this.base = Math.ceil((highest + 1) / ROUND) * ROUND;
    this.stride = stride;
  }

  /** Address of the byte that the file is given as its `nth`. */
  address(file: number, nth: Bytes): Bytes {
    const size = this.size[file]!;
    // A quotient is exact enough here, and much faster than a remainder of floating-point numbers.
    const round = Math.floor(nth / size);
    return this.base + round * this.stride + this.start[file]! + nth - round * size;
  }

  /** How many bytes from its `nth` on lie in one run. */
  run(file: number, nth: Bytes): Bytes {
    const size = this.size[file]!;
    return size - (nth - Math.floor(nth / size) * size);
  }
}

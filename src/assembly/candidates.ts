// Ranges of files that lay somewhere on a device: rows of typed columns, taken back when no list has them any more.
import { type Arrays, Columns } from '../base/columns.js';

const SHAPE = {
  /** Later ones count more. */
  order: Float64Array,
  /** In so many lists. */
  lists: Uint32Array,
  /** Of a row that was taken back: one more than the next such row, 0 for none. */
  file: Uint32Array,
  offset: Float64Array,
  addr: Float64Array,
  length: Float64Array,
};

export class Candidates {
  readonly #columns = new Columns(SHAPE);
  #orders = 0;
  /** One more than the first row that was taken back. */
  #free = 0;

  /** Replaced when there are more of them: to be asked for anew after `add`. */
  get at(): Arrays<typeof SHAPE> {
    return this.#columns.at;
  }

  /** Number of a row that is in no list yet. */
  add(file: number, offset: number, addr: number, length: number): number {
    const row = this.#free > 0 ? this.#free - 1 : this.#columns.add();
    const { at } = this.#columns;
    if (this.#free > 0) this.#free = at.file[row]!;
    at.order[row] = this.#orders++;
    at.lists[row] = 0;
    at.file[row] = file;
    at.offset[row] = offset;
    at.addr[row] = addr;
    at.length[row] = length;
    return row;
  }

  /** One list less has it. */
  drop(row: number): void {
    const { at } = this.#columns;
    if (--at.lists[row]! > 0) return;
    at.file[row] = this.#free;
    this.#free = row + 1;
  }

  /** Are they the same range of the same file? Less than 0 where the first lies before the other. */
  compare(a: number, b: number): number {
    const { addr, file, offset, length } = this.#columns.at;
    return addr[a]! - addr[b]! || file[a]! - file[b]! || offset[a]! - offset[b]! || length[a]! - length[b]!;
  }
}

// What becomes of each kernel record of recordings that are joined: when it is handed over, or where else it is told.
// One row per entry of all lanes, one lane behind the other; in the store, as the tapes are.
import type { ByteStore } from '../base/byte-store.js';
import { PagedColumns } from '../base/paged-columns.js';
import type { Tape } from './tape.js';

/** A tape on the common timeline. */
export interface Lane {
  readonly tape: Tape;
  /** Number of its recording; what one recorder wrote is not told twice, however alike two records are. */
  readonly recording: number;
  /** Added to its times. */
  readonly shiftNs: number;
  /** By how much these may be wrong, steps of its stamps included. */
  readonly errorNs: number;
  /** Place of its first entry among those of all lanes. */
  readonly base: number;
}

const PLAN_SHAPE = {
  /** On the common clock. */
  when: Float64Array,
  /** Of an enter: begin and end of the call of another lane that is the same, on the common clock; NaN for none. */
  sameFrom: Float64Array,
  sameTo: Float64Array,
  /** The entry of another lane that tells the same, and 1; 0 for none. */
  twin: Uint32Array,
  /** Its operation, once it was handed over. */
  op: Uint32Array,
  /** 1: it is not handed over. */
  skip: Uint8Array,
};

const { MASK } = PagedColumns;
/** Two lanes are gone through at a time, and what they tell is told in a third. */
const PAGES = 12;

export class Plan {
  readonly #rows: PagedColumns<typeof PLAN_SHAPE>;

  constructor(store: ByteStore) {
    this.#rows = new PagedColumns(PLAN_SHAPE, store, PAGES);
  }

  /** The next entry. */
  add(when: number): void {
    const entry = this.#rows.add();
    const at = this.#rows.change(entry);
    at.when[entry & MASK] = when;
    at.sameFrom[entry & MASK] = Number.NaN;
    at.sameTo[entry & MASK] = Number.NaN;
  }

  when(entry: number): number {
    return this.#rows.of(entry).when[entry & MASK]!;
  }

  setWhen(entry: number, ns: number): void {
    this.#rows.change(entry).when[entry & MASK] = ns;
  }

  isSkipped(entry: number): boolean {
    return this.#rows.of(entry).skip[entry & MASK] === 1;
  }

  skip(entry: number): void {
    this.#rows.change(entry).skip[entry & MASK] = 1;
  }

  /** -1 for none. */
  twin(entry: number): number {
    return this.#rows.of(entry).twin[entry & MASK]! - 1;
  }

  /** What is told at `of` may be told elsewhere itself. */
  setTwin(entry: number, of: number): void {
    const further = this.twin(of);
    const at = this.#rows.change(entry);
    at.skip[entry & MASK] = 1;
    at.twin[entry & MASK] = (further >= 0 ? further : of) + 1;
  }

  sameFrom(entry: number): number {
    return this.#rows.of(entry).sameFrom[entry & MASK]!;
  }

  /** NaN where its end was not seen. */
  sameTo(entry: number): number {
    return this.#rows.of(entry).sameTo[entry & MASK]!;
  }

  setSame(entry: number, from: number, to: number): void {
    const at = this.#rows.change(entry);
    at.sameFrom[entry & MASK] = from;
    at.sameTo[entry & MASK] = to;
  }

  op(entry: number): number {
    return this.#rows.of(entry).op[entry & MASK]!;
  }

  setOp(entry: number, op: number): void {
    this.#rows.change(entry).op[entry & MASK] = op;
  }
}

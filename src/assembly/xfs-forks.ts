// What is known of the data fork of each file. There may be very many files: those that were not asked for lately lie in a store.
import type { ByteStore } from '../base/byte-store.js';
import { Lately } from '../base/lately.js';
import { RowLists } from '../base/row-lists.js';
import type { Extent } from './extent-list.js';

export interface Fork {
  readonly list: Extent[];
  /** Some of them may be known from look-ups. */
  hasLearned: boolean;
  /** The whole map is known: it was seen empty, or seen from end to end. */
  known: boolean;
  touched: boolean;
  /** A look-up said so up to this block. */
  coveredTo: number;
  /** Between pre_update and post_update. */
  pending: Extent | null;
  /** Where the record that is being updated still stands, though it is gone until the update is over; -1 nowhere. */
  pendingAt: number;
  /** How often events had been lost when it was last asked for. */
  losses: number;
}

/**
 * One row for the fork and one for each extent behind it, the pending one last. Of the fork, `off` is `coveredTo`, `block` is
 * `pendingAt`, and `count` is `losses`.
 */
const SHAPE = { off: Float64Array, count: Float64Array, block: Float64Array, bits: Uint8Array };
const Bit = { learned: 1, known: 2, touched: 4, pending: 8, unwritten: 16 } as const;

export class XfsForks {
  readonly #forks: Lately<Fork>;
  readonly #rows: RowLists<typeof SHAPE>;

  constructor(store: ByteStore, most?: number) {
    this.#rows = new RowLists(SHAPE, store);
    this.#forks = new Lately<Fork>(
      (file, fork) => this.#store(file, fork),
      (file) => this.#stored(file),
      most,
    );
  }

  has(file: number): boolean {
    return this.#forks.isNear(file) || this.#rows.length(file) >= 0;
  }

  get(file: number): Fork | undefined {
    return this.#forks.get(file);
  }

  add(file: number, fork: Fork): void {
    this.#forks.add(file, fork);
  }

  #store(file: number, fork: Fork): void {
    const extents = fork.pending === null ? fork.list : [...fork.list, fork.pending];
    this.#rows.write(file, 1 + extents.length, (at, place, i) => {
      const e = i === 0 ? headOf(fork) : rowOf(extents[i - 1]!);
      at.off[place] = e.off;
      at.count[place] = e.count;
      at.block[place] = e.block;
      at.bits[place] = e.bits;
    });
  }

  #stored(file: number): Fork | undefined {
    if (this.#rows.length(file) < 0) return undefined;
    const rows: Row[] = [];
    this.#rows.read(file, ({ off, count, block, bits }, place) => {
      rows.push({ off: off[place]!, count: count[place]!, block: block[place]!, bits: bits[place]! });
    });
    const [head, ...rest] = rows as [Row, ...Row[]];
    const list = rest.map(extentOf);
    return {
      list,
      hasLearned: (head.bits & Bit.learned) !== 0,
      known: (head.bits & Bit.known) !== 0,
      touched: (head.bits & Bit.touched) !== 0,
      coveredTo: head.off,
      pending: (head.bits & Bit.pending) === 0 ? null : list.pop()!,
      pendingAt: head.block,
      losses: head.count,
    };
  }
}

interface Row {
  readonly off: number;
  readonly count: number;
  readonly block: number;
  readonly bits: number;
}

function headOf({ hasLearned, known, touched, coveredTo, pending, pendingAt, losses }: Fork): Row {
  const told = (hasLearned ? Bit.learned : 0) | (known ? Bit.known : 0) | (touched ? Bit.touched : 0);
  return { off: coveredTo, count: losses, block: pendingAt, bits: told | (pending === null ? 0 : Bit.pending) };
}

function rowOf({ off, count, block, unwritten, learned }: Extent): Row {
  return { off, count, block, bits: (unwritten ? Bit.unwritten : 0) | (learned ? Bit.learned : 0) };
}

function extentOf({ off, count, block, bits }: Row): Extent {
  return { off, count, block, unwritten: (bits & Bit.unwritten) !== 0, learned: (bits & Bit.learned) !== 0 };
}

// What a leaf store is at the moment: a few words of the arena, and behind them its directory, as long as there is room. So who knows
// the place of these words finds an extent of a small map without another cache line than those of its leaf.
import { type Arena, PIECE } from './arena.js';

/** Words of a head: where the directory is, its room, leaves, records of a leaf, extents. */
export const Head = { dirAt: 0, dirRoom: 1, leaves: 2, room: 3, extents: 4 } as const;
const HEAD = 5;
/** Leaves that the directory behind the head has room for. */
export const NEAR = (PIECE - HEAD - 1) / 2;

export class LeafHead {
  arena: Arena;
  /** Place of the head in the arena. */
  head: number;

  constructor(arena: Arena) {
    this.arena = arena;
    this.head = arena.take(PIECE);
    this.begin();
  }

  /** Of floating-point numbers. */
  get isWide(): boolean {
    return this.arena.isWide;
  }

  /** Place of the directory in the arena. */
  get dirAt(): number {
    return this.arena.words[this.head]!;
  }

  get dirRoom(): number {
    return this.arena.words[this.head + Head.dirRoom]!;
  }

  get leaves(): number {
    return this.arena.words[this.head + Head.leaves]!;
  }

  get room(): number {
    return this.arena.words[this.head + Head.room]!;
  }

  get extents(): number {
    return this.arena.words[this.head + Head.extents]!;
  }

  /** A new head, in another arena; nothing is given back. */
  protected goTo(arena: Arena): void {
    this.arena = arena;
    this.head = arena.take(PIECE);
    this.begin();
  }

  /** Of a store without a leaf. */
  protected begin(): void {
    const { arena, head } = this;
    arena.words.fill(0, head, head + PIECE);
    arena.words[head + Head.dirAt] = head + HEAD;
    arena.words[head + Head.dirRoom] = NEAR;
  }
}

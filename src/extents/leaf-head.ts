// What a leaf store is at the moment, told in a few words of the arena; behind them lies its directory, as long as there is room:
// who knows the place of these words finds an extent of a small map without the store, and without another cache line than those of
// its leaf.
import { type Arena, PIECE } from './arena.js';
import { CHANGES, DIR_AT, DIR_ROOM, EXTENTS, HEAD, LEAVES, NEAR, ROOM } from './narrow-leaves.js';

export const Head = {
  dirAt: DIR_AT,
  dirRoom: DIR_ROOM,
  leaves: LEAVES,
  room: ROOM,
  extents: EXTENTS,
  changes: CHANGES,
} as const;

export class LeafHead {
  arena: Arena;
  /** Place of the head in the arena. */
  head = 0;
  /** Bytes of a unit, as a power of two: here, because what a look-up needs is to lie together. */
  protected shift = 0;

  constructor(arena: Arena) {
    this.arena = arena;
    this.goTo(arena);
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

  protected get changes(): number {
    return this.arena.words[this.head + Head.changes]!;
  }

  protected set(field: number, value: number): void {
    this.arena.words[this.head + field] = value;
  }

  /** A new head, in another arena; nothing is given back. */
  protected goTo(arena: Arena, changes = 0): void {
    this.arena = arena;
    this.head = arena.take(PIECE);
    this.set(Head.changes, changes);
    this.begin();
  }

  /** Of a store without a leaf. */
  protected begin(): void {
    this.set(Head.dirAt, this.head + HEAD);
    this.set(Head.dirRoom, NEAR);
    this.set(Head.leaves, 0);
    this.set(Head.room, 0);
    this.set(Head.extents, 0);
  }
}

// What a leaf store is at the moment. The same is told in a few words of the arena, and behind them lies its directory, as long as
// there is room: who knows the place of these words finds an extent of a small map without the store, and without another cache line
// than those of its leaf.
import { type Arena, PIECE } from './arena.js';

/** Words of a head: where the directory is, its room, leaves, records of a leaf. */
export const Head = { dirAt: 0, dirRoom: 1, leaves: 2, room: 3 } as const;
const HEAD = 4;
/** Leaves that the directory behind the head has room for. */
export const NEAR = (PIECE - HEAD) / 2;

export class LeafHead {
  arena: Arena;
  /** Place of the head in the arena. */
  head = 0;
  /** Place of the directory in the arena. */
  dirAt = 0;
  dirRoom = 0;
  leaves = 0;
  room = 0;
  extents = 0;

  constructor(arena: Arena) {
    this.arena = arena;
    this.goTo(arena);
  }

  /** Of floating-point numbers. */
  get isWide(): boolean {
    return this.arena.isWide;
  }

  /** A new head, in another arena; nothing is given back. */
  protected goTo(arena: Arena): void {
    this.arena = arena;
    this.head = arena.take(PIECE);
    this.begin();
  }

  /** Of a store without a leaf. */
  protected begin(): void {
    this.dirAt = this.head + HEAD;
    this.dirRoom = NEAR;
    this.leaves = this.room = this.extents = 0;
    this.tell();
  }

  /** Leaves came or went, or lie elsewhere. */
  protected tell(): void {
    const { head } = this;
    const { words } = this.arena;
    words[head] = this.dirAt;
    words[head + Head.dirRoom] = this.dirRoom;
    words[head + Head.leaves] = this.leaves;
    words[head + Head.room] = this.room;
  }
}

// What a leaf store is at the moment, told in a few words of the arena; before them lie its records or its directory, as long as there
// is room: who knows the place of these words finds an extent of a small map without the store, and waits for one place of memory only.
import type { Arena } from './arena.js';
import {
  BEFORE,
  CHANGES,
  DIR_AT,
  DIR_ROOM,
  ENTRIES,
  EXTENTS,
  FORM,
  isGrouped,
  noLeaves,
  OWN,
  ROOM,
  SHIFT,
} from './leaves.js';
import { WIDTH } from './pieces.js';

export class LeafHead {
  arena: Arena;
  /** Place of the head in the arena. */
  head = 0;

  constructor(arena: Arena) {
    this.arena = arena;
    this.goTo(arena);
  }

  /** Of floating-point numbers. */
  get isWide(): boolean {
    return this.arena.isWide;
  }

  /** What is in the arena, as those take it who ask for whole numbers only. */
  protected get memory(): Int32Array {
    return this.arena.words as Int32Array;
  }

  /** Place of the directory in the arena. */
  protected get dirAt(): number {
    return this.memory[this.head + DIR_AT]!;
  }

  protected get dirRoom(): number {
    return this.memory[this.head + DIR_ROOM]!;
  }

  /** Of the directory: leaves, or groups of them. */
  get entries(): number {
    return this.memory[this.head + ENTRIES]!;
  }

  get isGrouped(): boolean {
    return isGrouped(this.memory, this.head);
  }

  /** Records of a leaf. */
  get room(): number {
    return this.memory[this.head + ROOM]!;
  }

  get extents(): number {
    return this.memory[this.head + EXTENTS]!;
  }

  protected get width(): number {
    return this.memory[WIDTH]!;
  }

  protected get changes(): number {
    return this.memory[this.head + CHANGES]!;
  }

  /** Bytes of a unit, as a power of two. */
  protected get shift(): number {
    return this.memory[this.head + FORM]! >> SHIFT;
  }

  protected set shift(shift: number) {
    this.set(FORM, (shift << SHIFT) | (this.memory[this.head + FORM]! & (2 ** SHIFT - 1)));
  }

  protected set(field: number, value: number): void {
    this.memory[this.head + field] = value;
  }

  /** A new head, in another arena; nothing is given back. */
  protected goTo(arena: Arena, changes = 0): void {
    this.arena = arena;
    this.head = arena.take(OWN) + BEFORE;
    this.set(CHANGES, changes);
    this.set(EXTENTS, 0);
    this.set(FORM, 0);
    noLeaves(this.memory, this.head);
  }
}

// The block map of one version of a file, or of several: it is copied when one of them changes it first.
import type { Arena } from '../extents/arena.js';
import { ExtentMap, State } from '../extents/extent-map.js';
import { MOST_BLOCKS, mark, type WrittenBlocks, wordsFor } from './written-blocks.js';

/** Bytes of a block of all these maps. */
export const UNIT = 4096;
const NONE = -1;

/** By version: what of its map can be seen without it. */
export interface Heads {
  /** 1: no other version has this map, which may be changed in place. */
  alone: Uint8Array;
  /** Place of the head of the map in the arena; -1 where there is no map, or a wide one. */
  at: Int32Array;
  /** Place of the bits of written blocks, and how many blocks have one. */
  bitsAt: Int32Array;
  bits: Int32Array;
}

/** A block map, and how many versions have it: more than one until one of them changes it. */
export class SharedMap extends ExtentMap {
  users = 1;
  /** The version that changed it last: the only one that has it when it changes. */
  version = NONE;
  private readonly heads: Heads;
  private readonly written: WrittenBlocks;
  private bitsAt = 0;
  /** Words of bits. */
  private bitsRoom = 0;

  constructor(arena: Arena, heads: Heads, written: WrittenBlocks) {
    super(UNIT, arena);
    this.heads = heads;
    this.written = written;
  }

  override copy(): SharedMap {
    const twin = new SharedMap(this.arena, this.heads, this.written);
    twin.become(this);
    if (this.bitsRoom > 0) {
      twin.bitsRoom = this.bitsRoom;
      twin.bitsAt = this.written.take(this.bitsRoom);
      this.written.words.copyWithin(twin.bitsAt, this.bitsAt, this.bitsAt + this.bitsRoom);
    }
    return twin;
  }

  override insert(offset: number, length: number, addr: number, state: number): void {
    const before = this.seq;
    super.insert(offset, length, addr, state);
    if (this.seq !== before) this.mark(offset, length, state === State.written);
  }

  override remove(offset: number, length: number): void {
    super.remove(offset, length);
    this.mark(offset, length, false);
  }

  override convert(offset: number, length: number, state: number): void {
    super.convert(offset, length, state);
    // Holes stay holes: what is written from now on, look-ups tell.
    if (state !== State.written) this.mark(offset, length, false);
  }

  override collapse(offset: number, length: number): void {
    super.collapse(offset, length);
    this.forget();
  }

  override insertHole(offset: number, length: number): void {
    super.insertHole(offset, length);
    this.forget();
  }

  override clear(): void {
    super.clear();
    this.forget();
  }

  /** A look-up found that all of a range, in blocks, is written and not shared. */
  isWritten(from: number, end: number): void {
    if (end <= 32 * this.bitsRoom) mark(this.written.words, this.bitsAt, from, end, true);
  }

  protected override widen(unit: number, arena: Arena): void {
    super.widen(unit, arena);
    this.dropBits();
    this.tellOf(this.version);
  }

  /** A version less has it; the last one gives its room back. */
  leave(): void {
    if (--this.users > 0) return;
    this.dropBits();
    this.dissolve();
  }

  private mark(offset: number, length: number, written: boolean): void {
    if (this.isWide || !(offset >= 0) || !(length > 0)) return;
    const from = Math.floor(offset / UNIT);
    const end = Math.min(Math.ceil((offset + length) / UNIT), MOST_BLOCKS);
    if (written && end > 32 * this.bitsRoom) this.growBits(end);
    mark(this.written.words, this.bitsAt, from, Math.min(end, 32 * this.bitsRoom), written);
  }

  private growBits(end: number): void {
    const room = wordsFor(end);
    this.bitsAt = this.written.enlarge(this.bitsAt, this.bitsRoom, room);
    this.bitsRoom = room;
    this.tellOf(this.version);
  }

  /** No block is known to be written any more. */
  private forget(): void {
    mark(this.written.words, this.bitsAt, 0, 32 * this.bitsRoom, false);
  }

  private dropBits(): void {
    if (this.bitsRoom > 0) this.written.give(this.bitsAt, this.bitsRoom);
    this.bitsRoom = 0;
  }

  /** A version has this map. */
  tellOf(version: number): void {
    const { heads } = this;
    heads.at[version] = this.isWide ? NONE : this.head;
    heads.bitsAt[version] = this.bitsAt;
    heads.bits[version] = 32 * this.bitsRoom;
  }
}

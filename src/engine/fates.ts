// What became of each operation in one lane, by `opId`: its observed changes of the map follow it as rows of their own.
import { ANYWHERE, type Room } from '../base/room.js';
import type { SealPlan } from './seal-plan.js';

/** Lanes that a byte has bits for. */
const BYTE = 8;

/**
 * Of all lanes of a pass, by `opId`: those in which it was refused; and those in which it ended with a journal commit. Nobody asks
 * that of a plain operation that has no bit in `followed`: then it is not kept, and pages of memory stay untouched.
 */
export class FateBits {
  readonly followed: Uint8Array;
  readonly denied: Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
  readonly committed: Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

  constructor({ followed, highestId }: Pick<SealPlan, 'followed' | 'highestId'>, lanes: number, room: Room = ANYWHERE) {
    this.followed = followed;
    const bits = () => (lanes <= BYTE ? room.uint8(highestId + 1) : room.int32(highestId + 1));
    this.denied = bits();
    this.committed = bits();
  }
}

export class Fates {
  /** Operations and device accesses whose state at replay differed from the recorded one. */
  diverged = 0;
  /** No operation was refused, cut short or committed so far. */
  isFresh = true;
  /** Something became of an operation that was not plain: then the bits of all are looked at. */
  private keepsAll = false;
  private readonly bits: FateBits;
  private readonly bit: number;
  /** Operations that were counted as diverged. */
  private told = new Uint8Array(0);
  /** Writes that were cut short: where in the file they end here, bytes. */
  private readonly endOf = new Map<number, number>();

  constructor(bits: FateBits, lane: number) {
    this.bits = bits;
    this.bit = 1 << lane;
  }

  /** It ends with a journal commit. */
  commit(opId: number): void {
    this.isFresh = false;
    this.keepsAll = true;
    this.bits.committed[opId]! |= this.bit;
  }

  /** A plain operation does. */
  commitPlain(opId: number): void {
    this.isFresh = false;
    if (this.isFollowed(opId)) this.bits.committed[opId]! |= this.bit;
  }

  committed(opId: number): boolean {
    return this.isKept(opId) && (this.bits.committed[opId]! & this.bit) !== 0;
  }

  /** It did not happen here: refused, interrupted, or waiting for ever. */
  deny(opId: number): void {
    this.isFresh = false;
    this.keepsAll = true;
    this.bits.denied[opId]! |= this.bit;
  }

  /** A plain operation did not. */
  denyPlain(opId: number): void {
    this.isFresh = false;
    if (this.isFollowed(opId)) this.bits.denied[opId]! |= this.bit;
  }

  denied(opId: number): boolean {
    return this.isKept(opId) && (this.bits.denied[opId]! & this.bit) !== 0;
  }

  /** Where nothing was kept, nothing is read: a page that was never written to is dear to read as well. */
  private isKept(opId: number): boolean {
    return this.keepsAll || this.isFollowed(opId);
  }

  private isFollowed(opId: number): boolean {
    return ((this.bits.followed[opId >>> 3]! >>> (opId & 7)) & 1) === 1;
  }

  /** It ended early, at this byte of the file. */
  cut(opId: number, endBytes: number): void {
    this.isFresh = false;
    this.endOf.set(opId, endBytes);
  }

  /** Does what reaches to this byte lie behind where the operation ended here? */
  isCut(opId: number, endBytes: number): boolean {
    return this.endOf.size > 0 && endBytes > (this.endOf.get(opId) ?? Number.POSITIVE_INFINITY);
  }

  /** Counted once for each operation that was not refused. */
  diverge(opId: number): void {
    const isOnce = opId !== 0 && !this.denied(opId);
    if (isOnce) {
      if (this.told.length === 0) this.told = new Uint8Array(this.bits.denied.length);
      if (this.told[opId] === 1) return;
      this.told[opId] = 1;
    }
    this.diverged++;
  }
}

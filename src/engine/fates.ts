// What became of each operation in one lane, by `opId`: its observed changes of the map follow it as rows of their own.

const DENIED = 1;
const DIVERGED = 2;

export class Fates {
  /** By `opId`: 1 when the operation ends with a journal commit in this lane. */
  readonly committed: Uint8Array;
  /** Operations and device accesses whose state at replay differed from the recorded one. */
  diverged = 0;
  /** No operation was refused, cut short or committed so far. */
  isFresh = true;
  private readonly fate: Uint8Array;
  /** Writes that were cut short: where in the file they end here, bytes. */
  private readonly endOf = new Map<number, number>();

  constructor(highestId: number) {
    this.committed = new Uint8Array(highestId + 1);
    this.fate = new Uint8Array(highestId + 1);
  }

  /** It ends with a journal commit. */
  commit(opId: number): void {
    this.isFresh = false;
    this.committed[opId] = 1;
  }

  /** It did not happen here: refused, interrupted, or waiting for ever. */
  deny(opId: number): void {
    this.isFresh = false;
    this.fate[opId] = DENIED;
  }

  denied(opId: number): boolean {
    return this.fate[opId] === DENIED;
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

  /** Counted once for each operation. */
  diverge(opId: number): void {
    if (this.fate[opId] === DIVERGED) return;
    if (opId !== 0 && this.fate[opId] === 0) this.fate[opId] = DIVERGED;
    this.diverged++;
  }
}

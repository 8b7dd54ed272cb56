// What a thread holds, by when something is due: the next access of a device, or the end.
import type { Bytes, Nanos } from '../../model/units.js';
import { type ModelFile, stir } from './files.js';
import type { ReadyHold } from './role.js';

export interface Held {
  readonly by: ReadyHold;
  readonly kind: number;
  readonly file: ModelFile;
  readonly handle: number;
  readonly offset: Bytes;
  readonly length: Bytes;
  /** Infinity where only the end of the process ends it. */
  endNs: Nanos;
  dueNs: Nanos;
  accesses: number;
  /** What devices have been through, where accesses share it out. */
  used: Bytes;
  /** Blocks are in the hands of a device until it is given back. */
  readonly pins: boolean;
  /** Place among the mappings of its process; -1 for none. */
  place: number;
}

/** Holds of one thread, the next one due last. */
export class Holds {
  readonly #sorted: Held[] = [];
  /** When the next is due. */
  nextNs: Nanos = Number.POSITIVE_INFINITY;

  /** When the last of them is given back. */
  get lastNs(): Nanos {
    let last = 0;
    for (const { endNs } of this.#sorted) if (endNs !== Number.POSITIVE_INFINITY && endNs > last) last = endNs;
    return last;
  }

  add(held: Held): void {
    if (held.dueNs === Number.POSITIVE_INFINITY) return;
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sorted[middle]!.dueNs > held.dueNs) low = middle + 1;
      else high = middle;
    }
    // From the place to the end, one on: that is short, as most are due soon.
    const sorted = this.#sorted;
    let at = sorted.push(held) - 1;
    for (; at > low; at--) sorted[at] = sorted[at - 1]!;
    sorted[low] = held;
    this.nextNs = sorted[sorted.length - 1]!.dueNs;
  }

  // hot
  next(): Held {
    const sorted = this.#sorted;
    const held = sorted.pop()!;
    this.nextNs = sorted.length === 0 ? Number.POSITIVE_INFINITY : sorted[sorted.length - 1]!.dueNs;
    return held;
  }

  clear(): void {
    const gone = this.#sorted.splice(0).filter(({ pins }) => pins);
    for (const { file } of gone) file.pins--;
    this.nextNs = Number.POSITIVE_INFINITY;
    for (const { file } of gone) stir(file);
  }
}

/** Mappings at most that a process remembers; older ones are forgotten, not unmapped. */
const MOST_MAPPINGS = 4096;

/** The live mappings of a process, by kind of file. */
export class Mappings {
  readonly #ofKind: Held[][];

  constructor(kinds: number) {
    this.#ofKind = Array.from({ length: kinds }, () => []);
  }

  of(kind: number): readonly Held[] {
    return this.#ofKind[kind]!;
  }

  add(held: Held): void {
    const mappings = this.#ofKind[held.kind]!;
    if (mappings.length === MOST_MAPPINGS) this.remove(mappings[0]!);
    held.place = mappings.push(held) - 1;
    held.file.mappings++;
  }

  remove(held: Held): void {
    const mappings = this.#ofKind[held.kind]!;
    if (held.place < 0 || mappings[held.place] !== held) return;
    held.file.mappings--;
    const last = mappings.pop()!;
    if (last !== held) {
      mappings[held.place] = last;
      last.place = held.place;
    }
    held.place = -1;
  }

  /** Of a file, those of other processes. */
  ofOthers(file: ModelFile, kind: number): number {
    if (file.mappings === 0) return 0;
    let own = 0;
    for (const held of this.#ofKind[kind]!) if (held.file === file) own++;
    return file.mappings - own;
  }

  clear(): void {
    const gone = this.#ofKind.flatMap((mappings) => mappings.splice(0));
    for (const { file } of gone) file.mappings--;
    for (const { file } of gone) stir(file);
  }
}

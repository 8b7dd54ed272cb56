// Refusals like one before: of the same file, task and case, in the same lanes, while no hold came or went that may be in its way. The first is
// refused by each lane itself; of those that follow, the kernel of plain rows only counts how many there are.
import type { KernelMemory, KernelSlots } from './kernel-slots.js';
import type { Lane } from './lane.js';
import type { RowClasses } from './row-classes.js';

/** A row is refused in these lanes, and not counted yet. */
type Refuse = (row: number, operationCase: number, nowNs: number, lanes: number) => void;

/** Of a file that is refused something: two or three processes and as many kinds of calls; of a few files, more. */
const SLOTS_A_FILE = 16;
const LEAST_SLOTS = 2048;

export class KnownRefusals {
  private readonly lanes: readonly Lane[];
  private readonly classes: RowClasses;
  /** By slot, as the kernel has them (wasm/plain-slots.ts). */
  readonly slots: Int32Array<ArrayBuffer>;
  private readonly words: number;
  private readonly lanesAt: number;
  private readonly timesAt: number;
  /** By slot and lane: number of the group of conflicts. */
  private readonly groups: Int32Array;
  /** By lane: of the refusal at hand, 0 for none. */
  private readonly errnos: Int32Array;
  /** Slots that were ever used. */
  private readonly used: number[] = [];

  private readonly refuse: Refuse;

  constructor(
    { files, lanes }: { readonly files: number; readonly lanes: readonly Lane[] },
    classes: RowClasses,
    refuse: Refuse,
    slots: KernelSlots,
    { room }: KernelMemory,
  ) {
    this.refuse = refuse;
    // A table that is mostly empty has a page of memory, and a miss of the caches, for each of the few that are in it.
    const many = Math.min(
      slots.get('REFUSAL_SLOTS_AT_MOST'),
      2 ** Math.ceil(Math.log2(SLOTS_A_FILE * files + LEAST_SLOTS)),
    );
    slots.set('REFUSAL_SHIFT', 33 - Math.log2(many));
    this.lanes = lanes;
    this.classes = classes;
    this.words = slots.get('REFUSAL_WORDS');
    this.lanesAt = slots.get('REFUSED_LANES') / 4;
    this.timesAt = slots.get('REFUSED_TIMES') / 4;
    this.slots = room.int32(many * this.words);
    this.groups = new Int32Array(many * lanes.length);
    this.errnos = new Int32Array(lanes.length);
  }

  /** A row is refused in these lanes, each by itself, and the next ones like it are counted in a slot. */
  first(row: number, operationCase: number, nowNs: number, slot: number, lanes: number): number {
    if (this.slots[slot * this.words + this.lanesAt] === 0) this.used.push(slot);
    this.settle(slot);
    const { errnos } = this;
    errnos.fill(0);
    let isEach = true;
    for (let left = lanes; left !== 0; left &= left - 1) {
      const lane = 31 - Math.clz32(left & -left);
      this.refuse(row, operationCase, nowNs, left & -left);
      const { lastErrno, lastGroup } = this.lanes[lane]!.shortWay;
      errnos[lane] = lastErrno;
      if (lastErrno === 0) isEach = false;
      this.groups[slot * this.lanes.length + lane] = lastGroup;
    }
    // Without an errno it is none that a class could tell.
    const signature = isEach ? this.classes.signatureFor(errnos) : 0;
    if (signature !== 0) return signature;
    for (let left = lanes; left !== 0; left &= left - 1) {
      const lane = 31 - Math.clz32(left & -left);
      this.lanes[lane]!.shortWay.answered(row, nowNs, errnos[lane]!);
    }
    return 0;
  }

  /** A row was refused with others, and there are too many classes for it. */
  answerEach(row: number, signature: number, nowNs: number): void {
    this.classes.errnosOf(signature).forEach((errno, lane) => {
      if (errno !== 0) this.lanes[lane]!.shortWay.answered(row, nowNs, errno);
    });
  }

  /** Each group of conflicts gets its share. */
  finish(): void {
    for (const slot of this.used) this.settle(slot);
  }

  private settle(slot: number): void {
    const at = slot * this.words;
    const times = this.slots[at + this.timesAt]!;
    if (times === 0) return;
    this.slots[at + this.timesAt] = 0;
    for (let left = this.slots[at + this.lanesAt]!; left !== 0; left &= left - 1) {
      const lane = 31 - Math.clz32(left & -left);
      this.lanes[lane]!.shortWay.refusedAgain(this.groups[slot * this.lanes.length + lane]!, times);
    }
  }
}

// Records of blktrace on their way from their files to the requests they belong to, put in order of time.
import { ColumnBlock } from '../base/column-block.js';
import { type Arrays, stableOrder } from '../base/columns.js';
import type { BlockEvent, Transfer } from './block-events.js';

const LETTERS = ['', 'Q', 'M', 'F', 'G', 'S', 'R', 'D', 'C', 'P', 'U', 'T', 'I', 'X', 'B', 'A', 'abort', 'driver_data'];
/** Of an action: the record names a cgroup. */
export const FROM_CGROUP = 0x100;
/** Bits of the category, the upper half of the action. */
export const Category = {
  write: 1 << 1,
  passthrough: 1 << 9,
  note: 1 << 10,
  ahead: 1 << 11,
  meta: 1 << 12,
  discard: 1 << 13,
} as const;
/** Records that are put in order of time before they are used: more than the sub-buffers of a few CPUs hold. */
const WINDOW = 32_768;
/** Room for them in the beginning, which doubles: a short recording asks for little memory. */
const FIRST_ROWS = 1_024;

/** What a record tells, and whose it is. */
const SHAPE = {
  timeNs: Float64Array,
  sector: Float64Array,
  other: Float64Array,
  otherDevice: Float64Array,
  action: Uint32Array,
  bytes: Uint32Array,
  device: Uint32Array,
  tid: Uint32Array,
  task: Uint32Array,
  row: Uint32Array,
  part: Uint16Array,
  cpu: Uint16Array,
  error: Uint16Array,
};

/**
 * Records on their way, put in order of time: as columns, because objects that wait are copied by every collection of garbage.
 * An event is made of one when its turn comes.
 */
export class Window {
  readonly #take: (event: BlockEvent, part: number) => void;
  #block = new ColumnBlock(SHAPE, FIRST_ROWS);
  #spare = new ColumnBlock(SHAPE, FIRST_ROWS);
  #rows = 0;
  /** Of messages, by part and row. */
  readonly #texts = new Map<string, string>();

  constructor(take: (event: BlockEvent, part: number) => void) {
    this.#take = take;
  }

  get at(): Arrays<typeof SHAPE> {
    return this.#block.at;
  }

  /** Number of a new row; it holds whatever was there. */
  add(): number {
    if (this.#rows === this.#block.capacity) {
      if (this.#rows < 2 * WINDOW) this.#grow();
      else this.#release(WINDOW);
    }
    return this.#rows++;
  }

  #grow(): void {
    const grown = new ColumnBlock(SHAPE, 2 * this.#rows);
    grown.copy(0, this.#block, 0, this.#rows);
    this.#block = grown;
    this.#spare = new ColumnBlock(SHAPE, 2 * this.#rows);
  }

  message(part: number, row: number, text: string): void {
    this.#texts.set(`${part}/${row}`, text);
  }

  /** No more records. */
  end(): void {
    this.#release(this.#rows);
  }

  /** The first so many in time go on; the others stay, in order. */
  #release(count: number): void {
    const rows = this.#rows;
    const order = stableOrder(this.at.timeNs, rows);
    for (let i = 0; i < count; i++) this.#deliver(order === null ? i : order[i]!);
    this.#rows = rows - count;
    if (order === null) return this.#block.copy(0, this.#block, count, this.#rows);
    this.#spare.gather(this.#block, order.subarray(count));
    [this.#block, this.#spare] = [this.#spare, this.#block];
  }

  #deliver(i: number): void {
    const { at } = this;
    const action = at.action[i]!;
    const category = action >>> 16;
    const isNote = (category & Category.note) !== 0;
    const letter = letterOf(action);
    const bytes = at.bytes[i]!;
    const transfer = isNote ? 'none' : transferOf(category, bytes);
    const error = at.error[i]!;
    const part = at.part[i]!;
    const event = {
      action: letter === '' ? `action_${action & 0xffff & ~FROM_CGROUP}` : letter,
      timeNs: at.timeNs[i]!,
      cpu: at.cpu[i]!,
      device: at.device[i]!,
      transfer,
      passthrough: (category & Category.passthrough) !== 0,
      sector: at.sector[i]!,
      bytes,
      other: at.other[i]!,
      otherDevice: at.otherDevice[i]!,
      rwbs: rwbsOf(transfer, category),
      tid: at.tid[i]!,
      text: isNote ? this.#textOf(part, at.row[i]!) : '',
      error: Math.min(0x7fff, error > 0x7fff ? 0x10000 - error : error),
      task: at.task[i]!,
      row: at.row[i]!,
    };
    this.#take(event, part);
  }

  #textOf(part: number, row: number): string {
    const key = `${part}/${row}`;
    const text = this.#texts.get(key) ?? '';
    this.#texts.delete(key);
    return text;
  }
}

/** As blkparse prints it; empty for an action that is not known. */
export const letterOf = (action: number): string =>
  ((action >>> 16) & Category.note) !== 0 ? 'm' : (LETTERS[action & 0xffff & ~FROM_CGROUP] ?? '');

/** A flush carries the bit of a read; like blkparse, only bytes make it one. */
function transferOf(category: number, bytes: number): Transfer {
  if (bytes === 0) return 'none';
  if ((category & Category.discard) !== 0) return 'discard';
  return (category & Category.write) !== 0 ? 'write' : 'read';
}

const RWBS: Readonly<Record<Transfer, readonly string[]>> = {
  none: ['N', 'NA', 'NM', 'NAM'],
  discard: ['D', 'DA', 'DM', 'DAM'],
  read: ['R', 'RA', 'RM', 'RAM'],
  write: ['W', 'WA', 'WM', 'WAM'],
};
const rwbsOf = (transfer: Transfer, category: number): string =>
  RWBS[transfer][((category & Category.ahead) !== 0 ? 1 : 0) + ((category & Category.meta) !== 0 ? 2 : 0)]!;

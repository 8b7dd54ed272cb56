// Device accesses that are over, until the block maps are whole: written as they end, read as moments in the order of time.
import type { ByteStore } from '../base/byte-store.js';
import type { SomeRows } from '../base/column-log.js';
import { SortedLog } from '../base/sorted-log.js';
import { NONE } from '../model/units.js';
import type { Access, Segment } from './device-log.js';
import type { DirectCall } from './state.js';

/** The beginning is a row per segment, at least one; the end is one row. */
const SHAPE = {
  timeNs: Float64Array,
  toNs: Float64Array,
  addr: Float64Array,
  length: Float64Array,
  offset: Float64Array,
  device: Float64Array,
  disk: Float64Array,
  /** -1: for no command. */
  command: Float64Array,
  number: Uint32Array,
  file: Uint32Array,
  direct: Uint32Array,
  task: Uint32Array,
  opId: Uint32Array,
  row: Uint32Array,
  bits: Uint8Array,
};
const Bit = { end: 1, sectors: 2, write: 4, meta: 8, moved: 16, noSegment: 32, remote: 64 } as const;
const BATCH_ROWS = 4096;

/** What hears of accesses in the order of time. What it says of one that begins, it is told when that ends. */
export interface Listener<T> {
  begin(access: Access, timeNs: number): T;
  end(access: Access, timeNs: number, said: T): void;
}

export class AccessLog {
  /** Calls that accesses are part of. */
  readonly directs: DirectCall[] = [];
  private readonly numbers = new Map<DirectCall, number>();
  private readonly log: SortedLog<typeof SHAPE>;

  constructor(store: ByteStore) {
    this.log = new SortedLog(SHAPE, store);
  }

  /** Nothing of it changes any more. */
  add(access: Access): void {
    const { segments } = access;
    if (segments.length === 0) this.begin(access, null);
    for (const segment of segments) this.begin(access, segment);
    const i = this.log.add();
    const { at } = this.log;
    at.timeNs[i] = access.toNs;
    at.number[i] = access.number;
    at.bits[i] = Bit.end;
  }

  /** Those of one time by the number of the access, its beginning before its end. An access is no more once its end was told. */
  each<T>(listener: Listener<T>): void {
    const open = new Map<number, Begun<T>>();
    const free: Begun<T>[] = [];
    const begin = (number: number, access: Access): void => {
      const begun = free.pop() ?? { access, said: null };
      begun.access = access;
      begun.said = listener.begin(access, access.fromNs);
      open.set(number, begun);
    };
    const end = (number: number, timeNs: number): void => {
      const begun = open.get(number);
      if (begun === undefined) return;
      open.delete(number);
      listener.end(begun.access, timeNs, begun.said as T);
      begun.said = null;
      free.push(begun);
    };
    // Rows of one time.
    const group: Piece[] = [];
    const tell = (): void => {
      if (group.length > 1) group.sort((a, b) => a.number - b.number || Number(a.end) - Number(b.end));
      for (let i = 0; i < group.length; i++) {
        const { timeNs, number, access } = group[i]!;
        if (access !== null) {
          for (; group[i + 1]?.number === number && !group[i + 1]!.end; i++)
            access.segments.push(...group[i + 1]!.access!.segments);
          begin(number, access);
        } else end(number, timeNs);
      }
      group.length = 0;
    };
    for (const batch of this.log.batches(BATCH_ROWS, () => false)) {
      const { timeNs, number, bits } = batch.at;
      for (let i = 0; i < batch.rows; i++) {
        if (group.length > 0 && group[0]!.timeNs !== timeNs[i]) tell();
        // Most have their time for themselves.
        if (group.length > 0 || i + 1 === batch.rows || timeNs[i + 1] === timeNs[i])
          group.push(pieceOf(batch, i, this.directs));
        else if ((bits[i]! & Bit.end) !== 0) end(number[i]!, timeNs[i]!);
        else begin(number[i]!, accessOf(batch, i, this.directs));
      }
    }
    tell();
  }

  private begin(access: Access, segment: Segment | null): void {
    const i = this.log.add();
    const { at } = this.log;
    at.timeNs[i] = access.fromNs;
    at.toNs[i] = access.toNs;
    at.addr[i] = segment?.addr ?? 0;
    at.length[i] = segment?.length ?? 0;
    at.offset[i] = segment?.offset ?? 0;
    at.device[i] = access.device;
    at.disk[i] = access.disk;
    at.command[i] = access.command?.addr ?? -1;
    at.number[i] = access.number;
    at.file[i] = segment === null || segment.file < 0 ? NONE : segment.file;
    at.direct[i] = access.direct === null ? NONE : this.numberOf(access.direct);
    at.task[i] = access.task;
    at.opId[i] = access.opId;
    at.row[i] = access.row;
    at.bits[i] =
      (access.kind === 'sectors' ? Bit.sectors : access.kind === 'remote' ? Bit.remote : 0) |
      (access.write ? Bit.write : 0) |
      (access.meta ? Bit.meta : 0) |
      (segment?.moved === true ? Bit.moved : 0) |
      (segment === null ? Bit.noSegment : 0);
  }

  private numberOf(direct: DirectCall): number {
    const known = this.numbers.get(direct);
    if (known !== undefined) return known;
    this.numbers.set(direct, this.directs.length);
    return this.directs.push(direct) - 1;
  }
}

/** An access under way, and what the listener said of it. */
interface Begun<T> {
  access: Access;
  said: T | null;
}

/** A row, as long as rows of the same time may follow. */
interface Piece {
  readonly timeNs: number;
  readonly number: number;
  readonly end: boolean;
  /** With the one segment that the row has, if any. */
  readonly access: Access | null;
}

function pieceOf(rows: SomeRows<typeof SHAPE>, i: number, directs: readonly DirectCall[]): Piece {
  const end = (rows.at.bits[i]! & Bit.end) !== 0;
  return {
    timeNs: rows.at.timeNs[i]!,
    number: rows.at.number[i]!,
    end,
    access: end ? null : accessOf(rows, i, directs),
  };
}

function accessOf({ at }: SomeRows<typeof SHAPE>, i: number, directs: readonly DirectCall[]): Access {
  const bits = at.bits[i]!;
  const file = at.file[i] === NONE ? -1 : at.file[i]!;
  const moved = (bits & Bit.moved) !== 0;
  const segment = { addr: at.addr[i]!, length: at.length[i]!, file, offset: at.offset[i]!, moved };
  const command = at.command[i]!;
  return {
    number: at.number[i]!,
    kind: (bits & Bit.sectors) !== 0 ? 'sectors' : (bits & Bit.remote) !== 0 ? 'remote' : 'memory',
    fromNs: at.timeNs[i]!,
    toNs: at.toNs[i]!,
    write: (bits & Bit.write) !== 0,
    meta: (bits & Bit.meta) !== 0,
    device: at.device[i]!,
    segments: (bits & Bit.noSegment) !== 0 ? [] : [segment],
    task: at.task[i]!,
    opId: at.opId[i]!,
    row: at.row[i]!,
    direct: directs[at.direct[i]!] ?? null,
    command: command < 0 ? null : { addr: command, length: 0, file: -1, offset: -1, moved: false },
    disk: at.disk[i]!,
  };
}

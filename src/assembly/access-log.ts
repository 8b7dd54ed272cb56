// Device accesses that are over, until the block maps are whole: written as they end, read in the order in which they began.
import type { ByteStore } from '../base/byte-store.js';
import type { SomeRows } from '../base/column-log.js';
import { SortedLog } from '../base/sorted-log.js';
import { NONE } from '../model/units.js';
import type { Access, Segment } from './device-log.js';
import { DirectCalls } from './direct-calls.js';
import { Ends } from './ends.js';
import type { OpenRequests } from './open-requests.js';

/** A row per segment, at least one. */
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
const Bit = { sectors: 1, write: 2, meta: 4, moved: 8, noSegment: 16, remote: 32 } as const;
const BATCH_ROWS = 4096;

/**
 * What hears of accesses in the order of time. What it says of one that begins, it is told when that ends; `old` was said of one
 * that is over and may be said again.
 */
export interface Listener<T> {
  begin(access: Access, timeNs: number, old: T | null): T;
  end(access: Access, timeNs: number, said: T): void;
}

export class AccessLog {
  /** Calls that accesses are part of. */
  readonly directs: DirectCalls;
  private readonly log: SortedLog<typeof SHAPE>;

  constructor(store: ByteStore) {
    this.log = new SortedLog(SHAPE, store);
    this.directs = new DirectCalls(store);
  }

  /** Nothing of it changes any more. */
  add(access: Access): void {
    const { segments } = access;
    if (segments.length === 0) this.put(access, null);
    for (const segment of segments) this.put(access, segment);
  }

  /**
   * Beginnings and ends in the order of time, those of one time by the number of the access, its beginning before its end. An
   * access is no more once its end was told.
   */
  each<T>(listener: Listener<T>): void {
    const open = new Ends<Begun<T>>();
    const free: Begun<T>[] = [];
    /** Ends before the access of that number begins. */
    const endUntil = (timeNs: number, number: number): void => {
      for (let one = open.first; one !== undefined; one = open.first) {
        if (one.toNs > timeNs || (one.toNs === timeNs && one.number > number)) return;
        open.drop();
        listener.end(one.access, one.toNs, one.said as T);
        free.push(one);
      }
    };
    const begin = (access: Filled, begun: Begun<T> = { access, said: null, toNs: 0, number: 0 }): void => {
      begun.access = access;
      begun.number = access.number;
      begun.toNs = access.toNs;
      begun.said = listener.begin(access, access.fromNs, begun.said);
      // One whose end was stamped before its beginning never ends.
      if (access.toNs >= access.fromNs) open.add(begun);
    };
    // Rows of one time.
    const group: Filled[] = [];
    const tell = (): void => {
      group.sort((a, b) => a.number - b.number);
      for (let i = 0; i < group.length; i++) {
        const access = group[i]!;
        for (; group[i + 1]?.number === access.number; i++) access.segments.push(...group[i + 1]!.segments);
        endUntil(access.fromNs, access.number);
        begin(access, free.pop());
      }
      group.length = 0;
    };
    for (const batch of this.log.batches(BATCH_ROWS, () => false)) {
      const { timeNs, number } = batch.at;
      for (let i = 0; i < batch.rows; i++) {
        if (group.length > 0 && group[0]!.fromNs !== timeNs[i]) tell();
        // Most have their time for themselves.
        if (group.length > 0 || i + 1 === batch.rows || timeNs[i + 1] === timeNs[i])
          group.push(accessOf(batch, i, this.directs));
        else {
          endUntil(timeNs[i]!, number[i]!);
          const begun = free.pop();
          begin(accessOf(batch, i, this.directs, begun?.access), begun);
        }
      }
    }
    tell();
    endUntil(Number.POSITIVE_INFINITY, 0);
  }

  /** The same for a request that is over. */
  // hot
  addRequest(requests: OpenRequests, place: number, toNs: number): void {
    const request = requests.at;
    const i = this.log.add();
    const { at } = this.log;
    at.timeNs[i] = request.fromNs[place]!;
    at.toNs[i] = toNs;
    at.addr[i] = requests.addr(place);
    at.length[i] = request.bytes[place]!;
    at.offset[i] = -1;
    at.device[i] = request.device[place]!;
    at.disk[i] = request.device[place]!;
    at.command[i] = -1;
    at.number[i] = request.number[place]!;
    at.file[i] = NONE;
    at.direct[i] = NONE;
    at.task[i] = request.task[place]!;
    at.opId[i] = request.opId[place]!;
    at.row[i] = request.row[place]!;
    at.bits[i] =
      Bit.sectors | (request.write[place] === 1 ? Bit.write : 0) | (request.meta[place] === 1 ? Bit.meta : 0);
  }

  private put(access: Access, segment: Segment | null): void {
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
    at.direct[i] = access.direct === null ? NONE : this.directs.add(access.direct);
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
}

/** An access in memory that is used again. */
type Filled = { -readonly [K in keyof Access]: Access[K] };

/** An access under way, and what the listener said of it. */
interface Begun<T> {
  access: Filled;
  said: T | null;
  toNs: number;
  number: number;
}

/** `old`: one that is over, whose memory can be used. */
function accessOf(
  { at }: SomeRows<typeof SHAPE>,
  i: number,
  directs: DirectCalls,
  old: Filled = emptyAccess(),
): Filled {
  const bits = at.bits[i]!;
  const command = at.command[i]!;
  old.number = at.number[i]!;
  old.kind = (bits & Bit.sectors) !== 0 ? 'sectors' : (bits & Bit.remote) !== 0 ? 'remote' : 'memory';
  old.fromNs = at.timeNs[i]!;
  old.toNs = at.toNs[i]!;
  old.write = (bits & Bit.write) !== 0;
  old.meta = (bits & Bit.meta) !== 0;
  old.device = at.device[i]!;
  old.task = at.task[i]!;
  old.opId = at.opId[i]!;
  old.row = at.row[i]!;
  old.direct = at.direct[i] === NONE ? null : directs.of(at.direct[i]!);
  old.command = command < 0 ? null : { addr: command, length: 0, file: -1, offset: -1, moved: false };
  old.disk = at.disk[i]!;
  const { segments } = old;
  const count = (bits & Bit.noSegment) !== 0 ? 0 : 1;
  // A length that is set is a call into the engine, even where it stays as it is.
  if (segments.length > count) segments.length = count;
  if (count === 0) return old;
  const segment: { -readonly [K in keyof Segment]: Segment[K] } = segments[0] ?? emptySegment();
  segment.addr = at.addr[i]!;
  segment.length = at.length[i]!;
  segment.file = at.file[i] === NONE ? -1 : at.file[i]!;
  segment.offset = at.offset[i]!;
  segment.moved = (bits & Bit.moved) !== 0;
  segments[0] = segment;
  return old;
}

const emptySegment = (): Segment => ({ addr: 0, length: 0, file: -1, offset: -1, moved: false });

const emptyAccess = (): Filled => ({
  number: 0,
  kind: 'memory',
  fromNs: 0,
  toNs: 0,
  write: false,
  meta: false,
  device: -1,
  segments: [],
  task: 0,
  opId: 0,
  row: 0,
  direct: null,
  command: null,
  disk: -1,
});

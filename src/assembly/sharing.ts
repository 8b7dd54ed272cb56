// Which extents are shared, as clones and what comes after them tell it (fs/xfs/xfs_reflink.c): both sides of a clone are; an extent that
// is split keeps it; who is left alone with a block shares it no more, which no event tells.
import type { ByteStore } from '../base/byte-store.js';
import { ExtentMap, Holding, State } from '../extents/extent-map.js';
import { BlockOwners } from './block-owners.js';
import { BlockShares } from './block-shares.js';
import { Change, type MapRow } from './map-log.js';

/** Whose doing it is. */
export type Deed = Pick<MapRow, 'timeNs' | 'opId' | 'task' | 'row'>;

/** A range of a file is shared from now on, or not any more. */
export type TellShared = (by: Deed, file: number, offset: number, length: number, shared: boolean) => void;

/** What one deed takes away and puts back comes within this time. */
const SPLIT_NS = 1_000_000;

/** Blocks that a file gave up: when it is clear what came of them, the others who have them are looked at. */
interface Given {
  readonly by: Deed;
  readonly device: number;
  readonly addr: number;
  readonly length: number;
}

/** What of a device was shared, by address: between files that are known, or with others that nobody knows. */
const KNOWN = State.written;
const FOREIGN = State.unwritten;

export class Sharing {
  readonly #tell: TellShared;
  readonly #zones = new Map<number, ExtentMap>();
  /** Who has blocks of the zones, and what of it was told to be shared, by file. */
  readonly #owners: BlockOwners;
  /** The same by block. */
  readonly #shares = new BlockShares();
  readonly #told = new Map<number, ExtentMap>();
  #given: Given[] = [];

  constructor(store: ByteStore, tell: TellShared) {
    this.#tell = tell;
    this.#owners = new BlockOwners(store);
  }

  /** To be called behind the event of the row. In bytes: `size` of a block, `addr` of the first one. */
  follow(row: MapRow, size: number, addr: number): void {
    if (this.#given.length > 0 && row.timeNs - this.#given[0]!.by.timeNs > SPLIT_NS) this.finish();
    const offset = row.offset * size;
    const length = row.count * size;
    if (row.change === Change.share) {
      if (!(addr >= 0)) return;
      this.#enters(row.device, addr, length, KNOWN);
      this.#has(row.device, row.file, offset, length, addr);
      this.#settleNew(row, row.device, row.file, offset, addr, length);
    } else if (row.change === Change.insert || row.change === Change.learn) this.#maps(row, offset, length, addr);
    else if (row.change === Change.remove) this.#gives(row, offset, length);
    else if (row.change === Change.reset || row.change === Change.unknown || row.change === Change.gone)
      this.#gives(row, 0, Number.POSITIVE_INFINITY, row.change === Change.unknown);
  }

  /** Nothing comes back any more. */
  finish(): void {
    const given = this.#given;
    this.#given = [];
    for (const { by, device, addr, length } of given) this.#settleLeft(by, device, addr, length);
  }

  #maps(row: MapRow, offset: number, length: number, addr: number): void {
    this.#gives(row, offset, length);
    if (row.unwritten || !(addr >= 0)) return;
    if (row.reflinked) {
      this.#enters(row.device, addr, length, FOREIGN);
      this.#has(row.device, row.file, offset, length, addr);
      this.#toldOf(row.file).insert(offset, length, offset, State.written);
    }
    for (const [from, end] of this.#inZone(row.device, addr, length))
      this.#has(row.device, row.file, offset + from - addr, end - from, from);
    this.#settleNew(row, row.device, row.file, offset, addr, length);
  }

  /** What it has there already, at the same place, it has once. */
  #has(device: number, file: number, offset: number, length: number, addr: number): void {
    this.#toldOf(file);
    const map = this.#owners.map(file);
    const end = offset + length;
    let at = offset;
    const adds = (to: number): void => {
      if (to > at) this.#shares.add(device, file, at, addr + at - offset, to - at);
    };
    for (let run = map.seek(offset); run >= 0 && map.offset(run) < end; run = map.next(run)) {
      const from = Math.max(offset, map.offset(run));
      const to = Math.min(end, map.offset(run) + map.length(run));
      const there = map.addr(run) + from - map.offset(run);
      adds(from);
      if (there !== addr + from - offset) {
        this.#shares.drop(device, file, from, there, to - from);
        at = from;
        adds(to);
      }
      at = to;
    }
    adds(end);
    map.insert(offset, length, addr, State.written);
  }

  /** `unseen`: nobody knows what it has from now on. */
  #gives({ device, file, timeNs, opId, task, row }: MapRow, offset: number, length: number, unseen = false): void {
    const told = this.#told.get(file);
    if (told === undefined) return;
    const map = this.#owners.map(file);
    for (let at = map.seek(offset); at >= 0 && map.offset(at) < offset + length; at = map.next(at)) {
      const from = Math.max(offset, map.offset(at));
      const size = Math.min(offset + length, map.offset(at) + map.length(at)) - from;
      const addr = map.addr(at) + from - map.offset(at);
      if (unseen) this.#zone(device).insert(addr, size, addr, FOREIGN);
      this.#shares.drop(device, file, from, addr, size);
      this.#given.push({ by: { timeNs, opId, task, row }, device, addr, length: size });
    }
    map.remove(offset, length);
    told.remove(offset, length);
  }

  /** The file has these blocks of zones from now on: it is told whether it is alone, and who was alone until now that it is not. */
  #settleNew(by: Deed, device: number, file: number, offset: number, addr: number, length: number): void {
    // Neighbours of which the same is told are told as one: others may have cut them into hundreds.
    const own: { offset: number; end: number; shared: boolean }[] = [];
    const others: { file: number; offset: number; length: number }[] = [];
    for (const [from, end, state] of this.#inZone(device, addr, length))
      this.#shares.each(device, from, end - from, (begin, stop, count, all, allOffset) => {
        const at = offset + begin - addr;
        const shared = state === FOREIGN || count > 1;
        const last = own.at(-1);
        if (last?.end === at && last.shared === shared) last.end = at + stop - begin;
        else own.push({ offset: at, end: at + stop - begin, shared });
        if (count !== 2) return;
        others.push({ ...BlockShares.other(begin, all, allOffset, { file, offset: at }), length: stop - begin });
      });
    for (const one of own) this.#is(by, file, one.offset, one.end - one.offset, one.shared);
    for (const one of others) this.#is(by, one.file, one.offset, one.length, true);
  }

  /** Somebody has these blocks of zones no more: who is left alone is told. */
  #settleLeft(by: Deed, device: number, addr: number, length: number): void {
    for (const [from, end, state] of this.#inZone(device, addr, length))
      this.#shares.each(device, from, end - from, (begin, stop, count, file, offset) => {
        if (count === 1) this.#is(by, file, offset, stop - begin, state === FOREIGN);
      });
  }

  /** Tells it where it was not told already. */
  #is(by: Deed, file: number, offset: number, length: number, shared: boolean): void {
    const told = this.#toldOf(file);
    if (told.summary(offset, length) === (shared ? Holding.written : Holding.hole)) return;
    if (shared) told.insert(offset, length, offset, State.written);
    else told.remove(offset, length);
    this.#tell(by, file, offset, length, shared);
  }

  /** What of it is in no zone is in one from now on. */
  #enters(device: number, addr: number, length: number, state: number): void {
    let at = addr;
    for (const [from, end] of [...this.#inZone(device, addr, length), [addr + length, addr + length] as const]) {
      if (from > at) this.#zone(device).insert(at, from - at, at, state);
      at = end;
    }
  }

  /** Begin, end and state of what of the range is in a zone. */
  #inZone(device: number, addr: number, length: number): (readonly [number, number, number])[] {
    const zone = this.#zone(device);
    const found: (readonly [number, number, number])[] = [];
    for (let at = zone.seek(addr); at >= 0 && zone.offset(at) < addr + length; at = zone.next(at)) {
      const end = Math.min(addr + length, zone.offset(at) + zone.length(at));
      found.push([Math.max(addr, zone.offset(at)), end, zone.state(at)]);
    }
    return found;
  }

  #zone(device: number): ExtentMap {
    return made(this.#zones, device);
  }

  #toldOf(file: number): ExtentMap {
    return made(this.#told, file);
  }
}

function made(maps: Map<number, ExtentMap>, key: number): ExtentMap {
  let map = maps.get(key);
  if (map === undefined) {
    map = new ExtentMap();
    maps.set(key, map);
  }
  return map;
}

// The end of assembly: with the file system's numbering of blocks known, the observed map changes are written as events,
// and every device access is led to the file range it touched, by the maps as they were at that time.
import { Flag, Op } from '../model/events.js';
import { NONE, UNKNOWN } from '../model/units.js';
import { BlockOwners } from './block-owners.js';
import type { Context } from './context.js';
import { fileOf } from './context.js';
import type { Access, Segment } from './device-log.js';
import type { MapChange, MapRow } from './map-log.js';
import { DELALLOC } from './map-log.js';
import type { XfsGeometry } from './xfs-geometry.js';

const BLOCK = 4096;
const PAGE = 4096;

/** Address in bytes of a row's first block; -1 for none, NaN when the numbering of blocks does not tell. */
type AddressOf = (row: MapRow) => number;

export function finishMaps(c: Context, geometries: ReadonlyMap<number, XfsGeometry>, endNs: number): void {
  const addressOf: AddressOf = (row) => {
    if (row.block < 0) return UNKNOWN;
    const geometry = geometries.get(row.device);
    return geometry === undefined ? row.block * BLOCK : geometry.linear(row.block) * BLOCK;
  };
  for (const row of c.log.rows) mapEvent(c, row, addressOf(row));
  for (const [device, geometry] of geometries)
    c.sink.issue('xfs-geometry', 0, `device ${device >> 20}:${device & 0xfffff}: ${geometry.describe()}`);
  c.devices.finish(endNs);
  const base = daxBase(c, addressOf);
  if (base !== null)
    c.sink.issue(
      'dax-base',
      0,
      `DAX memory of device ${base.device >> 20}:${base.device & 0xfffff} begins at physical 0x${base.physical.toString(16)} (${base.votes} of ${base.of} faults and accesses agree)`,
    );
  placeAll(c, addressOf, base);
}

const EVENT_OF: Partial<Record<MapChange, number>> = {
  insert: Op.map_insert,
  remove: Op.map_remove,
  seen: Op.map_seen,
  reset: Op.map_reset,
  known: Op.map_known,
  unknown: Op.map_unknown,
  collapse: Op.collapse,
  insertHole: Op.insert,
};

function mapEvent(c: Context, row: MapRow, addr: number): void {
  const op = EVENT_OF[row.change];
  if (op === undefined) return;
  const e = c.events;
  const place = (): void => {
    e.timeNs = row.timeNs;
    e.file = row.file;
    e.task = row.task;
    e.opId = row.opId;
    e.row = row.row;
  };
  if (Number.isNaN(addr)) {
    if (row.change === 'seen') return;
    c.unplaced('block numbers of an allocation group whose place no event tells');
    place();
    e.op = Op.map_unknown;
    e.commit();
  }
  const blind = (row.change === 'reset' || row.change === 'known') && (c.xfs.blind(row.file) || c.ext4.blind(row.file));
  if (blind)
    c.sink.issue(
      'map-events-missing',
      row.row,
      'the recording has no events that tell of every map change of this file system (xfs_iext_insert, xfs_iext_remove, xfs_bmap_pre_update and xfs_bmap_post_update; ext4_es_insert_extent and ext4_es_remove_extent); its maps are guesses',
    );
  place();
  e.op = blind ? Op.map_unknown : op;
  const wholeFile = row.change === 'reset' || row.change === 'known' || row.change === 'unknown';
  e.offset = wholeFile ? 0 : row.offset * BLOCK;
  e.length = wholeFile ? UNKNOWN : row.count * BLOCK;
  e.addr = Number.isNaN(addr) ? row.block * BLOCK : addr;
  // A shift seen in the map is an observation, not the call that asked for it.
  if (row.change === 'collapse' || row.change === 'insertHole') e.flags = Flag.observed;
  if (row.block === DELALLOC) e.flags |= Flag.delalloc;
  if (row.unwritten) e.flags |= Flag.unwritten;
  if (row.reflinked) e.flags |= Flag.reflinked;
  e.commit();
}

/** Applies map rows up to a time; later calls go on from there. */
class Replay {
  readonly owners = new BlockOwners();
  readonly cow = new BlockOwners();
  private readonly rows: readonly MapRow[];
  private readonly addressOf: AddressOf;
  private next = 0;
  /** Physical pages that stood in for a hole. */
  readonly zeroPages = new Set<number>();
  /** Device of each file. */
  readonly deviceOf = new Map<number, number>();

  constructor(rows: readonly MapRow[], addressOf: AddressOf) {
    this.rows = rows;
    this.addressOf = addressOf;
  }

  to(timeNs: number): void {
    while (this.next < this.rows.length && this.rows[this.next]!.timeNs <= timeNs) this.apply(this.rows[this.next++]!);
  }

  private apply(row: MapRow): void {
    const addr = this.addressOf(row);
    const offset = row.offset * BLOCK;
    const length = row.count * BLOCK;
    this.deviceOf.set(row.file, row.device);
    if (row.change === 'insert')
      this.owners.insert(row.device, row.file, offset, length, Number.isNaN(addr) ? UNKNOWN : addr, row.unwritten);
    else if (row.change === 'remove') this.owners.map(row.file).remove(offset, length);
    else if (row.change === 'reset') this.owners.map(row.file).clear();
    else if (row.change === 'cow-insert' && addr >= 0)
      this.cow.insert(row.device, row.file, offset, length, addr, false);
    else if (row.change === 'collapse' || row.change === 'insertHole') {
      const map = this.owners.map(row.file);
      if (row.change === 'collapse') map.collapse(offset, length);
      else map.insertHole(offset, length);
      this.owners.refile(row.device, row.file);
    }
  }
}

interface DaxBase {
  readonly device: number;
  readonly physical: number;
  readonly votes: number;
  readonly of: number;
}

/** Where DAX memory begins: each fault that told a page frame, and each direct I/O into a mapping, votes. */
function daxBase(c: Context, addressOf: AddressOf): DaxBase | null {
  const replay = new Replay(c.log.rows, addressOf);
  const votes = new Map<string, number>();
  let of = 0;
  const vote = (file: number, offset: number, physical: number): void => {
    const addr = replay.owners.map(file).addrAt(offset);
    const device = replay.deviceOf.get(file);
    if (addr < 0 || device === undefined || physical < addr || !c.daxFiles.has(file)) return;
    of++;
    const key = `${device}/${physical - addr}`;
    votes.set(key, (votes.get(key) ?? 0) + 1);
  };
  const seen = c.devices.accesses.filter(
    (a) => a.kind === 'memory' && a.direct?.buffer && (a.segments[0]?.file ?? 0) < 0,
  );
  const hints = c.devices.hints.slice(0, 4096);
  let h = 0;
  for (const a of seen) {
    for (; h < hints.length && hints[h]!.timeNs <= a.fromNs; h++) hint(replay, hints[h]!, vote);
    replay.to(a.fromNs);
    const direct = a.direct!;
    if (direct.covered === 0) vote(fileOf(direct.buffer!), direct.bufferOffset, a.segments[0]!.addr);
    direct.covered += a.segments.reduce((sum, s) => sum + s.length, 0);
  }
  for (; h < hints.length; h++) hint(replay, hints[h]!, vote);
  let best: DaxBase | null = null;
  for (const [key, n] of votes) {
    const [device, physical] = key.split('/').map(Number) as [number, number];
    if (best === null || n > best.votes) best = { device, physical, votes: n, of };
  }
  return best !== null && best.votes * 2 > of ? best : null;
}

function hint(
  replay: Replay,
  h: { timeNs: number; file: number; offset: number; physical: number },
  vote: (file: number, offset: number, physical: number) => void,
): void {
  // The frame goes in just before the map change of the same fault may be logged; a little later is as true.
  replay.to(h.timeNs);
  vote(h.file, h.offset, h.physical);
}

function placeAll(c: Context, addressOf: AddressOf, base: DaxBase | null): void {
  const replay = new Replay(c.log.rows, addressOf);
  const moments = c.devices.accesses.flatMap((access) => [
    { timeNs: access.fromNs, access, begin: true },
    { timeNs: access.toNs, access, begin: false },
  ]);
  moments.sort((a, b) => a.timeNs - b.timeNs);
  for (const a of c.devices.accesses) if (a.direct !== null) a.direct.covered = 0;
  const placed = new Map<Access, Placed[]>();
  for (const { timeNs, access, begin } of moments) {
    replay.to(timeNs);
    if (begin) placed.set(access, place(c, replay, access, base));
    else {
      const parts = placed.get(access) ?? [];
      for (const part of parts) if (!part.moved && !stillThere(replay, part)) part.moved = true;
      accessRows(c, access, parts);
      placed.delete(access);
    }
  }
}

interface Placed extends Segment {
  readonly device: number;
  /** Block address on the device, for places found through the map; -1 else. */
  readonly blockAddr: number;
  readonly byMap: boolean;
  /** The buffer's file has a hole here: the device reads the zero page. */
  readonly hole: boolean;
  /** Blocks behind the cached pages of a direct I/O call's buffer when the access began. */
  readonly blocks: readonly number[] | null;
}

/** Do the pages still stand for the same blocks? DAX memory is the block itself; a cached page of direct I/O has one behind it. */
function stillThere(replay: Replay, p: Placed): boolean {
  if (p.file < 0) return true;
  const map = replay.owners.map(p.file);
  if (p.byMap) return map.addrAt(p.offset) === p.blockAddr;
  return p.blocks === null || p.blocks.every((addr, i) => addr < 0 || map.addrAt(p.offset + i * PAGE) === addr);
}

function place(c: Context, replay: Replay, access: Access, base: DaxBase | null): Placed[] {
  return access.kind === 'memory' ? placeMemory(c, replay, access, base) : placeSectors(c, replay, access);
}

function placeMemory(c: Context, replay: Replay, access: Access, base: DaxBase | null): Placed[] {
  const { deviceAccess } = c.sink;
  const direct = isDirect(replay, access) ? access.direct : null;
  const buffer = direct?.buffer ? fileOf(direct.buffer) : -1;
  const out: Placed[] = [];
  deviceAccess.accesses++;
  // One physical page at several places of one transfer: only the zero page can be that.
  if (buffer >= 0 && base !== null)
    for (const s of access.segments)
      if (access.segments.some((x) => x !== s && x.addr === s.addr)) replay.zeroPages.add(s.addr);
  for (const s of access.segments) {
    const parts = s.file >= 0 ? [pagePart(replay, s, direct !== null)] : daxParts(replay, s, base, buffer, direct);
    const pages = Math.ceil((s.length + (s.addr % PAGE)) / PAGE);
    const named = parts.reduce((sum, p) => sum + (p.file >= 0 ? Math.ceil(p.length / PAGE) : 0), 0);
    deviceAccess.pages += pages;
    deviceAccess.placedPages += Math.min(named, pages);
    if (direct !== null && buffer >= 0) {
      deviceAccess.directPages += pages;
      deviceAccess.directPlacedPages += Math.min(named, pages);
    }
    if (named < pages)
      c.sink.unplaced(
        '4 KiB pages a device touched that belong to no file page (anonymous memory, log and metadata buffers)',
        pages - named,
      );
    if (direct !== null) direct.covered += s.length;
    out.push(...parts);
  }
  return out;
}

/** The memory of the call's own transfer: its command reads or writes the call's file, not metadata or readahead of another. */
function isDirect(replay: Replay, access: Access): boolean {
  const { direct, command, disk } = access;
  if (direct === null || command === null || disk < 0 || replay.deviceOf.get(direct.file) !== disk)
    return direct !== null;
  return replay.owners.owner(disk, command.addr, direct.file)?.file === direct.file;
}

function pagePart(replay: Replay, s: Segment, direct: boolean): Placed {
  const map = replay.owners.map(s.file);
  const blocks = direct
    ? Array.from({ length: Math.ceil(s.length / PAGE) }, (_, i) => map.addrAt(s.offset + i * PAGE))
    : null;
  return { ...s, device: -1, blockAddr: -1, byMap: false, hole: false, blocks };
}

/** Memory of a DAX device: page by page through the block map; what is no block of it may be the zero page of a hole. */
function daxParts(
  replay: Replay,
  s: Segment,
  base: DaxBase | null,
  buffer: number,
  direct: Access['direct'],
): Placed[] {
  const parts: Placed[] = [];
  for (let at = 0; at < s.length; ) {
    const blockAddr = base === null ? -1 : s.addr + at - base.physical;
    const owner = base === null || blockAddr < 0 ? null : replay.owners.owner(base.device, blockAddr, buffer);
    const left = s.length - at;
    if (owner !== null) {
      const length = Math.min(left, owner.length);
      parts.push({
        addr: s.addr + at,
        length,
        file: owner.file,
        offset: owner.offset,
        moved: false,
        device: base!.device,
        blockAddr,
        byMap: true,
        hole: false,
        blocks: null,
      });
      at += length;
      continue;
    }
    const length = Math.min(left, PAGE);
    const offset = buffer >= 0 && direct !== null ? direct.bufferOffset + direct.covered + at : -1;
    const ofDax = offset >= 0 && base !== null && replay.deviceOf.get(buffer) === base.device;
    if (ofDax && replay.owners.map(buffer).addrAt(offset) < 0) replay.zeroPages.add(s.addr + at);
    // A hole was filled between pin and mapping: the device still reads the zero page it was given.
    const hole = ofDax && replay.zeroPages.has(s.addr + at);
    // A page of a page-cache buffer that had left the cache before the device got to it: the call still says what it meant.
    const gone = !hole && offset >= 0 && !ofDax;
    const named = hole || gone;
    parts.push({
      addr: s.addr + at,
      length,
      file: named ? buffer : -1,
      offset: named ? offset : -1,
      moved: false,
      device: -1,
      blockAddr: -1,
      byMap: false,
      hole,
      blocks: null,
    });
    at += length;
  }
  return parts;
}

/** Sectors of a disk through the block maps of the file system on it, or on its partitions. */
function placeSectors(c: Context, replay: Replay, access: Access): Placed[] {
  const s = access.segments[0]!;
  const parts: Placed[] = [];
  const homes: readonly (readonly [number, number])[] = [
    [access.device, 0],
    ...(c.devices.partitions.get(access.device) ?? []),
  ];
  for (let at = 0; at < s.length; ) {
    let hit: Placed | null = null;
    for (const [device, firstSector] of homes) {
      const blockAddr = s.addr + at - firstSector * 512;
      // Blocks of a copy-on-write fork get their data before the file owns them.
      const own = replay.owners.owner(device, blockAddr, -1);
      const owner = own ?? replay.cow.owner(device, blockAddr, -1);
      if (owner === null) continue;
      hit = {
        addr: s.addr + at,
        length: Math.min(s.length - at, owner.length),
        file: owner.file,
        offset: owner.offset,
        moved: false,
        device,
        blockAddr,
        byMap: own !== null,
        hole: false,
        blocks: null,
      };
      break;
    }
    const part = hit ?? {
      addr: s.addr + at,
      length: Math.min(s.length - at, PAGE),
      file: -1,
      offset: -1,
      moved: false,
      device: access.device,
      blockAddr: -1,
      byMap: false,
      hole: false,
      blocks: null,
    };
    if (hit === null)
      c.sink.unplaced(
        '4 KiB blocks of disk requests that belong to no file known (log, metadata, files made before the recording)',
      );
    parts.push(part);
    at += part.length;
  }
  return parts;
}

/** One row per part that leads to a file; a disk request that leads nowhere keeps one row with its address. */
function accessRows(c: Context, access: Access, parts: readonly Placed[]): void {
  const e = c.events;
  const memory = access.kind === 'memory';
  const op = memory ? (access.write ? Op.dma_write : Op.dma_read) : Op.block_io;
  const opId = memory ? e.newId() : access.opId;
  let rows = 0;
  for (const p of parts) {
    if (p.file < 0 && (memory || rows > 0)) continue;
    e.timeNs = access.fromNs;
    e.op = op;
    e.file = p.file < 0 ? NONE : p.file;
    e.task = access.task;
    e.offset = p.offset;
    e.length = p.length;
    e.addr = p.addr;
    e.opId = opId;
    e.latencyNs = access.toNs - access.fromNs;
    e.flags =
      (memory && rows > 0 ? Flag.second : 0) |
      (memory ? (p.byMap || p.hole ? Flag.dax : Flag.pagecache) : access.write ? Flag.write : 0) |
      (p.moved ? Flag.moved : 0) |
      (access.direct !== null ? Flag.direct : 0);
    e.row = access.row;
    e.commit();
    rows++;
  }
}

// Every device access led to the file range it touched, by the maps as they were at that time.
import { Flag, Op } from '../model/events.js';
import { NONE } from '../model/units.js';
import type { Context } from './context.js';
import { fileOf } from './context.js';
import type { DaxBase } from './dax-base.js';
import type { Access, Segment } from './device-log.js';
import { type AddressOf, MapReplay } from './map-replay.js';

const PAGE = 4096;

export function placeAll(c: Context, addressOf: AddressOf, base: DaxBase | null): void {
  const replay = new MapReplay(c.log, addressOf, c.blocks);
  const { accesses } = c.devices;
  accesses.directs.uncover();
  accesses.each({
    begin(access, timeNs, old: Placed[] | null) {
      replay.to(timeNs);
      return access.kind === 'sectors' ? placeSectors(c, replay, access, old ?? []) : place(c, replay, access, base);
    },
    end(access, timeNs, parts) {
      replay.to(timeNs);
      for (const part of parts) if (!part.moved && !stillThere(replay, part)) part.moved = true;
      accessRows(c, access, parts);
    },
  });
}

interface Placed {
  addr: number;
  length: number;
  file: number;
  offset: number;
  moved: boolean;
  device: number;
  /** Block address on the device, for places found through the map; -1 else. */
  blockAddr: number;
  byMap: boolean;
  /** The buffer's file has a hole here: the device reads the zero page. */
  hole: boolean;
  /** Blocks behind the cached pages of a direct I/O call's buffer when the access began. */
  blocks: readonly number[] | null;
}

/** Do the pages still stand for the same blocks? DAX memory is the block itself; a cached page of direct I/O has one behind it. */
function stillThere(replay: MapReplay, p: Placed): boolean {
  if (p.file < 0) return true;
  const map = replay.owners.map(p.file);
  if (p.byMap) return map.addrAt(p.offset) === p.blockAddr;
  return p.blocks === null || p.blocks.every((addr, i) => addr < 0 || map.addrAt(p.offset + i * PAGE) === addr);
}

function place(c: Context, replay: MapReplay, access: Access, base: DaxBase | null): Placed[] {
  return access.kind === 'remote' ? placeRemote(c, access) : placeMemory(c, replay, access, base);
}

/** Memory by an address that leads to no page: counted. */
function placeRemote(c: Context, access: Access): Placed[] {
  const pages = access.segments.reduce((sum, s) => sum + Math.ceil(s.length / PAGE), 0);
  c.sink.deviceAccess.accesses++;
  c.sink.deviceAccess.pages += pages;
  c.sink.unplaced('4 KiB pages a device touched by an address that only the device understands', pages);
  return access.segments.map((s) => ({ ...s, device: -1, blockAddr: -1, byMap: false, hole: false, blocks: null }));
}

function placeMemory(c: Context, replay: MapReplay, access: Access, base: DaxBase | null): Placed[] {
  const { deviceAccess } = c.sink;
  const { directs } = c.devices.accesses;
  const direct = isDirect(replay, access) ? access.direct : null;
  const buffer = direct?.buffer ? fileOf(direct.buffer) : -1;
  const out: Placed[] = [];
  deviceAccess.accesses++;
  // One physical page at several places of one transfer: only the zero page can be that.
  if (buffer >= 0 && base !== null)
    for (const s of access.segments)
      if (access.segments.some((x) => x !== s && x.addr === s.addr)) replay.zeroPages.add(s.addr);
  for (const s of access.segments) {
    // Of the buffer: where this segment of it begins.
    const from = buffer >= 0 && direct !== null ? direct.bufferOffset + directs.covered(direct) : Number.NaN;
    const parts = s.file >= 0 ? [pagePart(replay, s, direct !== null)] : daxParts(replay, s, base, buffer, from);
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
    if (direct !== null) directs.cover(direct, s.length);
    out.push(...parts);
  }
  return out;
}

/** The memory of the call's own transfer: its command reads or writes the call's file, not metadata or readahead of another. */
function isDirect(replay: MapReplay, access: Access): boolean {
  const { direct, command, disk } = access;
  if (direct === null || command === null || disk < 0 || replay.deviceOf.get(direct.file) !== disk)
    return direct !== null;
  return replay.owners.owner(disk, command.addr, direct.file)?.file === direct.file;
}

function pagePart(replay: MapReplay, s: Segment, direct: boolean): Placed {
  const map = replay.owners.map(s.file);
  const blocks = direct
    ? Array.from({ length: Math.ceil(s.length / PAGE) }, (_, i) => map.addrAt(s.offset + i * PAGE))
    : null;
  return { ...s, device: -1, blockAddr: -1, byMap: false, hole: false, blocks };
}

/** Memory of a DAX device: page by page through the block map; what is no block of it may be the zero page of a hole. */
function daxParts(replay: MapReplay, s: Segment, base: DaxBase | null, buffer: number, bufferOffset: number): Placed[] {
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
    const offset = bufferOffset + at;
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

/** Of a request of the kernel (the size of a bio has 32 bits); what is said to be longer comes of damage. */
const MOST_BYTES = 2 ** 32;

/**
 * Sectors of a disk through the block maps of the file system on it, or on its partitions; a run that leads nowhere is one part.
 * `parts` is memory that can be used.
 */
function placeSectors(c: Context, replay: MapReplay, access: Access, parts: Placed[]): Placed[] {
  const s = access.segments[0]!;
  let count = 0;
  /** The last part, while it leads nowhere. */
  let nowhere: Placed | null = null;
  for (let at = 0; at < s.length; ) {
    const part: Placed = parts[count] ?? emptyPart();
    const lost = nowhereBytes(c, replay, access, at, part);
    if (lost > 0)
      c.sink.unplaced(
        '4 KiB blocks of disk requests that belong to no file known (log, metadata, files made before the recording)',
        Math.ceil(lost / PAGE),
      );
    if (lost > 0 && nowhere !== null) {
      nowhere.length += lost;
      at += lost;
      continue;
    }
    if (lost > 0) {
      part.length = lost;
      part.file = -1;
      part.offset = -1;
      part.device = access.device;
      part.blockAddr = -1;
      part.byMap = false;
    }
    part.addr = s.addr + at;
    part.moved = false;
    part.hole = false;
    part.blocks = null;
    parts[count++] = part;
    nowhere = lost > 0 ? part : null;
    at += part.length;
  }
  // A length that is set is a call into the engine, even where it stays as it is.
  if (parts.length > count) parts.length = count;
  return parts;
}

/** Bytes of the request from `at` on that are of no file known; 0: `part` is what lies there. */
function nowhereBytes(c: Context, replay: MapReplay, access: Access, at: number, part: Placed): number {
  const s = access.segments[0]!;
  const left = s.length - at;
  if (at >= MOST_BYTES) return left;
  if (sectorPart(replay, s, at, access.device, 0, part)) return 0;
  let free = freeBytes(replay, access.device, s.addr + at);
  const partitions = c.devices.disks.partitions.get(access.device);
  if (partitions !== undefined)
    for (const [device, firstSector] of partitions) {
      if (sectorPart(replay, s, at, device, firstSector, part)) return 0;
      free = Math.min(free, freeBytes(replay, device, s.addr + at - firstSector * 512));
    }
  return free < left ? Math.min(left, Math.max(PAGE, free - (free % PAGE))) : left;
}

/** Of no file known from there on: discards are of gigabytes. */
const freeBytes = ({ owners, cow }: MapReplay, device: number, addr: number): number =>
  Math.min(owners.freeUntil(device, addr), cow.freeUntil(device, addr)) - addr;

/** What lies at `at` bytes of a segment, where that is on a device that begins at a sector of the disk; false for nothing known. */
function sectorPart(
  replay: MapReplay,
  s: Segment,
  at: number,
  device: number,
  firstSector: number,
  part: Placed,
): boolean {
  const blockAddr = s.addr + at - firstSector * 512;
  // Blocks of a copy-on-write fork get their data before the file owns them.
  const own = replay.owners.owner(device, blockAddr, -1);
  const owner = own ?? replay.cow.owner(device, blockAddr, -1);
  if (owner === null) return false;
  part.length = Math.min(s.length - at, owner.length);
  part.file = owner.file;
  part.offset = owner.offset;
  part.device = device;
  part.blockAddr = blockAddr;
  part.byMap = own !== null;
  return true;
}

const emptyPart = (): Placed => ({
  addr: 0,
  length: 0,
  file: -1,
  offset: -1,
  moved: false,
  device: -1,
  blockAddr: -1,
  byMap: false,
  hole: false,
  blocks: null,
});

/** One row per part that leads to a file; what leads nowhere keeps one row with its address. */
function accessRows(c: Context, access: Access, parts: readonly Placed[]): void {
  const e = c.events;
  const memory = access.kind !== 'sectors';
  const op = memory ? (access.write ? Op.dma_write : Op.dma_read) : Op.block_io;
  const opId = memory ? e.newId() : access.opId;
  const nowhere = parts.every((p) => p.file < 0);
  let rows = 0;
  for (const p of parts) {
    if (p.file < 0 && (rows > 0 || (memory && !nowhere))) continue;
    e.timeNs = access.fromNs;
    e.op = op;
    e.file = p.file < 0 ? NONE : p.file;
    e.task = access.task;
    e.offset = p.offset;
    e.length = memory && nowhere ? access.segments.reduce((sum, s) => sum + s.length, 0) : p.length;
    e.addr = p.addr;
    e.opId = opId;
    e.latencyNs = access.toNs - access.fromNs;
    e.flags =
      (memory && rows > 0 ? Flag.second : 0) |
      (memory ? (nowhere ? 0 : p.byMap || p.hole ? Flag.dax : Flag.pagecache) : access.write ? Flag.write : 0) |
      (p.moved ? Flag.moved : 0) |
      (access.meta ? Flag.meta : 0) |
      (access.direct !== null ? Flag.direct : 0);
    e.row = access.row;
    e.commit();
    rows++;
  }
}

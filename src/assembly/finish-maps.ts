// The end of assembly: with the file system's numbering of blocks known, the observed map changes are written as events.
import { deviceText } from '../base/device-name.js';
import { type EventWriter, Flag, Op } from '../model/events.js';
import { UNKNOWN } from '../model/units.js';
import type { Context } from './context.js';
import { daxBase } from './dax-base.js';
import { Change, DELALLOC, HOLE, type MapRow } from './map-log.js';
import type { AddressOf } from './map-replay.js';
import { placeAll } from './places.js';
import { type Deed, Sharing } from './sharing.js';
import { UnseenWriteback } from './unseen-writeback.js';
import type { XfsGeometry } from './xfs-geometry.js';

export function finishMaps(c: Context, geometries: ReadonlyMap<number, XfsGeometry>, endNs: number): void {
  for (const [device, geometry] of geometries) {
    const elected = geometry.isOpen ? c.votes.elect(device, c.blocks.bytes(device)) : null;
    if (elected !== null) geometry.elected(elected);
  }
  // Most rows are of the device of the one before.
  let lastDevice = Number.NaN;
  let geometry: XfsGeometry | undefined;
  const addressOf: AddressOf = (row) => {
    if (row.block < 0) return UNKNOWN;
    if (row.device !== lastDevice) geometry = geometries.get(row.device);
    lastDevice = row.device;
    const isNumbered = geometry !== undefined && row.change !== Change.iomap;
    return (isNumbered ? geometry!.linear(row.block) : row.block) * c.blocks.unitOf(row);
  };
  tellEach(c, 'block-size', [...c.log.devices], (device) => c.blocks.describe(device));
  const unseen = c.sink.sources.some(({ ofTasks }) => ofTasks === true) ? new UnseenWriteback(c) : null;
  const sharing = c.log.hasShared ? new Sharing(c.log.store, (...told) => sharedEvent(c, ...told)) : null;
  for (const row = c.log.all(); row.next(); ) {
    const addr = addressOf(row);
    mapEvent(c, row, addr);
    unseen?.follow(row);
    sharing?.follow(row, c.blocks.unitOf(row), addr);
  }
  sharing?.finish();
  tellEach(c, 'xfs-geometry', [...geometries.keys()], (device) => geometries.get(device)!.describe());
  c.devices.finish(endNs);
  const base = daxBase(c, addressOf);
  if (base !== null)
    c.sink.issue(
      'dax-base',
      0,
      `DAX memory of device ${deviceText(base.device)} begins at physical 0x${base.physical.toString(16)} (${base.votes} of ${base.of} faults and accesses agree)`,
    );
  placeAll(c, addressOf, base);
}

/** One issue for all devices: of several with one code, the first text only is kept. */
function tellEach(c: Context, code: string, devices: readonly number[], describe: (device: number) => string): void {
  const texts = devices.flatMap((device) => {
    const text = describe(device);
    return text === '' ? [] : [`device ${deviceText(device)}: ${text}`];
  });
  if (texts.length > 0) c.sink.issue(code, 0, texts.join('; '));
}

/** By change; none for those of a copy-on-write fork. */
const EVENT_OF: (number | undefined)[] = new Array(Object.keys(Change).length).fill(undefined);
EVENT_OF[Change.insert] = Op.map_insert;
EVENT_OF[Change.learn] = Op.extent;
EVENT_OF[Change.iomap] = Op.extent;
EVENT_OF[Change.remove] = Op.map_remove;
EVENT_OF[Change.seen] = Op.map_seen;
EVENT_OF[Change.reset] = Op.map_reset;
EVENT_OF[Change.known] = Op.map_known;
EVENT_OF[Change.unknown] = Op.map_unknown;
EVENT_OF[Change.collapse] = Op.collapse;
EVENT_OF[Change.insertHole] = Op.insert;

/** What adds extents to a map. */
const ADDS = new Uint8Array(EVENT_OF.length);
for (const change of [Change.insert, Change.learn, Change.iomap]) ADDS[change] = 1;

function mapEvent(c: Context, row: MapRow, addr: number): void {
  const op = EVENT_OF[row.change];
  if (op === undefined) return;
  const e = c.events;
  if (Number.isNaN(addr)) {
    if (row.change === Change.seen) return;
    isUnknown(c, row, 'block numbers of an allocation group whose place no event tells');
  }
  const blind =
    (row.change === Change.reset || row.change === Change.known) && (c.xfs.blind(row.file) || c.ext4.blind(row.file));
  if (blind)
    c.sink.issue(
      'map-events-missing',
      row.row,
      'the recording has no events that tell of every map change of this file system (xfs_iext_insert, xfs_iext_remove, xfs_bmap_pre_update and xfs_bmap_post_update; ext4_es_insert_extent and ext4_es_remove_extent); its maps are guesses',
    );
  const block = c.blocks.unitOf(row);
  if (ADDS[row.change] === 1 && row.block !== HOLE && (row.offset + row.count) * block > Number.MAX_SAFE_INTEGER)
    return isUnknown(c, row, 'blocks of a file behind 2^53 bytes, which no number here holds');
  const guess = (row.change === Change.reset || row.change === Change.known) && !c.blocks.tells(row.device);
  placeRow(e, row);
  const isHole = row.change === Change.iomap && row.block === HOLE;
  e.op = blind || guess ? Op.map_unknown : isHole ? Op.map_remove : op;
  const wholeFile = row.change === Change.reset || row.change === Change.known || row.change === Change.unknown;
  e.offset = wholeFile ? 0 : row.offset * block;
  e.length = wholeFile ? UNKNOWN : row.count * block;
  e.addr = Number.isNaN(addr) ? row.block * block : addr;
  // A shift seen in the map is an observation, not the call that asked for it.
  if (row.change === Change.collapse || row.change === Change.insertHole) e.flags = Flag.observed;
  if (row.block === DELALLOC) e.flags |= Flag.delalloc;
  if (row.unwritten) e.flags |= Flag.unwritten;
  if (row.reflinked) e.flags |= Flag.reflinked;
  e.commit();
}

/** What the row tells has no place in the map: the rest of it is not the whole. */
function isUnknown(c: Context, row: MapRow, cause: string): void {
  c.unplaced(cause);
  placeRow(c.events, row);
  c.events.op = Op.map_unknown;
  c.events.commit();
}

function sharedEvent(c: Context, by: Deed, file: number, offset: number, length: number, shared: boolean): void {
  const e = c.events;
  placeRow(e, { ...by, file });
  e.op = Op.map_convert;
  e.offset = offset;
  e.length = length;
  e.flags = shared ? Flag.reflinked : 0;
  e.commit();
}

function placeRow(e: EventWriter, row: Deed & Pick<MapRow, 'file'>): void {
  e.timeNs = row.timeNs;
  e.file = row.file;
  e.task = row.task;
  e.opId = row.opId;
  e.row = row.row;
}

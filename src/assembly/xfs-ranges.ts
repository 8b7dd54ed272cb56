// Which range a change of XFS is about that no call in the trace tells of: what follows of it tells, bytes that are zeroed, blocks that
// are unmapped, mapped or moved. Of an allocation these are the blocks that were not there before.
import { changeUnder, own } from './announced.js';
import type { Context } from './context.js';
import { type Handler, told } from './handler.js';
import type { AnnouncedChange, Thread } from './state.js';
import { isAttr, isCow, xfsState } from './xfs-map.js';

export function covers(change: AnnouncedChange, fromBytes: number, toBytes: number): void {
  const isFirst = change.offset < 0;
  const start = isFirst ? fromBytes : Math.min(change.offset, fromBytes);
  const end = isFirst ? toBytes : Math.max(change.offset + change.length, toBytes);
  change.offset = start;
  change.length = end - start;
}

/** Bytes that are zeroed or looked at for it: exact, but not behind the end of file. */
const zeroes =
  (place: number): Handler =>
  (c, t, v) => {
    if (t.xfsSpace.measure !== 'taken' || !(v[place + 1]! > 0)) return;
    const change = changeUnder(c, t, v);
    if (change !== null) covers(change, v[place]!, v[place]! + v[place + 1]!);
  };

/** dev ino fileoff fsbcount: the whole blocks of it. */
const unmaps: Handler = (c, t, v) => {
  if (t.xfsSpace.measure !== 'taken' || !(v[3]! > 0)) return;
  const change = changeUnder(c, t, v);
  const block = c.blocks.bytes(v[0]!);
  if (change !== null) covers(change, v[2]! * block, (v[2]! + v[3]!) * block);
};

/** dev ino state startoff startblock count of a record of the file's own map. */
const record =
  (take: (c: Context, t: Thread, change: AnnouncedChange, v: Float64Array) => void): Handler =>
  (c, t, v) => {
    const { measure } = t.xfsSpace;
    if ((measure !== 'mapped' && measure !== 'moved') || !t.change.pending) return;
    const state = told(c, c.stateBits, v[2]!, xfsState);
    const change = isAttr(state) || isCow(state) ? null : changeUnder(c, t, v);
    if (change !== null) take(c, t, change, v);
  };

const keeps = record((_c, { xfsSpace }, _change, v) => {
  xfsSpace.old.push([v[3]!, v[3]! + v[5]!]);
});

/** A neighbour that is joined to what is mapped anew; what goes from behind the end of file before an insert is not moved. */
const joins = record((_c, { xfsSpace }, _change, v) => {
  if (xfsSpace.measure === 'mapped') xfsSpace.old.push([v[3]!, v[3]! + v[5]!]);
});

const updates = record((c, { xfsSpace }, change, v) => {
  const block = c.blocks.bytes(v[0]!);
  const { old } = xfsSpace;
  xfsSpace.old = [];
  let [from, to] = [v[3]!, v[3]! + v[5]!];
  if (xfsSpace.measure === 'moved') {
    const first = old[0]?.[0];
    if (first !== undefined && first !== from) lowest(change, first * block);
    return;
  }
  for (const [start, end] of old) {
    if (start <= from && from < end) from = end;
    if (start < to && to <= end) to = start;
  }
  if (to > from) covers(change, from * block, to * block);
});

/** Blocks are mapped anew; for an insert a record is cut in two where it begins. */
const maps = record((c, { xfsSpace }, change, v) => {
  const block = c.blocks.bytes(v[0]!);
  if (xfsSpace.measure === 'moved') lowest(change, v[3]! * block);
  else covers(change, v[3]! * block, (v[3]! + v[5]!) * block);
});

/** Records move from the last one down to where the hole begins. */
function lowest(change: AnnouncedChange, fromBytes: number): void {
  change.offset = change.offset < 0 ? fromBytes : Math.min(change.offset, fromBytes);
}

/** By event name. */
export const XFS_RANGES: Readonly<Record<string, Handler>> = {
  iomap_iter: own(zeroes(2)),
  iomap_apply: own(zeroes(2)),
  xfs_iomap_found: own(zeroes(3)),
  xfs_bunmap: own(unmaps),
  xfs_iext_insert: own(maps),
  xfs_iext_remove: own(joins),
  xfs_bmap_pre_update: own(keeps),
  xfs_bmap_post_update: own(updates),
};

// A piece of a block map as plain rows, for cards and snapshots.
import { type ExtentMap, State } from '../extents/extent-map.js';

export interface ExtentView {
  readonly offset: number;
  readonly length: number;
  readonly addr: number;
  /** State bits of the extent map. */
  readonly state: number;
}

/** A view as plain numbers, four an extent: thousands are kept for the reader of a replay, and most are never looked at. */
export type FlatView = readonly number[];
const FIELDS = 4;

/** Extents that touch [offset, offset + length), at most `most` of them. */
export function flatViewOf(
  map: ExtentMap | undefined,
  offset: number,
  length: number,
  most = Number.POSITIVE_INFINITY,
): FlatView {
  const view: number[] = [];
  if (map === undefined) return view;
  const end = offset + length;
  for (let at = map.seek(offset); at >= 0 && map.offset(at) < end && view.length < FIELDS * most; at = map.next(at)) {
    const state = map.state(at);
    view.push(map.offset(at), map.length(at), (state & 3) === State.delalloc ? -1 : map.addr(at), state);
  }
  return view;
}

export function extentsOf(view: FlatView): ExtentView[] {
  return Array.from({ length: view.length / FIELDS }, (_, i) => {
    const at = FIELDS * i;
    return { offset: view[at]!, length: view[at + 1]!, addr: view[at + 2]!, state: view[at + 3]! };
  });
}

/** Extents that touch [offset, offset + length). */
export const viewOf = (map: ExtentMap | undefined, offset: number, length: number): ExtentView[] =>
  extentsOf(flatViewOf(map, offset, length));

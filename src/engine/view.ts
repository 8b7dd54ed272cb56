// A piece of a block map as plain rows, for cards and snapshots.
import { type ExtentMap, State } from '../extents/extent-map.js';

export interface ExtentView {
  readonly offset: number;
  readonly length: number;
  readonly addr: number;
  /** State bits of the extent map. */
  readonly state: number;
}

/** Extents that touch [offset, offset + length), at most `most` of them. */
export function viewOf(
  map: ExtentMap | undefined,
  offset: number,
  length: number,
  most = Number.POSITIVE_INFINITY,
): ExtentView[] {
  const view: ExtentView[] = [];
  if (map === undefined) return view;
  for (
    let at = map.seek(offset);
    at >= 0 && map.offset(at) < offset + length && view.length < most;
    at = map.next(at)
  ) {
    const state = map.state(at);
    view.push({
      offset: map.offset(at),
      length: map.length(at),
      addr: (state & 3) === State.delalloc ? -1 : map.addr(at),
      state,
    });
  }
  return view;
}

// A piece of a block map as plain rows, for cards and snapshots.
import { type ExtentMap, State } from '../extents/extent-map.js';

export interface ExtentView {
  readonly offset: number;
  readonly length: number;
  readonly addr: number;
  /** State bits of the extent map. */
  readonly state: number;
}

/** Numbers of an extent. */
const FIELDS = 4;
/** Numbers of a page. */
const PAGE = 2 ** 16;

/** A view of nothing. */
export const NO_VIEW = 0;

/**
 * Views that are kept for the reader of a replay: thousands, most of which are never looked at, so that they lie in pages and not in
 * objects that a garbage collector has to go through again and again.
 */
export class Views {
  /** Of each view: how many extents it has, and they, by `FIELDS`. A view begins and ends in one page. */
  readonly pages: Float64Array<ArrayBuffer>[] = [];
  private used = PAGE;

  /** Extents that touch [offset, offset + length), at most `most` of them; returns what they are found by. */
  keep(map: ExtentMap | undefined, offset: number, length: number, most: number): number {
    if (map === undefined) return NO_VIEW;
    if (this.used + 1 + FIELDS * most > PAGE) {
      this.pages.push(new Float64Array(PAGE));
      this.used = 0;
    }
    const page = this.pages[this.pages.length - 1]!;
    const begin = this.used;
    const many = write(page, begin + 1, map, offset, length, most);
    page[begin] = many;
    this.used = begin + 1 + FIELDS * many;
    return (this.pages.length - 1) * PAGE + begin + 1;
  }
}

/** What is found by a number that `Views.keep` gave. */
export function viewIn(pages: readonly Float64Array[], view: number): ExtentView[] {
  if (view === NO_VIEW) return [];
  const page = pages[Math.floor((view - 1) / PAGE)]!;
  const begin = (view - 1) % PAGE;
  return Array.from({ length: page[begin]! }, (_, i) => {
    const at = begin + 1 + FIELDS * i;
    return { offset: page[at]!, length: page[at + 1]!, addr: page[at + 2]!, state: page[at + 3]! };
  });
}

function write(
  into: Float64Array,
  place: number,
  map: ExtentMap,
  offset: number,
  length: number,
  most: number,
): number {
  const end = offset + length;
  let many = 0;
  for (let at = map.seek(offset); many < most && at >= 0 && map.offset(at) < end; at = map.next(at)) {
    const to = place + FIELDS * many++;
    into[to] = map.offset(at);
    into[to + 1] = map.length(at);
    into[to + 2] = addrAt(map, at);
    into[to + 3] = map.state(at);
  }
  return many;
}

/** Extents that touch [offset, offset + length). */
export function viewOf(map: ExtentMap | undefined, offset: number, length: number): ExtentView[] {
  const view: ExtentView[] = [];
  if (map === undefined) return view;
  const end = offset + length;
  for (let at = map.seek(offset); at >= 0 && map.offset(at) < end; at = map.next(at))
    view.push({ offset: map.offset(at), length: map.length(at), addr: addrAt(map, at), state: map.state(at) });
  return view;
}

const addrAt = (map: ExtentMap, at: number): number => ((map.state(at) & 3) === State.delalloc ? -1 : map.addr(at));

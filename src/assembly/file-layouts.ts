// Which blocks each file has now, in file system blocks: for what the kernel does with blocks whose numbers its events do not
// tell. It is made from the log when it is first asked for, and follows it from then on: few recordings need it.
import { ExtentMap, State } from '../extents/extent-map.js';
import { Change, type LoggedChange, type MapLog } from './map-log.js';

/** A run of blocks that continue each other, of one state. */
export interface Run {
  readonly offset: number;
  readonly count: number;
  readonly block: number;
  readonly unwritten: boolean;
}

export class FileLayouts {
  readonly #maps = new Map<number, ExtentMap>();

  /** `lostNs`: what the log says up to then is not sure any more. */
  constructor(log: MapLog, lostNs: number) {
    for (const row = log.changes(); row.next(); ) if (row.timeNs > lostNs) this.apply(row);
    log.follower = this;
  }

  apply({ change, file, offset, count, block, unwritten }: LoggedChange): void {
    const map = this.#map(file);
    if (change === Change.insert || change === Change.learn)
      map.insert(offset, count, Math.max(block, -1), block < 0 ? State.delalloc : stateOf(unwritten));
    else if (change === Change.remove) map.remove(offset, count);
    else if (change === Change.reset || change === Change.unknown) map.clear();
    else if (change === Change.collapse) map.collapse(offset, count);
    else if (change === Change.insertHole) map.insertHole(offset, count);
  }

  /** What begins at this block, as far as it goes and no farther than `count`; null where no block is. */
  runAt(file: number, offset: number, count: number): Run | null {
    const map = this.#map(file);
    const at = map.seek(offset);
    if (at < 0 || map.offset(at) > offset || map.addr(at) < 0) return null;
    const skipped = offset - map.offset(at);
    return {
      offset,
      count: Math.min(count, map.length(at) - skipped),
      block: map.addr(at) + skipped,
      unwritten: map.state(at) === State.unwritten,
    };
  }

  #map(file: number): ExtentMap {
    let map = this.#maps.get(file);
    if (map === undefined) {
      map = new ExtentMap(1);
      this.#maps.set(file, map);
    }
    return map;
  }
}

const stateOf = (unwritten: boolean): number => (unwritten ? State.unwritten : State.written);

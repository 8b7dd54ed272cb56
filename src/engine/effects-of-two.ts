// How operations on two ranges change block maps: clones, whose blocks are shared from then on, and exchanges.
import { type ExtentMap, State } from '../extents/extent-map.js';
import type { EventColumns } from '../model/events.js';
import type { FileStates } from './file-states.js';

const BLOCK = 4096;
const up = (bytes: number): number => Math.ceil(bytes / BLOCK) * BLOCK;

export class EffectsOfTwo {
  private readonly c: EventColumns;
  private readonly files: FileStates;

  constructor(columns: EventColumns, files: FileStates) {
    this.c = columns;
    this.files = files;
  }

  /** Clone: the target gets the source's blocks, and both are shared from now on. */
  share(source: number, target: number): void {
    const { c, files } = this;
    const from = files.map(c.file[source]!);
    const to = files.map(c.file[target]!);
    const start = Math.max(0, c.offset[source]!);
    const at = Math.max(0, c.offset[target]!);
    const size = files.sizeOf(c.file[source]!);
    const length = c.length[source]! > 0 ? c.length[source]! : Math.max(from.end, up(size)) - start;
    if (length <= 0) return;
    const parts = partsOf(from, start, length);
    to.remove(at, length);
    for (let i = 0; i < parts.length; i += 4) {
      const state = parts[i + 3]! | State.reflinked;
      to.insert(at + parts[i]! - start, parts[i + 1]!, parts[i + 2]!, state);
      from.convert(parts[i]!, parts[i + 1]!, state);
    }
    files.changed(c.file[target]!);
    const end = at + (c.length[source]! > 0 || size < 0 ? length : size - start);
    if (files.sizeOf(c.file[target]!) < end) files.setSize(c.file[target]!, end);
  }

  /** Two ranges change places; without a length, two files with all they have. */
  swap(first: number, second: number): void {
    const { c, files } = this;
    const a = c.file[first]!;
    const b = c.file[second]!;
    const length = c.length[first]!;
    files.changed(a);
    files.changed(b);
    if (length < 0) {
      files.swap(a, b);
      return;
    }
    const ofA = Math.max(0, c.offset[first]!);
    const ofB = Math.max(0, c.offset[second]!);
    const partsA = partsOf(files.map(a), ofA, length);
    const partsB = partsOf(files.map(b), ofB, length);
    files.map(a).remove(ofA, length);
    files.map(b).remove(ofB, length);
    put(files.map(a), ofA - ofB, partsB);
    put(files.map(b), ofB - ofA, partsA);
  }
}

/** Extents with an address in a range, cut to it: offset, length, address, state. */
function partsOf(map: ExtentMap, offset: number, length: number): number[] {
  const parts: number[] = [];
  for (let e = map.seek(offset); e >= 0 && map.offset(e) < offset + length; e = map.next(e)) {
    const lo = Math.max(offset, map.offset(e));
    const hi = Math.min(offset + length, map.offset(e) + map.length(e));
    if (map.addr(e) >= 0) parts.push(lo, hi - lo, map.addr(e) + lo - map.offset(e), map.state(e));
  }
  return parts;
}

function put(map: ExtentMap, shift: number, parts: readonly number[]): void {
  for (let i = 0; i < parts.length; i += 4) map.insert(parts[i]! + shift, parts[i + 1]!, parts[i + 2]!, parts[i + 3]!);
}

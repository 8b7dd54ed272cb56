// The block map of one version of a file, or of several: it is copied when one of them changes it first.
import type { Arena } from '../extents/arena.js';
import { ExtentMap } from '../extents/extent-map.js';

/** Bytes of a block of all these maps. */
export const UNIT = 4096;
const NONE = -1;

export interface Heads {
  /** By version: place of the head of its map in the arena; -1 where there is no map, or a wide one. */
  at: Int32Array;
}

export const headOf = (map: SharedMap | null): number => (map === null || map.isWide ? NONE : map.head);

/** A block map, and how many versions have it: more than one until one of them changes it. */
export class SharedMap extends ExtentMap {
  users = 1;
  /** The version that changed it last: the only one that has it when it changes. */
  version = NONE;
  private readonly heads: Heads;

  constructor(arena: Arena, heads: Heads) {
    super(UNIT, arena);
    this.heads = heads;
  }

  override copy(): SharedMap {
    const twin = new SharedMap(this.arena, this.heads);
    twin.become(this);
    return twin;
  }

  protected override widen(unit: number): void {
    super.widen(unit);
    this.heads.at[this.version] = NONE;
  }

  /** A version less has it; the last one gives its room back. */
  leave(): void {
    if (--this.users === 0) this.dissolve();
  }
}

// Extent records of one fork in memory, sorted by their first block.

export interface Extent {
  off: number;
  count: number;
  block: number;
  unwritten: boolean;
  /** Known from a look-up, which may have shown a part of the record only. */
  learned: boolean;
}

/** Index of the last record that starts before `off`; -1. */
export function lastBefore(list: readonly Extent[], off: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (list[mid]!.off < off) low = mid + 1;
    else high = mid;
  }
  return low - 1;
}

/** Index of the record that starts at `off`; -1. */
export function exact(list: readonly Extent[], off: number): number {
  const at = lastBefore(list, off) + 1;
  return list[at]?.off === off ? at : -1;
}

/** Is there a record of this block? */
export function covered(list: readonly Extent[], off: number): boolean {
  const at = exact(list, off) >= 0 ? exact(list, off) : lastBefore(list, off);
  const e = list[at];
  return e !== undefined && e.off <= off && e.off + e.count > off;
}

/** It takes the place of one that starts at the same block. */
export function place(list: Extent[], extent: Extent): void {
  const at = lastBefore(list, extent.off) + 1;
  list.splice(at, list[at]?.off === extent.off ? 1 : 0, extent);
}

// What the extents of a block map are, and what a range of one holds.
/**
 * State of an extent: one of the first three, which are those of XFS (fs/xfs/libxfs/xfs_bmap.h: XFS_EXT_NORM,
 * XFS_EXT_UNWRITTEN, DELAYSTARTBLOCK), plus the bit `reflinked` (blocks shared with another file or range).
 */
export const State = { written: 0, unwritten: 1, delalloc: 2, reflinked: 4 } as const;

/** Bits of `summary`. `reflinked` is written and shared (a write copies), `written` is written and not shared. */
export const Holding = { written: 1, unwritten: 2, hole: 4, reflinked: 8, delalloc: 16 } as const;

/** Holding by state; 0 marks what is no state. Only written data is worth telling shared from not shared. */
export const HOLDING = Uint8Array.of(1, 2, 16, 0, 8, 2, 16, 0);

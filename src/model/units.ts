// The two units of sealtrace. Everything else is converted in `formats` on the way in or in `report` on the way out.

/** Exact non-negative integer of bytes, 0 .. 2^53-1. */
export type Bytes = number;
/** Exact integer of nanoseconds, relative to the trace's origin. */
export type Nanos = number;

/** "Not known" in a bytes, address or duration column. */
export const UNKNOWN = -1;
/** "Not known" in the result column, whose known values are 0 and negative errnos. */
export const UNKNOWN_RESULT = 32767;
/** "None" in an unsigned id column. */
export const NONE = 0xffffffff;

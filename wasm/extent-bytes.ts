// The calls of a block map in bytes, as JavaScript has them: floating-point numbers that are whole. Behind src/extents/narrow.ts in its kernel.

/** Say of a call: it is none of the usual ones; nothing was changed. */
const UNUSUAL: f64 = -2;
const NOT_DONE: i32 = -1;

/** From here on a floating-point number has no fraction: what is added to it is in its low bits. */
const WHOLE: f64 = 4503599627370496;
/** Exponent of a number whose lowest bit counts ones. */
const ONES: i64 = 1075;

/** Longest offset in blocks, and highest address. */
const OFFSET_LIMIT: i64 = 536870911;
const ADDR_LIMIT: i64 = 2147483647;

/** A number whose lowest bit counts blocks of 2^shift: added to it and taken away again, whole blocks only stay what they are. */
// @inline
function blockBase(shift: i32): f64 {
  return reinterpret<f64>((ONES + i64(shift)) << 52);
}

// @inline
function blocksIn(sum: f64, base: f64): i64 {
  return reinterpret<i64>(sum) - reinterpret<i64>(base);
}

/** hot: device address of a byte, or -1. */
export function addrAt(words: Words, head: i32, shift: i32, offset: f64): f64 {
  const byte = reinterpret<i64>(offset + WHOLE) - reinterpret<i64>(WHOLE);
  const block = u64(byte) >> u64(shift);
  if (f64(byte) !== offset || block > u64(ADDR_LIMIT)) return UNUSUAL;
  const addr = i64(addrIn(words, head, i32(block)));
  // -1 whatever the byte, and without a branch: holes are where nobody expects them.
  return f64(((addr << i64(shift)) + (byte - i64(block << u64(shift)))) | (addr >> 63));
}

/** hot: maps a range that has an address. */
export function mapAt(words: Words, head: i32, shift: i32, offset: f64, length: f64, addr: f64, state: i32): i32 {
  const base = blockBase(shift);
  const from = offset + base;
  const many = length + base;
  const to = addr + base;
  const key = blocksIn(from, base);
  const size = blocksIn(many, base);
  const target = blocksIn(to, base);
  if (
    from - base !== offset ||
    many - base !== length ||
    to - base !== addr ||
    (key | target | size | (size - 1) | (OFFSET_LIMIT - key - size) | (ADDR_LIMIT - target - size)) < 0
  )
    return NOT_DONE;
  return mapIn(words, head, i32(key), i32(size), i32(target), state);
}

/** hot: empties a range. */
export function cutAt(words: Words, head: i32, shift: i32, offset: f64, length: f64): i32 {
  const base = blockBase(shift);
  const from = offset + base;
  const many = length + base;
  const key = blocksIn(from, base);
  const size = blocksIn(many, base);
  if (from - base !== offset || many - base !== length || (key | size | (size - 1) | (OFFSET_LIMIT - key - size)) < 0)
    return NOT_DONE;
  return cutIn(words, head, i32(key), i32(key + size));
}

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

// @inline
function shiftOf(words: Words, head: i32): i32 {
  return words[head + FORM] >> SHIFT;
}

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
export function addrAt(words: Words, head: i32, offset: f64): f64 {
  const byte = reinterpret<i64>(offset + WHOLE) - reinterpret<i64>(WHOLE);
  if (f64(byte) !== offset) return UNUSUAL;
  const shift = i64(shiftOf(words, head));
  const whole = u64(byte) >> u64(shift);
  // Nothing is mapped there, nor below 0.
  if (whole > u64(ADDR_LIMIT)) return -1;
  const block = i32(whole);
  const place = placeIn(words, head, block);
  if (place < 0) return -1;
  const body = bodyAt(words, head, place);
  const key = words[place];
  // -1 whatever the byte, and without a branch: holes are where nobody expects them.
  return f64((byte + (i64(words[body + 1] - key) << shift)) | i64(noneHere(words, body, block - key)));
}

/** hot: maps a range that has an address. */
export function mapAt(words: Words, head: i32, offset: f64, length: f64, addr: f64, state: i32): i32 {
  const base = blockBase(shiftOf(words, head));
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
export function cutAt(words: Words, head: i32, offset: f64, length: f64): i32 {
  const base = blockBase(shiftOf(words, head));
  const from = offset + base;
  const many = length + base;
  const key = blocksIn(from, base);
  const size = blocksIn(many, base);
  if (from - base !== offset || many - base !== length || (key | size | (size - 1) | (OFFSET_LIMIT - key - size)) < 0)
    return NOT_DONE;
  return cutIn(words, head, i32(key), i32(key + size));
}

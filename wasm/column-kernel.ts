// Loops over whole columns, compiled to WebAssembly (AssemblyScript; scripts/kernels.mjs): what values a column holds, the same
// values in another type, and the order that sorts them. Each column is copied to IN; what comes of it is at OUT or RESULT.

/** Rows at once. */
export const ROWS: i32 = 65536;
/** Least and greatest value, and the bits that are set in any. */
export const RESULT: i32 = 64;
export const IN: i32 = 1024;
export const OUT: i32 = IN + ROWS * 8;
/** Orders are made here, and end at OUT. */
const SPARE: i32 = OUT + ROWS * 8;
export const END: i32 = SPARE + ROWS * 8;

const NONE: u32 = 0xffffffff;
/** The low 31 bits. */
const LOW_BITS: i64 = 0x7fffffff;

/** Floats; bits of those that are not negative. */
export function floatsRange(rows: i32): void {
  let least: f64 = Infinity;
  let most: f64 = -Infinity;
  let bits: i64 = 0;
  const end = IN + rows * 8;
  for (let at = IN; at < end; at += 8) {
    const value = load<f64>(at);
    if (value < least) least = value;
    if (value > most) most = value;
    if (value >= 0) bits |= value as i64;
  }
  store<f64>(RESULT, least);
  store<f64>(RESULT, most, 8);
  store<i32>(RESULT, (bits & LOW_BITS) as i32, 16);
}

/** 32-bit numbers from 0 on; there is at least one. */
export function naturalsRange(rows: i32): void {
  let least = load<u32>(IN);
  let most = least;
  const end = IN + rows * 4;
  for (let at = IN; at < end; at += 4) {
    const value = load<u32>(at);
    least = min(least, value);
    most = max(most, value);
  }
  store<f64>(RESULT, least as f64);
  store<f64>(RESULT, most as f64, 8);
}

/** 16-bit numbers; there is at least one. */
export function halvesRange(rows: i32): void {
  let least = load<u16>(IN) as u32;
  let most = least;
  const end = IN + rows * 2;
  for (let at = IN; at < end; at += 2) {
    const value = load<u16>(at) as u32;
    least = min(least, value);
    most = max(most, value);
  }
  store<f64>(RESULT, least as f64);
  store<f64>(RESULT, most as f64, 8);
}

/** Floats into 64-bit integers. */
export function floatsToWide(rows: i32): void {
  for (let i = 0; i < rows * 8; i += 8) store<i64>(OUT + i, load<f64>(IN + i) as i64);
}

/** Floats into integers of `bytes`: those that are not negative in units. The row of one that is not in the range, or -1. */
export function floatsTo(rows: i32, bytes: i32, least: f64, most: f64, unit: f64): i32 {
  for (let i = 0; i < rows; i++) {
    const value = load<f64>(IN + i * 8);
    if (value < least || value > most) return i;
    const whole = (value < 0 ? value : value / unit) as i64 as i32;
    if (bytes === 4) store<i32>(OUT + i * 4, whole);
    else if (bytes === 2) store<i16>(OUT + i * 2, whole as i16);
    else store<i8>(OUT + i, whole as i8);
  }
  return -1;
}

/** 32-bit numbers into integers of `bytes`. The row of one that is greater than `most` and not none, or -1. */
export function naturalsTo(rows: i32, bytes: i32, most: u32): i32 {
  for (let i = 0; i < rows; i++) {
    const value = load<u32>(IN + i * 4);
    if (value > most && value !== NONE) return i;
    if (bytes === 4) store<u32>(OUT + i * 4, value);
    else if (bytes === 2) store<u16>(OUT + i * 2, value as u16);
    else store<u8>(OUT + i, value as u8);
  }
  return -1;
}

/**
 * The order that sorts floats, equal ones in their present order: 32-bit numbers at OUT; 0 where they are sorted already. Runs
 * that are in order are merged, two at a time: what is nearly in order is cheap.
 */
export function order(rows: i32): i32 {
  // Ends of runs, behind the orders.
  const ends = SPARE + ROWS * 4;
  let runs = 0;
  for (let i = 1; i < rows; i++)
    if (load<f64>(IN + i * 8) < load<f64>(IN + (i - 1) * 8)) {
      store<i32>(ends + runs * 4, i);
      runs++;
    }
  if (runs === 0) return 0;
  store<i32>(ends + runs * 4, rows);
  runs++;
  let from = OUT;
  let to = SPARE;
  for (let i = 0; i < rows; i++) store<i32>(from + i * 4, i);
  while (runs > 1) {
    let begin = 0;
    let left = 0;
    for (let run = 0; run < runs; run += 2) {
      const middle = load<i32>(ends + run * 4);
      const end = run + 1 < runs ? load<i32>(ends + run * 4, 4) : middle;
      merge(from, to, begin, middle, end);
      store<i32>(ends + left * 4, end);
      left++;
      begin = end;
    }
    runs = left;
    const swapped = from;
    from = to;
    to = swapped;
  }
  if (from !== OUT) memory.copy(OUT, from, rows * 4);
  return 1;
}

// @inline
function key(list: i32, i: i32): f64 {
  return load<f64>(IN + load<i32>(list + i * 4) * 8);
}

function merge(from: i32, to: i32, begin: i32, middle: i32, end: i32): void {
  let left = begin;
  let right = middle;
  let out = to + begin * 4;
  while (left < middle && right < end) {
    if (key(from, right) < key(from, left)) store<i32>(out, load<i32>(from + right++ * 4));
    else store<i32>(out, load<i32>(from + left++ * 4));
    out += 4;
  }
  memory.copy(out, from + left * 4, (middle - left) * 4);
  memory.copy(out + (middle - left) * 4, from + right * 4, (end - right) * 4);
}

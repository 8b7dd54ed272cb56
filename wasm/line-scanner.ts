// The scanner of ftrace lines, compiled to WebAssembly (AssemblyScript; scripts/kernels.mjs). It takes lines whose
// beginning, event and payload look like lines that were seen before, and gives their values as rows; it stops at any line
// that it does not know, which is then parsed as all lines were the first time, and taught. How memory is laid out is told
// to the other side, src/formats/line-scanner.ts, by the constants that are exported.

/** Bytes of an entry: its length, its number, then what was seen, filled up with zeros. */
export const ENTRY: i32 = 104;
const SEEN: i32 = 8;
/** Longest beginning and longest name that can be taught. */
export const LONGEST_SEEN: i32 = 96;
/** Beginnings and names are found by some of their bytes; a power of two, several times those of a recording. */
export const SLOTS: i32 = 1024;
/** Lines at least so long are looked at by their first bytes. */
export const SHORTEST: i32 = 36;

/** Rows that are given at once, and the values of one. */
export const ROWS: i32 = 1024;
export const WIDTH: i32 = 10;
/** Numbers in the head of a row: beginning, name, the plan by which it was read, where its payload begins, where the line ends. */
export const HEAD: i32 = 5;
/** Instead of a plan: nobody wants the payload; no plan fits it. */
export const SKIPPED: i32 = -1;
export const UNREAD: i32 = -2;

/** Of a name: how its payload is read, and its plans. */
export const EVENT: i32 = 24;
export const NAMES: i32 = 4096;
/** Bits of an event: its fields are wanted; more looks of it may be taught. */
export const WANTED: i32 = 1;
export const TEACHABLE: i32 = 2;
export const MOST_PLANS: i32 = 4;

/** A plan: number of steps, whether nothing may follow, its own number; then its steps. */
export const PLAN_HEAD: i32 = 12;
/** A step: its kind, its place, the bytes before its value and where they are; for a word, where known words are and which was met last. */
export const STEP: i32 = 24;
export const NUMBER: i32 = 0;
export const HEX: i32 = 1;
export const DEVICE: i32 = 2;
export const WORD: i32 = 3;
export const SKIP: i32 = 4;
/** `first-last`, or one number for both; a number of sectors, whose bytes stand two places before it; no value at all. */
export const RANGE: i32 = 5;
export const SECTORS: i32 = 6;
export const NOTHING: i32 = 7;

/** Known words of a step: their hashes lead to a slot each. */
export const WORD_SLOTS: i32 = 64;
/** A word: its length, its number, then its bytes. */
export const WORD_ENTRY: i32 = 40;
export const LONGEST_WORD: i32 = 32;

/** Where a scan says how far it came. */
export const REACHED: i32 = 16;
export const BEGINNINGS: i32 = 1024;
export const NAME_TABLE: i32 = BEGINNINGS + SLOTS * ENTRY;
export const EVENTS: i32 = NAME_TABLE + SLOTS * ENTRY;
export const TIMES: i32 = EVENTS + NAMES * EVENT;
export const HEADS: i32 = TIMES + ROWS * 8;
export const VALUES: i32 = HEADS + ROWS * HEAD * 4;
/** Plans and their bytes come here, as they are taught. */
export const TAUGHT: i32 = VALUES + ROWS * WIDTH * 8;
export const TAUGHT_BYTES: i32 = 2 << 20;
export const INPUT: i32 = TAUGHT + TAUGHT_BYTES;

const LF: i32 = 10;
const CR: i32 = 13;
const SPACE: i32 = 32;
const OPEN: i32 = 40;
const UNDERSCORE: i32 = 95;
const COMMA: i32 = 44;
const MINUS: i32 = 45;
const DOT: i32 = 46;
const COLON: i32 = 58;
const MOST_SECONDS: u64 = 9223372036;
const NANOS: u64 = 1000000000;
const WORD_32: f64 = 4294967296;
const TWO_32: u64 = 4294967296;
/** A one in the lowest bit of every word, half word and byte of eight. */
const EACH_WORD: u64 = TWO_32 + 1;
const EACH_HALF: u64 = EACH_WORD * 0x10001;
const EACH_BYTE: u64 = EACH_HALF * 0x101;

let originSeconds: f64 = 0;
let originNanos: f64 = 0;
/** Stamps without a dot were seen and are known to be nanoseconds. */
let bareStamps: bool = false;
let lastBeginning: i32 = 0;

export function setOrigin(seconds: f64, nanos: f64): void {
  originSeconds = seconds;
  originNanos = nanos;
}

export function allowBare(): void {
  bareStamps = true;
}

/** Slots by the columns in which the end of the name, the thread, the CPU and the flags usually stand. */
export function beginningSlot(at: i32): i32 {
  const who = load<i32>(at, 12) ^ (load<i32>(at, 16) * 0x01000193);
  const where = load<i32>(at, 20) ^ (load<i32>(at, 24) * 0x2545f491);
  return folded(((who ^ load<i32>(at, 28)) * 0x2c1b3c6d) ^ where);
}

/** Bytes behind a short name differ from line to line: it may stand in several slots. */
export function nameSlot(at: i32): i32 {
  const begin = load<i32>(at, 4) ^ (load<i32>(at, 8) * 0x01000193);
  return folded((begin * 0x2c1b3c6d) ^ (load<i32>(at, 12) * 0x2545f491));
}

function folded(hash: i32): i32 {
  return (hash ^ (hash >>> 10) ^ (hash >>> 20)) & (SLOTS - 1);
}

/** Are `length` bytes at `at` those at `known`? Up to 7 bytes beyond either are read. */
function same(at: i32, known: i32, length: i32): bool {
  let left = length;
  while (left >= 8) {
    if (load<u64>(at) !== load<u64>(known)) return false;
    at += 8;
    known += 8;
    left -= 8;
  }
  if (left === 0) return true;
  return (load<u64>(at) ^ load<u64>(known)) << (64 - left * 8) === 0;
}

function isEntry(entry: i32, at: i32): bool {
  const length = load<i32>(entry);
  return length > 0 && same(at, entry + SEEN, length);
}

function beginningAt(at: i32): i32 {
  if (lastBeginning !== 0 && isEntry(lastBeginning, at)) return lastBeginning;
  const entry = BEGINNINGS + beginningSlot(at) * ENTRY;
  if (!isEntry(entry, at)) return 0;
  lastBeginning = entry;
  return entry;
}

function nameAt(at: i32): i32 {
  const slot = nameSlot(at);
  const first = NAME_TABLE + slot * ENTRY;
  if (isEntry(first, at)) return first;
  const second = NAME_TABLE + (slot ^ 1) * ENTRY;
  return isEntry(second, at) ? second : 0;
}

/** The next line feed at or behind `at`, or `end`. */
function lineEnd(at: i32, end: i32): i32 {
  const wanted = i8x16.splat(LF as i8);
  while (at < end) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(at), wanted));
    if (found !== 0) {
      const place = at + ctz(found);
      return place < end ? place : end;
    }
    at += 16;
  }
  return end;
}

/**
 * Takes lines from `from` on, as long as there is a whole line before `end` and room for a row. Returns the number of rows;
 * at REACHED it is said where the first line begins that was not taken.
 */
export function scan(from: i32, end: i32): i32 {
  let rows = 0;
  let at = from;
  while (rows < ROWS && at + SHORTEST < end) {
    const line = at;
    const begin = beginningAt(line);
    if (begin === 0) break;
    let p = line + load<i32>(begin);

    // The stamp: seconds and a fraction of up to nine digits, or nanoseconds alone; then a colon and a space.
    let seconds: u64 = 0;
    const stamp = p;
    let digit = (load<u8>(p) as i32) - 48;
    while ((digit as u32) < 10 && p - stamp < 19) {
      seconds = seconds * 10 + (digit as u64);
      p++;
      digit = (load<u8>(p) as i32) - 48;
    }
    if (p === stamp) break;
    let nanos: u64 = 0;
    if (load<u8>(p) === DOT) {
      const dot = ++p;
      const eight = load<u64>(p);
      if (areDigits(eight)) {
        nanos = eightDigits(eight);
        p += 8;
      }
      digit = (load<u8>(p) as i32) - 48;
      while ((digit as u32) < 10 && p - dot < 10) {
        nanos = nanos * 10 + (digit as u64);
        p++;
        digit = (load<u8>(p) as i32) - 48;
      }
      const count = p - dot;
      if (count === 0 || count > 9) break;
      for (let i = count; i < 9; i++) nanos *= 10;
    } else {
      if (!bareStamps) break;
      nanos = seconds % NANOS;
      seconds /= NANOS;
    }
    if (seconds > MOST_SECONDS || load<u8>(p) !== COLON || load<u8>(p + 1) !== SPACE) break;
    p += 2;

    const name = nameAt(p);
    if (name === 0) break;
    p += load<i32>(name);
    const next = load<u8>(p);
    if (next === SPACE || next === LF || next === CR) break;
    // What begins like a probe is one, and may be called like a tracepoint.
    if (next === OPEN || next === UNDERSCORE) break;

    const event = EVENTS + load<i32>(name, 4) * EVENT;
    const bits = load<i32>(event);
    let how = SKIPPED;
    let stop = p;
    if (bits & WANTED) {
      how = UNREAD;
      const plans = load<i32>(event, 4);
      for (let i = 0; i < plans; i++) {
        const plan = load<i32>(event + 8 + 4 * i);
        stop = read(plan, p, VALUES + rows * (WIDTH * 8));
        if (stop < 0) continue;
        how = load<i32>(plan, 8);
        if (i > 0) {
          store<i32>(event + 8 + 4 * i, load<i32>(event, 8));
          store<i32>(event, plan, 8);
        }
        break;
      }
      if (how === UNREAD) stop = p;
    }
    const lf = lineEnd(stop, end);
    if (lf === end) break;
    // Values are those of this line only if it did not end before them.
    const head = HEADS + rows * (HEAD * 4);
    store<i32>(head, load<i32>(begin, 4));
    store<i32>(head, load<i32>(name, 4), 4);
    store<i32>(head, how, 8);
    store<i32>(head, p, 12);
    store<i32>(head, load<u8>(lf - 1) === CR ? lf - 1 : lf, 16);
    store<f64>(TIMES + rows * 8, ((seconds as f64) - originSeconds) * 1e9 + ((nanos as f64) - originNanos));
    rows++;
    at = lf + 1;
    // What it looks like is learned before the next one comes.
    if (how === UNREAD && bits & TEACHABLE) break;
  }
  store<i32>(REACHED, at);
  return rows;
}

/** Reads a payload at `at` into `values`; the place behind its last value, -1 where it is another one. */
function read(plan: i32, at: i32, values: i32): i32 {
  const end = plan + PLAN_HEAD + load<i32>(plan) * STEP;
  for (let step = plan + PLAN_HEAD; step < end; step += STEP) {
    const length = load<i32>(step, 8);
    if (!same(at, load<i32>(step, 12), length)) return -1;
    at += length;
    const cell = values + load<i32>(step, 4) * 8;
    switch (load<i32>(step)) {
      case NUMBER:
        at = number(at, cell);
        break;
      case HEX:
        at = hexDigits(load<u16>(at) === 0x7830 ? at + 2 : at, cell);
        break;
      case DEVICE:
        at = device(at, cell);
        break;
      case WORD:
        at = word(step, at, cell);
        break;
      case RANGE:
        at = range(at, cell);
        break;
      case SECTORS:
        at = number(at, cell);
        store<f64>(cell - 16, load<f64>(cell) * 512);
        break;
      case NOTHING:
        break;
      default:
        at = skip(at);
    }
    if (at < 0) return -1;
  }
  if (load<i32>(plan, 4) !== 0) {
    const next = load<u8>(at);
    if (next !== LF && (next !== CR || load<u8>(at + 1) !== LF)) return -1;
  }
  return at;
}

/** Decimal with sign, or hex behind 0x. */
function number(at: i32, cell: i32): i32 {
  const first = load<u16>(at);
  if (first === 0x7830 || first === 0x5830) return hexDigits(at + 2, cell);
  const negative = (first & 0xff) === MINUS;
  if (negative) at++;
  const begin = at;
  let value: u64 = 0;
  let digit = (load<u8>(at) as i32) - 48;
  while ((digit as u32) < 10 && at - begin < 15) {
    value = value * 10 + (digit as u64);
    at++;
    digit = (load<u8>(at) as i32) - 48;
  }
  if (at === begin) return -1;
  let whole = value as f64;
  if ((digit as u32) < 10) {
    // As a double grows digit by digit.
    while ((digit as u32) < 10) {
      whole = whole * 10 + (digit as f64);
      at++;
      digit = (load<u8>(at) as i32) - 48;
    }
    // A sector of -1 is printed unsigned: 18446744073709551615.
    if (whole >= WORD_32 * WORD_32 - 2048) {
      store<f64>(cell, -1);
      return at;
    }
  }
  store<f64>(cell, negative ? -whole : whole);
  return at;
}

/** Is every byte of the eight a decimal digit? */
// @inline
function areDigits(eight: u64): bool {
  return (((eight + 0x46 * EACH_BYTE) | (eight - 0x30 * EACH_BYTE)) & (0x80 * EACH_BYTE)) === 0;
}

/** The number they are: pairs of digits, fours, and both of these. */
// @inline
function eightDigits(eight: u64): u64 {
  const digits = eight - 0x30 * EACH_BYTE;
  const pairs = (digits * 10 + (digits >>> 8)) & (0xff * EACH_HALF);
  const fours = (pairs * 100 + (pairs >>> 16)) & (0xffff * EACH_WORD);
  return (fours * 10000 + (fours >>> 32)) & 0xffffffff;
}

/** A bit for each digit of hex, counted from that of 0. */
const HEX_DIGITS: u64 = 0x007e0000 * TWO_32 + 0x007e03ff;

// @inline
function isHex(byte: i32): bool {
  const place = byte - 48;
  return (place as u32) < 64 && ((HEX_DIGITS >>> (place as u64)) & 1) !== 0;
}

/** Of a digit of hex; nothing here depends on whether it is a letter, which nobody can foresee. */
// @inline
function hexValue(byte: i32): i32 {
  return (byte & 15) + (byte >>> 6) * 9;
}

/** Up to 16 digits, as 64-bit two's complement. */
function hexDigits(at: i32, cell: i32): i32 {
  const begin = at;
  let value: u64 = 0;
  let byte = load<u8>(at) as i32;
  while (isHex(byte)) {
    value = (value << 4) | (hexValue(byte) as u64);
    byte = load<u8>(++at) as i32;
  }
  const count = at - begin;
  if (count === 0 || count > 16) return -1;
  const low = (value & 0xffffffff) as f64;
  const high = (value >>> 32) as u32;
  store<f64>(cell, count === 16 ? (high as i32 as f64) * WORD_32 + low : (high as f64) * WORD_32 + low);
  return at;
}

function device(at: i32, cell: i32): i32 {
  at = number(at, cell);
  if (at < 0) return -1;
  const sign = load<u8>(at);
  if (sign !== COLON && sign !== COMMA) return -1;
  const major = load<f64>(cell);
  at = number(at + 1, cell);
  if (at >= 0) store<f64>(cell, major * 1048576 + load<f64>(cell));
  return at;
}

function range(at: i32, cell: i32): i32 {
  at = number(at, cell);
  if (at < 0) return -1;
  if (load<u8>(at) === MINUS) return number(at + 1, cell + 8);
  store<f64>(cell + 8, load<f64>(cell));
  return at;
}

/** Does a word end here? */
// @inline
function endsWord(at: i32): bool {
  const byte = load<u8>(at) as i32;
  return byte === SPACE || byte === COMMA || byte === LF || (byte === CR && load<u8>(at + 1) === LF);
}

/** The number of a known word; of any other, where it stands: -(place * 2^16 + length). */
function word(step: i32, at: i32, cell: i32): i32 {
  const last = load<i32>(step, 20);
  if (last !== 0 && isEntry(last, at)) {
    const end = at + load<i32>(last);
    if (endsWord(end)) {
      store<f64>(cell, load<i32>(last, 4) as f64);
      return end;
    }
  }
  const begin = at;
  let hash = 0x811c9dc5;
  for (; !endsWord(at); at++) hash = (hash ^ (load<u8>(at) as i32)) * 0x01000193;
  const length = at - begin;
  if (length === 0 || length > 0xffff) return -1;
  const entry = load<i32>(step, 16) + ((hash ^ (hash >>> 15)) & (WORD_SLOTS - 1)) * WORD_ENTRY;
  if (load<i32>(entry) === length && same(begin, entry + SEEN, length)) {
    store<f64>(cell, load<i32>(entry, 4) as f64);
    store<i32>(step, entry, 20);
  } else store<f64>(cell, -((begin as f64) * 65536 + (length as f64)));
  return at;
}

/** The same word is known from now on. */
export function learnWord(step: i32, begin: i32, length: i32, id: i32): void {
  let hash = 0x811c9dc5;
  for (let i = begin; i < begin + length; i++) hash = (hash ^ (load<u8>(i) as i32)) * 0x01000193;
  const entry = load<i32>(step, 16) + ((hash ^ (hash >>> 15)) & (WORD_SLOTS - 1)) * WORD_ENTRY;
  if (length > LONGEST_WORD) return;
  store<i32>(entry, length);
  store<i32>(entry, id, 4);
  memory.copy(entry + SEEN, begin, length);
}

/** Over a number that nobody wants. */
function skip(at: i32): i32 {
  if (load<u8>(at) === MINUS) at++;
  const begin = at;
  let byte = load<u8>(at) as i32;
  while (isHex(byte) || byte === 120) {
    at++;
    byte = load<u8>(at) as i32;
  }
  return at === begin ? -1 : at;
}

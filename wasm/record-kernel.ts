// Raw records of tracepoints into rows of numbers, compiled to WebAssembly (AssemblyScript; scripts/kernels.mjs): of
// ring-buffer pages and of perf's samples, with the values of their fields by plans that each event teaches once. What it does
// not know it leaves to the other side, src/formats/record-kernel.ts, which is told the layout of the memory by the constants
// that are exported. Little endian only.

/** Rows that are given at once, the values of one, and the numbers in its head. */
export const ROWS: i32 = 128;
export const WIDTH: i32 = 10;
export const HEAD: i32 = 8;
/** In a head: how many values there are, the event, bytes [from, to) of the record, its thread; of a sample its process and CPU. */
export const HOW: i32 = 0;
export const EVENT: i32 = 1;
export const FROM: i32 = 2;
export const TO: i32 = 3;
export const TID: i32 = 4;
export const PID: i32 = 5;
export const CPU: i32 = 6;
/** Instead of a number of values: nobody wants them; they are left to the other side. */
export const SKIPPED: i32 = -1;
export const UNREAD: i32 = -2;

/** A room for rows: times, heads, values. */
export const HEADS: i32 = ROWS * 8;
export const VALUES: i32 = HEADS + ROWS * HEAD * 4;
export const ROOM: i32 = VALUES + ROWS * WIDTH * 8;

/** A plan: its event, how many values it gives (or SKIPPED), the bytes that have every field, the number of its steps. */
export const PLAN_HEAD: i32 = 16;
/** A step: what is read, from which byte, into which value, where its words are known, times what, and from where its end. */
export const STEP: i32 = 32;
export const U64: i32 = 1;
export const U32: i32 = 2;
export const I32: i32 = 3;
export const U16: i32 = 4;
export const I16: i32 = 5;
export const U8: i32 = 6;
export const I8: i32 = 7;
/** A pfn_t; first and last of a range; a text of 1 to 16 bytes or a number of 1, 2, 4 or 8 with a name; no value. */
export const FRAME: i32 = 8;
export const RANGE: i32 = 9;
export const WORD: i32 = 10;
export const NONE: i32 = 27;

/** Known words of a step: 8 bytes that stand in the record, and the number of the word, or 0. */
export const WORD_SLOTS: i32 = 64;
export const WORD_ENTRY: i32 = 16;

/** Where a scan says how far it came, and at what time. */
export const REACHED: i32 = 16;
export const NOW: i32 = 24;
/** First and last time of listed records. */
export const EARLIEST: i32 = 32;
export const LATEST: i32 = 40;
export const PLANS: i32 = 1024;
export const TAUGHT: i32 = PLANS + 65536 * 4;
export const TAUGHT_BYTES: i32 = 2 << 20;
export const ROOMS: i32 = TAUGHT + TAUGHT_BYTES;

const PADDING: u32 = 29;
const TIME_EXTEND: u32 = 30;
const TIME_BITS: f64 = 134217728;
const SAMPLE: u32 = 9;
const OWN_KINDS: u32 = 64;
const RECORD_HEAD: i32 = 8;
/** A one in every byte; bits that spread over all of a product. */
const ONES: u64 = ((0x01010101 as u64) << 32) | 0x01010101;
const SPREAD: u64 = ((0x9e3779b9 as u64) << 32) | 0x7f4a7c15;

let idOffset: i32 = 0;
let tidOffset: i32 = 4;

/** Where every raw record has the number of its event and its thread. */
export function setPlaces(id: i32, tid: i32): void {
  idOffset = id;
  tidOffset = tid;
}

/** Takes records of a page from `at` on, the last of which was at `time`, up to one that is not plain or until the room is full. */
export function scanPage(room: i32, from: i32, end: i32, time: f64): i32 {
  let rows = 0;
  let at = from;
  let now = time;
  while (rows < ROWS && at + 4 <= end) {
    const word = load<u32>(at);
    const type = word & 31;
    const delta = word >>> 5;
    let begin = at + 4;
    let length: i32 = 0;
    if (type > 0 && type < PADDING) length = (type as i32) * 4;
    else {
      if (begin + 4 > end) break;
      const second = load<u32>(begin);
      begin += 4;
      if (type === TIME_EXTEND) {
        now += (second as f64) * TIME_BITS + (delta as f64);
        at = begin;
        continue;
      }
      if (type !== 0 || second > ((end - at) as u32)) break;
      length = (max<u32>(second, 4) - 1) & ~3;
    }
    if (begin + length > end) break;
    now += delta as f64;
    at = begin + length;
    store<f64>(room + rows * 8, now);
    const head = room + HEADS + rows * (HEAD * 4);
    fill(head, room + VALUES + rows * (WIDTH * 8), begin, at);
    rows++;
  }
  store<i32>(REACHED, at);
  store<f64>(NOW, now);
  return rows;
}

/** Reads the raw record [from, to); its thread is -1 where it is too short to tell. */
function fill(head: i32, values: i32, from: i32, to: i32): void {
  store<i32>(head, UNREAD, HOW * 4);
  store<i32>(head, from, FROM * 4);
  store<i32>(head, to, TO * 4);
  store<i32>(head, -1, TID * 4);
  if (from + tidOffset + 4 > to || from + idOffset + 2 > to) return;
  store<i32>(head, load<i32>(from + tidOffset), TID * 4);
  const plan = load<i32>(PLANS + (load<u16>(from + idOffset) as i32) * 4);
  if (plan === 0) return;
  store<i32>(head, load<i32>(plan), EVENT * 4);
  const count = load<i32>(plan, 4);
  if (count !== SKIPPED) {
    if (from + load<i32>(plan, 8) > to) return;
    const end = plan + PLAN_HEAD + load<i32>(plan, 12) * STEP;
    for (let step = plan + PLAN_HEAD; step < end; step += STEP) if (!read(step, from, to, values)) return;
  }
  store<i32>(head, count, HOW * 4);
}

// @inline
function read(step: i32, from: i32, to: i32, values: i32): bool {
  const at = from + load<i32>(step, 4);
  const cell = values + load<i32>(step, 8) * 8;
  const scale = load<f64>(step, 16);
  switch (load<i32>(step)) {
    case U64:
      store<f64>(cell, (load<i64>(at) as f64) * scale);
      return true;
    case U32:
      store<f64>(cell, (load<u32>(at) as f64) * scale);
      return true;
    case I32:
      store<f64>(cell, (load<i32>(at) as f64) * scale);
      return true;
    case U16:
      store<f64>(cell, (load<u16>(at) as f64) * scale);
      return true;
    case I16:
      store<f64>(cell, (load<i16>(at) as f64) * scale);
      return true;
    case U8:
      store<f64>(cell, (load<u8>(at) as f64) * scale);
      return true;
    case I8:
      store<f64>(cell, (load<i8>(at) as f64) * scale);
      return true;
    case FRAME: {
      const frame = load<u64>(at);
      store<f64>(cell, frame >>> 52 === 0 ? NaN : ((frame & (((1 as u64) << 52) - 1)) as f64));
      return true;
    }
    case RANGE: {
      const last = from + load<i32>(step, 24);
      if (last + 8 > to) return false;
      store<f64>(cell, (load<i64>(at) as f64) * scale);
      store<f64>(cell, ((load<i64>(last) as f64) + 1) * scale - 1, 8);
      return true;
    }
    case NONE:
      store<f64>(cell, NaN);
      return true;
    default:
      return word(step, at, cell);
  }
}

/** A word is known by 8 bytes: those of a number, or of a text up to its first zero; 0 where a text is longer. */
function wordBytes(step: i32, at: i32): u64 {
  const length = load<i32>(step) - WORD;
  let bytes = load<u64>(at);
  if (length < 8) bytes &= ((1 as u64) << (length * 8)) - 1;
  if (load<i32>(step, 24) === 0) return bytes;
  const zeros = (bytes - ONES) & ~bytes & (ONES << 7);
  if (zeros !== 0) return bytes & (((1 as u64) << (ctz(zeros) & 56)) - 1);
  return length > 8 ? 0 : bytes;
}

function wordEntry(step: i32, bytes: u64): i32 {
  const hash = (bytes * SPREAD) >>> 58;
  return load<i32>(step, 12) + (hash as i32) * WORD_ENTRY;
}

/** Is it a text of which not all is known? An empty one is none worth knowing either. */
function isLong(step: i32, bytes: u64): bool {
  return bytes === 0 && load<i32>(step, 24) !== 0;
}

function word(step: i32, at: i32, cell: i32): bool {
  const bytes = wordBytes(step, at);
  const entry = wordEntry(step, bytes);
  const known = load<i32>(entry, 8);
  if (known === 0 || load<u64>(entry) !== bytes || isLong(step, bytes)) return false;
  store<f64>(cell, (known - 1) as f64);
  return true;
}

/** The bytes at `at` are word `id`. */
export function learnWord(step: i32, at: i32, id: i32): void {
  const bytes = wordBytes(step, at);
  if (isLong(step, bytes)) return;
  const entry = wordEntry(step, bytes);
  store<u64>(entry, bytes);
  store<i32>(entry, id + 1, 8);
}

let sampleTime: i32 = 0;
let sampleTid: i32 = 0;
let sampleCpu: i32 = 0;
let sampleRaw: i32 = 0;
let trailerTime: i32 = 0;
let base: u64 = 0;

/** Where perf's records have their parts: in samples from their begin, in others from their end; 0 where they are not there. */
export function setLayout(time: i32, tid: i32, cpu: i32, raw: i32, trailer: i32): void {
  sampleTime = time;
  sampleTid = tid;
  sampleCpu = cpu;
  sampleRaw = raw;
  trailerTime = trailer;
}

export function setBase(high: u32, low: u32): void {
  base = ((high as u64) << 32) | (low as u64);
}

/**
 * Lists perf's records from `from` on, up to one of perf's own or one that is not whole: times behind each other at `times`, kind,
 * `block`, begin and end of each, counted from `origin`, at `places`. One without a stamp has the time of the one before it.
 */
export function listRecords(
  from: i32,
  end: i32,
  origin: i32,
  block: i32,
  times: i32,
  places: i32,
  most: i32,
  time: f64,
): i32 {
  let rows = 0;
  let at = from;
  let now = time;
  let earliest: f64 = Infinity;
  let latest: f64 = -Infinity;
  while (rows < most && at + RECORD_HEAD <= end) {
    const kind = load<u32>(at);
    const size = load<u16>(at, 6) as i32;
    const to = at + size;
    if (kind >= OWN_KINDS || size < RECORD_HEAD || to > end) break;
    const stamp = kind === SAMPLE ? (sampleTime > 0 ? at + sampleTime : 0) : trailerTime > 0 ? to - trailerTime : 0;
    if (stamp >= at && stamp + 8 <= to) {
      const value = load<u64>(stamp);
      now = value === 0 ? -Infinity : ((value - base) as i64 as f64);
    }
    if (now < earliest && now > -Infinity) earliest = now;
    if (now > latest) latest = now;
    store<f64>(times + rows * 8, now);
    const place = places + rows * 16;
    store<u32>(place, kind);
    store<i32>(place, block, 4);
    store<u32>(place, at - origin, 8);
    store<u32>(place, to - origin, 12);
    rows++;
    at = to;
  }
  store<i32>(REACHED, at);
  store<f64>(NOW, now);
  store<f64>(EARLIEST, earliest);
  store<f64>(LATEST, latest);
  return rows;
}

/** Reads the samples whose begins and ends are listed at `list`; what is none has the begin 0. */
export function readSamples(room: i32, list: i32, count: i32): void {
  for (let i = 0; i < count; i++) {
    const head = room + HEADS + i * (HEAD * 4);
    const from = load<i32>(list + i * 8);
    const to = load<i32>(list + i * 8, 4);
    store<i32>(head, UNREAD, HOW * 4);
    store<i32>(head, 0, FROM * 4);
    store<i32>(head, 0, TO * 4);
    if (from === 0) continue;
    const raw = from + sampleRaw;
    if (raw + 4 > to) continue;
    const length = load<u32>(raw);
    if (length > ((to - raw - 4) as u32)) continue;
    fill(head, room + VALUES + i * (WIDTH * 8), raw + 4, raw + 4 + (length as i32));
    if (load<i32>(head, TID * 4) < 0) {
      store<i32>(head, UNREAD, HOW * 4);
      continue;
    }
    const hasTid = sampleTid > 0 && from + sampleTid + 8 <= to;
    store<i32>(head, hasTid ? load<i32>(from + sampleTid) : -1, PID * 4);
    store<i32>(head, hasTid ? load<i32>(from + sampleTid + 4) : -1, TID * 4);
    store<i32>(head, sampleCpu > 0 && from + sampleCpu + 8 <= to ? (load<u16>(from + sampleCpu) as i32) : 0, CPU * 4);
  }
}

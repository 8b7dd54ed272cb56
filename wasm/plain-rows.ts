// The short way of rows (src/engine/unchanging.ts, plain.ts, plain-counts.ts) compiled to WebAssembly, together with the maps that the
// rows change (scripts/plain-rows.mjs). It takes rows as long as each is an operation that some lanes let through and the others
// refuse, nobody waits and nothing is committed; everything else stops it, and is for the TypeScript, which gives the same for these.
// Where the arrays of the engine are is told by slots: numbers at a place of the memory, which src/engine/plain-kernel.ts fills.

/** Columns of the rows at hand, and what becomes of each row: the number of the set of lanes that went. */
export const OP: i32 = 0;
export const PLAIN: i32 = 1;
export const FILE: i32 = 2;
export const TASK: i32 = 3;
export const FLAGS: i32 = 4;
export const OFFSET: i32 = 5;
export const LENGTH: i32 = 6;
export const ADDR: i32 = 7;
export const TIME: i32 = 8;
export const LATENCY: i32 = 9;
export const RESULT: i32 = 10;
export const MARKS: i32 = 11;
/** By task: lanes in which it is late. */
export const APART: i32 = 12;
/** By file. */
export const FIRST: i32 = 13;
export const DIRTY: i32 = 14;
export const OBSERVED: i32 = 15;
export const REGIME: i32 = 16;
export const REGION_START: i32 = 17;
export const REGION_SIZE: i32 = 18;
/** By version of a file: see src/engine/file-versions.ts. */
export const LANES: i32 = 19;
export const NEXT: i32 = 20;
export const SIZE: i32 = 21;
export const KNOWN: i32 = 22;
export const SEEN: i32 = 23;
export const DIVERGED: i32 = 24;
export const REMOVALS: i32 = 25;
export const CHANGED_NS: i32 = 26;
export const ALLOCATED: i32 = 27;
export const FROM: i32 = 28;
export const HEAD_AT: i32 = 29;
export const BITS_AT: i32 = 30;
export const BITS: i32 = 31;
export const ALONE: i32 = 32;
/** Bits of written blocks; answers of the lanes; where in these the parts of a regime are. */
export const WRITTEN: i32 = 33;
export const LETS: i32 = 34;
export const OPS_AT: i32 = 35;
export const SIMPLE_AT: i32 = 36;
export const SIMPLE_IF_CLEAN: i32 = 37;
export const NO_CASE: i32 = 38;
export const IF_CLEAN: i32 = 39;
export const COMMIT: i32 = 40;
export const REFUSE: i32 = 41;
/** Tables by op: its kind, as below; its case. By case: 1 where blocks are taken away. */
export const KINDS: i32 = 42;
export const CASE_OF: i32 = 43;
export const FREES: i32 = 44;
/** Cases by name, and the flag of a call that keeps the size. */
export const WRITE_WRITTEN: i32 = 45;
export const WRITE_UNWRITTEN: i32 = 46;
export const WRITE_HOLE: i32 = 47;
export const WRITE_PAST_EOF: i32 = 48;
export const WRITE_FAULT: i32 = 49;
export const TRUNCATE_DOWN: i32 = 50;
export const TRUNCATE_UP: i32 = 51;
export const TRUNCATE_SAME: i32 = 52;
export const KEEP_SIZE: i32 = 53;
/** Floating-point numbers: the last time and the one before which to stop, where regions begin and how far apart their rounds are. */
export const NUMBERS: i32 = 54;
export const LAST_NS: i32 = 0;
export const NEXT_NS: i32 = 1;
export const REGION_BASE: i32 = 2;
export const REGION_STRIDE: i32 = 3;
export const BIN_NS: i32 = 4;
/** When the last late row ran. */
export const NOW_NS: i32 = 5;
/** What is found out of each version before any is changed. */
export const SCRATCH: i32 = 55;
export const SCRATCH_WORDS: i32 = 7;
/** Counters (src/engine/plain-counts.ts, src/base/histograms.ts, src/engine/heat.ts): ops of a set; by set; by set and op. */
export const OP_COUNT: i32 = 56;
export const IS_COMPARED: i32 = 57;
export const TOLD: i32 = 58;
export const MEASURED: i32 = 59;
export const PLACES: i32 = 60;
export const COUNTS: i32 = 61;
export const TIMES: i32 = 62;
export const WHOLE: i32 = 63;
export const REST: i32 = 64;
export const LEAST: i32 = 65;
export const MOST: i32 = 66;
export const HEAT_PLACES: i32 = 67;
export const CELLS: i32 = 68;
/** Prices by op. */
export const FIXED_NS: i32 = 69;
export const NS_PER_BYTE: i32 = 70;
/** A result that the trace does not tell. */
export const UNKNOWN_RESULT: i32 = 71;
/** What is left to do of rows that were refused, or ended with a commit: how many, and each of them. */
export const OUTCOME_COUNT: i32 = 72;
export const OUTCOMES: i32 = 73;
export const OUTCOME_BYTES: i32 = 24;
export const MOST_OUTCOMES: i32 = 4096;
/** Of these, so many may come of one row. */
export const OUTCOMES_OF_ROW: i32 = 64;
/** Instead of the case of a refusal: a commit. */
export const COMMITTED: i32 = -1;
/** By lane: where it counts how often the holds of each file changed, and the refusals that it knows. */
export const EPOCHS: i32 = 74;
export const REFUSALS: i32 = 75;
/** A refusal that is known: file, task, op and case, epoch, number of its group; found by a hash of the first three. */
export const REFUSAL_WORDS: i32 = 8;
export const REFUSAL_SLOTS: i32 = 1 << 15;
/** Of one lane whose threads are late: they, its queue, and which rows are at hand. */
export const PENDING: i32 = 76;
export const BLOCKED: i32 = 77;
export const DUE_NS: i32 = 78;
export const LATE_NS: i32 = 79;
export const QUEUE: i32 = 80;
export const QUEUE_TIME: i32 = 81;
export const QUEUE_ORDER: i32 = 82;
export const QUEUE_ITEM: i32 = 83;
export const NEXT_OF_TASK: i32 = 84;
export const FROM_ROW: i32 = 85;
export const TO_ROW: i32 = 86;
/** In the queue: what a late thread is; how many such things there are. */
export const THREAD: i32 = 87;
export const WHATS: i32 = 88;
export const COMMIT_ALL: i32 = 89;
/** Flags of an extent that is not simply written; and whether no operation was refused, delayed or committed so far. */
export const NOT_WRITTEN: i32 = 90;
export const IS_FRESH: i32 = 91;
export const SLOTS: i32 = 92;

/** What a run of late rows ends with: nothing is left to do up to that time; something else comes first; other rows are needed. */
export const DONE: i32 = 0;
export const ASKS: i32 = 1;
export const MOVES: i32 = 2;
/** Of a marked row: it was counted at another time than the trace says. */
export const COUNTED: i32 = 64;

/** Kinds of op: none of these; nothing has to be known; where the file ends; what the range holds; both; and what changes a map. */
export const OTHER: i32 = 0;
export const NOTHING: i32 = 1;
export const READS: i32 = 2;
export const STORES: i32 = 3;
export const WRITES: i32 = 4;
export const PUNCHES: i32 = 5;
export const ALLOCATES: i32 = 6;
export const TRUNCATES: i32 = 7;
/** An extent that was there at the beginning. */
export const EXTENTS_SEEN: i32 = 8;

const BLOCK: f64 = 4096;
const LAST_BLOCK: f64 = 2147483647;
/** Words that one row may take of the arena at most, by far. */
const SPARE: i32 = 1 << 15;
const NOBODY: i32 = -1;
const NOT: i32 = -1;

/** States of extents, and what a range holds; whatever is neither written nor unwritten is left to others. */
const IS_WRITTEN: i32 = 0;
const IS_UNWRITTEN: i32 = 1;
const WRITTEN_HERE: i32 = 1;
const UNWRITTEN_HERE: i32 = 2;
const HOLE_HERE: i32 = 4;
const OTHER_HERE: i32 = 64;

/** A lane refuses a row: the number of the group of such conflicts; below 0 where the next one like it is not that simple. */
declare function refuse(row: i32, operationCase: i32, lanes: i32, nowNs: f64): i32;
/** What `mapIn` and `cutIn` do not do themselves: not 0 where something changed. */
declare function mapGenerally(version: i32, key: i32, size: i32, target: i32, state: i32): i32;
declare function cutGenerally(version: i32, key: i32, end: i32): i32;
/** Number of a set of lanes; 0 for one set too many, of which a row is then counted at once. */
declare function numberOf(lanes: i32): i32;
declare function wentEach(row: i32, lanes: i32, nowNs: f64): void;
/** Place of a page of counts, or of a map of latencies, that there was none of yet. */
declare function openPage(at: i32): i32;
declare function openHeat(at: i32): i32;
/** Counts a row that these counters are not for. */
declare function countOther(row: i32, number: i32, nowNs: f64): void;

let slots: i32 = 0;
/** The kernel has to stop behind the row at hand. */
let stops: i32 = 0;
/** No row at hand was refused or committed so far. */
let stillFresh: i32 = 0;
let lastLanes: i32 = 0;
let lastNumber: i32 = 0;
/** The extent that `seek` found. */
let pieceKey: i32 = 0;
let pieceSize: i32 = 0;
let pieceAddr: i32 = 0;
let pieceState: i32 = 0;

// @inline
function slot(which: i32): i32 {
  return load<i32>(slots + (which << 2));
}

// @inline
function numberAt(which: i32): f64 {
  return load<f64>(slot(NUMBERS) + (which << 3));
}

// @inline
function words(): Words {
  return changetype<Words>(0);
}

/** Rows from `first` on, up to `to`, each in its own time in all lanes; returns the first that is not done. */
export function run(at: i32, first: i32, to: i32, lanes: i32): i32 {
  slots = at;
  stops = 0;
  store<i32>(slot(OUTCOME_COUNT), 0, 4);
  const plain = slot(PLAIN);
  const tasks = slot(TASK);
  const addrs = slot(ADDR);
  const times = slot(TIME);
  const marks = slot(MARKS);
  const apart = slot(APART);
  const lastNs = numberAt(LAST_NS);
  const nextNs = numberAt(NEXT_NS);
  const fresh = slot(IS_FRESH);
  stillFresh = 1;
  let row = first;
  while (row < to && stops === 0) {
    const nowNs = load<f64>(times + (row << 3));
    if (nowNs > lastNs || nowNs >= nextNs) break;
    if (load<u8>(plain + row) !== 1) {
      if (fresh === 0 || stillFresh === 0 || !seesExtent(row, nowNs)) break;
      store<u8>(marks + row, 0);
      row++;
      continue;
    }
    if (load<f64>(addrs + (row << 3)) >= 0) break;
    const task = load<i32>(tasks + (row << 2));
    if (task !== NOBODY && load<i32>(apart + (task << 2)) !== 0) break;
    const number = goes(row, lanes, nowNs);
    if (number < 0) break;
    store<u8>(marks + row, number);
    row++;
  }
  store<i32>(slot(OUTCOME_COUNT), stops, 4);
  count(first, row);
  return row;
}

/** Late rows of one lane, as long as each is simple enough: DONE, ASKS or MOVES. Rows before `counted` were counted in their time. */
export function runLate(at: i32, lane: i32, limitNs: f64, counted: i32): i32 {
  slots = at;
  stops = 0;
  const from = slot(FROM_ROW);
  const to = slot(TO_ROW);
  const items = slot(QUEUE_ITEM);
  const queue = slot(QUEUE);
  const whats = <f64>slot(WHATS);
  store<i32>(slot(OUTCOME_COUNT), 0, 4);
  while (stops === 0) {
    closeUp(queue);
    if (load<f64>(queue) === 0) return DONE;
    const nowNs = load<f64>(slot(QUEUE_TIME));
    if (!(nowNs <= limitNs)) return DONE;
    const item = load<f64>(items);
    const task = <i32>(item / whats);
    if (<i32>(item - <f64>task * whats) !== slot(THREAD)) return ASKS;
    const pending = slot(PENDING) + (task << 2);
    const due = slot(DUE_NS) + (task << 3);
    const row = load<i32>(pending);
    if (row === NOBODY || load<u8>(slot(BLOCKED) + task) === 1 || load<f64>(due) !== nowNs) {
      takeOut(queue);
      continue;
    }
    if (row < from || row >= to) return MOVES;
    const here = row - from;
    const next = load<i32>(slot(NEXT_OF_TASK) + (here << 2));
    if (next >= to) return MOVES;
    const mark = slot(MARKS) + here;
    if (load<u8>(slot(PLAIN) + here) !== 1 || load<f64>(slot(ADDR) + (here << 3)) >= 0 || load<u8>(mark) !== 0)
      return ASKS;
    const number = goes(here, lane, nowNs);
    if (number < 0) return ASKS;
    if (number > 0) {
      countOne(here, number, load<u8>(slot(OP) + here), nowNs);
      store<u8>(mark, row >= counted ? number | COUNTED : number);
    }
    store<f64>(slot(NUMBERS) + (NOW_NS << 3), nowNs);
    store<i32>(pending, next);
    if (next === NOBODY) {
      takeOut(queue);
      continue;
    }
    const nextNs = max(nowNs, load<f64>(slot(TIME) + ((next - from) << 3)) + load<f64>(slot(LATE_NS) + (task << 3)));
    store<f64>(due, nextNs);
    // What is taken and what follows it cost one move down.
    const added = load<f64>(queue, 8);
    store<f64>(queue, added + 1, 8);
    sink(<i32>load<f64>(queue), nextNs, added, item);
    store<f64>(queue, load<f64>(slot(QUEUE_TIME)), 24);
  }
  store<i32>(slot(OUTCOME_COUNT), 1, 4);
  return ASKS;
}

// --- the queue (src/engine/queue.ts): its size, how many were ever added, whether its first place is free, the time of the next thing

function closeUp(queue: i32): void {
  if (load<f64>(queue, 16) === 0) return;
  store<f64>(queue, 0, 16);
  const last = <i32>load<f64>(queue) - 1;
  store<f64>(queue, <f64>last);
  const at = last << 3;
  if (last > 0)
    sink(last, load<f64>(slot(QUEUE_TIME) + at), load<f64>(slot(QUEUE_ORDER) + at), load<f64>(slot(QUEUE_ITEM) + at));
}

function takeOut(queue: i32): void {
  const times = slot(QUEUE_TIME);
  const size = load<f64>(queue);
  store<f64>(queue, 1, 16);
  const nextNs =
    size === 1
      ? Infinity
      : size > 2 && load<f64>(times, 16) < load<f64>(times, 8)
        ? load<f64>(times, 16)
        : load<f64>(times, 8);
  store<f64>(queue, nextNs, 24);
}

function sink(size: i32, timeNs: f64, order: f64, item: f64): void {
  const times = slot(QUEUE_TIME);
  const orders = slot(QUEUE_ORDER);
  const items = slot(QUEUE_ITEM);
  let at = 0;
  while (true) {
    let down = 2 * at + 1;
    if (down >= size) break;
    if (
      down + 1 < size &&
      isBefore(times, orders, down + 1, load<f64>(times + (down << 3)), load<f64>(orders + (down << 3)))
    )
      down++;
    if (!isBefore(times, orders, down, timeNs, order)) break;
    store<f64>(times + (at << 3), load<f64>(times + (down << 3)));
    store<f64>(orders + (at << 3), load<f64>(orders + (down << 3)));
    store<f64>(items + (at << 3), load<f64>(items + (down << 3)));
    at = down;
  }
  store<f64>(times + (at << 3), timeNs);
  store<f64>(orders + (at << 3), order);
  store<f64>(items + (at << 3), item);
}

// @inline
function isBefore(times: i32, orders: i32, at: i32, timeNs: f64, order: f64): bool {
  const its = load<f64>(times + (at << 3));
  return its < timeNs || (its === timeNs && load<f64>(orders + (at << 3)) < order);
}

/** Counts rows that went, after the maps had the caches to themselves. */
function count(first: i32, to: i32): void {
  const marks = slot(MARKS);
  const ops = slot(OP);
  const times = slot(TIME);
  for (let row = first; row < to; row++) {
    const number: i32 = load<u8>(marks + row);
    if (number !== 0) countOne(row, number, load<u8>(ops + row), load<f64>(times + (row << 3)));
  }
}

const UNIT_OF_REST: f64 = 1048576;
const TOO_LONG: f64 = 2147483648;
const HISTOGRAM_PAGES: i32 = 33;
const HISTOGRAM_PAGE: i32 = 1024;
const HEAT_BINS: i32 = 96;
const HEAT_LEVELS: i32 = 84;

// @inline
function countOne(row: i32, number: i32, op: i32, nowNs: f64): void {
  const at = number * slot(OP_COUNT) + op;
  const recordedNs = load<f64>(slot(LATENCY) + (row << 3));
  let ns = recordedNs;
  if (!(recordedNs >= 0)) {
    const bytes = load<u8>(slot(KINDS) + op) === TRUNCATES ? 0 : max(0, load<f64>(slot(LENGTH) + (row << 3)));
    ns = load<f64>(slot(FIXED_NS) + (op << 3)) + load<f64>(slot(NS_PER_BYTE) + (op << 3)) * bytes;
  }
  if (!(ns >= 0 && ns < TOO_LONG)) {
    countOther(row, number, nowNs);
    return;
  }
  if (load<u8>(slot(IS_COMPARED) + number) === 1 && load<i16>(slot(RESULT) + (row << 1)) !== slot(UNKNOWN_RESULT))
    addOne(slot(TOLD), at);
  if (recordedNs >= 0) addOne(slot(MEASURED), at);
  const value = <i32>ns;
  const drop = 21 - clz(value | 2047);
  const top = value >>> drop;
  const placeAt = at * HISTOGRAM_PAGES + drop + (top >>> 10);
  let place: i32 = load<u16>(slot(PLACES) + (placeAt << 1));
  if (place === 0) place = openPage(placeAt);
  const cell = slot(COUNTS) + (((place - 1) * HISTOGRAM_PAGE + (top & 1023)) << 2);
  store<i32>(cell, load<i32>(cell) + 1);
  addOne(slot(TIMES), at);
  const whole = slot(WHOLE) + (at << 3);
  store<f64>(whole, load<f64>(whole) + <f64>value);
  const left = ns - <f64>value;
  if (left !== 0) {
    const rest = slot(REST) + (at << 3);
    store<f64>(rest, load<f64>(rest) + rounded(left * UNIT_OF_REST));
  }
  const most = slot(MOST) + (at << 3);
  if (ns > load<f64>(most)) store<f64>(most, ns);
  const least = slot(LEAST) + (at << 3);
  if (ns < load<f64>(least)) store<f64>(least, ns);
  let heat: i32 = load<u16>(slot(HEAT_PLACES) + (at << 1));
  if (heat === 0) heat = openHeat(at);
  const bin = <i32>min(<f64>HEAT_BINS - 1, Math.floor(nowNs / numberAt(BIN_NS)));
  addOne(slot(CELLS), ((heat - 1) * HEAT_BINS + bin) * HEAT_LEVELS + levelOf(ns, value));
}

// @inline
function addOne(cells: i32, at: i32): void {
  const cell = cells + (at << 3);
  store<f64>(cell, load<f64>(cell) + 1);
}

/** As `Math.round` has it. */
// @inline
function rounded(x: f64): f64 {
  const down = Math.floor(x);
  return x - down >= 0.5 ? down + 1 : down;
}

// @inline
function levelOf(ns: f64, value: i32): i32 {
  if (value === 0) return 0;
  const power = 31 - clz(value);
  return power === 0 ? i32(ns >= 1.5) : power * 2 + ((value >>> (power - 1)) & 1);
}

/** A written extent of a file that all lanes have in the same state: it is mapped. False: it is not that simple, and nothing happened. */
function seesExtent(row: i32, nowNs: f64): bool {
  const op: i32 = load<u8>(slot(OP) + row);
  if (load<u8>(slot(KINDS) + op) !== EXTENTS_SEEN) return false;
  const file = load<i32>(slot(FILE) + (row << 2));
  const task = load<i32>(slot(TASK) + (row << 2));
  if (file === NOBODY || (task !== NOBODY && load<i32>(slot(APART) + (task << 2)) !== 0)) return false;
  const version = load<i32>(slot(FIRST) + (file << 2));
  const head = load<i32>(slot(HEAD_AT) + (version << 2));
  if (load<i32>(slot(NEXT) + (version << 2)) >= 0 || load<u8>(slot(DIVERGED) + version) === 1) return false;
  if (head < 0 || load<u8>(slot(ALONE) + version) === 0) return false;
  if ((load<i32>(slot(FLAGS) + (row << 2)) & slot(NOT_WRITTEN)) !== 0) return false;
  const key = load<f64>(slot(OFFSET) + (row << 3)) / BLOCK;
  const size = load<f64>(slot(LENGTH) + (row << 3)) / BLOCK;
  const target = load<f64>(slot(ADDR) + (row << 3)) / BLOCK;
  if (!(key >= 0 && size >= 1 && target >= 0 && target + size <= LAST_BLOCK)) return false;
  if (!(key + size <= <f64>load<i32>(slot(BITS) + (version << 2)))) return false;
  if (Math.floor(key) !== key || Math.floor(size) !== size || Math.floor(target) !== target) return false;
  if (words()[TOP] + SPARE > words()[LIMIT]) return false;
  store<i32>(slot(FROM) + (version << 2), NOBODY);
  store<u8>(slot(SEEN) + version, 1);
  if (map(head, version, <i32>key, <i32>size, <i32>target, IS_WRITTEN) !== 0)
    store<f64>(slot(CHANGED_NS) + (version << 3), nowNs);
  return true;
}

/** Number of the set of lanes in which the row went ahead, 0 for none that is to be counted; NOT: nothing happened. */
function goes(row: i32, lanes: i32, nowNs: f64): i32 {
  const op: i32 = load<u8>(slot(OP) + row);
  const kind: i32 = load<u8>(slot(KINDS) + op);
  if (kind === OTHER || kind === EXTENTS_SEEN) return NOT;
  const file = load<i32>(slot(FILE) + (row << 2));
  const regime = slot(LETS) + (load<i32>(slot(REGIME) + (file << 2)) << 2);
  const dirty = load<i32>(slot(DIRTY) + (file << 2));
  const simple = regime + ((slot(SIMPLE_AT) + op) << 2);
  const open = load<i32>(simple);
  if (
    kind <= WRITES &&
    ((lanes & ~open) === 0 || (lanes & ~(open | (load<i32>(simple + (slot(SIMPLE_IF_CLEAN) << 2)) & ~dirty))) === 0) &&
    leaves(row, kind, file, lanes)
  )
    return counted(row, lanes, nowNs);
  return changes(row, op, kind, file, regime, dirty, lanes, nowNs);
}

// @inline
function counted(row: i32, lanes: i32, nowNs: f64): i32 {
  if (lanes !== lastLanes || lastNumber === 0) {
    lastNumber = numberOf(lanes);
    lastLanes = lanes;
    if (lastNumber === 0) wentEach(row, lanes, nowNs);
  }
  return lastNumber;
}

/** Does a row leave its file as it is: the blocks are there, and the file is as long as that? */
// @inline
function leaves(row: i32, kind: i32, file: i32, lanes: i32): bool {
  if (kind === NOTHING) return true;
  const offset = load<f64>(slot(OFFSET) + (row << 3));
  const length = load<f64>(slot(LENGTH) + (row << 3));
  const isWrite = kind === WRITES;
  if (kind >= STORES && (offset < 0 || !(length > 0))) return false;
  if (isWrite && load<u8>(slot(OBSERVED) + file) === 1) return false;
  const end = isWrite ? offset + length : offset + 1;
  const whose = slot(LANES);
  const next = slot(NEXT);
  const sizes = slot(SIZE);
  let version = load<i32>(slot(FIRST) + (file << 2));
  for (; version >= 0; version = load<i32>(next + (version << 2))) {
    if ((load<i32>(whose + (version << 2)) & lanes) === 0) continue;
    const size = load<f64>(sizes + (version << 3));
    // A fault in a file whose size is not known may be anywhere.
    if (size < end && (isWrite || size >= 0)) return false;
    if (kind !== READS && !isKnownWritten(version, offset, length)) return false;
  }
  return true;
}

// @inline
function isKnownWritten(version: i32, offset: f64, length: f64): bool {
  const end = (offset + length) / BLOCK;
  if (!(end <= <f64>load<i32>(slot(BITS) + (version << 2)))) return false;
  const bits = slot(WRITTEN) + (load<i32>(slot(BITS_AT) + (version << 2)) << 2);
  const last = <i32>Math.ceil(end);
  for (let block = <i32>(offset / BLOCK); block < last; ) {
    const bit = block & 31;
    const mask = maskOf(bit, last - block);
    if ((load<i32>(bits + ((block >>> 5) << 2)) & mask) !== mask) return false;
    block += 32 - bit;
  }
  return true;
}

/** Bits of one word from `bit` on, at most so many. */
// @inline
function maskOf(bit: i32, many: i32): i32 {
  return many >= 32 - bit ? -1 << bit : ((1 << many) - 1) << bit;
}

/** Blocks behind those that have bits are left out. */
function mark(version: i32, from: i32, to: i32, written: bool): void {
  const bits = slot(WRITTEN) + (load<i32>(slot(BITS_AT) + (version << 2)) << 2);
  const end = min(to, load<i32>(slot(BITS) + (version << 2)));
  for (let block = from; block < end; ) {
    const bit = block & 31;
    const mask = maskOf(bit, end - block);
    const at = bits + ((block >>> 5) << 2);
    store<i32>(at, written ? load<i32>(at) | mask : load<i32>(at) & ~mask);
    block += 32 - bit;
  }
}

// --- what changes files

/** The general form: every version is looked at first, and then changed. */
function changes(row: i32, op: i32, kind: i32, file: i32, regime: i32, dirty: i32, lanes: i32, nowNs: f64): i32 {
  if ((lanes & ~load<i32>(regime + ((slot(OPS_AT) + op) << 2))) !== 0) return NOT;
  const offset = load<f64>(slot(OFFSET) + (row << 3));
  const length = load<f64>(slot(LENGTH) + (row << 3));
  const isObserved = load<u8>(slot(OBSERVED) + file) === 1;
  if (isObserved && kind >= WRITES) return NOT;
  let from = 0;
  let end = 0;
  if (kind === TRUNCATES) {
    if (!(length >= 0) || length > LAST_BLOCK) return NOT;
  } else if (kind >= STORES) {
    if (!(offset >= 0) || !(length > 0) || (offset + length) / BLOCK > LAST_BLOCK) return NOT;
    from = <i32>(offset / BLOCK);
    end = <i32>Math.ceil((offset + length) / BLOCK);
  }
  const fixed: i32 = load<i8>(slot(CASE_OF) + op);
  const isFault = kind === READS || kind === STORES;
  const isWrite = kind === WRITES || kind === STORES;
  let many = 0;
  let version = load<i32>(slot(FIRST) + (file << 2));
  for (; version >= 0; version = load<i32>(slot(NEXT) + (version << 2))) {
    const whose = load<i32>(slot(LANES) + (version << 2));
    const here = whose & lanes;
    if (here === 0) continue;
    const size = load<f64>(slot(SIZE) + (version << 3));
    if (isFault && size >= 0 && offset >= Math.ceil(size / BLOCK) * BLOCK) return NOT;
    const head = load<i32>(slot(HEAD_AT) + (version << 2));
    let operationCase = fixed;
    let held = 0;
    if (isWrite) {
      held = holdingOf(version, head, offset, length, from, end);
      if (held === OTHER_HERE) return NOT;
      if ((held & HOLE_HERE) !== 0 && load<u8>(slot(KNOWN) + version) === 0) return NOT;
      operationCase = writeCase(held);
      if (kind === STORES) operationCase += slot(WRITE_FAULT) - slot(WRITE_WRITTEN);
      else if (size >= 0 && offset + length > size) operationCase = slot(WRITE_PAST_EOF);
    } else if (kind === TRUNCATES) {
      if (size < 0) return NOT;
      operationCase = length < size ? slot(TRUNCATE_DOWN) : length > size ? slot(TRUNCATE_UP) : slot(TRUNCATE_SAME);
    }
    const at = regime + ((operationCase < 0 ? slot(NO_CASE) : operationCase) << 2);
    const commits = here & ((load<i32>(at + (slot(COMMIT) << 2)) & dirty) | load<i32>(at + (slot(COMMIT_ALL) << 2)));
    const refused = here & load<i32>(at + (slot(REFUSE) << 2));
    const going = here & (load<i32>(at) | (load<i32>(at + (slot(IF_CLEAN) << 2)) & ~dirty) | commits);
    if ((refused | going) !== here) return NOT;
    if (refused !== 0 && refused !== whose && load<u8>(slot(FREES) + operationCase) === 1) {
      // The lanes that refuse leave for a version of their own.
      if (!isObserved && load<u8>(slot(DIVERGED) + version) === 0) return NOT;
    }
    const grows = kind === WRITES && size < offset + length;
    let does = 0;
    if (going !== 0 && !isObserved && (isWrite ? held !== WRITTEN_HERE || grows : kind >= PUNCHES)) {
      does = 1;
      if (whose !== going || head < 0 || load<u8>(slot(ALONE) + version) === 0) return NOT;
      if (words()[TOP] + SPARE > words()[LIMIT]) return NOT;
      if (isWrite && held !== WRITTEN_HERE && end > load<i32>(slot(BITS) + (version << 2))) return NOT;
      // Nothing is to be allocated where all of it is there.
      if (kind === ALLOCATES && isKnownWritten(version, offset, length)) held = WRITTEN_HERE;
      if ((isWrite || kind === ALLOCATES) && held !== WRITTEN_HERE && !hasRegion(version, file, from, end)) return NOT;
    }
    const found = slot(SCRATCH) + many * (SCRATCH_WORDS << 2);
    store<i32>(found, version);
    store<i32>(found, refused, 4);
    store<i32>(found, going, 8);
    store<i32>(found, operationCase, 12);
    store<i32>(found, held, 16);
    store<i32>(found, does, 20);
    store<i32>(found, commits, 24);
    many++;
  }
  let went = 0;
  let durable = 0;
  for (let i = 0; i < many; i++) {
    const found = slot(SCRATCH) + i * (SCRATCH_WORDS << 2);
    const refused = load<i32>(found, 4);
    const going = load<i32>(found, 8);
    const does = load<i32>(found, 20);
    const held = load<i32>(found, 16);
    if (refused !== 0) refuses(row, op, file, load<i32>(found), load<i32>(found, 12), refused, nowNs);
    const commits = load<i32>(found, 24);
    if (does !== 0) change(load<i32>(found), row, kind, file, going, held, from, end, nowNs);
    // Whatever is uncommitted goes with it, and so does what the call itself changes.
    if (commits !== 0) {
      const at = slot(DIRTY) + (file << 2);
      store<i32>(at, load<i32>(at) & ~commits);
    }
    durable |= commits;
    went |= going;
  }
  if (durable !== 0) leave(row, durable, COMMITTED, 0, nowNs);
  went &= ~durable;
  return went === 0 ? 0 : counted(row, went, nowNs);
}

/** Of most refusals there was one like it before: all that is left to do for them is to count. */
function refuses(row: i32, op: i32, file: i32, version: i32, operationCase: i32, lanes: i32, nowNs: f64): void {
  const diverges =
    load<u8>(slot(FREES) + operationCase) === 1 &&
    load<u8>(slot(OBSERVED) + file) === 0 &&
    load<u8>(slot(DIVERGED) + version) === 0;
  const task = load<i32>(slot(TASK) + (row << 2));
  const what = (op << 8) | operationCase;
  for (let left = lanes; left !== 0; left &= left - 1) {
    const bit = left & -left;
    const lane = 31 - clz(bit);
    const known = knownAt(lane, file, task, what);
    const epoch = load<i32>(load<i32>(slot(EPOCHS) + (lane << 2)) + (file << 2));
    if (
      !diverges &&
      load<i32>(known) === file &&
      load<i32>(known, 4) === task &&
      load<i32>(known, 8) === what &&
      load<i32>(known, 12) === epoch
    )
      leave(row, bit, operationCase, load<i32>(known, 16), nowNs);
    else {
      stillFresh = 0;
      const group = refuse(row, operationCase, bit, nowNs);
      // Something may be to come of it, and arrays may be others by now.
      stops |= load<i32>(slot(OUTCOME_COUNT), 4);
      if (group < 0) continue;
      store<i32>(known, file);
      store<i32>(known, task, 4);
      store<i32>(known, what, 8);
      store<i32>(known, epoch, 12);
      store<i32>(known, group, 16);
    }
  }
}

// @inline
function knownAt(lane: i32, file: i32, task: i32, what: i32): i32 {
  const hash = (file * 0x9e3779b1 + task * 0x85ebca77 + what * 0xc2b2ae3d) >>> 17;
  return slot(REFUSALS) + (lane * REFUSAL_SLOTS + hash) * (REFUSAL_WORDS << 2);
}

/** Leaves a row to be counted in some lanes. */
function leave(row: i32, lanes: i32, operationCase: i32, group: i32, nowNs: f64): void {
  stillFresh = 0;
  const count = load<i32>(slot(OUTCOME_COUNT));
  const at = slot(OUTCOMES) + count * OUTCOME_BYTES;
  store<i32>(at, row);
  store<i32>(at, lanes, 4);
  store<i32>(at, operationCase, 8);
  store<i32>(at, group, 12);
  store<f64>(at, nowNs, 16);
  store<i32>(slot(OUTCOME_COUNT), count + 1);
  if (count + 1 > MOST_OUTCOMES - OUTCOMES_OF_ROW) stops = 1;
}

// @inline
function writeCase(held: i32): i32 {
  if ((held & HOLE_HERE) !== 0) return slot(WRITE_HOLE);
  return (held & UNWRITTEN_HERE) !== 0 ? slot(WRITE_UNWRITTEN) : slot(WRITE_WRITTEN);
}

function holdingOf(version: i32, head: i32, offset: f64, length: f64, from: i32, end: i32): i32 {
  if (isKnownWritten(version, offset, length)) return WRITTEN_HERE;
  if (head < 0) return OTHER_HERE;
  const held = holdingIn(head, from, end);
  if (held === WRITTEN_HERE && end <= load<i32>(slot(BITS) + (version << 2))) mark(version, from, end, true);
  return held;
}

/** What of `changeFor` (src/engine/map-changes.ts) there is to do for one version. */
function change(
  version: i32,
  row: i32,
  kind: i32,
  file: i32,
  lanes: i32,
  held: i32,
  from: i32,
  end: i32,
  nowNs: f64,
): void {
  const head = load<i32>(slot(HEAD_AT) + (version << 2));
  const offset = load<f64>(slot(OFFSET) + (row << 3));
  const length = load<f64>(slot(LENGTH) + (row << 3));
  const sizeAt = slot(SIZE) + (version << 3);
  store<i32>(slot(FROM) + (version << 2), NOBODY);
  let touched = 0;
  let soils = false;
  if (kind === WRITES || kind === STORES) {
    if ((held & HOLE_HERE) !== 0) touched = fill(head, version, file, from, end, IS_WRITTEN);
    if ((held & UNWRITTEN_HERE) !== 0) touched |= convert(head, version, from, end);
    soils = touched !== 0;
    if (kind === WRITES && load<f64>(sizeAt) < offset + length) store<f64>(sizeAt, offset + length);
  } else if (kind === ALLOCATES) {
    if (held !== WRITTEN_HERE) touched = fill(head, version, file, from, end, IS_UNWRITTEN);
    soils = touched !== 0;
    const keeps = (load<i32>(slot(FLAGS) + (row << 2)) & slot(KEEP_SIZE)) !== 0;
    if (!keeps && load<f64>(sizeAt) < offset + length) store<f64>(sizeAt, offset + length);
  } else {
    if (kind === PUNCHES) {
      const first = <i32>Math.ceil(offset / BLOCK);
      const behind = <i32>Math.floor((offset + length) / BLOCK);
      soils = behind > first;
      if (soils) touched = cut(head, version, first, behind);
    } else {
      const behind = <i32>Math.ceil(length / BLOCK);
      soils = endOf(head) > behind;
      if (soils) touched = cut(head, version, behind, <i32>LAST_BLOCK);
      store<f64>(sizeAt, length);
    }
    const removals = slot(REMOVALS) + (version << 2);
    store<i32>(removals, load<i32>(removals) + 1);
  }
  if (soils) {
    const dirty = slot(DIRTY) + (file << 2);
    store<i32>(dirty, load<i32>(dirty) | lanes);
    store<u8>(slot(SEEN) + version, 1);
  }
  if (touched !== 0) store<f64>(slot(CHANGED_NS) + (version << 3), nowNs);
}

function map(head: i32, version: i32, key: i32, size: i32, target: i32, state: i32): i32 {
  const outcome = mapIn(words(), head, key, size, target, state);
  if (outcome === GENERAL) return mapGenerally(version, key, size, target, state);
  if (outcome === CHANGED) mark(version, key, key + size, state === IS_WRITTEN);
  return outcome;
}

function cut(head: i32, version: i32, key: i32, end: i32): i32 {
  const outcome = cutIn(words(), head, key, end);
  if (outcome === GENERAL) return cutGenerally(version, key, end);
  mark(version, key, end, false);
  return outcome;
}

/** Will all that a range may need lie where an int32 reaches? */
function hasRegion(version: i32, file: i32, from: i32, end: i32): bool {
  const size = load<f64>(slot(REGION_SIZE) + (file << 3));
  const bytes = <f64>(end - from) * BLOCK;
  const nth = load<f64>(slot(ALLOCATED) + (version << 3));
  const rounds = Math.floor((nth + bytes) / size) + 1;
  return numberAt(REGION_BASE) + rounds * numberAt(REGION_STRIDE) + bytes < LAST_BLOCK * BLOCK;
}

/** Gives the holes of a range blocks that only a replay allocates (src/engine/regions.ts). */
function fill(head: i32, version: i32, file: i32, from: i32, end: i32, state: i32): i32 {
  const size = load<f64>(slot(REGION_SIZE) + (file << 3));
  const start = numberAt(REGION_BASE) + load<f64>(slot(REGION_START) + (file << 3));
  const stride = numberAt(REGION_STRIDE);
  const allocated = slot(ALLOCATED) + (version << 3);
  let changed = 0;
  let at = from;
  while (at < end) {
    const found = seek(head, at);
    const key = found ? pieceKey : end;
    if (key <= at) {
      at = key + pieceSize;
      continue;
    }
    const stop = min(end, key);
    while (at < stop) {
      const nth = load<f64>(allocated);
      const round = Math.floor(nth / size);
      const within = nth - round * size;
      const blocks = min(stop - at, <i32>min((size - within) / BLOCK, LAST_BLOCK));
      const addr = start + round * stride + within;
      map(head, version, at, blocks, <i32>(addr / BLOCK), state);
      store<f64>(allocated, nth + <f64>blocks * BLOCK);
      at += blocks;
      changed = 1;
    }
  }
  return changed;
}

/** What is unwritten in a range is written from now on: one change, however many pieces that are. */
function convert(head: i32, version: i32, from: i32, end: i32): i32 {
  const before = words()[head + CHANGES];
  let at = from;
  while (at < end && seek(head, at) && pieceKey < end) {
    const first = max(at, pieceKey);
    const behind = min(end, pieceKey + pieceSize);
    if (pieceState === IS_UNWRITTEN)
      map(head, version, first, behind - first, pieceAddr < 0 ? -1 : pieceAddr + (first - pieceKey), IS_WRITTEN);
    at = behind;
  }
  words()[head + CHANGES] = before + 1;
  return 1;
}

// --- how extents lie in an arena (src/extents/narrow.ts)

/** The first extent that ends behind `x`. */
function seek(head: i32, x: i32): bool {
  const all = words();
  const leaves = all[head + LEAVES];
  if (leaves === 0) return false;
  const dirAt = all[head + DIR_AT];
  let leaf = leaves === 1 ? 0 : lastUpTo(all, dirAt, leaves, x);
  const infos = dirAt + all[head + DIR_ROOM];
  const room = all[head + ROOM];
  let info = all[infos + leaf];
  let base = (info >>> 7) << 4;
  let i = lastInLeaf(all, base, info & 127, x);
  if (all[base + i] + all[base + room + 3 * i] <= x) {
    i++;
    if (i === (info & 127)) {
      leaf++;
      if (leaf === leaves) return false;
      info = all[infos + leaf];
      base = (info >>> 7) << 4;
      i = 0;
    }
  }
  const body = base + room + 3 * i;
  pieceKey = all[base + i];
  pieceSize = all[body];
  pieceAddr = all[body + 1];
  pieceState = all[body + 2];
  return true;
}

/** What a range holds: written blocks, unwritten ones, holes; OTHER_HERE where it holds anything else. */
function holdingIn(head: i32, from: i32, end: i32): i32 {
  const all = words();
  const leaves = all[head + LEAVES];
  if (leaves === 0) return HOLE_HERE;
  const dirAt = all[head + DIR_AT];
  let leaf = leaves === 1 ? 0 : lastUpTo(all, dirAt, leaves, from);
  const infos = dirAt + all[head + DIR_ROOM];
  const room = all[head + ROOM];
  let info = all[infos + leaf];
  let base = (info >>> 7) << 4;
  let i = lastInLeaf(all, base, info & 127, from);
  if (all[base + i] + all[base + room + 3 * i] <= from) i++;
  let reached = from;
  let held = 0;
  while (true) {
    for (; i < (info & 127); i++) {
      const key = all[base + i];
      if (key > reached) held |= HOLE_HERE;
      if (key >= end) return held;
      const body = base + room + 3 * i;
      const state = all[body + 2];
      if (state > IS_UNWRITTEN) return OTHER_HERE;
      held |= state === IS_WRITTEN ? WRITTEN_HERE : UNWRITTEN_HERE;
      reached = key + all[body];
      if (reached >= end) return held;
    }
    leaf++;
    if (leaf === leaves) return held | HOLE_HERE;
    info = all[infos + leaf];
    base = (info >>> 7) << 4;
    i = 0;
  }
}

/** Where the last extent ends. */
function endOf(head: i32): i32 {
  const all = words();
  const leaves = all[head + LEAVES];
  if (leaves === 0) return 0;
  const info = all[all[head + DIR_AT] + all[head + DIR_ROOM] + leaves - 1];
  const base = (info >>> 7) << 4;
  const last = (info & 127) - 1;
  return all[base + last] + all[base + all[head + ROOM] + 3 * last];
}

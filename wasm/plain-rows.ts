// The short way of rows (src/engine/unchanging.ts, plain.ts, plain-counts.ts) compiled to WebAssembly, together with the maps that the
// rows change (scripts/plain-rows.mjs). It takes rows as long as each is an operation that every lane lets through, commits or
// refuses, and nobody waits; everything else stops it, and is for the TypeScript, which gives the same for these.
// Where the arrays of the engine are is told by slots: numbers at a place of the memory, which src/engine/plain-kernel.ts fills.

/** Each of these lanes refuses a row: their signature, and those that follow are counted in the slot; 0: it is counted, and not that simple. */
declare function refuse(row: i32, operationCase: i32, lanes: i32, nowNs: f64, slot: i32): i32;
/** Signature of both; 0 for one too many. And the answer of those lanes, each by itself. */
declare function join(a: i32, b: i32): i32;
declare function answerEach(row: i32, signature: i32, nowNs: f64): void;
/** Number of a class; 0 for one too many. */
declare function classFor(went: i32, signature: i32, committed: i32): i32;
/** Under which commits are counted; 0 for one too many: then each lane counts its own. */
declare function numberOfCommits(lanes: i32): i32;
declare function commitEach(row: i32, lanes: i32, nowNs: f64): void;
/** What `mapIn` and `cutIn` do not do themselves: not 0 where something changed. */
declare function mapGenerally(version: i32, key: i32, size: i32, target: i32, state: i32): i32;
declare function cutGenerally(version: i32, key: i32, end: i32): i32;
/** A row that went in these lanes, of one class too many, is counted at once. */
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
let lastCommits: i32 = 0;
let lastCommitNumber: i32 = 0;
/** Row behind those that were looked ahead for. */
let asked: i32 = 0;

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

/** May a row take more of the arena than there is? A map of many leaves has a large directory. */
function isFull(head: i32): bool {
  return words()[TOP] + SPARE + mayTake(words(), head) > words()[LIMIT];
}

/** Rows from `first` on, up to `to`, each in its own time in all lanes; returns the first that is not done. */
export function run(at: i32, first: i32, to: i32, lanes: i32): i32 {
  slots = at;
  stops = 0;
  store<i32>(slot(STOPPED), 0);
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
  // Behind a row that stopped it the kernel goes on where it was.
  if (first > asked || asked > first + AHEAD) asked = first;
  if (words()[TOP] < LARGE) asked = to;
  while (row < to && stops === 0) {
    if (row >= asked) asked = ask(row, to);
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
  store<i32>(slot(STOPPED), stops);
  count(first, row);
  return row;
}

/** Fetches what the next rows will ask of their maps; returns the row behind them. */
function ask(from: i32, to: i32): i32 {
  const end = min(to, from + AHEAD);
  for (let row = from; row < end; row++) askHead(words(), row - from, headOf(row));
  for (let row = from; row < end; row++) askGroup(words(), row - from, unitOf(row));
  for (let row = from; row < end; row++) askLeaf(words(), row - from, unitOf(row));
  return end;
}

/** Head of the map that a row will ask, of the first lanes; NOBODY: it will ask none, or is one of many that go through a file. */
function headOf(row: i32): i32 {
  const kind: i32 = load<u8>(slot(KINDS) + load<u8>(slot(OP) + row));
  const file = load<i32>(slot(FILE) + (row << 2));
  if (kind < STORES || kind === EXTENTS_SEEN || file < 0) return NOBODY;
  const version = load<i32>(slot(FIRST) + (file << 2));
  if (version < 0) return NOBODY;
  const block = unitOf(row);
  if (kind <= WRITES && block >= 0 && block < load<i32>(slot(BITS) + (version << 2))) {
    const bits = slot(WRITTEN) + (load<i32>(slot(BITS_AT) + (version << 2)) << 2);
    if (((load<i32>(bits + ((block >>> 5) << 2)) >>> (block & 31)) & 1) !== 0) return NOBODY;
  }
  return load<i32>(slot(HEAD_AT) + (version << 2));
}

// @inline
function unitOf(row: i32): i32 {
  const unit = load<f64>(slot(OFFSET) + (row << 3)) / BLOCK;
  return unit >= 0 && unit <= LAST_BLOCK ? <i32>unit : 0;
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
  if (isFull(head)) return false;
  store<i32>(slot(FROM) + (version << 2), NOBODY);
  store<u8>(slot(SEEN) + version, 1);
  if (map(head, version, <i32>key, <i32>size, <i32>target, IS_WRITTEN) !== 0) {
    store<f64>(slot(CHANGED_NS) + (version << 3), nowNs);
    // Somebody did it to a map that was known.
    if (task !== NOBODY && load<u8>(slot(KNOWN) + version) === 1) {
      const dirty = slot(DIRTY) + (file << 2);
      store<i32>(dirty, load<i32>(dirty) | load<i32>(slot(LANES) + (version << 2)));
    }
  }
  return true;
}

/** Number of the class of the row, 0 for none that is to be counted; NOT: nothing happened. */
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
    lastNumber = numberOfClass(lanes, 0, 0);
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

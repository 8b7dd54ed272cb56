// The kernel of plain rows: what changes files, or is refused (src/engine/plain.ts, map-changes.ts, effects.ts).

/** The general form: every version is looked at first, and then changed. */
function changes(row: i32, op: i32, kind: i32, file: i32, regime: i32, dirty: i32, lanes: i32, nowNs: f64): i32 {
  if ((lanes & ~load<i32>(regime + ((slot(OPS_AT) + op) << 2))) !== 0) return NOT;
  askForRefusal(row, file);
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
      if (isFull(head)) return NOT;
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
  let signature = 0;
  for (let i = 0; i < many; i++) {
    const found = slot(SCRATCH) + i * (SCRATCH_WORDS << 2);
    const refused = load<i32>(found, 4);
    const going = load<i32>(found, 8);
    const does = load<i32>(found, 20);
    const held = load<i32>(found, 16);
    if (refused !== 0)
      signature = joined(
        signature,
        refuses(row, op, file, load<i32>(found), load<i32>(found, 12), refused, nowNs),
        row,
        nowNs,
      );
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
  went &= ~durable;
  if ((signature | durable) === 0) return went === 0 ? 0 : counted(row, went, nowNs);
  stillFresh = 0;
  const number = numberOfClass(went, signature, durable);
  if (durable !== 0) commits(row, op, file, durable, number, nowNs);
  if (number === 0) {
    if (went !== 0) wentEach(row, went, nowNs);
    if (signature !== 0) answerEach(row, signature, nowNs);
  }
  return number;
}

/** By opId, whatever has as many bits as there are lanes; where nobody asks for it, nothing is kept. */
// @inline
function addLanes(to: i32, row: i32, lanes: i32): void {
  const id = load<i32>(slot(OP_ID) + (row << 2));
  if (((load<u8>(slot(FOLLOWED) + (id >>> 3)) >>> (id & 7)) & 1) === 0) return;
  if (slot(FATE_SHIFT) === 0) store<u8>(to + id, load<u8>(to + id) | lanes);
  else store<i32>(to + (id << 2), load<i32>(to + (id << 2)) | lanes);
}

/** 0: one class too many. */
function numberOfClass(went: i32, signature: i32, committed: i32): i32 {
  const nth = (went * 0x9e3779b1 + signature * 0x85ebca77 + committed * 0xc2b2ae3d) >>> 24;
  const at = slot(CLASSES) + nth * (CLASS_WORDS << 2);
  const isKnown =
    load<i32>(at) === went && load<i32>(at, 4) === signature && load<i32>(at, 8) === committed && load<i32>(at, 12) > 0;
  if (isKnown) return load<i32>(at, 12);
  const number = classFor(went, signature, committed);
  store<i32>(at, went);
  store<i32>(at, signature, 4);
  store<i32>(at, committed, 8);
  store<i32>(at, number, 12);
  return number;
}

/** A row ends with a journal commit in these lanes: before the call and behind it, what was changed of the file is durable. */
function commits(row: i32, op: i32, file: i32, lanes: i32, number: i32, nowNs: f64): void {
  for (let left = lanes; left !== 0; left &= left - 1) {
    const lane = 31 - clz(left & -left);
    const cell = load<i32>(slot(COMMITS_OF) + (lane << 2)) + (file << 2);
    store<i32>(cell, load<i32>(cell) + 2);
  }
  addLanes(slot(COMMITTED_OPS), row, lanes);
  if (lanes !== lastCommits || lastCommitNumber === 0) {
    lastCommits = lanes;
    lastCommitNumber = numberOfCommits(lanes);
  }
  const alike = number !== 0 && lastCommitNumber !== 0;
  if (!alike || !countOne(row, lastCommitNumber, op, nowNs, numberAt(COMMIT_NS))) commitEach(row, lanes, nowNs);
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

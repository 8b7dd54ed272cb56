// The kernel of plain rows: refusals that are known (src/engine/known-refusals.ts).

/** A word of the line that a refusal of the row at hand may be in: asked for early, it is there when it is wanted. */
let comingUp: i32 = 0;

// @inline
function askForRefusal(row: i32, file: i32): void {
  comingUp = load<i32>(knownAt(firstSlot(mixed(file, load<i32>(slot(TASK) + (row << 2))))));
}

/** Of most refusals there was one like it before, in the same lanes: all that is left to do for them is to count. */
function refuses(row: i32, op: i32, file: i32, version: i32, operationCase: i32, lanes: i32, nowNs: f64): i32 {
  const frees = load<u8>(slot(FREES) + operationCase) === 1;
  const diverges = frees && load<u8>(slot(OBSERVED) + file) === 0 && load<u8>(slot(DIVERGED) + version) === 0;
  const task = load<i32>(slot(TASK) + (row << 2));
  const what = (op << 8) | operationCase;
  const nth = slotOfRefusal(file, task, what, lanes);
  const known = knownAt(nth);
  const epoch = load<i32>(slot(EPOCHS) + (file << 2));
  stillFresh = 0;
  if (!diverges && isRefusal(known, file, task, what, lanes) && load<i32>(known, 16) === epoch) {
    store<i32>(known, load<i32>(known, REFUSED_TIMES) + 1, REFUSED_TIMES);
    addLanes(slot(DENIED_OPS), row, lanes);
    if (frees) {
      const interfered = slot(INTERFERED) + (file << 2);
      store<i32>(interfered, load<i32>(interfered) | lanes);
    }
    return load<i32>(known, 20);
  }
  const signature = refuse(row, operationCase, lanes, nowNs, nth);
  // Something may be to come of it, and arrays may be others by now.
  stops |= load<i32>(slot(STOPPED));
  store<i32>(known, signature === 0 ? 0 : file + 1);
  store<i32>(known, task, 4);
  store<i32>(known, what, 8);
  store<i32>(known, lanes, REFUSED_LANES);
  store<i32>(known, epoch, 16);
  store<i32>(known, signature, 20);
  return signature;
}

// @inline
function mixed(file: i32, task: i32): i32 {
  return file * 0x9e3779b1 + task * 0x85ebca77;
}

/** Of the two in a line. */
// @inline
function firstSlot(hash: i32): i32 {
  return (hash >>> slot(REFUSAL_SHIFT)) << 1;
}

// @inline
function knownAt(nth: i32): i32 {
  return slot(REFUSALS) + nth * (REFUSAL_WORDS << 2);
}

/** Where a refusal is known, or else would be. */
function slotOfRefusal(file: i32, task: i32, what: i32, lanes: i32): i32 {
  const hash = mixed(file, task);
  const first = firstSlot(hash);
  const other = firstSlot(hash + what * 0xc2b2ae3d + lanes * 0x27d4eb2f);
  let free = -1;
  for (let i = 0; i < 4; i++) {
    const nth = i < 2 ? first + i : other + i - 2;
    const known = knownAt(nth);
    if (isRefusal(known, file, task, what, lanes)) return nth;
    if (free < 0 && load<i32>(known) === 0) free = nth;
  }
  return free < 0 ? other : free;
}

// @inline
function isRefusal(known: i32, file: i32, task: i32, what: i32, lanes: i32): bool {
  return (
    load<i32>(known) === file + 1 &&
    load<i32>(known, 4) === task &&
    load<i32>(known, 8) === what &&
    load<i32>(known, REFUSED_LANES) === lanes
  );
}

/** Who is refused with what, by two versions of a file. */
function joined(a: i32, b: i32, row: i32, nowNs: f64): i32 {
  if (a === 0 || b === 0) return a | b;
  const at = slot(JOINED) + a * SIGNATURES + b;
  let both: i32 = load<u8>(at);
  if (both === 0) {
    both = join(a, b);
    store<u8>(at, both);
  }
  if (both !== 0) return both;
  answerEach(row, b, nowNs);
  return a;
}

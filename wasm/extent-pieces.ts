// The extents of a map as the kernel of plain rows looks at them: how they lie in an arena is said in src/extents/narrow.ts.

/** The extent that `seek` found. */
let pieceKey: i32 = 0;
let pieceSize: i32 = 0;
let pieceAddr: i32 = 0;
let pieceState: i32 = 0;

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

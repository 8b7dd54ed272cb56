// The extents of a map as the kernel of plain rows looks at them: how they lie in an arena is said in src/extents/leaves.ts and narrow.ts.

/** The extent that `seek` found. */
let pieceKey: i32 = 0;
let pieceSize: i32 = 0;
let pieceAddr: i32 = 0;
let pieceState: i32 = 0;

/** Where a walk is: the group (-1: there are none), the leaf in its directory, the record in that; where leaves are told of, and how many. */
let walkTop: i32 = -1;
let walkLeaf: i32 = 0;
let walkAt: i32 = 0;
let walkInfos: i32 = 0;
let walkLeaves: i32 = 0;

/** To the last record that does not begin behind `x`, or the first; false: there is none. */
function walkTo(head: i32, x: i32): bool {
  const all = words();
  if (all[head + ENTRIES] === 0) return false;
  walkTop = topFor(all, head, x);
  const dirAt = enter(all, head);
  walkLeaf = lastInGroup(all, dirAt, walkLeaves, x);
  const info = all[walkInfos + walkLeaf];
  walkAt = lastInLeaf(all, baseIn(info), info & 127, x);
  return true;
}

/** Into the directory of the group at hand; returns where its keys are. */
function enter(all: Words, head: i32): i32 {
  const dirAt = dirOf(all, head, walkTop);
  walkInfos = dirAt + strideOf(all, head, walkTop);
  walkLeaves = leavesOf(all, head, walkTop);
  return dirAt;
}

/** To the next leaf; false: there is none. */
function walkOn(head: i32): bool {
  const all = words();
  walkAt = 0;
  walkLeaf++;
  if (walkLeaf < walkLeaves) return true;
  if (walkTop < 0 || walkTop + 1 === all[head + DIR_AT] + all[head + ENTRIES]) return false;
  walkTop++;
  walkLeaf = 0;
  enter(all, head);
  return true;
}

/** The first extent that ends behind `x`. */
function seek(head: i32, x: i32): bool {
  if (!walkTo(head, x)) return false;
  const all = words();
  const room = all[head + ROOM];
  let info = all[walkInfos + walkLeaf];
  let base = baseIn(info);
  if (all[base + walkAt] + (all[base + room + 2 * walkAt] >>> 3) <= x) {
    walkAt++;
    if (walkAt === (info & 127)) {
      if (!walkOn(head)) return false;
      info = all[walkInfos + walkLeaf];
      base = baseIn(info);
    }
  }
  const body = base + room + 2 * walkAt;
  pieceKey = all[base + walkAt];
  pieceSize = all[body] >>> 3;
  pieceState = all[body] & 7;
  pieceAddr = all[body + 1];
  return true;
}

/** What a range holds: written blocks, unwritten ones, holes; OTHER_HERE where it holds anything else. */
function holdingIn(head: i32, from: i32, end: i32): i32 {
  if (!walkTo(head, from)) return HOLE_HERE;
  const all = words();
  const room = all[head + ROOM];
  let reached = from;
  let held = 0;
  while (true) {
    const info = all[walkInfos + walkLeaf];
    const base = baseIn(info);
    for (let i = walkAt; i < (info & 127); i++) {
      const key = all[base + i];
      const tag = all[base + room + 2 * i];
      // The first one may end before the range.
      if (key + (tag >>> 3) <= reached) continue;
      if (key > reached) held |= HOLE_HERE;
      if (key >= end) return held;
      const state = tag & 7;
      if (state > IS_UNWRITTEN) return OTHER_HERE;
      held |= state === IS_WRITTEN ? WRITTEN_HERE : UNWRITTEN_HERE;
      reached = key + (tag >>> 3);
      if (reached >= end) return held;
    }
    if (!walkOn(head)) return held | HOLE_HERE;
  }
}

/** Where the last extent ends. */
function endOf(head: i32): i32 {
  const all = words();
  const entries = all[head + ENTRIES];
  if (entries === 0) return 0;
  walkTop = !isGrouped(all, head) ? -1 : all[head + DIR_AT] + entries - 1;
  enter(all, head);
  const info = all[walkInfos + walkLeaves - 1];
  const base = baseIn(info);
  const last = (info & 127) - 1;
  return all[base + last] + (all[base + all[head + ROOM] + 2 * last] >>> 3);
}

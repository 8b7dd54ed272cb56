// Look-ups ahead: what a few operations will ask of large block maps is fetched for all of them before the first is done, step by step,
// so that they wait for memory together and not each by itself. Behind narrow.ts, in the kernels that loop over operations.
// Each step is short, because a processor looks only so many instructions ahead of one that waits.

/** Operations that are looked ahead for at once: as many as `ASKED` has room for. */
const AHEAD: i32 = 8;
/** Words of an arena from which on it is worth it: a smaller one stays in the caches. */
const LARGE: i32 = 2097152;

/** First, of one operation: the head of its map; -1: it asks none. */
// @inline
function askHead(words: Words, nth: i32, head: i32): void {
  words[ASKED + nth] = head;
  if (head < 0) return;
  touch(words, head);
  touch(words, head - BEFORE);
}

/** Then where the group of unit `x` tells of its leaves; or, where there are no groups, the leaf. */
// @inline
function askGroup(words: Words, nth: i32, x: i32): void {
  const head = words[ASKED + nth];
  let group = 0;
  if (head >= 0) {
    const dirAt = words[head + DIR_AT];
    const infos = dirAt + words[head + DIR_ROOM];
    const entries = words[head + ENTRIES];
    if (isGrouped(words, head)) {
      group = words[infos + lastUpTo(words, dirAt, entries, x)];
      touchInfos(words, baseIn(group));
      touchInfos(words, baseIn(group) + GROUP);
    } else if (words[head + ROOM] === LEAF) askRecords(words, words[infos + lastInGroup(words, dirAt, entries, x)]);
  }
  words[ASKED + nth] = group;
}

/** Then the leaf in that group. */
// @inline
function askLeaf(words: Words, nth: i32, x: i32): void {
  const group = words[ASKED + nth];
  if (group === 0) return;
  const dirAt = baseIn(group);
  askRecords(words, words[dirAt + GROUP + lastInGroup(words, dirAt, group & 127, x)]);
}

// @inline
function askRecords(words: Words, info: i32): void {
  touch(words, baseIn(info));
  touchBodies(words, baseIn(info));
}

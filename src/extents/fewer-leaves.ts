// Leaves and groups of them joined and dropped, where they have become sparse or empty. Compiled twice, as narrow.ts is; as it is, it
// works for wide maps too.
import {
  addLeaves,
  baseIn,
  DIR_AT,
  DIR_ROOM,
  dirOf,
  ENTRIES,
  GROUP,
  isNear,
  LEAF,
  leafWords,
  leavesOf,
  noLeaves,
  ROOM,
  setGrouped,
  strideOf,
} from './leaves.js';
import { copyDown, type i32, type Words } from './narrow-words.js';
import { give, WIDTH } from './pieces.js';

/** Empties a sparse leaf into the one before it: many removals must not leave a directory of nearly empty leaves. */
export function tidy(words: Words, head: i32, top: i32, leaf: i32): void {
  const leaves = leavesOf(words, head, top);
  const infos = dirOf(words, head, top) + strideOf(words, head, top);
  if (leaves < 2 || (words[infos + leaf]! & 127) > LEAF / 4) return;
  const width = words[WIDTH]!;
  const right = leaf === 0 ? 1 : leaf;
  const info = words[infos + right - 1]!;
  const kept = info & 127;
  const moved = words[infos + right]! & 127;
  if (kept + moved > (3 * LEAF) / 4) return;
  const from = baseIn(words[infos + right]!);
  const to = baseIn(info);
  copyDown(words, from, to + kept, moved);
  copyDown(words, from + LEAF, to + LEAF + width * kept, width * moved);
  words[infos + right - 1] = info + moved;
  dropLeaf(words, head, top, right);
}

/** Takes a leaf out of its directory; with the last one all room is given back. */
export function dropLeaf(words: Words, head: i32, top: i32, leaf: i32): void {
  const leaves = leavesOf(words, head, top) - 1;
  const dirAt = dirOf(words, head, top);
  const stride = strideOf(words, head, top);
  if (words[head + ROOM] === LEAF) give(words, baseIn(words[dirAt + stride + leaf]!), leafWords(LEAF, words[WIDTH]!));
  removeEntry(words, dirAt + leaf, stride, leaves - leaf);
  addLeaves(words, head, top, -1);
  if (leaves === 0) {
    if (top >= 0) dropGroup(words, head, top);
    else noDirectory(words, head);
  } else if (top >= 0) {
    words[top] = words[dirAt]!;
    if (leaves <= GROUP / 4) tidyGroup(words, head, top);
  }
}

/** Gives back a directory without leaves. */
export function noDirectory(words: Words, head: i32): void {
  if (!isNear(words, head)) give(words, words[head + DIR_AT]!, 2 * words[head + DIR_ROOM]!);
  noLeaves(words, head);
}

function tidyGroup(words: Words, head: i32, top: i32): void {
  const first = words[head + DIR_AT]!;
  if (words[head + ENTRIES]! < 2) return;
  const left = top === first ? top : top - 1;
  const kept = leavesOf(words, head, left);
  const moved = leavesOf(words, head, left + 1);
  if (kept + moved > (3 * GROUP) / 4) return;
  const from = dirOf(words, head, left + 1);
  const to = dirOf(words, head, left);
  copyDown(words, from, to + kept, moved);
  copyDown(words, from + GROUP, to + GROUP + kept, moved);
  addLeaves(words, head, left, moved);
  dropGroup(words, head, left + 1);
}

function dropGroup(words: Words, head: i32, top: i32): void {
  const dirAt = words[head + DIR_AT]!;
  const dirRoom = words[head + DIR_ROOM]!;
  const entries = words[head + ENTRIES]! - 1;
  give(words, dirOf(words, head, top), 2 * GROUP);
  removeEntry(words, top, dirRoom, dirAt + entries - top);
  words[head + ENTRIES] = entries;
  if (entries > 1) return;
  // The last group is the directory.
  const info = words[dirAt + dirRoom]!;
  give(words, dirAt, 2 * dirRoom);
  words[head + DIR_AT] = baseIn(info);
  words[head + DIR_ROOM] = GROUP;
  words[head + ENTRIES] = info & 127;
  setGrouped(words, head, 0);
}

function removeEntry(words: Words, keyAt: i32, stride: i32, behind: i32): void {
  copyDown(words, keyAt + 1, keyAt, behind);
  copyDown(words, keyAt + stride + 1, keyAt + stride, behind);
}

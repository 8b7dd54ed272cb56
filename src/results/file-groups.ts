// Files in groups that are replayed one after the other, so that very many of them are not in memory at once. What becomes of a
// block map follows from the rows of its file, of files that share an operation with it, and of those that had its name.
import { type EventColumns, Flag } from '../model/events.js';
import type { Files } from '../model/parts.js';
import { NONE } from '../model/units.js';

/** So many slots for names: a few files that have nothing in common meet in one, and stay together as well. */
const SLOTS = 2 ** 20;

export interface FileGroups {
  readonly count: number;
  /** By file. */
  readonly of: Int32Array;
}

/** Groups of about `most` files, in the order of their numbers. */
export function groupFiles(files: Files, columns: EventColumns, most: number): FileGroups {
  const parent = Int32Array.from({ length: files.length }, (_, file) => file);
  joinPairs(parent, columns);
  joinNames(parent, files);
  const sizes = new Int32Array(files.length);
  for (let file = 0; file < files.length; file++) sizes[rootOf(parent, file)]!++;
  const of = new Int32Array(files.length).fill(-1);
  let group = 0;
  let held = 0;
  for (let file = 0; file < files.length; file++) {
    const root = rootOf(parent, file);
    if (of[root]! < 0) {
      if (held > 0 && held + sizes[root]! > most) {
        group++;
        held = 0;
      }
      of[root] = group;
      held += sizes[root]!;
    }
    of[file] = of[root]!;
  }
  return { count: group + 1, of };
}

function joinPairs(parent: Int32Array, { rows, flags, file }: EventColumns): void {
  for (let row = 1; row < rows; row++)
    if ((flags[row]! & Flag.second) !== 0 && file[row] !== NONE && file[row - 1] !== NONE)
      join(parent, file[row - 1]!, file[row]!);
}

function joinNames(parent: Int32Array, files: Files): void {
  const slots = new Int32Array(SLOTS).fill(-1);
  for (let file = 0; file < files.length; file++) {
    const { device, inode, path } = files.at(file)!;
    const slot = hashOf(inode === '' ? path : inode, hashOf(device, 0x811c9dc5)) & (SLOTS - 1);
    if (slots[slot]! < 0) slots[slot] = file;
    else join(parent, slots[slot]!, file);
  }
}

/** FNV-1a, of UTF-16 units. */
function hashOf(text: string, from: number): number {
  let hash = from;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash ^ (hash >>> 15);
}

function join(parent: Int32Array, one: number, other: number): void {
  parent[rootOf(parent, other)] = rootOf(parent, one);
}

function rootOf(parent: Int32Array, file: number): number {
  let at = file;
  while (parent[at] !== at) {
    parent[at] = parent[parent[at]!]!;
    at = parent[at]!;
  }
  return at;
}

// The seeded operations of the extent map benchmark, written once into a file that every contender reads, in whatever
// language it is written: 80 % look-ups, 15 % mappings, 5 % holes, over files drawn by Zipf's law with exponent 0.99.
import { writeFileSync } from 'node:fs';
import { Random } from '../../src/base/random.js';

/** Numbers are blocks. A stream file is int32s in the machine's order: `HEADER`, extents of each file, extents, operations. */
export const HEADER = 3;
/** Words of an extent at the start: offset, length, address. */
export const EXTENT = 3;
/** Words of an operation: file * 4 + kind, offset, length, address. */
export const OPERATION = 4;
export const Kind = { lookup: 0, map: 1, unmap: 2 } as const;

/** Blocks of an extent, of a hole, of a mapping and of a punched hole: 1 to so many. */
const MOST_BLOCKS = 8;
const ZIPF = 0.99;
/** A truncation cuts off up to so many of the last blocks. */
const TAIL_BLOCKS = 64;
/** Half of the mappings go where the file's blocks would be if it were in one piece, so that neighbours merge. */
const HOME = 2 ** 30;
const SEED = 42;

export interface Mix {
  readonly name: string;
  /** Extents of each file at the start. */
  readonly extents: (random: Random) => readonly number[];
}

const files = (count: number, most: number) => (random: Random) =>
  // Small files are the most: every size class has as many.
  Array.from({ length: count }, () => Math.ceil(most ** random.uniform()));

export const mixes = {
  inodes: { name: '1k files of 1 to 2000 extents', extents: files(1000, 2000) },
  fragmented: { name: 'one file of 200k extents', extents: () => [200_000] },
  small: { name: '100k files of 1 to 300 extents', extents: files(100_000, 300) },
} satisfies Record<string, Mix>;

export const oneFile = (extents: number): Mix => ({
  name: `one file of ${extents.toLocaleString('en')} extents`,
  extents: () => [extents],
});

/** Writes the stream of a mix and returns how many extents there are at the start. */
export function writeStream(path: string, mix: Mix, operations: number): number {
  const random = new Random(SEED);
  const counts = mix.extents(random);
  const extents = counts.reduce((sum, n) => sum + n, 0);
  const words = new Int32Array(HEADER + counts.length + EXTENT * extents + OPERATION * operations);
  words.set([counts.length, extents, operations]);
  words.set(counts, HEADER);
  const sizes = new Int32Array(counts.length);
  let at = HEADER + counts.length;
  let free = 0;
  const length = () => 1 + random.below(MOST_BLOCKS);
  counts.forEach((count, file) => {
    let offset = 0;
    for (let i = 0; i < count; i++) {
      if (random.chance(0.25)) offset += length();
      const blocks = length();
      words.set([offset, blocks, free], at);
      at += EXTENT;
      offset += blocks;
      // A gap, so that nothing continues anything.
      free += blocks + 1;
    }
    sizes[file] = offset;
  });
  const homes = new Float64Array(counts.length);
  for (let file = 1; file < counts.length; file++) homes[file] = homes[file - 1]! + sizes[file - 1]! + MOST_BLOCKS;
  const draw = zipf(counts.length, random);
  for (let i = 0; i < operations; i++, at += OPERATION) {
    const file = draw();
    const offset = random.below(sizes[file]!);
    const dice = random.uniform();
    words[at + 1] = offset;
    words[at + 2] = 1;
    words[at + 3] = -1;
    if (dice < 0.8) words[at] = file * 4 + Kind.lookup;
    else if (dice < 0.95) {
      words[at] = file * 4 + Kind.map;
      words[at + 2] = length();
      words[at + 3] = random.chance(0.5) ? HOME + homes[file]! + offset : free;
      free += words[at + 2]! + 1;
    } else if (dice < 0.99) {
      words[at] = file * 4 + Kind.unmap;
      words[at + 2] = length();
    } else {
      words[at] = file * 4 + Kind.unmap;
      words[at + 1] = Math.max(0, sizes[file]! - 1 - random.below(TAIL_BLOCKS));
      words[at + 2] = 2 * TAIL_BLOCKS;
    }
  }
  if (free > HOME || HOME + homes.at(-1)! + sizes.at(-1)! > 2 ** 31 - 1) throw new Error('the addresses meet');
  writeFileSync(path, words);
  return extents;
}

/** Draws a file; which files are popular has nothing to do with their sizes. */
function zipf(count: number, random: Random): () => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) sums[i] = sum += 1 / (i + 1) ** ZIPF;
  return () => {
    const x = random.uniform() * sum;
    let low = 0;
    for (let high = count - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < x) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

// ExtentMap against a sorted array of plain objects, on the mix a replay makes: 80 % look-ups, 15 % mappings, 5 % holes.
// Run: npx tsx test/bench/extent-map.bench.ts
import assert from 'node:assert/strict';
import { add, complete, cycle, suite } from 'benny';
import { ExtentMap, State } from '../../src/extents/extent-map.js';

const BLOCK = 4096;
/** Operations per sample; the stream goes on where the last sample stopped. */
const BATCH = 20_000;

interface Plain {
  offset: number;
  length: number;
  addr: number;
  state: number;
}

/** The thing to beat: what one would write first, with a binary search. */
class PlainMap {
  readonly extents: Plain[] = [];

  get count(): number {
    return this.extents.length;
  }

  /** Index of the first extent ending after `offset`. */
  private seek(offset: number): number {
    let low = 0;
    let high = this.extents.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const e = this.extents[middle]!;
      if (e.offset + e.length > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  addrAt(offset: number): number {
    const e = this.extents[this.seek(offset)];
    return e === undefined || e.offset > offset || e.addr < 0 ? -1 : e.addr + offset - e.offset;
  }

  remove(offset: number, length: number): void {
    const end = offset + length;
    const first = this.seek(offset);
    const parts: Plain[] = [];
    let last = first;
    for (; last < this.extents.length && this.extents[last]!.offset < end; last++) {
      const e = this.extents[last]!;
      if (e.offset < offset) parts.push({ ...e, length: offset - e.offset });
      const over = e.offset + e.length - end;
      if (over > 0) parts.push({ ...e, offset: end, length: over, addr: e.addr < 0 ? -1 : e.addr + e.length - over });
    }
    if (last > first) this.extents.splice(first, last - first, ...parts);
  }

  insert(offset: number, length: number, addr: number, state: number): void {
    this.remove(offset, length);
    let i = this.seek(offset);
    const added = { offset, length, addr, state };
    const left = this.extents[i - 1];
    let gone = 0;
    if (left && continues(left, added)) {
      added.offset = left.offset;
      added.addr = left.addr;
      added.length += left.length;
      i--;
      gone++;
    }
    const right = this.extents[i + gone];
    if (right && continues(added, right)) {
      added.length += right.length;
      gone++;
    }
    this.extents.splice(i, gone, added);
  }
}

const continues = (a: Plain, b: Plain): boolean =>
  a.offset + a.length === b.offset && a.state === b.state && b.addr === (a.addr < 0 ? -1 : a.addr + a.length);

type AnyMap = Pick<ExtentMap, 'insert' | 'remove' | 'addrAt' | 'count'>;

/** mulberry32 */
const randomFrom = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let x = Math.imul(seed ^ (seed >>> 15), seed | 1);
  x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
  return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
};

interface Load {
  readonly name: string;
  /** Extents of each file at the start; every one is 1..8 blocks, with a hole before one in four. */
  readonly files: readonly number[];
  readonly kind: Uint8Array;
  readonly file: Uint32Array;
  readonly offset: Float64Array;
  readonly length: Float64Array;
}

const SEED = 42;
const OPS = 1_000_000;

function makeLoad(name: string, files: readonly number[]): Load {
  const random = randomFrom(SEED);
  // Zipf (0.99) over the files: cumulative weights and a binary search.
  const sums = new Float64Array(files.length);
  let sum = 0;
  for (let i = 0; i < files.length; i++) sums[i] = sum += 1 / (i + 1) ** 0.99;
  const load = {
    name,
    files,
    kind: new Uint8Array(OPS),
    file: new Uint32Array(OPS),
    offset: new Float64Array(OPS),
    length: new Float64Array(OPS),
  };
  for (let i = 0; i < OPS; i++) {
    const x = random() * sum;
    let low = 0;
    for (let high = files.length - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < x) low = middle + 1;
      else high = middle;
    }
    const dice = random();
    load.kind[i] = dice < 0.8 ? 0 : dice < 0.95 ? 1 : 2;
    load.file[i] = low;
    load.offset[i] = Math.floor(random() * files[low]! * 6) * BLOCK;
    load.length[i] = (1 + Math.floor(random() * 8)) * BLOCK;
  }
  return load;
}

/** A contender at work: its maps, its place in the stream, its free space, and what its look-ups added up to. */
class Runner {
  readonly maps: AnyMap[];
  private readonly load: Load;
  private at = 0;
  private nextAddr = 0;
  checksum = 0;

  constructor(load: Load, make: () => AnyMap) {
    this.load = load;
    const random = randomFrom(SEED + 1);
    this.maps = load.files.map((extents) => {
      const map = make();
      for (let i = 0, offset = 0; i < extents; i++) {
        if (random() < 0.25) offset += BLOCK;
        const length = (1 + Math.floor(random() * 8)) * BLOCK;
        map.insert(offset, length, this.allocate(), State.written);
        offset += length;
      }
      return map;
    });
  }

  /** Never the same address twice in a row, never one that continues another; wraps far below the narrow limit. */
  private allocate(): number {
    this.nextAddr = (this.nextAddr + 16) & 0x3fffffff;
    return this.nextAddr * BLOCK;
  }

  run(ops: number): void {
    const { kind, file, offset, length } = this.load;
    let sum = 0;
    for (let n = 0; n < ops; n++) {
      const i = this.at;
      this.at = i + 1 === OPS ? 0 : i + 1;
      const map = this.maps[file[i]!]!;
      if (kind[i] === 0) sum = (sum + map.addrAt(offset[i]!) / BLOCK) | 0;
      else if (kind[i] === 1) map.insert(offset[i]!, length[i]!, this.allocate(), State.written);
      else map.remove(offset[i]!, length[i]!);
    }
    this.checksum = (this.checksum + sum) | 0;
  }

  result(): { checksum: number; extents: number } {
    return { checksum: this.checksum, extents: this.maps.reduce((n, map) => n + map.count, 0) };
  }
}

async function compare(load: Load, checked: number): Promise<void> {
  const ours = new Runner(load, () => new ExtentMap(BLOCK));
  const plain = new Runner(load, () => new PlainMap());
  ours.run(checked);
  plain.run(checked);
  assert.deepEqual(ours.result(), plain.result());
  const { extents } = ours.result();
  const summary = await suite(
    load.name,
    add('ExtentMap', () => ours.run(BATCH)),
    add('sorted array of objects', () => plain.run(BATCH)),
    cycle(),
    complete(),
  );
  const ns = summary.results.map((r) => (1e9 * r.details.median) / BATCH);
  console.log(`${load.name}: ${extents} extents after ${checked} operations, equal checksums`);
  summary.results.forEach((r, i) => {
    console.log(`  ${r.name}: ${ns[i]!.toFixed(0)} ns/op (median of ${r.samples} samples)`);
  });
  console.log(`  ratio: ${(ns[1]! / ns[0]!).toFixed(1)}\n`);
}

const sizes = randomFrom(SEED + 2);
await compare(
  makeLoad(
    '1k files of 1..2000 extents',
    // Small files are the most: every size class has as many.
    Array.from({ length: 1000 }, () => Math.ceil(2000 ** sizes())),
  ),
  400_000,
);
await compare(makeLoad('one file of 200k extents', [200_000]), 40_000);

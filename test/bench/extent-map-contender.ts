// One contender of the extent map benchmark, alone in its process: extent-map-contender.ts NAME STREAM WARM MEASURED.
// Prints one line of JSON, as peers/extent-map.cpp does.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sortedBTree from 'sorted-btree';
import { KernelMemory } from '../../src/engine/kernel-slots.js';
import { ExtentMap, State } from '../../src/extents/extent-map.js';
import { EXTENT, HEADER, Kind, OPERATION } from './extent-map-stream.js';

const BTree = sortedBTree.default;
const BLOCK = 4096;
/** wasm/extent-loop.ts, compiled; beside this program. */
const LOOP = 'extent-loop.wasm';

/** Its arguments are what the contender works in: bytes for `ExtentMap`, blocks for the others. */
interface AnyMap {
  readonly count: number;
  addrAt(offset: number): number;
  insert(offset: number, length: number, addr: number, state: number): void;
  remove(offset: number, length: number): void;
}

interface Body {
  length: number;
  addr: number;
}

/** npm sorted-btree: offset -> body; the same steps as the C++ peers. */
class TreeMap implements AnyMap {
  private readonly tree = new BTree<number, Body>();

  get count(): number {
    return this.tree.size;
  }

  addrAt(block: number): number {
    const found = this.tree.getPairOrNextLower(block);
    return found !== undefined && block - found[0] < found[1].length ? found[1].addr + block - found[0] : -1;
  }

  remove(from: number, length: number): void {
    const { tree } = this;
    const end = from + length;
    const before = tree.nextLowerPair(from);
    if (before !== undefined && before[0] + before[1].length > from) {
      const [key, body] = before;
      const rest = key + body.length - end;
      body.length = from - key;
      if (rest > 0) tree.set(end, { length: rest, addr: body.addr + end - key });
      if (rest >= 0) return;
    }
    for (;;) {
      const inside = tree.getPairOrNextHigher(from);
      if (inside === undefined || inside[0] >= end) return;
      const [key, body] = inside;
      const rest = key + body.length - end;
      tree.delete(key);
      if (rest > 0) tree.set(end, { length: rest, addr: body.addr + end - key });
      if (rest >= 0) return;
    }
  }

  insert(from: number, length: number, addr: number): void {
    const { tree } = this;
    this.remove(from, length);
    const added = { length, addr };
    const behind = tree.get(from + length);
    if (behind !== undefined && behind.addr === addr + length) {
      added.length += behind.length;
      tree.delete(from + length);
    }
    const before = tree.nextLowerPair(from);
    if (before !== undefined) {
      const [key, body] = before;
      if (key + body.length === from && body.addr + body.length === addr) {
        body.length += added.length;
        return;
      }
    }
    tree.set(from, added);
  }
}

/** That of a replay of many rows: all maps share one, in the memory of a kernel from the beginning. */
const memory = KernelMemory.make()!;
const ours = (): ExtentMap => new ExtentMap(BLOCK, memory.arena);

interface Contender {
  /** Bytes of what it counts offsets in. */
  readonly unit: number;
  readonly make: () => AnyMap;
  /** What does operations [from, to) on its maps; it is called many times. Returns the checksum so far. */
  readonly worker: (maps: readonly AnyMap[], ops: Int32Array) => (from: number, to: number) => number;
}

const contenders: Readonly<Record<string, Contender>> = {
  ExtentMap: { unit: BLOCK, make: ours, worker: (maps, ops) => inKernel(maps as readonly ExtentMap[], ops) },
  'ExtentMap, from JavaScript': { unit: BLOCK, make: ours, worker: callByCall(BLOCK) },
  'sorted-btree': { unit: 1, make: () => new TreeMap(), worker: callByCall(1) },
};

/** As a replay has them: maps and operations in one memory, and the loop is WebAssembly too. */
function inKernel(maps: readonly ExtentMap[], ops: Int32Array): (from: number, to: number) => number {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Engine };
  const module = new WebAssembly.Module(readFileSync(join(import.meta.dirname, LOOP)));
  const { work, checksum } = new WebAssembly.Instance(module, { env: { memory: memory.memory } }).exports;
  const stream = memory.room.int32(ops.length);
  stream.set(ops);
  const heads = memory.room.int32(maps.length);
  heads.set(maps.map(({ head }) => head));
  const place = (operation: number): number => stream.byteOffset + 4 * OPERATION * operation;
  return (from, to) => {
    const stopped = work(heads.byteOffset, place(from), place(to));
    if (stopped !== place(to)) throw new Error('the arena is too small for this stream');
    return checksum();
  };
}

interface Engine {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => {
    readonly exports: {
      readonly work: (heads: number, from: number, to: number) => number;
      readonly checksum: () => number;
    };
  };
}

function callByCall(unit: number): Contender['worker'] {
  return (maps, ops) => {
    let sum = 0;
    return (from, to) => {
      sum = work(maps, ops, from, to, unit, sum);
      return sum;
    };
  };
}

/** hot: operations [from, to) on the maps; returns the checksum. */
function work(maps: readonly AnyMap[], ops: Int32Array, from: number, to: number, unit: number, sum: number): number {
  for (let i = OPERATION * from; i < OPERATION * to; i += OPERATION) {
    const map = maps[ops[i]! >> 2]!;
    const kind = ops[i]! & 3;
    const offset = ops[i + 1]! * unit;
    if (kind === Kind.lookup) {
      // -1 stays -1. A branch would be waited for at every hole, and the C++ peers have none here.
      sum = (Math.imul(sum, 31) + Math.floor(map.addrAt(offset) / unit)) | 0;
    } else if (kind === Kind.map) map.insert(offset, ops[i + 2]! * unit, ops[i + 3]! * unit, State.written);
    else map.remove(offset, ops[i + 2]! * unit);
  }
  return sum;
}

const [name, path, warm, measured] = process.argv.slice(2);
const { unit, make, worker } = contenders[name!]!;
const bytes = readFileSync(path!);
// A copy: what only the kernel has touched of a page is paid for by whoever comes next, some machines make that dear, and the C++ peers
// have touched theirs.
const words = Int32Array.from(new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
const [files, extents] = words as unknown as [number, number];
let at = HEADER + files;
const maps = Array.from(words.subarray(HEADER, at), (count) => {
  const map = make();
  for (const end = at + EXTENT * count; at < end; at += EXTENT)
    map.insert(words[at]! * unit, words[at + 1]! * unit, words[at + 2]! * unit, State.written);
  return map;
});
const run = worker(maps, words.subarray(at));
const begun = Number(warm);
// Call by call, so that V8 has compiled it before the clock starts: a loop that is compiled while it runs is compiled once more when
// it is called again, and that is CPU time too.
const WARM_CALLS = 20;
for (let i = 0; i < WARM_CALLS; i++)
  run(Math.floor((begun * i) / WARM_CALLS), Math.floor((begun * (i + 1)) / WARM_CALLS));
const before = process.cpuUsage();
const sum = run(begun, begun + Number(measured));
const { user, system } = process.cpuUsage(before);
console.log(
  JSON.stringify({
    checksum: sum >>> 0,
    before: extents,
    extents: maps.reduce((total, map) => total + map.count, 0),
    cpuNs: 1000 * (user + system),
    version: `Node ${process.version}`,
  }),
);

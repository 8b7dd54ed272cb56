// narrow.ts as it is and as WebAssembly: the same words of an arena after the same operations.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
// @ts-expect-error: a script without types
import { extentKernel, TARGET } from '../../scripts/extent-kernel.mjs';
import { Arena } from '../../src/extents/arena.js';
import { ExtentMap, State } from '../../src/extents/extent-map.js';
import { LIMIT, TOP } from '../../src/extents/pieces.js';
import fc from '../support/fast-check.js';

const BLOCK = 4096;
const WITHOUT_KERNEL = Number.POSITIVE_INFINITY;

test('the kernel in the repository is the one that its source makes', async () => {
  expect(readFileSync(TARGET, 'utf8')).toBe(await extentKernel());
});

/** An arena that will not grow while a test lasts: where it does depends on who changes it. */
function arenaOf(kernelFrom: number): { arena: Arena; from: number } {
  const arena = new Arena(false, kernelFrom);
  arena.take(2 ** 16);
  const last = arena.take(2 ** 13);
  return { arena, from: last + 2 ** 13 };
}

const step = fc.record({
  map: fc.nat(2),
  kind: fc.nat(9),
  block: fc.nat(1500),
  blocks: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 700 })),
  addr: fc.nat(3),
  scattered: fc.integer({ min: 1, max: 90 }),
});

test('WebAssembly changes maps as JavaScript does, word for word', () => {
  let halved = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), (steps) => {
      const sides = [arenaOf(WITHOUT_KERNEL), arenaOf(0)].map(({ arena, from }) => ({
        arena,
        from,
        maps: Array.from({ length: 3 }, () => new ExtentMap(BLOCK, arena)),
      }));
      const [plain, compiled] = sides as [(typeof sides)[0], (typeof sides)[0]];
      expect(plain.arena.kernel).toBeNull();
      expect(compiled.arena.kernel).not.toBeNull();
      for (const { map: which, kind, block, blocks, addr, scattered } of steps)
        for (const { maps } of sides) {
          const map = maps[which]!;
          const offset = block * BLOCK;
          const length = blocks * BLOCK;
          // Mostly where the file would lie in one piece, so that neighbours continue each other.
          const target = addr === 0 ? -1 : addr * 2 ** 30 + offset;
          if (kind < 3) map.insert(offset, length, target, kind === 2 ? State.unwritten : State.written);
          else if (kind < 6)
            for (let i = 0; i < scattered; i++)
              map.insert(
                offset + i * 3 * BLOCK,
                BLOCK * (1 + (i % 2)),
                target < 0 ? -1 : target + i * BLOCK,
                State.written,
              );
          else if (kind < 9) map.remove(offset, kind === 8 ? Number.POSITIVE_INFINITY : length);
          else map.insert(offset, length, -1, State.delalloc);
        }
      const top = plain.arena.words[TOP]!;
      expect(compiled.arena.words.slice(0, LIMIT)).toEqual(plain.arena.words.slice(0, LIMIT));
      expect(compiled.arena.words.slice(compiled.from, top)).toEqual(plain.arena.words.slice(plain.from, top));
      for (const [i, map] of compiled.maps.entries()) {
        expect(map.check()).toBe('');
        if (map.entries > 1) halved++;
        for (let block = 0; block < 1800; block += 7)
          expect(map.addrAt(block * BLOCK + block)).toBe(plain.maps[i]!.addrAt(block * BLOCK + block));
      }
    }),
    { numRuns: 100 },
  );
  expect(halved).toBeGreaterThan(50);
}, 60_000);

test('the same where there are so many leaves that they are in groups, and as wide maps do', () => {
  const seed = { value: 7 };
  const random = (below: number): number => {
    seed.value = (Math.imul(seed.value, 1664525) + 1013904223) >>> 0;
    return (seed.value >>> 8) % below;
  };
  const { arena: plain, from } = arenaOf(WITHOUT_KERNEL);
  const { arena: compiled, from: compiledFrom } = arenaOf(0);
  // A unit that is no power of two: bytes, and extent-edits.ts alone.
  const maps = [new ExtentMap(BLOCK, plain), new ExtentMap(BLOCK, compiled), new ExtentMap(BLOCK + 1)] as const;
  let grouped = 0;
  let flattened = 0;
  let isGrouped = false;
  for (let round = 0; round < 6; round++) {
    const extents = 100 + random(4000);
    const backwards = round % 3 === 2;
    for (let i = 0; i < extents; i++)
      for (const map of maps)
        map.insert((backwards ? extents - i : i) * 3 * BLOCK, BLOCK, (round * 70_000 + i * 2) * BLOCK, State.written);
    for (let n = 0; n < 600; n++) {
      const offset = random(3 * extents) * BLOCK;
      const length = (n % 100 === 0 ? 1 + random(2 * extents) : 1 + random(6)) * BLOCK;
      const target = random(2) * 2 ** 33 + offset;
      const kind = random(round < 3 ? 12 : 7);
      const state = random(4) === 0 ? State.unwritten : State.written;
      for (const map of maps)
        if (kind < 4) map.insert(offset, Math.min(length, 9 * BLOCK), target, state);
        else if (kind < 7) map.remove(offset, length);
        else if (kind < 9) map.convert(offset, length, state);
        else if (kind === 9) map.collapse(offset, Math.min(length, 2 * BLOCK));
        else if (kind === 10) map.insertHole(offset, Math.min(length, 2 * BLOCK));
        else for (let i = 0; i < 50; i++) map.insert(offset + 2 * i * BLOCK, BLOCK, target + 7 * i * BLOCK, state);
      const wasGrouped = isGrouped;
      isGrouped = maps[0].isGrouped;
      if (isGrouped) grouped++;
      else if (wasGrouped) flattened++;
      if (n % 200 !== 0) continue;
      for (const map of maps) expect(map.check()).toBe('');
      expect(extentsOf(maps[1])).toBe(extentsOf(maps[0]));
      expect(extentsOf(maps[2])).toBe(extentsOf(maps[0]));
      expect(bytesOf(compiled, compiledFrom).equals(bytesOf(plain, from))).toBe(true);
    }
    const twins = maps.map((map) => map.copy());
    const kept = extentsOf(maps[0]);
    for (const map of maps) map.remove((round % 5) * BLOCK, Number.POSITIVE_INFINITY);
    if (isGrouped && !maps[0].isGrouped) flattened++;
    isGrouped = false;
    for (const twin of twins) {
      expect(twin.check()).toBe('');
      expect(extentsOf(twin)).toBe(kept);
      twin.dissolve();
    }
    expect(plain.used).toBe(maps[0].words + 2 ** 16 + 2 ** 13);
  }
  expect(grouped).toBeGreaterThan(1000);
  expect(flattened).toBeGreaterThan(2);
}, 60_000);

/** What is in use of an arena from there on. */
const bytesOf = ({ words }: Arena, from: number): Buffer =>
  Buffer.from(words.buffer, 4 * from, 4 * (words[TOP]! - from));

/** As text: so long a list is compared much faster. */
function extentsOf(map: ExtentMap): string {
  const found: number[][] = [];
  for (let at = map.seek(0); at >= 0; at = map.next(at))
    found.push([map.offset(at), map.length(at), map.addr(at), map.state(at)]);
  return JSON.stringify(found);
}

test('numbers that are no usual bytes are to the kernel what they are without one', () => {
  const odd = [0, -0, 0.5, 4096, -4096, 2 ** 31, 2 ** 43, 2 ** 52, 2 ** 53 - 4096, -(2 ** 53)];
  odd.push(Number.POSITIVE_INFINITY, Number.NaN);
  const found = new Set<boolean>();
  const tell = (map: ExtentMap) => [map.isWide, map.seq, extentsOf(map), odd.map((offset) => map.addrAt(offset))];
  const { arena: plain } = arenaOf(WITHOUT_KERNEL);
  const { arena: compiled } = arenaOf(0);
  for (const unit of [1, BLOCK, 2 ** 20])
    for (const offset of odd)
      for (const length of odd)
        for (const addr of odd) {
          const [told, expected] = [compiled, plain].map((arena) => {
            const map = new ExtentMap(unit, arena);
            map.insert(0, 16 * unit, 0, State.written);
            map.insert(offset, length, addr, State.written);
            const inserted = tell(map);
            map.remove(offset === length ? addr : length, offset);
            const removed = tell(map);
            map.dissolve();
            found.add(map.isWide);
            return [inserted, removed];
          });
          expect(told).toEqual(expected);
        }
  expect(found.size).toBe(2);
});

test('an arena goes over to the kernel as it grows, and does without where there is no memory for one', () => {
  const fill = (arena: Arena): number[] => {
    const map = new ExtentMap(BLOCK, arena);
    for (let i = 0; i < 30_000; i++) map.insert(((i * 7919) % 30_000) * 2 * BLOCK, BLOCK, i * BLOCK, State.written);
    expect(map.check()).toBe('');
    return Array.from({ length: 1000 }, (_, i) => map.addrAt(i * 61 * BLOCK));
  };
  const grown = new Arena();
  const told = fill(grown);
  expect(grown.kernel).not.toBeNull();
  const engine = (globalThis as unknown as { WebAssembly: { Memory: new () => object } }).WebAssembly;
  const { Memory } = engine;
  let asked = 0;
  engine.Memory = class {
    constructor() {
      asked++;
      throw new RangeError('could not allocate memory');
    }
  };
  try {
    const without = new Arena();
    expect(fill(without)).toEqual(told);
    expect(without.kernel).toBeNull();
    expect(asked).toBeGreaterThan(0);
  } finally {
    engine.Memory = Memory;
  }
});

test('a map of more groups than are compared at once: WebAssembly finds what JavaScript finds', () => {
  const EXTENTS = 80_000;
  const [plain, compiled] = [WITHOUT_KERNEL, 0].map((kernelFrom) => {
    const map = new ExtentMap(BLOCK, new Arena(false, kernelFrom));
    for (let i = 0; i < EXTENTS; i++) map.insert(3 * i * BLOCK, BLOCK, 2 * i * BLOCK, State.written);
    return map;
  }) as [ExtentMap, ExtentMap];
  expect(plain.arena.kernel).toBeNull();
  expect(compiled.arena.kernel).not.toBeNull();
  const found = [plain, compiled].map((map) =>
    Array.from({ length: 3 * EXTENTS + 2 }, (_, block) => map.addrAt(block * BLOCK)),
  );
  expect(found[1]!.findIndex((addr, i) => addr !== found[0]![i])).toBe(-1);
  expect(found[0]!.filter((addr) => addr >= 0)).toHaveLength(EXTENTS);
});

import { describe, expect, it, test } from 'vitest';
import { Arena } from '../../src/extents/arena.js';
import { ExtentMap, Holding, State } from '../../src/extents/extent-map.js';
import fc from '../support/fast-check.js';

const STATES = [
  State.written,
  State.unwritten,
  State.delalloc,
  State.written | State.reflinked,
  State.unwritten | State.reflinked,
];
const HOLE = -1;
const HOLDS: Readonly<Record<number, number>> = {
  [HOLE]: Holding.hole,
  0: Holding.written,
  1: Holding.unwritten,
  2: Holding.delalloc,
  4: Holding.reflinked,
  5: Holding.unwritten,
};

/** The oracle: one cell per quarter of a block, its state and its address in cells. */
class NaiveMap {
  cells: { state: number; addr: number }[] = [];

  private upTo(end: number): void {
    while (this.cells.length < end) this.cells.push({ state: HOLE, addr: -1 });
  }

  insert(offset: number, length: number, addr: number, state: number): void {
    this.upTo(offset + length);
    for (let i = 0; i < length; i++)
      this.cells[offset + i] = { state, addr: state === State.delalloc || addr < 0 ? -1 : addr + i };
  }

  remove(offset: number, length: number): void {
    for (let i = offset; i < Math.min(offset + length, this.cells.length); i++)
      this.cells[i] = { state: HOLE, addr: -1 };
  }

  convert(offset: number, length: number, state: number): void {
    for (const cell of this.cells.slice(offset, offset + length)) if (cell.state !== HOLE) cell.state = state;
  }

  collapse(offset: number, length: number): void {
    this.cells.splice(offset, length);
  }

  insertHole(offset: number, length: number): void {
    if (offset >= this.cells.length) return;
    this.cells.splice(offset, 0, ...Array.from({ length }, () => ({ state: HOLE, addr: -1 })));
  }

  /** [offset, length, addr, state] of every extent. */
  extents(): number[][] {
    const found: number[][] = [];
    this.cells.forEach(({ state, addr }, i) => {
      if (state === HOLE) return;
      const last = found.at(-1);
      const next = last && (last[2]! < 0 ? -1 : last[2]! + last[1]!);
      if (last && last[0]! + last[1]! === i && last[3] === state && next === addr) last[1]!++;
      else found.push([i, 1, addr, state]);
    });
    return found;
  }

  summary(offset: number, length: number): number {
    let holding = 0;
    for (let i = offset; i < offset + length; i++) holding |= HOLDS[this.cells[i]?.state ?? HOLE]!;
    return holding;
  }
}

const extents = (map: ExtentMap): number[][] => {
  const found: number[][] = [];
  for (let at = map.seek(0); at >= 0; at = map.next(at))
    found.push([map.offset(at), map.length(at), map.addr(at), map.state(at)]);
  return found;
};

/** Every cell, every extent and some ranges; `cell` is the size of a cell in bytes. */
const expectSame = (map: ExtentMap, naive: NaiveMap, cell: number, ranges: readonly number[]): void => {
  const fail = (what: string) =>
    expect.fail(`${what}\nmap:   ${JSON.stringify(extents(map))}\nnaive: ${JSON.stringify(naive.extents())} x ${cell}`);
  if (map.check() !== '') fail(map.check());
  const want = naive.extents();
  let at = map.seek(0);
  for (const [offset, length, addr, state] of want) {
    const same =
      at >= 0 &&
      map.offset(at) === offset! * cell &&
      map.length(at) === length! * cell &&
      map.addr(at) === (addr! < 0 ? -1 : addr! * cell) &&
      map.state(at) === state;
    if (!same) fail(`extent at ${offset}`);
    at = map.next(at);
  }
  if (at !== -1) fail('too many extents');
  if (map.count !== want.length) fail(`count ${map.count}`);
  if (map.mappedBytes() !== want.reduce((sum, e) => sum + e[1]!, 0) * cell) fail('mappedBytes');
  naive.cells.forEach(({ state, addr }, i) => {
    const byte = i * cell + (i % cell);
    const is = addr < 0 || state === State.delalloc ? -1 : addr * cell + (i % cell);
    if (map.addrAt(byte) !== is) fail(`addrAt(${byte}) is ${map.addrAt(byte)}, not ${is}`);
    const found = map.seek(byte);
    const covers = found >= 0 && map.offset(found) <= byte;
    if (covers ? map.state(found) !== state : state !== HOLE) fail(`state at ${byte}`);
  });
  if (map.addrAt(naive.cells.length * cell) !== -1) fail('addrAt behind the end');
  for (const [i, value] of ranges.entries()) {
    const offset = value % (naive.cells.length + 5);
    const length = 1 + ((value >>> 9) % (i % 2 ? 7 : naive.cells.length + 9));
    const is = map.summary(offset * cell, length * cell);
    if (is !== naive.summary(offset, length)) fail(`summary(${offset}, ${length}) is ${is}`);
  }
};

interface Call {
  readonly kind: number;
  readonly offset: number;
  readonly length: number;
  readonly addr: number;
  readonly state: number;
}
const call: fc.Arbitrary<Call> = fc.record({
  kind: fc.nat(15),
  offset: fc.nat(95),
  length: fc.nat(63),
  addr: fc.nat(40),
  state: fc.nat(STATES.length - 1),
});

/** Same operation on both. Blocks are 4 cells; `step` 4 keeps to blocks, 1 does not. */
const apply = (map: ExtentMap, naive: NaiveMap, c: Call, cell: number, step: number): void => {
  const kind = c.kind;
  const offset = ((c.offset * 4) % Math.max(4, naive.cells.length + 16)) - (step === 1 ? c.addr % 4 : 0);
  const from = Math.max(0, offset);
  const length = kind === 15 ? 400 : 4 * (1 + (c.length % (c.length > 55 ? 40 : 5))) - (step === 1 ? c.state % 4 : 0);
  const state = STATES[c.state]!;
  if (kind <= 6) {
    // Addresses often continue a neighbour's: most are a fixed distance from the offset.
    const addr = kind === 6 ? -1 : kind <= 3 ? from + 400 * (c.addr % 3) : c.addr * 4;
    map.insert(from * cell, length * cell, addr < 0 ? -1 : addr * cell, state);
    naive.insert(from, length, addr, state);
  } else if (kind <= 9 || kind === 15) {
    const toEnd = kind === 15 || c.length === 0;
    map.remove(from * cell, toEnd ? Number.POSITIVE_INFINITY : length * cell);
    naive.remove(from, toEnd ? 1e9 : length);
  } else if (kind <= 12) {
    map.convert(from * cell, length * cell, state);
    naive.convert(from, length, state);
  } else if (kind === 13) {
    map.collapse(from * cell, length * cell);
    naive.collapse(from, length);
  } else {
    map.insertHole(from * cell, length * cell);
    naive.insertHole(from, length);
  }
};

/** Every second block of its own extent, so that leaves fill, split and empty. */
const fragment = (map: ExtentMap, naive: NaiveMap, blocks: number, cell: number, backwards: boolean): void => {
  for (let i = 0; i < blocks; i++) {
    const offset = 4 * (backwards ? blocks - 1 - i : i);
    map.insert(offset * cell, 4 * cell, 2 * offset * cell, STATES[i % 2]!);
    naive.insert(offset, 4, 2 * offset, STATES[i % 2]!);
  }
};

describe('ExtentMap', () => {
  it('equals one cell per block after any sequence of operations', () => {
    let wide = 0;
    let sequences = 0;
    fc.assert(
      fc.property(
        fc.array(call, { minLength: 1, maxLength: 14, size: 'max' }),
        fc.constantFrom(0, 0, 0, 1, 2),
        fc.constantFrom(0, 0, 0, 0, 0, 70, 150),
        fc.array(fc.nat(2 ** 30), { minLength: 4, maxLength: 4 }),
        (calls, mode, blocks, ranges) => {
          const cell = mode === 2 ? 1 : 1024;
          // Some in WebAssembly.
          const map = new ExtentMap(4 * cell, new Arena(false, ranges[1]! % 16 === 0 ? 0 : undefined));
          const naive = new NaiveMap();
          fragment(map, naive, blocks, cell, ranges[0]! % 2 === 1);
          for (const c of calls) {
            const before = map.seq;
            apply(map, naive, c, cell, mode > 0 ? 1 : 4);
            if (map.seq !== before && map.seq !== before + 1) expect.fail('seq grew by more than one');
          }
          expectSame(map, naive, cell, ranges);
          sequences++;
          if (map.isWide) wide++;
          if (map.isWide && mode === 0) expect.fail('whole blocks made the map wide');
        },
      ),
      { numRuns: 10_000 },
    );
    expect(sequences).toBeGreaterThanOrEqual(10_000);
    expect(wide).toBeGreaterThan(sequences / 10);
    expect(wide).toBeLessThan(sequences / 2);
  }, 60_000);

  it('counts a change exactly when something changed, and copies stay as they were', () => {
    fc.assert(
      fc.property(
        fc.array(call, { minLength: 2, maxLength: 20, size: 'max' }),
        fc.constantFrom(1, 4),
        (calls, step) => {
          const map = new ExtentMap(4096);
          const naive = new NaiveMap();
          fragment(map, naive, 20, 1024, false);
          const half = calls.length >> 1;
          let twin = map;
          let kept: number[][] = [];
          calls.forEach((c, i) => {
            if (i === half) {
              twin = map.copy();
              kept = extents(map);
              expect(twin.seq).toBe(map.seq);
            }
            const was = JSON.stringify(extents(map));
            const seq = map.seq;
            apply(map, naive, c, 1024, step);
            expect(map.seq - seq).toBe(JSON.stringify(extents(map)) === was ? 0 : 1);
          });
          expect(extents(twin)).toEqual(kept);
          twin.insert(0, 4096, 7 * 4096, State.unwritten);
          twin.collapse(8192, 8192);
          expect(twin.check()).toBe('');
          expectSame(map, naive, 1024, [1, 2, 3]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('merges neighbours that continue each other, and no others', () => {
    const map = new ExtentMap();
    const put = (block: number, addr: number, state: number) =>
      map.insert(block * 4096, 4096, addr < 0 ? -1 : addr * 4096, state);
    put(0, 10, State.written);
    put(2, 12, State.written);
    expect(map.count).toBe(2);
    put(1, 11, State.written);
    expect(extents(map)).toEqual([[0, 12288, 40960, State.written]]);
    put(3, 14, State.written);
    put(4, 15, State.unwritten);
    put(5, 16, State.unwritten | State.reflinked);
    expect(map.count).toBe(4);
    map.convert(4 * 4096, 2 * 4096, State.written);
    expect(extents(map).slice(1)).toEqual([[12288, 12288, 14 * 4096, State.written]]);
    put(10, -1, State.delalloc);
    put(11, -1, State.delalloc);
    expect(map.count).toBe(3);
    // No address is not block -1: block 0 does not continue it.
    put(12, 0, State.delalloc);
    map.insert(20 * 4096, 4096, -1, State.written);
    map.insert(21 * 4096, 4096, 0, State.written);
    expect(
      extents(map)
        .slice(2)
        .map((e) => e[1]),
    ).toEqual([12288, 4096, 4096]);
    map.insert(30 * 4096, 2 * 4096, -1, State.written);
    map.insert(31 * 4096, 4096, 0, State.written);
    expect(map.addrAt(31 * 4096)).toBe(0);
    map.remove(4096, 4096);
    map.collapse(4096, 4096);
    expect(extents(map)[0]).toEqual([0, 4096, 40960, State.written]);
    expect(map.check()).toBe('');
  });

  it('joins both sides when a range is taken out or mapped over', () => {
    const map = new ExtentMap();
    map.insert(0, 40960, 0, State.written);
    map.insertHole(8192, 4096);
    expect(map.count).toBe(2);
    map.collapse(8192, 4096);
    expect(map.count).toBe(1);
    map.insert(8192, 4096, 999 * 4096, State.written);
    expect(map.count).toBe(3);
    map.insert(8192, 4096, 8192, State.written);
    expect(extents(map)).toEqual([[0, 40960, 0, State.written]]);
    expect(map.seq).toBe(5);
    map.insert(4096, 4096, 4096, State.written);
    expect(map.seq).toBe(5);
  });

  it('keeps its contents when it turns wide, and stays wide', () => {
    for (const widen of [
      (map: ExtentMap) => map.insert(2 ** 40 + 1, 100, 2 ** 41 + 7, State.written),
      (map: ExtentMap) => map.insert((2 ** 29 - 1) * 4096, 4096, 0, State.written),
      (map: ExtentMap) => map.insert(2 ** 40, 4096, 2 ** 31 * 4096, State.written),
      (map: ExtentMap) => map.insertHole(2 ** 20, (2 ** 29 - 257) * 4096),
    ]) {
      const map = new ExtentMap();
      for (let i = 0; i < 300; i++)
        map.insert(i * 4096, 4096, i % 3 ? 2 * i * 4096 : -1, i % 3 ? State.written : State.delalloc);
      map.remove(64 * 4096, 130 * 4096);
      const before = extents(map).filter((e) => e[0]! < 2 ** 20);
      expect(map.isWide).toBe(false);
      widen(map);
      expect(map.isWide).toBe(true);
      expect(map.check()).toBe('');
      expect(extents(map).filter((e) => e[0]! < 2 ** 20)).toEqual(before);
      map.insert(63 * 4096, 3 * 4096, -1, State.delalloc);
      expect(map.length(map.seek(63 * 4096))).toBe(3 * 4096);
      map.insert(62 * 4096, 4096, -1, State.delalloc);
      expect(map.length(map.seek(63 * 4096))).toBe(4 * 4096);
      map.clear();
      map.insert(0, 4096, 4096, State.written);
      expect(map.isWide).toBe(true);
      expect(map.copy().isWide).toBe(true);
      expect(map.addrAt(5)).toBe(4101);
    }
  });

  it('stays narrow up to the last block, and tells the end exactly', () => {
    const map = new ExtentMap();
    const last = (2 ** 29 - 2) * 4096;
    const addr = (2 ** 31 - 2) * 4096;
    map.insert(last, 4096, addr, State.written);
    expect(map.isWide).toBe(false);
    expect(map.addrAt(last + 4095)).toBe(addr + 4095);
    expect(map.addrAt(last + 4096)).toBe(-1);
    expect(map.seek(2 ** 60)).toBe(-1);
    expect(map.summary(last - 1, 2)).toBe(Holding.hole | Holding.written);
    expect(map.summary(last, Number.POSITIVE_INFINITY)).toBe(Holding.hole | Holding.written);
    map.remove(1, Number.POSITIVE_INFINITY);
    expect(map.count).toBe(0);
  });

  it('ignores nonsense', () => {
    const map = new ExtentMap();
    map.insert(0, 8192, 4096, State.written);
    const seq = map.seq;
    for (const bad of [Number.NaN, -4096, 0.5, Number.POSITIVE_INFINITY]) {
      map.insert(bad, 4096, 0, 0);
      map.insert(0, 4096, bad === -4096 ? Number.NaN : bad, 0);
      map.remove(bad, 4096);
      map.convert(bad, 4096, 1);
      map.collapse(bad, 4096);
      map.insertHole(bad, 4096);
    }
    for (const bad of [Number.NaN, -4096, 0, 0.5]) {
      map.insert(0, bad, 0, 0);
      map.remove(0, bad);
      map.convert(0, bad, 1);
      map.collapse(0, bad);
      map.insertHole(0, bad);
      expect(map.summary(0, bad)).toBe(bad === 0.5 ? Holding.written : 0);
    }
    for (const state of [3, 7, 8, -1, 1.5, Number.NaN]) {
      map.insert(0, 4096, 0, state);
      map.convert(0, 4096, state);
    }
    map.insert(2 ** 53 - 4096, 8192, 0, 0);
    map.insert(0, 4096, 2 ** 53, 0);
    map.insertHole(0, 2 ** 53 - 4096);
    map.insertHole(0, Number.POSITIVE_INFINITY);
    expect(map.seek(Number.NaN)).toBe(-1);
    expect(map.addrAt(-1)).toBe(-1);
    expect(map.seq).toBe(seq);
    expect(map.isWide).toBe(false);
    expect(extents(map)).toEqual([[0, 8192, 4096, State.written]]);
  });

  it('works in bytes from the start where the unit is no power of two', () => {
    const map = new ExtentMap(1000);
    map.insert(7, 3, 11, State.written);
    expect(map.isWide).toBe(true);
    expect(map.addrAt(9)).toBe(13);
  });

  it('stays correct with 200,000 extents in one file', () => {
    const extentCount = 200_000;
    const map = new ExtentMap();
    const addrs = new Int32Array(2 * extentCount).fill(-1);
    // A permutation by a stride prime to the count: neighbours arrive far apart.
    for (let i = 0, k = 0; i < extentCount; i++, k = (k + 77_777) % extentCount) {
      map.insert(2 * k * 4096, 4096, i * 4096, State.written);
      addrs[2 * k] = i;
    }
    expect(map.count).toBe(extentCount);
    expect(map.check()).toBe('');
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed % below;
    };
    for (let n = 0; n < 50_000; n++) {
      const block = random(2 * extentCount - 300);
      const length = n % 1000 === 0 ? 300 : 1 + random(6);
      if (n % 2) {
        map.insert(block * 4096, length * 4096, (extentCount + n * 8) * 4096, State.written);
        for (let i = 0; i < length; i++) addrs[block + i] = extentCount + n * 8 + i;
      } else {
        map.remove(block * 4096, length * 4096);
        addrs.fill(-1, block, block + length);
      }
    }
    expect(map.check()).toBe('');
    let wrong = 0;
    for (let i = 0; i < addrs.length; i++)
      if (map.addrAt(i * 4096) !== (addrs[i]! < 0 ? -1 : addrs[i]! * 4096)) wrong++;
    expect(wrong).toBe(0);
    const big = map.count;
    map.remove(4096 * extentCount, Number.POSITIVE_INFINITY);
    expect(map.count).toBeLessThan(0.6 * big);
    map.convert(0, 2 ** 40, State.unwritten);
    map.collapse(0, 4096 * 1000);
    expect(map.check()).toBe('');
    expect(map.addrAt(0)).toBe(addrs[1000]! < 0 ? -1 : addrs[1000]! * 4096);
    map.remove(0, Number.POSITIVE_INFINITY);
    expect([map.count, map.mappedBytes(), map.end, map.seek(0)]).toEqual([0, 0, 0, -1]);
    expect(map.check()).toBe('');
  });
});

test('maps that share an arena do not meet, and give all of its room back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(2), fc.nat(3), fc.nat(400), fc.integer({ min: 1, max: 60 })), { maxLength: 300 }),
      (steps) => {
        const arena = new Arena(false, 0);
        const shared = Array.from({ length: 3 }, () => new ExtentMap(4096, arena));
        const alone = Array.from({ length: 3 }, () => new ExtentMap(4096));
        for (const [which, what, block, blocks] of steps) {
          const [offset, length] = [block * 4096, blocks * 4096];
          for (const maps of [shared, alone]) {
            const map = maps[which]!;
            // Scattered blocks, so that there are leaves of every size.
            if (what < 2)
              for (let b = 0; b < blocks; b++) map.insert(offset + b * 8192, 4096, (block * 7 + b * 3) * 4096, what);
            else if (what === 2) map.remove(offset, length);
            else if (blocks < 5) map.clear();
            else {
              // As a version that is left: a copy takes over, what was there before goes.
              const copy = map.copy();
              map.dissolve();
              maps[which] = copy;
            }
          }
        }
        for (const [i, map] of shared.entries()) {
          expect(map.check()).toBe('');
          expect(listOf(map)).toEqual(listOf(alone[i]!));
        }
        expect(arena.used).toBe(shared.reduce((sum, map) => sum + map.words, 0));
        for (const map of shared) map.dissolve();
        expect(arena.used).toBe(0);
      },
    ),
  );
});

test('a small file takes one piece of the arena, as long as it is small', () => {
  for (const isWide of [false, true]) {
    const map = new ExtentMap(isWide ? 3000 : 4096);
    const [most, leaf] = isWide ? [6, 64] : [8, 48];
    const words = Array.from({ length: most + 1 }, (_, i) => {
      map.insert(i * 8192, 4096, i * 12288, State.written);
      return map.words;
    });
    expect(words).toEqual([...new Array<number>(most).fill(32), 32 + leaf]);
    const twin = map.copy();
    map.clear();
    expect([map.words, map.count, twin.words, twin.count]).toEqual([32, 0, 32 + leaf, most + 1]);
    map.insert(0, 4096, 0, State.written);
    const small = map.copy();
    map.insert(0, 4096, 8192, State.written);
    expect([small.words, small.addrAt(0), map.addrAt(0), small.check()]).toEqual([32, 0, 8192, '']);
  }
});

function listOf(map: ExtentMap): number[][] {
  const list: number[][] = [];
  for (let at = map.seek(0); at >= 0; at = map.next(at))
    list.push([map.offset(at), map.length(at), map.addr(at), map.state(at)]);
  return list;
}

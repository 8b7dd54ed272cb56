// Blocks of a modelled file against plain arrays: whatever is done in whatever order.

import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.js';
import { Cell, Cells, WRITTEN_SOMEHOW } from '../../src/workloads/modelled/cells.js';
import type { Space } from '../../src/workloads/modelled/space.js';
import fc from '../support/fast-check.js';

const CELLS = 150;
const BLOCK = 4096;
let next = 0;
const space = {
  take(bytes: number): number {
    next += bytes;
    return next - bytes;
  },
  give: () => {},
} as unknown as Space;

/** The first place at or behind `start`, going round, whose cells are all of a state; the same rule, cell by cell. */
function slow(states: readonly number[], start: number, many: number, state: number, whole: boolean): number[] {
  return states.flatMap((_, i) => {
    const cell = (start + i) % states.length;
    const range = states.slice(cell, cell + many);
    if (range.length < many) return [];
    const isSo = (one: number): boolean =>
      state === WRITTEN_SOMEHOW ? one === Cell.written || one === Cell.faulted : one === state;
    const fits = whole ? range.every(isSo) : isSo(range[0]!);
    return fits ? [cell] : [];
  });
}

const ranged = fc.tuple(fc.nat(CELLS - 1), fc.integer({ min: 1, max: 60 }));
const action = fc.oneof(
  fc.tuple(fc.constantFrom('fill', 'fault', 'unwritten', 'punch', 'zero', 'unshare', 'collapse', 'insert'), ranged),
  fc.tuple(fc.constantFrom('cut', 'resize', 'share'), ranged),
);

test('a place that is found has cells of the state asked for, and is the next one; sizes and states are those of an array', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 25 }), fc.nat(), (actions, seed) => {
      const cells = new Cells(space, CELLS, BLOCK);
      cells.resize(CELLS * BLOCK);
      let states = Array<number>(CELLS).fill(Cell.hole);
      let length = CELLS;
      for (const [name, [from, count]] of actions) {
        const to = Math.min(CELLS, from + count);
        const [offset, bytes] = [from * BLOCK, count * BLOCK];
        const set = (state: (had: number) => number, end = to): void => {
          states = states.map((had, i) => (i >= from && i < end ? state(had) : had));
        };
        if (name === 'fill') {
          cells.fill(offset, bytes, Cell.written);
          set(() => Cell.written);
        } else if (name === 'fault') {
          cells.fill(offset, bytes, Cell.faulted);
          set((had) => (had === Cell.written ? had : Cell.faulted));
        } else if (name === 'unwritten') {
          cells.fill(offset, bytes, Cell.unwritten);
          set((had) => (had === Cell.hole ? Cell.unwritten : had));
        } else if (name === 'punch') {
          cells.punch(offset, bytes);
          set(() => Cell.hole);
        } else if (name === 'zero') {
          cells.zero(offset, bytes);
          set(() => Cell.unwritten, Math.min(to, length));
        } else if (name === 'unshare') {
          cells.unshare(from, to);
          set((had) => (had === Cell.shared ? Cell.written : had), Math.min(to, length));
        } else if (name === 'collapse') {
          cells.collapse(from, count);
          states = [
            ...states.slice(0, from),
            ...states.slice(from + count),
            ...Array<number>(CELLS).fill(Cell.hole),
          ].slice(0, CELLS);
          length = Math.max(0, length - count);
        } else if (name === 'insert') {
          cells.insert(from, count);
          states = [...states.slice(0, from), ...Array<number>(count).fill(Cell.hole), ...states.slice(from)].slice(
            0,
            CELLS,
          );
          length = Math.min(CELLS, length + count);
        } else if (name === 'cut') {
          cells.cut(offset);
          set(() => Cell.hole, CELLS);
          length = from;
        } else if (name === 'resize') {
          cells.resize(offset);
          length = from;
        } else {
          for (let cell = from; cell < to; cell++) cells.put(cell, Cell.shared, -2);
          set(() => Cell.shared);
        }
      }
      expect(cells.length).toBe(length);
      const within = states.slice(0, length);
      expect(cells.has(WRITTEN_SOMEHOW)).toBe(within.includes(Cell.written) || within.includes(Cell.faulted));
      expect(cells.has(Cell.faulted)).toBe(within.includes(Cell.faulted));
      expect(Array.from({ length: CELLS }, (_, cell) => cells.state(cell))).toEqual(states);
      const random = new Random(seed);
      for (const state of [Cell.hole, Cell.unwritten, Cell.written, Cell.shared, Cell.faulted, WRITTEN_SOMEHOW])
        for (const many of [1, 2, 5, 40]) {
          const start = random.below(CELLS);
          const whole = state !== Cell.hole || many % 2 === 1;
          const places = slow(states.slice(0, length), length === 0 ? 0 : start % length, many, state, whole);
          const found = cells.find(start * BLOCK, many * BLOCK, state, whole);
          expect(found, `${many} of ${state} from ${start}`).toBe(places.length === 0 ? -1 : places[0]! * BLOCK);
        }
    }),
    { numRuns: 300, seed: 7 },
  );
});

test('one cell of a state is any of them, wherever it is looked for', () => {
  const cells = new Cells(space, CELLS, BLOCK);
  cells.resize(CELLS * BLOCK);
  const random = new Random(5);
  expect(cells.findOne(0, Cell.written, random)).toBe(-1);
  // Behind a long hole: one cell, and many a little farther on.
  cells.fill(80 * BLOCK, BLOCK, Cell.written);
  cells.fill(100 * BLOCK, 40 * BLOCK, Cell.written);
  const found = new Map<number, number>();
  for (let i = 0; i < 4100; i++) {
    const cell = cells.findOne((i % 80) * BLOCK, Cell.written, random) / BLOCK;
    found.set(cell, (found.get(cell) ?? 0) + 1);
  }
  expect([...found.keys()].every((cell) => cell === 80 || (cell >= 100 && cell < 140))).toBe(true);
  expect(found.size).toBe(41);
  // A hundred each, and a twelfth of all for the first behind the hole.
  expect(Math.max(...found.values())).toBeLessThan(500);
  expect(cells.findOne(110 * BLOCK + 7, Cell.written, random)).toBe(110 * BLOCK + 7);
  for (let i = 0; i < 100; i++)
    expect(cells.state(cells.findOne(120 * BLOCK, Cell.hole, random) / BLOCK)).toBe(Cell.hole);
});

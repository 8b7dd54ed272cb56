// The next row of a thread, found near by or worked out for all rows, against a look at every row behind.
import { expect, test } from 'vitest';
import { ThreadChains } from '../../src/engine/thread-chains.js';
import { type EventColumns, Flag, Op } from '../../src/model/events.js';
import { NONE } from '../../src/model/units.js';
import { load } from '../bench/engine-load.js';

/** Rows of which every tenth is a second one, every seventh a device's; the last task has a row in two thousand. */
function input(rows: number) {
  const made = load(rows, 3);
  const c = made.columns;
  for (let i = 0; i < rows; i++) {
    if (i % 10 === 3) c.flags[i] = Flag.second;
    if (i % 7 === 2) {
      c.op[i] = Op.dma_read;
      c.handle[i] = i % 14 === 2 ? 5 : 0;
    }
    c.task[i] = i % 2000 === 0 ? 4 : i % 500 === 1 ? NONE : i % 4;
  }
  return { ...made, pidOf: Int32Array.from({ length: 5 }, (_, task) => 100 + task) };
}

/** The same, asked of every row behind. */
function next(c: EventColumns, row: number): number {
  for (let i = row + 1; i < c.rows; i++) {
    const isDevices = c.op[i] === Op.dma_read && c.handle[i] !== 0;
    if (c.task[i] === c.task[row] && (c.flags[i]! & Flag.second) === 0 && !isDevices) return i;
  }
  return NONE;
}

test('the next row of a thread, also where it is far away, and where there is none', () => {
  const made = input(9000);
  const { columns: c } = made;
  // Each from the beginning, near by as long as nobody asked further; then with all rows known.
  const known = new ThreadChains(made);
  const far = Array.from({ length: c.rows }, (_, row) => row).filter((row) => c.task[row] === 4);
  expect(far.length).toBe(5);
  for (const row of [...far, 0, 17, 8990, 8999]) {
    if (c.task[row] === NONE) continue;
    expect(new ThreadChains(made).after(row)).toBe(next(c, row));
  }
  for (let row = 0; row < c.rows; row += 13) if (c.task[row] !== NONE) expect(known.after(row)).toBe(next(c, row));
});

test('of the rows at hand: what lies behind them is not told apart, and the end of the trace is', () => {
  const made = input(3000);
  const { columns: c } = made;
  const chains = new ThreadChains(made);
  for (const [from, to] of [
    [0, 100],
    [950, 1900],
    [2500, 3000],
    [2999, 3000],
    [0, 3000],
  ] as const) {
    const found = new Uint32Array(to - from).fill(7);
    chains.among(from, to, found);
    for (let row = from; row < to; row++) {
      if (c.task[row] === NONE) continue;
      const is = next(c, row);
      expect(found[row - from]).toBe(is < to ? is : to < c.rows ? to : NONE);
    }
  }
});

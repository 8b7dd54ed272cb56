// What the kernel of columns says of any numbers is what a plain loop says.
import { expect, test } from 'vitest';
import { columnKernel } from '../../src/base/column-kernel.js';
import { stableOrder } from '../../src/base/columns.js';
import { Random } from '../../src/base/random.js';
import { ValueRange } from '../../src/base/value-range.js';

const random = new Random(11);
const whole = (most: number): number => Math.floor(random.uniform() * most);

test.each([1, 2, 7, 100, 4096, 65_536, 100_000])('ranges of %i values', (count) => {
  const floats = Float64Array.from({ length: count }, () => (whole(10) === 0 ? -1 : whole(2 ** 40) * 512));
  const words = Uint32Array.from({ length: count }, () => whole(2 ** 32));
  const halves = Uint16Array.from({ length: count }, () => whole(2 ** 16));
  const of = (values: ArrayLike<number>) => [
    Array.from(values).reduce((a, b) => Math.min(a, b)),
    Array.from(values).reduce((a, b) => Math.max(a, b)),
  ];
  const range = new ValueRange();
  range.floats(floats, 0, count);
  expect([range.least, range.most]).toEqual(of(floats));
  const unit = floats.filter((value) => value >= 0).reduce((bits, value) => bits | (value & 0x7fffffff), 0);
  expect(range.unit).toBe(unit === 0 ? 2 ** 30 : unit & -unit);
  const naturals = new ValueRange();
  naturals.naturals(words, 0, count);
  expect([naturals.least, naturals.most, naturals.unit]).toEqual([...of(words), 1]);
  const short = new ValueRange();
  short.halves(halves, 0, count);
  expect([short.least, short.most]).toEqual(of(halves));
});

test.each([0, 1, 2, 33, 1000, 4096, 65_536, 70_000])('the order of %i keys', (count) => {
  const near = Float64Array.from(
    { length: count },
    (_, i) => Math.floor(i / 3) * 10 - (whole(5) === 0 ? whole(200) : 0),
  );
  const any = Float64Array.from({ length: count }, () => whole(count));
  for (const keys of [near, any]) {
    const expected = Array.from(keys.keys()).sort((a, b) => keys[a]! - keys[b]! || a - b);
    const order = stableOrder(keys, count);
    if (order === null) expect(Array.from(keys)).toEqual(Array.from(keys).sort((a, b) => a - b));
    else expect(Array.from(order)).toEqual(expected);
  }
});

test('values in narrower types, or the row of the first that does not fit', () => {
  const kernel = columnKernel();
  const values = [-1, 0, 512, 1024, 65_536];
  for (const out of [new Int8Array(5), new Int16Array(5), new Int32Array(5)]) {
    expect(kernel.floatsTo(values, -1, 65_536, 512, out)).toBe(-1);
    expect(Array.from(out)).toEqual([-1, 0, 1, 2, out instanceof Int8Array ? -128 : 128]);
    expect(kernel.floatsTo(values, -1, 1024, 512, out)).toBe(4);
    expect(kernel.floatsTo(values, 0, 65_536, 512, out)).toBe(0);
  }
  const naturals = Uint32Array.of(0, 1, 200, 0xffffffff);
  for (const out of [new Uint8Array(4), new Int16Array(4), new Uint32Array(4)]) {
    const expected = new (out.constructor as new (values: Uint32Array) => Uint8Array)(naturals);
    expect(kernel.naturalsTo(naturals, 200, out)).toBe(-1);
    expect(Array.from(out)).toEqual(Array.from(expected));
    expect(kernel.naturalsTo(naturals, 199, out)).toBe(2);
  }
  const wide = new BigInt64Array(4);
  kernel.floatsToWide([-(2 ** 40) - 1, -1, 2 ** 53 - 1, 7], wide);
  expect([...wide]).toEqual([-(2n ** 40n) - 1n, -1n, 2n ** 53n - 1n, 7n]);
});

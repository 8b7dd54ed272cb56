// JSON piece by piece is the JSON of the whole.
import { expect, test } from 'vitest';
import { jsonPieces, toJson } from '../../src/cli/text.js';

const made = <T>(values: readonly T[]): Iterable<T> => ({
  *[Symbol.iterator]() {
    yield* values;
  },
});

test('lists that are made while they are written read as arrays do', () => {
  const files = [{ path: 'a\nb', spans: [1n, -2n], none: undefined }, { path: '"', nested: { deep: [[], {}] } }, 3];
  const rest = { schema: 's/1', big: 2n ** 60n, gone: undefined, nothing: null, list: [[1], { a: 'x' }], empty: [] };
  const whole = { ...rest, files, none: [], last: true };
  expect([...jsonPieces({ ...whole, files: made(files), none: made([]) })].join('')).toBe(toJson(whole));
  expect([...jsonPieces({})].join('')).toBe(toJson({}));
});

test('an element is not made before the one ahead of it was written', () => {
  const asked: number[] = [];
  const counted: Iterable<number> = {
    *[Symbol.iterator]() {
      for (const n of [1, 2, 3]) {
        asked.push(n);
        yield n;
      }
    },
  };
  for (const piece of jsonPieces({ counted })) if (piece.includes('1')) break;
  expect(asked).toEqual([1]);
});

// What is kept for very many numbers, against a Map.
import { expect, test } from 'vitest';
import { Lately } from '../../src/base/lately.js';
import { PairTable } from '../../src/base/pair-table.js';
import { RowLists } from '../../src/base/row-lists.js';
import { SparseNumbers } from '../../src/base/sparse-numbers.js';
import { WordNumbers } from '../../src/base/word-numbers.js';
import { WordTable } from '../../src/base/words.js';
import { Spill } from '../../src/trace/spill.js';
import fc from '../support/fast-check.js';

test('numbers by a number, set and taken away in any order', () => {
  const key = fc.oneof(fc.nat(5), fc.integer({ min: 1020, max: 1030 }), fc.nat(1e6));
  const step = fc.record({ key, value: fc.option(fc.double({ noNaN: true }), { nil: null }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const numbers = new SparseNumbers();
      const naive = new Map<number, number>();
      for (const { key, value } of steps) {
        if (value === null) {
          numbers.delete(key);
          naive.delete(key);
        } else {
          numbers.set(key, value);
          naive.set(key, value);
        }
        expect(numbers.get(key)).toBe(naive.get(key));
      }
      expect([...numbers]).toEqual([...naive].sort(([a], [b]) => a - b));
      for (let key = 0; key < 2048; key++) expect(numbers.has(key)).toBe(naive.has(key));
    }),
  );
});

test('pairs of any numbers, also of those that damage makes', () => {
  const small = fc.integer({ min: -3, max: 3 });
  const any = fc.oneof(small, fc.double(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.oneof(small, fc.constant(Number.NaN)), any), { maxLength: 300 }), (pairs) => {
      const table = new PairTable();
      const naive = new Map<string, number>();
      for (const [a, b] of pairs) {
        const key = `${a}/${b}`;
        expect(table.find(a, b)).toBe(naive.get(key) ?? -1);
        if (!naive.has(key)) naive.set(key, naive.size);
        const number = table.add(a, b);
        expect(number).toBe(naive.get(key));
        expect(table.size).toBe(naive.size);
        expect([table.first(number) === a || Number.isNaN(a), table.second(number) === b || Number.isNaN(b)]).toEqual([
          true,
          true,
        ]);
      }
    }),
  );
});

test('numbers by a text', () => {
  const text = fc.oneof(fc.constantFrom('', '/a', '/b', '/ü'), fc.string());
  const step = fc.record({ text, value: fc.option(fc.nat(4), { nil: null }), all: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const numbers = new WordNumbers(new WordTable());
      const naive = new Map<string, number>();
      for (const { text, value, all } of steps) {
        if (value === null) {
          numbers.delete(text);
          naive.delete(text);
        } else if (all) {
          const moved = [...naive].filter(([, one]) => one === value).map(([one]) => one);
          expect(numbers.replace(value, 5).sort()).toEqual(moved.sort());
          for (const one of moved) naive.set(one, 5);
        } else {
          numbers.set(text, value);
          naive.set(text, value);
        }
        for (const one of ['', '/a', '/b', '/ü', text]) expect(numbers.get(one)).toBe(naive.get(one));
      }
    }),
  );
});

test('objects that were put away come back as they were, lists of any length', () => {
  const step = fc.record({ key: fc.nat(8), add: fc.option(fc.nat(1000), { nil: null }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 4 }), (steps, most) => {
      const rows = new RowLists({ value: Uint32Array, twice: Float64Array }, new Spill());
      const lists = new Lately<number[]>(
        (key, list) =>
          rows.write(key, list.length, (at, place, i) => {
            at.value[place] = list[i]!;
            at.twice[place] = 2 * list[i]!;
          }),
        (key) => {
          if (rows.length(key) < 0) return undefined;
          const list: number[] = [];
          rows.read(key, (at, place) => list.push(at.twice[place]! - at.value[place]!));
          return list;
        },
        most,
      );
      const naive = new Map<number, number[]>();
      for (const { key, add } of steps) {
        expect(lists.get(key)).toEqual(naive.get(key));
        if (!naive.has(key)) {
          naive.set(key, []);
          lists.add(key, []);
        }
        for (const list of [lists.get(key)!, naive.get(key)!])
          if (add === null) list.length = 0;
          else list.push(add);
      }
      for (const [key, list] of naive) expect(lists.get(key)).toEqual(list);
    }),
  );
});

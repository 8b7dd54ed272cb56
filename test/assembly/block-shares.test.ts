// Who has which blocks, against a list of all who have each block.

import { expect, test } from 'vitest';
import { BlockShares } from '../../src/assembly/block-shares.js';
import fc from '../support/fast-check.js';

const BLOCK = 4096;
/** Addresses on both sides of where one piece of the device ends and the next begins, files beyond 2^31. */
const START = (1 << 26) - 8 * BLOCK;
const BLOCKS = 16;
const FAR = 2 ** 45;

const has = fc.record({
  file: fc.constantFrom(1, 2, 3, 2 ** 32 - 2),
  offset: fc.constantFrom(0, 3 * BLOCK, FAR),
  first: fc.nat(BLOCKS - 1),
  blocks: fc.integer({ min: 1, max: BLOCKS }),
});

test('every block has as many as have it, and its only one is known; so is the other of two', () => {
  fc.assert(
    fc.property(fc.array(has, { maxLength: 40 }), (steps) => {
      const shares = new BlockShares();
      const owners: Map<string, { file: number; delta: number }>[] = Array.from({ length: BLOCKS }, () => new Map());
      for (const { file, offset, first, blocks } of steps) {
        // A step gives what the file has not there, and takes what it has.
        for (let b = first; b < Math.min(BLOCKS, first + blocks); b++) {
          const addr = START + b * BLOCK;
          const delta = offset - START;
          const key = `${file} ${delta}`;
          if (owners[b]!.delete(key)) shares.drop(7, file, addr + delta, addr, BLOCK);
          else {
            owners[b]!.set(key, { file, delta });
            shares.add(7, file, addr + delta, addr, BLOCK);
          }
        }
      }
      const seen: unknown[] = [];
      shares.each(7, START, BLOCKS * BLOCK, (from, end, count, file, offset) => {
        for (let addr = from; addr < end; addr += BLOCK) {
          const here = [...owners[(addr - START) / BLOCK]!.values()];
          seen.push(addr);
          expect(count).toBe(here.length);
          const placed = here.map((one) => ({ file: one.file, offset: addr + one.delta }));
          const all = { file, offset: offset + addr - from };
          if (count === 1) expect([all]).toEqual(placed);
          if (count === 2) expect(BlockShares.other(addr, all.file, all.offset, placed[0]!)).toEqual(placed[1]);
        }
      });
      expect(seen).toEqual(owners.flatMap((here, b) => (here.size > 0 ? [START + b * BLOCK] : [])));
    }),
  );
});

test('a range over several runs is one change', () => {
  const shares = new BlockShares();
  const runs = (): unknown[] => {
    const found: unknown[] = [];
    shares.each(7, 0, 100 * BLOCK, (from, end, count) => found.push([from / BLOCK, end / BLOCK, count]));
    return found;
  };
  shares.add(7, 1, 0, 10 * BLOCK, 10 * BLOCK);
  shares.add(7, 2, 0, 5 * BLOCK, 10 * BLOCK);
  shares.add(7, 3, 0, 18 * BLOCK, 4 * BLOCK);
  expect(runs()).toEqual([
    [5, 10, 1],
    [10, 15, 2],
    [15, 18, 1],
    [18, 20, 2],
    [20, 22, 1],
  ]);
  shares.drop(7, 1, 0, 10 * BLOCK, 10 * BLOCK);
  expect(runs()).toEqual([
    [5, 15, 1],
    [18, 22, 1],
  ]);
});

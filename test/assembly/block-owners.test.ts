// Who owns a block, against a list of all ranges that is never thinned out.

import { expect, test } from 'vitest';
import { BlockOwners } from '../../src/assembly/block-owners.js';
import fc from '../support/fast-check.js';

const DEVICE = 1;
const BLOCK = 4096;
const MIB = 1 << 20;

test('the latest range that still holds wins, however many came and went', () => {
  const step = fc.record({
    file: fc.nat(3),
    offset: fc.nat(7),
    addr: fc.nat(11),
    count: fc.integer({ min: 1, max: 4 }),
    insert: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 100, maxLength: 400 }), fc.nat(3), (steps, prefer) => {
      const owners = new BlockOwners();
      const ranges: { file: number; offset: number; addr: number; count: number }[] = [];
      for (const { file, offset, addr, count, insert } of steps) {
        if (insert) {
          owners.insert(DEVICE, file, offset * BLOCK, count * BLOCK, addr * BLOCK, false);
          ranges.push({ file, offset, addr, count });
        } else owners.map(file).remove(offset * BLOCK, count * BLOCK);
      }
      for (let block = 0; block < 16; block++) {
        const holding = ranges
          .filter(({ addr, count }) => block >= addr && block < addr + count)
          .map(({ file, offset, addr }) => ({ file, offset: (offset + block - addr) * BLOCK }))
          .filter(({ file, offset }) => owners.map(file).addrAt(offset) === block * BLOCK)
          .reverse();
        const expected = holding.find(({ file }) => file === prefer) ?? holding[0] ?? null;
        const found = owners.owner(DEVICE, block * BLOCK, prefer);
        expect(found === null ? null : { file: found.file, offset: found.offset }).toEqual(expected);
      }
    }),
    { numRuns: 60 },
  );
});

test('a range "to the end" of any file costs no more than another, and later ones go before it', () => {
  const owners = new BlockOwners();
  for (let i = 0; i < 2000; i++) owners.insert(DEVICE, 1, 0, 2 ** 44, i * MIB, false);
  expect(owners.owner(DEVICE, 5000 * MIB, -1)).toMatchObject({ file: 1, offset: 3001 * MIB });
  owners.insert(DEVICE, 2, 0, MIB, 5000 * MIB, false);
  expect(owners.owner(DEVICE, 5000 * MIB, -1)).toMatchObject({ file: 2, offset: 0 });
  expect(owners.owner(DEVICE, 5000 * MIB, 1)).toMatchObject({ file: 1, offset: 3001 * MIB });
});

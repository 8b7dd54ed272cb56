// Who owns a block, against a list of all ranges that is never thinned out.

import { expect, test } from 'vitest';
import { BlockOwners } from '../../src/assembly/block-owners.js';
import type { ExtentMap } from '../../src/extents/extent-map.js';
import { Spill } from '../../src/trace/spill.js';
import fc from '../support/fast-check.js';

const DEVICE = 1;
const BLOCK = 4096;
const MIB = 1 << 20;

function runsOf(map: ExtentMap): number[][] {
  const runs: number[][] = [];
  for (let at = map.seek(0); at >= 0; at = map.next(at))
    runs.push([map.offset(at), map.length(at), map.addr(at), map.state(at)]);
  return runs;
}

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
      const owners = new BlockOwners(new Spill());
      // The same, with nearly all maps in the store.
      const few = new BlockOwners(new Spill(), 1);
      const ranges: { file: number; offset: number; addr: number; count: number }[] = [];
      for (const { file, offset, addr, count, insert } of steps) {
        if (insert) {
          for (const one of [owners, few])
            one.insert(DEVICE, file, offset * BLOCK, count * BLOCK, addr * BLOCK, addr % 2 === 0);
          ranges.push({ file, offset, addr, count });
        } else for (const one of [owners, few]) one.map(file).remove(offset * BLOCK, count * BLOCK);
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
        expect(few.owner(DEVICE, block * BLOCK, prefer)).toEqual(found);
      }
      for (let file = 0; file < 4; file++) expect(runsOf(few.map(file))).toEqual(runsOf(owners.map(file)));
    }),
    { numRuns: 60 },
  );
});

test('a range "to the end" of any file costs no more than another, and later ones go before it', () => {
  const owners = new BlockOwners(new Spill());
  for (let i = 0; i < 2000; i++) owners.insert(DEVICE, 1, 0, 2 ** 44, i * MIB, false);
  expect(owners.owner(DEVICE, 5000 * MIB, -1)).toMatchObject({ file: 1, offset: 3001 * MIB });
  owners.insert(DEVICE, 2, 0, MIB, 5000 * MIB, false);
  expect(owners.owner(DEVICE, 5000 * MIB, -1)).toMatchObject({ file: 2, offset: 0 });
  expect(owners.owner(DEVICE, 5000 * MIB, 1)).toMatchObject({ file: 1, offset: 3001 * MIB });
});

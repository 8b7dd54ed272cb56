// What the bits beside a block map say is so in the map, whatever was done to it, in every version of the file.

import { expect, test } from 'vitest';
import { FileVersions } from '../../src/engine/file-versions.js';
import { Holding, State } from '../../src/extents/extent-map.js';
import fc from '../support/fast-check.js';

const BLOCK = 4096;
const BLOCKS = 1200;
const states = [State.written, State.written, State.unwritten, State.delalloc, State.written | State.reflinked];

const edits = fc.array(
  fc.record({
    what: fc.constantFrom('insert', 'insert', 'insert', 'remove', 'convert', 'collapse', 'insertHole', 'fork', 'look'),
    lane: fc.nat(1),
    // Two places: near each other, and beyond the first piece of bits.
    from: fc.oneof(fc.nat(90), fc.integer({ min: 480, max: 1100 })),
    blocks: fc.integer({ min: 1, max: 70 }),
    state: fc.constantFrom(...states),
  }),
  { minLength: 1, maxLength: 40 },
);

test('a block that is said to be written is, and one that was just written is said to be', () => {
  let said = 0;
  fc.assert(
    fc.property(edits, (all) => {
      const versions = new FileVersions(1, 2);
      for (const { what, lane, from, blocks, state } of all) {
        versions.acting = what === 'fork' ? 1 << lane : 3;
        const version = versions.own(0, versions.at[lane]![0]!);
        const [offset, length] = [from * BLOCK, blocks * BLOCK];
        if (what === 'look') versions.summary(version, offset, length);
        else {
          const map = versions.ownMap(version);
          const before = map.seq;
          if (what === 'insert' || what === 'fork') map.insert(offset, length, (from + 5000) * BLOCK, state);
          else if (what === 'convert') map.convert(offset, length, state);
          else map[what](offset, length);
          if (what === 'insert' && state === State.written && map.seq !== before)
            expect(versions.isWritten(version, offset, length)).toBe(true);
        }
        for (const each of versions.at.map((at) => at[0]!))
          for (let block = 0; block < BLOCKS; block++) {
            if (!versions.isWritten(each, block * BLOCK, BLOCK)) continue;
            said++;
            expect(versions.map(each)?.summary(block * BLOCK, BLOCK)).toBe(Holding.written);
          }
      }
      expect(versions.check()).toBe('');
    }),
    { numRuns: 150 },
  );
  expect(said).toBeGreaterThan(1000);
});

test('a map of bytes has no bits', () => {
  const versions = new FileVersions(1, 1);
  const map = versions.ownMap(0);
  map.insert(0, 4 * BLOCK, 100 * BLOCK, State.written);
  expect(versions.isWritten(0, BLOCK, BLOCK)).toBe(true);
  expect(versions.isWritten(0, BLOCK + 1, 17)).toBe(true);
  versions.ownMap(0).insert(8 * BLOCK + 512, 512, 7 * 512, State.written);
  expect(versions.map(0)?.isWide).toBe(true);
  expect(versions.isWritten(0, BLOCK, BLOCK)).toBe(false);
});

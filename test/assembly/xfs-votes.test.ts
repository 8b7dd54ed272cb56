// Groups of XFS elected by requests: the right ones or none, whatever else goes to the disk at the same time.

import { expect, test } from 'vitest';
import { XfsGeometry } from '../../src/assembly/xfs-geometry.js';
import { XfsVotes } from '../../src/assembly/xfs-votes.js';
import fc from '../support/fast-check.js';

const BLOCK = 4096;
const DEVICE = 7;

/** What a file system with groups of `size` blocks writes: extents somewhere, and a request for most of them. */
function written(size: number, extents: readonly Extent[], noise: readonly Noise[]): XfsVotes {
  const log = Math.ceil(Math.log2(size));
  const votes = new XfsVotes();
  for (const { group, at, count, told } of extents) {
    const inGroup = Math.floor(at * (size - count));
    votes.extent(DEVICE, group * 2 ** log + inGroup, count);
    if (told) votes.request(DEVICE, (group * size + inGroup) * BLOCK, count * BLOCK);
  }
  for (const { at, count } of noise) votes.request(DEVICE, Math.floor(at * 8 * size) * BLOCK, count * BLOCK);
  return votes;
}
interface Extent {
  readonly group: number;
  readonly at: number;
  readonly count: number;
  readonly told: boolean;
}
type Noise = Pick<Extent, 'at' | 'count'>;

const place = fc.double({ min: 0, max: 0.999999, noNaN: true });
const count = fc.integer({ min: 1, max: 64 });
const extent = fc.record({ group: fc.integer({ min: 0, max: 7 }), at: place, count, told: fc.boolean() });

test('elected groups place every extent as the kernel does', () => {
  let elections = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 4097, max: 1 << 20 }),
      fc.array(extent, { minLength: 2, maxLength: 60 }),
      fc.array(fc.record({ at: place, count }), { maxLength: 60 }),
      (size, extents, noise) => {
        const elected = written(size, extents, noise).elect(DEVICE, BLOCK);
        if (elected === null) return;
        elections++;
        const geometry = new XfsGeometry();
        geometry.elected(elected);
        const log = Math.ceil(Math.log2(size));
        for (const { group, at, count: blocks } of extents) {
          const inGroup = Math.floor(at * (size - blocks));
          const linear = geometry.linear(group * 2 ** log + inGroup);
          if (!Number.isNaN(linear)) expect(linear).toBe(group * size + inGroup);
        }
      },
    ),
    { numRuns: 400, seed: 5 },
  );
  expect(elections).toBeGreaterThan(20);
});

test('a row of extents alike, each behind the other, may be shifted by one: nothing is elected', () => {
  const votes = new XfsVotes();
  for (let i = 0; i < 12; i++) votes.extent(DEVICE, 65_536 + 100 + 8 * i, 8);
  for (let i = 0; i < 12; i++) votes.request(DEVICE, (44_800 + 100 + 8 * i) * BLOCK, 8 * BLOCK);
  expect(votes.elect(DEVICE, BLOCK)).toBeNull();
});

test('without requests, or with those of others only, nothing is elected', () => {
  const votes = new XfsVotes();
  for (let i = 0; i < 20; i++) votes.extent(DEVICE, 65_536 + 37 * i * i, 3 + i);
  expect(votes.elect(DEVICE, BLOCK)).toBeNull();
  for (let i = 0; i < 20; i++) votes.request(DEVICE, 1000 * i * i * BLOCK, 8 * BLOCK);
  expect(votes.elect(DEVICE, BLOCK)).toBeNull();
});

// XFS block numbers: the arithmetic of XFS_FSB_TO_DADDR, learned back from pairs.

import { describe, expect, test } from 'vitest';
import { XfsGeometry } from '../../src/assembly/xfs-geometry.js';
import fc from '../support/fast-check.js';

/** agblklog is the log2 of the group size, rounded up (fs/xfs/libxfs/xfs_sb.c). */
const numbering = (groupSize: number) => {
  const log = Math.ceil(Math.log2(groupSize));
  return { fsb: (linear: number) => Math.floor(linear / groupSize) * 2 ** log + (linear % groupSize) };
};

describe('XfsGeometry', () => {
  test('without pairs only the smallest possible group is linear', () => {
    const g = new XfsGeometry();
    expect(g.linear(24)).toBe(24);
    expect(g.linear(4095)).toBe(4095);
    expect(g.linear(4096)).toBeNaN();
  });

  test('linear pairs say how large a group is at least', () => {
    const g = new XfsGeometry();
    g.pair(20_000, 20_000);
    expect(g.linear(32_767)).toBe(32_767);
    expect(g.linear(32_768)).toBeNaN();
  });

  test('groups of a power of two that were told stay told, though every pair is linear', () => {
    const g = new XfsGeometry();
    g.told(65_536, 16);
    g.pair(70_000, 70_000);
    expect(g.linear(200_000)).toBe(200_000);
    expect(g.numbered(200_000)).toBe(200_000);
    expect(g.describe()).toContain('groups of 65536 blocks (agblklog 16), told by the recorder');
  });

  test('other groups that were told are not, where a pair contradicts them', () => {
    const g = new XfsGeometry();
    g.told(60_000, 16);
    g.pair(70_000, 70_000);
    expect(g.linear(200_000)).toBeNaN();
  });

  test('the pair of the pgbench recording: group size no power of two', () => {
    const g = new XfsGeometry();
    g.pair(222_733, 160_525);
    g.pair(30_000, 30_000);
    expect(g.linear(222_733)).toBe(160_525);
  });

  test('any file system: after a few pairs every block is translated as the kernel does, or not at all', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4096, max: 1 << 22 }),
        fc.integer({ min: 2, max: 16 }),
        fc.array(fc.double({ min: 0, max: 0.999999, noNaN: true }), { minLength: 1, maxLength: 40 }),
        fc.array(fc.double({ min: 0, max: 0.999999, noNaN: true }), { minLength: 20, maxLength: 20 }),
        (groupSize, groups, seen, asked) => {
          const { fsb } = numbering(groupSize);
          const block = (share: number): number => Math.floor(share * groupSize * groups);
          const g = new XfsGeometry();
          for (const share of seen) g.pair(fsb(block(share)), block(share));
          for (const share of seen) {
            const linear = g.linear(fsb(block(share)));
            expect(Number.isNaN(linear) || linear === block(share)).toBe(true);
          }
          // Far and near blocks together leave one group size only.
          for (let i = 0; i < groups; i++) g.pair(fsb(i * groupSize), i * groupSize);
          for (let i = 0; i < groups; i++) g.pair(fsb((i + 1) * groupSize - 1), (i + 1) * groupSize - 1);
          for (const share of asked) expect(g.linear(fsb(block(share)))).toBe(block(share));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('given, every block is translated as the kernel does, and pairs are held against it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 64, max: 1 << 26 }), fc.nat({ max: 2 ** 40 }), (groupSize, linear) => {
        const g = new XfsGeometry(groupSize);
        const { fsb } = numbering(groupSize);
        expect(g.linear(fsb(linear))).toBe(linear);
      }),
    );
    const g = new XfsGeometry(24_576);
    g.pair(numbering(24_576).fsb(100_000), 100_000);
    g.pair(numbering(20_000).fsb(100_000), 100_000);
    expect(g.describe()).toBe(
      'allocation groups of 24576 blocks (agblklog 15), given; 1 pairs of block numbers agree, 1 contradict it',
    );
  });
});

import { describe, expect, test } from 'vitest';
import { BlockSizes } from '../../src/assembly/block-sizes.js';

const DEVICE = 7;
const SIZES = [512, 1024, 2048, 4096, 16_384, 65_536];

describe('the size of blocks', () => {
  test.each(SIZES)('%d, from work on ranges and the blocks it touched', (size) => {
    const blocks = new BlockSizes();
    for (const offset of [0, 12_288, 1_048_576, 40_960])
      blocks.touched(DEVICE, Math.floor(offset / size), Math.ceil(4096 / size), offset, 4096);
    for (let i = 0; i < 200; i++) blocks.touched(DEVICE, Math.floor((i * 65_536) / size), 1, i * 65_536, 1);
    expect(blocks.bytes(DEVICE)).toBe(size);
  });

  test.each(SIZES)('%d, from one extent seen in both', (size) => {
    const blocks = new BlockSizes();
    expect(blocks.same(DEVICE, 3, 3 * size)).toBe(true);
    expect(blocks.bytes(DEVICE)).toBe(size);
    expect(blocks.same(DEVICE, 3, 3 * size + 1)).toBe(false);
    expect(blocks.same(DEVICE, 0, 0)).toBe(false);
  });

  test('sights of other work are outvoted, and counted', () => {
    const blocks = new BlockSizes();
    for (let i = 1; i < 100; i++) blocks.touched(DEVICE, i * 64, 1, i * 64 * 1024, 1);
    for (let i = 1; i < 20; i++) blocks.touched(DEVICE, 5, 1, i * 1e6, 1);
    expect(blocks.bytes(DEVICE)).toBe(1024);
    expect(blocks.describe(DEVICE)).toBe(
      'blocks of 1024 bytes, learned from 118 ranges seen in blocks and in bytes but 19',
    );
  });

  test('what nothing tells is assumed aloud, and the usual size needs no words', () => {
    const blocks = new BlockSizes();
    expect(blocks.bytes(DEVICE)).toBe(4096);
    expect(blocks.describe(DEVICE)).toContain('blocks of 4096 bytes are assumed');
    blocks.touched(DEVICE, 0, 1, 0, 1);
    expect(blocks.describe(DEVICE)).toContain('assumed');
    blocks.same(DEVICE, 1, 4096);
    expect(blocks.describe(DEVICE)).toBe('');
  });
});

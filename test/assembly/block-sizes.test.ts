import { describe, expect, test } from 'vitest';
import { BlockSizes } from '../../src/assembly/block-sizes.js';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { Op } from '../../src/model/events.js';
import { readAs } from '../formats/support.js';

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

  test.each(SIZES)('%d, from requests that begin where extents do', (size) => {
    const blocks = new BlockSizes();
    blocks.request(DEVICE, 9025 * size);
    expect(blocks.tells(DEVICE)).toBe(false);
    for (const block of [9025, 9089, 20_001]) blocks.extent(DEVICE, block);
    blocks.request(DEVICE, 123 * size);
    expect(blocks.tells(DEVICE)).toBe(false);
    blocks.request(DEVICE, 9089 * size);
    expect([blocks.tells(DEVICE), blocks.bytes(DEVICE)]).toEqual([true, size]);
  });

  test('a size that most sights contradict is no more than a guess', () => {
    const blocks = new BlockSizes();
    for (let i = 1; i < 100; i++) blocks.touched(DEVICE, i, 1, 1e9, 1);
    blocks.same(DEVICE, 1, 1024);
    expect(blocks.bytes(DEVICE)).toBe(1024);
    expect(blocks.tells(DEVICE)).toBe(false);
    expect(blocks.describe(DEVICE)).toContain('its maps are guesses: what events show');
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

/** Lines as trace-cmd report prints them: of ino 18 on 7:0, a range punched, then blocks reserved by a write(2) that is not in the trace. */
const PUNCH = `
 cp-7 [001] 5.000000010: sys_enter_fallocate: fd: 0x00000004, mode: 0x00000003, offset: 0x00020000, len: 0x00010000
 cp-7 [001] 5.000000020: ext4_punch_hole: dev 7,0 ino 18 offset 131072 len 65536 mode KEEP_SIZE|PUNCH_HOLE
 cp-7 [001] 5.000000030: ext4_es_insert_extent: dev 7,0 ino 18 es [0/4294967295) mapped 576460752303423487 status H
 cp-7 [001] 5.000000040: sys_exit_fallocate: 0x0`;
const RESERVED = Array.from(
  { length: 40 },
  (_, i) =>
    ` cp-7 [001] 5.0000001${10 + i}: ext4_es_insert_delayed_extent: dev 7,0 ino 18 es [${192 + i}/1) mapped 0 status D allocated 0 0`,
).join('\n');

describe('blocks told in a recording', () => {
  test('what comes after the return of a call is none of its work', async () => {
    const request = ' cp-7 [001] 5.000000300: block_rq_issue: 7,0 WS 1024 () 18050 + 2 0x2,0,4 [cp]';
    const written = ' cp-7 [001] 5.000000290: ext4_es_insert_extent: dev 7,0 ino 18 es [0/1) mapped 9025 status W';
    const { trace } = await readAs(ftraceText, [PUNCH, RESERVED, written, request, ''].join('\n'));
    expect(trace.issues.find(({ code }) => code === 'block-size')?.text).toBe(
      'device 7:0: blocks of 1024 bytes, learned from 2 ranges seen in blocks and in bytes',
    );
    expect(trace.columns.op).toContain(Op.map_known);
  });

  test('where nothing tells the size of a block no map is known', async () => {
    const { trace } = await readAs(ftraceText, [PUNCH.replace(/.*ext4_punch_hole.*\n/, ''), RESERVED, ''].join('\n'));
    expect(trace.issues.find(({ code }) => code === 'block-size')?.text).toContain('its maps are guesses');
    expect(trace.columns.op).not.toContain(Op.map_known);
    expect(trace.columns.op).toContain(Op.map_unknown);
  });
});

// zstd streams that come in pieces, against what went into them, and against fzstd. The files beside this were made by zstd 1.5.4 of
// what `text` and `noise` give: -1 -B1024, -19, -3, and -12 --no-check of several kinds with a long run between.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decompress } from 'fzstd';
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.js';
import { ZstdBlocks } from '../../src/base/zstd-blocks.js';

const folder = join(import.meta.dirname, 'zstd');
const packed = (name: string): Uint8Array => readFileSync(join(folder, name));
const MOST = 2 ** 24;

const text = (lines: number): Buffer =>
  Buffer.from(
    Array.from(
      { length: lines },
      (_, i) =>
        `${i} block_rq_issue: ${8 + (i % 3)},${i % 16} WS ${(i * i) % 65536} () ${(i * 7919) % 100003} + ${8 * (i % 5)} [worker${i % 4}]\n`,
    ).join(''),
  );

function noise(length: number): Buffer {
  let x = 7n;
  return Buffer.from(
    Array.from({ length }, (_, i) => {
      x = (x * 1103515245n + 12345n) & 0x7fffffffn;
      return (i >> 6) % 3 === 0 ? (i >> 9) & 255 : Number((x >> 16n) & 255n);
    }),
  );
}

const PLAIN: Readonly<Record<string, Buffer>> = {
  'text-blocks.zst': text(3000),
  'text-19.zst': text(3000),
  'noise-3.zst': noise(30_000),
  'both-12.zst': Buffer.concat([text(400), noise(3000), Buffer.alloc(300_000), text(400)]),
};

/** In pieces of 1 to `most` bytes. */
function inPieces(bytes: Uint8Array, most: number, random: Random): Buffer {
  const stream = new ZstdBlocks(MOST);
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const to = Math.min(bytes.length, at + 1 + random.below(most));
    out.push(stream.push(bytes.subarray(at, to)));
    at = to;
  }
  return Buffer.concat(out);
}

test.each(Object.entries(PLAIN))('%s, in pieces of any length', (name, plain) => {
  const random = new Random(3);
  for (const most of [1, 7, 900, 2 ** 20])
    expect(inPieces(packed(name), most, random).equals(plain), `of ${most}`).toBe(true);
});

test('frames one behind the other, with one between that is to be skipped, and a window that has to grow', () => {
  const skipped = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const all = Buffer.concat([packed('both-12.zst'), skipped, packed('text-19.zst'), packed('both-12.zst')]);
  const plain = [PLAIN['both-12.zst']!, PLAIN['text-19.zst']!, PLAIN['both-12.zst']!];
  expect(inPieces(all, 5000, new Random(4)).equals(Buffer.concat(plain))).toBe(true);
});

test('damaged streams are an Error, and nothing that fzstd takes is anything else here', () => {
  const random = new Random(11);
  let refused = 0;
  for (const name of readdirSync(folder))
    for (let round = 0; round < 150; round++) {
      const bytes = Uint8Array.from(packed(name));
      for (let i = 0; i <= random.below(3); i++) bytes[random.below(Math.min(bytes.length, 3000))] = random.below(256);
      try {
        const mine = new ZstdBlocks(MOST).push(bytes);
        const theirs = decompress(bytes);
        // A damage in the size of a block may leave it waiting for more.
        expect(Buffer.from(theirs).subarray(0, mine.length).equals(mine)).toBe(true);
      } catch (error) {
        expect(Object.getPrototypeOf(error)).not.toBe(TypeError.prototype);
        expect(error).toBeInstanceOf(Error);
        refused++;
      }
    }
  expect(refused).toBeGreaterThan(300);
}, 60_000);

test('what a piece may unpack to is bounded, and so is the window', () => {
  expect(() => new ZstdBlocks(100_000).push(packed('both-12.zst'))).toThrow(
    'zstd data unpacks to more than 100000 bytes',
  );
  const wide = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x90, 1, 0, 0]);
  expect(() => new ZstdBlocks(MOST).push(wide)).toThrow('a window of 268435456 bytes, more than 134217728');
});

const zstd = spawnSync('zstd', ['--version']).status === 0;
test.skipIf(!zstd)(
  'what zstd itself makes at any level (skipped: no zstd program)',
  () => {
    const random = new Random(8);
    const plain = Buffer.concat([text(3000), noise(50_000)]);
    for (const level of ['--fast=5', '-1', '-3', '-7', '-12', '-19', '--long=24', '-B4096']) {
      const { stdout } = spawnSync('zstd', ['-q', '-c', level], { input: plain, maxBuffer: 2 ** 26 });
      expect(inPieces(stdout, 3000, random).equals(plain), level).toBe(true);
    }
  },
  60_000,
);

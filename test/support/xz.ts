// An .xz file of stored bytes (xz-file-format.txt), for machines without xz.
import { crc32 } from 'node:zlib';

const STREAM = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0];
const MOST = 1 << 16;

/** Checks by number: 0 none, 10 SHA-256. Its bytes are left zero: readers that know it would say so. */
export function xzOf(bytes: Uint8Array, check: 0 | 10 = 0): Uint8Array {
  const flags = Uint8Array.of(0, check);
  const head = Buffer.concat([Uint8Array.from(STREAM), flags, sum(flags)]);
  // One LZMA2 filter with a dictionary of 64 KiB.
  const header = withSum([2, 0, 0x21, 1, 8, 0, 0, 0]);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += MOST) {
    const piece = bytes.subarray(at, at + MOST);
    chunks.push(Uint8Array.of(at === 0 ? 1 : 2, (piece.length - 1) >> 8, (piece.length - 1) & 0xff), piece);
  }
  const data = Buffer.concat([...chunks, Uint8Array.of(0)]);
  const checked = new Uint8Array(check === 0 ? 0 : 32);
  const index = withSum(
    padded([0, 1, ...varint(header.length + data.length + checked.length), ...varint(bytes.length)]),
  );
  const size = Buffer.alloc(4);
  size.writeUInt32LE(index.length / 4 - 1);
  const end = Buffer.concat([size, flags]);
  return Buffer.concat([
    head,
    header,
    Uint8Array.from(padded([...data])),
    checked,
    index,
    sum(end),
    end,
    Buffer.from('YZ'),
  ]);
}

const withSum = (bytes: readonly number[]): Uint8Array =>
  Buffer.concat([Uint8Array.from(bytes), sum(Uint8Array.from(bytes))]);

function sum(bytes: Uint8Array): Uint8Array {
  const four = Buffer.alloc(4);
  four.writeUInt32LE(crc32(bytes));
  return four;
}

const padded = (bytes: readonly number[]): number[] => [
  ...bytes,
  ...Array<number>((4 - (bytes.length % 4)) % 4).fill(0),
];

function varint(value: number): number[] {
  const out: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...out, rest];
    out.push((rest % 128) | 128);
  }
}

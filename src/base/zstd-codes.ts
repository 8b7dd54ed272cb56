// What the codes of a zstd sequence mean, and how they are told where a block has no tables of its own (RFC 8878, sections 3.1.1.3.2.1
// and 3.1.1.3.2.2).
import { fseTable } from './zstd-tables.js';

/** Lengths by code: up to `plain` a code is its own length and `least`; the others have bits that are added. */
function lengths(plain: number, least: number, bits: readonly number[]) {
  const base = Int32Array.from({ length: plain + bits.length }, (_, code) => code + least);
  const more = new Uint8Array(base.length);
  let next = plain + least;
  bits.forEach((count, i) => {
    base[plain + i] = next;
    more[plain + i] = count;
    next += 1 << count;
  });
  return { base, more };
}

export const LITERAL = lengths(16, 0, [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
export const MATCH = lengths(32, 3, [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);

const ones = (count: number): number[] => new Array<number>(count).fill(1);
const rare = (count: number): number[] => new Array<number>(count).fill(-1);
const twos = (count: number): number[] => new Array<number>(count).fill(2);

/** Three kinds of number: their usual table, largest log, and how many codes there are. */
export const KINDS = [
  { usual: fseTable([4, 3, ...twos(11), 1, 1, 1, ...twos(9), 3, 2, ...ones(5), ...rare(4)], 6), log: 9, codes: 36 },
  { usual: fseTable([...ones(6), 2, 2, 2, ...ones(15), ...rare(5)], 5), log: 8, codes: 32 },
  { usual: fseTable([1, 4, 3, ...twos(6), ...ones(37), ...rare(7)], 6), log: 9, codes: 53 },
] as const;

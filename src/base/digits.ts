// Numbers in trace text, read from bytes. `cursor.at` is left behind the last byte used.

/** Value of a hex digit by byte, -1 for any other byte. */
export const HEX = new Int8Array(256).fill(-1);
for (let i = 0; i < 10; i++) HEX[48 + i] = i;
for (let i = 0; i < 6; i++) HEX[65 + i] = HEX[97 + i] = 10 + i;

/** 2^64 - 1 as a double: what a printed -1 reads as. */
const LARGEST_U64 = 2 ** 64 - 2048;

export const cursor = { at: 0 };

/**
 * Hex digits without prefix, as 64-bit two's complement: 16 digits from 8 up are negative (an errno, an address of -1).
 * Values of 2^53 and more that are not small negatives lose low bits; kernel pointers are the only such values.
 * NaN when there is no digit.
 */
export function hexNumber(b: Uint8Array, from: number, to: number): number {
  // Up to 7 digits fit a small integer; longer ones go on in two halves.
  let small = 0;
  let i = from;
  const short = Math.min(to, from + 7);
  for (; i < short; i++) {
    const d = HEX[b[i]!]!;
    if (d < 0) {
      cursor.at = i;
      return i === from ? Number.NaN : small;
    }
    small = (small << 4) | d;
  }
  let high = 0;
  let low = small;
  let n = i - from;
  for (; i < to; i++) {
    const d = HEX[b[i]!]!;
    if (d < 0) break;
    high = (high << 4) | (low >>> 28);
    low = ((low << 4) | d) >>> 0;
    n++;
  }
  cursor.at = i;
  if (n === 0 || n > 16) return Number.NaN;
  return n === 16 ? high * 4294967296 + low : (high >>> 0) * 4294967296 + low;
}

/** A pfn_t printed as 0x-hex: its low 52 bits; NaN when no flag bit is set above them (the zero page has none). */
export function pageFrame(b: Uint8Array, from: number, to: number): number {
  const first = b[from + 1] === 120 ? from + 2 : from;
  let end = first;
  while (end < to && HEX[b[end]!]! >= 0) end++;
  cursor.at = end;
  if (end - first < 14) return Number.NaN;
  return hexNumber(b, end - 13, end);
}

/** Decimal (with sign) or 0x-hex; `(nil)` is 0; NaN when there is none. */
export function number(b: Uint8Array, from: number, to: number): number {
  let i = from;
  if (i < to && b[i] === 40 /* ( */) {
    cursor.at = i;
    return b[i + 1] === 110 /* n */ ? 0 : Number.NaN;
  }
  const negative = i < to && b[i] === 45;
  if (negative) i++;
  if (i + 1 < to && b[i] === 48 && (b[i + 1] === 120 || b[i + 1] === 88)) return hexNumber(b, i + 2, to);
  let value = 0;
  const first = i;
  for (; i < to; i++) {
    const d = b[i]! - 48;
    if (d < 0 || d > 9) break;
    value = value * 10 + d;
  }
  cursor.at = i;
  if (i === first) return Number.NaN;
  // A sector of -1 is printed unsigned: 18446744073709551615.
  if (value >= LARGEST_U64) return -1;
  return negative ? -value : value;
}

/** `7:0`, `7,0`, `0x7:0x0` as major * 2^20 + minor; a bare number is the kernel's own dev_t, which is the same. */
export function device(b: Uint8Array, from: number, to: number): number {
  const major = number(b, from, to);
  const at = cursor.at;
  if (at >= to || (b[at] !== 58 && b[at] !== 44)) return major;
  const minor = number(b, at + 1, to);
  return major * 1048576 + minor;
}

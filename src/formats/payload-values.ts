// Values of the printed part of an event that are more than one number: quoted texts, names with spaces, arrays.
import { cursor, HEX, hexNumber } from '../base/digits.js';

const SPACE = 32;

/** Behind the quoted text whose first quote is at `at`; nothing escapes quotes in it, and a comma or the end follows the last. */
export function skipQuoted(b: Uint8Array, at: number, to: number): number {
  let i = at + 1;
  while (i < to && (b[i] !== 34 || (i + 1 < to && !ENDS_TEXT.includes(b[i + 1]!)))) i++;
  return i + 1;
}
/** `,` `)` and `.`, which tells that a text was cut. */
const ENDS_TEXT = [44, 41, 46];

/** Behind the next byte of that value. */
export function skipPast(b: Uint8Array, byte: number, at: number, to: number): number {
  let i = at;
  while (i < to && b[i] !== byte) i++;
  return i + 1;
}

/** A name that may hold spaces: up to the next ` word=`, or the end. */
export function restOrKey(b: Uint8Array, at: number, to: number): number {
  for (let i = at; i < to; i++) {
    if (b[i] !== SPACE) continue;
    let k = i + 1;
    while (k < to && ((b[k]! >= 97 && b[k]! <= 122) || b[k] === 95)) k++;
    if (k > i + 1 && k < to && b[k] === 61) return i;
  }
  return to;
}

/** Hex that may carry 0x. */
export function bareHex(b: Uint8Array, at: number, to: number): number {
  return b[at] === 48 && b[at + 1] === 120 ? hexNumber(b, at + 2, to) : hexNumber(b, at, to);
}

export function octal(b: Uint8Array, at: number, to: number): number {
  let value = 0;
  let i = at;
  for (; i < to && b[i]! >= 48 && b[i]! <= 55; i++) value = value * 8 + b[i]! - 48;
  cursor.at = i;
  return i === at ? Number.NaN : value;
}

/** `ARRAY[c0, 6b, ..]`: bytes, little endian, joined into words of `width`; also `{0x.., 0x..}` of newer print formats. */
export function array(b: Uint8Array, at: number, to: number, width: number): number[] {
  const words: number[] = [];
  let i = at;
  while (i < to && b[i] !== 91 && b[i] !== 123) i++;
  const braces = b[i] === 123;
  i++;
  let byte = 0;
  let value = 0;
  while (i < to && b[i] !== 93 && b[i] !== 125) {
    if (HEX[b[i]!]! < 0) {
      i++;
      continue;
    }
    const x = bareHex(b, i, to);
    i = cursor.at;
    if (braces) words.push(x);
    else {
      value += x * 2 ** (8 * byte);
      if (++byte === width) {
        words.push(value);
        byte = 0;
        value = 0;
      }
    }
  }
  cursor.at = i + 1;
  return words;
}

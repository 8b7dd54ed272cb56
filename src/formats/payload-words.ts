// Words in the printed part of an event, as bytes.

const SPACE = 32;

export function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Place of the value of word `key` at or after `at`; -1. The key stands alone and is followed by space, `=` or `:`. */
export function find(b: Uint8Array, key: Uint8Array, at: number, from: number, to: number): number {
  const n = key.length;
  const first = key[0]!;
  for (let i = at; i + n < to; i++) {
    if (b[i] !== first) continue;
    if (i > from && b[i - 1] !== SPACE && b[i - 1] !== 44 && b[i - 1] !== 40) continue;
    const after = b[i + n]!;
    if (after !== SPACE && after !== 61 && after !== 58) continue;
    let k = 1;
    while (k < n && b[i + k] === key[k]) k++;
    if (k < n) continue;
    let value = i + n + 1;
    while (value < to && b[value] === SPACE) value++;
    return value;
  }
  return -1;
}

/** The same, if the key stands right at `at`, or behind the one space or comma there; -1 says nothing about the rest. */
export function next(b: Uint8Array, key: Uint8Array, at: number, from: number, to: number): number {
  const n = key.length;
  const first = b[at];
  const start = at > from && (first === SPACE || first === 44 || first === 40) ? at + 1 : at;
  if (start + n >= to || (start === at && at > from)) return -1;
  const after = b[start + n]!;
  if (after !== SPACE && after !== 61 && after !== 58) return -1;
  for (let k = 0; k < n; k++) if (b[start + k] !== key[k]) return -1;
  let value = start + n + 1;
  while (value < to && b[value] === SPACE) value++;
  return value;
}

export function skipWord(b: Uint8Array, at: number, to: number): number {
  let i = at;
  while (i < to && b[i] !== SPACE && b[i] !== 44) i++;
  return i;
}

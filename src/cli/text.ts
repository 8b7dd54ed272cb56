// Text for a terminal: names out of a trace must not be able to steer it.

/** Control characters and direction marks become `\xNN` or `\u{NNNN}`; so do line breaks. */
export const clean = (text: string): string =>
  text.replace(HARMFUL, (char) => {
    const code = char.codePointAt(0)!;
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const HARMFUL = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** A figure of the report's formats, with ordinary spaces. */
export const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

/** Exact JSON: bigints as digits, which `JSON.stringify` refuses. */
export function toJson(value: unknown, mark = crypto.randomUUID()): string {
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${mark}${part}` : part), 2);
  return `${text.replace(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1')}\n`;
}

/** The candidate that was most likely meant, if any is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((name) => ({ name, distance: distance(word, name) }))
    .filter((one) => one.distance <= Math.max(1, Math.floor(Math.max(word.length, one.name.length) / 3)))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.name;
}

/** Appended to a message: `; did you mean "x"?`, or nothing. */
export function suggestion(word: string, candidates: readonly string[], prefix = ''): string {
  const name = nearest(word, candidates);
  return name === undefined ? '' : `; did you mean "${prefix}${name}"?`;
}

/** Insertions, deletions and replacements from `a` to `b` (Levenshtein). */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 4) return 99;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

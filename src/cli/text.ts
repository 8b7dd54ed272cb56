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

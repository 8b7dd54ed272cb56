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

/**
 * The same, piece by piece: a list that is no array is made while it is written, so that its length costs no memory. Only values of
 * the object itself may be such.
 */
export function* jsonPieces(value: object): Iterable<string> {
  const mark = crypto.randomUUID();
  const deeper = (part: unknown, indent: string): string =>
    toJson(part, mark).trimEnd().replaceAll('\n', `\n${indent}`);
  let sign = '{';
  for (const [key, part] of Object.entries(value)) {
    if (part === undefined) continue;
    yield `${sign}\n  ${JSON.stringify(key)}: `;
    sign = ',';
    if (!isMadeLate(part)) {
      yield deeper(part, '  ');
      continue;
    }
    let before = '[';
    for (const one of part) {
      yield `${before}\n    ${deeper(one, '    ')}`;
      before = ',';
    }
    yield before === '[' ? '[]' : '\n  ]';
  }
  yield sign === '{' ? '{}\n' : '\n}\n';
}

const isMadeLate = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value && !Array.isArray(value);

/** Exact JSON: bigints as digits, which `JSON.stringify` refuses. */
export function toJson(value: unknown, mark = crypto.randomUUID()): string {
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${mark}${part}` : part), 2);
  return `${text.replace(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1')}\n`;
}

// Markup by a tagged template: everything put in is text and escaped, except what the same tag made.
// Text of a trace is hostile: no tag, quote, control or direction mark survives.

export class Markup {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

export type Insert = Markup | string | number | null | readonly Insert[];

/** `h\`<p>${text}</p>\``: strings and numbers are escaped, lists joined, null left out. */
export const h = (parts: TemplateStringsArray, ...inserts: readonly Insert[]): Markup => {
  let source = parts[0]!;
  inserts.forEach((insert, i) => {
    source += print(insert) + parts[i + 1]!;
  });
  return new Markup(source);
};

const print = (insert: Insert): string => {
  if (insert === null) return '';
  if (insert instanceof Markup) return insert.source;
  if (typeof insert === 'string' || typeof insert === 'number') return escaped(String(insert));
  return insert.map(print).join('');
};

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Printable ASCII without the characters that have entities: most of a page, and nothing to do for it. */
const PLAIN = /^[ !#-%(-;=?-_a-~]*$/;

export const escaped = (text: string): string =>
  PLAIN.test(text) ? text : visible(text).replace(/[&<>"'`]/g, (char) => ENTITIES[char]!);

/**
 * Control characters, direction marks, zero-width and other unseen characters, tags and lone surrogates become `[U+202E]`;
 * tab and newline a space.
 */
export const visible = (text: string): string =>
  text.replace(/[\t\n\r]+/g, ' ').replace(UNSEEN, (char) => `[U+${hexOf(char)}]`);

const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/gu;

const hexOf = (char: string): string => char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');

// Text in UTF-16, as Windows programs write it (PowerShell's `>`, Excel's "Unicode Text"), as the UTF-8 that every text format is in.

/** The byte order mark says which of the two it is. */
const MARKS: readonly (readonly [label: string, first: number, second: number])[] = [
  ['utf-16le', 0xff, 0xfe],
  ['utf-16be', 0xfe, 0xff],
];

/** The first bytes that are asked for: UTF-32 begins as one of the two does, and goes on with a zero. */
export const MARK = 4;

/** What the text that begins so is written in; null where it has no such mark. */
export function wideText(begin: Uint8Array): string | null {
  const found = MARKS.find(([, first, second]) => begin[0] === first && begin[1] === second);
  return found === undefined || (begin[2] === 0 && begin[3] === 0) ? null : found[0];
}

/** Half a character at the end, where a file was cut, becomes the mark of one that cannot be read. */
export async function* narrowed(label: string, chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const decoder = new TextDecoder(label);
  const encoder = new TextEncoder();
  for await (const chunk of chunks) yield encoder.encode(decoder.decode(chunk, { stream: true }));
  const rest = decoder.decode();
  if (rest !== '') yield encoder.encode(rest);
}

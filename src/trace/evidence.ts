// Reads single lines of a recording again, to show them as evidence.
import { LineSplitter } from '../base/line-splitter.js';
import { type OpenOptions, openInput } from './input.js';

/** Longer lines are cut: a report shows them, it does not process them. */
const LONGEST = 400;

/** The wanted lines of a text recording, by number from 1. Reading stops behind the last one. */
export async function readLines(
  path: string,
  wanted: ReadonlySet<number>,
  options: OpenOptions = {},
): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  if (wanted.size === 0) return found;
  const last = Math.max(...wanted);
  const decoder = new TextDecoder();
  let line = 0;
  const lines = new LineSplitter((bytes) => {
    line++;
    if (bytes !== null && wanted.has(line)) found.set(line, cut(decoder.decode(bytes.subarray(0, 4 * LONGEST))));
  });
  const input = await openInput(path, options);
  try {
    for await (const chunk of input.chunks()) {
      lines.push(chunk);
      if (line >= last) return found;
    }
    lines.end();
  } finally {
    await input.close();
  }
  return found;
}

function cut(text: string): string {
  if (text.length <= LONGEST) return text;
  return text.slice(0, LONGEST).replace(/[\ud800-\udbff]$/, '');
}

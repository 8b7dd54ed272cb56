// Lines of a table as text. What is not UTF-8 was nearly always written on Windows; a mark in place of each byte that cannot be
// read would make one file of names that differ in such bytes only.
import { GUESSED } from '../model/issue.js';
import type { TraceSink } from '../model/trace.js';

/** A byte order mark is left out. */
const utf8 = new TextDecoder();
const strict = new TextDecoder('utf-8', { fatal: true });
const windows = new TextDecoder('windows-1252');
const encoder = new TextEncoder();
const UNREAD = '\ufffd';
const SHOWN = 8;

export function tableText(bytes: Uint8Array, line: number, sink: TraceSink): string {
  const text = utf8.decode(bytes);
  const at = text.indexOf(UNREAD);
  if (at < 0 || isUtf8(bytes)) return text;
  const from = encoder.encode(text.slice(0, at)).length;
  const shown = Buffer.from(bytes.subarray(from, from + SHOWN))
    .toString('hex')
    .replace(/..(?=.)/g, '$& ');
  const read = windows.decode(bytes);
  sink.issue(
    `${GUESSED}windows-1252`,
    line,
    `expected text in UTF-8, found the bytes ${shown} behind byte ${from} of the line; the line was read as Windows-1252: ${JSON.stringify(read.slice(0, 80))}; if that is wrong, write the file in UTF-8: iconv -f ENCODING -t UTF-8`,
  );
  return read;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

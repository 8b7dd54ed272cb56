// Names as Python prints bytes that nobody made text of: `b'state.vscdb'`, `b"it's"`, `b'\xc3\xa4'`. bcc's tools did so when Python 3
// ran them, until printb; a name that was cut to its column has lost its last quote.
const BYTES = /^b(['"])(.*?)\1?$/s;
const ESCAPE = /\\(?:x([\da-f]{2})|(.))/gs;
const LETTERS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
const utf8 = new TextDecoder();

export function nameOfBytes(shown: string): string {
  const inner = BYTES.exec(shown)?.[2];
  if (inner === undefined) return shown;
  const bytes = inner.replace(ESCAPE, (_, hex: string | undefined, letter: string) =>
    hex === undefined ? (LETTERS[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return utf8.decode(Buffer.from(bytes, 'latin1'));
}

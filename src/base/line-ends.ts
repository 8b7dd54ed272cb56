// Line ends of text that may be of any system. LF and CR LF are left to the splitter; where the first line ends in CR alone (old
// Macintosh, Excel's "CSV (Macintosh)"), every CR is made the LF it stands for.
const LF = 10;
const CR = 13;

export async function* unixLines(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let ends: 'unknown' | 'usual' | 'cr' = 'unknown';
  /** The last byte so far is a CR, which may be half of an end. */
  let isOpen = false;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    if (ends === 'unknown') {
      const found = firstEnd(chunk, isOpen);
      ends = found.ends;
      if (isOpen) yield Uint8Array.of(ends === 'cr' ? LF : CR);
      isOpen = found.isOpen;
    }
    // What is open goes with the next piece.
    const known = isOpen ? chunk.subarray(0, -1) : chunk;
    yield ends === 'cr' ? known.map((byte) => (byte === CR ? LF : byte)) : known;
  }
  if (isOpen) yield Uint8Array.of(LF);
}

function firstEnd(chunk: Uint8Array, wasOpen: boolean): { ends: 'unknown' | 'usual' | 'cr'; isOpen: boolean } {
  if (wasOpen) return { ends: chunk[0] === LF ? 'usual' : 'cr', isOpen: false };
  const cr = chunk.indexOf(CR);
  const lf = chunk.indexOf(LF);
  if (cr < 0 || (lf >= 0 && lf < cr)) return { ends: lf < 0 ? 'unknown' : 'usual', isOpen: false };
  if (cr === chunk.length - 1) return { ends: 'unknown', isOpen: true };
  return { ends: chunk[cr + 1] === LF ? 'usual' : 'cr', isOpen: false };
}

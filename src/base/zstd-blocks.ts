// A zstd stream that is flushed every few bytes, as perf writes it: 78 bytes in a block, 280,000 blocks in 24 MB, were seen. fzstd gives
// every block memory of 128 KiB and moves the whole window behind it: 35 s of CPU and 170 MiB for that file. Source: RFC 8878, section 3.1.1.
import { joined } from './joined.js';
import { KINDS, LITERAL, MATCH } from './zstd-codes.js';
import { BackwardBits, type FseTable, type HuffmanTable, oneSymbol, readFse, readHuffman } from './zstd-tables.js';

const MAGIC = 0xfd2fb528;
const SKIPPED_MAGIC = 0x184d2a50;
const LARGEST_BLOCK = 2 ** 17;
/** Longest header of a frame. */
const HEADER = 18;
/** What zstd itself takes without being asked (ZSTD_WINDOWLOG_LIMIT_DEFAULT). */
const LARGEST_WINDOW = 2 ** 27;

const Block = { raw: 0, same: 1, packed: 2 } as const;
const Literals = { raw: 0, same: 1, packed: 2 } as const;
const Mode = { usual: 0, one: 1, own: 2, same: 3 } as const;

export class ZstdBlocks {
  /** What did not come whole yet. */
  #rest: Uint8Array = new Uint8Array(0);
  /** Bytes that are to be skipped: a checksum, a frame that is none. */
  #skip = 0;
  #inFrame = false;
  #hasChecksum = false;
  /** What came out, as far back as the window goes. */
  #out = new Uint8Array(2 * LARGEST_BLOCK);
  #at = 0;
  /** Where in it the frame begins, at most the window back. */
  #frameAt = 0;
  #window = 0;
  readonly #literals = new Uint8Array(LARGEST_BLOCK);
  #huffman: HuffmanTable | null = null;
  readonly #tables: (FseTable | null)[] = [null, null, null];
  readonly #offsets = new Int32Array(3);
  readonly #bits = new BackwardBits();
  readonly #most: number;

  /** `most` bytes may come out of one piece: a few bytes can stand for any number of the same ones. */
  constructor(most: number) {
    this.#most = most;
  }

  /** What this piece unpacks to; a block that is not whole comes with the next. Throws an Error that says what is wrong. */
  push(packed: Uint8Array): Uint8Array {
    const data = this.#rest.length === 0 ? packed : joined([this.#rest, packed]);
    const pieces: Uint8Array[] = [];
    let unpacked = 0;
    let at = 0;
    for (;;) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, data.length - at);
        this.#skip -= skipped;
        at += skipped;
      }
      const many = pieces.length;
      const used = this.#inFrame ? this.#block(data, at, pieces) : this.#frame(data, at);
      if (used === 0) break;
      at += used;
      if (pieces.length > many) unpacked += pieces[many]!.length;
      if (unpacked > this.#most) throw new Error(`zstd data unpacks to more than ${this.#most} bytes`);
    }
    this.#rest = data.slice(at);
    return joined(pieces);
  }

  /** Header of a frame; returns its bytes, 0 where it is not whole. */
  #frame(data: Uint8Array, from: number): number {
    const left = data.length - from;
    if (left < 5) return 0;
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const magic = view.getUint32(from, true);
    if ((magic & 0xfffffff0) >>> 0 === SKIPPED_MAGIC) {
      if (left < 8) return 0;
      this.#skip = view.getUint32(from + 4, true);
      return 8;
    }
    if (magic !== MAGIC) throw new Error(`a frame that begins with 0x${magic.toString(16)}`);
    const told = data[from + 4]!;
    const isSingle = ((told >> 5) & 1) === 1;
    const dictionary = [0, 1, 2, 4][told & 3]!;
    const sized = [isSingle ? 1 : 0, 2, 4, 8][told >> 6]!;
    const length = 5 + (isSingle ? 0 : 1) + dictionary + sized;
    if (left < Math.min(length, HEADER)) return 0;
    if (dictionary > 0) throw new Error('a frame that needs a dictionary');
    if (isSingle) {
      let size = 0;
      for (let i = sized - 1; i >= 0; i--) size = size * 256 + data[from + 5 + i]!;
      this.#window = sized === 2 ? size + 256 : size;
    } else {
      const base = 2 ** (10 + (data[from + 5]! >> 3));
      this.#window = base + (base / 8) * (data[from + 5]! & 7);
    }
    if (this.#window > LARGEST_WINDOW)
      throw new Error(`a window of ${this.#window} bytes, more than ${LARGEST_WINDOW}`);
    this.#hasChecksum = ((told >> 2) & 1) === 1;
    this.#inFrame = true;
    this.#frameAt = this.#at;
    this.#huffman = null;
    this.#tables.fill(null);
    this.#offsets.set([1, 4, 8]);
    return length;
  }

  /** The next block; returns its bytes, 0 where it is not whole. */
  #block(data: Uint8Array, from: number, pieces: Uint8Array[]): number {
    if (data.length - from < 3) return 0;
    const head = data[from]! | (data[from + 1]! << 8) | (data[from + 2]! << 16);
    const kind = (head >> 1) & 3;
    const size = head >> 3;
    const used = 3 + (kind === Block.same ? 1 : size);
    if (size > LARGEST_BLOCK || kind > Block.packed) throw new Error(`a block of kind ${kind} and ${size} bytes`);
    if (data.length - from < used) return 0;
    this.#makeRoom();
    const begun = this.#at;
    const body = from + 3;
    if (kind === Block.packed) this.#unpack(data, body, body + size);
    else {
      if (kind === Block.raw) this.#out.set(data.subarray(body, body + size), begun);
      else this.#out.fill(data[body]!, begun, begun + size);
      this.#at += size;
    }
    if (this.#at > begun) pieces.push(this.#out.slice(begun, this.#at));
    if ((head & 1) === 1) {
      this.#inFrame = false;
      if (this.#hasChecksum) this.#skip = 4;
    }
    return used;
  }

  /** For one block more: what lies further back than the window goes, and so do larger and larger arrays until they hold it. */
  #makeRoom(): void {
    if (this.#at + LARGEST_BLOCK <= this.#out.length) return;
    const kept = Math.min(this.#window, this.#at - this.#frameAt);
    const from = this.#at - kept;
    const out = 2 * kept > this.#out.length ? new Uint8Array(2 * this.#out.length) : this.#out;
    if (out === this.#out) out.copyWithin(0, from, this.#at);
    else out.set(this.#out.subarray(from, this.#at));
    this.#out = out;
    this.#at = kept;
    this.#frameAt = 0;
    this.#makeRoom();
  }

  #unpack(data: Uint8Array, from: number, to: number): void {
    const [literals, behind] = this.#readLiterals(data, from, to);
    let at = behind;
    let sequences = at < to ? data[at++]! : 0;
    if (sequences === 255) {
      sequences = 0x7f00 + data[at]! + data[at + 1]! * 256;
      at += 2;
    } else if (sequences > 127) sequences = ((sequences - 128) << 8) + data[at++]!;
    const copied = sequences === 0 ? 0 : this.#copy(data, this.#readTables(data, at, to), to, sequences, literals);
    this.#add(copied, literals);
  }

  /** Literals from `from` up to `to` that no match follows. */
  #add(from: number, to: number): void {
    if (this.#at + to - from > this.#out.length) throw new Error('a block that is too long');
    this.#out.set(this.#literals.subarray(from, to), this.#at);
    this.#at += to - from;
  }

  /** Returns how many there are, and the place behind them. */
  #readLiterals(data: Uint8Array, from: number, to: number): [number, number] {
    const head = data[from]! | (data[from + 1]! << 8) | (data[from + 2]! << 16) | (data[from + 3]! << 24);
    const kind = head & 3;
    const form = (head >> 2) & 3;
    if (kind <= Literals.same) {
      const [size, at] =
        form % 2 === 0
          ? [(head >> 3) & 31, from + 1]
          : form === 1
            ? [(head >> 4) & 0xfff, from + 2]
            : [(head >> 4) & 0xfffff, from + 3];
      const used = kind === Literals.raw ? size : 1;
      if (size > LARGEST_BLOCK || at + used > to) throw new Error('more literals than there are');
      if (kind === Literals.raw) this.#literals.set(data.subarray(at, at + size));
      else this.#literals.fill(data[at]!, 0, size);
      return [size, at + used];
    }
    const width = form < 2 ? 10 : form === 2 ? 14 : 18;
    const mask = (1 << width) - 1;
    const size = (head >>> 4) & mask;
    const packed = width === 18 ? ((head >>> 22) | (data[from + 4]! << 10)) & mask : (head >>> (4 + width)) & mask;
    let at = from + (form < 2 ? 3 : form + 2);
    const end = at + packed;
    if (size > LARGEST_BLOCK || end > to) throw new Error('more literals than there are');
    if (kind === Literals.packed) [this.#huffman, at] = readHuffman(data, at, end);
    if (this.#huffman === null) throw new Error('literals without codes');
    if (form === 0) this.#decode(this.#huffman, data, at, end, 0, size);
    else this.#decodeFour(this.#huffman, data, at, end, size);
    return [size, end];
  }

  #decodeFour(huffman: HuffmanTable, data: Uint8Array, from: number, end: number, size: number): void {
    const quarter = (size + 3) >> 2;
    let at = from + 6;
    for (let i = 0; i < 4; i++) {
      const next = i === 3 ? end : at + (data[from + 2 * i]! | (data[from + 2 * i + 1]! << 8));
      if (next > end || at > next) throw new Error('more literals than there are');
      this.#decode(
        huffman,
        data,
        at,
        next,
        Math.min(size, i * quarter),
        i === 3 ? size : Math.min(size, (i + 1) * quarter),
      );
      at = next;
    }
  }

  /** hot */
  #decode(huffman: HuffmanTable, data: Uint8Array, from: number, end: number, first: number, last: number): void {
    const { bits: own, log, symbols } = huffman;
    const literals = this.#literals;
    const bits = this.#bits;
    bits.open(data, from, end);
    for (let i = first; i < last; i++) {
      const code = bits.peek(log);
      literals[i] = symbols[code]!;
      bits.left -= own[code]!;
    }
    if (bits.left !== 0) throw new Error('literals that do not end where they should');
  }

  /** Of the three kinds of number; returns the place behind them. */
  #readTables(data: Uint8Array, from: number, to: number): number {
    const modes = data[from]!;
    let at = from + 1;
    KINDS.forEach(({ codes, log, usual }, kind) => {
      const mode = (modes >> (6 - 2 * kind)) & 3;
      if (mode === Mode.usual) this.#tables[kind] = usual;
      else if (mode === Mode.one) {
        if (data[at]! >= codes) throw new Error(`a code of ${data[at]}, where there are ${codes}`);
        this.#tables[kind] = oneSymbol(data[at++]!);
      } else if (mode === Mode.own) [this.#tables[kind], at] = readFse(data, at, to, log, codes);
      else if (mode === Mode.same && this.#tables[kind] === null) throw new Error('the same codes as before the first');
    });
    return at;
  }

  /** hot: sequences of literals and matches; returns how many literals were used. */
  #copy(data: Uint8Array, from: number, to: number, sequences: number, most: number): number {
    const [ofLiterals, ofOffsets, ofMatches] = this.#tables as FseTable[] as [FseTable, FseTable, FseTable];
    const bits = this.#bits;
    bits.open(data, from, to);
    let literalState = bits.take(ofLiterals.log);
    let offsetState = bits.take(ofOffsets.log);
    let matchState = bits.take(ofMatches.log);
    const literals = this.#literals;
    const out = this.#out;
    const limit = Math.min(out.length, this.#at + LARGEST_BLOCK);
    let at = this.#at;
    let used = 0;
    for (let i = 0; i < sequences; i++) {
      const offsetCode = ofOffsets.symbols[offsetState]!;
      const matchCode = ofMatches.symbols[matchState]!;
      const literalCode = ofLiterals.symbols[literalState]!;
      const offsetValue = 2 ** offsetCode + bits.take(offsetCode);
      const match = MATCH.base[matchCode]! + bits.take(MATCH.more[matchCode]!);
      const literal = LITERAL.base[literalCode]! + bits.take(LITERAL.more[literalCode]!);
      if (i + 1 < sequences) {
        literalState = ofLiterals.bases[literalState]! + bits.take(ofLiterals.bits[literalState]!);
        matchState = ofMatches.bases[matchState]! + bits.take(ofMatches.bits[matchState]!);
        offsetState = ofOffsets.bases[offsetState]! + bits.take(ofOffsets.bits[offsetState]!);
      }
      const offset = this.#offset(offsetValue, literal === 0);
      if (used + literal > most || at + literal + match > limit) throw new Error('a block that is too long');
      for (let n = 0; n < literal; n++) out[at++] = literals[used++]!;
      let back = at - offset;
      if (!(back >= this.#frameAt) || offset <= 0)
        throw new Error(`a match ${offset} bytes back, where there are none`);
      for (let n = 0; n < match; n++) out[at++] = out[back++]!;
    }
    if (bits.left !== 0) throw new Error('sequences that do not end where they should');
    this.#at = at;
    return used;
  }

  /** Small numbers are those of the last three offsets. */
  #offset(value: number, noLiterals: boolean): number {
    const last = this.#offsets;
    if (value > 3) {
      last[2] = last[1]!;
      last[1] = last[0]!;
      last[0] = value - 3;
      return last[0]!;
    }
    const nth = value - 1 + (noLiterals ? 1 : 0);
    if (nth === 0) return last[0]!;
    const offset = nth === 3 ? last[0]! - 1 : last[nth]!;
    if (nth > 1) last[2] = last[1]!;
    last[1] = last[0]!;
    last[0] = offset;
    return offset;
  }
}

// Interned byte strings. A trace repeats few names very often: a hash table over bytes avoids one string per record.
import type { Words } from '../model/kernel.js';
import { Columns } from './columns.js';

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const plain = new Uint8Array(256);
/** Bytes of a page, as a power of 2. A word lies within one page; one that is longer has a page of its own. */
const PAGE_BITS = 16;
const PAGE = 2 ** PAGE_BITS;
/** Words whose texts are kept. */
const MOST_TEXTS = 1 << 13;

/** `start`: page and place in it. */
const WORD_SHAPE = { hash: Int32Array, start: Uint32Array, length: Uint32Array };

export class WordTable implements Words {
  private table = new Int32Array(1024).fill(-1);
  /** Of words that were met early, as what recurs is: names of tasks, states, flags. Paths come by the million. */
  private readonly texts: string[] = [];
  private readonly words = new Columns(WORD_SHAPE);
  /** Where their bytes lie: an array for each would take several times as much as they do. */
  private readonly pages = [new Uint8Array(PAGE)];
  private used = 0;
  private readonly met: (raw: Uint8Array) => void;

  /** `met` hears of every word when it gets its number. */
  constructor(met: (raw: Uint8Array) => void = () => {}) {
    this.met = met;
  }

  bytes(buffer: Uint8Array, from: number, to: number): number {
    let hash = 0x811c9dc5;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ buffer[i]!, 0x01000193);
    // Names that differ in their numbers only have much of it in common, and would lie in a row in the table.
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    hash ^= hash >>> 13;
    const { hash: hashes, start: starts, length: lengths } = this.words.at;
    const mask = this.table.length - 1;
    let at = hash & mask;
    for (;;) {
      const id = this.table[at]!;
      if (id < 0) return this.add(buffer, from, to, hash, at);
      if (hashes[id] === hash && lengths[id] === to - from) {
        const start = starts[id]!;
        if (same(this.pages[start >>> PAGE_BITS]!, start & (PAGE - 1), buffer, from, to)) return id;
      }
      at = (at + 1) & mask;
    }
  }

  text(text: string): number {
    if (text.length <= plain.length && isPlain(text)) return this.bytes(plain, 0, text.length);
    const raw = encoder.encode(text);
    return this.bytes(raw, 0, raw.length);
  }

  get(id: number): string {
    const known = this.texts[id];
    if (known !== undefined) return known;
    const { start: starts, length: lengths } = this.words.at;
    if (!(id >= 0 && id < this.words.length)) return '';
    const start = starts[id]!;
    const at = start & (PAGE - 1);
    const text = decoder.decode(this.pages[start >>> PAGE_BITS]!.subarray(at, at + lengths[id]!));
    if (id < MOST_TEXTS) this.texts[id] = text;
    return text;
  }

  private add(buffer: Uint8Array, from: number, to: number, hash: number, at: number): number {
    const id = this.words.add();
    const raw = this.roomFor(to - from);
    raw.set(buffer.subarray(from, to));
    const { hash: hashes, start, length } = this.words.at;
    hashes[id] = hash;
    start[id] = (this.pages.length - 1) * PAGE + raw.byteOffset;
    length[id] = to - from;
    this.table[at] = id;
    if (id * 2 > this.table.length) this.grow();
    // What is sent to another thread takes its whole page along.
    this.met(raw.slice());
    return id;
  }

  /** At the end of the last page. */
  private roomFor(length: number): Uint8Array {
    if (this.used + length > PAGE) {
      this.pages.push(new Uint8Array(Math.max(PAGE, length)));
      this.used = 0;
    }
    const raw = this.pages.at(-1)!.subarray(this.used, this.used + length);
    this.used += length;
    return raw;
  }

  private grow(): void {
    const mask = this.table.length * 2 - 1;
    this.table = new Int32Array(mask + 1).fill(-1);
    const { hash } = this.words.view();
    for (let id = 0; id < hash.length; id++) {
      let at = hash[id]! & mask;
      while (this.table[at]! >= 0) at = (at + 1) & mask;
      this.table[at] = id;
    }
  }
}

/** ASCII, as nearly all words are; then it is in `plain`, without a new array for it. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 127) return false;
    plain[i] = unit;
  }
  return true;
}

function same(page: Uint8Array, start: number, buffer: Uint8Array, from: number, to: number): boolean {
  for (let i = from, at = start; i < to; i++, at++) if (page[at] !== buffer[i]) return false;
  return true;
}

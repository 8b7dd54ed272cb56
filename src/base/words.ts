// Interned byte strings. A trace repeats few names very often: a hash table over bytes avoids one string per record.
import type { Words } from '../model/kernel.js';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export class WordTable implements Words {
  private table = new Int32Array(1024).fill(-1);
  private readonly texts: string[] = [];
  private readonly raw: Uint8Array[] = [];
  private readonly hashes: number[] = [];
  private readonly met: (raw: Uint8Array) => void;

  /** `met` hears of every word when it gets its number. */
  constructor(met: (raw: Uint8Array) => void = () => {}) {
    this.met = met;
  }

  bytes(buffer: Uint8Array, from: number, to: number): number {
    let hash = 0x811c9dc5;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ buffer[i]!, 0x01000193);
    const mask = this.table.length - 1;
    let at = hash & mask;
    for (;;) {
      const id = this.table[at]!;
      // A copy, which `slice` of a Buffer is not.
      if (id < 0) return this.add(new Uint8Array(buffer.subarray(from, to)), hash, at);
      if (this.hashes[id] === hash && same(this.raw[id]!, buffer, from, to)) return id;
      at = (at + 1) & mask;
    }
  }

  text(text: string): number {
    const raw = encoder.encode(text);
    return this.bytes(raw, 0, raw.length);
  }

  get(id: number): string {
    return this.texts[id] ?? '';
  }

  private add(raw: Uint8Array, hash: number, at: number): number {
    const id = this.raw.length;
    this.raw.push(raw);
    this.hashes.push(hash);
    this.texts.push(decoder.decode(raw));
    this.table[at] = id;
    if (id * 2 > this.table.length) this.grow();
    this.met(raw);
    return id;
  }

  private grow(): void {
    const mask = this.table.length * 2 - 1;
    this.table = new Int32Array(mask + 1).fill(-1);
    this.hashes.forEach((hash, id) => {
      let at = hash & mask;
      while (this.table[at]! >= 0) at = (at + 1) & mask;
      this.table[at] = id;
    });
  }
}

function same(raw: Uint8Array, buffer: Uint8Array, from: number, to: number): boolean {
  if (raw.length !== to - from) return false;
  for (let i = 0; i < raw.length; i++) if (raw[i] !== buffer[from + i]) return false;
  return true;
}

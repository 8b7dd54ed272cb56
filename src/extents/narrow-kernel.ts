// narrow.ts as WebAssembly, on a memory that is the words of one arena.
import type { Bytes } from '../model/units.js';
import { NARROW } from './narrow-code.js';

const PAGE_WORDS = 2 ** 14;

/** What of the engine's own object is used here: the library of the language has no types for it. */
export interface Memory {
  readonly buffer: ArrayBuffer;
}
interface Engine {
  readonly Module: new (code: Uint8Array) => object;
  readonly Memory: new (size: { readonly initial: number }) => Memory;
  readonly Instance: new (
    module: object,
    imports: { readonly env: { readonly memory: Memory } },
  ) => { readonly exports: Omit<Kernel, 'words'> };
}
const engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;

let module: object | null = null;

/**
 * `mapIn` and `cutIn` are those of narrow.ts. The others are the same in bytes, and say a number below that they are for the usual only:
 * `addrAt` -2, `mapAt` and `cutAt` -1. 0 stands for the words.
 */
export class Kernel {
  readonly addrAt: (words: 0, head: number, offset: Bytes) => Bytes;
  readonly mapAt: (words: 0, head: number, offset: Bytes, length: Bytes, addr: Bytes, state: number) => number;
  readonly cutAt: (words: 0, head: number, offset: Bytes, length: Bytes) => number;
  readonly mapIn: (words: 0, head: number, key: number, size: number, target: number, state: number) => number;
  readonly cutIn: (words: 0, head: number, key: number, end: number) => number;
  /**
   * As many for good. Where a memory grows, V8 looks from then on at every access to any typed array of the program whether its
   * memory is still there.
   */
  readonly words: Int32Array<ArrayBuffer>;

  /** On the first words of a memory. */
  constructor(memory: Memory, words: number) {
    module ??= new engine.Module(Buffer.from(NARROW, 'base64'));
    const { addrAt, mapAt, cutAt, mapIn, cutIn } = new engine.Instance(module, { env: { memory } }).exports;
    this.addrAt = addrAt;
    this.mapAt = mapAt;
    this.cutAt = cutAt;
    this.mapIn = mapIn;
    this.cutIn = cutIn;
    this.words = new Int32Array(memory.buffer, 0, words);
  }

  /** Null: there is no address space for so many words. */
  static make(words: number): Kernel | null {
    const memory = memoryOf(words);
    return memory === null ? null : new Kernel(memory, memory.buffer.byteLength / 4);
  }
}

/** A memory of so many words; null: there is no address space for them. */
export function memoryOf(words: number): Memory | null {
  try {
    return new engine.Memory({ initial: Math.ceil(words / PAGE_WORDS) });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

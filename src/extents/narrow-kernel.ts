// narrow.ts as WebAssembly, on a memory that is the words of one arena.
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
  ) => { readonly exports: Pick<Kernel, 'addrIn' | 'mapIn' | 'cutIn'> };
}
const engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;

let module: object | null = null;

/** What it does is said in narrow.ts; 0 stands for the words. */
export class Kernel {
  readonly addrIn: (words: 0, head: number, x: number) => number;
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
    const { addrIn, mapIn, cutIn } = new engine.Instance(module, { env: { memory } }).exports;
    this.addrIn = addrIn;
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

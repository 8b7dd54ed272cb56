// Where the kernel of plain rows (wasm/plain-rows.ts) finds the arrays of a pass: tables of slots in the memory that both have.

import { MemoryRoom } from '../base/room.js';
import { Arena } from '../extents/arena.js';
import { Kernel, type Memory, memoryOf } from '../extents/narrow-kernel.js';
import { PLAIN_ROWS } from './plain-rows-code.js';

/** Words of the memory for block maps, and as many for everything else: what nobody touches of it is not there. */
const SIZES = [2 ** 28, 2 ** 26, 2 ** 24] as const;

interface Exports {
  readonly run: (slots: number, first: number, to: number, lanes: number) => number;
  readonly runLate: (slots: number, lane: number, limitNs: number, counted: number) => number;
}
interface Engine {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Exports };
  readonly Global: new () => { readonly value: number };
}
const engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;

let module: object | null = null;

/** Memory for a pass and its kernel. */
export class KernelMemory {
  readonly memory: Memory;
  readonly arena: Arena;
  readonly room: MemoryRoom;
  private readonly words: Arena['words'];

  private constructor(memory: Memory, words: number) {
    this.memory = memory;
    this.arena = Arena.on(new Kernel(memory, words));
    this.words = this.arena.words;
    this.room = new MemoryRoom(memory.buffer, 4 * words);
  }

  /** Null: there is no address space for it. */
  static make(): KernelMemory | null {
    for (const words of SIZES) {
      const memory = memoryOf(2 * words);
      if (memory !== null) return new KernelMemory(memory, words);
    }
    return null;
  }

  /** False: what the kernel works on has outgrown the memory. */
  get holdsAll(): boolean {
    const { arena } = this;
    return !this.room.isFull && arena.words === this.words;
  }
}

export type Table = Int32Array<ArrayBuffer>;

export class KernelSlots {
  readonly exports: Exports;
  /** Slots and other constants of the kernel, by name. */
  private readonly constants: ReadonlyMap<string, number>;
  private readonly tables: Table[] = [];
  private readonly memory: KernelMemory;

  /** `asked`: what the kernel asks of the other side. */
  constructor(memory: KernelMemory, asked: object) {
    module ??= new engine.Module(Buffer.from(PLAIN_ROWS, 'base64'));
    this.memory = memory;
    this.exports = new engine.Instance(module, { env: { memory: memory.memory }, source: asked }).exports;
    this.constants = new Map(
      Object.entries(this.exports).flatMap(([name, one]) => (one instanceof engine.Global ? [[name, one.value]] : [])),
    );
  }

  /** By name. */
  get(name: string): number {
    return this.constants.get(name)!;
  }

  /** One more table, the same as the others so far. */
  table(): Table {
    const table = this.memory.room.int32(this.get('SLOTS'));
    if (this.tables.length > 0) table.set(this.tables[0]!);
    this.tables.push(table);
    return table;
  }

  set(name: string, value: number): void {
    for (const table of this.tables) table[this.get(name)] = value;
  }

  /** Where arrays are, by slot. */
  place(arrays: Readonly<Record<string, { readonly byteOffset: number }>>, tables = this.tables): void {
    for (const [name, array] of Object.entries(arrays))
      for (const table of tables) table[this.get(name)] = array.byteOffset;
  }

  /** A copy of an array that does not change, in the memory. */
  copy(from: Float64Array | Uint8Array | Int8Array): Float64Array | Uint8Array {
    const { room } = this.memory;
    const to = from instanceof Float64Array ? room.float64(from.length) : room.uint8(from.length);
    to.set(from);
    return to;
  }
}

// The kernel of plain rows (wasm/plain-rows.ts), and the memory that it shares with a pass: the arrays that it looks at lie there from
// the beginning, columns are brought in some thousand rows at a time.
import { Arena } from '../extents/arena.js';
import { Kernel, type Memory, memoryOf } from '../extents/narrow-kernel.js';
import type { EventColumns } from '../model/events.js';
import { Flag, OP_COUNT, OPS, Op } from '../model/events.js';
import { CASE_COUNT, Case } from '../model/policy.js';
import { CASE_OF, FREES } from './cases.js';
import type { FileVersions } from './file-versions.js';
import { PLAIN_ROWS } from './plain-rows-code.js';
import type { PlainCounts } from './plain-counts.js';
import { COMMIT, IF_CLEAN, NO_CASE, OPS_AT, REFUSE, Regimes, SIMPLE_AT, SIMPLE_IF_CLEAN } from './regimes.js';
import { MemoryRoom } from './room.js';
import type { SealPlan } from './seal-plan.js';
import { UNIT } from './shared-map.js';

/** Fewer rows are not worth a memory. */
export const KERNEL_FROM = 100_000;
/** Rows that are brought in at a time: they stay in a cache of the second level. */
const CHUNK = 4096;
/** Words of the memory for block maps, and for everything else: what nobody touches of it is not there. */
const SIZES = [2 ** 28, 2 ** 26, 2 ** 24] as const;

interface Instance {
  readonly exports: Readonly<Record<string, { readonly value: number }>> & {
    readonly run: (slots: number, first: number, to: number, lanes: number) => number;
  };
}
interface Engine {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => Instance;
}
const engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;

let module: object | null = null;

/** Memory for a pass and its kernel. */
export class KernelMemory {
  readonly memory: Memory;
  readonly arena: Arena;
  readonly room: MemoryRoom;

  private constructor(memory: Memory, words: number) {
    this.memory = memory;
    this.arena = Arena.on(new Kernel(memory, words));
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
}

/** What the kernel asks of the other side. */
export interface KernelParts {
  readonly columns: EventColumns;
  readonly plan: SealPlan;
  readonly versions: FileVersions;
  readonly regimes: Regimes;
  readonly counts: PlainCounts;
  readonly apart: Int32Array<ArrayBuffer>;
  /** Lanes refuse a row; true: something is to come of it. */
  readonly refuse: (row: number, operationCase: number, lanes: number, nowNs: number) => boolean;
}

export class PlainKernel {
  private readonly parts: KernelParts;
  private readonly memory: KernelMemory;
  private readonly instance: Instance['exports'];
  private readonly slots: Int32Array<ArrayBuffer>;
  private readonly numbers: Float64Array<ArrayBuffer>;
  private readonly chunk: ReturnType<typeof chunkIn>;
  private readonly marks: Uint8Array<ArrayBuffer>;
  /** First row of those at hand, and the first behind them. */
  private from = 0;
  private to = 0;
  private generation = -1;

  constructor(parts: KernelParts, memory: KernelMemory) {
    const { room } = memory;
    this.parts = parts;
    this.memory = memory;
    module ??= new engine.Module(Buffer.from(PLAIN_ROWS, 'base64'));
    const { counts, versions } = parts;
    this.instance = new engine.Instance(module, {
      env: { memory: memory.memory },
      source: {
        refuse: (row: number, operationCase: number, lanes: number, nowNs: number) =>
          Number(parts.refuse(this.from + row, operationCase, lanes, nowNs) || this.isElsewhere),
        mapGenerally: (version: number, key: number, size: number, target: number, state: number) =>
          versions.mapUnits(version, key, size, target, state),
        cutGenerally: (version: number, key: number, end: number) => versions.cutUnits(version, key, end),
        numberOf: (lanes: number) => counts.numberFor(lanes),
        wentEach: (row: number, lanes: number) =>
          counts.went(this.from + row, parts.columns.op[this.from + row]!, lanes),
      },
    }).exports;
    this.slots = room.int32(this.slot('SLOTS'));
    this.numbers = room.float64(4);
    this.chunk = chunkIn(room);
    this.marks = room.uint8(CHUNK);
    this.fix();
  }

  /** False: what the kernel works on has outgrown its memory. */
  get isUsable(): boolean {
    return !this.memory.room.isFull && this.parts.versions.arena === this.memory.arena && this.memory.arena.kernel?.words === this.memory.arena.words;
  }

  /** hot: rows from `first` on, as long as each is simple enough, not later than `lastNs` and earlier than `nextNs`; returns the first that is not. */
  run(first: number, lastNs: number, nextNs: number, lanes: number): number {
    const { rows } = this.parts.columns;
    this.numbers[0] = lastNs;
    this.numbers[1] = nextNs;
    if (this.isElsewhere) this.point();
    let row = first;
    while (row < rows) {
      if (row < this.from || row >= this.to) this.bring(row);
      const at = row - this.from;
      const reached = this.instance.run(this.slots.byteOffset, at, this.to - this.from, lanes);
      if (reached > at) this.parts.counts.rows.set(this.marks.subarray(at, reached), row);
      row = this.from + reached;
      if (row < this.to) return row;
      this.parts.counts.passed(row);
      if (this.isElsewhere) return row;
    }
    return row;
  }

  private bring(row: number): void {
    const { columns: c, plan } = this.parts;
    const to = Math.min(c.rows, row + CHUNK);
    const { chunk } = this;
    chunk.OP.set(c.op.subarray(row, to));
    chunk.PLAIN.set(plan.plain.subarray(row, to));
    chunk.FILE.set(c.file.subarray(row, to));
    chunk.TASK.set(c.task.subarray(row, to));
    chunk.FLAGS.set(c.flags.subarray(row, to));
    chunk.OFFSET.set(c.offset.subarray(row, to));
    chunk.LENGTH.set(c.length.subarray(row, to));
    chunk.ADDR.set(c.addr.subarray(row, to));
    chunk.TIME.set(c.timeNs.subarray(row, to));
    this.from = row;
    this.to = to;
  }

  private slot(name: string): number {
    return this.instance[name]!.value;
  }

  private set(name: string, value: number): void {
    this.slots[this.slot(name)] = value;
  }

  private place(name: string, array: { readonly byteOffset: number }): void {
    this.set(name, array.byteOffset);
  }

  /** What stays where it is. */
  private fix(): void {
    const { plan, regimes, versions, apart } = this.parts;
    const { room } = this.memory;
    for (const [name, column] of Object.entries(this.chunk)) this.place(name, column);
    this.place('MARKS', this.marks);
    this.place('APART', apart);
    this.place('FIRST', versions.first);
    this.place('DIRTY', versions.dirty);
    this.place('REGIME', regimes.of);
    const { regions } = plan;
    this.place('OBSERVED', moved(plan.observed, room.uint8(plan.observed.length)));
    this.place('REGION_START', moved(regions.start, room.float64(regions.start.length)));
    this.place('REGION_SIZE', moved(regions.size, room.float64(regions.size.length)));
    this.numbers[this.slot('REGION_BASE')] = regions.base;
    this.numbers[this.slot('REGION_STRIDE')] = regions.stride;
    this.place('NUMBERS', this.numbers);
    this.place('SCRATCH', room.int32(32 * this.slot('SCRATCH_WORDS')));
    this.place('KINDS', moved(this.kinds(), room.uint8(OP_COUNT)));
    this.place('CASE_OF', moved(new Uint8Array(CASE_OF.buffer), room.uint8(OP_COUNT)));
    this.place('FREES', moved(FREES, room.uint8(CASE_COUNT)));
    const values = { OPS_AT, SIMPLE_AT, SIMPLE_IF_CLEAN, NO_CASE, IF_CLEAN, COMMIT, REFUSE, KEEP_SIZE: Flag.keep_size };
    for (const [name, value] of Object.entries(values)) this.set(name, value);
    this.set('WRITE_WRITTEN', Case.write_written);
    this.set('WRITE_UNWRITTEN', Case.write_unwritten);
    this.set('WRITE_HOLE', Case.write_hole);
    this.set('WRITE_PAST_EOF', Case.write_past_eof);
    this.set('WRITE_FAULT', Case.write_fault_written);
    this.set('TRUNCATE_DOWN', Case.truncate_down);
    this.set('TRUNCATE_UP', Case.truncate_up);
    this.set('TRUNCATE_SAME', Case.truncate_same);
  }

  private kinds(): Uint8Array {
    const kinds = new Map([
      ...[Op.read, Op.setattr].map((op) => [op, 'NOTHING'] as const),
      [Op.read_fault, 'READS'] as const,
      [Op.write_fault, 'STORES'] as const,
      [Op.write, 'WRITES'] as const,
      [Op.punch, 'PUNCHES'] as const,
      [Op.fallocate, 'ALLOCATES'] as const,
      [Op.truncate, 'TRUNCATES'] as const,
    ]);
    return Uint8Array.from(OPS, (_, op) => this.slot(kinds.get(op) ?? 'OTHER'));
  }

  /** Arrays that grew are others. */
  private get isElsewhere(): boolean {
    const { regimes, versions } = this.parts;
    return (
      this.generation !== versions.generation ||
      this.slots[this.letsAt] !== regimes.lets.byteOffset ||
      this.slots[this.writtenAt] !== versions.written.words.byteOffset
    );
  }

  private point(): void {
    const { regimes, versions } = this.parts;
    const { heads } = versions;
    this.generation = versions.generation;
    this.place('LETS', regimes.lets);
    this.place('WRITTEN', versions.written.words);
    this.place('LANES', versions.lanes);
    this.place('NEXT', versions.next);
    this.place('SIZE', versions.size);
    this.place('KNOWN', versions.known);
    this.place('SEEN', versions.seen);
    this.place('DIVERGED', versions.diverged);
    this.place('REMOVALS', versions.removals);
    this.place('CHANGED_NS', versions.changedNs);
    this.place('ALLOCATED', versions.allocated);
    this.place('FROM', versions.from);
    this.place('HEAD_AT', heads.at);
    this.place('BITS_AT', heads.bitsAt);
    this.place('BITS', heads.bits);
    this.place('ALONE', heads.alone);
  }

  private readonly letsAt = 34;
  private readonly writtenAt = 33;
}

/** Room for the columns of some rows. */
const chunkIn = (room: MemoryRoom) => ({
  OP: room.uint8(CHUNK),
  PLAIN: room.uint8(CHUNK),
  FILE: room.uint32(CHUNK),
  TASK: room.uint32(CHUNK),
  FLAGS: room.uint32(CHUNK),
  OFFSET: room.float64(CHUNK),
  LENGTH: room.float64(CHUNK),
  ADDR: room.float64(CHUNK),
  TIME: room.float64(CHUNK),
});

function moved<T extends Float64Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

// The sink of the thread that reads: every call goes into the block that is being filled.
import { WordTable } from '../base/words.js';
import type { EventCatalogue } from '../model/event-catalogue.js';
import type { EventWriter } from '../model/events.js';
import type { KernelRecord, KernelSink } from '../model/kernel.js';
import type { ClockPair, Loss, RecordWriter, SourceInfo, TraceSink } from '../model/trace.js';
import { RecordFields } from './record-fields.js';
import { BLOCK_NUMBERS, BLOCKS, type BlockFilled, Call, Count, type Told, type WireEvent, wireEvents } from './wire.js';

/** A record with all its lists is never longer. */
const LONGEST = BLOCK_NUMBERS;

/** Where the numbers go. */
export class WireOut {
  #block: Float64Array;
  #at = 0;
  #told: Told[] = [];
  #filled = 0;
  readonly #blocks: readonly Float64Array[];
  readonly #counts: Int32Array;
  readonly #send: (block: Omit<BlockFilled, 'bytesDone'>) => void;

  constructor(
    blocks: readonly SharedArrayBuffer[],
    counts: SharedArrayBuffer,
    send: (block: Omit<BlockFilled, 'bytesDone'>) => void,
  ) {
    this.#blocks = blocks.map((buffer) => new Float64Array(buffer));
    this.#block = this.#blocks[0]!;
    this.#counts = new Int32Array(counts);
    this.#send = send;
  }

  /** Makes room for so many numbers in one piece. */
  // hot
  room(numbers: number): void {
    if (this.#at + numbers > BLOCK_NUMBERS) this.flush();
  }

  // hot
  put(value: number): void {
    this.#block[this.#at++] = value;
  }

  tell(told: Told): void {
    this.room(1);
    this.put(Call.told);
    this.#told.push(told);
  }

  flush(): void {
    if (this.#at === 0) return;
    this.#send({ numbers: this.#at, told: this.#told });
    this.#told = [];
    this.#at = 0;
    this.#filled++;
    Atomics.store(this.#counts, Count.filled, this.#filled);
    for (;;) {
      const emptied = Atomics.load(this.#counts, Count.emptied);
      if (this.#filled - emptied < BLOCKS) break;
      Atomics.wait(this.#counts, Count.emptied, emptied);
    }
    this.#block = this.#blocks[this.#filled % BLOCKS]!;
  }
}

export class WireSink implements TraceSink {
  readonly source: SourceInfo;
  readonly records: RecordWriter;
  readonly kernel: KernelSink;
  readonly #out: WireOut;
  #origin: bigint | null = null;

  constructor(out: WireOut, source: SourceInfo, catalogue: EventCatalogue, reads: readonly boolean[]) {
    this.#out = out;
    this.source = source;
    this.records = new WireRecords(out);
    this.kernel = new WireKernel(out, catalogue, reads);
  }

  get events(): EventWriter {
    throw new Error('a format that writes events of its own was read in a thread of its own');
  }

  origin(absoluteNs: bigint): bigint {
    if (this.#origin === null) {
      this.#origin = absoluteNs;
      this.#out.tell({ what: 'origin', absoluteNs });
    }
    return this.#origin;
  }

  clockPair(pair: ClockPair): void {
    this.#out.tell({ what: 'clocks', pair });
  }

  lost(loss: Loss): void {
    this.#out.tell({ what: 'loss', loss });
  }

  issue(code: string, row: number, text: string): void {
    this.#out.tell({ what: 'issue', code, row, text });
  }

  unplaced(cause: string, count = 1): void {
    this.#out.tell({ what: 'unplaced', cause, count });
  }

  extra(): void {
    throw new Error('a recording of kernel records has no extra keys');
  }
}

class WireRecords extends RecordFields {
  readonly #out: WireOut;
  readonly #kinds = new Map<string, number>();

  constructor(out: WireOut) {
    super();
    this.#out = out;
  }

  kindId(name: string, typed: boolean): number {
    const key = `${typed ? 't' : 'g'}${name}`;
    let kind = this.#kinds.get(key);
    if (kind === undefined) {
      kind = this.#kinds.size;
      this.#kinds.set(key, kind);
      this.#out.tell({ what: 'kind', name, typed });
    }
    return kind;
  }

  // hot
  add(kind: number, task: number, cpu: number, row: number, opId: number): void {
    const out = this.#out;
    out.room(7);
    out.put(Call.record);
    out.put(this.timeNs);
    out.put(kind);
    out.put(task);
    out.put(cpu);
    out.put(row);
    out.put(opId);
  }
}

class WireKernel implements KernelSink {
  readonly catalogue: EventCatalogue;
  readonly record: KernelRecord;
  readonly words: WordTable;
  readonly #out: WireOut;
  readonly #events: readonly WireEvent[];
  readonly #reads: readonly boolean[];
  readonly #actors = new Map<number, { readonly pid: number; readonly comm: number; readonly number: number }[]>();
  #actorCount = 0;
  #taken = 0;

  constructor(out: WireOut, catalogue: EventCatalogue, reads: readonly boolean[]) {
    this.#out = out;
    this.catalogue = catalogue;
    this.#events = wireEvents(catalogue);
    this.#reads = reads;
    const v = new Float64Array(catalogue.places);
    this.record = { event: 0, timeNs: 0, cpu: 0, tid: 0, pid: -1, comm: 0, row: 0, v, arrays: [] };
    // Words are told when they are met first; their numbers are those in the order in which they are told.
    this.words = new WordTable((bytes) => out.tell({ what: 'word', bytes }));
  }

  reads(event: number): boolean {
    return this.#reads[event] !== false;
  }

  /** The number of the take, from 1: the one who assembles knows which operation it became. */
  // hot
  take(): number {
    const { record } = this;
    const { event, v, arrays } = record;
    // Values that are not looked at are not filled either.
    const width = this.#reads[event] === false ? 0 : this.#events[event]!.width;
    const out = this.#out;
    const listed = arrays.length === 0 ? 0 : arrays.reduce((sum, list) => sum + 1 + list.length, 0);
    if (9 + width + listed > LONGEST) throw new Error(`a record of ${listed} numbers in lists`);
    out.room(9 + width + listed);
    out.put(Call.take);
    out.put(event);
    this.#head(out, record);
    for (let i = 0; i < width; i++) out.put(v[i]!);
    out.put(arrays.length);
    for (const list of arrays) {
      out.put(list.length);
      for (const value of list) out.put(value);
    }
    return ++this.#taken;
  }

  // hot
  task(tid: number, pid: number, comm: number): number {
    const known = this.#actors.get(tid);
    if (known !== undefined)
      for (const actor of known) if (actor.pid === pid && actor.comm === comm) return actor.number;
    const actor = { pid, comm, number: this.#actorCount++ };
    if (known === undefined) this.#actors.set(tid, [actor]);
    else known.push(actor);
    this.#out.tell({ what: 'actor', tid, pid, comm });
    return actor.number;
  }

  lost(timeNs: number): void {
    this.#state();
    const out = this.#out;
    out.room(2);
    out.put(Call.lost);
    out.put(timeNs);
  }

  /** The one who assembles ends the assembly, at the last record that was read. */
  finish(): void {
    this.#state();
  }

  /** The record at hand, which may be one that is not taken. */
  #state(): void {
    const { record } = this;
    const out = this.#out;
    out.room(7);
    out.put(Call.state);
    this.#head(out, record);
  }

  // hot
  #head(out: WireOut, record: KernelRecord): void {
    out.put(record.timeNs);
    out.put(record.cpu);
    out.put(record.tid);
    out.put(record.pid);
    out.put(record.comm);
    out.put(record.row);
  }
}

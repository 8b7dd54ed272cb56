// A trace in memory, and the sinks through which formats and assembly fill it.
import type { MapUse } from './event-map.js';
import type { EventColumns, EventWriter, FileInfo, TaskInfo } from './events.js';
import type { Issue } from './issue.js';
import type { KernelSink } from './kernel.js';
import type { Bytes, Nanos } from './units.js';

/** Records the recorder says it lost on one CPU (-1: any) between two times. */
export interface Loss {
  readonly fromNs: Nanos;
  readonly toNs: Nanos;
  readonly cpu: number;
  readonly count: number;
}

/** By what the clock of a source was led to that of the first one. */
export type JoinedBy = 'same clock' | 'given' | 'markers' | 'paired stamps' | 'stated' | 'nothing';

/** Where a source stands on the timeline of all. */
export interface Joined {
  readonly by: JoinedBy;
  /** Was added to the source's times. */
  readonly offsetNs: bigint;
  /** The true offset is within so much of it; -1 where nothing tells. */
  readonly errorNs: Nanos;
  /** Facts seen in two sources by which it was found. */
  readonly pairs: number;
  /** Typed records whose fact another source tells as well, so that they are no operations of their own. */
  readonly elsewhere: number;
}

/** What two clocks showed at one moment. */
export interface ClockPair {
  readonly clock: string;
  readonly ns: bigint;
  readonly otherClock: string;
  readonly otherNs: bigint;
  readonly errorNs: Nanos;
}

/** One input of a trace. `records = typed + generic`. */
export interface SourceInfo {
  readonly name: string;
  readonly format: string;
  bytes: Bytes;
  records: number;
  typed: number;
  generic: number;
  clock: string;
  kernel: string;
  readonly lost: Loss[];
  /** The recorder followed some tasks only, while it read: what others did meanwhile is not in it. */
  ofTasks?: boolean;
  /** Of a source that was joined with others. */
  joined?: Joined;
  /** What the recorder tells of the machine and of itself (JSON values by name); empty for most recorders. */
  readonly facts: Record<string, unknown>;
  /** Event maps it was read with, and what of them was found. */
  maps?: readonly MapUse[];
}

/** Every record of every source, kept with its kind and the operation it was found to belong to. Sorted as they came. */
export interface RecordColumns {
  readonly rows: number;
  readonly timeNs: Float64Array;
  readonly kind: Uint16Array;
  readonly task: Uint32Array;
  readonly cpu: Uint16Array;
  readonly source: Uint16Array;
  readonly row: Uint32Array;
  /** `opId` of the operation, 0 for none. */
  readonly opId: Uint32Array;
}

/** A kind of record: the recorder's event name, and whether sealtrace knows it. */
export interface RecordKind {
  readonly name: string;
  readonly typed: boolean;
}

/** Pages (4 KiB) that devices touched, and how many led back to a file; `direct`: those of direct I/O calls. */
export interface DeviceAccessCounts {
  accesses: number;
  pages: number;
  placedPages: number;
  directPages: number;
  directPlacedPages: number;
}

export interface Trace {
  readonly columns: EventColumns;
  readonly records: RecordColumns;
  readonly kinds: readonly RecordKind[];
  readonly files: readonly FileInfo[];
  readonly tasks: readonly TaskInfo[];
  readonly sources: readonly SourceInfo[];
  readonly issues: readonly Issue[];
  /** What could not be placed, by cause. */
  readonly unplaced: Readonly<Record<string, number>>;
  /** Enter without exit, exit without enter. */
  readonly unpaired: number;
  readonly deviceAccess: DeviceAccessCounts;
  /** Time zero of the columns in the trace's clock. */
  readonly originNs: bigint;
  readonly clock: string;
  /** Last time of any record, relative to the origin. */
  readonly endNs: Nanos;
  /** The extra keys of an NDJSON trace are kept here: event row -> JSON text. */
  readonly extras: ReadonlyMap<number, string>;
}

/** One reused record row: set fields, then `commit()`. */
export interface RecordWriter {
  timeNs: Nanos;
  kind: number;
  task: number;
  cpu: number;
  row: number;
  opId: number;
  /** Interns a kind of record. */
  kindId(name: string, typed: boolean): number;
  /** Also counts the record, typed or generic by its kind, in the current source. */
  commit(): void;
  /** The same with all fields at once, for those who write millions; `timeNs` is set before, as a number that is handed over may be allocated. */
  add(kind: number, task: number, cpu: number, row: number, opId: number): void;
}

/** What a format fills. One per input; `source` is that input's entry. */
export interface TraceSink {
  readonly source: SourceInfo;
  readonly events: EventWriter;
  readonly records: RecordWriter;
  readonly kernel: KernelSink;
  /**
   * Where recordings are joined: takes as kernel records what this source also writes as events of its own. They count
   * instead of those events where another source knows the device.
   */
  readonly beside?: KernelSink | undefined;
  /** The recording states what two clocks showed at one moment. */
  clockPair?(pair: ClockPair): void;
  /** Sets time zero (first caller wins) and returns it; times given to the writers are relative to it and may be negative. */
  origin(absoluteNs: bigint): bigint;
  lost(loss: Loss): void;
  issue(code: string, row: number, text: string): void;
  unplaced(cause: string, count?: number): void;
  /** Extra keys of the event committed last. */
  extra(json: string): void;
}

/** Bytes by their place. */
export interface RandomAccess {
  readonly size: Bytes;
  /** Bytes [offset, offset + length) as a buffer of their own, or in `memory` where that has room; fewer where the input ends. */
  read(offset: Bytes, length: Bytes, memory?: Uint8Array): Uint8Array;
  /** Files that belong to this one, where a recording is a folder. */
  readonly parts?: readonly RandomAccess[];
}

/** Where bytes come from. Chunk edges carry no meaning, and a chunk is valid until the next one is asked for. */
export interface Input {
  readonly name: string;
  /** Size on disk, or -1 for a pipe. */
  readonly bytes: number;
  chunks(): AsyncIterable<Uint8Array>;
  /** For formats that are not read from front to back, instead of `chunks`; what cannot be read so is kept aside first. */
  random?(): Promise<RandomAccess>;
}

/** What the user says about the inputs beyond their bytes. */
export interface ReadOptions {
  /** Which column of a table is what (`--map`); where this is empty, names and units are guessed and said. */
  readonly columns: readonly MappedColumn[];
}

/** How an XFS numbers its blocks, as the user says. */
export interface GivenGeometry {
  /** -1: whichever it is. */
  readonly device: number;
  /** Blocks of an allocation group. */
  readonly groupBlocks: number;
  /** 0 where it is not said. */
  readonly blockBytes: Bytes;
}

/** `--map ROLE=COLUMN[:UNIT]`. */
export interface MappedColumn {
  readonly role: string;
  /** Name in the header, or place from 1. */
  readonly column: string;
  /** Empty when not said. */
  readonly unit: string;
}

/** One input of several that are read together, and its sink. */
export interface Part {
  readonly input: Input;
  readonly sink: TraceSink;
}

/** A trace format: one file under `src/formats`, one line in its index. */
export interface Format {
  readonly name: string;
  readonly title: string;
  /** Names of files that are parts of one recording: a folder of them is that recording, and one of them may be empty. */
  readonly partNames?: RegExp;
  /** Its records are no lines of text: rows are their numbers. */
  readonly binary?: true;
  /** Its records are the kernel's and nothing else: events are made of them by assembly alone. */
  readonly kernelOnly?: true;
  /** Looks at the first 4 KiB only; pure. Formats must exclude each other. */
  sniff(head: Uint8Array): boolean;
  /** Whether it is one when the user says what its columns are; asked where no format recognises it. Formats must exclude each other. */
  sniffMapped?(head: Uint8Array): boolean;
  /** What to do with a text that no format recognises, and which this one knows in part; empty where it does not. */
  advice?(head: Uint8Array): string;
  /** Never throws for bad content: what is damaged becomes an issue, what was valid is kept. Returns false when the input is damaged. */
  read(input: Input, sink: TraceSink, options?: ReadOptions): Promise<boolean>;
  /**
   * For recordings that are kept in several files (one per CPU): all inputs of this format as one, in time order.
   * An answer per part, as `read` gives it.
   */
  readTogether?(parts: readonly Part[], options?: ReadOptions): Promise<readonly boolean[]>;
}

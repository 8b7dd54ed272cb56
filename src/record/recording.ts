// What goes into a recording and what comes out of it.
import type { BirthCounts } from './births.js';
import type { Range } from './cost.js';
import type { Ended } from './held-command.js';
import type { Snapshot } from './observer.js';
import type { BufferSize } from './sizing.js';
import type { Asked, Targets } from './targets.js';
import type { TouchedFile } from './touched.js';

/** What the process that records knows of itself. */
export interface Host {
  readonly pid: number;
  readonly uid: number;
  readonly platform: string;
  /** That of the trace, by the name that ftrace has for it. */
  readonly clock: 'mono' | 'boot';
  /** Its time. */
  nowNs(): bigint;
  /** CPU time of the recorder so far. */
  cpuNs(): number;
}

export interface RecordOptions extends Asked {
  readonly pid: number | null;
  readonly durationNs: number | null;
  /** Bytes of each buffer per CPU; null: as a trial says. */
  readonly bufferBytes: number | null;
  /** Folder for what is recorded, beside its last place. */
  readonly beside: string;
  readonly version: string;
}

export interface Live {
  readonly seconds: number;
  readonly events: number;
  readonly lost: number;
  readonly bytes: number;
  readonly buffer: BufferSize;
  /** How much longer than its pause the reader took at most, ns. */
  readonly lateNs: number;
  readonly cpuShare: number;
  /** CPU time that tracing cost those who were traced, ns; null: not measured. */
  readonly tracingNs: Range | null;
  /** New processes; null: they are looked at now and then only. */
  readonly births: BirthCounts | null;
  top(count: number): readonly (TouchedFile & { readonly path: string })[];
}

export interface Listener {
  say(text: string): void;
  warn(text: string): void;
  /** Before the recording: how large its buffers are, and why. */
  sized(size: BufferSize): void;
  live(figures: Live): void;
}

export interface Recording {
  /** The trace.dat, in a folder that `close` removes. */
  readonly path: string;
  readonly live: Live;
  readonly end: readonly Snapshot[];
  /** How the command ended; null where there was none. */
  readonly ended: Ended | null;
  readonly targets: Targets;
}

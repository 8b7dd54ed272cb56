// What a model needs of a recording's operations: one use each, with its hold and what it met.
import type { OpName } from '../model/events.js';
import type { Bytes, Nanos } from '../model/units.js';
import type { CaseName, Forgets } from '../workloads/modelled/model.js';

/** Files as the recording had them, asked for with times that never go back. */
export interface MapsAt {
  /** i_size, -1 unknown. */
  size(file: number, nowNs: Nanos): Bytes;
  /** Bits of `Holding`: where the map is not known, only of what was seen there. */
  holding(file: number, offset: Bytes, length: Bytes, nowNs: Nanos): number;
  extents(
    file: number,
    nowNs: Nanos,
  ): readonly { readonly length: Bytes; readonly state: 'written' | 'unwritten' | 'shared' }[];
}

export interface Access {
  readonly timeNs: Nanos;
  bytes: Bytes;
  readonly write: boolean;
}

export interface HoldUse {
  readonly handle: number;
  readonly timeNs: Nanos;
  readonly file: number;
  readonly task: number;
  readonly pid: number;
  readonly offset: Bytes;
  readonly length: Bytes;
  /** -1: it was not given back. */
  endNs: Nanos;
  release: OpName;
  left: Bytes;
  readonly accesses: Access[];
}

export interface Use {
  readonly timeNs: Nanos;
  readonly op: number;
  readonly flags: number;
  readonly file: number;
  readonly task: number;
  readonly offset: Bytes;
  length: Bytes;
  /** 0, or the negative errno that was recorded. */
  readonly errno: number;
  readonly latencyNs: Nanos;
  readonly case: CaseName;
  /** i_size before it. */
  readonly size: Bytes;
  /** Second file of an operation on two, -1 for none. */
  other: number;
  readonly hold: HoldUse | null;
  /** What the trace lost sight of since the use of the file before it. */
  readonly forgotten: Forgets;
  /** Its map became known since then. */
  readonly learnt: boolean;
  /** Another process had the file mapped; a device had blocks of it. */
  readonly mapped: boolean;
  readonly pinned: boolean;
  /** A device had blocks of it for this very thread. */
  readonly pinnedHere: boolean;
}

export interface Uses {
  readonly uses: readonly Use[];
  readonly exits: readonly { readonly task: number; readonly killed: boolean; readonly timeNs: Nanos }[];
  readonly leftOut: Readonly<Record<string, number>>;
}

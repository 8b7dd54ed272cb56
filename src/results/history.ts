// What the report draws over time, and where time goes: parts of a run (`types.ts`).
import type { Evidence, Hazard } from './types.js';

/** What the calls of one operation kind spent their time on: sums over all calls, ns. */
export interface Components {
  /** The call itself, as the trace recorded it. */
  readonly recordedNs: number;
  /** The call itself, from the price list, where the trace has no duration. */
  readonly pricedNs: number;
  /** Answering with a refusal. */
  readonly refusedNs: number;
  readonly commitNs: number;
  readonly invalidateNs: number;
  /** Taking over what the other side had stored into device memory (coherence=software). */
  readonly flushNs: number;
  /** Waiting for holders, beyond what the call takes anyway. */
  readonly waitNs: number;
  /** Seal calls made before it; for device accesses, the device's own faults. */
  readonly extraNs: number;
}

/** One hold of the trace (not of a policy): who relied on which range of a file, from when to when. */
export interface HoldLife {
  readonly kind: string;
  readonly file: string;
  readonly holder: string;
  readonly fromNs: number;
  /** -1: not within the trace. */
  readonly toNs: number;
  readonly endedBy: string;
  readonly offset: number;
  /** -1: to the end of the file. */
  readonly length: number;
  readonly evidence: readonly Evidence[];
}

/** An operation on a file that moves blocks, or that some policy would not let through at once. */
export interface MapMark {
  readonly atNs: number;
  readonly op: string;
  readonly wanter: string;
  readonly offset: number;
  /** -1: to the end of the file. */
  readonly length: number;
  /** Equal ones at about the same time. */
  readonly count: number;
  readonly refusedBy: readonly string[];
  readonly delayedBy: readonly string[];
}

export interface MapHazard {
  readonly atNs: number;
  readonly offset: number;
  readonly bytes: number;
  readonly hazardClass: Hazard['hazardClass'];
  readonly policies: readonly string[];
}

/**
 * The block map of one file over a window of time, as recorded: `states[t][o]` is the state of offset bin `o` at the end of
 * time bin `t`: `.` hole, `w` written, `u` unwritten, `d` delalloc, `s` shared, `?` not known. A cell shows the state of
 * most of its allocated bytes.
 */
export interface FileHistory {
  readonly file: string;
  /** Tells it from other files of that name, one after the other: `7:0 131`; `7:0 131#2` is the second file that had this inode. */
  readonly inode: string;
  readonly fromNs: number;
  readonly toNs: number;
  readonly endBytes: number;
  readonly states: readonly string[];
  /** Cells (`t * offset bins + o`) whose blocks lie at another address than one time bin before. */
  readonly moved: readonly number[];
  readonly holds: readonly HoldLife[];
  readonly marks: readonly MapMark[];
  readonly marksLeftOut: number;
  readonly hazards: readonly MapHazard[];
}

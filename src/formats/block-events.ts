// Block-layer records as blktrace has them, whatever the file they come from, and the names they are counted under:
// those of the kernel's tracepoints, so that one event is called the same in every format (blkparse(1), TRACE ACTIONS).
import type { TraceSink } from '../model/trace.js';

export const SECTOR = 512;

/** What a request does to the device. `none`: flushes, plugs and the like. */
export type Transfer = 'none' | 'read' | 'write' | 'discard';

export interface BlockEvent {
  /** One of the letters of blkparse, `UT` is `T`. */
  readonly action: string;
  readonly timeNs: number;
  readonly cpu: number;
  /** major * 2^20 + minor. */
  readonly device: number;
  readonly transfer: Transfer;
  /** A command of a driver or a program (SCSI, NVMe): its sector means nothing. */
  readonly passthrough: boolean;
  readonly sector: number;
  readonly bytes: number;
  /** Where the rest of a split begins, or where a remapped range came from; -1 unknown. */
  readonly other: number;
  /** Device a remapped range came from; -1 unknown. */
  readonly otherDevice: number;
  /** Letters of blkparse: R, W, D, and A for ahead, M for metadata. */
  readonly rwbs: string;
  /** Thread id of the acting task. */
  readonly tid: number;
  /** Of a message. */
  readonly text: string;
  /** Errno of a completion, positive; 0 is success. */
  readonly error: number;
  readonly task: number;
  /** Line or record number in its source. */
  readonly row: number;
}

const NAMES: Readonly<Record<string, string>> = {
  A: 'block_bio_remap',
  B: 'block_bio_bounce',
  C: 'block_rq_complete',
  D: 'block_rq_issue',
  F: 'block_bio_frontmerge',
  G: 'block_getrq',
  I: 'block_rq_insert',
  M: 'block_bio_backmerge',
  P: 'block_plug',
  Q: 'block_bio_queue',
  R: 'block_rq_requeue',
  S: 'block_sleeprq',
  T: 'block_unplug_timer',
  U: 'block_unplug',
  X: 'block_split',
  m: 'blk_message',
};

/** The record kind of an action; one that is not known is generic. */
export function kindOf(sink: TraceSink, action: string): number {
  const name = NAMES[action];
  return name === undefined ? sink.records.kindId(`blk_${action}`, false) : sink.records.kindId(name, true);
}

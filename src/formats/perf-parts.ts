// The records of all files of a recording, in turns, so that those of one time come about together.
// Source: tools/perf/util/session.c, __perf_session__process_dir_events. There are no finished rounds in such files: each thread
// reads its buffers for itself, one after the other, so that its records are in order but for one reading of the buffers.
import { Damage } from '../base/byte-cursor.js';
import type { RandomAccess } from '../model/trace.js';
import type { PerfFile } from './perf-file.js';
import type { PerfQueue } from './perf-queue.js';
import { PERF_BLOCK, PerfStream, type PerfTaker } from './perf-stream.js';

/** Takes the records of several files. */
export interface PartsTaker extends PerfTaker {
  /** Time of the last record. */
  readonly lastSeen: number;
  readonly order: Pick<PerfQueue, 'allow' | 'reached'>;
}

const PARTS_MISSING =
  'expected files data.0, data.1 ... beside this one, found none: perf record --threads wrote the samples there; give the folder they lie in';

/** A record is 64 KiB at most; a piece holds at least one whole one. */
const SMALLEST_PIECE = 1 << 17;
/** Of each file: what is read, and what waits for the others. */
const BLOCKS_OF_FILE = 3;

export function readPerf(file: RandomAccess, perf: PerfFile, taker: PartsTaker, memory: readonly Uint8Array[]): void {
  const parts = file.parts ?? [];
  const piece = Math.max(SMALLEST_PIECE, Math.floor(PERF_BLOCK / (1 + parts.length)));
  taker.order.allow(BLOCKS_OF_FILE * parts.length);
  if (perf.isFolder && file.parts === undefined) perf.metadata.damages.push(new Damage(file.size, PARTS_MISSING));
  let open = [
    { stream: new PerfStream(file, perf, taker, { memory, piece }), time: Number.NEGATIVE_INFINITY },
    ...parts.map((part) => {
      const range = { dataAt: 0, dataEnd: part.size };
      return { stream: new PerfStream(part, perf, taker, { memory, piece, range }), time: Number.NEGATIVE_INFINITY };
    }),
  ];
  while (open.length > 0) {
    const next = open.reduce((first, one) => (one.time < first.time ? one : first));
    if (goOn(next.stream, perf)) next.time = Math.max(next.time, taker.lastSeen);
    else open = open.filter((one) => one !== next);
    if (parts.length > 0) taker.order.reached(Math.min(...open.map(({ time }) => time)));
  }
}

/** One piece; false: there is no more. Damage of one file is none of the others. */
function goOn(stream: PerfStream, { metadata }: PerfFile): boolean {
  try {
    return stream.step();
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    metadata.damages.push(error);
    return false;
  }
}

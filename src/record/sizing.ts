// How large the buffers of a recording are: what may come while nobody reads. Set once, before the first event is on; the
// kernel drops events while it resizes a buffer, and counts none of them (Linux 6.7 and later).

/** What a trial found out. */
export interface Measured {
  /** In the buffer, with what its pages add. */
  readonly bytesPerEvent: number;
  /** Of a program that does nothing but call, per second of its CPU time: what one CPU can make. */
  readonly mostEventsPerSecond: number;
  /** What was to be recorded already, on all CPUs. */
  readonly eventsPerSecond: number;
  /** The reader's longest pause, and how much longer than meant it once was until it had read all. */
  readonly pauseNs: number;
  readonly lateNs: number;
  readonly readBytesPerSecond: number;
}

export interface BufferSize {
  /** Per CPU and buffer. */
  readonly kib: number;
  readonly reason: 'asked' | 'trial' | 'memory' | 'no trial';
  /** What the trial asks for; 0 without one. */
  readonly wantedKib: number;
  /** null: none was made. */
  readonly trial: Measured | null;
}

const LEAST_KIB = 4096;
const MOST_KIB = 1 << 18;
/** Without a trial. */
const USUAL_KIB = 1 << 15;
/** The workload may keep the reader longer than the trial did. */
const RESERVE = 2;
/** Of the free memory, for all buffers together. */
const SHARE = 1 / 8;

/** The largest buffer that the memory allows, KiB per CPU and buffer. */
export const mostKib = (freeBytes: number, buffers: number): number =>
  Math.max(64, Math.min(MOST_KIB, Math.floor((freeBytes * SHARE) / 1024 / buffers)));

/** `buffers`: of all CPUs. */
export function sizeFor(trial: Measured | null, freeBytes: number, buffers: number): BufferSize {
  const most = mostKib(freeBytes, buffers);
  if (trial === null) return { kib: Math.min(USUAL_KIB, most), reason: 'no trial', wantedKib: 0, trial };
  const fastest = Math.max(trial.mostEventsPerSecond, trial.eventsPerSecond) * trial.bytesPerEvent;
  const bytes = RESERVE * fastest * ((trial.pauseNs + trial.lateNs) / 1e9);
  const wantedKib = Math.max(LEAST_KIB, Math.ceil(bytes / 2 ** 20) * 1024);
  return { kib: Math.min(wantedKib, most), reason: wantedKib > most ? 'memory' : 'trial', wantedKib, trial };
}

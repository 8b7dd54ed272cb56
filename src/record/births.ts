// New processes and programs, looked at as soon as the kernel tells of them: a small buffer that carries nothing else,
// and a thread that sleeps in a read of it, so that emptying the large buffers keeps no look waiting.
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Mount } from './mounts.js';
import { Instance, instanceName } from './tracefs.js';

/** What the thread gets. `shared` holds the SLOTs. */
export interface BirthsWork {
  readonly pipe: string;
  readonly marker: string;
  readonly recorder: number;
  readonly mounts: readonly Mount[];
  readonly shared: SharedArrayBuffer;
}

/** Places in the memory that both share. LATE and on: how many looks came within 2^i us of the birth. */
export const SLOT = { state: 0, born: 1, seen: 2, late: 3 } as const;
export const LATE_SLOTS = 32;
export const STATE = { starting: 0, reading: 1, stopping: 2, done: 3 } as const;

/** New processes and programs so far. */
export interface BirthCounts {
  /** Processes made and programs begun in them. */
  readonly born: number;
  /** Looked at while they lived. */
  readonly seen: number;
  /** Within this the quicker half of the looks began after the birth, and all of them; us, rounded up to a power of two. */
  readonly halfWithinUs: number;
  readonly allWithinUs: number;
}

const NONE_BORN: BirthCounts = { born: 0, seen: 0, halfWithinUs: 0, allWithinUs: 0 };
const KIB = 256;
/** Events of births, with filters. CLONE_THREAD (include/uapi/linux/sched.h): a thread is no process. */
const EVENTS: readonly (readonly [string, string])[] = [
  ['task/task_newtask', '!(clone_flags & 65536)'],
  ['sched/sched_process_exec', ''],
];
const STOP_MS = 2000;

export interface BirthsParts {
  readonly root: string;
  readonly recorder: number;
  /** Only children of these; empty: of all. */
  readonly pids: readonly number[];
  readonly mounts: readonly Mount[];
  /** Where notes are written. */
  readonly marker: string;
}

export class Births {
  readonly #instance: Instance;
  readonly #shared = new Int32Array(new SharedArrayBuffer(4 * (SLOT.late + LATE_SLOTS)));
  #worker: Worker | null = null;
  #closed = false;
  #last = NONE_BORN;

  constructor({ root, recorder, pids }: Pick<BirthsParts, 'root' | 'recorder' | 'pids'>) {
    this.#instance = new Instance(root, instanceName(recorder, 'births'));
    try {
      this.#prepare(recorder, pids);
    } catch (error) {
      this.#instance.remove();
      throw error;
    }
  }

  #prepare(recorder: number, pids: readonly number[]): void {
    const instance = this.#instance;
    instance.write('trace_clock', 'mono');
    instance.write('buffer_size_kb', String(KIB));
    if (pids.length > 0) {
      instance.write('options/event-fork', '1');
      instance.write('set_event_pid', pids.join(' '));
    } else instance.write('set_event_notrace_pid', String(recorder));
    for (const [event, filter] of EVENTS) {
      if (filter !== '') instance.write(`events/${event}/filter`, filter);
      instance.write(`events/${event}/enable`, '1');
    }
  }

  /** Resolves when births are looked at from now on; rejects when the thread cannot run. */
  async begin({ recorder, mounts, marker }: Pick<BirthsParts, 'recorder' | 'mounts' | 'marker'>): Promise<void> {
    const shared = this.#shared.buffer as SharedArrayBuffer;
    const work: BirthsWork = { pipe: join(this.#instance.path, 'trace_pipe'), marker, recorder, mounts, shared };
    this.#worker = new Worker(new URL('./births-worker.js', import.meta.url), { workerData: work });
    await once(this.#worker, 'message');
    // It ends with the recording; nobody waits for it.
    this.#worker.unref();
  }

  counts(): BirthCounts {
    if (this.#closed) return this.#last;
    const at = (slot: number): number => Atomics.load(this.#shared, slot);
    const late = Array.from({ length: LATE_SLOTS }, (_, i) => at(SLOT.late + i));
    const looks = late.reduce((sum, count) => sum + count, 0);
    let half = 0;
    for (let before = late[0]!; before * 2 < looks; before += late[half]!) half++;
    const all = late.findLastIndex((count) => count > 0);
    this.#last = {
      born: at(SLOT.born) + this.#instance.stats().lost,
      seen: at(SLOT.seen),
      halfWithinUs: looks === 0 ? 0 : 2 ** half,
      allWithinUs: looks === 0 ? 0 : 2 ** all,
    };
    return this.#last;
  }

  /** Ends the thread and takes the buffer away, at once; false: it is still in use. */
  close(): boolean {
    if (this.#closed) return true;
    this.#closed = true;
    const shared = this.#shared;
    const state = Atomics.compareExchange(shared, SLOT.state, STATE.starting, STATE.stopping);
    if (state === STATE.reading) {
      Atomics.store(shared, SLOT.state, STATE.stopping);
      // Any record wakes the reader.
      this.#instance.write('trace_marker', 'stop\n');
      Atomics.wait(shared, SLOT.state, STATE.stopping, STOP_MS);
    }
    return this.#instance.remove();
  }
}

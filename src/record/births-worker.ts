// The thread that looks at new processes: it sleeps until the kernel tells of some, and writes what /proc shows of them.
import { closeSync, openSync, readlinkSync, readSync } from 'node:fs';
import { setPriority } from 'node:os';
import { hrtime } from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import { type BirthsWork, LATE_SLOTS, SLOT, STATE } from './births.js';
import { bornIn } from './born.js';
import { markerWriter, Observer } from './observer.js';

const FIRST = -20;
const BYTES = 1 << 16;

const { pipe, marker, recorder, mounts, shared } = workerData as BirthsWork;
const slots = new Int32Array(shared);

hurry();
const file = openSync(pipe, 'r');
const observer = new Observer(markerWriter(marker), recorder, () => hrtime.bigint(), mounts, null);
if (Atomics.compareExchange(slots, SLOT.state, STATE.starting, STATE.reading) === STATE.starting) {
  parentPort!.postMessage('reading');
  work(Buffer.alloc(BYTES));
}
observer.close();
closeSync(file);
Atomics.store(slots, SLOT.state, STATE.done);
Atomics.notify(slots, SLOT.state);

function work(block: Buffer): void {
  while (Atomics.load(slots, SLOT.state) === STATE.reading) {
    const born = bornIn(block.toString('latin1', 0, readSync(file, block)));
    for (const [pid, { atNs, births }] of born) {
      const late = Math.max(1, Number(hrtime.bigint() - atNs) / 1000);
      Atomics.add(slots, SLOT.born, births);
      if (!looked(pid)) continue;
      Atomics.add(slots, SLOT.seen, births);
      Atomics.add(slots, SLOT.late + Math.min(LATE_SLOTS - 1, Math.ceil(Math.log2(late))), births);
    }
  }
}

/** False: it was gone already, or the recording has ended meanwhile. */
function looked(pid: number): boolean {
  try {
    return observer.process(pid);
  } catch (error) {
    // A buffer that was switched off takes no marker (tracing_mark_write).
    if ((error as NodeJS.ErrnoException).code === 'EBADF') return false;
    throw error;
  }
}

/** Whoever comes later sees less: this thread goes before what it looks at. It sleeps nearly always. */
function hurry(): void {
  try {
    const [, , thread] = readlinkSync('/proc/thread-self').split('/');
    setPriority(Number(thread), FIRST);
  } catch {
    // Without it looks come later on a busy machine; how late is counted.
  }
}

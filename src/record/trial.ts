// How fast events can come and how late they may be read, found out before a recording: the same events, in buffers that
// are taken away again. First whatever happens by itself, then a program that does nothing but call.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Buffers, makeBuffers, prepare, turn } from './buffers.js';
import { Capture, LONGEST_MS } from './capture.js';
import type { EventName } from './event-sets.js';
import type { Scope } from './filters.js';
import { HeldCommand } from './held-command.js';
import type { Measured } from './sizing.js';

export interface TrialParts {
  readonly root: string;
  readonly folder: string;
  readonly pageSize: number;
  readonly recorder: number;
  readonly events: readonly EventName[];
  /** `own`: files that the trial writes. */
  readonly scope: (own: readonly string[]) => Scope;
  /** Whose calls are of interest already; empty: everybody's; null: nobody's, the command is yet to come. */
  readonly pids: readonly number[] | null;
  readonly nowNs: () => bigint;
  /** KiB per CPU and buffer that the trial itself may take. */
  readonly mostKib: number;
}

const QUIET_MS = 150;
const BURST_MS = 250;
const KIB = 4096;
/** It ends by itself, should nobody live to end it. */
const CALLER = ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=1', 'count=1000000', 'status=none'];

export class Trial {
  readonly #parts: TrialParts;
  readonly #buffers: Buffers;
  readonly #capture: Capture;
  #caller: HeldCommand | null = null;
  #closed = false;

  constructor(parts: TrialParts) {
    this.#parts = parts;
    const { root, recorder, pageSize, nowNs, mostKib } = parts;
    this.#buffers = makeBuffers(root, recorder, 'trial-');
    this.#capture = new Capture({ pageSize, kib: Math.min(KIB, mostKib), touched: null, nowNs });
  }

  /** null: the caller cannot be run or watched here. What the kernel refuses of the events the recording will say. */
  async run(): Promise<Measured | null> {
    const { root, folder, recorder, events, pids } = this.#parts;
    const capture = this.#capture;
    for (const group of ['maps', 'calls'] as const) capture.add(this.#buffers[group], group, folder, 'trial-');
    this.#caller = new HeldCommand(CALLER);
    const pid = this.#caller.pid;
    const scope = this.#parts.scope([folder, ...capture.paths()]);
    prepare(root, this.#buffers, { events, scope, recorder, pids: pids ?? [pid] });
    turn(this.#buffers, true);
    const quiet = await this.#during(QUIET_MS);
    // From here on the calls of this one program only.
    this.#buffers.calls.write('set_event_pid', String(pid));
    const [cpuBefore, callsBefore] = [cpuNsOf(pid), this.#made(['calls'])];
    this.#caller.release();
    await this.#during(BURST_MS);
    const [cpuAfter, callsAfter] = [cpuNsOf(pid), this.#made(['calls'])];
    turn(this.#buffers, false);
    capture.drain();
    const read = this.#buffers.calls.stats().events + this.#buffers.maps.stats().events;
    const [cpuNs, calls] = [cpuAfter - cpuBefore, callsAfter - callsBefore];
    if (!(cpuNs > 0) || calls <= 0 || read === 0 || capture.drainNs === 0) return null;
    const bytesPerEvent = capture.bytes / read;
    return {
      bytesPerEvent,
      mostEventsPerSecond: (calls / cpuNs) * 1e9,
      eventsPerSecond: (quiet.events / quiet.ns) * 1e9,
      lateNs: capture.lateNs,
      pauseNs: LONGEST_MS * 1e6,
      readBytesPerSecond: (capture.bytes / capture.drainNs) * 1e9,
    };
  }

  /** Takes everything away, at once; false: a buffer is still in use. */
  close(): boolean {
    if (this.#closed) return true;
    this.#closed = true;
    this.#caller?.kill('SIGKILL');
    this.#capture.close();
    this.#capture.remove();
    return Object.values(this.#buffers).filter((instance) => !instance.remove()).length === 0;
  }

  async #during(milliseconds: number): Promise<{ events: number; ns: number }> {
    const { nowNs } = this.#parts;
    const before = this.#made(['maps', 'calls']);
    const from = nowNs();
    const end = from + BigInt(milliseconds) * 1_000_000n;
    for (let now = from; now < end && !this.#closed; now = nowNs()) {
      const pause = this.#capture.drain();
      await sleep(Math.min(pause, Number(end - now) / 1e6));
    }
    return { events: this.#made(['maps', 'calls']) - before, ns: Number(nowNs() - from) };
  }

  /** Events so far, those included that the small buffers lost. */
  #made(groups: readonly ('maps' | 'calls')[]): number {
    if (this.#closed) return 0;
    return groups
      .map((group) => this.#buffers[group].stats())
      .reduce((sum, { events, lost }) => sum + events + lost, 0);
  }
}

/** Time on a CPU, ns (proc(5), schedstat); NaN: not told. */
function cpuNsOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    return Number.NaN;
  }
}

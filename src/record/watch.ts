// A running recording: empties the buffers, looks at new processes, counts, and says at once when something is lost.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Births } from './births.js';
import type { Buffers } from './buffers.js';
import { type Capture, LONGEST_MS } from './capture.js';
import { costOf, type EventCost } from './cost.js';
import type { EventName } from './event-sets.js';
import type { MapTool } from './fiemap.js';
import { Looks } from './looks.js';
import type { TaskNames } from './names.js';
import { everybody, markerWriter, Newcomers, type Snapshot } from './observer.js';
import type { Host, Listener, Live } from './recording.js';
import type { BufferSize } from './sizing.js';
import type { Targets } from './targets.js';
import type { Touched } from './touched.js';

export interface WatchParts {
  readonly host: Host;
  readonly listener: Listener;
  readonly buffers: Buffers;
  readonly capture: Capture;
  readonly size: BufferSize;
  readonly names: TaskNames;
  readonly targets: Targets;
  readonly touched: Touched;
  readonly tool: MapTool | null;
  /** null: new processes are looked at now and then only. */
  readonly births: Births | null;
  /** null: what an event costs could not be measured. */
  readonly cost: EventCost | null;
  /** No process was named: all are of interest. */
  readonly everybody: boolean;
}

const TICK_NS = 250_000_000n;
/** Touched files whose maps are taken in the end. */
const MOST_FILES = 2000;

export class Watch {
  readonly #parts: WatchParts;
  readonly #looks: Looks;
  readonly #newcomers = new Newcomers();
  #beginNs = 0n;
  #endNs = 0n;
  #cpuBefore = 0;
  #lost = 0;
  #running = true;
  #closed = false;
  #nextTickNs = 0n;

  static async begin(parts: WatchParts): Promise<Watch> {
    return new Watch(parts);
  }

  private constructor(parts: WatchParts) {
    this.#parts = parts;
    const { host, buffers, capture, touched } = parts;
    const notes = markerWriter(join(buffers.maps.path, 'trace_marker'));
    this.#looks = new Looks({
      ...parts,
      notes,
      catchUp: () => void capture.drain(),
      changes: (file) => touched.count(file),
    });
    this.#beginNs = host.nowNs();
    this.#cpuBefore = host.cpuNs();
  }

  /** Runs until `finish`. Throws what keeps the recording from being written. */
  async pump(): Promise<void> {
    const { capture, host } = this.#parts;
    while (this.#running) {
      const pause = capture.drain();
      if (host.nowNs() >= this.#nextTickNs) this.#tick();
      await sleep(pause);
    }
    if (this.#closed) return;
    for (let before = -1; before !== capture.bytes; ) {
      before = capture.bytes;
      capture.drain();
    }
    this.#parts.names.collect();
    this.#sayLosses();
  }

  /** Tracing is off: the pump empties the buffers and ends. */
  finish(): void {
    this.#endNs = this.#parts.host.nowNs();
    this.#running = false;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#running = false;
    this.#looks.observer.close();
  }

  async lookAtStart(pids: readonly number[], events: readonly EventName[]): Promise<void> {
    await this.#looks.atStart(this.#pids(pids), events.length);
  }

  /** The maps of what was touched, as the kernel says they are now. */
  async lookAtEnd(): Promise<readonly Snapshot[]> {
    const { touched, everybody: all, capture } = this.#parts;
    capture.drain();
    const keys = new Set(
      touched
        .files()
        .slice(0, MOST_FILES)
        .map(({ device, inode }) => `${device}/${inode}`),
    );
    const end = await this.#looks.atEnd(all ? everybody() : this.#followed([]), ({ device, inode }) =>
      keys.has(`${device}/${inode}`),
    );
    this.#looks.observer.fact('recorder', this.#account());
    return end;
  }

  figures(): Live {
    const { capture, size, touched, host, births, cost } = this.#parts;
    const { events, lost, made } = this.#counts();
    const spanNs = Number((this.#endNs === 0n ? host.nowNs() : this.#endNs) - this.#beginNs);
    return {
      seconds: spanNs / 1e9,
      events,
      lost,
      bytes: capture.bytes,
      buffer: size,
      lateNs: capture.lateNs,
      cpuShare: spanNs > 0 ? (host.cpuNs() - this.#cpuBefore) / spanNs : 0,
      tracingNs: cost === null ? null : costOf(cost, made),
      births: births?.counts() ?? null,
      top: (count) =>
        touched
          .files()
          .slice(0, count)
          .map((file) => ({ ...file, path: this.#looks.paths.get(`${file.device}/${file.inode}`) ?? '' })),
    };
  }

  #account(): unknown {
    const { seconds, events, lost, bytes, buffer, lateNs, cpuShare, tracingNs, births } = this.figures();
    const cpuNs = this.#parts.host.cpuNs() - this.#cpuBefore;
    return {
      seconds,
      events,
      lost,
      bytes,
      bufferKibPerCpu: buffer.kib,
      buffer,
      lateNs,
      cpuNs,
      cpuShare,
      tracingNs,
      eventNs: this.#parts.cost,
      births,
    };
  }

  #tick(): void {
    const { host, names, listener } = this.#parts;
    this.#nextTickNs = host.nowNs() + TICK_NS;
    names.collect();
    this.#looks.processes(this.#pids([]));
    this.#sayLosses();
    listener.live(this.figures());
  }

  #sayLosses(): void {
    const { capture, size, listener } = this.#parts;
    const { lost } = this.#counts();
    if (lost <= this.#lost) return;
    const text = `the kernel lost ${lost - this.#lost} events: maps are guesses from there on; record with --buffer ${Math.ceil((size.kib * 4) / 1024)}M (the reader was up to ${Math.round(LONGEST_MS + capture.lateNs / 1e6)} ms away)`;
    this.#lost = lost;
    listener.warn(text);
  }

  /** `made`: what was lost cost its time as well. */
  #counts(): { events: number; lost: number; made: { maps: number; calls: number } } {
    const [maps, calls] = [this.#parts.buffers.maps.stats(), this.#parts.buffers.calls.stats()];
    const made = { maps: maps.events + maps.lost, calls: calls.events + calls.lost };
    return { events: maps.events + calls.events, lost: maps.lost + calls.lost, made };
  }

  /** Processes not looked at yet: those named, and those the kernel follows, or all. */
  #pids(named: readonly number[]): number[] {
    return this.#newcomers.take(this.#parts.everybody ? everybody() : this.#followed(named));
  }

  #followed(named: readonly number[]): number[] {
    const alive = new Set(everybody());
    const followed = this.#parts.buffers.calls.read('set_event_pid').trim().split('\n').map(Number);
    return [...named, ...followed].filter((pid) => alive.has(pid));
  }
}

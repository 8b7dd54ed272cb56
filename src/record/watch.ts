// A running recording: empties the buffers, looks at new processes, counts, and says at once when something is lost.
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Births } from './births.js';
import type { Buffers } from './buffers.js';
import type { Capture } from './capture.js';
import { costOf, type EventCost } from './cost.js';
import type { EventName } from './event-sets.js';
import type { MapTool } from './fiemap.js';
import { fileSystemFacts, machineFacts, xfsGeometry } from './machine.js';
import type { TaskNames } from './names.js';
import { everybody, Newcomers, Observer, openFiles, type Snapshot } from './observer.js';
import type { Host, Listener, Live } from './session.js';
import { type FoundFile, type Targets, walk } from './targets.js';
import type { Touched } from './touched.js';

export interface WatchParts {
  readonly host: Host;
  readonly listener: Listener;
  readonly buffers: Buffers;
  readonly capture: Capture;
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
/** Files whose maps are taken, and how long they are looked for. */
const MOST_FILES = 2000;
const MOST_WALK_MS = 3000;
/** Looks at a file that changes under them. */
const ROUNDS = 4;
/** Files that a walk may meet to find the paths of those that were touched. */
const MOST_MET = 200_000;

export class Watch {
  readonly #parts: WatchParts;
  readonly #observer: Observer;
  readonly #newcomers = new Newcomers();
  readonly #paths = new Map<string, string>();
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
    const { host, buffers, targets, tool } = parts;
    const marker = join(buffers.maps.path, 'trace_marker');
    this.#observer = new Observer(marker, host.pid, () => host.nowNs(), targets.mounts, tool);
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
    this.#observer.close();
  }

  /** What is there before the first event: geometry, machine, files, processes. */
  async lookAtStart(pids: readonly number[], events: readonly EventName[]): Promise<void> {
    const { targets, listener } = this.#parts;
    this.#observer.fact('machine', machineFacts());
    const systems: unknown[] = [];
    for (const { device, point } of targets.mounts) this.#observer.blocks(device, statfsSync(point).bsize);
    for (const mount of targets.mounts) {
      const geometry = mount.type === 'xfs' ? await xfsGeometry(mount.point) : null;
      systems.push(fileSystemFacts(mount, geometry));
      if (mount.type !== 'xfs') continue;
      if (geometry === null || geometry.realtime) {
        this.#observer.unmapped.add(mount.device);
        listener.warn(
          geometry === null
            ? `xfs_info tells nothing of ${mount.point}: addresses of files there are learned from events alone; install xfsprogs`
            : `${mount.point} has a realtime device: FIEMAP of its files is not used`,
        );
      } else this.#observer.geometry(mount.device, geometry.groupBlocks, geometry.groupLog);
    }
    this.#observer.fact('fileSystems', systems);
    this.#observer.fact('events', events.length);
    const found = this.#walk(MOST_FILES, () => true);
    const open = openFiles(this.#parts.everybody ? everybody() : pids, this.#devices());
    if (!found.whole)
      listener.warn(`only ${found.files.length} files were looked at before the start; name fewer with --path`);
    this.#observer.files(found.files);
    for (const pid of this.#pids(pids)) this.#observer.process(pid);
    await this.#look(unique([...found.files, ...open]));
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
    const isTouched = ({ device, inode }: { device: number; inode: number }): boolean => keys.has(`${device}/${inode}`);
    const walked = this.#walk(MOST_MET, isTouched).files.filter(isTouched);
    const open = openFiles(all ? everybody() : this.#followed([]), this.#devices()).filter(isTouched);
    this.#observer.files(walked);
    const end = await this.#look(unique([...walked, ...open]));
    this.#observer.fact('recorder', this.#account());
    return end;
  }

  /** What changed during a look is looked at again: a file in use may stand still for the shorter time that takes. */
  async #look(files: readonly FoundFile[]): Promise<readonly Snapshot[]> {
    const { capture, touched } = this.#parts;
    const seen: Snapshot[] = [];
    let left = files;
    for (let round = 1; left.length > 0; round++) {
      capture.drain();
      const before = new Map(left.map((file) => [file, touched.count(file)]));
      const found = await this.#observer.maps(left);
      capture.drain();
      left = round === ROUNDS ? [] : left.filter((file) => touched.count(file) !== before.get(file));
      const again = new Set(left.map(({ path }) => path));
      const settled = found.filter(({ path }) => !again.has(path));
      // Each file is told once: a map learned from one look would prove nothing at the next.
      this.#observer.tell(settled);
      seen.push(...settled);
    }
    return seen;
  }

  figures(): Live {
    const { capture, touched, host, births, cost } = this.#parts;
    const { events, lost, made } = this.#counts();
    const spanNs = Number((this.#endNs === 0n ? host.nowNs() : this.#endNs) - this.#beginNs);
    return {
      seconds: spanNs / 1e9,
      events,
      lost,
      bytes: capture.bytes,
      kibPerCpu: capture.kib(),
      cpuShare: spanNs > 0 ? (host.cpuNs() - this.#cpuBefore) / spanNs : 0,
      tracingNs: cost === null ? null : costOf(cost, made),
      births: births?.counts() ?? null,
      top: (count) =>
        touched
          .files()
          .slice(0, count)
          .map((file) => ({ ...file, path: this.#paths.get(`${file.device}/${file.inode}`) ?? '' })),
    };
  }

  #account(): unknown {
    const { seconds, events, lost, bytes, kibPerCpu, cpuShare, tracingNs, births } = this.figures();
    const cpuNs = this.#parts.host.cpuNs() - this.#cpuBefore;
    return {
      seconds,
      events,
      lost,
      bytes,
      bufferKibPerCpu: kibPerCpu,
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
    for (const pid of this.#pids([])) this.#observer.process(pid);
    this.#sayLosses();
    listener.live(this.figures());
  }

  #sayLosses(): void {
    const { capture, listener } = this.#parts;
    const { lost } = this.#counts();
    if (lost <= this.#lost) return;
    const text = `the kernel lost ${lost - this.#lost} events: maps are guesses from there on; record with --buffer ${Math.ceil((capture.kib() * 4) / 1024)}M`;
    this.#lost = lost;
    listener.warn(text);
  }

  /** `made`: what was lost cost its time as well. */
  #counts(): { events: number; lost: number; made: { maps: number; calls: number } } {
    const [maps, calls] = [this.#parts.buffers.maps.stats(), this.#parts.buffers.calls.stats()];
    const made = { maps: maps.events + maps.lost, calls: calls.events + calls.lost };
    return { events: maps.events + calls.events, lost: maps.lost + calls.lost, made };
  }

  #devices(): number[] {
    return this.#parts.targets.mounts.map(({ device }) => device);
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

  #walk(most: number, keep: (file: FoundFile) => boolean): { files: readonly FoundFile[]; whole: boolean } {
    const { host, targets } = this.#parts;
    const nowMs = (): number => Number(host.nowNs() / 1_000_000n);
    const found = walk(targets.folders, this.#devices(), { files: most, milliseconds: MOST_WALK_MS, nowMs });
    const wanted = targets.files;
    const files = found.files.filter(
      (file) => keep(file) && (wanted.length === 0 || wanted.some((one) => one.inode === file.inode)),
    );
    for (const { device, inode, path } of files) this.#paths.set(`${device}/${inode}`, path);
    return { files, whole: found.whole };
  }
}

/** One of each file; a path of a file system before one through a descriptor. */
function unique(files: readonly FoundFile[]): FoundFile[] {
  const byFile = new Map<string, FoundFile>();
  for (const file of files) {
    const key = `${file.device}/${file.inode}`;
    if (!byFile.has(key)) byFile.set(key, file);
  }
  return [...byFile.values()];
}

// The looks before and after a recording: what no event carries, written down as notes. Who records does not matter.
import { statfsSync } from 'node:fs';
import type { MapTool } from './fiemap.js';
import { fileSystemFacts, machineFacts, xfsGeometry } from './machine.js';
import { type NoteWriter, Observer, openFiles, type Snapshot } from './observer.js';
import type { Host, Listener } from './recording.js';
import { type FoundFile, type Targets, walk } from './targets.js';

/** Files whose maps are taken, and how long they are looked for. */
const MOST_FILES = 2000;
const MOST_WALK_MS = 3000;
/** A longer look stops to read what was recorded meanwhile. */
const BREATH_NS = 20_000_000n;
/** Looks at a file that changes under them. */
const ROUNDS = 4;
/** Files that a walk may meet to find the paths of those that were touched. */
const MOST_MET = 200_000;

export interface LooksParts {
  readonly host: Host;
  readonly listener: Listener;
  readonly notes: NoteWriter;
  readonly targets: Targets;
  readonly tool: MapTool | null;
  /** Reads what was recorded so far, so that `changes` counts it. */
  catchUp(): void;
  /** Records of a file so far; always 0 where nobody counts. */
  changes(file: { readonly device: number; readonly inode: number }): number;
}

export class Looks {
  readonly observer: Observer;
  /** Paths that were met, by `device/inode`. */
  readonly paths = new Map<string, string>();
  readonly #parts: LooksParts;
  #nextBreathNs = 0n;

  constructor(parts: LooksParts) {
    this.#parts = parts;
    const { host, targets, tool, notes } = parts;
    this.observer = new Observer(notes, host.pid, () => host.nowNs(), targets.mounts, tool);
  }

  get devices(): number[] {
    return this.#parts.targets.mounts.map(({ device }) => device);
  }

  /** What is there before the first event: geometry, machine, files, and these processes. */
  async atStart(pids: readonly number[], events: number): Promise<void> {
    const { targets, listener } = this.#parts;
    this.observer.fact('machine', machineFacts());
    const systems: unknown[] = [];
    for (const { device, point } of targets.mounts) this.observer.blocks(device, statfsSync(point).bsize);
    for (const mount of targets.mounts) {
      const geometry = mount.type === 'xfs' ? await xfsGeometry(mount.point) : null;
      systems.push(fileSystemFacts(mount, geometry));
      if (mount.type !== 'xfs') continue;
      if (geometry === null || geometry.realtime) {
        this.observer.unmapped.add(mount.device);
        listener.warn(
          geometry === null
            ? `xfs_info tells nothing of ${mount.point}: addresses of files there are learned from events alone; install xfsprogs`
            : `${mount.point} has a realtime device: FIEMAP of its files is not used`,
        );
      } else this.observer.geometry(mount.device, geometry.groupBlocks, geometry.groupLog);
    }
    this.observer.fact('fileSystems', systems);
    this.observer.fact('events', events);
    const found = this.#walk(MOST_FILES, () => true);
    const open = openFiles(pids, this.devices);
    if (!found.whole)
      listener.warn(`only ${found.files.length} files were looked at before the start; name fewer with --path`);
    this.observer.files(found.files);
    this.processes(pids);
    await this.#look(unique([...found.files, ...open]));
  }

  /** The maps of files as the kernel says they are now: of those wanted, and of what these processes have open. */
  async atEnd(pids: readonly number[], wanted: (file: FoundFile) => boolean): Promise<readonly Snapshot[]> {
    const walked = this.#walk(MOST_MET, wanted).files.filter(wanted).slice(0, MOST_FILES);
    const open = openFiles(pids, this.devices).filter(wanted);
    this.observer.files(walked);
    return this.#look(unique([...walked, ...open]));
  }

  /** What these have open and mapped. */
  processes(pids: readonly number[]): void {
    for (const pid of pids) {
      this.#breathe();
      this.observer.process(pid);
    }
  }

  /** Nobody else gets a turn during a long look: what is recorded meanwhile is read now and then. */
  #breathe(): void {
    const now = this.#parts.host.nowNs();
    if (now < this.#nextBreathNs) return;
    this.#parts.catchUp();
    this.#nextBreathNs = this.#parts.host.nowNs() + BREATH_NS;
  }

  /** What changed during a look is looked at again: a file in use may stand still for the shorter time that takes. */
  async #look(files: readonly FoundFile[]): Promise<readonly Snapshot[]> {
    const { changes, catchUp } = this.#parts;
    const seen: Snapshot[] = [];
    let left = files;
    for (let round = 1; left.length > 0; round++) {
      catchUp();
      const before = new Map(left.map((file) => [file, changes(file)]));
      const found = await this.observer.maps(left);
      catchUp();
      left = round === ROUNDS ? [] : left.filter((file) => changes(file) !== before.get(file));
      const again = new Set(left.map(({ path }) => path));
      const settled = found.filter(({ path }) => !again.has(path));
      // Each file is told once: a map learned from one look would prove nothing at the next.
      this.observer.tell(settled);
      seen.push(...settled);
    }
    return seen;
  }

  #walk(most: number, keep: (file: FoundFile) => boolean): { files: readonly FoundFile[]; whole: boolean } {
    const { host, targets } = this.#parts;
    const nowMs = (): number => Number(host.nowNs() / 1_000_000n);
    const between = (): void => this.#breathe();
    const found = walk(targets.folders, this.devices, { files: most, milliseconds: MOST_WALK_MS, nowMs, between });
    const wanted = targets.files;
    const files = found.files.filter(
      (file) => keep(file) && (wanted.length === 0 || wanted.some((one) => one.inode === file.inode)),
    );
    for (const { device, inode, path } of files) this.paths.set(`${device}/${inode}`, path);
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

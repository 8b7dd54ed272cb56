// Looks at files and processes while the trace runs, and writes what it sees into the trace as notes.
import { closeSync, constants, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { type FileMap, fileMaps, type MapTool } from './fiemap.js';
import type { Inode } from './filters.js';
import { deviceOfStat, type Mount } from './mounts.js';
import {
  blocksNote,
  descriptorNote,
  factNote,
  fileNote,
  geometryNote,
  mapNotes,
  mappingNote,
  type Subject,
} from './notes.js';
import { descriptorNumbers, descriptorOf, descriptorsOf, mappingsOf, threadsOf } from './processes.js';
import type { Host } from './recording.js';
import type { FoundFile } from './targets.js';

/** A map as it was between two times of the trace's clock. */
export interface Snapshot extends Inode {
  readonly path: string;
  readonly map: FileMap;
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

/** Where notes go. */
export interface NoteWriter {
  write(note: string): void;
  close(): void;
}

/** Into a buffer of the kernel, between its own records. */
export function markerWriter(path: string): NoteWriter {
  const marker = openSync(path, constants.O_WRONLY);
  return { write: (note) => void writeSync(marker, `${note}\n`), close: () => closeSync(marker) };
}

/** Into a text of its own, as ftrace prints markers, which is read beside what another recorder writes. */
export function textWriter(path: string, host: Host): NoteWriter {
  const text = openSync(path, 'wx', 0o600);
  writeSync(text, `# tracer: nop\n# clock: ${host.clock}\n`);
  return {
    write(note) {
      const ns = String(host.nowNs()).padStart(10, '0');
      writeSync(
        text,
        `sealtrace-${host.pid} [000] ..... ${ns.slice(0, -9)}.${ns.slice(-9)}: print: tracing_mark_write: ${note}\n`,
      );
    },
    close: () => closeSync(text),
  };
}

export class Observer {
  readonly #notes: NoteWriter;
  readonly #pid: number;
  readonly #nowNs: () => bigint;
  readonly #mounts: ReadonlyMap<number, Mount>;
  readonly #tool: MapTool | null;
  /** Devices whose file addresses FIEMAP does not tell in the device's own bytes. */
  readonly unmapped = new Set<number>();
  readonly #named = new Map<string, string>();

  constructor(notes: NoteWriter, pid: number, nowNs: () => bigint, mounts: readonly Mount[], tool: MapTool | null) {
    this.#notes = notes;
    this.#pid = pid;
    this.#nowNs = nowNs;
    this.#mounts = new Map(mounts.map((mount) => [mount.device, mount]));
    this.#tool = tool;
  }

  fact(key: string, value: unknown): void {
    this.#write(factNote(this.#self(), key, value));
  }

  blocks(device: number, bytes: number): void {
    this.#write(blocksNote(this.#self(), device, bytes));
  }

  geometry(device: number, groupBlocks: number, groupLog: number): void {
    this.#write(geometryNote(this.#self(), device, groupBlocks, groupLog));
  }

  /** Descriptors and mappings of a process, of files on the devices recorded; false: it is gone. */
  process(pid: number): boolean {
    const mapped = { pid, tid: pid, sinceNs: this.#nowNs() };
    const mappings = mappingsOf(pid);
    if (mappings === null) return false;
    for (const one of mappings) if (this.#mounts.has(one.device)) this.#write(mappingNote(mapped, one));
    for (const fd of descriptorNumbers(pid)) {
      // Each has a time of its own: what changes soon after counts from then on.
      const subject = { pid, tid: pid, sinceNs: this.#nowNs() };
      const one = descriptorOf(pid, fd);
      if (one === null || !this.#mounts.has(one.device)) continue;
      this.#write(descriptorNote(subject, one));
      this.#name(subject, one, -1, one.path);
    }
    return true;
  }

  /** Sizes and paths. */
  files(files: readonly FoundFile[]): void {
    const subject = this.#self();
    for (const file of files) this.#name(subject, file, file.size, file.path);
  }

  /** FIEMAP of these files. One that another took the place of is left out. */
  async maps(files: readonly FoundFile[]): Promise<readonly Snapshot[]> {
    const fromNs = this.#nowNs();
    const known = files.filter(({ device }) => !this.unmapped.has(device));
    const maps =
      this.#tool === null
        ? []
        : await fileMaps(
            this.#tool,
            known.map(({ path }) => path),
          );
    const toNs = this.#nowNs();
    const byPath = new Map(maps.map((map) => [map.path, map]));
    return known.flatMap((file): Snapshot[] => {
      const map = byPath.get(file.path);
      if (map === undefined || !this.#same(file)) return [];
      return [{ device: file.device, inode: file.inode, path: file.path, map, fromNs, toNs }];
    });
  }

  /** Writes what was seen into the trace. */
  tell(snapshots: readonly Snapshot[]): void {
    for (const { device, inode, map, fromNs } of snapshots) {
      const subject = { pid: this.#pid, tid: this.#pid, sinceNs: fromNs };
      const type = this.#mounts.get(device)?.type ?? '';
      for (const line of mapNotes(subject, { device, inode }, type, map)) this.#write(line);
    }
  }

  close(): void {
    this.#notes.close();
  }

  #self(): Subject {
    return { pid: this.#pid, tid: this.#pid, sinceNs: this.#nowNs() };
  }

  #same({ path, device, inode }: FoundFile): boolean {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat !== undefined && stat.ino === inode && deviceOfStat(stat.dev) === device;
  }

  /** A name is told once; of files that were removed the kernel's mark is not a part of it. */
  #name(subject: Subject, { device, inode }: Inode, size: number, path: string): void {
    const key = `${device}/${inode}`;
    const name = path.replace(/ \(deleted\)$/, '');
    if (this.#named.get(key) === name) return;
    this.#named.set(key, name);
    this.#write(fileNote(subject, { device, inode }, size, name));
  }

  #write(line: string): void {
    this.#notes.write(line);
  }
}

/** Files behind the descriptors of processes, by a path that works for removed ones too. */
export function openFiles(pids: readonly number[], devices: readonly number[]): FoundFile[] {
  const files = pids.flatMap((pid) =>
    descriptorsOf(pid).map(({ fd, device, inode }) => ({ device, inode, path: `/proc/${pid}/fd/${fd}`, size: -1 })),
  );
  const unique = new Map(files.map((file) => [`${file.device}/${file.inode}`, file]));
  return [...unique.values()].filter(({ device }) => devices.includes(device));
}

/** Processes that appeared since the last look. */
export class Newcomers {
  readonly #known = new Set<number>();

  take(pids: readonly number[]): number[] {
    const fresh = pids.filter((pid) => !this.#known.has(pid));
    for (const pid of fresh) this.#known.add(pid);
    return fresh;
  }
}

/** Threads of all of them: what a filter by process must list. */
export const allThreads = (pids: readonly number[]): number[] => pids.flatMap((pid) => [pid, ...threadsOf(pid)]);
export const everybody = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

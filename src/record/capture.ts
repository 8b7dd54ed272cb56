// The kernel's ring buffers into files, page by page, one file per buffer and CPU. Pages are copied as they are; nothing
// is rendered. Reads never block: a timer looks again, sooner when much came, so that waiting costs no CPU.
import { closeSync, constants, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Group } from './event-sets.js';
import type { Touched } from './touched.js';
import type { Instance } from './tracefs.js';

export interface CpuFile {
  readonly group: Group;
  readonly cpu: number;
  readonly path: string;
  bytes: number;
}

export interface CaptureOptions {
  readonly pageSize: number;
  /** KiB per CPU and buffer. */
  readonly kib: number;
  readonly touched: Touched | null;
  readonly nowNs: () => bigint;
}

/** Pages read at once before they are written. */
const PAGES = 64;
const SHORTEST_MS = 10;
export const LONGEST_MS = 200;
/** Below this the next look may come later. */
const CALM = 0.03;

interface Source {
  readonly file: CpuFile;
  readonly pipe: number;
  readonly out: number;
}

interface Buffer1 {
  readonly instance: Instance;
  readonly group: Group;
  readonly kib: number;
  readonly sources: Source[];
}

export class Capture {
  readonly #options: CaptureOptions;
  readonly #block: Uint8Array;
  readonly #buffers: Buffer1[] = [];
  readonly #files: CpuFile[] = [];
  #pauseMs = SHORTEST_MS;
  #lastNs = 0n;
  bytes = 0;
  /** Time spent reading what there was. */
  drainNs = 0;
  /** How much longer than the pause it took, at most, until all was read again. */
  lateNs = 0;

  constructor(options: CaptureOptions) {
    this.#options = options;
    this.#block = new Uint8Array(PAGES * options.pageSize);
  }

  /** Sizes the buffers and opens both ends; `folder` gets the files. */
  add(instance: Instance, group: Group, folder: string, prefix = ''): void {
    const { kib } = this.#options;
    instance.write('buffer_size_kb', String(kib));
    const buffer: Buffer1 = { instance, group, kib, sources: [] };
    this.#buffers.push(buffer);
    for (const cpu of instance.cpus()) {
      const path = join(folder, `${prefix}${group}-${cpu}.raw`);
      const out = openSync(path, 'wx', 0o600);
      const raw = join(instance.path, `per_cpu/cpu${cpu}/trace_pipe_raw`);
      const pipe = openSync(raw, constants.O_RDONLY | constants.O_NONBLOCK);
      const file = { group, cpu, path, bytes: 0 };
      this.#files.push(file);
      buffer.sources.push({ file, pipe, out });
    }
  }

  files(): readonly CpuFile[] {
    return this.#files;
  }

  paths(): readonly string[] {
    return this.#files.map(({ path }) => path);
  }

  /** Reads whatever there is; returns how long to wait before the next look. */
  drain(): number {
    const before = this.#options.nowNs();
    const bytes = this.bytes;
    let fullest = 0;
    for (const buffer of this.#buffers) {
      let most = 0;
      for (const source of buffer.sources) most = Math.max(most, this.#empty(source, buffer.kib * 1024 * 2));
      const share = most / (buffer.kib * 1024);
      fullest = Math.max(fullest, share);
    }
    this.#clock(before, this.bytes > bytes);
    const calm = fullest < CALM;
    this.#pauseMs = calm ? Math.min(LONGEST_MS, this.#pauseMs * 2) : Math.max(SHORTEST_MS, this.#pauseMs / 2);
    return this.#pauseMs;
  }

  close(): void {
    for (const { sources } of this.#buffers)
      for (const { pipe, out } of sources.splice(0)) {
        closeSync(pipe);
        closeSync(out);
      }
  }

  /** Takes the files away too, after `close`. */
  remove(): void {
    for (const path of this.paths()) rmSync(path, { force: true });
  }

  #clock(before: bigint, some: boolean): void {
    const now = this.#options.nowNs();
    if (some) this.drainNs += Number(now - before);
    if (this.#lastNs > 0n) this.lateNs = Math.max(this.lateNs, Number(now - this.#lastNs) - this.#pauseMs * 1e6);
    this.#lastNs = now;
  }

  /** Bytes that stood in the buffer of one CPU; `most` keeps a flood from holding the reader for ever. */
  #empty(source: Source, most: number): number {
    let total = 0;
    while (total < most) {
      const filled = this.#read(source.pipe);
      if (filled === 0) break;
      for (let at = 0; at < filled; ) at += writeSync(source.out, this.#block, at, filled - at);
      this.#options.touched?.take(source.file.group, source.file.cpu, this.#block.subarray(0, filled));
      total += filled;
      if (filled < this.#block.length) break;
    }
    source.file.bytes += total;
    this.bytes += total;
    return total;
  }

  /** One read gives one page at most; a page that is not full yet is given with what it holds. */
  #read(pipe: number): number {
    const { pageSize } = this.#options;
    let filled = 0;
    try {
      while (filled < this.#block.length) {
        const got = readSync(pipe, this.#block, filled, pageSize, null);
        if (got === 0) break;
        // A page is always written whole, so that every page stands at a multiple of its size.
        if (got < pageSize) this.#block.fill(0, filled + got, filled + pageSize);
        filled += pageSize;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
    return filled;
  }
}

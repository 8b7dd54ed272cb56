// Recorded pages as a trace.dat, version 6, which trace-cmd and sealtrace read. Source: trace-cmd.dat.v6(5).
// The top buffer holds the maps, an instance the calls.
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { CpuFile } from './capture.js';
import type { Group } from './event-sets.js';

export interface Kernel {
  readonly little: boolean;
  readonly pageSize: number;
  readonly headerPage: string;
  readonly headerEvent: string;
  /** Formats of `ftrace` (markers are among them) and of the events recorded, by system. */
  readonly ftrace: readonly string[];
  readonly systems: ReadonlyMap<string, readonly string[]>;
  /** As `uname` says it, without the name of the machine. */
  readonly uname: string;
  readonly clocks: string;
}

export interface Names {
  /** Names of tasks by thread. */
  readonly comms: ReadonlyMap<number, string>;
  /** Processes of threads. */
  readonly processes: ReadonlyMap<number, number>;
}

const Option = { done: 0, buffer: 3, clock: 4, uname: 5, processes: 32 } as const;
const COPY = 1 << 20;

/** Writes `path`, and removes each of the files once it is copied. */
export function writeTraceDat(path: string, kernel: Kernel, names: Names, files: readonly CpuFile[]): void {
  const out = openSync(path, 'wx');
  try {
    const layout = new Layout(kernel, names, files);
    writeAll(out, layout.head, 0);
    for (const { file, at } of layout.places) copy(file, out, at);
  } finally {
    closeSync(out);
  }
}

/** The head with the places of everything behind it: those are known once its length is. */
class Layout {
  readonly head: Uint8Array;
  readonly places: { readonly file: CpuFile; readonly at: number }[] = [];

  constructor(kernel: Kernel, names: Names, files: readonly CpuFile[]) {
    const of = (group: Group): CpuFile[] => files.filter((file) => file.group === group);
    const cpus = files.reduce((most, { cpu }) => Math.max(most, cpu + 1), 0);
    const draft = head(kernel, names, cpus, { instanceAt: 0, top: [], calls: [] });
    let at = roundUp(draft.length, kernel.pageSize);
    const place = (group: Group): Place[] =>
      of(group).map((file) => {
        const begin = at;
        this.places.push({ file, at });
        at = roundUp(at + file.bytes, kernel.pageSize);
        return { cpu: file.cpu, at: begin, bytes: file.bytes };
      });
    const top = place('maps');
    const calls = place('calls');
    this.head = head(kernel, names, cpus, { instanceAt: draft.instanceAt, top, calls }).bytes;
  }
}

interface Place {
  readonly cpu: number;
  readonly at: number;
  readonly bytes: number;
}

interface Parts {
  readonly instanceAt: number;
  readonly top: readonly Place[];
  readonly calls: readonly Place[];
}

function head(
  kernel: Kernel,
  { comms, processes }: Names,
  cpus: number,
  { instanceAt, top, calls }: Parts,
): { bytes: Uint8Array; length: number; instanceAt: number } {
  const w = new Writer(kernel.little);
  w.text('\x17\x08Dtracing6\0');
  w.u8(kernel.little ? 0 : 1);
  w.u8(8);
  w.u32(kernel.pageSize);
  w.text('header_page\0');
  w.sized64(kernel.headerPage);
  w.text('header_event\0');
  w.sized64(kernel.headerEvent);
  w.u32(kernel.ftrace.length);
  for (const format of kernel.ftrace) w.sized64(format);
  w.u32(kernel.systems.size);
  for (const [system, formats] of kernel.systems) {
    w.text(`${system}\0`);
    w.u32(formats.length);
    for (const format of formats) w.sized64(format);
  }
  // Neither the kernel's symbols nor its printk formats: nothing that is recorded needs them.
  w.u32(0);
  w.u32(0);
  w.sized64(lines(comms));
  w.u32(cpus);
  w.text('options  \0');
  w.option(Option.clock, `${kernel.clocks}\0`);
  w.option(Option.uname, `${kernel.uname}\0`);
  w.option(Option.processes, `${lines(processes)}\0`);
  w.u16(Option.buffer);
  w.u32(8 + 'calls\0'.length);
  w.u64(instanceAt);
  w.text('calls\0');
  w.u16(Option.done);
  w.text('flyrecord\0');
  places(w, cpus, top);
  const instance = w.length;
  w.text('flyrecord\0');
  places(w, cpus, calls);
  return { bytes: w.bytes(), length: w.length, instanceAt: instance };
}

function places(w: Writer, cpus: number, list: readonly Place[]): void {
  for (let cpu = 0; cpu < cpus; cpu++) {
    const one = list.find((place) => place.cpu === cpu);
    w.u64(one?.at ?? 0);
    w.u64(one?.bytes ?? 0);
  }
}

const lines = (map: ReadonlyMap<number, string | number>): string =>
  [...map].map(([tid, value]) => `${tid} ${value}\n`).join('');

const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;

function copy({ path, bytes }: CpuFile, out: number, at: number): void {
  const from = openSync(path, 'r');
  const block = new Uint8Array(COPY);
  try {
    for (let done = 0; done < bytes; ) {
      const got = readSync(from, block, 0, Math.min(COPY, bytes - done), done);
      if (got === 0) throw new Error(`${path} is shorter than it was`);
      writeAll(out, block.subarray(0, got), at + done);
      done += got;
    }
  } finally {
    closeSync(from);
  }
  rmSync(path);
}

function writeAll(out: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(out, bytes, done, bytes.length - done, at + done);
}

class Writer {
  readonly #parts: Buffer[] = [];
  readonly #little: boolean;
  length = 0;

  constructor(little: boolean) {
    this.#little = little;
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  text(text: string): void {
    this.#add(Buffer.from(text));
  }

  u8(value: number): void {
    this.#add(Buffer.from([value]));
  }

  u16(value: number): void {
    this.#add(this.#number(2, BigInt(value)));
  }

  u32(value: number): void {
    this.#add(this.#number(4, BigInt(value)));
  }

  u64(value: number): void {
    this.#add(this.#number(8, BigInt(value)));
  }

  /** 64 bits of length, then the text. */
  sized64(text: string): void {
    const bytes = Buffer.from(text);
    this.u64(bytes.length);
    this.#add(bytes);
  }

  option(id: number, text: string): void {
    const bytes = Buffer.from(text);
    this.u16(id);
    this.u32(bytes.length);
    this.#add(bytes);
  }

  #number(size: number, value: bigint): Buffer {
    const bytes = Buffer.alloc(8);
    if (this.#little) bytes.writeBigUInt64LE(value);
    else bytes.writeBigUInt64BE(value);
    return this.#little ? bytes.subarray(0, size) : bytes.subarray(8 - size);
  }

  #add(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.length += bytes.length;
  }
}

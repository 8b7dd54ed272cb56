// The way of kernel records onto a tape, with the fields a format fills.
import { PagedColumns } from '../base/paged-columns.js';
import type { EventCatalogue } from '../model/event-catalogue.js';
import type { KernelRecord, KernelSink, Words } from '../model/kernel.js';
import { type EventKind, REMAP } from './event-kinds.js';
import { LOST, type Tape, TOKEN } from './tape.js';

const { MASK } = PagedColumns;

/** All values are kept, so it does not say which it reads: by them a fact is known again in another recording. */
export class TapeKernel implements KernelSink {
  readonly catalogue: EventCatalogue;
  readonly record: KernelRecord;
  readonly words: Words;
  readonly #tape: Tape;
  readonly #beside: number;
  #lastTid = -1;
  #lastPid = -1;
  #lastComm = -1;
  #lastToken = 0;

  constructor(tape: Tape, beside: number) {
    const { catalogue } = tape.rules.kinds;
    this.#tape = tape;
    this.catalogue = catalogue;
    const v = new Float64Array(catalogue.places);
    this.record = { event: 0, timeNs: 0, cpu: 0, tid: 0, pid: -1, comm: 0, row: 0, v, arrays: [] };
    this.words = tape.rules.words;
    this.#beside = beside;
  }

  // hot
  take(): number {
    const { record } = this;
    const kind = this.#tape.rules.kinds.of(record.event);
    const { values, ids } = this.#tape;
    const { v, arrays } = record;
    const entry = this.#add(record.event, record.timeNs);
    const columns = this.#tape.entries.change(entry);
    columns.at[entry & MASK] = values.length;
    columns.arrays[entry & MASK] = arrays.length;
    for (let i = 0; i < kind.width; i++) this.#put(v[i]!);
    for (const words of arrays) {
      this.#put(words.length);
      for (const word of words) this.#put(word);
    }
    ids.add(kind.id);
    if (this.#beside === 0) this.#told(kind);
    if (kind.id === REMAP) this.#remapped(v[5]!, v[0]!);
    return TOKEN + entry;
  }

  task(tid: number, pid: number, comm: number): number {
    if (tid === this.#lastTid && pid === this.#lastPid && comm === this.#lastComm) return this.#lastToken;
    this.#lastTid = tid;
    this.#lastPid = pid;
    this.#lastComm = comm;
    this.#lastToken = this.#tape.actor(tid, pid, comm);
    return this.#lastToken;
  }

  lost(timeNs: number): void {
    this.#add(LOST, timeNs);
  }

  /** The timeline ends the assembly. */
  finish(): void {}

  // hot
  #add(event: number, timeNs: number): number {
    const { record } = this;
    const { entries, processes, span, steps } = this.#tape;
    const entry = entries.add();
    const at = entries.change(entry);
    const i = entry & MASK;
    at.timeNs[i] = timeNs;
    at.event[i] = event;
    at.cpu[i] = record.cpu;
    at.tid[i] = record.tid;
    at.pid[i] = record.pid;
    at.comm[i] = record.comm;
    at.row[i] = record.row;
    at.beside[i] = this.#beside;
    steps.add(timeNs);
    if (timeNs < span[0]!) span[0] = timeNs;
    if (timeNs > span[1]!) span[1] = timeNs;
    if (record.pid >= 0 && !processes.has(record.tid)) processes.set(record.tid, record.pid);
    return entry;
  }

  // hot
  #put(value: number): void {
    const { values } = this.#tape;
    const at = values.add();
    values.change(at).value[at & MASK] = value;
  }

  #told({ id, isKernel, devices }: EventKind): void {
    const { v } = this.record;
    if (isKernel) this.#tape.kernelIds.add(id);
    for (const place of devices) this.#tape.devices.add(v[place]!);
  }

  #remapped(device: number, disk: number): void {
    const { disks } = this.#tape;
    const known = disks.get(device);
    if (known === undefined) disks.set(device, new Set([disk]));
    else known.add(disk);
  }
}

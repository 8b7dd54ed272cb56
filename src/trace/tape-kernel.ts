// The way of kernel records onto a tape, with the fields a format fills.
import { OWN_EVENTS } from '../model/event-catalogue.js';
import type { KernelRecord, KernelSink, Words } from '../model/kernel.js';
import { MAX_SLOTS } from '../model/kernel-events.js';
import { LOST, type Tape, type TapeRules, TOKEN, WIDTHS } from './tape.js';

export class TapeKernel implements KernelSink {
  readonly catalogue = OWN_EVENTS;
  readonly record: KernelRecord = {
    event: 0,
    timeNs: 0,
    cpu: 0,
    tid: 0,
    pid: -1,
    comm: 0,
    row: 0,
    v: new Float64Array(MAX_SLOTS),
    arrays: [],
  };
  readonly words: Words;
  readonly #tape: Tape;
  readonly #rules: TapeRules;
  readonly #beside: number;
  #lastTid = -1;
  #lastPid = -1;
  #lastComm = -1;
  #lastToken = 0;

  constructor(tape: Tape, rules: TapeRules, beside: number) {
    this.#tape = tape;
    this.#rules = rules;
    this.words = rules.words;
    this.#beside = beside;
  }

  reads(event: number): boolean {
    return this.#rules.reads(event);
  }

  // hot
  take(): number {
    const { record } = this;
    const entry = this.#add(record.event, record.timeNs);
    const { values } = this.#tape;
    const width = WIDTHS[record.event]!;
    this.#tape.entries.at.at[entry] = values.length;
    for (let i = 0; i < width; i++) {
      const at = values.add();
      values.at.value[at] = record.v[i]!;
    }
    if (record.arrays.length > 0)
      this.#tape.arrays.set(
        entry,
        record.arrays.map((words) => [...words]),
      );
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

  #add(event: number, timeNs: number): number {
    const { record } = this;
    const { entries } = this.#tape;
    const entry = entries.add();
    const { at } = entries;
    at.timeNs[entry] = timeNs;
    at.event[entry] = event;
    at.cpu[entry] = record.cpu;
    at.tid[entry] = record.tid;
    at.pid[entry] = record.pid;
    at.comm[entry] = record.comm;
    at.row[entry] = record.row;
    at.beside[entry] = this.#beside;
    return entry;
  }
}

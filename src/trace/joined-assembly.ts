// The assembly of lanes that stand on one timeline: their records in the order of time, then their own rows, with the
// operations that were found meanwhile.
import { Assembler } from '../assembly/assembler.js';
import { PagedColumns } from '../base/paged-columns.js';
import { PagedNumbers } from '../base/paged-numbers.js';
import { SortedLog } from '../base/sorted-log.js';
import type { SortedRuns } from '../base/sorted-runs.js';
import { Op } from '../model/events.js';
import type { GivenGeometry } from '../model/trace.js';
import { planOf } from './elsewhere.js';
import { ISSUE } from './event-kinds.js';
import type { AllFacts } from './facts.js';
import { JoinedSink, type SinkPlace } from './joined-sink.js';
import type { Lane, Plan } from './plan.js';
import { LOST, type Tape, type TapeRules, TOKEN } from './tape.js';

const { MASK } = PagedColumns;

/** Every column of an event but its source. */
const EVENT_FIELDS = [
  'timeNs',
  'op',
  'flags',
  'file',
  'task',
  'offset',
  'length',
  'addr',
  'handle',
  'opId',
  'result',
  'latencyNs',
  'row',
] as const;

const ORDER_SHAPE = { timeNs: Float64Array, entry: Uint32Array };

export class JoinedAssembly {
  readonly #lanes: readonly Lane[];
  readonly #plan: Plan;
  readonly #assembler: Assembler;
  readonly #rules: TapeRules;
  /** Processes of threads, by the recordings that tell them. */
  readonly #processes = new Map<number, number>();
  readonly #met = new Set<number>();
  readonly #nameless: number;
  /** Lane of the entry that was asked for last. */
  #lane: Lane;

  constructor(lanes: readonly Lane[], facts: AllFacts, rules: TapeRules, xfs: readonly GivenGeometry[]) {
    this.#lanes = lanes;
    this.#lane = lanes[0]!;
    this.#rules = rules;
    this.#plan = planOf(lanes, facts, devicesOf(lanes));
    this.#nameless = rules.words.text('');
    for (const { tape } of lanes)
      for (const [tid, pid] of tape.processes) if (!this.#processes.has(tid)) this.#processes.set(tid, pid);
    const sources = lanes.filter(({ tape }) => tape.isAssembled).map(({ tape }) => tape.source);
    const sink = new JoinedSink(lanes[0]!.tape.real, sources, rules.words, (row) => this.#place(row));
    this.#assembler = new Assembler(sink, rules.kinds.catalogue, xfs);
  }

  run(): void {
    for (const { rows, at } of this.#order().batches(1024))
      for (let i = 0; i < rows; i++) this.#take(at.entry[i]!, at.timeNs[i]!);
    for (const lane of this.#lanes) {
      this.#losses(lane);
      const beside = besideOf(lane.tape);
      this.#records(lane, beside, this.#events(lane, beside));
    }
    this.#assembler.finish();
  }

  #order(): SortedRuns<typeof ORDER_SHAPE> {
    const log = new SortedLog(ORDER_SHAPE, this.#lane.tape.real.store);
    for (const { tape, base } of this.#lanes)
      for (let entry = base; entry < base + tape.entries.length; entry++) {
        if (this.#plan.isSkipped(entry)) continue;
        const row = log.add();
        log.at.timeNs[row] = this.#plan.when(entry);
        log.at.entry[row] = entry;
      }
    return log.sorted();
  }

  // hot
  #laneOf(entry: number): Lane {
    const { base, tape } = this.#lane;
    if (entry < base || entry >= base + tape.entries.length)
      this.#lane = this.#lanes.find((one) => entry >= one.base && entry < one.base + one.tape.entries.length)!;
    return this.#lane;
  }

  /** The assembly knows a record by its entry plus 1. */
  #place(known: number): SinkPlace {
    const { tape, base } = this.#laneOf(known - 1);
    const entry = known - 1 - base;
    return { sink: tape.real, row: tape.entries.of(entry).row[entry & MASK]! };
  }

  // hot
  #take(entry: number, when: number): void {
    const { tape, base } = this.#laneOf(entry);
    const at = tape.entries.of(entry - base);
    const i = (entry - base) & MASK;
    const { record } = this.#assembler;
    const timeNs = Math.round(when);
    record.row = entry + 1;
    const event = at.event[i]!;
    if (event === LOST) return this.#assembler.lost(timeNs);
    const tid = at.tid[i]!;
    const pid = at.pid[i]!;
    const { v } = record;
    record.event = event;
    record.timeNs = timeNs;
    record.cpu = at.cpu[i]!;
    record.tid = tid;
    record.pid = pid >= 0 ? pid : (this.#processes.get(tid) ?? -1);
    record.comm = at.comm[i]!;
    const from = at.at[i]!;
    const { width } = this.#rules.kinds.of(event);
    v.fill(Number.NaN);
    for (let k = 0; k < width; k++) v[k] = tape.value(from, k);
    this.#arrays(tape, from + width, at.arrays[i]!);
    this.#met.add(tid);
    const op = this.#assembler.take();
    if (op !== 0) this.#plan.setOp(entry, op);
  }

  #arrays(tape: Tape, from: number, count: number): void {
    const { arrays } = this.#assembler.record;
    arrays.length = 0;
    let at = from;
    for (let left = count; left > 0; left--) {
      const words = Array.from({ length: tape.value(at, 0) }, (_, i) => tape.value(at, i + 1));
      at += 1 + words.length;
      arrays.push(words);
    }
  }

  #losses({ tape, shiftNs }: Lane): void {
    for (const loss of tape.losses)
      tape.real.lost({ ...loss, fromNs: loss.fromNs + shiftNs, toNs: loss.toNs + shiftNs });
  }

  /**
   * The source's own events; requests that were also handed over as kernel records are none of them. Gives the operations
   * that these turned out to be, by the ids the source has for them.
   */
  #events({ tape, shiftNs, base }: Lane, beside: PagedNumbers): PagedNumbers {
    const ids = new PagedNumbers(tape.real.store);
    const { events } = tape.real;
    let row = -1;
    for (const { rows, at } of tape.eventRows.blocks())
      for (let i = 0; i < rows; i++) {
        row++;
        const entry = base + beside.get(at.row[i]!) - 1;
        if ((at.op[i] === Op.dma_read || at.op[i] === Op.dma_write) && entry >= base && this.#isTold(entry)) {
          ids.set(at.opId[i]!, this.#opOf(entry) + 1);
          continue;
        }
        for (const name of EVENT_FIELDS) events[name] = at[name][i]!;
        events.timeNs += shiftNs;
        events.commit();
        const extra = tape.extras.get(row);
        if (extra !== undefined) tape.real.extra(extra);
      }
    return ids;
  }

  /** Was the request handed over, or is it told elsewhere? */
  #isTold(entry: number): boolean {
    const { tape, base } = this.#laneOf(entry);
    const event = tape.entries.of(entry - base).event[(entry - base) & MASK]!;
    if (this.#rules.kinds.of(event).id !== ISSUE) return false;
    return !this.#plan.isSkipped(entry) || this.#plan.twin(entry) >= 0;
  }

  #opOf(entry: number): number {
    const twin = this.#plan.twin(entry);
    return this.#plan.op(twin >= 0 ? twin : entry);
  }

  #records({ tape, shiftNs, base }: Lane, beside: PagedNumbers, ids: PagedNumbers): void {
    const { records } = tape.real;
    const tasks = tape.actors.map(({ tid, pid, comm }) => {
      const process = pid >= 0 ? pid : (this.#processes.get(tid) ?? -1);
      return this.#assembler.task(tid, process, this.#met.has(tid) ? this.#nameless : comm);
    });
    let elsewhere = 0;
    for (const { rows, at } of tape.recordRows.blocks())
      for (let i = 0; i < rows; i++) {
        const task = at.task[i]!;
        const opId = at.opId[i]!;
        const row = at.row[i]!;
        const entry = opId >= TOKEN ? opId - TOKEN : beside.get(row) - 1;
        if (entry >= 0 && this.#plan.twin(base + entry) >= 0) elsewhere++;
        records.timeNs = at.timeNs[i]! + shiftNs;
        records.kind = at.kind[i]!;
        records.task = tasks[task - TOKEN] ?? task;
        records.cpu = at.cpu[i]!;
        records.row = row;
        records.opId = opId >= TOKEN ? this.#opOf(base + entry) : opId === 0 ? 0 : opOrOwn(ids.get(opId), opId);
        records.commit();
      }
    const { source } = tape;
    if (source.joined !== undefined) source.joined = { ...source.joined, elsewhere };
  }
}

/** `found` is an operation and 1, or 0 for none. */
const opOrOwn = (found: number, own: number): number => (found === 0 ? own : found - 1);

/** By row of what a source told beside its own events: its entry, and 1. */
function besideOf({ entries, real }: Tape): PagedNumbers {
  const found = new PagedNumbers(real.store);
  for (let entry = 0; entry < entries.length; entry++) {
    const at = entries.of(entry);
    if (at.beside[entry & MASK] === 1) found.set(at.row[entry & MASK]!, entry + 1);
  }
  return found;
}

/** Devices that file system or block events name, and the disks their partitions are on. */
function devicesOf(lanes: readonly Lane[]): Set<number> {
  const found = new Set(lanes.flatMap(({ tape }) => [...tape.devices]));
  // A set hands out what is added while it is gone through.
  for (const device of found)
    for (const { tape } of lanes) for (const disk of tape.disks.get(device) ?? []) found.add(disk);
  return found;
}

// Several recordings of one run as one: read onto tapes, led to one clock, handed in time order to one assembly, which
// therefore leads the requests of a block trace to the files that a file system trace beside it tells of.
import { Assembler } from '../assembly/assembler.js';
import { stableOrder } from '../base/columns.js';
import { WordTable } from '../base/words.js';
import { OWN_EVENTS } from '../model/event-catalogue.js';
import { Op } from '../model/events.js';
import { CLOCKS_UNKNOWN } from '../model/issue.js';
import { KERNEL_EVENTS, kernelEvent, slotPlaces } from '../model/kernel-events.js';
import type { GivenGeometry, TraceSink } from '../model/trace.js';
import { clockOf, type GivenOffset, type Offset, offsets, type Recording, resolutionOf } from './clocks.js';
import { type Lane, type Plan, planOf } from './elsewhere.js';
import { EVENT_FIELDS } from './event-row.js';
import { JoinedSink, type Place } from './joined-sink.js';
import type { AssemblySink } from './sink.js';
import { LOST, newClock, Tape, TOKEN, WIDTHS } from './tape.js';

/** An offset whose error nothing tells is trusted to this. */
const GIVEN_ERROR_NS = 1_000_000;

export class Timeline {
  readonly #recordings: Recording[] = [];
  readonly #words = new WordTable();
  #inputs = 0;
  readonly #xfs: readonly GivenGeometry[];

  constructor(xfs: readonly GivenGeometry[] = []) {
    this.#xfs = xfs;
  }

  /** A recording begins: inputs that one recorder wrote together. */
  begin(): void {
    this.#recordings.push({ tapes: [], clock: newClock(), first: this.#inputs + 1 });
  }

  /** One more input of the recording that began last. */
  input(real: TraceSink & AssemblySink): Tape {
    const { tapes, clock } = this.#recordings.at(-1)!;
    // All values are kept: by them a fact is known again in another recording.
    const tape = new Tape(real, clock, { words: this.#words, reads: () => true });
    tapes.push(tape);
    this.#inputs++;
    return tape;
  }

  /** All is read: writes the trace. Throws a UserError where clocks differ and nothing tells by how much. */
  end(given: readonly GivenOffset[]): void {
    const found = offsets(this.#recordings, given);
    const [first] = this.#recordings;
    const start = this.#recordings.findIndex(({ clock }) => clock.origin !== null);
    const origin = start < 0 ? 0n : this.#recordings[start]!.clock.origin! + found[start]!.offsetNs;
    first?.tapes[0]?.real.origin(origin);
    const lanes = this.#lanes(found, origin);
    const alone = new Set(found.flatMap(({ by }, i) => (by === 'nothing' ? this.#recordings[i]!.tapes : [])));
    this.#assemble(lanes.filter(({ tape }) => !alone.has(tape)));
    for (const { tapes } of this.#recordings) {
      if (!alone.has(tapes[0]!)) continue;
      tapes[0]!.issue(
        CLOCKS_UNKNOWN,
        0,
        `${tapes[0]!.source.name} (clock ${tapes[0]!.source.clock || 'unknown'}) and ${first!.tapes[0]!.source.name} (clock ${clockOf(first!) || 'unknown'}) have nothing in common that tells how their clocks differ: their times stand as they are and the two are assembled apart; give --clock-offset, or record with markers`,
      );
      this.#assemble(lanes.filter(({ tape }) => tapes.includes(tape)));
    }
  }

  #lanes(found: readonly Offset[], origin: bigint): Lane[] {
    const lanes: Lane[] = [];
    let base = 0;
    this.#recordings.forEach((recording, i) => {
      const { offsetNs, errorNs, by, pairs } = found[i]!;
      const shiftNs = recording.clock.origin === null ? 0 : Number(recording.clock.origin + offsetNs - origin);
      for (const tape of recording.tapes) {
        const bound = (errorNs < 0 ? GIVEN_ERROR_NS : errorNs) + resolutionOf(recording);
        lanes.push({ tape, recording: i, shiftNs, errorNs: bound, base });
        base += tape.entries.length;
        tape.source.joined = { by, offsetNs, errorNs, pairs, elsewhere: 0 };
      }
    });
    return lanes;
  }

  #assemble(lanes: readonly Lane[]): void {
    const first = lanes[0];
    if (first === undefined) return;
    let base = 0;
    const own = lanes.map((lane) => {
      const from = base;
      base += lane.tape.entries.length;
      return { ...lane, base: from };
    });
    new Assembly(own, base, this.#words, this.#xfs).run();
  }
}

const REMAP = kernelEvent('block_bio_remap');
const ISSUE = kernelEvent('block_rq_issue');
/** Events that tell of blocks, by which a request can be led to a file; page cache and mappings name devices as well. */
const OF_BLOCKS = /^(xfs|ext4|iomap|dax|block)_/;
/** Places of device numbers among the values of these events. */
const DEVICES = KERNEL_EVENTS.map((event) =>
  event.slots.flatMap((slot, i) => (slot.type === 'd' && OF_BLOCKS.test(event.name) ? [slotPlaces(event)[i]!] : [])),
);

/** Devices that file system or block events name, and the disks their partitions are on. */
function devicesOf(lanes: readonly Lane[]): Set<number> {
  const found = new Set<number>();
  const remaps = new Map<number, Set<number>>();
  for (const { tape } of lanes) {
    const { at, length } = tape.entries;
    for (let i = 0; i < length; i++) {
      const event = at.event[i]!;
      if (event === LOST) continue;
      if (at.beside[i] === 0) for (const place of DEVICES[event]!) found.add(tape.value(i, place));
      if (event === REMAP) {
        const disks = remaps.get(tape.value(i, 5)) ?? new Set();
        remaps.set(tape.value(i, 5), disks.add(tape.value(i, 0)));
      }
    }
  }
  // A set hands out what is added while it is gone through.
  for (const device of found) for (const disk of remaps.get(device) ?? []) found.add(disk);
  return found;
}

class Assembly {
  readonly #lanes: readonly Lane[];
  readonly #plan: Plan;
  readonly #assembler: Assembler;
  /** Lane of each entry. */
  readonly #laneOf: Uint16Array;
  /** Operation of each entry, once it was handed over. */
  readonly #ops: Uint32Array;
  /** Processes of threads, by the recordings that tell them. */
  readonly #processes = new Map<number, number>();
  readonly #met = new Set<number>();
  readonly #nameless: number;

  constructor(lanes: readonly Lane[], entries: number, words: WordTable, xfs: readonly GivenGeometry[]) {
    this.#lanes = lanes;
    this.#plan = planOf(lanes, entries, devicesOf(lanes));
    this.#laneOf = new Uint16Array(entries);
    this.#ops = new Uint32Array(entries);
    this.#nameless = words.text('');
    lanes.forEach(({ tape, base }, i) => {
      this.#laneOf.fill(i, base, base + tape.entries.length);
      const { tid, pid } = tape.entries.view();
      pid.forEach((process, entry) => {
        if (process >= 0 && !this.#processes.has(tid[entry]!)) this.#processes.set(tid[entry]!, process);
      });
    });
    const sink = new JoinedSink(lanes[0]!.tape.real, (row) => this.#place(row));
    this.#assembler = new Assembler(sink, OWN_EVENTS, xfs, words);
  }

  run(): void {
    const { when, skip } = this.#plan;
    const order = stableOrder(when, when.length);
    for (let i = 0; i < when.length; i++) {
      const entry = order === null ? i : order[i]!;
      if (skip[entry] === 0) this.#take(entry);
    }
    for (const lane of this.#lanes) {
      this.#losses(lane);
      this.#records(lane, this.#events(lane));
    }
    this.#assembler.finish();
  }

  /** The assembly knows a record by its entry plus 1. */
  #place(row: number): Place {
    const { tape, base } = this.#lanes[this.#laneOf[row - 1]!]!;
    return { sink: tape.real, row: tape.entries.at.row[row - 1 - base]! };
  }

  // hot
  #take(entry: number): void {
    const { tape, base } = this.#lanes[this.#laneOf[entry]!]!;
    const { at } = tape.entries;
    const i = entry - base;
    const { record } = this.#assembler;
    const timeNs = Math.round(this.#plan.when[entry]!);
    record.row = entry + 1;
    const event = at.event[i]!;
    if (event === LOST) return this.#assembler.lost(timeNs);
    const tid = at.tid[i]!;
    const { v, arrays } = record;
    record.event = event;
    record.timeNs = timeNs;
    record.cpu = at.cpu[i]!;
    record.tid = tid;
    record.pid = at.pid[i]! >= 0 ? at.pid[i]! : (this.#processes.get(tid) ?? -1);
    record.comm = at.comm[i]!;
    const from = at.at[i]!;
    const width = WIDTHS[event]!;
    for (let k = 0; k < v.length; k++) v[k] = k < width ? tape.values.at.value[from + k]! : Number.NaN;
    arrays.length = 0;
    for (const words of tape.arrays.get(i) ?? []) arrays.push([...words]);
    this.#met.add(tid);
    this.#ops[entry] = this.#assembler.take();
  }

  #losses({ tape, shiftNs }: Lane): void {
    for (const loss of tape.losses)
      tape.real.lost({ ...loss, fromNs: loss.fromNs + shiftNs, toNs: loss.toNs + shiftNs });
  }

  /**
   * The source's own events; requests that were also handed over as kernel records are none of them. Gives the operations
   * that these turned out to be, by the ids the source has for them.
   */
  #events({ tape, shiftNs, base }: Lane): Map<number, number> {
    const { at, length } = tape.eventRows;
    const requests = this.#requests(tape, base);
    const ids = new Map<number, number>();
    const { events } = tape.real;
    for (let row = 0; row < length; row++) {
      const entry = requests.get(at.row[row]!);
      if (entry !== undefined && (at.op[row] === Op.dma_read || at.op[row] === Op.dma_write)) {
        ids.set(at.opId[row]!, this.#opOf(entry));
        continue;
      }
      for (const name of EVENT_FIELDS) events[name] = at[name][row]!;
      events.timeNs += shiftNs;
      events.commit();
      const extra = tape.extras.get(row);
      if (extra !== undefined) tape.real.extra(extra);
    }
    return ids;
  }

  /** Entries of requests told beside events, by row: those that were handed over, or are told elsewhere. */
  #requests(tape: Tape, base: number): Map<number, number> {
    const { at, length } = tape.entries;
    const found = new Map<number, number>();
    for (let i = 0; i < length; i++)
      if (at.beside[i] === 1 && at.event[i] === ISSUE && this.#isTold(base + i)) found.set(at.row[i]!, base + i);
    return found;
  }

  readonly #isTold = (entry: number): boolean => this.#plan.skip[entry] === 0 || this.#plan.twin[entry]! >= 0;

  #opOf(entry: number): number {
    const twin = this.#plan.twin[entry]!;
    return this.#ops[twin >= 0 ? twin : entry]!;
  }

  #records({ tape, shiftNs, base }: Lane, ids: ReadonlyMap<number, number>): void {
    const { at, length } = tape.recordRows;
    const { records } = tape.real;
    const rows = this.#rowsElsewhere(tape, base);
    const tasks = tape.actors.map(({ tid, pid, comm }) => {
      const process = pid >= 0 ? pid : (this.#processes.get(tid) ?? -1);
      return this.#assembler.task(tid, process, this.#met.has(tid) ? this.#nameless : comm);
    });
    let elsewhere = 0;
    for (let row = 0; row < length; row++) {
      const task = at.task[row]!;
      const opId = at.opId[row]!;
      const isToken = opId >= TOKEN;
      if (isToken ? this.#plan.twin[base + opId - TOKEN]! >= 0 : rows.has(at.row[row]!)) elsewhere++;
      records.timeNs = at.timeNs[row]! + shiftNs;
      records.kind = at.kind[row]!;
      records.task = tasks[task - TOKEN] ?? task;
      records.cpu = at.cpu[row]!;
      records.row = at.row[row]!;
      records.opId = isToken ? this.#opOf(base + opId - TOKEN) : (ids.get(opId) ?? opId);
      records.commit();
    }
    const { source } = tape;
    if (source.joined !== undefined) source.joined = { ...source.joined, elsewhere };
  }

  /** Rows of what is told beside events and elsewhere. */
  #rowsElsewhere(tape: Tape, base: number): Set<number> {
    const { at, length } = tape.entries;
    const rows = new Set<number>();
    for (let i = 0; i < length; i++) if (at.beside[i] === 1 && this.#plan.twin[base + i]! >= 0) rows.add(at.row[i]!);
    return rows;
  }
}

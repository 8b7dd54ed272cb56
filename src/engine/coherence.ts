// Device memory whose coherence is software's business (coherence=software): who stored into which part of a file, whether it
// was flushed since, and what the other side meets. A flush is fsync, msync, a synchronous write, or the flush of a seal call.
// Only what the trace tells is known: a store into a page that is mapped writable already is no event of it.
import { ExtentMap, State } from '../extents/extent-map.js';
import type { EventColumns } from '../model/events.js';
import { Flag, OP_COUNT, Op } from '../model/events.js';
import { NONE } from '../model/units.js';
import type { Decision } from './decision.js';
import { rangeLength } from './effects.js';
import type { FileStates } from './file-states.js';
import type { Hazards } from './hazards.js';
import type { LanePolicies } from './lane-policies.js';
import type { Prices } from './recipes.js';

/** Memory is handed over in cache lines, bytes. */
const LINE = 64;

/**
 * What is to be said of a line, as the six states that an extent map can hold: stored by the CPU or by a device; then flushed,
 * or met by the other side before it was.
 */
const Mark = {
  cpu: State.written,
  cpuFlushed: State.unwritten,
  cpuMet: State.written | State.reflinked,
  device: State.unwritten | State.reflinked,
  deviceFlushed: State.delalloc,
  deviceMet: State.delalloc | State.reflinked,
} as const;

/** The marks of one side's stores, as the other side cares for them. */
interface Marks {
  readonly stored: number;
  readonly flushed: number;
  readonly met: number;
}
const CPU: Marks = { stored: Mark.cpu, flushed: Mark.cpuFlushed, met: Mark.cpuMet };
const DEVICE: Marks = { stored: Mark.device, flushed: Mark.deviceFlushed, met: Mark.deviceMet };

export interface CoherenceParts {
  readonly columns: EventColumns;
  readonly policies: LanePolicies;
  readonly files: FileStates;
  readonly hazards: Hazards;
  readonly prices: Prices;
}

export class Coherence {
  /** Accesses that took over what the other side had stored. */
  handOvers = 0;
  /** What that cost, by op code, ns. */
  readonly flushNs = new Float64Array(OP_COUNT);
  private readonly c: EventColumns;
  private readonly policies: LanePolicies;
  private readonly files: FileStates;
  private readonly hazards: Hazards;
  private readonly prices: Prices;
  private readonly ofFile = new Map<number, ExtentMap>();

  constructor(parts: CoherenceParts) {
    this.c = parts.columns;
    this.policies = parts.policies;
    this.files = parts.files;
    this.hazards = parts.hazards;
    this.prices = parts.prices;
  }

  /** A call or a fault of the CPU has run; returns what it cost to take over from a device, ns. */
  ran(d: Decision): number {
    const { file, op, flags, row } = d;
    if (!this.isOurs(file) || (flags & (Flag.raw | Flag.gup)) !== 0) return 0;
    if (op === Op.fsync || op === Op.msync) this.flush(file, ...this.span(row));
    const stores = op === Op.write || op === Op.write_fault;
    if (!stores && op !== Op.read && op !== Op.read_fault) return 0;
    const [from, end] = this.span(row);
    const to = d.insideBytes < 0 ? end : from + d.insideBytes;
    const ns = this.access(row, file, from, to, stores ? CPU : null, DEVICE);
    if (op === Op.write && (flags & Flag.sync) !== 0) this.flush(file, from, to);
    return ns;
  }

  /** A device is at work on a range of the file; returns what it cost to take over from the CPU, ns. */
  device(row: number, file: number, from: number, to: number): number {
    if (!this.isOurs(file) || (this.c.flags[row]! & Flag.pagecache) !== 0) return 0;
    const end = Math.min(to, this.hazards.endOf(file));
    return this.access(row, file, from, end, this.c.op[row] === Op.dma_write ? DEVICE : null, CPU);
  }

  /** The CPU copies between the file and a buffer that a device works on; returns what it cost to take over, ns. */
  copied(row: number, file: number, from: number, to: number, stores: boolean): number {
    return this.isOurs(file) ? this.access(row, file, from, to, stores ? CPU : null, DEVICE) : 0;
  }

  /** All that was stored into the file is where both sides see it. */
  flushAll(file: number): void {
    this.flush(file, 0, Number.POSITIVE_INFINITY);
  }

  /** These bytes of the file are others from now on, or none. */
  forget(file: number, from: number, to: number): void {
    const start = Math.floor(from / LINE) * LINE;
    this.ofFile.get(file)?.remove(start, Math.ceil(to / LINE) * LINE - start);
  }

  private isOurs(file: number): boolean {
    return file !== NONE && this.policies.of(file).behaviour.coherence === 'software';
  }

  /** The bytes that a row is about: all there is of the file where it names none. */
  private span(row: number): [number, number] {
    const length = rangeLength(this.c, this.files, row);
    const from = Math.max(0, this.c.offset[row]!);
    return [from, length >= 0 ? from + length : Number.POSITIVE_INFINITY];
  }

  /** `stores`: what the access leaves behind, null for nothing; `other`: the side it may take over from. */
  private access(row: number, file: number, from: number, to: number, stores: Marks | null, other: Marks): number {
    if (!(to > from)) return 0;
    const start = Math.floor(from / LINE) * LINE;
    const end = Math.ceil(to / LINE) * LINE;
    const map = this.ofFile.get(file) ?? new ExtentMap(LINE);
    this.ofFile.set(file, map);
    const taken = this.takeOver(map, start, end, other);
    if (taken.lacking > 0) this.hazards.addIncoherent(row, taken.lacking, file, taken.first);
    if (stores !== null && Number.isFinite(end)) mark(map, start, end, stores.stored);
    if (taken.bytes === 0) return 0;
    const ns = this.prices.price('flush', taken.bytes);
    this.handOvers++;
    this.flushNs[this.c.op[row]!]! += ns;
    return ns;
  }

  private takeOver(map: ExtentMap, start: number, end: number, { stored, flushed, met }: Marks) {
    const found = { bytes: 0, lacking: 0, first: -1 };
    for (const { from, to, state } of marksIn(map, start, end)) {
      if (state !== flushed && state !== stored && state !== met) continue;
      if (state !== met) found.bytes += to - from;
      if (state !== flushed) {
        if (found.lacking === 0) found.first = from;
        found.lacking += to - from;
      }
      if (state === flushed) map.remove(from, to - from);
      else mark(map, from, to, met);
    }
    return found;
  }

  private flush(file: number, from: number, to: number): void {
    const map = this.ofFile.get(file);
    if (map === undefined) return;
    for (const part of marksIn(map, Math.floor(from / LINE) * LINE, Math.ceil(to / LINE) * LINE))
      for (const { stored, flushed, met } of [CPU, DEVICE])
        if (part.state === stored) mark(map, part.from, part.to, flushed);
        else if (part.state === met) map.remove(part.from, part.to - part.from);
  }
}

interface Marked {
  readonly from: number;
  readonly to: number;
  readonly state: number;
}

/** The marks of a range, cut to it: the map may be changed meanwhile. */
function marksIn(map: ExtentMap, from: number, to: number): readonly Marked[] {
  const marks: Marked[] = [];
  for (let at = map.seek(from); at >= 0 && map.offset(at) < to; at = map.next(at)) {
    const end = Math.min(to, map.offset(at) + map.length(at));
    marks.push({ from: Math.max(from, map.offset(at)), to: end, state: map.state(at) });
  }
  return marks;
}

/** Neighbours of one mark are one extent: its address is its offset. */
const mark = (map: ExtentMap, from: number, to: number, state: number): void => {
  if (to > from) map.insert(from, to - from, from, state);
};

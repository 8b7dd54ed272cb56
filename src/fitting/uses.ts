// What a recording's threads did, as a model needs it: one use per operation, holds with their length and what devices did
// through them, and what each operation met in the file's map.
import {
  type EventColumns,
  FLAGS,
  Flag,
  type FlagName,
  isObservation,
  OPS,
  Op,
  type OpName,
  opSet,
} from '../model/events.js';
import type { Trace } from '../model/trace.js';
import { type Bytes, type Nanos, NONE, UNKNOWN, UNKNOWN_RESULT } from '../model/units.js';
import type { CaseName, Forgets } from '../workloads/modelled/model.js';
import { Met } from './met.js';
import type { Access, HoldUse, MapsAt, Use, Uses } from './use.js';

const LEFT_OUT = opSet(['fork', 'mount', 'umount', 'crash', 'seal', 'unseal']);
const RELEASES: Readonly<Partial<Record<OpName, OpName>>> = {
  mmap: 'munmap',
  pin: 'unpin',
  register: 'deregister',
  lease: 'lease_release',
  layout_get: 'layout_return',
  swapon: 'swapoff',
  open: 'close',
};
const IS_RELEASE = opSet(Object.values(RELEASES));
const KNOWS = opSet(['map_reset', 'map_known']);
const IS_ACCESS = opSet(['dma_read', 'dma_write']);
/** Devices go through these without naming them. */
const FOR_DEVICES = opSet(['pin', 'register']);
/** Flags that tell how something was seen, or what came of it; a model keeps the others, which tell what was asked for. */
const SEEN = new Set<FlagName>([
  ...(['synthetic', 'second', 'killed', 'observed', 'unwritten', 'delalloc', 'reflinked'] as const),
  ...(['moved', 'attributes', 'unknown', 'dax', 'meta'] as const),
]);
const KEPT = FLAGS.reduce((bits, name) => (SEEN.has(name) ? bits : bits | Flag[name]), 0);

export function readUses(trace: Trace, maps: MapsAt): Uses {
  return new Reader(trace, maps).run();
}

/** What was done, where: of a row, or in its stead. */
interface What extends Pick<Use, 'op' | 'flags' | 'file' | 'offset' | 'length'> {
  readonly met: CaseName;
}

class Reader {
  readonly #c: EventColumns;
  readonly #pids: readonly number[];
  readonly #maps: MapsAt;
  readonly #uses: Use[] = [];
  /** By task: its last use. */
  readonly #lastOf = new Map<number, Use>();
  readonly #exits: { task: number; killed: boolean; timeNs: Nanos }[] = [];
  readonly #leftOut: Record<string, number> = {};
  readonly #live = new Map<number, HoldUse>();
  /** By file: pins and registrations that are alive. */
  readonly #devices = new Map<number, Set<HoldUse>>();
  /** By file: mappings that are alive. */
  readonly #mapped = new Map<number, Set<HoldUse>>();
  readonly #used = new Set<number>();
  readonly #forgotten = new Map<number, Forgets>();
  /** Files whose map is known, and those of them that were not used since it is. */
  readonly #known = new Set<number>();
  readonly #learnt = new Set<number>();
  readonly #met: Met;
  #lastOpId = 0;
  #access: { readonly opId: number; readonly access: Access } | null = null;

  constructor(trace: Trace, maps: MapsAt) {
    this.#c = trace.columns;
    this.#met = new Met(trace.columns, maps);
    this.#pids = trace.tasks.map(({ pid }) => pid);
    this.#maps = maps;
  }

  run(): Uses {
    for (let row = 0; row < this.#c.rows; row++) this.#row(row);
    return { uses: this.#uses, exits: this.#exits, leftOut: this.#leftOut };
  }

  #row(row: number): void {
    const c = this.#c;
    const op = c.op[row]!;
    if (isObservation(op, c.flags[row]!)) return this.#observe(row);
    if (op === Op.exit) this.#exit(row);
    else if ((c.flags[row]! & Flag.second) !== 0) this.#second(row);
    else if (LEFT_OUT[op] === 1 || c.file[row] === NONE) this.#leave(op);
    else if (IS_RELEASE[op] === 1 && this.#live.has(c.handle[row]!)) this.#release(row);
    else if (IS_ACCESS[op] === 1 && this.#accessed(row)) return;
    else this.#use(row);
  }

  #observe(row: number): void {
    const c = this.#c;
    const file = c.file[row]!;
    if (file === NONE) return;
    if (c.task[row] !== NONE && !this.#met.isOfCall(row)) this.#unasked(row);
    this.#know(file, c.op[row]!, c.flags[row]!);
    if (!this.#used.has(file)) return;
    if (c.op[row] === Op.map_unknown) this.#forgotten.set(file, 'map');
    else if (c.op[row] === Op.file && c.length[row]! < 0 && !this.#forgotten.has(file))
      this.#forgotten.set(file, 'size');
  }

  #know(file: number, op: number, flags: number): void {
    const comes = KNOWS[op] === 1 || (op === Op.file && (flags & Flag.unknown) === 0);
    if (comes && !this.#known.has(file)) this.#learnt.add(file);
    if (comes) this.#known.add(file);
    else if (op === Op.map_unknown) this.#known.delete(file);
  }

  /** What changed a map without a call is a use of its own. */
  #unasked(row: number): void {
    const c = this.#c;
    if (c.op[row] === Op.map_remove) {
      const source = this.#met.freed(row);
      if (source >= 0)
        this.#add(row, { op: Op.extent, flags: 0, met: 'shared', file: source, offset: 0, length: UNKNOWN });
    }
    if (c.op[row] !== Op.map_insert && c.op[row] !== Op.extent) return;
    const met = this.#met.appeared(row);
    if (met === null) return;
    const [file, offset, length] = [c.file[row]!, c.offset[row]!, c.length[row]!];
    const flags = c.flags[row]! & Flag.unwritten;
    const last = this.#lastOf.get(c.task[row]!);
    const goesOn = last?.op === Op.extent && last.file === file && last.offset + last.length === offset;
    if (goesOn && last.case === met && last.flags === flags) last.length += length;
    else this.#add(row, { op: Op.extent, flags, met, file, offset, length });
  }

  #leave(op: number): void {
    const name = OPS[op]!;
    this.#leftOut[name] = (this.#leftOut[name] ?? 0) + 1;
  }

  #use(row: number): void {
    const c = this.#c;
    const [file, offset, length] = [c.file[row]!, c.offset[row]!, c.length[row]!];
    const size = this.#maps.size(file, c.timeNs[row]! - 1);
    this.#lastOpId = c.opId[row]!;
    const met = this.#met.case(row, size);
    this.#met.done(this.#add(row, { op: c.op[row]!, flags: c.flags[row]! & KEPT, met, file, offset, length }));
  }

  #add(row: number, { op, flags, met, file, offset, length }: What): Use {
    const c = this.#c;
    const size = this.#maps.size(file, c.timeNs[row]! - 1);
    const result = c.result[row]!;
    const errno = result < 0 && result !== UNKNOWN_RESULT ? result : 0;
    const held = this.#held(row, file);
    const use: Use = {
      timeNs: c.timeNs[row]!,
      op,
      flags,
      file,
      task: c.task[row]!,
      offset,
      length,
      errno,
      latencyNs: c.latencyNs[row]!,
      case: met,
      size,
      other: -1,
      hold: errno === 0 ? this.#acquire(row, size) : null,
      ...held,
      forgotten: this.#forgotten.get(file) ?? 'nothing',
      learnt: this.#learnt.delete(file),
    };
    this.#forgotten.delete(file);
    this.#used.add(file);
    this.#uses.push(use);
    this.#lastOf.set(use.task, use);
    return use;
  }

  /** Who had it when the operation came. */
  #held(row: number, file: number): Pick<Use, 'mapped' | 'pinned' | 'pinnedHere'> {
    const task = this.#c.task[row]!;
    const pid = this.#pids[this.#c.task[row]!] ?? -1;
    let mapped = false;
    for (const one of this.#mapped.get(file) ?? []) if (one.pid !== pid) mapped = true;
    const devices = this.#devices.get(file);
    let pinnedHere = false;
    for (const one of devices ?? []) if (one.task === task) pinnedHere = true;
    return { mapped, pinned: (devices?.size ?? 0) > 0, pinnedHere };
  }

  #acquire(row: number, size: Bytes): HoldUse | null {
    const c = this.#c;
    const op = c.op[row]!;
    const release = RELEASES[OPS[op]!];
    const handle = c.handle[row]!;
    if (release === undefined || handle === 0) return null;
    const file = c.file[row]!;
    const hold: HoldUse = {
      handle,
      timeNs: c.timeNs[row]!,
      file,
      task: c.task[row]!,
      pid: this.#pids[c.task[row]!] ?? -1,
      offset: Math.max(0, c.offset[row]!),
      length: c.length[row]! < 0 ? Math.max(0, size) : c.length[row]!,
      endNs: UNKNOWN,
      release,
      left: c.length[row]! < 0 ? 0 : c.length[row]!,
      accesses: [],
    };
    // A lease that becomes one of another kind.
    const before = this.#live.get(handle);
    if (before !== undefined) this.#forget(before);
    this.#live.set(handle, hold);
    if (FOR_DEVICES[op] === 1) holdsOf(this.#devices, file).add(hold);
    if (op === Op.mmap) holdsOf(this.#mapped, file).add(hold);
    return hold;
  }

  /** A mapping may be given back in parts. */
  #release(row: number): void {
    const c = this.#c;
    const hold = this.#live.get(c.handle[row]!)!;
    const length = c.length[row]!;
    hold.left -= length < 0 ? hold.left : length;
    if (hold.left > 0) this.#leave(c.op[row]!);
    else this.#ended(hold, c.timeNs[row]!);
  }

  #ended(hold: HoldUse, endNs: Nanos): void {
    hold.endNs = endNs;
    this.#forget(hold);
  }

  #forget(hold: HoldUse): void {
    this.#live.delete(hold.handle);
    this.#devices.get(hold.file)?.delete(hold);
    this.#mapped.get(hold.file)?.delete(hold);
  }

  /** True where it went through a hold. */
  #accessed(row: number): boolean {
    const c = this.#c;
    const hold = this.#live.get(c.handle[row]!) ?? this.#covering(row);
    if (hold === undefined) return false;
    this.#lastOpId = 0;
    const access = { timeNs: c.timeNs[row]!, bytes: Math.max(0, c.length[row]!), write: c.op[row] === Op.dma_write };
    hold.accesses.push(access);
    this.#access = { opId: c.opId[row]!, access };
    return true;
  }

  /** The next piece of an access through a hold. */
  #continued(row: number): boolean {
    const c = this.#c;
    if (this.#access === null || this.#access.opId !== c.opId[row] || c.opId[row] === 0) return this.#accessed(row);
    this.#access.access.bytes += Math.max(0, c.length[row]!);
    return true;
  }

  #covering(row: number): HoldUse | undefined {
    const c = this.#c;
    const offset = c.offset[row]!;
    for (const hold of this.#devices.get(c.file[row]!) ?? [])
      if (offset >= hold.offset && offset < hold.offset + hold.length) return hold;
    return undefined;
  }

  /** The second file of an operation, or the next piece of a device's transfer. */
  #second(row: number): void {
    const c = this.#c;
    const last = this.#uses.at(-1);
    const belongs = last !== undefined && this.#lastOpId !== 0 && this.#lastOpId === c.opId[row];
    if (IS_ACCESS[c.op[row]!] === 1 && this.#continued(row)) return;
    // Counted with its first row.
    if (LEFT_OUT[c.op[row]!] === 1) return;
    if (!belongs || c.file[row] === NONE) this.#leave(c.op[row]!);
    else if (IS_ACCESS[c.op[row]!] === 1) last.length += Math.max(0, c.length[row]!);
    else {
      last.other = c.file[row]!;
      this.#met.cloned(last, last.other);
    }
  }

  #exit(row: number): void {
    const c = this.#c;
    const task = c.task[row]!;
    this.#exits.push({ task, killed: (c.flags[row]! & Flag.killed) !== 0, timeNs: c.timeNs[row]! });
    for (const hold of [...this.#live.values()]) if (hold.pid === this.#pids[task]) this.#forget(hold);
  }
}

function holdsOf(files: Map<number, Set<HoldUse>>, file: number): Set<HoldUse> {
  const known = files.get(file);
  if (known !== undefined) return known;
  const made = new Set<HoldUse>();
  files.set(file, made);
  return made;
}

// Devices at work in one lane: accesses through a hold of the trace, whose target was fixed when it was taken, and accesses
// as a kernel recorded them, which are intervals whose range may be taken away while they last.
import type { EventColumns } from '../model/events.js';
import { Flag, Op } from '../model/events.js';
import { Case, Hold, MASKS, type Policy, Verdict } from '../model/policy.js';
import type { Claims } from './claims.js';
import type { Coherence } from './coherence.js';
import type { Decision } from './decision.js';
import type { Buffered } from './endings.js';
import type { FileStates } from './file-states.js';
import type { Hazards } from './hazards.js';
import type { HoldTable } from './holds.js';
import type { LanePolicies } from './lane-policies.js';
import { Later, type TimeQueue } from './queue.js';
import type { Prices } from './recipes.js';

interface Access {
  readonly row: number;
  readonly endNs: number;
  readonly removals: number;
  hazard: boolean;
}

/** What a lane did to files, as far as devices care. */
export class Touches {
  private readonly interfered: Int32Array;
  private readonly bit: number;

  /** `interfered`: by file, lanes that refused, delayed or announced a change that the recording just made. */
  constructor(interfered: Int32Array, lane: number) {
    this.interfered = interfered;
    this.bit = 1 << lane;
  }

  interfere(file: number): void {
    this.interfered[file]! |= this.bit;
  }

  hasInterfered(file: number): boolean {
    return (this.interfered[file]! & this.bit) !== 0;
  }
}

/** The lane's parts that accesses work on. */
export interface AccessParts {
  readonly columns: EventColumns;
  readonly policies: LanePolicies;
  /** The policy the trace was recorded under. */
  readonly kernel: Policy;
  readonly prices: Prices;
  readonly files: FileStates;
  readonly holds: HoldTable;
  readonly claims: Claims;
  readonly hazards: Hazards;
  readonly queue: TimeQueue;
  readonly touches: Touches;
  /** Null where hardware keeps device memory coherent. */
  readonly coherence: Coherence | null;
  readonly diverge: (opId: number) => void;
}

export class Accesses {
  deviceRefaults = 0;
  /** Accesses to a buffer that stands for a refused pin. */
  bounced = 0;
  private readonly c: EventColumns;
  private readonly policies: LanePolicies;
  private readonly kernel: Policy;
  private readonly claims: Claims;
  private readonly prices: Prices;
  private readonly files: FileStates;
  private readonly holds: HoldTable;
  private readonly hazards: Hazards;
  private readonly queue: TimeQueue;
  private readonly touches: Touches;
  private readonly coherence: Coherence | null;
  private readonly lane: { readonly diverge: (opId: number) => void };
  private readonly recorded: boolean;
  private readonly accesses = new Map<number, Access[]>();
  /** `opId` of accesses already counted as stale. */
  private readonly stale = new Set<number>();

  constructor(parts: AccessParts) {
    this.c = parts.columns;
    this.policies = parts.policies;
    this.kernel = parts.kernel;
    this.claims = parts.claims;
    this.prices = parts.prices;
    this.files = parts.files;
    this.holds = parts.holds;
    this.hazards = parts.hazards;
    this.queue = parts.queue;
    this.touches = parts.touches;
    this.coherence = parts.coherence;
    this.lane = parts;
    this.recorded = parts.policies.recorded;
  }

  /** Through a hold of the trace: what it names was fixed when it was taken. Returns what a device fault and a flush cost, ns. */
  through(row: number, handle: number, nowNs: number): number {
    const { c, holds } = this;
    const buffered = this.claims.endings.buffers.get(handle);
    if (buffered !== undefined) return this.copy(row, buffered);
    if (!this.hazards.knows(handle)) {
      // Refused in this lane: there is no access, where the recording had one. Given back in the trace itself: neither had.
      if (!this.recorded && this.claims.endings.endedNs(handle) < 0) this.lane.diverge(c.opId[row]!);
      return 0;
    }
    const at = holds.byHandle(handle);
    const paged = this.pages(handle);
    // Of the recorded run nobody saw when the device lost its translation: it had one that was right.
    const refault = paged && (this.recorded || holds.stale[at] === 1);
    if (refault) {
      holds.stale[at] = 0;
      if (!this.recorded) this.deviceRefaults++;
      this.hazards.capture(handle, holds.file[at]!, holds.offset[at]!, holds.length[at]!);
    }
    const isStale = this.hazards.through(row, handle, nowNs);
    // What is the file's no more is handed over to nobody.
    const range = this.coherence === null || isStale ? null : this.hazards.rangeThrough(row, handle);
    const flushNs = range === null ? 0 : this.coherence!.device(row, range.file, range.offset, range.end);
    return flushNs + (refault && !this.recorded ? this.prices.price('refault') : 0);
  }

  /** The device works on a buffer; what it reads the CPU has copied there, what it writes the CPU copies to the file. */
  private copy(row: number, { file, offset, length }: Buffered): number {
    const { c } = this;
    const from = c.offset[row]! >= 0 ? Math.max(offset, c.offset[row]!) : offset;
    const asked = c.length[row]! >= 0 ? Math.max(0, c.offset[row]!) + c.length[row]! : offset + length;
    const bytes = Math.max(0, Math.min(asked, offset + length, this.hazards.endOf(file)) - from);
    this.bounced++;
    const stores = c.op[row] === Op.dma_write;
    const flushNs = this.coherence?.copied(row, file, from, from + bytes, stores) ?? 0;
    return flushNs + this.prices.price(stores ? 'write' : 'read', bytes);
  }

  /** Does the device behind a handle fault instead of going on with what it knew? */
  private pages(handle: number): boolean {
    const { holds } = this;
    const at = holds.byHandle(handle);
    return at >= 0 && (this.policies.of(holds.file[at]!).pagedMask & (1 << holds.kind[at]!)) !== 0;
  }

  /** As a kernel recorded it: an interval. Stale when its range is taken away while it lasts. Returns what a flush costs, ns. */
  seen(row: number, file: number, flags: number, nowNs: number): number {
    const { c } = this;
    const moved = (flags & Flag.moved) !== 0;
    if (this.recorded) {
      if (moved && this.firstMoved(row) === row)
        this.hazards.add(row, this.bytesMoved(row), file, c.offset[row]!, -1, 0);
      return 0;
    }
    const endNs = nowNs + Math.max(0, c.latencyNs[row]!);
    const list = this.accesses.get(file) ?? [];
    list.push({ row, endNs, removals: this.files.removalsOf(file), hazard: false });
    this.accesses.set(file, list);
    this.queue.add(endNs, Later.accessEnd, row);
    return this.coherence === null || (flags & Flag.second) !== 0 ? 0 : this.handOver(row, this.coherence);
  }

  /** All parts of one access; its rows stand together. */
  private handOver(row: number, coherence: Coherence): number {
    const { c } = this;
    let ns = 0;
    for (let i = row; i < c.rows && (i === row || (c.opId[row] !== 0 && c.opId[i] === c.opId[row])); i++)
      if (c.offset[i]! >= 0 && c.length[i]! > 0)
        ns += coherence.device(i, c.file[i]!, c.offset[i]!, c.offset[i]! + c.length[i]!);
    return ns;
  }

  /** A process goes to the blocks by itself: stale when it starts, or when its range moves before it ends. */
  raw(d: Decision, nowNs: number): void {
    const found = this.hazards.raw(d.row, d.pid, nowNs);
    if (found === 'diverged') this.lane.diverge(d.opId);
    if (found !== 'fresh') return;
    const endNs = nowNs + Math.max(0, this.c.latencyNs[d.row]!);
    if (endNs > nowNs) this.queue.add(endNs, Later.rawEnd, d.row);
  }

  rawEnd(row: number, pid: number, nowNs: number): void {
    this.hazards.raw(row, pid, nowNs);
  }

  /** Bytes of all moved parts of one access; its rows stand together. */
  private bytesMoved(row: number): number {
    const { c } = this;
    let bytes = 0;
    for (let i = row; i < c.rows && c.opId[i] === c.opId[row]; i++)
      if ((c.flags[i]! & Flag.moved) !== 0) bytes += c.length[i]!;
    return bytes;
  }

  /** First row of the same access whose target moved. */
  private firstMoved(row: number): number {
    const { c } = this;
    let first = row;
    for (let i = row - 1; i >= 0 && c.opId[i] === c.opId[row]; i--) if ((c.flags[i]! & Flag.moved) !== 0) first = i;
    return first;
  }

  end(row: number): void {
    const { c } = this;
    const file = c.file[row]!;
    const list = this.accesses.get(file);
    const at = list?.findIndex((a) => a.row === row) ?? -1;
    if (list === undefined || at < 0) return;
    const [access] = list.splice(at, 1);
    if (list.length === 0) this.accesses.delete(file);
    // What the recording saw move has moved here too, if this lane let the change through.
    const asRecorded = !this.touches.hasInterfered(file) || this.files.removalsOf(file) !== access!.removals;
    if ((c.flags[row]! & Flag.moved) !== 0 && !access!.hazard && asRecorded && !this.countedElsewhere(row)) {
      const first = this.firstMoved(row);
      this.staleAccess(access!, first, this.bytesMoved(first));
    }
  }

  /** Is a device at work on any file, as far as a kernel recorded it? */
  get any(): boolean {
    return this.accesses.size > 0;
  }

  /** Is a device at work on the file, as far as a kernel recorded it? */
  atWork(file: number): boolean {
    return this.accesses.size > 0 && (this.accesses.get(file)?.length ?? 0) > 0;
  }

  private countedElsewhere(row: number): boolean {
    return this.stale.has(this.c.opId[row]!);
  }

  private staleAccess(access: Access, row: number, bytes: number): void {
    const { c } = this;
    access.hazard = true;
    this.stale.add(c.opId[access.row]!);
    // A device that faults is told of the change and asks again.
    if (this.policies.of(c.file[row]!).devicePages === true) {
      this.deviceRefaults++;
      return;
    }
    this.hazards.add(row, bytes, c.file[row]!, c.offset[row]!, -1, 0);
  }

  /** A call takes blocks away that devices are at work on, and nothing here makes it wait. */
  freed(d: Decision): void {
    for (const { access, bytes } of this.met(d))
      if (!this.countedElsewhere(access.row)) this.staleAccess(access, access.row, bytes);
  }

  /** Row of the first that it would; -1 for none. */
  meets(d: Decision): number {
    return d.frees ? (this.met(d)[0]?.access.row ?? -1) : -1;
  }

  /**
   * Accesses under way whose range a call takes away. Only where the recorded kernel made it wait does that have to be worked
   * out; elsewhere the recording itself shows what moved (`end`).
   */
  private met(d: Decision): readonly { readonly access: Access; readonly bytes: number }[] {
    const { c } = this;
    const { row, op, operationCase, file, second, timeNs } = d;
    const target = operationCase === Case.reflink_target && second >= 0 ? second : row;
    const victim = operationCase === Case.reflink_target && second >= 0 ? c.file[second]! : file;
    const list = this.accesses.get(victim);
    if (list === undefined || list.length === 0) return [];
    if (this.kernel.verdictOther[operationCase * MASKS + (1 << Hold.pin)] !== Verdict.wait) return [];
    const from = op === Op.truncate ? c.length[row]! : op === Op.open ? 0 : Math.max(0, c.offset[target]!);
    const toTheEnd =
      op === Op.truncate || op === Op.open || op === Op.collapse || op === Op.insert || c.length[target]! < 0;
    const to = toTheEnd ? Number.POSITIVE_INFINITY : from + c.length[target]!;
    return list.flatMap((access) => {
      if (access.hazard || access.endNs <= timeNs || this.countedElsewhere(access.row)) return [];
      const start = c.offset[access.row]!;
      const bytes = Math.min(to, start + c.length[access.row]!) - Math.max(from, start);
      return bytes > 0 ? [{ access, bytes }] : [];
    });
  }
}

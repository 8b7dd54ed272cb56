// Claims on files in one lane: holds taken and released, seals called where the plan says, leases broken, waits for pins.
import type { EventColumns } from '../model/events.js';
import { Flag, Op } from '../model/events.js';
import { CASES, Hold, type HoldName, type Policy, Verdict } from '../model/policy.js';
import { NONE } from '../model/units.js';
import type { Decision } from './decision.js';
import type { Hazards } from './hazards.js';
import type { HoldTable } from './holds.js';
import type { EngineInput } from './input.js';
import { Later, type TimeQueue } from './queue.js';
import { EndedBy, pidAt, requestedBy, SealHere, type SealPlan } from './seal-plan.js';
import type { Seals } from './seals.js';

const DEVICE_HOLDS = (1 << Hold.pin) | (1 << Hold.registration);
/** What a recall asks back. */
const RECALLED = (1 << Hold.lease) | (1 << Hold.layout);

export class Claims {
  /** Operations that still wait when the trace ends. */
  stillWaiting = 0;
  /** The last `waitFor` found nothing in the trace that ends it. */
  endless = false;
  private readonly c: EventColumns;
  private readonly input: EngineInput;
  private readonly policy: Policy;
  private readonly plan: SealPlan;
  private readonly holds: HoldTable;
  private readonly seals: Seals;
  private readonly hazards: Hazards;
  private readonly queue: TimeQueue;
  /** By file: seals given back that stay for its pins (`untilLastPin`). */
  private readonly lingering = new Map<number, number[]>();
  /** Marks of files that a resize spoiled (`spoils`). */
  private readonly spoiled: number[] = [];

  constructor(
    input: EngineInput,
    policy: Policy,
    plan: SealPlan,
    holds: HoldTable,
    seals: Seals,
    hazards: Hazards,
    queue: TimeQueue,
  ) {
    this.c = input.columns;
    this.input = input;
    this.policy = policy;
    this.plan = plan;
    this.holds = holds;
    this.seals = seals;
    this.hazards = hazards;
    this.queue = queue;
  }

  /** How long a blocked operation waits for what is in its way. */
  waitFor(file: number, verdict: number, timeNs: number): number {
    const { holds } = this;
    this.endless = false;
    const extended = this.policy.seal?.untilLastPin === true ? DEVICE_HOLDS : 0;
    const kinds = verdict === Verdict.wait ? DEVICE_HOLDS : RECALLED | extended;
    const limit =
      verdict === Verdict.recall
        ? timeNs + (this.policy.breaks?.limitNs ?? Number.POSITIVE_INFINITY)
        : Number.POSITIVE_INFINITY;
    let until = timeNs;
    for (let at = holds.of(file); at >= 0; at = holds.after(at)) {
      if ((kinds & (1 << holds.kind[at]!)) === 0) continue;
      until = Math.max(until, Math.min(holds.endNs[at]!, limit));
    }
    if (verdict === Verdict.recall) {
      this.startBreak(file, timeNs);
      until = this.nextLook(timeNs, until);
    }
    if (until === Number.POSITIVE_INFINITY) {
      // Nothing in the trace ends it: it still waits when the trace ends.
      this.stillWaiting++;
      this.endless = true;
      until = Math.max(timeNs, this.input.endNs);
    }
    return until - timeNs;
  }

  /** Who polls notices at its next look that the holder is gone. */
  private nextLook(fromNs: number, untilNs: number): number {
    const { pollNs } = this.policy.breaks ?? {};
    return pollNs === undefined || untilNs === Number.POSITIVE_INFINITY
      ? untilNs
      : fromNs + Math.ceil((untilNs - fromNs) / pollNs) * pollNs;
  }

  /** Leases of the file are asked back; who has not let go at the limit loses it then. */
  startBreak(file: number, timeNs: number): void {
    const { holds } = this;
    const limitNs = timeNs + (this.policy.breaks?.limitNs ?? Number.POSITIVE_INFINITY);
    for (let at = holds.of(file); at >= 0; at = holds.after(at)) {
      if ((RECALLED & (1 << holds.kind[at]!)) === 0 || holds.endNs[at]! <= limitNs || holds.stale[at] === 1) continue;
      holds.stale[at] = 1;
      // The time runs from the first break: whoever comes later waits for the rest of it.
      holds.endNs[at] = limitNs;
      if (limitNs <= this.input.endNs) this.queue.add(limitNs, Later.dropHold, holds.handle[at]!);
    }
  }

  breakHold(handle: number, timeNs: number): void {
    const at = this.holds.byHandle(handle);
    if (at < 0) return;
    this.seals.ended(at, timeNs, EndedBy.broken);
    this.holds.remove(at);
  }

  revoke(file: number): void {
    const { holds } = this;
    for (let at = holds.of(file); at >= 0; at = holds.after(at))
      if (holds.kind[at] === Hold.registration || holds.kind[at] === Hold.translation) holds.stale[at] = 1;
  }

  sealBefore(row: number, file: number, timeNs: number): number {
    const here = this.plan.atRow[row]!;
    const first = this.plan.wholeTrace[file] === 1;
    this.seals.idle(file, timeNs);
    if ((here & SealHere.callBefore) === 0 && !first && this.c.op[row] !== Op.seal) return 0;
    const { seal } = this.policy;
    // What the trace asks for by itself is not asked for twice.
    if (seal?.taken !== 'call' || this.requested(file, seal.hold)) return 0;
    return this.seals.call(file, pidAt(this.input, row), this.c.task[row]!, row, timeNs);
  }

  private requested(file: number, hold: HoldName): boolean {
    return (this.plan.requested[file]! & (1 << Hold[hold])) !== 0;
  }

  /** Takes and gives back what the operation holds. */
  take(d: Decision): void {
    const { c, plan } = this;
    const { row, op, file, timeNs, pid } = d;
    const handle = c.handle[row]!;
    const endNs = handle === 0 ? Number.POSITIVE_INFINITY : plan.endNs[handle]!;
    const direct = (plan.atRow[row]! & SealHere.direct) !== 0;
    const offset = (c.flags[row]! & Flag.whole) !== 0 ? 0 : Math.max(0, c.offset[row]!);
    const length = (c.flags[row]! & Flag.whole) !== 0 || c.length[row]! < 0 ? Number.MAX_SAFE_INTEGER : c.length[row]!;
    const add = (kind: number): number =>
      this.holds.add(kind, file, pid, c.task[row]!, handle, timeNs, endNs, offset, length, row);
    switch (op) {
      case Op.mmap:
        if (direct && this.policy.seal?.taken === 'mapping' && !this.requested(file, this.policy.seal.hold)) {
          const at = add(Hold[this.policy.seal.hold]);
          this.seals.taken(at);
        }
        if (direct) this.seals.use(file, handle, pid);
        return;
      case Op.pin:
      case Op.register: {
        const at = add(op === Op.pin ? Hold.pin : Hold.registration);
        this.hazards.capture(at, file, offset, length);
        if (op === Op.register && this.policy.seal?.taken === 'registration') this.seals.taken(at);
        this.seals.use(file, handle, pid);
        return;
      }
      case Op.swapon:
      case Op.lease:
      case Op.layout_get:
      case Op.address_query: {
        const kind = requestedBy(op, c.flags[row]!);
        if (kind >= 0 && (this.policy.requestMask & (1 << kind)) !== 0) this.claimed(add(kind), file, offset, length);
        return;
      }
      case Op.munmap:
      case Op.unpin:
      case Op.deregister:
      case Op.swapoff:
        // Part of a mapping may go; the plan says when the last of it does.
        if (handle !== 0 && plan.endNs[handle]! <= timeNs) this.giveBack(handle, file, timeNs);
        return;
      case Op.lease_release:
      case Op.layout_return:
        if (handle !== 0) this.giveBack(handle, file, timeNs);
        return;
      case Op.mount:
        for (const at of this.spoiled.splice(0)) this.holds.remove(at);
        return;
      case Op.unseal:
        this.seals.unseal(file, timeNs, EndedBy.unseal);
        return;
      case Op.exit:
        this.exit(pid, timeNs, (c.flags[row]! & Flag.killed) !== 0);
        return;
      default:
    }
  }

  /** A claim of the trace: a device may work through it, and where it is what the policy calls a seal, it is one. */
  private claimed(at: number, file: number, offset: number, length: number): void {
    this.hazards.capture(at, file, offset, length);
    if (this.policy.seal !== null && this.holds.kind[at] === Hold[this.policy.seal.hold]) this.seals.taken(at);
  }

  /** The file answers from now on as the policy says of a spoiled one, until the next mount. */
  spoil(d: Decision): void {
    const { spoils } = this.policy;
    if (spoils === undefined || d.file === NONE || d.operationCase < 0) return;
    if (!spoils.cases.includes(CASES[d.operationCase]!) || this.holds.count(d.file, Hold[spoils.hold]) > 0) return;
    const task = this.c.task[d.row]!;
    const never = Number.POSITIVE_INFINITY;
    const whole = Number.MAX_SAFE_INTEGER;
    this.spoiled.push(this.holds.add(Hold[spoils.hold], d.file, -1, task, 0, d.timeNs, never, 0, whole, d.row));
  }

  /** What the trace gives back ends, unless it is a seal that stays for the pins of the file. */
  private giveBack(handle: number, file: number, timeNs: number): void {
    const { holds, policy } = this;
    const at = holds.byHandle(handle);
    const lingers =
      at >= 0 &&
      policy.seal?.untilLastPin === true &&
      holds.kind[at] === Hold[policy.seal.hold] &&
      (holds.mask[holds.file[at]!]! & DEVICE_HOLDS) !== 0;
    if (!lingers) return this.release(handle, file, timeNs, EndedBy.release);
    const held = holds.file[at]!;
    this.lingering.set(held, [...(this.lingering.get(held) ?? []), handle]);
    this.seals.drop(handle);
  }

  /** The last pin of a file is gone: so are the seals that stayed for it. */
  private dropLingering(file: number, timeNs: number): void {
    if ((this.holds.mask[file]! & DEVICE_HOLDS) !== 0) return;
    const handles = this.lingering.get(file) ?? [];
    this.lingering.delete(file);
    for (const handle of handles) this.release(handle, file, timeNs, EndedBy.release);
  }

  private release(handle: number, file: number, timeNs: number, how: number): void {
    const at = this.holds.byHandle(handle);
    if (at >= 0) {
      this.seals.ended(at, timeNs, how);
      this.hazards.forget(at);
      this.holds.remove(at);
    }
    this.seals.drop(handle);
    if (file === NONE) return;
    this.seals.released(file, timeNs, how);
    if (this.lingering.size > 0) this.dropLingering(file, timeNs);
  }

  /** The process is gone, and all it held with it: a killed one had no chance to unseal. */
  private exit(pid: number, timeNs: number, killed: boolean): void {
    const how = killed ? EndedBy.killed : EndedBy.exit;
    for (const { handle, file } of this.seals.usedBy(pid)) this.release(handle, file, timeNs, how);
    const { holds } = this;
    for (const at of holds.ofProcess(pid))
      if ((this.policy.exitMask & (1 << holds.kind[at]!)) !== 0)
        this.release(holds.handle[at]!, holds.file[at]!, timeNs, how);
  }
}

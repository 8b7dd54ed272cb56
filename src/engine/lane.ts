// One lane: one policy, priced by one cost model, replayed over the columns with its own maps, holds and counters.
// Open timing: every operation starts when the trace says it did; a wait delays that operation only (replay reference, 4).
import { Holding } from '../extents/extent-map.js';
import type { EventColumns } from '../model/events.js';
import { Flag, OBSERVED_OPS, OPS, Op } from '../model/events.js';
import { ERRNO, MASKS, type Policy, Verdict } from '../model/policy.js';
import { NONE } from '../model/units.js';
import { Accesses, type Touches } from './accesses.js';
import { ASK_STATE, CASE_OF, caseOf, FREES } from './cases.js';
import { Claims } from './claims.js';
import { Conflicts } from './conflicts.js';
import { Effects, rangeLength } from './effects.js';
import { Fidelity } from './fidelity.js';
import { FileSizes, secondOf } from './file-sizes.js';
import { FileStates } from './file-states.js';
import { Hazards } from './hazards.js';
import { HoldTable } from './holds.js';
import type { EngineInput } from './input.js';
import { Ledger } from './ledger.js';
import { Later, TimeQueue } from './queue.js';
import type { Prices } from './recipes.js';
import type { LaneResult } from './result.js';
import { pidAt, type SealPlan } from './seal-plan.js';
import { Seals, type Unseal } from './seals.js';

const SIGBUS = ERRNO.SIGBUS!;
const EAGAIN = ERRNO.EAGAIN!;

/** What is known of each `opId`'s fate. */
const Fate = { none: 0, denied: 1, delayed: 2, diverged: 3 } as const;

const OBSERVED: Uint8Array = Uint8Array.from(OPS, (name) => (OBSERVED_OPS.includes(name) ? 1 : 0));
/** Ops whose file must be known to mean anything. */
const FILELESS: Uint8Array = Uint8Array.from(OPS, (name) =>
  ['exit', 'fork', 'mount', 'umount', 'crash'].includes(name) ? 1 : 0,
);

/** Ops that may take a range's pages from the file; writeback and writes move blocks under pages that stay. */
const TAKES_AWAY: Uint8Array = Uint8Array.from(OPS, (name) =>
  [
    'truncate',
    'open',
    'punch',
    'zero',
    'collapse',
    'insert',
    'unlink',
    'reflink',
    'dedupe',
    'exchange',
    'swapext',
  ].includes(name)
    ? 1
    : 0,
);

export interface LaneOptions {
  readonly unseal: Unseal;
  /** The policy the trace was recorded under. */
  readonly kernel: Policy;
}

export class Lane {
  readonly policy: Policy;
  readonly files: FileStates;
  private readonly c: EventColumns;
  private readonly input: EngineInput;
  private readonly plan: SealPlan;
  private readonly prices: Prices;
  private readonly holds: HoldTable;
  private readonly effects: Effects;
  private readonly hazards: Hazards;
  private readonly seals: Seals;
  private readonly ledger: Ledger;
  private readonly queue = new TimeQueue();
  private readonly fate: Uint8Array;
  private readonly opOf: Uint8Array;
  /** By `opId`: 1 when the operation ends with a journal commit in this lane. */
  private readonly committed: Uint8Array;
  private readonly releaseNs = new Map<number, number>();
  private readonly touches: Touches;
  private readonly devices: Accesses;
  private readonly attributes: Uint8Array;
  private readonly sizes: FileSizes;
  private readonly conflicts: Conflicts;
  private readonly claims: Claims;
  private readonly fidelity: Fidelity | null;
  private readonly recorded: boolean;
  private journalCommits = 0;
  private diverged = 0;
  private uncertain = 0;
  private next = 0;

  constructor(
    input: EngineInput,
    plan: SealPlan,
    policy: Policy,
    prices: Prices,
    firstFreeAddr: number,
    options: LaneOptions,
  ) {
    this.c = input.columns;
    this.input = input;
    this.plan = plan;
    this.policy = policy;
    this.prices = prices;
    this.files = new FileStates(input.fileCount, input.deviceOf, firstFreeAddr);
    this.holds = new HoldTable(input.fileCount);
    this.effects = new Effects(input.columns, this.files);
    this.hazards = new Hazards(input.columns, this.files, input.fileCount);
    this.seals = new Seals(policy, this.files, this.holds, prices, plan, options.unseal, input.endNs);
    this.ledger = new Ledger(input.columns.rows, input.endNs);
    this.claims = new Claims(input, policy, plan, this.holds, this.seals, this.hazards, this.queue);
    this.conflicts = new Conflicts(input, policy, this.files, this.holds, this.ledger, this.queue);
    this.fate = new Uint8Array(plan.highestId + 1);
    this.opOf = new Uint8Array(plan.highestId + 1);
    this.committed = new Uint8Array(plan.highestId + 1);
    this.touches = { removals: new Uint32Array(input.fileCount), interfered: new Uint8Array(input.fileCount) };
    this.attributes = new Uint8Array(input.fileCount);
    this.sizes = new FileSizes(input.columns, this.files, this.queue);
    this.recorded = policy.recorded === true;
    this.fidelity = this.recorded ? new Fidelity(options.kernel) : null;
    this.devices = new Accesses({
      columns: this.c,
      policy,
      kernel: options.kernel,
      plan,
      prices,
      holds: this.holds,
      hazards: this.hazards,
      queue: this.queue,
      touches: this.touches,
      diverge: (opId) => this.diverge(opId),
    });
  }

  /** Replays all events up to and including a time. */
  runTo(timeNs: number): void {
    const { c } = this;
    const { rows, timeNs: times } = c;
    while (this.next < rows && times[this.next]! <= timeNs) {
      const row = this.next++;
      if (this.queue.nextNs <= times[row]!) this.drain(times[row]!);
      this.step(row);
    }
    this.drain(timeNs);
  }

  finish(): LaneResult {
    this.runTo(Number.POSITIVE_INFINITY);
    this.seals.finish();
    const { ledger, hazards } = this;
    return {
      policy: this.policy,
      operations: ledger.operations,
      counts: ledger.counts,
      denied: ledger.denied,
      latency: ledger.latency,
      wait: ledger.wait,
      stillWaiting: this.claims.stillWaiting,
      conflicts: ledger.conflicts,
      groups: [...ledger.groups.values()],
      hazards: hazards.rows,
      hazardBytes: hazards.bytes,
      hazardClasses: hazards.classes,
      hazardCount: hazards.count,
      seals: this.seals.rows,
      journalCommits: this.journalCommits,
      deviceRefaults: this.devices.deviceRefaults,
      diverged: this.diverged,
      measured: ledger.measured,
      priced: ledger.priced,
      uncertain: this.uncertain,
      heat: ledger.heat,
      verdicts: ledger.verdicts,
      errnos: ledger.errnos,
      fidelity: this.fidelity?.counts ?? null,
    };
  }

  private step(row: number): void {
    const { c } = this;
    const op = c.op[row]!;
    const flags = c.flags[row]!;
    if (OBSERVED[op] === 1 || ((op === Op.collapse || op === Op.insert) && (flags & Flag.observed) !== 0))
      this.observation(row);
    else if (op === Op.dma_read || op === Op.dma_write) this.deviceAccess(row);
    else if ((flags & Flag.second) === 0) this.operation(row);
  }

  private drain(timeNs: number): void {
    const { queue } = this;
    while (queue.nextNs <= timeNs && queue.take()) {
      const row = queue.takenRow;
      if (queue.takenWhat === Later.observe) this.applyObserved(row);
      else if (queue.takenWhat === Later.model) this.applyModel(row, queue.takenNs);
      else if (queue.takenWhat === Later.dropHold) this.claims.breakHold(row, queue.takenNs);
      else if (queue.takenWhat === Later.after) this.conflicts.after(row);
      else if (queue.takenWhat === Later.size) this.sizes.apply(row, this.c.op[row]!, this.c.file[row]!);
      else this.devices.end(row);
    }
  }

  // --- observations

  private observation(row: number): void {
    const { c } = this;
    const op = c.op[row]!;
    if (op === Op.commit) {
      this.files.dirty.fill(0);
      return;
    }
    if (op === Op.map_seen) {
      this.fidelity?.lookUp(this.files, c, row);
      return;
    }
    const opId = c.opId[row]!;
    const fate = this.fate[opId]!;
    if (fate === Fate.denied) {
      const file = c.file[row]!;
      // What the refused call would have freed stays with the file.
      if (op === Op.map_remove && file !== NONE) this.files.keep(file, c.offset[row]!, c.length[row]!);
      if (file !== NONE) this.files.diverged[file] = 1;
      return;
    }
    if (fate === Fate.delayed) {
      const release = this.releaseNs.get(opId) ?? 0;
      if (release > c.timeNs[row]!) {
        if (c.file[row] !== NONE) this.files.diverged[c.file[row]!] = 1;
        this.queue.add(release, Later.observe, row);
        return;
      }
    }
    this.applyObserved(row);
  }

  private applyObserved(row: number): void {
    const { c } = this;
    const opId = c.opId[row]!;
    const differs = this.effects.observe(row, this.opOf[opId]!);
    if (differs) this.diverge(opId);
    const file = c.file[row]!;
    if (file === NONE) return;
    this.touched(file, c.timeNs[row]!, c.op[row] !== Op.map_insert && TAKES_AWAY[this.opOf[opId]!] === 1);
    if (this.committed[opId] === 1) this.files.dirty[file] = 0;
  }

  private touched(file: number, timeNs: number, removed: boolean): void {
    if (removed) this.touches.removals[file]!++;
    this.hazards.changedNs[file] = timeNs;
  }

  private diverge(opId: number): void {
    if (this.fate[opId] === Fate.diverged) return;
    if (opId !== 0 && this.fate[opId] === Fate.none) this.fate[opId] = Fate.diverged;
    this.diverged++;
  }

  private applyModel(row: number, timeNs: number): void {
    const second = secondOf(this.c, row);
    const { c } = this;
    if (this.effects.model(row, second)) this.diverge(c.opId[row]!);
    const takesAway = TAKES_AWAY[c.op[row]!] === 1;
    for (const at of second < 0 ? [row] : [row, second]) {
      const file = c.file[at]!;
      if (file === NONE) continue;
      this.touched(file, timeNs, takesAway);
      // Blocks that go later than the call: the device's copy goes with them.
      if (takesAway && timeNs > c.timeNs[row]! && this.policy.devicePages === true) this.claims.revoke(file);
      if (this.committed[c.opId[row]!] === 1) this.files.dirty[file] = 0;
    }
  }

  // --- operations

  private operation(row: number): void {
    const { c } = this;
    const op = c.op[row]!;
    const file = c.file[row]!;
    const flags = c.flags[row]!;
    const counted = (flags & Flag.synthetic) === 0;
    const second = secondOf(this.c, row);
    // An operation none of whose files can be told is no operation of a lane; it is counted as not placed.
    if (file === NONE && FILELESS[op] === 0 && (second < 0 || c.file[second] === NONE)) return;
    const timeNs = c.timeNs[row]!;
    const opId = c.opId[row]!;
    this.opOf[opId] = op;
    if ((flags & Flag.attributes) !== 0 && file !== NONE) this.attributes[file] = 1;
    let sealNs = file === NONE ? 0 : this.claims.sealBefore(row, file, timeNs);
    if (second >= 0 && c.file[second] !== NONE) sealNs += this.claims.sealBefore(second, c.file[second]!, timeNs);

    const pid = pidAt(this.input, row);
    let operationCase = this.caseAt(row, op, file);
    let verdict = this.verdict(operationCase, file, pid);
    let errno = this.errno;
    let blocked = file;
    if (second >= 0 && c.file[second] !== NONE) {
      const caseThere = this.caseAt(second, op, c.file[second]!);
      const there = this.verdict(caseThere, c.file[second]!, pid);
      if (there > verdict) {
        verdict = there;
        errno = this.errno;
        blocked = c.file[second]!;
        operationCase = caseThere;
      }
    }
    const beyond = (op === Op.read_fault || op === Op.write_fault) && this.sizes.pastEnd(file, c.offset[row]!);
    if (beyond) {
      verdict = Verdict.deny;
      errno = SIGBUS;
    }
    const result = c.result[row]!;
    const isFault = op === Op.read_fault || op === Op.write_fault;
    if (this.fidelity !== null && counted && isFault && this.sizes.undecided(file, c.offset[row]!, timeNs))
      this.fidelity.skip('faults behind the new end of file while the call that sets it was under way');
    else if (this.fidelity !== null && counted)
      this.fidelity.compare(
        this.predicted(row, second, op, pid),
        row,
        op,
        result,
        this.hasAttributes(file) || (second >= 0 && this.hasAttributes(c.file[second]!)),
        file !== NONE && this.files.size[file]! >= 0,
      );
    if (this.recorded) {
      verdict = result < 0 ? Verdict.deny : Verdict.proceed;
      errno = result < 0 ? -result : 0;
    } else if (verdict === Verdict.recall && (flags & Flag.nowait) !== 0) {
      this.claims.startBreak(blocked, timeNs);
      verdict = Verdict.deny;
      errno = EAGAIN;
    }
    const waits = verdict === Verdict.wait || verdict === Verdict.recall;
    const waitNs = waits ? this.claims.waitFor(blocked, verdict, timeNs) : 0;
    if (waits && this.claims.endless) this.fate[opId] = Fate.denied;
    if (counted) {
      this.account(row, op, verdict, errno, timeNs, waitNs, sealNs);
      // A fault past the end of file fails under every policy, and a call that failed for reasons of its own is nobody's conflict.
      const seals = this.recorded ? sealErrno(errno) : true;
      if (verdict >= Verdict.revoke && !beyond && seals)
        this.conflicts.add(row, op, operationCase, blocked, verdict, errno, timeNs, waitNs, pid);
    }
    this.carryOut(row, op, file, verdict, errno, timeNs, waitNs, operationCase, second, result);
  }

  private hasAttributes(file: number): boolean {
    return file !== NONE && this.attributes[file] === 1;
  }

  private errno = 0;

  /** Verdict of a case on a file for a process; leaves the errno in `this.errno`. */
  private verdict(operationCase: number, file: number, pid: number): number {
    this.errno = 0;
    if (operationCase < 0) return Verdict.proceed;
    const { policy } = this;
    const mask = file === NONE ? 0 : this.holds.mask[file]!;
    const index = operationCase * MASKS + mask;
    const holder = mask !== 0 && this.holds.holds(file, pid, mask);
    const verdict = holder ? policy.verdictHolder[index]! : policy.verdictOther[index]!;
    this.errno = holder ? policy.errnoHolder[index]! : policy.errnoOther[index]!;
    if (verdict !== Verdict.commitIfDirty) return verdict;
    return this.files.dirty[file] === 1 ? Verdict.commit : Verdict.proceed;
  }

  /** What the kernel's own table says of the recorded run: SIGBUS past the end of file, else the errno of its cells, 0 for none. */
  private predicted(row: number, second: number, op: number, pid: number): number {
    const { c } = this;
    const file = c.file[row]!;
    if ((op === Op.read_fault || op === Op.write_fault) && this.sizes.pastEnd(file, c.offset[row]!)) return SIGBUS;
    const errno = this.predictedAt(row, op, file, pid);
    return errno !== 0 || second < 0 ? errno : this.predictedAt(second, op, c.file[second]!, pid);
  }

  private predictedAt(row: number, op: number, file: number, pid: number): number {
    const operationCase = this.caseAt(row, op, file);
    if (operationCase < 0 || file === NONE) return 0;
    const predictor = this.fidelity!.policy;
    const mask = this.holds.mask[file]!;
    const index = operationCase * MASKS + mask;
    const holder = mask !== 0 && this.holds.holds(file, pid, mask);
    const verdict = holder ? predictor.verdictHolder[index]! : predictor.verdictOther[index]!;
    if (verdict !== Verdict.deny) return 0;
    return holder ? predictor.errnoHolder[index]! : predictor.errnoOther[index]!;
  }

  private caseAt(row: number, op: number, file: number): number {
    const fixed = CASE_OF[op]!;
    if (fixed !== ASK_STATE) return fixed;
    const { c, files } = this;
    const map = file === NONE ? undefined : files.maps[file];
    const offset = c.offset[row]!;
    const length = rangeLength(c, files, row);
    let held = 0;
    if ((op === Op.write || op === Op.write_fault) && file !== NONE && offset >= 0 && length > 0) {
      held = map === undefined ? Holding.hole : map.summary(offset, length);
      // Where the map is not known, a hole in it says nothing: the least disturbing case is taken, and counted.
      if ((held & Holding.hole) !== 0 && files.known[file] === 0) {
        held &= ~Holding.hole;
        this.uncertain++;
      }
    }
    return caseOf(
      op,
      c.flags[row]!,
      offset,
      length,
      held,
      file === NONE ? -1 : files.size[file]!,
      map === undefined ? 0 : map.end,
    );
  }

  // --- accounting

  private account(
    row: number,
    op: number,
    verdict: number,
    errno: number,
    timeNs: number,
    waitNs: number,
    sealNs: number,
  ): void {
    const { c, ledger, prices } = this;
    ledger.count(row, op, verdict, errno);
    const recordedNs = c.latencyNs[row]!;
    const bytes = Math.max(0, c.length[row]!);
    let ns =
      recordedNs >= 0 ? recordedNs : prices.fixedNs[op]! + prices.nsPerByte[op]! * (op === Op.truncate ? 0 : bytes);
    let measured = recordedNs >= 0;
    if (!this.recorded) {
      if (verdict === Verdict.deny && (c.result[row]! >= 0 || !measured)) {
        ns = prices.price('refuse');
        measured = false;
      } else if (verdict === Verdict.commit) {
        ns += prices.price('commit');
        this.journalCommits++;
      } else if (verdict === Verdict.revoke) ns += prices.price('invalidate');
      else if (verdict === Verdict.wait || verdict === Verdict.recall) {
        // The recording may hold the very wait; it is not counted twice.
        ns = Math.max(ns, waitNs + prices.fixedNs[op]!);
        ledger.wait.record(waitNs);
      }
      ns += sealNs;
    }
    ledger.time(op, timeNs, ns, measured);
  }

  // --- effects

  private carryOut(
    row: number,
    op: number,
    file: number,
    verdict: number,
    errno: number,
    timeNs: number,
    waitNs: number,
    operationCase: number,
    second: number,
    result: number,
  ): void {
    const { c } = this;
    const opId = c.opId[row]!;
    const failed = result < 0;
    if (verdict >= Verdict.revoke && operationCase >= 0 && FREES[operationCase] === 1) {
      if (file !== NONE) this.touches.interfered[file] = 1;
      if (second >= 0 && c.file[second] !== NONE) this.touches.interfered[c.file[second]!] = 1;
    }
    if (verdict === Verdict.deny && !this.recorded) {
      this.fate[opId] = Fate.denied;
      // Refused here and let through there: from now on the file's map is another one, if the call changed it.
      if (
        !failed &&
        file !== NONE &&
        this.plan.observed[file] === 0 &&
        operationCase >= 0 &&
        FREES[operationCase] === 1
      ) {
        this.files.diverged[file] = 1;
        this.keepBlocks(row, second);
      }
      return;
    }
    if (
      !this.recorded &&
      failed &&
      sealErrno(-result) &&
      verdict <= Verdict.recall &&
      operationCase >= 0 &&
      errno === 0
    ) {
      // The recording refused what this policy lets through: what it would have done is not in the trace.
      this.diverge(opId);
    }
    if (verdict === Verdict.revoke) {
      if (file !== NONE) this.claims.revoke(file);
      if (second >= 0 && c.file[second] !== NONE) this.claims.revoke(c.file[second]!);
    } else if (verdict === Verdict.commit) this.committed[opId] = 1;
    if (operationCase >= 0 && FREES[operationCase] === 1 && verdict < Verdict.revoke && !this.recorded && !failed)
      this.devices.freed(row, op, operationCase, file, second, timeNs);
    const release = timeNs + waitNs;
    if (waitNs > 0 && this.fate[opId] !== Fate.denied) {
      this.fate[opId] = Fate.delayed;
      this.releaseNs.set(opId, release);
    }
    if (this.fate[opId] === Fate.denied) return;
    if (!failed) {
      if (file !== NONE && this.plan.observed[file] === 0) {
        const at = Math.max(release, this.plan.goneNs.get(row) ?? 0);
        if (at > timeNs) {
          this.keepBlocks(row, second);
          if (at < Number.POSITIVE_INFINITY) this.queue.add(at, Later.model, row);
        } else this.applyModel(row, timeNs);
        if (op === Op.fsync || op === Op.msync) this.files.dirty[file] = 0;
      } else if (file !== NONE) this.sizes.later(row, op, file, release);
      this.claims.take(row, op, file, timeNs, operationCase);
    }
  }

  /** What a call of the trace frees at once, and this lane later or never: the trace may hand it to somebody else before. */
  private keepBlocks(row: number, second: number): void {
    for (const at of second < 0 ? [row] : [row, second])
      if (this.c.file[at] !== NONE) this.files.keep(this.c.file[at]!, 0, Number.POSITIVE_INFINITY);
  }

  // --- devices

  private deviceAccess(row: number): void {
    const { c } = this;
    const op = c.op[row]!;
    const flags = c.flags[row]!;
    const handle = c.handle[row]!;
    const file = c.file[row]!;
    const timeNs = c.timeNs[row]!;
    if (file === NONE) return;
    let ns =
      c.latencyNs[row]! >= 0
        ? c.latencyNs[row]!
        : this.prices.fixedNs[op]! + this.prices.nsPerByte[op]! * Math.max(0, c.length[row]!);
    if (handle !== 0) ns += this.devices.through(row, handle);
    else this.devices.seen(row, file, flags);
    if ((flags & Flag.second) !== 0) return;
    this.ledger.count(row, op, Verdict.proceed, 0);
    this.ledger.time(op, timeNs, ns, c.latencyNs[row]! >= 0);
  }
}

/** errnos that a seal of one kind or another answers with; others tell of something else. */
export function sealErrno(errno: number): boolean {
  return errno === ERRNO.ETXTBSY || errno === ERRNO.EPERM || errno === ERRNO.EBUSY || errno === SIGBUS;
}

// What a lane's policy answers to one operation: which row of the decision table it is, who holds the file, what the cell
// says; and in the recorded lane what the kernel's own table would have said, held against the recorded result.
import { Holding } from '../extents/extent-map.js';
import type { EventColumns } from '../model/events.js';
import { Flag, Op, opSet } from '../model/events.js';
import { Case, ERRNO, Hold, MASKS, type Policy, Verdict } from '../model/policy.js';
import { NONE, UNKNOWN_RESULT } from '../model/units.js';
import { ASK_STATE, CASE_OF, caseOf, FREES, isFault, reachOf, writeCase } from './cases.js';
import { rangeLength } from './effects.js';
import { Fidelity } from './fidelity.js';
import { type FileSizes, secondOf } from './file-sizes.js';
import type { FileStates } from './file-states.js';
import type { HoldTable } from './holds.js';
import { type EngineInput, pidAt } from './input.js';
import type { LanePolicies } from './lane-policies.js';
import type { OrdinaryLease } from './ordinary-leases.js';
import type { ConflictGroup } from './result.js';

const SIGBUS = ERRNO.SIGBUS!;
/** Ops that mean something without a file. */
const FILELESS = opSet(['exit', 'fork', 'mount', 'umount', 'crash']);

/** One operation on its way through a lane; one object is reused for all of them. */
export class Decision {
  row = 0;
  op = 0;
  flags = 0;
  /** NONE when only the other file is known. */
  file = NONE;
  /** Row of the other range; -1. */
  second = -1;
  task = NONE;
  pid = -1;
  /** When it starts in the lane, ns. */
  timeNs = 0;
  opId = 0;
  result = UNKNOWN_RESULT;
  /** A real operation, not one that assembly added to keep holds right. */
  counted = true;
  operationCase = -1;
  /** The file whose hold decided. */
  blocked = NONE;
  /** The other file of an operation on two, where it answers as strongly; NONE. And its row of the table. */
  also = NONE;
  alsoCase = -1;
  verdict = 0;
  errno = 0;
  /** The verdict of the holds it waits for. */
  wanted = 0;
  /** A fault behind the end of file. */
  beyond = false;
  /** Let through, and nothing of it happens: it returns a count of 0 (a short write). */
  short = false;
  /** Of a write that is cut short at the end of file: what of it is inside, bytes; -1: it is not cut. */
  insideBytes = -1;
  /** What the seals cost that were called for it, and what it cost to take over what devices stored, ns. */
  sealNs = 0;
  /** How long it waited before it ran, ns. */
  waitNs = 0;
  /** It was refused, and goes ahead at another try. */
  retried = false;
  /** When the table was asked last, ns: when it started, or when an ordinary lease was out of its way. */
  askedNs = 0;
  /** The ordinary lease that it waits for, or the first of those that it waited for; null for none. */
  lease: OrdinaryLease | null = null;
  /** It waits for ordinary leases: what the policy says is asked after that. */
  leased = false;
  /** Row of the device access to come that it is refused for (foresight), and the handle that goes through; -1 and 0 for none. */
  metRow = -1;
  metHandle = 0;
  /** It is counted when it has run. */
  isUntold = false;
  /** The group it was counted in as a conflict. */
  conflict: ConflictGroup | null = null;

  /** Sleeps until something else has happened. */
  get waits(): boolean {
    return this.verdict === Verdict.wait || this.verdict === Verdict.recall;
  }

  /** Takes blocks away from a range, or puts others there. */
  get frees(): boolean {
    return this.operationCase >= 0 && FREES[this.operationCase] === 1;
  }
}

export class Decider {
  readonly fidelity: Fidelity | null;
  /** Operations on ranges whose map the trace does not tell. */
  uncertain = 0;
  /** What the range holds that was last asked about (bits of `Holding`); 0 where that did not matter. */
  held = 0;
  private readonly c: EventColumns;
  private readonly input: EngineInput;
  private readonly policies: LanePolicies;
  private readonly files: FileStates;
  private readonly holds: HoldTable;
  private readonly sizes: FileSizes;
  /** By file: 1 once its immutable or append-only attribute may have changed. */
  private readonly attributes: Uint8Array;
  /** By file: 1 where it took DAX faults (only where fidelity is told). */
  private readonly daxFiles: Uint8Array;
  private errno = 0;

  constructor(
    input: EngineInput,
    policies: LanePolicies,
    kernel: Policy,
    dax: Uint8Array,
    files: FileStates,
    holds: HoldTable,
    sizes: FileSizes,
  ) {
    this.c = input.columns;
    this.input = input;
    this.policies = policies;
    this.files = files;
    this.holds = holds;
    this.sizes = sizes;
    this.attributes = new Uint8Array(input.fileCount);
    this.fidelity = policies.recorded ? new Fidelity(kernel, this.c) : null;
    this.daxFiles = policies.recorded ? dax : this.attributes;
  }

  /** Fills in what the row says; false when none of its files can be told: then it is no operation of a lane. */
  read(d: Decision, row: number, nowNs: number): boolean {
    const { c } = this;
    d.row = row;
    d.op = c.op[row]!;
    d.flags = c.flags[row]!;
    d.file = c.file[row]!;
    d.second = secondOf(c, row);
    if (d.file === NONE && FILELESS[d.op] === 0 && (d.second < 0 || c.file[d.second] === NONE)) return false;
    d.task = c.task[row]!;
    d.pid = pidAt(this.input, row);
    d.timeNs = nowNs;
    d.askedNs = nowNs;
    d.opId = c.opId[row]!;
    d.result = c.result[row]!;
    d.counted = (d.flags & Flag.synthetic) === 0;
    d.short = false;
    d.sealNs = 0;
    d.waitNs = 0;
    d.conflict = null;
    d.lease = null;
    d.leased = false;
    d.retried = false;
    d.isUntold = false;
    d.metRow = -1;
    if ((d.flags & Flag.attributes) !== 0 && d.file !== NONE) this.attributes[d.file] = 1;
    return true;
  }

  /** Finds case, verdict and errno; of two files the stronger verdict counts. */
  decide(d: Decision): void {
    const { c } = this;
    d.operationCase = this.caseAt(d.row, d.op, d.file);
    d.verdict = this.verdict(d.operationCase, d.file, d.pid, d.row);
    d.errno = this.errno;
    d.blocked = d.file;
    d.also = NONE;
    d.insideBytes = -1;
    if (d.verdict === Verdict.deny && d.operationCase === Case.write_past_eof) this.cutShort(d);
    if (d.second >= 0 && c.file[d.second] !== NONE) this.decideSecond(d, c.file[d.second]!);
    d.wanted = d.verdict;
    d.beyond = isFault(d.op) && this.sizes.pastEnd(d.file, c.offset[d.row]!);
    if (d.beyond) {
      d.verdict = Verdict.deny;
      d.errno = SIGBUS;
    }
    if (this.fidelity === null) return;
    if (d.counted) this.compare(d, this.fidelity);
    // A lease handed on is nobody's call.
    else if (d.op === Op.lease) this.fidelity.leases.see(d);
    d.verdict = d.result < 0 ? Verdict.deny : Verdict.proceed;
    d.errno = d.result < 0 ? -d.result : 0;
  }

  /** Where the policy lets a write have what is inside the end of file (note 3), the table is asked for that part. */
  private cutShort(d: Decision): void {
    const { row, file } = d;
    const inside = this.files.sizeOf(file) - this.c.offset[row]!;
    if (this.policies.of(file).shortWrites !== 'inside' || inside <= 0) return;
    d.operationCase = writeCase(this.heldIn(file, this.c.offset[row]!, inside));
    d.verdict = this.verdict(d.operationCase, file, d.pid, row);
    d.errno = this.errno;
    if (d.verdict !== Verdict.deny) d.insideBytes = inside;
  }

  private decideSecond(d: Decision, file: number): void {
    const caseThere = this.caseAt(d.second, d.op, file);
    const there = this.verdict(caseThere, file, d.pid, d.second);
    if (there < d.verdict) return;
    if (there === d.verdict) {
      if (file !== d.file) d.also = file;
      d.alsoCase = caseThere;
      return;
    }
    d.verdict = there;
    d.errno = this.errno;
    d.blocked = file;
    d.operationCase = caseThere;
  }

  private compare(d: Decision, fidelity: Fidelity): void {
    const { c } = this;
    const leased = fidelity.leases.see(d);
    if (leased !== 0) return fidelity.compare(leased, d.row, d.op, d.result, false, true);
    if (isFault(d.op) && this.sizes.undecided(d.file, c.offset[d.row]!, d.timeNs))
      return fidelity.skip('faults behind the new end of file while the call that sets it was under way');
    if (d.op === Op.register && d.result >= 0 && d.file !== NONE && this.daxFiles[d.file] === 0)
      return fidelity.skip('long-term pin of a page-cache file: refused since Linux 6.5 only, and let through here');
    const attributes = this.hasAttributes(d.file) || (d.second >= 0 && this.hasAttributes(c.file[d.second]!));
    const sizeKnown = d.file !== NONE && this.files.sizeOf(d.file) >= 0;
    fidelity.compare(this.predicted(d.row, d.second, d.op, d.pid), d.row, d.op, d.result, attributes, sizeKnown);
  }

  private hasAttributes(file: number): boolean {
    return file !== NONE && this.attributes[file] === 1;
  }

  /** Verdict of a case on a file for a process; leaves the errno in `this.errno`. */
  private verdict(operationCase: number, file: number, pid: number, row: number): number {
    this.errno = 0;
    if (operationCase < 0) return Verdict.proceed;
    const policy = this.policies.of(file);
    let mask = file === NONE ? 0 : policy.reach === 'range' ? this.maskAt(row) : this.holds.mask[file]!;
    if ((mask & policy.rangedMask) !== 0) mask &= ~policy.rangedMask | this.maskAt(row);
    const index = operationCase * MASKS + mask;
    const special = mask & policy.holderMask;
    const holder = special !== 0 && this.holds.holds(file, pid, special);
    const verdict = holder ? policy.verdictHolder[index]! : policy.verdictOther[index]!;
    this.errno = holder ? policy.errnoHolder[index]! : policy.errnoOther[index]!;
    if (verdict !== Verdict.commitIfDirty) return verdict;
    return this.files.isDirty(file) ? Verdict.commit : Verdict.proceed;
  }

  /** Kinds of hold that reach into what a row is about. */
  private maskAt(row: number): number {
    const file = this.c.file[row]!;
    const { from, to } = reachOf(this.c, row, this.files.sizeOf(file));
    return this.holds.maskIn(file, from, to);
  }

  /** What the kernel's own table says of the recorded run: SIGBUS past the end of file, else the errno of its cells, 0 for none. */
  private predicted(row: number, second: number, op: number, pid: number): number {
    const { c } = this;
    const file = c.file[row]!;
    if (isFault(op) && this.sizes.pastEnd(file, c.offset[row]!)) return SIGBUS;
    if (op === Op.swapon && file !== NONE && this.holds.has(file, Hold.swap)) return ERRNO.EBUSY!;
    const errno = this.predictedAt(row, op, file, pid);
    return errno !== 0 || second < 0 ? errno : this.predictedAt(second, op, c.file[second]!, pid);
  }

  private predictedAt(row: number, op: number, file: number, pid: number): number {
    const operationCase = this.caseAt(row, op, file);
    if (operationCase < 0 || file === NONE) return 0;
    const predictor = this.fidelity!.policy;
    const mask = this.holds.mask[file]!;
    const index = operationCase * MASKS + mask;
    const special = mask & predictor.holderMask;
    const holder = special !== 0 && this.holds.holds(file, pid, special);
    const verdict = holder ? predictor.verdictHolder[index]! : predictor.verdictOther[index]!;
    if (verdict !== Verdict.deny) return 0;
    return holder ? predictor.errnoHolder[index]! : predictor.errnoOther[index]!;
  }

  /** Row of the table that an operation is; -1 for none. */
  caseAt(row: number, op: number, file: number): number {
    this.held = 0;
    const { insteadCase, insteadFlags } = this.policies.of(file);
    if (insteadCase[op]! >= 0 && (this.c.flags[row]! & insteadFlags[op]!) === insteadFlags[op]!)
      return insteadCase[op]!;
    const fixed = CASE_OF[op]!;
    if (fixed !== ASK_STATE) return fixed;
    const { c, files } = this;
    const map = file === NONE ? undefined : files.mapOf(file);
    const offset = c.offset[row]!;
    const length = rangeLength(c, files, row);
    const writes = (op === Op.write || op === Op.write_fault) && file !== NONE && offset >= 0 && length > 0;
    const held = writes ? this.heldIn(file, offset, length) : 0;
    return caseOf(
      op,
      c.flags[row]!,
      offset,
      length,
      held,
      file === NONE ? -1 : files.sizeOf(file),
      op === Op.truncate && map !== undefined ? map.end : 0,
    );
  }

  /** What a range holds. Where the map is not known, a hole in it says nothing: the least disturbing case is taken, and counted. */
  private heldIn(file: number, offset: number, length: number): number {
    const held = this.files.mapOf(file)?.summary(offset, length) ?? Holding.hole;
    this.held = held;
    if ((held & Holding.hole) === 0 || this.files.isKnown(file)) return held;
    this.uncertain++;
    return held & ~Holding.hole;
  }
}

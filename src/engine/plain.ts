// The short way of most operations: nobody stands in their way, they go ahead at once, and only the map of their file and the
// counters change. What lanes share of a file is looked at and changed once for all of them. Whatever is not that simple is
// left to each lane's `Operations`, which would give the same for these.
import { ANYWHERE } from '../base/room.js';
import { Holding } from '../extents/extent-map.js';
import type { EventColumns } from '../model/events.js';
import { Op, opSet } from '../model/events.js';
import { Case } from '../model/policy.js';
import { CASE_OF, isFault, writeCase } from './cases.js';
import { RESIZES } from './file-sizes.js';
import type { FileVersions } from './file-versions.js';
import type { EngineInput } from './input.js';
import type { Lane } from './lane.js';
import { PlainCounts } from './plain-counts.js';
import type { Prices } from './recipes.js';
import { COMMIT, COMMIT_ALL, IF_CLEAN, NO_CASE, REFUSE, Regimes } from './regimes.js';
import type { SealPlan } from './seal-plan.js';

const PAGE = 4096;
const KEEPS_MAP = opSet(['read', 'read_fault', 'setattr', 'fsync', 'msync']);
const SYNCS = opSet(['fsync', 'msync']);
export class Plain {
  private readonly lanes: readonly Lane[];
  private readonly versions: FileVersions;
  private readonly regimes: Regimes;
  private readonly c: EventColumns;
  private readonly observed: Uint8Array;
  /** Lanes that repeat the trace: they hold it against what their kernel would have said. */
  private readonly recorded: number;
  readonly counts: PlainCounts;
  /** When the row at hand runs, ns: a field, because a number that is no small integer would be allocated for every call. */
  nowNs = 0.5;
  /** A lane comes to the row at hand by itself, and not when the trace says. */
  isLate = false;
  /** Lanes whose queue of things to come a row has just added to. */
  queued = 0;

  constructor(
    input: EngineInput,
    plan: SealPlan,
    prices: Prices,
    lanes: readonly Lane[],
    versions: FileVersions,
    regimes: Regimes,
    room = ANYWHERE,
  ) {
    this.c = input.columns;
    this.observed = plan.observed;
    this.lanes = lanes;
    this.versions = versions;
    this.regimes = regimes;
    this.recorded = lanes.reduce((set, lane, i) => (lane.policies.recorded ? set | (1 << i) : set), 0);
    this.counts = new PlainCounts(input, prices, lanes, this.recorded, room);
  }

  /**
   * hot: carries the operation of a plain row out, at the time `nowNs`, in those of these lanes where it is as simple as that; returns
   * which.
   */
  run(row: number, lanes: number): number {
    const { c, nowNs, observed, regimes, versions } = this;
    const op = c.op[row]!;
    const file = c.file[row]!;
    const { lets } = regimes;
    const regime = regimes.of[file]!;
    const wanted = lanes & lets[Regimes.opAt(regime, op)]!;
    const fault = isFault(op);
    const offset = c.offset[row]!;
    const length = c.length[row]!;
    const writes = op === Op.write || op === Op.write_fault;
    const fixed = CASE_OF[op]!;
    let went = 0;
    let refused = 0;
    let committed = 0;
    let next = -1;
    for (let version = versions.first[file]!; version >= 0; version = next) {
      // It may be gone, and others there, before the next one's turn.
      next = versions.next[version]!;
      const here = versions.lanes[version]! & wanted;
      if (here === 0) continue;
      const size = versions.size[version]!;
      if (fault && size >= 0 && offset >= Math.ceil(size / PAGE) * PAGE) continue;
      let held = 0;
      let uncertain = false;
      let operationCase = fixed;
      if (writes && offset >= 0 && length > 0) {
        held = versions.isWritten(version, offset, length)
          ? Holding.written
          : versions.summary(version, offset, length);
        uncertain = (held & Holding.hole) !== 0 && versions.known[version] === 0;
        // A hole says nothing where the map is not known: the least disturbing case is taken.
        const told = uncertain ? held & ~Holding.hole : held;
        if (op === Op.write_fault) operationCase = writeCase(told) + (Case.write_fault_written - Case.write_written);
        else operationCase = size >= 0 && offset + length > size ? Case.write_past_eof : writeCase(told);
      } else if (op === Op.truncate) operationCase = this.truncateCase(version, size, length);
      else if (writes)
        operationCase = op === Op.write ? this.emptyCase(size, offset, length) : Case.write_fault_written;
      const at = regime + (operationCase < 0 ? NO_CASE : operationCase);
      const dirty = versions.dirty[file]!;
      const refuses = here & lets[at + REFUSE]!;
      const commits = here & ((lets[at + COMMIT]! & dirty) | lets[at + COMMIT_ALL]!);
      const goes = (here & (lets[at]! | (lets[at + IF_CLEAN]! & ~dirty))) | commits;
      if (uncertain) this.unsure(goes | refuses);
      if (refuses !== 0) this.refuse(row, operationCase, nowNs, refuses);
      refused |= refuses;
      if (goes === 0) continue;
      if (commits !== 0) this.commit(file, commits);
      if (observed[file] === 1) {
        if (RESIZES[op] === 1) this.resize(row, nowNs, goes);
      } else {
        const grows = op === Op.write && size < offset + length;
        const changes = writes ? held !== Holding.written || grows : KEEPS_MAP[op] === 0;
        if (changes || c.addr[row]! >= 0) this.change(row, file, nowNs, goes, held);
        else if (SYNCS[op] === 1) this.commit(file, goes);
      }
      // Whatever is uncommitted goes with it, and so does what the call itself changes.
      if (commits !== 0) this.commit(file, commits);
      committed |= commits;
      went |= goes;
    }
    if (committed !== 0) this.counts.commits(row, op, nowNs, committed);
    went &= ~committed;
    if (went !== 0) this.count(row, op, went);
    return went | committed | refused;
  }

  private count(row: number, op: number, lanes: number): void {
    if (this.isLate) this.counts.wentLater(row, op, this.nowNs, lanes);
    else this.counts.went(row, op, lanes);
  }

  /** Each of these lanes refuses the row, and counts it. */
  private refuse(row: number, operationCase: number, nowNs: number, lanes: number): void {
    this.refuseUncounted(row, operationCase, nowNs, lanes);
    for (let left = lanes; left !== 0; left &= left - 1) {
      const { shortWay } = this.lanes[31 - Math.clz32(left & -left)]!;
      shortWay.answered(row, nowNs, shortWay.lastErrno);
    }
  }

  /** Each of these lanes refuses the row. */
  refuseUncounted(row: number, operationCase: number, nowNs: number, lanes: number): void {
    for (let left = lanes; left !== 0; left &= left - 1) {
      const bit = left & -left;
      this.versions.acting = bit;
      if (this.lanes[31 - Math.clz32(bit)]!.shortWay.refuse(row, operationCase, nowNs)) this.queued |= bit;
    }
  }

  /** A write of nothing, or of nobody knows what. */
  private emptyCase(size: number, offset: number, length: number): number {
    return size >= 0 && offset >= 0 && length >= 0 && offset + length > size ? Case.write_past_eof : Case.write_written;
  }

  private truncateCase(version: number, size: number, length: number): number {
    if (size < 0) {
      const end = this.versions.map(version)?.end ?? 0;
      return length < end || length === 0 ? Case.truncate_down : Case.truncate_up;
    }
    return length < size ? Case.truncate_down : length > size ? Case.truncate_up : Case.truncate_same;
  }

  /** What the call does to a map that was not recorded. */
  private change(row: number, file: number, nowNs: number, lanes: number, held: number): void {
    this.versions.acting = lanes;
    this.lanes[31 - Math.clz32(lanes & -lanes)]!.changes.changeFor(row, file, nowNs, held);
    // Blocks that the row names may have been metadata, in each lane by itself.
    if (this.c.addr[row]! >= 0)
      for (let left = lanes; left !== 0; left &= left - 1)
        this.lanes[31 - Math.clz32(left & -left)]!.shortWay.named(row);
  }

  /** What was changed of the file is durable from now on in these lanes. */
  commit(file: number, lanes: number): void {
    for (let left = lanes; left !== 0; left &= left - 1) this.lanes[31 - Math.clz32(left & -left)]!.files.commit(file);
  }

  /** Where changes are recorded, sizes follow from calls all the same. */
  private resize(row: number, nowNs: number, lanes: number): void {
    for (let left = lanes; left !== 0; left &= left - 1) {
      this.versions.acting = left & -left;
      this.lanes[31 - Math.clz32(left & -left)]!.shortWay.resized(row, nowNs);
    }
    this.queued |= lanes;
  }

  private unsure(lanes: number): void {
    for (let left = lanes; left !== 0; left &= left - 1) {
      const bit = left & -left;
      // The prediction of a recorded lane looks at the map once more, and counts what it does not know.
      this.lanes[31 - Math.clz32(bit)]!.shortWay.unsure((this.recorded & bit) !== 0 ? 2 : 1);
    }
  }

  /** Gives each lane its share of what was counted for several. */
  finish(): void {
    this.counts.finish();
  }
}

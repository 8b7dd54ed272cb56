// The short way of most operations: nobody stands in their way, they go ahead at once, and only the map of their file and the
// counters change. What lanes share of a file is looked at and changed once for all of them. Whatever is not that simple is
// left to each lane's `Operations`, which would give the same for these.
import { Holding } from '../extents/extent-map.js';
import type { EventColumns } from '../model/events.js';
import { Op, opSet } from '../model/events.js';
import { Case, Verdict } from '../model/policy.js';
import { CASE_OF, writeCase } from './cases.js';
import { isFault } from './decision.js';
import { RESIZES } from './file-sizes.js';
import type { FileVersions } from './file-versions.js';
import type { EngineInput } from './input.js';
import type { Lane } from './lane.js';
import type { Prices } from './recipes.js';
import { COMMIT, IF_CLEAN, NO_CASE, REFUSE, Regimes } from './regimes.js';
import type { SealPlan } from './seal-plan.js';
import { Tally } from './tally.js';

const PAGE = 4096;
const KEEPS_MAP = opSet(['read', 'read_fault', 'setattr', 'fsync', 'msync']);
const SYNCS = opSet(['fsync', 'msync']);
/** Sets of lanes that have a tally of their own; a set more is counted lane by lane. */
const MOST_SETS = 40;
const BATCH = 1024;
const ONE_EACH = 0x01010101;

/** A set of lanes that went the short way together. */
interface Together {
  readonly lanes: number;
  readonly tally: Tally;
  /** In `Plain.together`. */
  readonly number: number;
}

export class Plain {
  /** By row: number of the set of lanes that went the short way, 0 for none. */
  private readonly rows: Uint8Array;
  private readonly together: Together[] = [];
  private readonly ofLanes = new Map<number, Together>();
  private last: Together | null = null;
  private readonly lanes: readonly Lane[];
  private readonly versions: FileVersions;
  private readonly regimes: Regimes;
  private readonly c: EventColumns;
  private readonly plan: SealPlan;
  private readonly prices: Prices;
  private readonly endNs: number;
  /** Lanes that repeat the trace: they hold it against what their kernel would have said. */
  private readonly recorded: number;
  /** Rows that lanes went through together and that are not counted yet, and when each was, ns. */
  private readonly batchRow = new Uint32Array(BATCH);
  private readonly batchNs = new Float64Array(BATCH);
  private batched = 0;
  /** Lanes whose queue of things to come a row has just added to. */
  queued = 0;

  constructor(
    input: EngineInput,
    plan: SealPlan,
    prices: Prices,
    lanes: readonly Lane[],
    versions: FileVersions,
    regimes: Regimes,
  ) {
    this.c = input.columns;
    this.plan = plan;
    this.prices = prices;
    this.lanes = lanes;
    this.versions = versions;
    this.regimes = regimes;
    this.endNs = input.endNs;
    this.rows = new Uint8Array(this.c.rows);
    this.recorded = lanes.reduce((set, lane, i) => (lane.policies.recorded ? set | (1 << i) : set), 0);
  }

  /** hot: carries the operation of a plain row out in those of these lanes where it is as simple as that; returns which. */
  run(row: number, nowNs: number, lanes: number): number {
    const { c, regimes, versions } = this;
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
        held = versions.summary(version, offset, length);
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
      const commits = here & lets[at + COMMIT]! & dirty;
      const goes = (here & (lets[at]! | (lets[at + IF_CLEAN]! & ~dirty))) | commits;
      if (uncertain) this.unsure(goes | refuses);
      if (refuses !== 0) this.refuse(row, operationCase, nowNs, refuses);
      refused |= refuses;
      if (goes === 0) continue;
      if (commits !== 0) this.commit(file, commits);
      if (this.plan.observed[file] === 1) {
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
    if (went !== 0) this.count(row, op, nowNs, went & ~committed, committed);
    return went | refused;
  }

  private refuse(row: number, operationCase: number, nowNs: number, lanes: number): void {
    for (let left = lanes; left !== 0; left &= left - 1) {
      const bit = left & -left;
      this.versions.acting = bit;
      if (this.lanes[31 - Math.clz32(bit)]!.refuse(row, operationCase, nowNs)) this.queued |= bit;
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
    this.lanes[31 - Math.clz32(lanes & -lanes)]!.changeFor(row, file, nowNs, held);
    // Blocks that the row names may have been metadata, in each lane by itself.
    if (this.c.addr[row]! >= 0)
      for (let left = lanes; left !== 0; left &= left - 1) this.lanes[31 - Math.clz32(left & -left)]!.named(row);
  }

  private commit(file: number, lanes: number): void {
    for (let left = lanes; left !== 0; left &= left - 1) this.lanes[31 - Math.clz32(left & -left)]!.files.commit(file);
  }

  /** Where changes are recorded, sizes follow from calls all the same. */
  private resize(row: number, nowNs: number, lanes: number): void {
    for (let left = lanes; left !== 0; left &= left - 1) {
      this.versions.acting = left & -left;
      this.lanes[31 - Math.clz32(left & -left)]!.resized(row, nowNs);
    }
    this.queued |= lanes;
  }

  private unsure(lanes: number): void {
    for (let left = lanes; left !== 0; left &= left - 1) {
      const bit = left & -left;
      // The prediction of a recorded lane looks at the map once more, and counts what it does not know.
      this.lanes[31 - Math.clz32(bit)]!.unsure((this.recorded & bit) !== 0 ? 2 : 1);
    }
  }

  // --- counting

  private count(row: number, op: number, nowNs: number, lanes: number, committed: number): void {
    if (committed !== 0) this.countCommits(row, op, nowNs, committed);
    if (lanes === 0) return;
    let together = this.last;
    if (together === null || together.lanes !== lanes) {
      together = this.setOf(lanes);
      this.last = together;
    }
    if (together === null || this.rows[row] !== 0) this.countEach(row, op, nowNs, lanes);
    else {
      this.rows[row] = together.number;
      this.batchRow[this.batched] = row;
      this.batchNs[this.batched++] = nowNs;
      if (this.batched === BATCH) this.countBatch();
    }
    const recorded = lanes & this.recorded;
    if (recorded !== 0) this.compare(row, op, recorded);
  }

  /** hot: counters and maps each have the caches to themselves for a while. */
  private countBatch(): void {
    const { batchNs, batchRow, c, rows, together } = this;
    const { latencyNs, op: ops } = c;
    for (let i = 0; i < this.batched; i++) {
      const row = batchRow[i]!;
      const op = ops[row]!;
      const { tally } = together[rows[row]! - 1]!;
      tally.proceeded[op]!++;
      tally.time(op, batchNs[i]!, this.lastedNs(row, op), latencyNs[row]! >= 0);
    }
    this.batched = 0;
  }

  /** As recorded, or what it would cost. */
  private lastedNs(row: number, op: number): number {
    const recordedNs = this.c.latencyNs[row]!;
    if (recordedNs >= 0) return recordedNs;
    const bytes = op === Op.truncate ? 0 : Math.max(0, this.c.length[row]!);
    return this.prices.fixedNs[op]! + this.prices.nsPerByte[op]! * bytes;
  }

  /** More sets of lanes than are worth a tally, or lanes that come to a row later than others. */
  private countEach(row: number, op: number, nowNs: number, lanes: number): void {
    const ns = this.lastedNs(row, op);
    for (let left = lanes; left !== 0; left &= left - 1) {
      const { ledger } = this.lanes[31 - Math.clz32(left & -left)]!;
      ledger.count(row, op, Verdict.proceed, 0);
      ledger.tally.time(op, nowNs, ns, this.c.latencyNs[row]! >= 0);
    }
  }

  private countCommits(row: number, op: number, nowNs: number, lanes: number): void {
    const ns = this.lastedNs(row, op);
    for (let left = lanes; left !== 0; left &= left - 1)
      this.lanes[31 - Math.clz32(left & -left)]!.committed(row, nowNs, ns, this.c.latencyNs[row]! >= 0);
  }

  private setOf(lanes: number): Together | null {
    const known = this.ofLanes.get(lanes);
    if (known !== undefined) return known;
    if (this.together.length === MOST_SETS) return null;
    const fresh = { lanes, tally: new Tally(this.endNs), number: this.together.length + 1 };
    this.together.push(fresh);
    this.ofLanes.set(lanes, fresh);
    return fresh;
  }

  /** Gives each lane its share of what was counted for several. */
  finish(): void {
    this.countBatch();
    for (const { lanes, tally } of this.together)
      for (let left = lanes; left !== 0; left &= left - 1)
        this.lanes[31 - Math.clz32(left & -left)]!.ledger.share(tally, lanes === (left & -left));
    this.lanes.forEach(({ ledger: { verdicts } }, lane) => {
      const isIn = Uint8Array.from([0, ...this.together.map(({ lanes }) => (lanes >>> lane) & 1)]);
      proceed(verdicts, this.rows, isIn);
    });
  }

  private compare(row: number, op: number, lanes: number): void {
    for (let left = lanes; left !== 0; left &= left - 1)
      this.lanes[31 - Math.clz32(left & -left)]!.fidelity!.agrees(op, this.c.result[row]!);
  }
}

/** hot: the verdict of rows that a lane went through with others: `isIn` by number of the set. Mostly four rows in a row are alike. */
function proceed(verdicts: Uint8Array, rows: Uint8Array, isIn: Uint8Array): void {
  const verdict = Verdict.proceed + 1;
  const whole = rows.length >>> 2;
  const fours = new Uint32Array(rows.buffer, rows.byteOffset, whole);
  const verdictFours = new Uint32Array(verdicts.buffer, verdicts.byteOffset, whole);
  const each = (from: number, to: number): void => {
    for (let row = from; row < to; row++) if (isIn[rows[row]!] === 1) verdicts[row] = verdict;
  };
  for (let i = 0; i < whole; i++) {
    const four = fours[i]!;
    if (four === 0) continue;
    if (four !== (four & 255) * ONE_EACH) each(4 * i, 4 * i + 4);
    else if (isIn[four & 255] === 1) verdictFours[i] = verdict * ONE_EACH;
  }
  each(4 * whole, rows.length);
}

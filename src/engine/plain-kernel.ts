// The kernel of plain rows (wasm/plain-rows.ts) at work for a pass: the arrays that it looks at lie in a memory that both have, columns
// are brought in some thousand rows at a time.
import type { EventColumns } from '../model/events.js';
import { Flag, OP_COUNT, OPS, Op } from '../model/events.js';
import { Case } from '../model/policy.js';
import { UNKNOWN_RESULT } from '../model/units.js';
import { CASE_OF, FREES } from './cases.js';
import type { FateBits } from './fates.js';
import type { FileVersions } from './file-versions.js';
import { type KernelMemory, KernelSlots, type Table } from './kernel-slots.js';
import { KnownRefusals } from './known-refusals.js';
import type { Lane } from './lane.js';
import { LateRows, type Runner } from './late-rows.js';
import type { Plain } from './plain.js';
import type { PlainCounts } from './plain-counts.js';
import type { Prices } from './recipes.js';
import {
  COMMIT,
  COMMIT_ALL,
  IF_CLEAN,
  NO_CASE,
  OPS_AT,
  REFUSE,
  type Regimes,
  SIMPLE_AT,
  SIMPLE_IF_CLEAN,
} from './regimes.js';
import { RowWindow } from './row-window.js';
import type { SealPlan } from './seal-plan.js';

/** Fewer rows are not worth a memory. */
export const KERNEL_FROM = 100_000;
/** Rows that are brought in at a time: they stay in a cache of the second level. */
const WINDOW = 4096;

const KINDS = new Map<number, string>([
  [Op.read, 'NOTHING'],
  [Op.setattr, 'NOTHING'],
  [Op.read_fault, 'READS'],
  [Op.write_fault, 'STORES'],
  [Op.write, 'WRITES'],
  [Op.punch, 'PUNCHES'],
  [Op.fallocate, 'ALLOCATES'],
  [Op.truncate, 'TRUNCATES'],
  [Op.extent, 'EXTENTS_SEEN'],
]);

export interface KernelParts {
  readonly columns: EventColumns;
  readonly plan: SealPlan;
  readonly prices: Prices;
  readonly lanes: readonly Lane[];
  readonly versions: FileVersions;
  readonly regimes: Regimes;
  readonly plain: Plain;
}

/** What lanes have in common: see `LaneSeat`. */
interface Shared {
  readonly apart: Int32Array<ArrayBuffer>;
  readonly epochs: Uint32Array<ArrayBuffer>;
  readonly fates: FateBits;
  readonly interfered: Int32Array<ArrayBuffer>;
}

export class PlainKernel implements Runner {
  /** It stopped behind a row, and may go on when what came of it is seen to. */
  isPaused = false;
  private readonly parts: KernelParts;
  private readonly counts: PlainCounts;
  private readonly memory: KernelMemory;
  private readonly slots: KernelSlots;
  private readonly table: Table;
  private readonly window: RowWindow;
  /** By lane; where threads of it may be late. */
  private readonly late: readonly (LateRows | null)[];
  base = 0;
  private readonly numbers: Float64Array<ArrayBuffer>;
  private readonly freshAt: number;
  private readonly nowAt: number;
  private readonly marksAt: number;
  /** One number: the kernel stopped behind a row. */
  private readonly stopped: Int32Array<ArrayBuffer>;
  private readonly refusals: KnownRefusals;
  private generation = -1;
  private letsAt = -1;
  private writtenAt = -1;
  private countsAt = -1;
  private cellsAt = -1;

  constructor(parts: KernelParts, shared: Shared, memory: KernelMemory) {
    const { room } = memory;
    const { columns, lanes, plain, plan } = parts;
    this.parts = parts;
    this.counts = plain.counts;
    this.memory = memory;
    const slots = new KernelSlots(memory, this.asked());
    this.slots = slots;
    this.table = slots.table();
    this.window = new RowWindow(room, WINDOW, columns, plan.plain);
    this.numbers = room.float64(7);
    this.freshAt = slots.get('IS_FRESH');
    this.nowAt = slots.get('NOW_NS');
    this.marksAt = slots.get('MARKS');
    this.stopped = room.int32(1);
    const refuse = plain.refuseUncounted.bind(plain);
    this.refusals = new KnownRefusals(
      { files: parts.regimes.of.length, lanes },
      plain.counts.classes,
      refuse,
      slots,
      memory,
    );
    slots.place(this.window.arrays);
    this.fix(shared);
    this.late = lanes.map(({ queue, threads }, lane) =>
      threads === null ? null : new LateRows(lane, { queue, threads }, columns, plan, this.counts, slots, memory),
    );
    this.point();
  }

  /** False: what the kernel works on has outgrown its memory. */
  get isUsable(): boolean {
    return this.memory.holdsAll;
  }

  /** hot: rows from `first` on, as long as each is simple enough, not later than `lastNs` and earlier than `nextNs`; returns the first that is not. */
  run(first: number, lastNs: number, nextNs: number, lanes: number): number {
    const { counts, numbers, table, window } = this;
    const { rows } = this.parts.columns;
    const { exports } = this.slots;
    table[this.freshAt] = Number(this.isFresh());
    numbers[0] = lastNs;
    numbers[1] = nextNs;
    this.isPaused = false;
    // It may need more room for counters.
    counts.countTo(first);
    this.point();
    let row = first;
    while (row < rows) {
      if (row < window.from || row >= window.to) {
        window.bring(row);
        table[this.marksAt] = counts.rows.byteOffset + row;
      }
      this.base = window.from;
      const at = row - window.from;
      const reached = exports.run(table.byteOffset, at, window.to - window.from, lanes);
      row = window.from + reached;
      counts.wasCounted(row);
      this.isPaused = this.isStopped();
      if (this.isPaused || row < window.to) return row;
    }
    return row;
  }

  /** hot: late rows of a lane, as long as each is simple enough, up to a time; when the last of them ran, ns, -1 for none. */
  runLate(lane: number, limitNs: number): number {
    const late = this.late[lane]!;
    this.point();
    this.numbers[this.nowAt] = -1;
    late.run(limitNs, this);
    return this.numbers[this.nowAt]!;
  }

  /** Is what follows from every operation so far what was seen of it, in all lanes? */
  private isFresh(): boolean {
    const { lanes } = this.parts;
    for (let lane = 0; lane < lanes.length; lane++) if (!lanes[lane]!.isFresh) return false;
    return true;
  }

  /** The kernel stopped behind a row, and something else comes first. */
  isStopped(): boolean {
    return this.stopped[0] !== 0;
  }

  /** Gives each group of conflicts its share. */
  finish(): void {
    this.refusals.finish();
  }

  private asked(): object {
    const { columns, versions } = this.parts;
    const { counts } = this;
    const { op } = columns;
    return {
      refuse: (row: number, operationCase: number, lanes: number, nowNs: number, slot: number) =>
        this.refused(this.refusals.first(this.base + row, operationCase, nowNs, slot, lanes)),
      join: (a: number, b: number) => counts.classes.joined(a, b),
      answerEach: (row: number, signature: number, nowNs: number) =>
        this.refusals.answerEach(this.base + row, signature, nowNs),
      classFor: (went: number, signature: number, committed: number) => counts.classFor(went, signature, committed),
      numberOfCommits: (lanes: number) => counts.numberOfCommits(lanes),
      commitEach: (row: number, lanes: number, nowNs: number) =>
        counts.commits(this.base + row, op[this.base + row]!, nowNs, lanes),
      mapGenerally: (version: number, key: number, size: number, target: number, state: number) =>
        versions.mapUnits(version, key, size, target, state),
      cutGenerally: (version: number, key: number, end: number) => versions.cutUnits(version, key, end),
      wentEach: (row: number, lanes: number, nowNs: number) =>
        counts.countEach(this.base + row, op[this.base + row]!, nowNs, lanes),
      openPage: (at: number) => this.opened(counts.latencies.open(at)),
      openHeat: (at: number) => this.opened(counts.heats.open(at)),
      countOther: (row: number, number: number, nowNs: number) => {
        counts.count(number, this.base + row, op[this.base + row]!, nowNs);
        this.point();
      },
    };
  }

  /** Something may be to come of a refusal, and arrays may be others: then the kernel stops. */
  private refused(signature: number): number {
    if (this.parts.plain.queued !== 0 || !this.isInPlace) this.stopped[0] = 1;
    return signature;
  }

  /** A page more, and where all of them are now. */
  private opened(place: number): number {
    this.point();
    return place;
  }

  /** What stays where it is. */
  private fix({ apart, epochs, fates, interfered }: Shared): void {
    const { lanes, plan, prices, regimes, versions } = this.parts;
    const { counts, numbers, slots } = this;
    const { heats, latencies } = counts;
    const { room } = this.memory;
    const { regions } = plan;
    numbers[slots.get('REGION_BASE')] = regions.base;
    numbers[slots.get('REGION_STRIDE')] = regions.stride;
    numbers[slots.get('BIN_NS')] = heats.binNs;
    numbers[slots.get('COMMIT_NS')] = prices.price('commit');
    const commits = room.int32(lanes.length);
    lanes.forEach(({ files }, lane) => {
      commits[lane] = files.commits.byteOffset;
    });
    slots.place({
      ...{ APART: apart, FIRST: versions.first, DIRTY: versions.dirty, REGIME: regimes.of },
      ...{ OBSERVED: slots.copy(plan.observed), REGION_START: slots.copy(regions.start) },
      ...{ REGION_SIZE: slots.copy(regions.size), NUMBERS: numbers, EPOCHS: epochs, REFUSALS: this.refusals.slots },
      ...{
        DENIED_OPS: fates.denied,
        COMMITTED_OPS: fates.committed,
        FOLLOWED: slots.copy(fates.followed),
        INTERFERED: interfered,
        COMMITS_OF: commits,
      },
      CLASSES: room.int32(slots.get('CLASS_SLOTS') * slots.get('CLASS_WORDS')),
      JOINED: room.uint8(slots.get('SIGNATURES') ** 2),
      SCRATCH: room.int32(lanes.length * slots.get('SCRATCH_WORDS')),
      KINDS: slots.copy(Uint8Array.from(OPS, (_, op) => slots.get(KINDS.get(op) ?? 'OTHER'))),
      ...{ CASE_OF: slots.copy(CASE_OF), FREES: slots.copy(FREES), STOPPED: this.stopped },
      ...{ IS_COMPARED: counts.isCompared, TOLD: counts.told, MEASURED: counts.measured },
      ...{ PLACES: latencies.places, TIMES: latencies.times, WHOLE: latencies.whole, REST: latencies.rest },
      ...{ LEAST: latencies.least, MOST: latencies.most, HEAT_PLACES: heats.places },
      ...{ FIXED_NS: slots.copy(prices.fixedNs), NS_PER_BYTE: slots.copy(prices.nsPerByte) },
    });
    const values = {
      ...{
        OPS_AT,
        SIMPLE_AT,
        SIMPLE_IF_CLEAN,
        NO_CASE,
        IF_CLEAN,
        COMMIT,
        COMMIT_ALL,
        REFUSE,
        OP_COUNT,
        UNKNOWN_RESULT,
      },
      ...{ WRITE_WRITTEN: Case.write_written, WRITE_UNWRITTEN: Case.write_unwritten, WRITE_HOLE: Case.write_hole },
      ...{ WRITE_PAST_EOF: Case.write_past_eof, WRITE_FAULT: Case.write_fault_written },
      ...{ TRUNCATE_DOWN: Case.truncate_down, TRUNCATE_UP: Case.truncate_up, TRUNCATE_SAME: Case.truncate_same },
      FATE_SHIFT: Math.log2(fates.denied.BYTES_PER_ELEMENT),
      ...{ KEEP_SIZE: Flag.keep_size, NOT_WRITTEN: Flag.delalloc | Flag.unwritten | Flag.reflinked | Flag.second },
    };
    for (const [name, value] of Object.entries(values)) slots.set(name, value);
  }

  /** Arrays that grew are others. */
  private get isInPlace(): boolean {
    const { counts } = this;
    const { regimes, versions } = this.parts;
    return (
      this.generation === versions.generation &&
      this.letsAt === regimes.lets.byteOffset &&
      this.writtenAt === versions.written.words.byteOffset &&
      this.countsAt === counts.latencies.counts.byteOffset &&
      this.cellsAt === counts.heats.cells.byteOffset
    );
  }

  /** Where they are now. */
  private point(): void {
    const { regimes, versions } = this.parts;
    const { heads, written } = versions;
    const { heats, latencies } = this.counts;
    if (this.isInPlace) return;
    this.generation = versions.generation;
    this.letsAt = regimes.lets.byteOffset;
    this.writtenAt = written.words.byteOffset;
    this.countsAt = latencies.counts.byteOffset;
    this.cellsAt = heats.cells.byteOffset;
    const { allocated, changedNs, diverged, from, known, lanes, next, removals, seen, size } = versions;
    this.slots.place({
      ...{ LETS: regimes.lets, WRITTEN: written.words, LANES: lanes, NEXT: next, SIZE: size, KNOWN: known, SEEN: seen },
      ...{ DIVERGED: diverged, REMOVALS: removals, CHANGED_NS: changedNs, ALLOCATED: allocated, FROM: from },
      ...{ HEAD_AT: heads.at, BITS_AT: heads.bitsAt, BITS: heads.bits, ALONE: heads.alone },
      ...{ COUNTS: latencies.counts, CELLS: heats.cells },
    });
  }
}

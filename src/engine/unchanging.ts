// The shortest way of most rows: a read, a fault or a write in place, which every lane lets through and which leaves its file as it is.
// All there is to do is to count it. Whatever is not that simple is for `Plain`, which would give the same for these.
import type { EventColumns } from '../model/events.js';
import { OPS, Op } from '../model/events.js';
import { NONE } from '../model/units.js';
import type { FileVersions } from './file-versions.js';
import type { PlainCounts } from './plain-counts.js';
import { Regimes, SIMPLE_IF_CLEAN } from './regimes.js';
import type { SealPlan } from './seal-plan.js';

/** What has to be known of the file, by op: nothing; where it ends; also what the range holds. 0: not that simple. */
const Asks = { other: 0, nothing: 1, size: 2, blocks: 3, both: 4 } as const;
const ASKS = Uint8Array.from(OPS, (_, op) => {
  if (op === Op.read || op === Op.setattr) return Asks.nothing;
  if (op === Op.read_fault) return Asks.size;
  if (op === Op.write_fault) return Asks.blocks;
  return op === Op.write ? Asks.both : Asks.other;
});

export class Unchanging {
  private readonly c: EventColumns;
  private readonly plain: Uint8Array;
  private readonly observed: Uint8Array;
  private readonly versions: FileVersions;
  private readonly regimes: Regimes;
  private readonly counts: PlainCounts;
  /** By task: lanes in which it is late. */
  private readonly apart: Int32Array;

  constructor(
    columns: EventColumns,
    { plain, observed }: SealPlan,
    versions: FileVersions,
    regimes: Regimes,
    counts: PlainCounts,
    apart: Int32Array,
  ) {
    this.c = columns;
    this.plain = plain;
    this.observed = observed;
    this.versions = versions;
    this.regimes = regimes;
    this.counts = counts;
    this.apart = apart;
  }

  /** hot: is a row that simple for a lane that comes to it by itself? Then it is marked. */
  runLate(row: number, lane: number): boolean {
    return this.run(row, row + 1, lane, true) > row;
  }

  /** hot: marks rows as gone through by these lanes, as long as each is that simple; returns the first that is not. */
  run(first: number, to: number, lanes: number, isLate = false): number {
    const { apart, counts, observed, plain, versions } = this;
    const { addr, file: files, length: lengths, offset: offsets, op: ops, task: tasks } = this.c;
    const { lets, of } = this.regimes;
    const { dirty, first: firsts, lanes: whose, next, size: sizes } = versions;
    const { rows } = counts;
    const number = counts.numberFor(lanes);
    if (number === 0) return first;
    let row = first;
    for (; row < to; row++) {
      const op = ops[row]!;
      const asks = ASKS[op]!;
      if (asks === Asks.other || plain[row] === 0 || addr[row]! >= 0) break;
      const task = tasks[row]!;
      if (rows[row] !== 0 || (!isLate && task !== NONE && apart[task] !== 0)) break;
      const file = files[row]!;
      const at = Regimes.simpleAt(of[file]!, op);
      if ((lanes & ~lets[at]!) !== 0 && (lanes & ~(lets[at]! | (lets[at + SIMPLE_IF_CLEAN]! & ~dirty[file]!))) !== 0)
        break;
      if (asks !== Asks.nothing) {
        const offset = offsets[row]!;
        const length = lengths[row]!;
        const isWrite = asks === Asks.both;
        if (asks >= Asks.blocks && (offset < 0 || length <= 0)) break;
        if (isWrite && observed[file] === 1) break;
        const end = isWrite ? offset + length : offset + 1;
        let version = firsts[file]!;
        for (; version >= 0; version = next[version]!) {
          if ((whose[version]! & lanes) === 0) continue;
          // A fault in a file whose size is not known may be anywhere.
          if (sizes[version]! < end && (isWrite || sizes[version]! >= 0)) break;
          if (asks === Asks.size) continue;
          if (!versions.isWritten(version, offset, length)) break;
        }
        if (version >= 0) break;
      }
      rows[row] = number;
    }
    return row;
  }
}

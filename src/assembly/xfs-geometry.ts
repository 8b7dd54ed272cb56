// XFS numbers blocks as (allocation group << agblklog) | block in group, while a device address is group * agsize + block
// (XFS_FSB_TO_DADDR). Neither number is in the trace; both follow from pairs of one extent seen both ways
// (xfs_iomap_found, then iomap_iter_dstmap): kernel-events reference, trap 5.

import type { Elected } from './xfs-votes.js';

/** XFS_MIN_AG_BYTES is 16 MiB (fs/xfs/libxfs/xfs_fs.h): 4096 blocks of 4 KiB. */
const SMALLEST_GROUP = 4096;

/** Linear block of a file system block, by the groups. */
export function placed(fsb: number, log: number, size: number): number {
  const group = Math.floor(fsb / 2 ** log);
  return group * size + (fsb - group * 2 ** log);
}

const powerAbove = (block: number): number => 2 ** Math.ceil(Math.log2(block + 1));

export class XfsGeometry {
  /** Highest block seen with fsb equal to its linear address: groups are at least that large. */
  private linearTo = SMALLEST_GROUP - 1;
  /** The next power of two: with groups that large, all below it is linear. */
  private linearBelow = powerAbove(SMALLEST_GROUP - 1);
  /** By agblklog: the group size all pairs agree on; 0 none yet; -1 they disagree. */
  private readonly sizes = new Float64Array(40);
  private pairs = 0;
  private settled: readonly number[] | null = null;
  private isTold = false;
  private votes = '';
  /** Given by the user: group size and its agblklog; 0 where nothing was. */
  private readonly givenSize: number;
  private readonly givenLog: number;
  private agreed = 0;
  private contradicted = 0;

  constructor(givenSize = 0) {
    this.givenSize = givenSize;
    this.givenLog = givenSize === 0 ? 0 : Math.ceil(Math.log2(givenSize));
  }

  /** One extent seen as file system block and as linear block of the device. */
  pair(fsb: number, linear: number): void {
    if (this.givenSize > 0) {
      if (this.linear(fsb) === linear) this.agreed++;
      else this.contradicted++;
      return;
    }
    if (fsb === linear) {
      if (fsb > this.linearTo) {
        this.linearTo = fsb;
        this.linearBelow = powerAbove(fsb);
        this.settled = null;
      }
      return;
    }
    this.pairs++;
    for (let log = 1; log < this.sizes.length; log++) {
      const group = Math.floor(fsb / 2 ** log);
      const inGroup = fsb - group * 2 ** log;
      const size = group > 0 ? (linear - inGroup) / group : -1;
      const fits = Number.isInteger(size) && size > inGroup && size <= 2 ** log && size > 2 ** (log - 1);
      if (!fits || (this.sizes[log] !== 0 && this.sizes[log] !== size)) this.sizes[log] = -1;
      else this.sizes[log] = size;
    }
    this.settled = null;
  }

  /** Linear block of `fsb`; NaN when the pairs do not tell. */
  linear(fsb: number): number {
    if (this.givenSize > 0) return placed(fsb, this.givenLog, this.givenSize);
    const logs = this.logs();
    if (logs.length > 0) return this.agreedOn((log) => placed(fsb, log, this.sizes[log]!), logs);
    // Only pairs in group 0: with groups larger than linearTo, what lies below the next power of two is linear too.
    return this.pairs === 0 && fsb < this.linearBelow ? fsb : Number.NaN;
  }

  /** The recorder knew it from the superblock. */
  told(groupBlocks: number, log: number): void {
    if (!(Number.isInteger(log) && log > 0 && log < this.sizes.length)) return;
    if (!(groupBlocks > 2 ** (log - 1) && groupBlocks <= 2 ** log)) return;
    this.sizes.fill(-1);
    this.sizes[log] = groupBlocks;
    this.settled = null;
    this.isTold = true;
  }

  /** Neither told nor given, and no pair tells it either. */
  get isOpen(): boolean {
    return this.givenSize === 0 && !this.isTold && this.logs().length === 0 && this.pairs === 0;
  }

  /** Requests tell it: so many of so many extents begin where one does. */
  elected({ groups, agree, of }: Elected): void {
    const large = groups.filter(({ size }) => size > this.linearTo);
    if (large.length === 0) return;
    this.sizes.fill(-1);
    for (const { size, log } of large) this.sizes[log] = size;
    this.settled = null;
    this.isTold = true;
    this.votes = `learned from requests: ${agree} of ${of} extents beyond the first group begin where one does`;
  }

  /** File system block of a linear one; NaN where the groups are not known. */
  numbered(linear: number): number {
    if (this.givenSize > 0) return numbered(linear, this.givenLog, this.givenSize);
    return this.agreedOn((log) => numbered(linear, log, this.sizes[log]!), this.logs());
  }

  /** What all group sizes that the pairs allow make of a block; NaN where they differ. */
  private agreedOn(of: (log: number) => number, logs: readonly number[]): number {
    const [first, ...others] = logs;
    if (first === undefined) return Number.NaN;
    const found = of(first);
    return others.every((log) => of(log) === found) ? found : Number.NaN;
  }

  /** In words, for the list of issues. */
  describe(): string {
    if (this.givenSize > 0)
      return `allocation groups of ${this.givenSize} blocks (agblklog ${this.givenLog}), given; ${this.agreed} pairs of block numbers agree, ${this.contradicted} contradict it`;
    const logs = this.logs();
    const log = logs.at(-1) ?? 0;
    if (this.isTold && log > 0)
      return `allocation groups of ${this.sizes[log]} blocks (agblklog ${log}), ${this.votes || 'told by the recorder'}`;
    if (log > 0)
      return `allocation groups of ${this.sizes[log]} blocks (agblklog ${log}), learned from ${this.pairs} pairs${logs.length > 1 ? `, which ${logs.length - 1} smaller ${logs.length === 2 ? 'size fits' : 'sizes fit'} as well` : ''}`;
    if (this.pairs > 0) return `${this.pairs} pairs of block numbers that fit no single group size`;
    return `one allocation group seen: block numbers are assumed to be linear below ${this.linearBelow}; --xfs-geometry gives the size of a group`;
  }

  /** Every agblklog that the pairs allow: half the size under half the numbers may fit as well. */
  private logs(): readonly number[] {
    if (this.settled === null) {
      const fitting: number[] = [];
      this.sizes.forEach((size, log) => {
        // Groups cannot be smaller than what was seen to be linear, but where they are a power of two and all is.
        if (size > this.linearTo || size === 2 ** log) fitting.push(log);
      });
      this.settled = fitting;
    }
    return this.settled;
  }
}

function numbered(linear: number, log: number, size: number): number {
  const group = Math.floor(linear / size);
  return group * 2 ** log + (linear - group * size);
}

// Brings what the next rows need near before they are replayed, a window of rows at a time. A replay row by row waits for memory at every
// row; loads that do not depend on each other wait together. Nothing is decided or changed here.
import type { EventColumns } from '../model/events.js';
import { opSet } from '../model/events.js';
import { NONE } from '../model/units.js';
import type { FileVersions } from './file-versions.js';

const WINDOW = 64;
/** Rows whose eight bytes are one cache line. */
const LINE = 8;
/** Plain operations that look at a block map, or change one. */
const LOOKS = opSet(['write', 'write_fault', 'fallocate', 'punch', 'zero', 'collapse', 'insert']);

/** In all lanes. */
const isLate = (apart: Int32Array, task: number, all: number): boolean => task !== NONE && apart[task] === all;

export class LookAhead {
  /** Rows of a late thread at a time. */
  static readonly CHAIN = 32;
  /** The first row that is not near yet. */
  until = 0;
  private readonly c: EventColumns;
  private readonly plain: Uint8Array;
  private readonly versions: FileVersions;
  /** What was read, so that no compiler leaves it out. */
  read = 0;

  constructor(columns: EventColumns, plain: Uint8Array, versions: FileVersions) {
    this.c = columns;
    this.plain = plain;
    this.versions = versions;
  }

  /** hot: the next window of rows, except those of threads that come to them later. */
  on(from: number, apart: Int32Array, all: number): void {
    const { plain, versions } = this;
    const { addr, file, latencyNs, length, offset, op, rows, task, timeNs } = this.c;
    const to = Math.min(rows, from + WINDOW);
    this.until = to;
    let read = 0;
    for (let row = from; row < to; row += LINE)
      if (!isLate(apart, task[row]!, all))
        read += timeNs[row]! + offset[row]! + length[row]! + addr[row]! + latencyNs[row]! + file[row]!;
    this.read = read;
    for (let row = from; row < to; row++)
      if (plain[row] === 1 && LOOKS[op[row]!] === 1 && offset[row]! >= 0 && !isLate(apart, task[row]!, all))
        versions.foretell(file[row]!, offset[row]!);
    versions.foretouch();
  }

  /** hot: rows of one thread, by its chain. */
  along(first: number, next: Uint32Array): void {
    const { plain, versions } = this;
    const { addr, file, latencyNs, length, offset, op, timeNs } = this.c;
    let row = first;
    let read = 0;
    for (let n = 0; n < LookAhead.CHAIN && row !== NONE; n++, row = next[row]!) {
      read += timeNs[row]! + length[row]! + addr[row]! + latencyNs[row]!;
      if (plain[row] === 1 && LOOKS[op[row]!] === 1 && offset[row]! >= 0) versions.foretell(file[row]!, offset[row]!);
    }
    this.read = read;
    versions.foretouch();
  }
}

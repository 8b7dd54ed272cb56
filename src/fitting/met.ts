// What operations met in the maps of their files, and what came into them or went without one.
import { Holding } from '../extents/extent-map.js';
import { type EventColumns, Flag, isObservation, Op, opSet } from '../model/events.js';
import type { Bytes } from '../model/units.js';
import type { CaseName } from '../workloads/modelled/model.js';
import { Pages } from './pages.js';
import type { MapsAt, Use } from './use.js';

const PAGE = 4096;
/** More bytes than any file has. */
const WHOLE = 2 ** 60;
const IS_FAULT = opSet(['read_fault', 'write_fault']);
const GIVES_BLOCKS = opSet(['write', 'fallocate', 'zero', 'insert', 'unshare']);
const CLONES = opSet(['reflink', 'dedupe']);
/** Blocks that were another file's, or lay elsewhere in this one. */
const ELSEWHERE = Flag.moved | Flag.reflinked;

export class Met {
  readonly #c: EventColumns;
  readonly #maps: MapsAt;
  /** Written pages that a fault had filled; and pages that calls ever wrote to. */
  readonly #faulted = new Pages();
  readonly #written = new Pages();
  /** Numbers of the operations that have rows of their own: what they did is theirs. */
  readonly #calls = new Set<number>();
  /** By clone that is there: what it was cloned from. */
  readonly #sourceOf = new Map<number, number>();

  constructor(columns: EventColumns, maps: MapsAt) {
    this.#c = columns;
    this.#maps = maps;
    const { op, flags, opId, rows } = columns;
    for (let row = 0; row < rows; row++) if (!isObservation(op[row]!, flags[row]!)) this.#calls.add(opId[row]!);
    this.#calls.delete(0);
  }

  /** Of an operation in a file of `size` bytes. */
  case(row: number, size: Bytes): CaseName {
    const c = this.#c;
    const op = c.op[row]!;
    const length = c.length[row]!;
    const offset = c.offset[row]!;
    if (op === Op.truncate) return size < 0 ? '' : length < size ? 'down' : length > size ? 'up' : 'same';
    // Faults know whole pages only.
    if (IS_FAULT[op] === 1 && size >= 0 && offset >= Math.ceil(size / PAGE) * PAGE) return 'past_eof';
    if (op !== Op.write && op !== Op.write_fault) return '';
    if (op === Op.write && size >= 0 && offset >= 0 && offset + length > size) return 'past_eof';
    const met = caseOf(this.#holding(row, offset, length));
    if (op === Op.write || c.result[row]! < 0) {
      if (met !== 'written') this.#faulted.drop(c.file[row]!, offset, length);
      return met;
    }
    if (met !== 'written') this.#faulted.add(c.file[row]!, offset, PAGE);
    else if (this.#faulted.has(c.file[row]!, offset, PAGE)) return 'faulted';
    return met;
  }

  /** What an operation gave to its file, to be known when blocks come without one. */
  done({ op, file, offset, length }: Use): void {
    if (GIVES_BLOCKS[op] === 1 && offset >= 0 && length > 0) this.#written.add(file, offset, length);
  }

  cloned({ op, file, errno }: Use, clone: number): void {
    if (CLONES[op] === 1 && errno === 0) this.#sourceOf.set(clone, file);
  }

  /** Does the row tell of what an operation did, or is it not known who did it? */
  isOfCall(row: number): boolean {
    return this.#calls.has(this.#c.opId[row]!);
  }

  /**
   * Holes got blocks, or blocks data, through no call that was seen: by a device, or by calls that were not recorded. What page faults
   * dirtied comes so too: lanes take it as it was seen, whether they let the faults through or not. null: nothing came.
   */
  appeared(row: number): CaseName | null {
    const c = this.#c;
    const [file, offset, length] = [c.file[row]!, c.offset[row]!, c.length[row]!];
    const flags = c.flags[row]!;
    if ((flags & ELSEWHERE) !== 0) return null;
    const held = this.#holding(row, offset, length);
    const written = (flags & Flag.unwritten) === 0;
    const before = written ? Holding.hole | Holding.unwritten : Holding.hole;
    const faulted = written && (held & Holding.written) === 0 && this.#faulted.has(file, offset, length);
    if (!faulted && ((held & ~before) !== 0 || this.#written.has(file, offset, length))) return null;
    if (faulted) this.#faulted.drop(file, offset, length);
    return faulted ? 'faulted' : (held & Holding.unwritten) !== 0 ? 'unwritten' : 'hole';
  }

  /**
   * The file whose blocks are all its own again, as the last of its clone's go without a call: so the kernel gives a deleted file's
   * back. -1: none.
   */
  freed(row: number): number {
    const c = this.#c;
    const file = c.file[row]!;
    const source = this.#sourceOf.get(file) ?? -1;
    if (source < 0) return -1;
    const end = c.offset[row]! + (c.length[row]! < 0 ? WHOLE : c.length[row]!);
    const left = this.#holding(row, 0, c.offset[row]!) | this.#holding(row, end, WHOLE);
    if ((left & ~Holding.hole) !== 0) return -1;
    this.#sourceOf.delete(file);
    return source;
  }

  /** Of the row's file, before it. */
  #holding(row: number, offset: Bytes, length: Bytes): number {
    return this.#maps.holding(this.#c.file[row]!, offset, length, this.#c.timeNs[row]! - 1);
  }
}

function caseOf(held: number): CaseName {
  if ((held & Holding.hole) !== 0) return 'hole';
  if ((held & Holding.reflinked) !== 0) return 'shared';
  return (held & Holding.unwritten) !== 0 ? 'unwritten' : 'written';
}

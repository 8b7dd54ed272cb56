// The naive replay's files: one object for each 4 KiB block, in a Map by its place in the file. What each call does to
// them is written down from replay.md section 2 and seal-semantics.md sections 1 and 3, block by block.
import { PAGE } from '../support/replay.js';

/** Bytes between the rows of two files: more than a random trace ever fills. */
const ROW = 2 ** 36;

export interface Cell {
  readonly addr: number;
  readonly state: 'written' | 'unwritten';
  /** Marked as reflinked. It stays marked when the clone is gone: another owner need not be in the trace. */
  readonly shared: boolean;
}

export interface FileModel {
  readonly path: string;
  /** Bytes; -1 unknown. */
  size: number;
  /** Its map is known. */
  known: boolean;
  /** Uncommitted map metadata. */
  dirty: boolean;
  cells: Map<number, Cell>;
}

export const newFile = (path: string): FileModel => ({ path, size: -1, known: false, dirty: false, cells: new Map() });

/** End of the last block in bytes. */
export const endOf = (file: FileModel): number => Math.max(0, ...[...file.cells.keys()].map((at) => (at + 1) * PAGE));

/** Blocks that a range of bytes touches. */
export function touched(offset: number, length: number): number[] {
  const blocks: number[] = [];
  for (let at = Math.floor(offset / PAGE); at < Math.ceil((offset + length) / PAGE); at++) blocks.push(at);
  return length > 0 ? blocks : [];
}

/** Blocks that lie wholly in a range of bytes. */
export const inside = (offset: number, length: number): number[] =>
  touched(offset, length).filter((at) => at * PAGE >= offset && (at + 1) * PAGE <= offset + length);

export class Disk {
  readonly files = new Map<string, FileModel>();
  /** Blocks written as metadata of the file system, by address. */
  readonly metadata = new Set<number>();
  /** How many blocks only the replay gave to a file. */
  private readonly given = new Map<FileModel, number>();
  private readonly firstFree: number;

  /** `firstFree`: what only a replay allocates comes from there; no block of the trace lies above. */
  constructor(firstFree: number) {
    this.firstFree = firstFree;
  }

  file(path: string): FileModel {
    const file = this.files.get(path) ?? newFile(path);
    this.files.set(path, file);
    return file;
  }

  /** Everybody who owns a block now: the path and the place in it. */
  owners(addr: number): { readonly file: FileModel; readonly at: number }[] {
    return [...this.files.values()].flatMap((file) =>
      [...file.cells].flatMap(([at, cell]) => (cell.addr === addr ? [{ file, at }] : [])),
    );
  }

  /**
   * Does somebody still own a block of this run, another file or this one elsewhere? Then the whole run that the trace
   * names is replaced: replay.md section 2 speaks of a block, and a call gets its blocks as one run.
   */
  isTaken(file: FileModel, offset: number, addr: number, length: number): boolean {
    return touched(addr, length).some((block) =>
      this.owners(block * PAGE).some((owner) => owner.file !== file || (owner.at - block) * PAGE !== offset - addr),
    );
  }

  /** The file's next block of those that are given to it alone, and never twice: each file has a row of its own. */
  private allocate(file: FileModel): number {
    const nth = this.given.get(file) ?? 0;
    this.given.set(file, nth + 1);
    return this.firstFree + [...this.files.values()].indexOf(file) * ROW + nth * PAGE;
  }

  /** Whose row a block is from, and which of it; null for a block that the trace names. */
  rowOf(addr: number): { readonly path: string; readonly nth: number } | null {
    if (addr < this.firstFree) return null;
    const path = [...this.files.keys()][Math.floor((addr - this.firstFree) / ROW)]!;
    return { path, nth: ((addr - this.firstFree) % ROW) / PAGE };
  }

  /** Fills holes; `addr` is the device byte of byte `offset`, -1 when the replay has to find blocks itself. */
  fill(file: FileModel, offset: number, length: number, addr: number, state: Cell['state']): boolean {
    const holes = touched(offset, length).filter((at) => !file.cells.has(at));
    for (const at of holes) {
      const named = addr < 0 ? this.allocate(file) : addr + at * PAGE - offset;
      file.cells.set(at, { addr: named, state, shared: false });
    }
    return holes.length > 0;
  }

  /** Copy on write: shared blocks of a range become blocks of the file's own, in the state they had. */
  copyShared(file: FileModel, offset: number, length: number): boolean {
    const shared = touched(offset, length).filter((at) => file.cells.get(at)?.shared === true);
    for (const at of shared) file.cells.set(at, { ...file.cells.get(at)!, addr: this.allocate(file), shared: false });
    return shared.length > 0;
  }

  write(file: FileModel, offset: number, length: number, addr: number): void {
    if (length <= 0) return;
    // A copy of shared blocks is a change of the map without new metadata of the file's own here: as the engine has it.
    this.copyShared(file, offset, length);
    if (this.fill(file, offset, length, addr, 'written')) file.dirty = true;
    if (this.settle(file, offset, length)) file.dirty = true;
  }

  /** Unwritten blocks become written. */
  settle(file: FileModel, offset: number, length: number): boolean {
    const unwritten = touched(offset, length).filter((at) => file.cells.get(at)?.state === 'unwritten');
    for (const at of unwritten) file.cells.set(at, { ...file.cells.get(at)!, state: 'written' });
    return unwritten.length > 0;
  }

  truncate(file: FileModel, size: number): void {
    for (const at of [...file.cells.keys()])
      if (at * PAGE >= size) {
        file.cells.delete(at);
        file.dirty = true;
      }
    file.size = size;
  }

  /** Blocks wholly inside go; zeroing the rest of a block at an edge moves nothing. */
  punch(file: FileModel, offset: number, length: number): void {
    for (const at of inside(offset, length)) file.cells.delete(at);
    if (inside(offset, length).length > 0) file.dirty = true;
  }

  /** Everything reads as zero: holes are filled, whole blocks become unwritten; a shared one cannot be zeroed in place. */
  zero(file: FileModel, offset: number, length: number): void {
    file.dirty = true;
    this.fill(file, offset, length, -1, 'unwritten');
    for (const at of inside(offset, length)) {
      const cell = file.cells.get(at)!;
      file.cells.set(at, { addr: cell.shared ? this.allocate(file) : cell.addr, state: 'unwritten', shared: false });
    }
  }

  /** Whole blocks only, as the kernel demands. */
  collapse(file: FileModel, offset: number, length: number): void {
    const by = length / PAGE;
    const from = offset / PAGE;
    const kept = [...file.cells].filter(([at]) => at < from || at >= from + by);
    file.cells = new Map(kept.map(([at, cell]) => [at < from ? at : at - by, cell]));
    file.dirty = true;
    if (file.size >= 0) file.size = Math.max(0, file.size - length);
  }

  insert(file: FileModel, offset: number, length: number): void {
    file.cells = new Map([...file.cells].map(([at, cell]) => [at * PAGE < offset ? at : at + length / PAGE, cell]));
    file.dirty = true;
    if (file.size >= 0) file.size += length;
  }

  /** The target gets the source's blocks, holes included, and both are shared from then on. */
  reflink(source: FileModel, from: number, length: number, target: FileModel, to: number): void {
    const whole = length <= 0;
    const bytes = whole ? Math.max(endOf(source), Math.ceil(source.size / PAGE) * PAGE) - from : length;
    if (bytes <= 0) return;
    const cells = touched(from, bytes).map((at) => [at, source.cells.get(at)] as const);
    for (const [at, cell] of cells) {
      const there = at + (to - from) / PAGE;
      target.cells.delete(there);
      if (cell === undefined) continue;
      target.cells.set(there, { ...cell, shared: true });
      source.cells.set(at, { ...cell, shared: true });
    }
    target.dirty = true;
    target.size = Math.max(target.size, to + (whole && source.size >= 0 ? source.size - from : bytes));
  }

  /** Two ranges change places. */
  exchange(a: FileModel, fromA: number, b: FileModel, fromB: number, length: number): void {
    a.dirty = true;
    b.dirty = true;
    touched(fromA, length).forEach((atA, i) => {
      const atB = touched(fromB, length)[i]!;
      const [ofA, ofB] = [a.cells.get(atA), b.cells.get(atB)];
      put(a, atA, ofB);
      put(b, atB, ofA);
    });
  }

  /** Two files change places with all they have. */
  exchangeAll(a: FileModel, b: FileModel): void {
    [a.cells, b.cells] = [b.cells, a.cells];
    [a.size, b.size] = [b.size, a.size];
    a.dirty = true;
    b.dirty = true;
  }

  clear(file: FileModel): void {
    file.cells.clear();
    file.dirty = true;
  }
}

function put(file: FileModel, at: number, cell: Cell | undefined): void {
  if (cell === undefined) file.cells.delete(at);
  else file.cells.set(at, cell);
}

// The files of a workload and where their blocks lie: each file is a row of runs of equal size, a run is one extent.
// What is freed is handed out again, so that a stale translation may meet another file's data.
import { Flag, Op } from '../../model/events.js';
import { type Bytes, UNKNOWN } from '../../model/units.js';
import type { HeldFiles } from './holder.js';
import type { World } from './world.js';

const HOLE = -1;
/** Blocks whose address the trace does not say (a copy on write), or which two files share: never handed out again. */
const SOMEWHERE = -2;
/** Freed runs that are remembered; what is forgotten is never used again. */
const MOST_FREE = 65_536;

export interface StorageOptions {
  readonly prefix: string;
  readonly files: number;
  /** So many more files that are empty at first. */
  readonly spares?: number;
  /** Runs a file has at first, and how many it may grow to. */
  readonly runs: number;
  readonly mostRuns: number;
  readonly runBytes: Bytes;
  /** Share of allocations that take what was freed last, if there is any; the rest takes unused space. */
  readonly reuse: number;
}

export class Storage implements HeldFiles {
  /** Without the spares, whose numbers follow. */
  readonly files: number;
  readonly runBytes: Bytes;
  readonly mostRuns: number;
  /** Runs within the size of each file. */
  readonly runs: Uint32Array;
  readonly #world: World;
  /** Mappings of each file that are alive. */
  readonly #users: Uint32Array;
  /** 1: it has no name any more, and goes with its last mapping. */
  readonly #nameless: Uint8Array;
  readonly #id: Uint32Array;
  readonly #addr: Float64Array;
  readonly #shared: Uint8Array;
  readonly #free = new Float64Array(MOST_FREE);
  readonly #reuse: number;
  readonly #random;
  #freed = 0;

  constructor(world: World, options: StorageOptions) {
    const { runs, mostRuns, runBytes, prefix, reuse } = options;
    const files = options.files + (options.spares ?? 0);
    this.#world = world;
    this.#random = world.fork();
    this.files = options.files;
    this.runBytes = runBytes;
    this.mostRuns = Math.max(runs, mostRuns);
    this.runs = new Uint32Array(files).fill(runs, 0, options.files);
    this.#users = new Uint32Array(files);
    this.#nameless = new Uint8Array(files);
    this.#id = new Uint32Array(files);
    this.#addr = new Float64Array(files * this.mostRuns).fill(HOLE);
    this.#shared = new Uint8Array(files * this.mostRuns);
    this.#reuse = reuse;
    for (let file = 0; file < files; file++) {
      const filled = this.runs[file]!;
      const addr = filled === 0 ? UNKNOWN : world.space(filled * runBytes);
      this.#id[file] = world.file(`/${prefix}/${String(file).padStart(4, '0')}`, filled * runBytes, addr);
      for (let run = 0; run < filled; run++) this.#addr[file * this.mostRuns + run] = addr + run * runBytes;
    }
  }

  /** Number of a file in the trace. */
  id(file: number): number {
    return this.#id[file]!;
  }

  /** The run with the highest address, -1 where none is known. */
  highestRun(file: number): number {
    let highest = -1;
    let found = -1;
    for (let run = 0; run < this.runs[file]!; run++) {
      const addr = this.#addr[file * this.mostRuns + run]!;
      if (addr <= highest) continue;
      highest = addr;
      found = run;
    }
    return found;
  }

  bytes(file: number): Bytes {
    return this.runs[file]! * this.runBytes;
  }

  runCount(file: number): number {
    return this.runs[file]!;
  }

  isHole(file: number, run: number): boolean {
    return this.#addr[file * this.mostRuns + run] === HOLE;
  }

  punch(task: number, file: number, run: number): void {
    this.#act(Op.punch, 0, task, file, run, UNKNOWN);
    this.#give(file, run);
  }

  /** Gives a hole blocks, by a write or by fallocate. */
  fill(op: number, task: number, file: number, run: number): void {
    this.#act(op, 0, task, file, run, this.#take(file, run));
  }

  /** Writes to blocks that are there; shared ones are copied first. */
  write(op: number, task: number, file: number, run: number, offset: Bytes, length: Bytes, flags = 0): void {
    const at = file * this.mostRuns + run;
    if (this.#shared[at] === 1) {
      this.#shared[at] = 0;
      this.#addr[at] = SOMEWHERE;
    }
    this.#world.act(op, flags, this.id(file), task, run * this.runBytes + offset, length, UNKNOWN, 0);
  }

  /** One more run behind the end of file. */
  append(op: number, task: number, file: number): void {
    const run = this.runs[file]!++;
    this.#act(op, 0, task, file, run, this.#take(file, run));
  }

  truncate(task: number, file: number, runs: number): void {
    this.#world.act(Op.truncate, 0, this.id(file), task, 0, runs * this.runBytes, UNKNOWN, 0);
    this.#cut(file, runs);
  }

  /** Writes a run anew into a donor file and exchanges the two (XFS_IOC_EXCHANGE_RANGE), then frees the old one. */
  move(task: number, file: number, run: number, donor: number): void {
    const offset = run * this.runBytes;
    const addr = this.#take(donor, run);
    this.runs[donor] = Math.max(this.runs[donor]!, run + 1);
    this.#act(Op.write, 0, task, donor, run, addr);
    const first = { file: this.id(file), offset };
    this.#world.pair(Op.exchange, 0, task, first, { file: this.id(donor), offset }, this.runBytes);
    this.#swap(file, donor, run);
    this.punch(task, donor, run);
  }

  /** Writes a whole file anew into an empty donor and swaps the two by the old ioctl (xfs_fsr), then empties the donor. */
  rewrite(task: number, file: number, donor: number): void {
    for (let run = 0; run < this.runs[file]!; run++)
      if (!this.isHole(file, run)) this.#act(Op.write, 0, task, donor, run, this.#take(donor, run));
    const first = { file: this.id(file), offset: 0 };
    this.#world.pair(Op.swapext, Flag.whole, task, first, { file: this.id(donor), offset: 0 }, UNKNOWN);
    for (let run = 0; run < this.runs[file]!; run++) this.#swap(file, donor, run);
    this.truncate(task, donor, 0);
  }

  /** The target becomes a clone of the whole source (FICLONE). */
  clone(task: number, source: number, target: number): void {
    const from = { file: this.id(source), offset: 0 };
    this.#world.pair(Op.reflink, Flag.whole, task, from, { file: this.id(target), offset: 0 }, UNKNOWN);
    this.#cut(target, 0);
    this.runs[target] = this.runs[source]!;
    for (let run = 0; run < this.runs[source]!; run++) {
      const at = source * this.mostRuns + run;
      if (this.#addr[at] === HOLE) continue;
      this.#addr[target * this.mostRuns + run] = SOMEWHERE;
      this.#addr[at] = SOMEWHERE;
      this.#shared[at] = 1;
    }
  }

  /** The blocks go with the last mapping; then the number is used again for a new, empty file, as file systems do. */
  unlink(task: number, file: number): void {
    this.#world.act(Op.unlink, Flag.whole, this.id(file), task, 0, UNKNOWN, UNKNOWN, 0);
    this.#forget(file);
  }

  /** Another file takes its name: for this one the same as an unlink. */
  replaced(task: number, file: number): void {
    this.#world.act(Op.rename, Flag.whole | Flag.over, this.id(file), task, 0, UNKNOWN, UNKNOWN, 0);
    this.#forget(file);
  }

  /** Somebody maps the file. */
  use(file: number): void {
    this.#users[file]!++;
  }

  unuse(file: number): void {
    if (--this.#users[file]! === 0 && this.#nameless[file] === 1) this.#forget(file);
  }

  /** Nobody maps it, and it has no blocks. */
  isFree(file: number): boolean {
    return this.#users[file] === 0 && this.runs[file] === 0;
  }

  #forget(file: number): void {
    this.#nameless[file] = this.#users[file]! > 0 ? 1 : 0;
    if (this.#users[file] === 0) this.#cut(file, 0);
  }

  #act(op: number, flags: number, task: number, file: number, run: number, addr: Bytes): void {
    this.#world.act(op, flags, this.id(file), task, run * this.runBytes, this.runBytes, addr, 0);
  }

  #take(file: number, run: number): Bytes {
    const again = this.#freed > 0 && this.#random.chance(this.#reuse);
    const addr = again ? this.#free[--this.#freed]! : this.#world.space(this.runBytes);
    const at = file * this.mostRuns + run;
    this.#addr[at] = addr;
    this.#shared[at] = 0;
    return addr;
  }

  #give(file: number, run: number): void {
    const at = file * this.mostRuns + run;
    const addr = this.#addr[at]!;
    this.#addr[at] = HOLE;
    if (addr >= 0 && this.#freed < MOST_FREE) this.#free[this.#freed++] = addr;
  }

  #cut(file: number, runs: number): void {
    for (let run = this.runs[file]! - 1; run >= runs; run--) this.#give(file, run);
    this.runs[file] = runs;
  }

  #swap(file: number, donor: number, run: number): void {
    const a = file * this.mostRuns + run;
    const b = donor * this.mostRuns + run;
    [this.#addr[a], this.#addr[b]] = [this.#addr[b]!, this.#addr[a]!];
    [this.#shared[a], this.#shared[b]] = [this.#shared[b]!, this.#shared[a]!];
  }
}

// The world a workload fills: time, chance, the device's free space, and the rows that come out.
import { Random } from '../../base/random.js';
import { type EventWriter, Flag, Op } from '../../model/events.js';
import { UserError } from '../../model/issue.js';
import { type Bytes, type Nanos, NONE, UNKNOWN, UNKNOWN_RESULT } from '../../model/units.js';
import { Schedule, type Step } from './schedule.js';

/** Blocks below this belong to the file system itself. */
const FIRST_ADDR = 2 ** 20;
/** All files of a synthetic trace lie on one persistent-memory device (Linux major 259). */
const DEVICE = '259:0';
/** Numbers below belong to the file system's own inodes. */
const FIRST_INODE = 131;
const FIRST_PID = 1000;
/** What one file system holds at most here; each file takes memory while a trace is made. */
export const MOST_FILES = 1_000_000;

export interface WorldOptions {
  readonly seed: number;
  /** Rows to write; an operation on two ranges is not cut, so there may be one more. */
  readonly events: number;
  /** Nobody acts after this. */
  readonly untilNs?: Nanos;
  /** Process numbers and block addresses from here on are used by nobody else. */
  readonly firstPid?: number;
  readonly firstAddr?: Bytes;
}

export class World {
  readonly #out: EventWriter;
  readonly #schedule = new Schedule();
  readonly #seed: number;
  readonly #events: number;
  readonly #untilNs: Nanos;
  readonly #firstPid: number;
  #rows = 0;
  #nowNs = 0;
  #files = 0;
  #tasks = 0;
  #streams = 0;
  #nextAddr: Bytes;

  constructor(out: EventWriter, options: WorldOptions) {
    const { seed, events } = options;
    this.#out = out;
    this.#seed = seed;
    this.#events = events;
    // Times beyond 2^53 ns are not exact any more.
    this.#untilNs = options.untilNs ?? Number.MAX_SAFE_INTEGER;
    this.#firstPid = options.firstPid ?? FIRST_PID;
    this.#nextAddr = options.firstAddr ?? FIRST_ADDR;
  }

  get nowNs(): Nanos {
    return this.#nowNs;
  }

  get rows(): number {
    return this.#rows;
  }

  /** A stream of chance of its own: what one part of a workload draws does not change another part. */
  fork(): Random {
    return new Random(this.#seed, ++this.#streams);
  }

  /** The only thread of a new process. */
  task(name: string): number {
    return this.thread(name, this.nextPid);
  }

  /** Number of a process whose first thread is made next. */
  get nextPid(): number {
    return this.#firstPid + this.#tasks;
  }

  /** One more thread of a process. */
  thread(name: string, pid: number): number {
    return this.#out.taskId(pid, this.#firstPid + this.#tasks++, name);
  }

  /** Space on the device that was never used. */
  space(bytes: Bytes): Bytes {
    const addr = this.#nextAddr;
    this.#nextAddr += bytes;
    return addr;
  }

  /** A file of `size` bytes, its blocks from `addr` on (-1: it has none). Only before time begins. */
  file(path: string, size: Bytes, addr: Bytes): number {
    const id = this.declare(path, size, Flag.dax);
    if (addr >= 0) this.#row(Op.extent, 0, id, NONE, 0, size, addr, 0, 0);
    return id;
  }

  /** A file without its blocks, which are told apart. Only before time begins. */
  declare(path: string, size: Bytes, flags: number): number {
    if (this.#files++ === MOST_FILES)
      throw new UserError(`more files than the ${MOST_FILES} inodes of a synthetic file system; ask for fewer files`);
    const id = this.#out.fileId(DEVICE, String(FIRST_INODE + this.#files), path);
    this.#row(Op.file, flags, id, NONE, 0, size, UNKNOWN, 0, 0);
    return id;
  }

  /** A file that is described elsewhere, or later. */
  name(device: string, inode: string, path: string): number {
    return this.#out.fileId(device, inode, path);
  }

  /** Returns its number. */
  actor(firstNs: Nanos, step: Step): number {
    return this.#schedule.add(Math.ceil(firstNs), step);
  }

  /** An actor that waits acts as soon as time goes on; returns when. */
  wake(actor: number): Nanos {
    const timeNs = this.#nowNs + 1;
    this.#schedule.sooner(actor, timeNs);
    return timeNs;
  }

  /** One operation on a range; -1 for an unknown address, 0 for no handle. Returns its number. */
  // hot
  act(
    op: number,
    flags: number,
    file: number,
    task: number,
    offset: Bytes,
    length: Bytes,
    addr: Bytes,
    handle: number,
  ): number {
    const opId = this.#out.newId();
    this.#row(op, flags, file, task, offset, length, addr, handle, opId);
    return opId;
  }

  /** What the kernel was seen to do, on behalf of an operation (0: of none). */
  observe(
    op: number,
    flags: number,
    file: number,
    task: number,
    offset: Bytes,
    length: Bytes,
    addr: Bytes,
    opId: number,
  ): void {
    this.#row(op, flags, file, task, offset, length, addr, 0, opId);
  }

  /** An operation that every kernel refuses, whatever the policy. */
  refused(op: number, flags: number, file: number, task: number, offset: Bytes, length: Bytes, errno: number): void {
    this.outcome(-errno, UNKNOWN);
    this.act(op, flags, file, task, offset, length, UNKNOWN, 0);
    this.outcome(UNKNOWN_RESULT, UNKNOWN);
  }

  /** What is recorded of the next row: its result and how long it took. */
  outcome(result: number, latencyNs: Nanos): void {
    this.#out.result = result;
    this.#out.latencyNs = latencyNs;
  }

  /** An operation that begins a hold; returns its handle. */
  acquire(op: number, flags: number, file: number, task: number, offset: Bytes, length: Bytes): number {
    const opId = this.#out.newId();
    const handle = this.#out.newId();
    this.#row(op, flags, file, task, offset, length, UNKNOWN, handle, opId);
    return handle;
  }

  /** An operation on two ranges of one length. */
  pair(op: number, flags: number, task: number, first: Range, second: Range, length: Bytes): void {
    // Whole or not at all: the second row may be one too many.
    if (this.#rows >= this.#events) return;
    const opId = this.#out.newId();
    this.#row(op, flags, first.file, task, first.offset, length, UNKNOWN, 0, opId);
    this.#row(op, flags | Flag.second, second.file, task, second.offset, length, UNKNOWN, 0, opId);
  }

  exit(task: number, killed: boolean): void {
    this.act(Op.exit, killed ? Flag.killed : 0, NONE, task, UNKNOWN, UNKNOWN, UNKNOWN, 0);
  }

  /** Lets the next actor act; false when the trace is full or nobody acts any more. */
  // hot
  step(): boolean {
    if (this.#rows >= this.#events) return false;
    const { nextNs } = this.#schedule;
    if (nextNs > this.#untilNs) return false;
    this.#nowNs = nextNs;
    this.#schedule.run();
    return true;
  }

  // hot
  #row(
    op: number,
    flags: number,
    file: number,
    task: number,
    offset: Bytes,
    length: Bytes,
    addr: Bytes,
    handle: number,
    opId: number,
  ): void {
    if (this.#rows >= this.#events && (flags & Flag.second) === 0) return;
    const out = this.#out;
    out.timeNs = this.#nowNs;
    out.op = op;
    out.flags = flags;
    out.file = file;
    out.task = task;
    out.offset = offset;
    out.length = length;
    out.addr = addr;
    out.handle = handle;
    out.opId = opId;
    out.row = ++this.#rows;
    out.commit();
  }
}

export interface Range {
  readonly file: number;
  readonly offset: Bytes;
}

// A thread of a modelled workload: it walks its role's chain, holds what its steps take for as long as they were held, lets
// devices use it meanwhile, ends, and comes back when the recording would begin again.
import type { Random } from '../../base/random.js';
import { Flag, Op, opSet } from '../../model/events.js';
import { type Bytes, type Nanos, UNKNOWN } from '../../model/units.js';
import type { World } from '../parts/world.js';
import { access, accessesOf } from './access.js';
import { appear, carryOut, inCells, share } from './changes.js';
import { forget, type KindFiles, learn, type ModelFile, stir, type Waiter } from './files.js';
import { type Held, Holds, type Mappings } from './holds.js';
import { type Last, lengthOf, meets, offsetOf } from './places.js';
import type { ReadyHold, ReadyRole, ReadyStep } from './role.js';
import { Col, WIDTH } from './rows.js';
import { LONG_PATIENCE, PATIENCE, Wait } from './wait.js';

/** What puts blocks into the hands of a device. */
const DEVICES = opSet(['pin', 'register']);
/** Steps of a thread at one time. */
const MOST_AT_ONCE = 64;
/** Shares that count as all and none. */
const ALWAYS = 0.95;
const NEVER = 0.05;
/** A thread that comes to its last step with no more than this of all its steps left is through. */
const LITTLE = 1 / 16;

export interface ThreadOptions {
  readonly role: ReadyRole;
  readonly kinds: readonly KindFiles[];
  /** Of its process. */
  readonly mappings: Mappings;
  readonly task: number;
  /** After this the recording begins again; Infinity for never. */
  readonly againNs: Nanos;
  readonly firstNs: Nanos;
  /** It is killed then; Infinity: it ends when it has done its steps. */
  readonly endNs: Nanos;
  /** Of the recording. */
  readonly spanNs: Nanos;
  readonly steps: number;
}

export class Thread implements Waiter {
  readonly #world: World;
  readonly #random: Random;
  readonly #o: ThreadOptions;
  readonly #holds = new Holds();
  readonly #last: Last[];
  /** -1: it is to begin, with what its role deals then. */
  #step = -1;
  /** What chance says of this step. */
  readonly #row = new Float64Array(WIDTH);
  #left: number;
  /** Steps it is to take in all. */
  #most: number;
  #round = 0;
  readonly #wait: Wait;
  #wantsPins = false;
  /** What it holds until the call is over that it is in. */
  readonly #ofCall: Held[] = [];
  #nextNs: Nanos;
  #endNs: Nanos;
  /** Its number among the actors. */
  readonly #actor: number;

  constructor(world: World, random: Random, options: ThreadOptions) {
    this.#world = world;
    this.#random = random;
    this.#o = options;
    this.#last = options.kinds.map(() => ({ file: 0, offset: 0, end: 0 }));
    this.#left = this.#most = options.steps;
    this.#nextNs = options.firstNs;
    this.#endNs = options.endNs;
    this.#wait = new Wait(this, options.spanNs);
    this.#actor = world.actor(options.firstNs, (nowNs) => this.#act(nowNs));
  }

  /** What it waits for may be there. */
  look(): void {
    const step = this.#o.role.chain[this.#step]!;
    const file = this.#wait.file!;
    if (step.changes ? this.#isHeld(step, file) : meets(step, file)) this.#nextNs = this.#world.wake(this.#actor);
  }

  // hot
  #act(nowNs: Nanos): Nanos {
    if (this.#holds.nextNs <= nowNs) this.#hold(nowNs);
    else if (this.#left > 0 && nowNs < this.#endNs) this.#take(nowNs);
    else this.#end(nowNs);
    return Math.min(this.#nextNs, this.#endNs, this.#holds.nextNs);
  }

  /** One step, and those that follow it at the same time. */
  // hot
  #take(nowNs: Nanos): void {
    const { role } = this.#o;
    if (this.#step < 0) this.#step = this.#begin();
    for (let i = 0; i < MOST_AT_ONCE; i++) {
      const step = role.chain[this.#step]!;
      const file = this.#file(step);
      if (this.#waits(step, file, nowNs)) {
        this.#nextNs = this.#wait.untilNs;
        return;
      }
      this.#do(step, file, nowNs);
      this.#left--;
      let next = this.#row[Col.next]!;
      if (next < 0 && this.#left < LITTLE * this.#most) this.#left = 0;
      else if (next < 0) {
        // Too early for its end: it goes on from here as it did at other times, if there were any.
        role.chain[this.#step]!.rows.take(this.#row, this.#random);
        next = this.#row[Col.next]!;
      }
      // What comes next is dealt to who has steps left: others of its role go on where it ends.
      if (this.#left > 0) {
        this.#step = next < 0 ? role.first.next(this.#random) : next;
        role.chain[this.#step]!.rows.take(this.#row, this.#random);
      }
      const inCall = role.chain[this.#step]!.paged && this.#left > 0;
      const freeNs = inCall || this.#ofCall.length === 0 ? nowNs : this.#endCall(nowNs);
      this.#nextNs = freeNs + this.#row[Col.gap]!;
      if (this.#left === 0) break;
      if (this.#nextNs >= nowNs + 1) return;
    }
    // It ends with what it holds for a time of its own, or is killed.
    if (this.#left === 0 && this.#endNs !== Number.POSITIVE_INFINITY) this.#nextNs = this.#endNs;
    else if (this.#left === 0) this.#nextNs = Math.max(nowNs + 1 + this.#staysNs(), this.#lastEnd());
  }

  /** What it held for the call is given back; returns when the last of it is. */
  #endCall(nowNs: Nanos): Nanos {
    let lastNs = nowNs;
    for (const held of this.#ofCall) {
      const endNs = nowNs + Math.max(1, Math.round(held.by.time!.next(this.#random)));
      // A device is done before the call is.
      held.endNs = held.accesses > 0 ? Math.max(endNs, held.dueNs + 1) : endNs;
      if (held.accesses === 0) {
        held.dueNs = endNs;
        this.#holds.add(held);
      }
      lastNs = Math.max(lastNs, held.endNs);
    }
    this.#ofCall.length = 0;
    return lastNs;
  }

  /** How long it lives after its last step. */
  #staysNs(): Nanos {
    return Math.round(this.#o.role.stays?.next(this.#random) ?? 0);
  }

  #lastEnd(): Nanos {
    return this.#holds.lastNs + 1;
  }

  /** Gone with all it held; its number is used again by the one that takes its place. */
  #end(nowNs: Nanos): void {
    const { role, mappings, againNs, task } = this.#o;
    const exits = this.#random.chance(role.exits);
    const repeats = againNs !== Number.POSITIVE_INFINITY;
    this.#wait.stop();
    if (exits) this.#world.exit(task, this.#random.chance(role.killed));
    if (exits || repeats) mappings.clear();
    if (exits || repeats) this.#holds.clear();
    this.#nextNs = this.#endNs = Number.POSITIVE_INFINITY;
    if (!repeats) return;
    this.#round = Math.max(this.#round + 1, Math.ceil(nowNs / againNs));
    this.#left = this.#most = Math.max(1, Math.round(role.steps.next(this.#random)));
    this.#nextNs = Math.max(nowNs + 1, this.#round * againNs + role.starts.next(this.#random));
    this.#endNs = this.#nextNs + (role.lives?.next(this.#random) ?? Number.POSITIVE_INFINITY);
    this.#step = -1;
  }

  /** The step a thread begins with. */
  #begin(): number {
    const { first, chain } = this.#o.role;
    const step = first.next(this.#random);
    chain[step]!.rows.take(this.#row, this.#random);
    return step;
  }

  /**
   * Who changes a file meets a device that has it as often as it did, and others who map it if it always or never did; who
   * faults meets blocks as they were, or a file that has become shorter.
   */
  // hot
  #waits(step: ReadyStep, file: ModelFile, nowNs: Nanos): boolean {
    const wait = this.#wait;
    if (step.changes) return wait.goesOn(file, this.#isHeld(step, file), PATIENCE, nowNs);
    // Who has pages in hand until a call is over takes what there is: who changes the file may wait for these pages.
    return step.paged && this.#ofCall.length === 0 && wait.goesOn(file, meets(step, file), LONG_PATIENCE, nowNs);
  }

  // hot
  #isHeld(step: ReadyStep, file: ModelFile): boolean {
    const { mapped, pinned, kind } = step;
    if (this.#wait.file === null) this.#wantsPins = pinned > 0 && this.#random.chance(pinned);
    const mixed = pinned > NEVER && pinned < ALWAYS && step.op === Op.write;
    const pins = mixed || file.pins > 0 === this.#wantsPins;
    const others = mapped > NEVER && mapped < ALWAYS;
    const maps = others || this.#o.mappings.ofOthers(file, kind) > 0 === mapped >= ALWAYS;
    return pins && maps;
  }

  // hot
  #do(step: ReadyStep, file: ModelFile, nowNs: Nanos): void {
    const random = this.#random;
    const { kinds, task } = this.#o;
    const world = this.#world;
    const row = this.#row;
    const last = this.#last[step.kind]!;
    if (step.forgets !== 'nothing') forget(world, file, step.forgets);
    if (step.learns) learn(world, file, task);
    const length = lengthOf(step, row, file);
    const offset = offsetOf(step, row, file, length, last, random);
    if (step.op !== Op.truncate && offset >= 0 && !step.takesRange) {
      last.offset = offset;
      last.end = offset + length;
    }
    if (step.op === Op.extent) {
      appear(world, file, task, step, offset, length);
      return stir(file);
    }
    const waits = step.heldLatency !== null && file.pins > 0;
    world.outcome(step.errno, waits ? Math.round(step.heldLatency!.next(random)) : row[Col.latency]!);
    if (step.other >= 0) this.#pair(step, file, kinds[step.other]!, offset, length);
    else if (step.hold !== null) this.#acquire(step, step.hold, file, offset, length, nowNs);
    else {
      const addr = step.errno < 0 ? UNKNOWN : carryOut(file, step.op, step.flags, offset, length);
      const handle = step.through && file.mappings > 0 ? this.#mapping(step.kind, file) : 0;
      world.act(step.op, step.flags, file.id, task, offset, length, addr, handle);
    }
    stir(file);
  }

  /** Handle of the newest mapping of the file; 0: there is none. */
  #mapping(kind: number, file: ModelFile): number {
    const live = this.#o.mappings.of(kind);
    for (let i = live.length - 1; i >= 0; i--) if (live[i]!.file === file) return live[i]!.handle;
    return 0;
  }

  /** The file it waits for, one that its process has mapped, the one it used last, or another by popularity. */
  // hot
  #file(step: ReadyStep): ModelFile {
    if (this.#wait.file !== null) return this.#wait.file;
    const { mappings, kinds } = this.#o;
    const last = this.#last[step.kind]!;
    const random = this.#random;
    const { files, pickOf } = kinds[step.kind]!;
    const member = this.#row[Col.member]!;
    if (member < 0) return files[last.file]!;
    last.file = pickOf(member, random);
    const file = files[last.file]!;
    if (!step.mapping) return file;
    const live = mappings.of(step.kind);
    if (live.length === 0 || (file.mappings > 0 && this.#mapping(step.kind, file) > 0)) return file;
    return live[random.below(live.length)]!.file;
  }

  #pair(step: ReadyStep, file: ModelFile, { files, pick }: KindFiles, offset: Bytes, length: Bytes): void {
    const picked = pick(this.#random);
    const second = files[picked] === file ? files[(picked + 1) % files.length]! : files[picked]!;
    const from = Math.max(0, inCells(file.cells, offset));
    const sameCells = file.cells.cellBytes === second.cells.cellBytes && second !== file;
    if (step.errno === 0 && sameCells && file.mapped && second.mapped) share(step.op, file, second, from, length);
    const range = length < 0 ? { file: second.id, offset: 0 } : { file: second.id, offset: from };
    const first = { file: file.id, offset: length < 0 ? 0 : from };
    this.#world.pair(step.op, step.flags, this.#o.task, first, range, length);
    stir(second);
  }

  #acquire(step: ReadyStep, by: ReadyHold, file: ModelFile, offset: Bytes, length: Bytes, nowNs: Nanos): void {
    const random = this.#random;
    if (step.errno === 0) carryOut(file, step.op, step.flags, offset, length);
    const handle = this.#world.acquire(step.op, step.flags, file.id, this.#o.task, offset, length);
    if (step.errno < 0) return;
    const ends = by.time !== null && random.chance(by.released);
    const inTime = ends && !by.waits;
    const endNs = inTime ? nowNs + Math.max(1, Math.round(by.time!.next(random))) : Number.POSITIVE_INFINITY;
    const size = length < 0 ? file.cells.bytes : length;
    const accesses = accessesOf(by, size, random);
    const from = Math.max(0, offset);
    const held: Held = {
      by,
      kind: step.kind,
      file,
      handle,
      offset: from,
      length: size,
      endNs,
      dueNs: endNs,
      accesses,
      used: 0,
      place: -1,
      pins: DEVICES[step.op] === 1 && ends,
    };
    if (held.pins) file.pins++;
    if (step.op === Op.mmap) this.#o.mappings.add(held);
    if (accesses > 0) held.dueNs = Math.min(endNs, nowNs + Math.max(1, by.gap!.next(random)));
    this.#holds.add(held);
    if (by.waits && ends) this.#ofCall.push(held);
  }

  /** A device uses what is held, or it is given back. */
  #hold(nowNs: Nanos): void {
    const held = this.#holds.next();
    const { by, file, handle } = held;
    const random = this.#random;
    const world = this.#world;
    if (held.accesses > 0) {
      access(held, world, this.#o.task, random);
      // What does not fit into the time of the hold comes at its end.
      held.dueNs = held.accesses === 0 ? held.endNs : Math.min(held.endNs, nowNs + Math.max(1, by.gap!.next(random)));
      this.#holds.add(held);
      return;
    }
    const flags = held.length === 0 ? Flag.whole : 0;
    world.act(by.release, flags, file.id, this.#o.task, held.offset, held.length, UNKNOWN, handle);
    if (held.pins) file.pins--;
    this.#o.mappings.remove(held);
    stir(file);
  }
}

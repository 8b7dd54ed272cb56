// A process through which a device holds files: it maps a file, registers a part of it, lets the device read and write
// there for a while, gives the registration back and unmaps. It may unmap too early, or die.
import { Alias, zipfWeights } from '../../base/alias.js';
import type { Random } from '../../base/random.js';
import { Flag, Op } from '../../model/events.js';
import { type Bytes, type Nanos, UNKNOWN } from '../../model/units.js';
import { parameter } from './parameters.js';
import type { Parameter, Values } from './workload.js';
import type { World } from './world.js';

/** A call follows the one before it within microseconds. */
const NEXT_CALL_NS = 5_000;
const NS = 1e9;

export const HOLDER_PARAMETERS: readonly Parameter[] = [
  parameter('holders', 16, 'processes', [0, 100_000], 'processes that hold files through a device', { whole: true }),
  parameter('popularity', 0.99, '', [0, 5], 'which file a holder takes: exponent of the ranks', {
    distribution: 'Zipf over the files; 0 is uniform',
    source: 'YCSB’s default, B. Cooper et al., SoCC 2010',
  }),
  parameter('hold', 0.02, 's', [1e-6, 1e5], 'how long a registration lives: median', {
    distribution: 'log-normal, median hold, sigma hold_sigma',
  }),
  parameter('hold_sigma', 1, '', [0, 5], 'spread of the hold times', {
    distribution: 'standard deviation of the logarithm',
  }),
  parameter('think', 0.01, 's', [1e-6, 1e5], 'time between two holds of a holder: mean', {
    distribution: 'exponential',
  }),
  parameter('io_gap', 0.0005, 's', [1e-8, 1e4], 'time between two device accesses of a holder: mean', {
    distribution: 'exponential (Poisson arrivals)',
  }),
  parameter('io_bytes', 65536, 'bytes', [4096, 2 ** 30], 'size of an access, cut at the end of the run', {
    whole: true,
  }),
  parameter('write_share', 0.5, 'share', [0, 1], 'accesses that write', { distribution: 'Bernoulli' }),
  parameter('early_unmap', 0.05, 'share', [0, 1], 'holds that unmap before they give the registration back', {
    distribution: 'Bernoulli',
  }),
  parameter('window', 0.01, 's', [1e-6, 1e4], 'how long such a registration outlives its mapping: mean', {
    distribution: 'exponential',
  }),
  parameter('killed', 0, 'share', [0, 1], 'holds that end because the process is killed', {
    distribution: 'Bernoulli',
  }),
];

/** Files as holders know them. */
export interface HeldFiles {
  readonly files: number;
  /** What is registered at once. */
  readonly runBytes: Bytes;
  runCount(file: number): number;
  bytes(file: number): Bytes;
  /** Number in the trace. */
  id(file: number): number;
  /** Somebody maps it. */
  use(file: number): void;
  unuse(file: number): void;
}

export interface HolderOptions {
  readonly name: string;
  readonly storage: HeldFiles;
  /** Files from 0 to this are taken; all when left out. */
  readonly files?: number;
  readonly mapFlags?: number;
  readonly registerFlags?: number;
  /** Everything that is mapped is registered, not one run of it. */
  readonly wholeFile?: boolean;
  /** The file that stands at this rank now, where files are replaced. */
  readonly fileAt?: (rank: number) => number;
  /** Share of accesses before which the device faults. */
  readonly faults?: number;
}

const Stage = { idle: 0, mapped: 1, held: 2, outlives: 3, released: 4 } as const;

class Holder {
  readonly #world: World;
  readonly #random: Random;
  readonly #storage: HeldFiles;
  readonly #files: Alias;
  readonly #v: Values;
  readonly #mapFlags: number;
  readonly #registerFlags: number;
  readonly #wholeFile: boolean;
  readonly #fileAt: (rank: number) => number;
  readonly #faults: number;
  readonly #task: number;
  #stage: number = Stage.idle;
  #file = 0;
  #mapping = 0;
  #registration = 0;
  #offset = 0;
  #length = 0;
  #endNs = 0;

  constructor(world: World, random: Random, files: Alias, values: Values, options: HolderOptions, name: string) {
    this.#world = world;
    this.#random = random;
    this.#storage = options.storage;
    this.#files = files;
    this.#v = values;
    this.#mapFlags = Flag.shared | Flag.writable | (options.mapFlags ?? 0);
    this.#registerFlags = options.registerFlags ?? Flag.write;
    this.#wholeFile = options.wholeFile ?? false;
    this.#fileAt = options.fileAt ?? ((rank) => rank);
    this.#faults = options.faults ?? 0;
    this.#task = world.task(name);
  }

  step(nowNs: Nanos): Nanos {
    switch (this.#stage) {
      case Stage.idle:
        return this.#map(nowNs);
      case Stage.mapped:
        return this.#register(nowNs);
      case Stage.held:
        return nowNs < this.#endNs ? this.#access(nowNs) : this.#end(nowNs);
      case Stage.outlives:
        return nowNs < this.#endNs ? this.#access(nowNs) : this.#deregister(nowNs);
      default:
        this.#unmap();
        return this.#rest(nowNs);
    }
  }

  #map(nowNs: Nanos): Nanos {
    const storage = this.#storage;
    this.#file = this.#fileAt(this.#files.pick(this.#random));
    const runs = storage.runCount(this.#file);
    if (runs === 0) return nowNs + this.#random.exponential(this.#v.think! * NS);
    const run = this.#wholeFile ? 0 : this.#random.below(runs);
    this.#offset = run * storage.runBytes;
    this.#length = this.#wholeFile ? storage.bytes(this.#file) : storage.runBytes;
    this.#mapping = this.#world.acquire(
      Op.mmap,
      this.#mapFlags,
      storage.id(this.#file),
      this.#task,
      0,
      storage.bytes(this.#file),
    );
    storage.use(this.#file);
    this.#stage = Stage.mapped;
    return nowNs + NEXT_CALL_NS;
  }

  #register(nowNs: Nanos): Nanos {
    const { hold, hold_sigma } = this.#v;
    const file = this.#storage.id(this.#file);
    this.#registration = this.#world.acquire(
      Op.register,
      this.#registerFlags,
      file,
      this.#task,
      this.#offset,
      this.#length,
    );
    this.#endNs = nowNs + this.#random.logNormal(hold! * NS, hold_sigma!);
    this.#stage = Stage.held;
    return Math.min(nowNs + NEXT_CALL_NS, this.#endNs);
  }

  // hot
  #access(nowNs: Nanos): Nanos {
    const { io_gap, io_bytes, write_share } = this.#v;
    const random = this.#random;
    const bytes = Math.min(io_bytes!, this.#length);
    const places = Math.floor(this.#length / bytes);
    const offset = this.#offset + random.below(places) * bytes;
    const file = this.#storage.id(this.#file);
    const handle = this.#registration;
    if (this.#faults > 0 && random.chance(this.#faults))
      this.#world.act(Op.device_fault, 0, file, this.#task, offset, bytes, UNKNOWN, handle);
    const op = random.chance(write_share!) ? Op.dma_write : Op.dma_read;
    this.#world.act(op, 0, file, this.#task, offset, bytes, UNKNOWN, handle);
    return Math.min(nowNs + random.exponential(io_gap! * NS), this.#endNs);
  }

  #end(nowNs: Nanos): Nanos {
    const { killed, early_unmap, window } = this.#v;
    if (this.#random.chance(killed!)) return this.#die(nowNs);
    if (!this.#random.chance(early_unmap!)) return this.#deregister(nowNs);
    this.#unmap();
    this.#stage = Stage.outlives;
    this.#endNs = nowNs + this.#random.exponential(window! * NS);
    return nowNs + NEXT_CALL_NS;
  }

  #deregister(nowNs: Nanos): Nanos {
    this.#give(Op.deregister, this.#offset, this.#length, this.#registration);
    if (this.#stage === Stage.outlives) return this.#rest(nowNs);
    this.#stage = Stage.released;
    return nowNs + NEXT_CALL_NS;
  }

  #unmap(): void {
    this.#give(Op.munmap, 0, UNKNOWN, this.#mapping);
    this.#storage.unuse(this.#file);
  }

  #give(op: number, offset: number, length: number, handle: number): void {
    const flags = length < 0 ? Flag.whole : 0;
    this.#world.act(op, flags, this.#storage.id(this.#file), this.#task, offset, length, UNKNOWN, handle);
  }

  /** The process is gone with all it held; its number is used again by the one that takes its place. */
  #die(nowNs: Nanos): Nanos {
    this.#world.exit(this.#task, true);
    this.#storage.unuse(this.#file);
    return this.#rest(nowNs);
  }

  #rest(nowNs: Nanos): Nanos {
    this.#stage = Stage.idle;
    return nowNs + this.#random.exponential(this.#v.think! * NS);
  }
}

/** Starts `holders` of them, each at a moment of its own. */
export function addHolders(world: World, values: Values, options: HolderOptions): void {
  const random = world.fork();
  const files = new Alias(zipfWeights(options.files ?? options.storage.files, values.popularity!));
  for (let i = 0; i < values.holders!; i++) {
    const holder = new Holder(world, random, files, values, options, `${options.name}-${i}`);
    world.actor(random.exponential(values.think! * NS), (nowNs) => holder.step(nowNs));
  }
}

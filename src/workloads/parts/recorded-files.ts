// Files of a recorded trace, as far as a workload that is laid over it may use them: hold them, and move their blocks.
import { Flag, Op } from '../../model/events.js';
import { type Bytes, type Nanos, NONE, UNKNOWN } from '../../model/units.js';
import type { HeldFiles } from './holder.js';
import type { World } from './world.js';

/** What the recording tells of the files, asked for with times that never go back. */
export interface Recording {
  readonly count: number;
  readonly path: (file: number) => string;
  readonly device: (file: number) => string;
  /** Its changes of maps were recorded, so a change is told by what happens to the map. */
  readonly observed: (file: number) => boolean;
  readonly bytes: (file: number, nowNs: Nanos) => Bytes;
  /** Extents with an address in a range, cut to it. */
  readonly extents: (file: number, offset: Bytes, length: Bytes, nowNs: Nanos) => readonly Extent[];
}

export interface Extent {
  readonly offset: Bytes;
  readonly length: Bytes;
  readonly unwritten: boolean;
}

/** Device of the names under which the files of the recording go; whoever joins the two traces resolves them. */
export const RECORDED = 'recorded';

export class RecordedFiles implements HeldFiles {
  readonly files: number;
  readonly runBytes: Bytes;
  readonly #world: World;
  readonly #recording: Recording;
  readonly #ids: Uint32Array;
  /** By device: where a moved range is written before it takes the place of the old one. */
  readonly #donors = new Map<string, number>();

  constructor(world: World, recording: Recording, runBytes: Bytes) {
    this.#world = world;
    this.#recording = recording;
    this.files = recording.count;
    this.runBytes = runBytes;
    this.#ids = Uint32Array.from({ length: this.files }, (_, file) => {
      return world.name(RECORDED, String(file), recording.path(file));
    });
  }

  id(file: number): number {
    return this.#ids[file]!;
  }

  bytes(file: number): Bytes {
    return this.#recording.bytes(file, this.#world.nowNs);
  }

  runCount(file: number): number {
    return Math.ceil(this.bytes(file) / this.runBytes);
  }

  use(): void {}

  unuse(): void {}

  /** Moves what has blocks in a run to space that nothing in the trace uses. */
  move(task: number, file: number, run: number): void {
    const { nowNs } = this.#world;
    const observed = this.#recording.observed(file);
    for (const extent of this.#recording.extents(file, run * this.runBytes, this.runBytes, nowNs)) {
      const addr = this.#world.space(extent.length);
      if (observed) this.#seen(task, file, extent, addr);
      else this.#exchange(task, file, extent, addr);
    }
  }

  /** As a kernel's events tell it: the call, what goes from the map, what comes into it. */
  #seen(task: number, file: number, { offset, length, unwritten }: Extent, addr: Bytes): void {
    const id = this.id(file);
    const opId = this.#world.act(Op.exchange, Flag.observed, id, task, offset, length, UNKNOWN, 0);
    const state = unwritten ? Flag.unwritten : 0;
    this.#world.observe(Op.map_remove, 0, id, task, offset, length, UNKNOWN, opId);
    this.#world.observe(Op.map_insert, state, id, task, offset, length, addr, opId);
  }

  /** As calls tell it: the new blocks are written into another file, exchanged, and the old ones freed there. */
  #exchange(task: number, file: number, { offset, length, unwritten }: Extent, addr: Bytes): void {
    const donor = this.#donor(this.#recording.device(file));
    this.#world.act(unwritten ? Op.fallocate : Op.write, 0, donor, task, offset, length, addr, 0);
    this.#world.pair(Op.exchange, 0, task, { file: this.id(file), offset }, { file: donor, offset }, length);
    this.#world.act(Op.punch, 0, donor, task, offset, length, UNKNOWN, 0);
  }

  #donor(device: string): number {
    const known = this.#donors.get(device);
    if (known !== undefined) return known;
    const donor = this.#world.name(device, '', `/overlay/donor-${this.#donors.size}`);
    this.#donors.set(device, donor);
    this.#world.observe(Op.file, 0, donor, NONE, 0, 0, UNKNOWN, 0);
    return donor;
  }
}

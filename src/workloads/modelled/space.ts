// The device's space that all modelled files share: what one frees another gets, so that a stale translation may meet another file's data.
import type { Random } from '../../base/random.js';
import type { Bytes } from '../../model/units.js';
import type { World } from '../parts/world.js';

/** Freed runs that are remembered; what is forgotten is never used again. */
const MOST_FREE = 65_536;

export class Space {
  readonly #world: World;
  readonly #random: Random;
  readonly #reuse: number;
  readonly #addr = new Float64Array(MOST_FREE);
  readonly #bytes = new Float64Array(MOST_FREE);
  #free = 0;

  constructor(world: World, reuse: number) {
    this.#world = world;
    this.#random = world.fork();
    this.#reuse = reuse;
  }

  take(bytes: Bytes): Bytes {
    const last = this.#free - 1;
    const fits = last >= 0 && this.#bytes[last]! >= bytes && this.#random.chance(this.#reuse);
    if (!fits) return this.#world.space(bytes);
    const addr = this.#addr[last]!;
    this.#addr[last] = addr + bytes;
    this.#bytes[last]! -= bytes;
    if (this.#bytes[last] === 0) this.#free--;
    return addr;
  }

  give(addr: Bytes, bytes: Bytes): void {
    if (addr < 0) return;
    const last = this.#free - 1;
    if (last >= 0 && this.#addr[last]! + this.#bytes[last]! === addr) this.#bytes[last]! += bytes;
    else if (this.#free < MOST_FREE) {
      this.#addr[this.#free] = addr;
      this.#bytes[this.#free++] = bytes;
    }
  }
}

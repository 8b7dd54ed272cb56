// How large the blocks of each file system are: ext4 and XFS tell file ranges in blocks and no event tells their size. It
// follows from ranges that one piece of work shows both in blocks and in bytes: a look-up and its iomap, a write and the
// blocks reserved for it, an extent and the request to the disk that begins where it does. Every size that such a sight
// contradicts loses a point.
import { Change, type MapRow } from './map-log.js';

const SIZES = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536] as const;
const USUAL = 4096;
/** So many sights settle it. */
const ENOUGH = 1000;
/** Extents told last, whose requests may still come: what is written back is a few extents at a time. */
const RECENT = 16;

interface Sights {
  count: number;
  /** The size that fits best; 0 when it has to be found anew. */
  best: number;
  /** By size: how many sights it does not fit. */
  readonly against: Float64Array;
  /** The recorder told it. */
  asked: boolean;
  /** First blocks of the extents told last, and how many there were. */
  readonly extents: Float64Array;
  told: number;
}

const nothing = (): Sights => ({
  count: 0,
  best: 0,
  against: new Float64Array(SIZES.length),
  asked: false,
  extents: new Float64Array(RECENT),
  told: 0,
});

export class BlockSizes {
  private readonly devices = new Map<number, Sights>();
  private readonly fixed = new Map<number, number>();
  /** The device asked for last, as most are the same. */
  private lastDevice = Number.NaN;
  private last: Sights | null = null;

  /** The user says so. */
  given(device: number, bytes: number): void {
    this.fixed.set(device, bytes);
  }

  /** Work on the bytes [offset, offset + length) touched the blocks [first, first + count). */
  touched(device: number, first: number, count: number, offset: number, length: number): void {
    const sights = this.sights(device);
    if (sights.count >= ENOUGH) return;
    sights.count++;
    sights.best = 0;
    for (let i = 0; i < SIZES.length; i++) {
      const size = SIZES[i]!;
      if (first * size >= offset + length || (first + count) * size <= offset) sights.against[i]! += 1;
    }
  }

  /** One extent was seen as `count` blocks and as `length` bytes; false when no block size explains that. */
  same(device: number, count: number, length: number): boolean {
    const fits = SIZES.indexOf((length / count) as (typeof SIZES)[number]);
    if (fits < 0) return false;
    const sights = this.sights(device);
    if (sights.count >= ENOUGH) return true;
    sights.count++;
    sights.best = 0;
    for (let i = 0; i < SIZES.length; i++) if (i !== fits) sights.against[i]! += 1;
    return true;
  }

  /** An extent of a file begins at this block of the device. */
  // hot
  extent(device: number, block: number): void {
    const sights = this.sights(device);
    if (sights.count < ENOUGH) sights.extents[sights.told++ % RECENT] = block;
  }

  /** A request to the device begins at this byte: where one of the extents told last does, or somewhere that nothing tells of. */
  request(device: number, addr: number): void {
    const sights = this.devices.get(device);
    if (sights === undefined || sights.told === 0 || sights.count >= ENOUGH) return;
    let fits = 0;
    for (let i = 0; i < SIZES.length; i++) if (begins(sights, addr / SIZES[i]!)) fits |= 1 << i;
    if (fits === 0) return;
    sights.count++;
    sights.best = 0;
    for (let i = 0; i < SIZES.length; i++) if ((fits & (1 << i)) === 0) sights.against[i]! += 1;
  }

  /** The recorder asked the file system. */
  told(device: number, bytes: number): void {
    const fits = SIZES.indexOf(bytes as (typeof SIZES)[number]);
    if (fits < 0) return;
    const sights = this.sights(device);
    sights.count = ENOUGH;
    sights.best = bytes;
    sights.asked = true;
    sights.against.fill(1);
    sights.against[fits] = 0;
  }

  /** Bytes of a block, as far as it is known now; 4096 where nothing tells. */
  bytes(device: number): number {
    const fixed = this.fixed.size === 0 ? undefined : this.fixed.get(device);
    if (fixed !== undefined) return fixed;
    const sights = this.known(device);
    if (sights === null) return USUAL;
    if (sights.best === 0) {
      const { against } = sights;
      const least = Math.min(...against);
      const usual = against[SIZES.indexOf(USUAL)] === least;
      sights.best = usual ? USUAL : SIZES[against.indexOf(least)]!;
    }
    return sights.best;
  }

  /** Bytes that a row of the map log counts in. */
  // hot
  unitOf({ change, device }: Pick<MapRow, 'change' | 'device'>): number {
    return change === Change.iomap ? 1 : this.bytes(device);
  }

  /** Does anything tell the size? Else it is a guess, and so is every map. */
  tells(device: number): boolean {
    if (this.fixed.has(device)) return true;
    const { against, count } = this.devices.get(device) ?? nothing();
    const least = Math.min(...against);
    return 2 * least < count && against.filter((points) => points === least).length === 1;
  }

  /** In words, where it is not the usual size, or nothing tells that it is. */
  describe(device: number): string {
    if (this.fixed.has(device)) return `blocks of ${this.bytes(device)} bytes, given`;
    if (!this.tells(device))
      return `blocks of ${this.bytes(device)} bytes are assumed, and its maps are guesses: ${this.devices.get(device)?.count ? 'what events show in blocks and in bytes fits no size, or several' : 'no event shows a range in blocks and in bytes'}`;
    const { count, against, asked } = this.devices.get(device) ?? nothing();
    const least = Math.min(...against);
    const exceptions = least === 0 ? '' : ` but ${least}`;
    if (this.bytes(device) === USUAL) return '';
    return asked
      ? `blocks of ${this.bytes(device)} bytes, told by the recorder`
      : `blocks of ${this.bytes(device)} bytes, learned from ${count} ranges seen in blocks and in bytes${exceptions}`;
  }

  private known(device: number): Sights | null {
    if (device !== this.lastDevice) {
      this.lastDevice = device;
      this.last = this.devices.get(device) ?? null;
    }
    return this.last;
  }

  private sights(device: number): Sights {
    const known = this.known(device);
    if (known !== null) return known;
    this.last = nothing();
    this.devices.set(device, this.last);
    return this.last;
  }
}

function begins({ extents, told }: Sights, block: number): boolean {
  for (let i = 0; i < Math.min(told, RECENT); i++) if (extents[i] === block) return true;
  return false;
}

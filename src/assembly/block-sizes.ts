// How large the blocks of each file system are: ext4 and XFS tell file ranges in blocks and no event tells their size. It
// follows from ranges that one piece of work shows both in blocks and in bytes: a look-up and its iomap, a write and the
// blocks reserved for it. Every size that such a sight contradicts loses a point.

const SIZES = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536] as const;
const USUAL = 4096;
/** So many sights settle it. */
const ENOUGH = 1000;

interface Sights {
  count: number;
  /** The size that fits best; 0 when it has to be found anew. */
  best: number;
  /** By size: how many sights it does not fit. */
  readonly against: Float64Array;
  /** The recorder told it. */
  asked: boolean;
}

const NOTHING: Sights = { count: 0, best: 0, against: new Float64Array(SIZES.length), asked: false };

export class BlockSizes {
  private readonly devices = new Map<number, Sights>();
  private readonly fixed = new Map<number, number>();

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
    const fixed = this.fixed.get(device);
    if (fixed !== undefined) return fixed;
    const sights = this.devices.get(device);
    if (sights === undefined) return USUAL;
    if (sights.best === 0) {
      const { against } = sights;
      const least = Math.min(...against);
      const usual = against[SIZES.indexOf(USUAL)] === least;
      sights.best = usual ? USUAL : SIZES[against.indexOf(least)]!;
    }
    return sights.best;
  }

  /** In words, where it is not the usual size, or nothing tells that it is. */
  describe(device: number): string {
    if (this.fixed.has(device)) return `blocks of ${this.bytes(device)} bytes, given`;
    const { count, against, asked } = this.devices.get(device) ?? NOTHING;
    const least = Math.min(...against);
    const told = against.filter((points) => points === least).length === 1;
    if (!told)
      return `blocks of ${this.bytes(device)} bytes are assumed: no event shows a range in blocks and in bytes`;
    const exceptions = least === 0 ? '' : ` but ${least}`;
    if (this.bytes(device) === USUAL) return '';
    return asked
      ? `blocks of ${this.bytes(device)} bytes, told by the recorder`
      : `blocks of ${this.bytes(device)} bytes, learned from ${count} ranges seen in blocks and in bytes${exceptions}`;
  }

  private sights(device: number): Sights {
    let sights = this.devices.get(device);
    if (sights === undefined) {
      sights = { count: 0, best: 0, against: new Float64Array(SIZES.length), asked: false };
      this.devices.set(device, sights);
    }
    return sights;
  }
}

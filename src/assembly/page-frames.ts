// Which page of which file a frame of memory holds: the page cache, as its own events tell. A hash table of typed columns
// with open addressing: pages come and go with every few records, and nothing is allocated for them.

const PAGE = 4096;
const LARGEST_ORDER = 10;
const MOST_ORDER = 255;
const FREE = -1;

/** What owns an address; valid until the next question. */
export interface FrameOwner {
  readonly file: number;
  readonly offset: number;
}

export class PageFrames {
  readonly #owner = { file: -1, offset: 0 };
  /** Slots are 2^bits, at most half of them in use. */
  #bits = 10;
  #frames = new Float64Array(1 << 10).fill(FREE);
  #files = new Int32Array(1 << 10);
  #offsets = new Float64Array(1 << 10);
  #orders = new Uint8Array(1 << 10);
  #size = 0;
  /** Of all folios that were ever added: no larger one has to be looked for. */
  #largest = 0;

  /** `order`: the folio has 2^order frames, from `frame` on. */
  added(frame: number, order: number, file: number, offset: number): void {
    // A frame that is no number leads nowhere.
    if (!(frame >= 0)) return;
    const own = orderOf(order);
    if (own > this.#largest) this.#largest = own;
    this.#put(frame, own, file, offset);
  }

  /** A large folio may have been split since it was added: then only the deleted frames go. */
  deleted(frame: number, order: number, file: number): void {
    const slot = this.#folio(frame);
    if (slot < 0 || this.#files[slot] !== file) return;
    let base = this.#frames[slot]!;
    let offset = this.#offsets[slot]!;
    let left = this.#orders[slot]!;
    this.#remove(slot);
    // What is left of it are halves, each as large as what is taken out of the other.
    while (left > orderOf(order)) {
      left--;
      const half = 2 ** left;
      if (frame >= base + half) {
        this.#put(base, left, file, offset);
        base += half;
        offset += half * PAGE;
      } else this.#put(base + half, left, file, offset + half * PAGE);
    }
  }

  /** Page-cache owner of a physical address; null for none. */
  owner(addr: number): FrameOwner | null {
    const frame = Math.floor(addr / PAGE);
    const slot = this.#folio(frame);
    if (slot < 0) return null;
    const owner = this.#owner;
    owner.file = this.#files[slot]!;
    owner.offset = this.#offsets[slot]! + (frame - this.#frames[slot]!) * PAGE;
    return owner;
  }

  /** Slot of the folio that has the frame: it stands at the first of its frames; -1 for none. */
  // hot
  #folio(frame: number): number {
    if (!(frame >= 0)) return -1;
    const most = this.#largest < LARGEST_ORDER ? this.#largest : LARGEST_ORDER;
    for (let order = 0; order <= most; order++) {
      const base = order === 0 ? frame : frame - (frame % (1 << order));
      const slot = this.#find(base);
      if (slot >= 0 && base + 2 ** this.#orders[slot]! > frame) return slot;
    }
    return -1;
  }

  // hot
  #find(frame: number): number {
    const frames = this.#frames;
    const mask = frames.length - 1;
    for (let slot = this.#home(frame); ; slot = (slot + 1) & mask) {
      const own = frames[slot]!;
      if (own === frame) return slot;
      if (own === FREE) return -1;
    }
  }

  #home(frame: number): number {
    const bits = (frame | 0) ^ Math.imul((frame / 4294967296) | 0, 0x2c1b3c6d);
    return Math.imul(bits, 0x9e3779b1) >>> (32 - this.#bits);
  }

  // hot
  #put(frame: number, order: number, file: number, offset: number): void {
    if (2 * (this.#size + 1) > this.#frames.length) this.#grow();
    const frames = this.#frames;
    const mask = frames.length - 1;
    let slot = this.#home(frame);
    while (frames[slot] !== FREE && frames[slot] !== frame) slot = (slot + 1) & mask;
    if (frames[slot] === FREE) this.#size++;
    frames[slot] = frame;
    this.#orders[slot] = order;
    this.#files[slot] = file;
    this.#offsets[slot] = offset;
  }

  /** Those behind it that could not stand in their own slot move up. */
  #remove(slot: number): void {
    const frames = this.#frames;
    const mask = frames.length - 1;
    let hole = slot;
    for (let at = (slot + 1) & mask; frames[at] !== FREE; at = (at + 1) & mask) {
      // It may only move to a place that is not before its home.
      if (((at - this.#home(frames[at]!)) & mask) < ((at - hole) & mask)) continue;
      frames[hole] = frames[at]!;
      this.#orders[hole] = this.#orders[at]!;
      this.#files[hole] = this.#files[at]!;
      this.#offsets[hole] = this.#offsets[at]!;
      hole = at;
    }
    frames[hole] = FREE;
    this.#size--;
  }

  #grow(): void {
    const frames = this.#frames;
    const orders = this.#orders;
    const files = this.#files;
    const offsets = this.#offsets;
    this.#bits++;
    const slots = 1 << this.#bits;
    this.#frames = new Float64Array(slots).fill(FREE);
    this.#orders = new Uint8Array(slots);
    this.#files = new Int32Array(slots);
    this.#offsets = new Float64Array(slots);
    this.#size = 0;
    for (let i = 0; i < frames.length; i++)
      if (frames[i] !== FREE) this.#put(frames[i]!, orders[i]!, files[i]!, offsets[i]!);
  }
}

const orderOf = (order: number): number => (order >= 0 ? Math.min(order, MOST_ORDER) : 0);

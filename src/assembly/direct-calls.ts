// Direct I/O calls that device accesses are part of, by number: there may be one for every few records, so that they lie in a store.
import type { ByteStore } from '../base/byte-store.js';
import { PagedColumns } from '../base/paged-columns.js';
import type { OpenFile } from './process.js';
import type { DirectCall } from './state.js';

const SHAPE = {
  bufferOffset: Float64Array,
  covered: Float64Array,
  file: Uint32Array,
  /** One more than the place of the buffer's file among those that are buffers; 0 for none. */
  buffer: Uint32Array,
};
const { MASK } = PagedColumns;

export class DirectCalls {
  private readonly rows: PagedColumns<typeof SHAPE>;
  /** Opened files that are buffers: few of them serve many calls. What they turn out to be is known at the end only. */
  private readonly buffers: OpenFile[] = [];
  private readonly places = new Map<OpenFile, number>();

  constructor(store: ByteStore) {
    this.rows = new PagedColumns(SHAPE, store);
  }

  /** The call's number, its own from here on. */
  add(direct: DirectCall): number {
    if (direct.number >= 0) return direct.number;
    direct.number = this.rows.add();
    this.rows.change(direct.number).file[direct.number & MASK] = direct.file;
    this.foundBuffer(direct);
    return direct.number;
  }

  /** What the buffer is was learned, maybe after the call was added. */
  foundBuffer({ number, buffer, bufferOffset }: DirectCall): void {
    if (number < 0 || buffer === null) return;
    let place = this.places.get(buffer);
    if (place === undefined) {
      place = this.buffers.push(buffer);
      this.places.set(buffer, place);
    }
    const at = this.rows.change(number);
    at.buffer[number & MASK] = place;
    at.bufferOffset[number & MASK] = bufferOffset;
  }

  of(number: number): DirectCall {
    const { file, buffer, bufferOffset } = this.rows.of(number);
    const row = number & MASK;
    const place = buffer[row]!;
    if (place === 0) return { number, file: file[row]!, buffer: null, bufferOffset: -1 };
    return { number, file: file[row]!, buffer: this.buffers[place - 1]!, bufferOffset: bufferOffset[row]! };
  }

  /** Bytes of the buffer that device mappings of the call have covered so far. */
  covered({ number }: DirectCall): number {
    return this.rows.of(number).covered[number & MASK]!;
  }

  cover({ number }: DirectCall, bytes: number): void {
    this.rows.change(number).covered[number & MASK]! += bytes;
  }

  /** Nothing is covered any more. */
  uncover(): void {
    for (let number = 0; number < this.rows.length; number += MASK + 1) this.rows.change(number).covered.fill(0);
  }
}

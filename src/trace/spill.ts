// What does not fit into memory while a trace is read: a little of it stays there, the rest goes to a temporary file without
// a name, which is gone with the process, however that ends.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ByteStore } from '../base/byte-store.js';
import { UserError } from '../model/issue.js';

/** So much stays in memory: a short trace needs no file. */
const IN_MEMORY = 4 << 20;

export class Spill implements ByteStore {
  readonly #folder: string;
  readonly #kept: { readonly place: number; readonly bytes: Uint8Array }[] = [];
  readonly #inMemory: number;
  #size = 0;
  #descriptor = -1;

  constructor(folder = tmpdir(), inMemory = IN_MEMORY) {
    this.#folder = folder;
    this.#inMemory = inMemory;
  }

  put(bytes: Uint8Array): number {
    const place = this.#size;
    this.#size += bytes.length;
    if (this.#descriptor < 0 && this.#size <= this.#inMemory) {
      this.#kept.push({ place, bytes: bytes.slice() });
      return place;
    }
    if (this.#descriptor < 0) this.#descriptor = this.#attempt(() => openUnnamed(this.#folder));
    this.#write(place, bytes);
    return place;
  }

  get(place: number, into: Uint8Array): void {
    const kept = this.#find(place);
    if (kept !== null) {
      into.set(kept.subarray(0, into.length));
      return;
    }
    for (let done = 0; done < into.length; ) {
      const read = this.#attempt(() => readSync(this.#descriptor, into, done, into.length - done, place + done));
      if (read === 0) throw new Error(`nothing was put at ${place + done}`);
      done += read;
    }
  }

  replace(place: number, bytes: Uint8Array): void {
    const kept = this.#find(place);
    if (kept === null) this.#write(place, bytes);
    else kept.set(bytes);
  }

  /** Gives the room back; nothing can be read any more. */
  close(): void {
    if (this.#descriptor >= 0) closeSync(this.#descriptor);
    this.#descriptor = -1;
    this.#kept.length = 0;
  }

  /** Bytes that stayed in memory; null for those in the file. */
  #find(place: number): Uint8Array | null {
    const kept = this.#kept;
    let low = 0;
    let high = kept.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (kept[middle]!.place < place) low = middle + 1;
      else high = middle;
    }
    const found = kept[low];
    return found?.place === place ? found.bytes : null;
  }

  #write(place: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; )
      done += this.#attempt(() => writeSync(this.#descriptor, bytes, done, bytes.length - done, place + done));
  }

  #attempt<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      const why = error.code === 'ENOSPC' ? 'the disk is full' : error.message;
      throw new UserError(
        `cannot keep a part of the trace in a temporary file in ${this.#folder}: ${why}; make room there, or name a folder with more room (-o, or TMPDIR)`,
      );
    }
  }
}

/** A file without a name: it is gone with its descriptor, even when the run is killed. */
export function openUnnamed(folder = tmpdir()): number {
  const own = mkdtempSync(join(folder, 'sealtrace-'));
  try {
    return openSync(join(own, 'data'), 'wx+', 0o600);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

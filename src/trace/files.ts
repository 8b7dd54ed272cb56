// Files of a trace that are made when they are asked for: there may be hundreds of thousands.
import type { FileInfo } from '../model/events.js';
import type { Files } from '../model/parts.js';
import type { FileNames } from './file-names.js';

export class LazyFiles implements Files {
  length: number;
  readonly #make: (file: number) => FileInfo;

  constructor(length: number, make: (file: number) => FileInfo) {
    this.length = length;
    this.#make = make;
  }

  at(file: number): FileInfo | undefined {
    return file < this.length ? this.#make(file) : undefined;
  }

  *[Symbol.iterator](): Iterator<FileInfo> {
    for (let file = 0; file < this.length; file++) yield this.#make(file);
  }
}

/** The files that rows have, by their first appearance. */
export class FoundFiles extends LazyFiles {
  #ids = new Uint32Array(1024);

  constructor(names: FileNames) {
    super(0, (file) => names.info(this.#ids[file]!));
  }

  /** `id`: among the names. */
  add(id: number): number {
    if (this.length === this.#ids.length) {
      const grown = new Uint32Array(2 * this.length);
      grown.set(this.#ids);
      this.#ids = grown;
    }
    this.#ids[this.length] = id;
    return this.length++;
  }
}

// Which file a path means now. There may be a path for every few records: what is kept is a number for each word, no map of texts.
import type { Words } from '../model/kernel.js';

export class PathFiles {
  readonly #words: Words;
  /** One more than the file, by the number of the path as a word; 0: none. */
  #files = new Uint32Array(1024);

  constructor(words: Words) {
    this.#words = words;
  }

  get(path: string): number | undefined {
    const file = this.#files[this.#words.text(path)] ?? 0;
    return file === 0 ? undefined : file - 1;
  }

  set(path: string, file: number): void {
    const word = this.#words.text(path);
    if (word >= this.#files.length) {
      const grown = new Uint32Array(2 ** Math.ceil(Math.log2(word + 1)));
      grown.set(this.#files);
      this.#files = grown;
    }
    this.#files[word] = file + 1;
  }

  delete(path: string): void {
    const word = this.#words.text(path);
    if (word < this.#files.length) this.#files[word] = 0;
  }

  /** All paths of a file lead to another from now on; gives them. */
  replace(known: number, file: number): string[] {
    const found: string[] = [];
    for (let word = this.#files.indexOf(known + 1); word >= 0; word = this.#files.indexOf(known + 1, word + 1)) {
      this.#files[word] = file + 1;
      found.push(this.#words.get(word));
    }
    return found;
  }
}

// A number for each of many texts, by their numbers as words: no map of texts. There may be a text for every few records.
import type { Words } from '../model/kernel.js';

export class WordNumbers {
  readonly #words: Words;
  /** One more than the number, by the text's own as a word; 0: none. */
  #numbers = new Uint32Array(1024);

  constructor(words: Words) {
    this.#words = words;
  }

  get(text: string): number | undefined {
    return this.of(this.#words.text(text));
  }

  of(word: number): number | undefined {
    const number = this.#numbers[word] ?? 0;
    return number === 0 ? undefined : number - 1;
  }

  set(text: string, number: number): void {
    const word = this.#words.text(text);
    if (word >= this.#numbers.length) {
      const grown = new Uint32Array(2 ** Math.ceil(Math.log2(word + 1)));
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[word] = number + 1;
  }

  delete(text: string): void {
    const word = this.#words.text(text);
    if (word < this.#numbers.length) this.#numbers[word] = 0;
  }

  /** All texts of a number have another from now on; gives them. */
  replace(known: number, number: number): string[] {
    const found: string[] = [];
    for (let word = this.#numbers.indexOf(known + 1); word >= 0; word = this.#numbers.indexOf(known + 1, word + 1)) {
      this.#numbers[word] = number + 1;
      found.push(this.#words.get(word));
    }
    return found;
  }
}

// Look-ups whose cache misses overlap. A look-up in a block map waits three or four times for memory, each time for a place that the
// one before told; many of them, step by step together, wait about as often as one alone. Nothing is found or changed here: what the
// real look-ups will meet is in the caches when they come.
import { Head } from './leaf-head.js';
import { lastUpTo } from './narrow-words.js';

export class Foretouch {
  private readonly head: Int32Array;
  private readonly key: Int32Array;
  private readonly base: Int32Array;
  private readonly used: Int32Array;
  private readonly most: number;
  private count = 0;
  /** What was read, so that no compiler leaves it out. */
  read = 0;

  constructor(most: number) {
    this.most = most;
    this.head = new Int32Array(most);
    this.key = new Int32Array(most);
    this.base = new Int32Array(most);
    this.used = new Int32Array(most);
  }

  /** hot: the unit `key` of the narrow map with this head will be looked up. */
  add(head: number, key: number): void {
    const n = this.count;
    if (n === this.most) return;
    this.head[n] = head;
    this.key[n] = key;
    this.count = n + 1;
  }

  /** hot: reads what look-ups of all that was added would. */
  touch(words: Int32Array): void {
    const { base, count, head, key, used } = this;
    let read = 0;
    // Loops of a few instructions each: only then does a processor have the loads of many look-ups under way at once.
    for (let n = 0; n < count; n++) read ^= words[head[n]!]!;
    for (let n = 0; n < count; n++) {
      const at = head[n]!;
      const dirAt = words[at]!;
      const leaf = lastUpTo(words, dirAt, words[at + Head.leaves]!, key[n]!);
      const info = words[dirAt + words[at + Head.dirRoom]! + leaf]!;
      base[n] = (info >>> 7) << 4;
      used[n] = info & 127;
    }
    // One key in each line of them.
    for (let n = 0; n < count; n++) {
      const at = base[n]!;
      const quarter = used[n]! >>> 2;
      read ^= words[at + quarter]! ^ words[at + 2 * quarter]! ^ words[at + 3 * quarter]!;
    }
    for (let n = 0; n < count; n++)
      base[n] = base[n]! + words[head[n]! + Head.room]! + 3 * lastUpTo(words, base[n]!, used[n]!, key[n]!);
    for (let n = 0; n < count; n++) read ^= words[base[n]!]! ^ words[base[n]! + 2]!;
    this.read = read;
    this.count = 0;
  }
}

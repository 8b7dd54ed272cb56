// What lines of the plain form cannot all be true of: given back twice or never taken, used after it was given back, swapped
// on twice, an extent over another, times that run back. Each is counted with its line; the replay goes on with what it has.
import { Op } from '../model/events.js';
import type { TraceSink } from '../model/trace.js';
import { NONE } from '../model/units.js';

/** A line as far as it can contradict others. */
export interface Statement {
  readonly line: number;
  readonly timeNs: number;
  readonly op: number;
  readonly file: number;
  readonly offset: number;
  /** Bytes, -1 when the line does not say. */
  readonly length: number;
  /** What it calls its hold, undefined when it does not speak of one. */
  readonly name: unknown;
  /** Number of its hold, 0 for none. */
  readonly handle: number;
  /** It gives a hold back. */
  readonly releases: boolean;
  /** It says of itself that it failed. */
  readonly failed: boolean;
}

interface Place {
  readonly line: number;
  readonly timeNs: number;
}

/** Extents of one file in order: begin and end of each, side by side. */
type Extents = number[];

export class Contradictions {
  readonly #sink: TraceSink;
  readonly #released = new Map<number, Place>();
  readonly #swapped = new Map<number, number>();
  readonly #extents = new Map<number, Extents>();
  #latest: Place = { line: 0, timeNs: Number.NEGATIVE_INFINITY };

  constructor(sink: TraceSink) {
    this.#sink = sink;
  }

  add(statement: Statement): void {
    const { line, timeNs, op, file, failed } = statement;
    const { timeNs: latestNs, line: at } = this.#latest;
    if (timeNs < latestNs)
      this.#say('time-runs-back', line, `no time before that of line ${at}`, `one ${latestNs - timeNs} ns earlier`);
    else this.#latest = { line, timeNs };
    if (failed) return;
    if (
      statement.releases &&
      statement.name === undefined &&
      statement.handle === 0 &&
      file !== NONE &&
      op !== Op.unseal &&
      op !== Op.close
    )
      this.#say('nothing-held', line, 'something of this kind that this process holds of the file', 'nothing');
    // Numbers are those of an exported recording, whose holds need not be all there.
    if (typeof statement.name === 'string') this.#hold(statement);
    if (op === Op.swapon && file !== NONE) this.#swapon(line, file);
    else if (op === Op.swapoff) this.#swapped.delete(file);
    else if (op === Op.extent && file !== NONE) this.#extent(statement);
  }

  #hold({ line, timeNs, op, name, handle, length, releases }: Statement): void {
    const released = this.#released.get(handle);
    const after = released !== undefined && timeNs >= released.timeNs;
    if (after && releases)
      this.#say('released-twice', line, `"${name}" to be held`, `it given back in line ${released.line}`);
    else if (after && (op === Op.dma_read || op === Op.dma_write))
      this.#say('used-after-release', line, `"${name}" to be held`, `it given back in line ${released.line}`);
    // Part of a mapping may go before the rest.
    if (releases && (op !== Op.munmap || length < 0)) this.#released.set(handle, { line, timeNs });
  }

  #swapon(line: number, file: number): void {
    const before = this.#swapped.get(file);
    if (before !== undefined)
      this.#say('swapped-twice', line, 'a file that is no swap file', `swapon in line ${before}`);
    else this.#swapped.set(file, line);
  }

  #extent({ line, file, offset, length }: Statement): void {
    if (offset < 0 || length <= 0) return;
    const extents = this.#extents.get(file) ?? [];
    this.#extents.set(file, extents);
    const end = offset + length;
    // Exported traces list extents in order: the last one is looked at first.
    let at = extents.length;
    if (at > 0 && extents[at - 1]! > offset) at = firstEndingAfter(extents, offset);
    if (at < extents.length && extents[at]! < end) {
      this.#say('extent-over-extent', line, 'a hole', `an extent from ${extents[at]} to ${extents[at + 1]}`);
      return;
    }
    if (at > 0 && extents[at - 1] === offset) extents[at - 1] = end;
    else extents.splice(at, 0, offset, end);
  }

  #say(code: string, line: number, expected: string, found: string): void {
    this.#sink.issue(code, line, `expected ${expected}, found ${found}; the line is used as it stands`);
  }
}

/** Index of the first extent that ends after a byte; the array's length when there is none. */
function firstEndingAfter(extents: Extents, offset: number): number {
  let low = 0;
  let high = extents.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (extents[middle * 2 + 1]! > offset) high = middle;
    else low = middle + 1;
  }
  return low * 2;
}

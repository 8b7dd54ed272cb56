// Holds of the plain form: by the name that lines give them, or without one by who holds what.
import { Op } from '../model/events.js';
import type { TraceSink } from '../model/trace.js';
import { NONE } from '../model/units.js';

const ACQUIRES = new Set([
  Op.open,
  Op.mmap,
  Op.pin,
  Op.register,
  Op.lease,
  Op.layout_get,
  Op.address_query,
  Op.seal,
  Op.swapon,
]);
/** Holds that need no name, and what ends them. */
const NAMELESS = new Set([Op.mmap, Op.pin, Op.register, Op.swapon, Op.lease, Op.layout_get, Op.address_query]);
const RELEASED_BY = new Map([
  [Op.munmap, Op.mmap],
  [Op.unpin, Op.pin],
  [Op.deregister, Op.register],
  [Op.swapoff, Op.swapon],
  [Op.lease_release, Op.lease],
  [Op.layout_return, Op.layout_get],
]);
const RELEASES = new Set([
  Op.close,
  Op.munmap,
  Op.unpin,
  Op.deregister,
  Op.lease_release,
  Op.layout_return,
  Op.unseal,
  Op.swapoff,
]);

export const isRelease = (op: number): boolean => RELEASES.has(op);

/** A named hold. Lines need not be in order, so a use may come before the acquire: `acquired` is false until then. */
interface Hold {
  readonly id: number;
  readonly line: number;
  file: number;
  acquired: boolean;
  released: boolean;
}

export class Holds {
  readonly #sink: TraceSink;
  readonly #named = new Map<string, Hold>();
  /** The newest last. */
  readonly #nameless = new Map<string, number[]>();

  constructor(sink: TraceSink) {
    this.#sink = sink;
  }

  /** The file that the hold `name` is of, as far as it is known. */
  file(name: string): number {
    return this.#named.get(name)?.file ?? NONE;
  }

  /** Names the holds that were used but never acquired. */
  end(): void {
    for (const [name, { line, acquired }] of this.#named) {
      if (!acquired)
        this.#sink.issue(
          'unknown-handle',
          line,
          `expected handle "${name}" to be acquired in some line, found only uses of it`,
        );
    }
  }

  /** A person may leave the handle out: a release then ends the newest hold of its kind by this process on this file. */
  nameless(op: number, file: number, pid: number): number {
    const kind = RELEASED_BY.get(op) ?? op;
    if (!NAMELESS.has(kind) || file === NONE) return 0;
    const key = `${kind}/${file}/${kind === Op.swapon ? '' : pid}`;
    const held = this.#nameless.get(key) ?? [];
    this.#nameless.set(key, held);
    if (kind !== op) return held.pop() ?? 0;
    held.push(this.#sink.events.newId());
    return held.at(-1)!;
  }

  /** The number of the hold `name` in an event of `op`. */
  named(name: string, op: number, file: number, failed: boolean, line: number): number {
    let hold = this.#named.get(name);
    const acquires = ACQUIRES.has(op);
    if (hold === undefined || (acquires && hold.acquired)) {
      if (hold !== undefined && !hold.released) {
        this.#sink.issue(
          'handle-in-use',
          line,
          `expected "${name}" to be released before it is used anew, found it alive since line ${hold.line}`,
        );
      }
      hold = { id: this.#sink.events.newId(), line, file: NONE, acquired: false, released: false };
      this.#named.set(name, hold);
    }
    if (acquires) {
      hold.acquired = true;
      hold.file = file;
    }
    if (acquires ? failed : RELEASES.has(op) && !failed) hold.released = true;
    return hold.id;
  }
}

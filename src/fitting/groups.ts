// Puts together what is alike: threads that do the same, files to which the same is done.

/** So much of what they do is the same: the overlap of their shares. */
const ALIKE = 0.6;

/** How much of it each kind of operation is. */
export type Shares = ReadonlyMap<number, number>;

export function sharesOf(keys: readonly number[]): Shares {
  const shares = new Map<number, number>();
  for (const key of keys) shares.set(key, (shares.get(key) ?? 0) + 1 / keys.length);
  return shares;
}

/** Groups by the one that came first, so what weighs most has to come first. */
export class Groups {
  readonly #most: number;
  readonly #firsts: { readonly name: string; readonly shares: Shares }[] = [];

  /** There are so many at most; what is left over joins the group that is most like it. */
  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#firsts.length;
  }

  /** Number of the group; only what has one name, and is so much `alike`, is put together, as long as there may be more groups. */
  of(name: string, shares: Shares, alike = ALIKE): number {
    const full = this.#firsts.length >= this.#most;
    let best = -1;
    let most = full ? -1 : alike;
    this.#firsts.forEach((first, group) => {
      const overlap = full || first.name === name ? overlapOf(first.shares, shares) : -1;
      if (overlap <= most) return;
      most = overlap;
      best = group;
    });
    return best >= 0 ? best : this.#firsts.push({ name, shares }) - 1;
  }
}

function overlapOf(a: Shares, b: Shares): number {
  let sum = 0;
  for (const [key, share] of a) sum += Math.min(share, b.get(key) ?? 0);
  return sum;
}

// A seal that knows the future, as naive as it can be (policy `oracle`): the trace is played twice, once with the change and
// once without, nobody changes anything after it, and the accesses of devices are looked at.
import type { Call } from './calls.js';

const CHANGES: ReadonlySet<string> = new Set([
  ...['write', 'write_fault', 'truncate', 'fallocate', 'punch', 'zero', 'collapse', 'insert', 'unshare'],
  ...['reflink', 'dedupe', 'exchange', 'swapext', 'unlink', 'rename'],
]);

/** May it change the map of a file? */
export const isChange = ({ op, flags }: Call): boolean => CHANGES.has(op) || (op === 'open' && flags.has('trunc'));

/** By the index of a change: is it refused? */
export type Forced = (index: number) => boolean | undefined;

interface Played {
  readonly devices: { readonly hazards: readonly { readonly line: number; readonly bytes: number }[] };
}

/** Would a change make an access stale that is still to come? `decided`: what became of those before it. */
export function harms(index: number, decided: ReadonlyMap<number, boolean>, play: (forced: Forced) => Played): boolean {
  const staleBytes = (refused: boolean): Map<number, number> => {
    const { hazards } = play((i) => (i === index ? refused : (decided.get(i) ?? true))).devices;
    return new Map(hazards.map(({ line, bytes }) => [line, bytes]));
  };
  const [done, left] = [staleBytes(false), staleBytes(true)];
  return [...done].some(([line, bytes]) => bytes > (left.get(line) ?? 0));
}

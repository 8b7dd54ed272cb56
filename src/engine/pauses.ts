// Waits for pins of a recording that has no probes: which pauses between pins the sleeper slept through. No event tells when it ran, but
// what came after does: whoever got through has taken the file's pages out of all page tables and keeps the fault lock
// (seal-semantics section 4.1), so that nobody can pin before the change is over. The pause it got through is the one that its own work
// made long: the longest during the call. Held against probes, change by change, in test/kernel/waits.test.ts.
import { type EventColumns, opSet } from '../model/events.js';
import { NONE } from '../model/units.js';

const PINS = opSet(['pin', 'register']);
const UNPINS = opSet(['unpin', 'deregister']);
/** Calls that look for pinned pages before they change the map. */
const LOOKS = opSet([
  ...(['truncate', 'fallocate', 'punch', 'zero', 'collapse', 'insert', 'unshare'] as const),
  ...(['reflink', 'dedupe', 'exchange'] as const),
]);

/** By operation: how long each pause between pins lasted that its sleeper slept through, in order, ns. */
export type Pauses = ReadonlyMap<number, readonly number[]>;

/** Times in ns, in order, side by side: from when to when some page of a file was pinned. */
type Pinned = readonly { readonly fromNs: number; readonly toNs: number }[];

/** `dax`: by file, 1 where DAX faults were taken. */
export function pausesOf(c: EventColumns, dax: Uint8Array): Pauses {
  const pauses = new Map<number, readonly number[]>();
  if (!dax.includes(1)) return pauses;
  const pinned = pinnedOf(c, dax);
  if (pinned.size === 0) return pauses;
  for (let row = 0; row < c.rows; row++) {
    if (LOOKS[c.op[row]!] === 0 || c.opId[row] === 0 || c.latencyNs[row]! < 0 || c.result[row]! < 0) continue;
    const times = pinned.get(c.file[row]!);
    if (times === undefined) continue;
    const missed = missedIn(times, c.timeNs[row]!, c.timeNs[row]! + c.latencyNs[row]!);
    if (missed.length > 0) pauses.set(c.opId[row]!, missed);
  }
  return pauses;
}

/** The pauses during a call before its longest one; none where nothing was pinned when it came. */
function missedIn(times: Pinned, fromNs: number, toNs: number): number[] {
  const first = firstAfter(times, fromNs);
  if (first >= times.length || times[first]!.fromNs > fromNs) return [];
  const pauses: number[] = [];
  for (let i = first; i < times.length && times[i]!.toNs < toNs; i++)
    pauses.push(Math.min(times[i + 1]?.fromNs ?? toNs, toNs) - times[i]!.toNs);
  return pauses.slice(0, pauses.indexOf(Math.max(...pauses)));
}

/** Place of the first that ends after a time. */
function firstAfter(times: Pinned, timeNs: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]!.toNs <= timeNs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** By file, as far as it is one of DAX: when anything of it was pinned. */
function pinnedOf(c: EventColumns, dax: Uint8Array): Map<number, Pinned> {
  const counts = new Map<number, number>();
  const fileOf = new Map<number, number>();
  const pinned = new Map<number, { fromNs: number; toNs: number }[]>();
  for (let row = 0; row < c.rows; row++) {
    const handle = c.handle[row]!;
    if (handle === 0) continue;
    if (PINS[c.op[row]!] === 1 && c.result[row]! >= 0) {
      const file = c.file[row]!;
      if (file === NONE || dax[file] === 0 || fileOf.has(handle)) continue;
      fileOf.set(handle, file);
      const count = counts.get(file) ?? 0;
      counts.set(file, count + 1);
      if (count > 0) continue;
      const times = pinned.get(file) ?? [];
      pinned.set(file, times);
      times.push({ fromNs: c.timeNs[row]!, toNs: Number.POSITIVE_INFINITY });
    } else if (UNPINS[c.op[row]!] === 1) {
      const file = fileOf.get(handle);
      if (file === undefined) continue;
      fileOf.delete(handle);
      const count = counts.get(file)! - 1;
      counts.set(file, count);
      if (count === 0) pinned.get(file)!.at(-1)!.toNs = c.timeNs[row]!;
    }
  }
  return pinned;
}

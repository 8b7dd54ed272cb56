// What must hold of a block map, and whether it does.
import { continues } from './extent-edits.js';
import type { ExtentMap } from './extent-map.js';
import { OFFSET_LIMIT } from './leaf-store.js';
import { HOLDING } from './states.js';

/** '' or the first thing that does not hold; walks everything. */
export function brokenInvariant(map: ExtentMap): string {
  let records = 0;
  let reached = 0;
  const leaves: number[] = [];
  for (let at = map.first(); at >= 0; at = map.next(at)) {
    if ((at & 15) === 0) {
      const used = map.used(at);
      leaves.push(map.base(at));
      records += used;
      if (used < 1 || used > map.room) return `leaf ${at >>> 4} has ${used} of ${map.room} records`;
      const [inDirectory, ofGroup] = map.firstKeys(at);
      if (inDirectory !== map.key(at)) return `leaf ${at >>> 4} begins elsewhere than the directory says`;
      if ((at & 1023) === 0 && ofGroup !== map.key(at))
        return `group ${at >>> 10} begins elsewhere than the directory says`;
    }
    const place = `extent at ${map.offset(at)}`;
    if (!(map.length(at) > 0)) return `${place} is empty`;
    if (map.key(at) < reached) return `${place} overlaps the one before or is out of order`;
    if (!HOLDING[map.state(at)]) return `${place} has state ${map.state(at)}`;
    if (!map.isWide && map.endAt(at) > OFFSET_LIMIT) return `${place} ends beyond ${OFFSET_LIMIT} blocks`;
    const before = map.before(at);
    if (before >= 0 && continues(map, before, map.key(at), map.target(at), map.state(at)))
      return `${place} continues the one before`;
    reached = map.endAt(at);
  }
  if (records !== map.extents) return `${records} records, but the count is ${map.extents}`;
  if (new Set(leaves).size !== leaves.length) return `${leaves.length} leaves lie in fewer places`;
  return '';
}

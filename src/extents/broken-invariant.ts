// What must hold of a block map, and whether it does.
import { continues } from './extent-edits.js';
import type { ExtentMap } from './extent-map.js';
import { LIMIT } from './leaf-store.js';
import { HOLDING } from './states.js';

/** '' or the first thing that does not hold; walks everything. */
export function brokenInvariant(map: ExtentMap): string {
  let records = 0;
  let reached = 0;
  const seen = new Set<number>();
  for (let leaf = 0; leaf < map.leaves; leaf++) {
    const used = map.used(leaf);
    if (used < 1 || used > map.room) return `leaf ${leaf} has ${used} of ${map.room} records`;
    if (map.arena.words[map.dirAt + leaf] !== map.arena.words[map.base(leaf)])
      return `leaf ${leaf} begins elsewhere than the directory says`;
    seen.add(map.base(leaf));
    records += used;
    for (let i = 0; i < used; i++) {
      const at = (leaf << 6) | i;
      const place = `extent at ${map.offset(at)}`;
      if (!(map.length(at) > 0)) return `${place} is empty`;
      if (map.key(at) < reached) return `${place} overlaps the one before or is out of order`;
      if (!HOLDING[map.state(at)]) return `${place} has state ${map.state(at)}`;
      if (!map.isWide && map.endAt(at) > LIMIT) return `${place} ends beyond ${LIMIT} blocks`;
      const before = map.before(at);
      if (before >= 0 && continues(map, before, map.key(at), map.target(at), map.state(at))) {
        return `${place} continues the one before`;
      }
      reached = map.endAt(at);
    }
  }
  if (records !== map.extents) return `${records} records, but the count is ${map.extents}`;
  if (seen.size !== map.leaves) return `${map.leaves} leaves lie in ${seen.size} places`;
  return '';
}

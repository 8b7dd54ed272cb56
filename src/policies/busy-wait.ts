// What live pins make of a file that is mapped straight onto its blocks: the busy wait of DAX.
// Rule: seal-semantics section 3, notes 8 and 10, and section 4.1 (dax_layout_busy_page, xfs_break_layouts).
import type { CaseName, Settings } from '../model/policy.js';
import type { Column } from './define.js';
import { setting } from './switches.js';

/** Operations that look for pinned pages before they change the map. */
const LOOKS: readonly CaseName[] = [
  'truncate_down',
  'truncate_up',
  'truncate_same',
  'fallocate',
  'fallocate_move',
  'unshare',
  'reflink_source',
  'reflink_target',
  'exchange',
];

/** The column while a pin is alive: what is not refused waits; `era=2017` leaves a stale translation behind instead. */
export function whilePinned(settings: Settings, unpinned: Column): Column {
  const cell = setting(settings, 'era') === 'modern' ? 'W' : 'H';
  const plain = setting(settings, 'fs') === 'ext4' ? 'fallocate' : null;
  const looks = LOOKS.filter((name) => unpinned[name] === 'ok' && name !== plain);
  return { ...unpinned, ...Object.fromEntries(looks.map((name) => [name, cell])) };
}

// What each tracepoint tells assembly, by name: the tables of all parts as one. Events in none of them are typed and
// kept, and tell assembly nothing more than that they happened.
import { DEVICE_EVENTS } from './device-events.js';
import { EXT4_CHANGES } from './ext4-changes.js';
import { EXT4_EVENTS } from './ext4-events.js';
import { type Handler, strong } from './handler.js';
import { IOMAP_EVENTS } from './iomap-events.js';
import { MARKER_EVENTS } from './markers.js';
import { MEMORY_EVENTS } from './memory-events.js';
import { NAME_EVENTS } from './name-events.js';
import { NOTE_EVENTS } from './note-events.js';
import { PROCESS_EVENTS } from './process-events.js';
import { XFS_CHANGES } from './xfs-changes.js';
import { XFS_EVENTS } from './xfs-events.js';
import { XFS_RANGES } from './xfs-ranges.js';
import { XFS_REMAPS } from './xfs-remaps.js';
import { XFS_REQUESTS } from './xfs-requests.js';

/** An event may tell several parts something: they hear of it in this order. */
const PARTS: readonly Readonly<Record<string, Handler>>[] = [
  EXT4_CHANGES,
  XFS_CHANGES,
  XFS_RANGES,
  XFS_REMAPS,
  XFS_REQUESTS,
  DEVICE_EVENTS,
  EXT4_EVENTS,
  IOMAP_EVENTS,
  MARKER_EVENTS,
  MEMORY_EVENTS,
  NAME_EVENTS,
  NOTE_EVENTS,
  PROCESS_EVENTS,
  XFS_EVENTS,
  {
    generic_add_lease: strong,
    generic_delete_lease: strong,
    time_out_leases: strong,
    break_lease_block: strong,
    break_lease_noblock: strong,
  },
];

export const HANDLERS: Readonly<Record<string, Handler>> = PARTS.reduce<Record<string, Handler>>((all, part) => {
  for (const [name, handler] of Object.entries(part)) {
    const first = all[name];
    all[name] = first === undefined ? handler : both(first, handler);
  }
  return all;
}, {});

function both(first: Handler, second: Handler): Handler {
  return (c, t, v) => {
    first(c, t, v);
    second(c, t, v);
  };
}

// What devices do through a hold: as often and as much as they did, or what is held, piece by piece.
import type { Random } from '../../base/random.js';
import { Op } from '../../model/events.js';
import { type Bytes, UNKNOWN } from '../../model/units.js';
import type { World } from '../parts/world.js';
import type { Held } from './holds.js';
import type { ReadyHold } from './role.js';

const PAGE = 4096;

/** How many accesses a hold of so many bytes sees. */
export function accessesOf({ accesses, atMost }: ReadyHold, bytes: Bytes, random: Random): number {
  if (accesses === null) return 0;
  const drawn = Math.round(accesses.next(random));
  return atMost < Number.POSITIVE_INFINITY ? Math.ceil(bytes / atMost) : drawn;
}

/** The next of them. */
// hot
export function access(held: Held, world: World, task: number, random: Random): void {
  const { by, length, used, file, handle } = held;
  const inOrder = by.atMost < Number.POSITIVE_INFINITY;
  const wanted = inOrder ? Math.min(by.atMost, length - used) : by.part!.next(random) * length;
  const bytes = Math.min(Math.max(1, Math.round(wanted)), length);
  const pages = Math.floor((length - bytes) / PAGE) + 1;
  const op = random.chance(by.writes) ? Op.dma_write : Op.dma_read;
  const offset = held.offset + (inOrder ? used : random.below(pages) * PAGE);
  held.accesses--;
  held.used = used + bytes;
  world.act(op, 0, file.id, task, offset, bytes, UNKNOWN, handle);
}

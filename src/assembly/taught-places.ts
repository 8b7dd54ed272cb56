// Where a taught event's operation is: in the file its inode names, in the files behind its memory, or in the file of the
// call around it.
import { Flag } from '../model/events.js';
import { KERNEL_EVENTS, kernelEvent } from '../model/kernel-events.js';
import { UNKNOWN } from '../model/units.js';
import type { Context } from './context.js';
import { fileOf } from './context.js';
import { fdOf, opened } from './descriptors.js';
import { fileOfMemory, PAGE } from './handler.js';
import type { Thread } from './state.js';
import type { Placed } from './taught-claims.js';
import type { Operation, Telling } from './taught-fields.js';

export function placesOf(c: Context, t: Thread, operation: Operation, telling: Telling): readonly Placed[] {
  const length = operation.value('length', telling);
  const inode = operation.value('inode', telling);
  if (operation.spec.fields.inode !== undefined) {
    const device = deviceOf(operation, telling);
    if (!(inode > 0) || !(device >= 0)) return [];
    const offset = operation.value('offset', telling);
    const whole = Number.isNaN(offset);
    return [{ file: c.file(device, inode), offset: whole ? 0 : offset, length: length > 0 ? length : UNKNOWN, whole }];
  }
  const address = operation.value('address', telling);
  if (!(address >= 0)) return [];
  // Counts of pages begin with the page that the address is in.
  const inPages = operation.spec.fields.length?.unit === 'pages';
  const start = inPages ? address - (address % PAGE) : address;
  // A device that writes, or stays, gets copies of a private mapping's pages: none of them is the file's.
  const copied = operation.spec.op === 'register' || (operation.flags(telling) & Flag.write) !== 0;
  const mappings = t.process.mappingsIn(start, start + (length > 0 ? length : 1)).filter((m) => m.shared || !copied);
  return mappings.map((m) => {
    const from = Math.max(m.start, start);
    const to = Math.min(m.end, start + (length > 0 ? length : 1));
    return {
      file: fileOf(m.open),
      offset: m.offset + from - m.start,
      length: length > 0 ? to - from : UNKNOWN,
      whole: false,
    };
  });
}

/** Major and minor may stand in fields of their own. */
function deviceOf(operation: Operation, telling: Telling): number {
  const device = operation.value('device', telling);
  return operation.spec.fields.minor === undefined ? device : device * 2 ** 20 + operation.value('minor', telling);
}

/** Memory is claimed of the file that was faulted in meanwhile; anything else is about the file the call works on. -1: none. */
export function fileOfTelling(c: Context, t: Thread, { spec }: Operation): number {
  const { call } = t;
  if (spec.op === 'pin' || spec.op === 'register') {
    const buffer = call.directCall?.buffer;
    return buffer ? fileOf(buffer) : fileOfMemory(t);
  }
  if (call.file >= 0) return call.file;
  const slots = KERNEL_EVENTS[kernelEvent(`sys_enter_${call.name}`)]?.slots ?? [];
  const place = slots.findIndex(({ field }) => field === 'fd');
  return place >= 0 ? fileOf(opened(c, t, fdOf(call.args[place]!))) : fileOfMemory(t);
}

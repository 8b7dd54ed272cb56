// What assembly does with a record, by the code of its event: with sealtrace's own events, and with those it was taught.
import type { EventCatalogue } from '../model/event-catalogue.js';
import { KERNEL_EVENTS, type KernelEvent, kernelEvent, slotPlaces } from '../model/kernel-events.js';
import { type CallKind, callKind } from './calls.js';
import type { Context } from './context.js';
import type { Thread } from './state.js';
import type { TaughtEvents } from './taught-events.js';
import { HANDLERS } from './tracepoints.js';

/** Hears of calls. */
interface Calls {
  enter(t: Thread, call: CallKind): void;
  leave(t: Thread, call: CallKind): void;
}

/** A handler, or what needs the assembler itself. */
export type Take = (c: Context, t: Thread, v: Float64Array, a: Calls) => void;

export const nothing: Take = () => {};
/** Of raw_syscalls: formats turn these into events of calls. So they are read, and never taken. */
const turned: Take = () => {};
const RAW_CALLS: ReadonlySet<string> = new Set(['sys_enter', 'sys_exit']);

/** What to do with each event, by code. */
export const TAKE: readonly Take[] = KERNEL_EVENTS.map((event) => {
  const call = callKind(event.call);
  if (event.kind === 'enter') return (_c, t, _v, a) => a.enter(t, call);
  if (event.kind === 'exit') return (_c, t, _v, a) => a.leave(t, call);
  return RAW_CALLS.has(event.name) ? turned : (HANDLERS[event.name] ?? nothing);
});
/** Events of interrupts and other people's completions: they happen in a task, but are none of its doing. */
export const FOREIGN = new Uint8Array(KERNEL_EVENTS.length);
for (const name of [
  'block_rq_complete',
  'block_bio_complete',
  'dma_unmap_page',
  'dma_unmap_phys',
  'dma_unmap_sg',
  'nvme_complete_rq',
  'nvme_sq',
  'iomap_dio_complete',
  'unmap',
  'task_newtask',
  'sched_process_fork',
  'sched_process_exit',
  'signal_generate',
  'note_comm',
  'note_fork',
  'note_exit',
  'print',
  'tracing_mark_write',
])
  FOREIGN[kernelEvent(name)] = 1;

/** What sealtrace reads of an event by itself comes first, but for the end of a call: what was taught is told inside of it. */
export function takesWith(taught: TaughtEvents, { events }: EventCatalogue): readonly Take[] {
  return events.map(({ name, kind }, code): Take => {
    const own = TAKE[kernelEvent(name)] ?? nothing;
    if (!taught.has(code)) return own;
    if (kind === 'exit')
      return (c, t, v, a) => {
        taught.take(t);
        own(c, t, v, a);
      };
    return (c, t, v, a) => {
      own(c, t, v, a);
      taught.take(t);
    };
  });
}

export function foreignWith(taught: TaughtEvents, { events }: EventCatalogue): Uint8Array {
  return Uint8Array.from(events, ({ name }, code) =>
    FOREIGN[kernelEvent(name)] === 1 || taught.isRelease(code) ? 1 : 0,
  );
}

/**
 * Where an event that names a file by device and inode has the inode, the last one where there are two; 0: it names none so, or nobody
 * takes it, and then nobody reads its values either.
 */
export const inodePlaces = (events: readonly KernelEvent[], takes: readonly Take[]): Uint8Array =>
  Uint8Array.from(events, (event, code) => {
    if (event.slots[0]?.type !== 'd' || takes[code] === nothing) return 0;
    const last = event.slots.findLastIndex(({ field }) => field.endsWith('ino'));
    return last < 0 ? 0 : slotPlaces(event)[last]!;
  });

// What tracing costs whom it watches: measured before a recording by calls that do next to nothing, with their events on
// and off in turns, in a buffer of its own. The recorder's own CPU time is another thing, and known exactly.
import { closeSync, openSync, readSync } from 'node:fs';
import { Instance, instanceName } from './tracefs.js';

/** The quartiles of what was measured. */
export interface Range {
  readonly low: number;
  readonly typical: number;
  readonly high: number;
}

/** CPU time of one event, ns: of calls, with its part of the longer way that all calls then go; of the file system, filtered. */
export interface EventCost {
  readonly callNs: Range;
  readonly mapNs: Range;
}

const ROUNDS = 7;
const CALLS = 1500;
const KIB = 1024;
const EVENTS = ['syscalls/sys_enter_pread64', 'syscalls/sys_exit_pread64'] as const;
/** Nothing calls it meanwhile: with it on, calls go the longer way and tell nothing. */
const UNUSED = 'syscalls/sys_enter_swapoff';
/** Always true, and as long as the filters of a recording. */
const FILTERS = ['fd != 99999 && count != 77', 'ret != 77 && ret != 78'] as const;

interface Clock {
  readonly pid: number;
  cpuNs(): number;
}

/** null: this kernel does not tell of calls. Throws nothing that tracefs refuses. */
export function measureCost(root: string, clock: Clock): EventCost | null {
  let instance: Instance | null = null;
  const file = openSync('/dev/zero', 'r');
  try {
    instance = new Instance(root, instanceName(clock.pid, 'cost'));
    return measure(instance, file, clock);
  } catch {
    return null;
  } finally {
    closeSync(file);
    instance?.remove();
  }
}

function measure(instance: Instance, file: number, clock: Clock): EventCost {
  instance.write('trace_clock', 'mono');
  instance.write('buffer_size_kb', String(KIB));
  instance.write('set_event_pid', String(clock.pid));
  const put = (filters: readonly string[]): void => {
    for (const [i, event] of EVENTS.entries()) instance.write(`events/${event}/filter`, filters[i] ?? '0');
  };
  const turn = (on: boolean): void => {
    for (const event of EVENTS) instance.write(`events/${event}/enable`, on ? '1' : '0');
  };
  const block = new Uint8Array(8);
  const once = (): number => {
    const before = clock.cpuNs();
    for (let i = 0; i < CALLS; i++) readSync(file, block, 0, 1, 0);
    return (clock.cpuNs() - before) / CALLS;
  };
  once();
  const calls: number[] = [];
  const maps: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const off = once();
    instance.write(`events/${UNUSED}/enable`, '1');
    const longer = once();
    turn(true);
    const plain = once();
    put(FILTERS);
    const filtered = once();
    turn(false);
    put([]);
    instance.write(`events/${UNUSED}/enable`, '0');
    calls.push((plain - off) / EVENTS.length);
    maps.push((filtered - longer) / EVENTS.length);
  }
  return { callNs: rangeOf(calls), mapNs: rangeOf(maps) };
}

/** Quartiles; a cost below nothing is noise. */
export function rangeOf(values: readonly number[]): Range {
  const sorted = values.map((value) => Math.max(0, value)).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  return { low: at(0.25), typical: at(0.5), high: at(0.75) };
}

/** CPU time of these events, ns. */
export function costOf({ callNs, mapNs }: EventCost, events: { readonly calls: number; readonly maps: number }): Range {
  const sum = (of: keyof Range): number => events.calls * callNs[of] + events.maps * mapNs[of];
  return { low: sum('low'), typical: sum('typical'), high: sum('high') };
}

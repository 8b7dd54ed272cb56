// The two buffers of a recording, set up in instances of their own: clock, events, filters, processes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventName, Group } from './event-sets.js';
import { eventFilter, type Scope } from './filters.js';
import { littleEndian, unameText } from './machine.js';
import type { Kernel } from './trace-dat.js';
import { Instance, instanceName } from './tracefs.js';

export interface BufferPlan {
  readonly events: readonly EventName[];
  readonly scope: Scope;
  /** Only these processes and their descendants; empty: all but the recorder. */
  readonly pids: readonly number[];
  readonly recorder: number;
}

export type Buffers = Readonly<Record<Group, Instance>>;

/** Makes both; what fails leaves neither. */
export function makeBuffers(root: string, recorder: number, prefix: '' | 'trial-' = ''): Buffers {
  const maps = new Instance(root, instanceName(recorder, `${prefix}maps`));
  try {
    return { maps, calls: new Instance(root, instanceName(recorder, `${prefix}calls`)) };
  } catch (error) {
    maps.remove();
    throw error;
  }
}

/** Sets everything but `tracing_on`; returns what this kernel refuses, in words. */
export function prepare(root: string, { maps, calls }: Buffers, plan: BufferPlan): string[] {
  const refused: string[] = [];
  for (const instance of [maps, calls]) {
    instance.write('tracing_on', '0');
    instance.write('trace_clock', 'mono');
    // Threads are led to their processes by it.
    attempt(() => instance.write('options/record-tgid', '1'));
  }
  if (plan.pids.length > 0) {
    calls.write('options/event-fork', '1');
    calls.write('set_event_pid', plan.pids.join(' '));
  } else attempt(() => calls.write('set_event_notrace_pid', String(plan.recorder)));
  for (const { system, name, group } of plan.events) {
    const instance = group === 'maps' ? maps : calls;
    const event = `events/${system}/${name}`;
    const filter = group === 'maps' ? eventFilter(system, name, fieldsOf(root, system, name), plan.scope) : '';
    try {
      if (filter !== '') instance.write(`${event}/filter`, filter);
      instance.write(`${event}/enable`, '1');
    } catch (error) {
      refused.push(`the kernel refuses the event ${system}:${name} (${reason(error)}); it is not recorded`);
    }
  }
  return refused;
}

export function turn(buffers: Buffers, on: boolean): void {
  for (const instance of [buffers.maps, buffers.calls]) instance.write('tracing_on', on ? '1' : '0');
}

const reason = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

export const formatOf = (root: string, system: string, name: string): string =>
  readFileSync(join(root, 'events', system, name, 'format'), 'utf8');

/** Names of the fields of an event. */
export function fieldsOf(root: string, system: string, name: string): string[] {
  const declared = formatOf(root, system, name).matchAll(/^\s*field:[^;]*?(\w+)(?:\[[^\]]*\])?;/gm);
  return [...declared].map(([, field]) => field!);
}

/** What a trace.dat says of the kernel. */
export function describeKernel(root: string, clocks: string, events: readonly EventName[]): Kernel {
  const systems = new Map<string, string[]>();
  for (const { system, name } of events)
    systems.set(system, [...(systems.get(system) ?? []), formatOf(root, system, name)]);
  const headerPage = readFileSync(join(root, 'events', 'header_page'), 'utf8');
  const data = /field: char data;\s*offset:(\d+);\s*size:(\d+);/.exec(headerPage);
  return {
    little: littleEndian(),
    pageSize: data === null ? 4096 : Number(data[1]) + Number(data[2]),
    headerPage,
    headerEvent: readFileSync(join(root, 'events', 'header_event'), 'utf8'),
    ftrace: ftraceFormats(root),
    systems,
    uname: unameText(),
    clocks: clocks.trim(),
  };
}

function ftraceFormats(root: string): string[] {
  return readdirSync(join(root, 'events', 'ftrace'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => formatOf(root, 'ftrace', name));
}

function attempt(write: () => void): void {
  try {
    write();
  } catch {
    // An older kernel does without.
  }
}

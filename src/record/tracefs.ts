// Buffers of our own in tracefs: instances, which leave the buffer everybody shares as it is.
// Source: Documentation/trace/ftrace.rst, "Instances". An instance takes its events and filters with it when it is removed.
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../model/issue.js';
import type { Group } from './event-sets.js';
import { startOf } from './processes.js';

const PLACES = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];

/** Where tracefs is mounted. */
export function tracefs(places: readonly string[] = PLACES): string {
  const found = places.find((place) => existsSync(join(place, 'events')));
  if (found !== undefined) return found;
  throw new UserError(
    `expected tracefs at ${places.join(' or ')}, found none; mount it: mount -t tracefs nodev /sys/kernel/tracing (or the kernel was built without CONFIG_TRACING)`,
  );
}

/** Lines `system:name`. */
export const availableEvents = (root: string): string[] =>
  readFileSync(join(root, 'available_events'), 'utf8').trim().split('\n');

export interface BufferStats {
  /** Records in the buffer or read from it. */
  readonly events: number;
  /** Overwritten before they were read, or refused. */
  readonly lost: number;
}

/** One instance. */
export class Instance {
  readonly name: string;
  readonly path: string;

  constructor(root: string, name: string) {
    this.name = name;
    this.path = join(root, 'instances', name);
    mkdirSync(this.path);
  }

  write(file: string, text: string): void {
    writeInto(join(this.path, file), text);
  }

  read(file: string): string {
    return readFileSync(join(this.path, file), 'utf8');
  }

  cpus(): number[] {
    return cpusOf(this.path);
  }

  stats(): BufferStats {
    let events = 0;
    let lost = 0;
    for (const cpu of this.cpus()) {
      const one = parseStats(this.read(`per_cpu/cpu${cpu}/stats`));
      events += one.events;
      lost += one.lost;
    }
    return { events, lost };
  }

  /** Throws nothing: what cannot be removed now (a reader still has it open) the next run removes. */
  remove(): boolean {
    return removeInstance(this.path);
  }
}

/** Numbers of the CPUs that have a buffer, in tracefs itself or an instance. */
export const cpusOf = (path: string): number[] =>
  readdirSync(join(path, 'per_cpu'))
    .map((name) => Number(name.slice('cpu'.length)))
    .sort((a, b) => a - b);

/** A per_cpu/cpuN/stats file. */
export function parseStats(text: string): BufferStats {
  const value = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  const lost = value('overrun') + value('commit overrun') + value('dropped events');
  return { events: value('entries') + value('read events'), lost };
}

/** `sealtrace-PID-START-GROUP`: the owner, and when it began, so that a later process of the same number is no owner. */
export const instanceName = (pid: number, group: Group | `trial-${Group}` | 'births' | 'cost'): string =>
  `sealtrace-${pid}-${startOf(pid)}-${group}`;

/** Removes instances whose owner is gone; returns their names. Those of others are never touched. */
export function removeAbandoned(root: string): string[] {
  return abandonedNames(readdirSync(join(root, 'instances')), '', startOf).filter((name) =>
    removeInstance(join(root, 'instances', name)),
  );
}

/** Names this recorder gives, whose owner is gone: buffers, and with a dot before it the folder of a recording. */
export function abandonedNames(names: readonly string[], before: '' | '.', start: (pid: number) => string): string[] {
  return names.filter((name) => {
    if (!name.startsWith(before)) return false;
    const [, pid, began] = OURS[before].exec(name.slice(before.length)) ?? [];
    return pid !== undefined && start(Number(pid)) !== began;
  });
}
const OURS = {
  '': /^sealtrace-(\d+)-(\d+)-(?:(?:trial-)?(?:maps|calls)|births|cost)$/,
  '.': /^sealtrace-(\d+)-(\d+)$/,
} as const;

export function removeInstance(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    // In use: its owner lives where this machine's /proc does not show it.
    return !existsSync(path);
  }
}

/** A control file is written in one piece, and never made or cut. */
function writeInto(path: string, text: string): void {
  const file = openSync(path, constants.O_WRONLY);
  try {
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
}

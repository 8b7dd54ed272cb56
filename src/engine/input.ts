// What the engine reads: the columns of a trace and the few facts of its side tables that decide anything.
import type { EventColumns } from '../model/events.js';
import { type Nanos, NONE } from '../model/units.js';

export interface EngineInput {
  readonly columns: EventColumns;
  readonly endNs: Nanos;
  readonly fileCount: number;
  /** By file: number of its device, as far as devices are the same; files of unknown device share 0. */
  readonly deviceOf: Uint32Array;
  /** By file: the name a glob is held against. */
  readonly fileNames: readonly string[];
  /** By file: its inode number, as text; empty where it is not known. */
  readonly inodes: readonly string[];
  /** By task: process id. */
  readonly pidOf: Int32Array;
  /** By task: its name, without numbers: equal conflicts of equal programs are one. */
  readonly taskNames: readonly string[];
  /** By task: a number for its name, 0 for none. */
  readonly taskKeys: Uint32Array;
}

export function taskKeysOf(names: readonly string[]): Uint32Array {
  const keys = new Map([['', 0]]);
  return Uint32Array.from(names, (name) => {
    const key = keys.get(name) ?? keys.size;
    keys.set(name, key);
    return key;
  });
}

/** Process of a row, -1 where its task is not known. */
export function pidAt(input: EngineInput, row: number): number {
  const task = input.columns.task[row]!;
  return task === NONE ? -1 : input.pidOf[task]!;
}

// A trace as the engine reads it.
import { type EngineInput, taskKeysOf } from '../engine/input.js';
import type { Trace } from '../model/trace.js';

export function engineInput(trace: Trace): EngineInput {
  const devices = new Map<string, number>();
  const deviceOf = Uint32Array.from(trace.files, ({ device }) => {
    const known = devices.get(device);
    if (known !== undefined) return known;
    devices.set(device, devices.size);
    return devices.size - 1;
  });
  const taskNames = trace.tasks.map((task) => task.name);
  return {
    columns: trace.columns,
    endNs: trace.endNs,
    fileCount: trace.files.length,
    deviceOf,
    fileNames: trace.files.map((file) => (file.path === '' ? file.inode : file.path)),
    inodes: trace.files.map(({ inode }) => inode),
    pidOf: Int32Array.from(trace.tasks, (task) => task.pid),
    taskNames,
    taskKeys: taskKeysOf(taskNames),
  };
}

/** A file as a reader knows it: by name, or by device and inode. */
export function fileName(trace: Trace, file: number): string {
  const info = trace.files[file];
  if (info === undefined) return '';
  return info.path !== '' ? info.path : `inode ${info.inode} on ${info.device}`;
}

/** Device and inode; of files that had one inode number one after the other, the second is `7:0 131#2`. */
export function inodeName(trace: Trace, file: number): string {
  const { device, inode } = trace.files[file]!;
  const nth = trace.files.slice(0, file + 1).filter((one) => one.device === device && one.inode === inode).length;
  return `${device} ${inode}${nth > 1 ? `#${nth}` : ''}`;
}

export function taskName(trace: Trace, task: number): string {
  const info = trace.tasks[task];
  if (info === undefined) return '';
  return info.name === '' ? `pid ${info.pid}` : `${info.name} (${info.tid})`;
}

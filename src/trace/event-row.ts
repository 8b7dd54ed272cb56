// One reused event row that goes wherever it is put: what stands between a format or an assembly and the trace has one.
import type { EventWriter } from '../model/events.js';
import { NONE, UNKNOWN, UNKNOWN_RESULT } from '../model/units.js';

/** Every column of an event but its source. */
export const EVENT_FIELDS = [
  'timeNs',
  'op',
  'flags',
  'file',
  'task',
  'offset',
  'length',
  'addr',
  'handle',
  'opId',
  'result',
  'latencyNs',
  'row',
] as const;

const FRESH = {
  timeNs: 0,
  op: 0,
  flags: 0,
  file: NONE,
  task: NONE,
  offset: UNKNOWN,
  length: UNKNOWN,
  addr: UNKNOWN,
  handle: 0,
  opId: 0,
  result: UNKNOWN_RESULT,
  latencyNs: UNKNOWN,
  row: 0,
};

export class EventRow implements EventWriter {
  timeNs = 0;
  op = 0;
  flags = 0;
  file = NONE;
  task = NONE;
  offset = UNKNOWN;
  length = UNKNOWN;
  addr = UNKNOWN;
  handle = 0;
  opId = 0;
  result = UNKNOWN_RESULT;
  latencyNs = UNKNOWN;
  row = 0;
  readonly #names: EventWriter;
  readonly #put: (row: EventRow) => void;

  /** `names`: who knows files, tasks and numbers. */
  constructor(names: EventWriter, put: (row: EventRow) => void) {
    this.#names = names;
    this.#put = put;
  }

  fileId(device: string, inode: string, path?: string): number {
    return this.#names.fileId(device, inode, path);
  }

  placeholder(): number {
    return this.#names.placeholder();
  }

  mergeFiles(from: number, to: number): void {
    this.#names.mergeFiles(from, to);
  }

  forgetPath(path: string): void {
    this.#names.forgetPath(path);
  }

  taskId(pid: number, tid: number, name: string): number {
    return this.#names.taskId(pid, tid, name);
  }

  newId(): number {
    return this.#names.newId();
  }

  commit(): void {
    this.#put(this);
    Object.assign(this, FRESH);
  }
}

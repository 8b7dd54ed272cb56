// The fields of a record on its way to wherever records go: set one by one, unknown again after each `commit`.
import type { RecordWriter } from '../model/trace.js';
import { NONE } from '../model/units.js';

export abstract class RecordFields implements RecordWriter {
  timeNs = 0;
  kind = 0;
  task = NONE;
  cpu = 0;
  row = 0;
  opId = 0;

  abstract kindId(name: string, typed: boolean): number;
  abstract add(kind: number, task: number, cpu: number, row: number, opId: number): void;

  // hot
  commit(): void {
    this.add(this.kind, this.task, this.cpu, this.row, this.opId);
    this.timeNs = 0;
    this.kind = 0;
    this.task = NONE;
    this.cpu = 0;
    this.row = 0;
    this.opId = 0;
  }
}

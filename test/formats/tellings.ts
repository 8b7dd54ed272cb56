// What a trace tells, whatever the form of its recording: without places in the source, and without what a form cannot say.
import { OPS } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';

export interface Read {
  readonly trace: Trace;
  readonly whole: boolean;
}

export function tellings(trace: Trace): unknown {
  const { columns: c, records: r } = trace;
  const task = (id: number): unknown => trace.tasks[id];
  return {
    originNs: trace.originNs,
    operations: Array.from({ length: c.rows }, (_, i) => [
      c.timeNs[i],
      OPS[c.op[i]!],
      c.flags[i],
      c.file[i],
      task(c.task[i]!),
      c.offset[i],
      c.length[i],
      c.addr[i],
      c.handle[i],
      c.opId[i],
      c.result[i],
      c.latencyNs[i],
    ]),
    records: Array.from({ length: r.rows }, (_, i) => [
      r.timeNs[i],
      trace.kinds[r.kind[i]!],
      task(r.task[i]!),
      r.cpu[i],
      r.opId[i],
    ]),
    files: trace.files,
    lost: trace.sources.flatMap(({ lost }) => lost),
    unplaced: trace.unplaced,
    unpaired: trace.unpaired,
    deviceAccess: trace.deviceAccess,
  };
}

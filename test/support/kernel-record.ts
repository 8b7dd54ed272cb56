// A kernel record in which nothing is told yet, for sinks of tests.
import { OWN_EVENTS } from '../../src/model/event-catalogue.js';
import type { KernelRecord } from '../../src/model/kernel.js';

export const emptyRecord = (): KernelRecord => ({
  event: 0,
  timeNs: 0,
  cpu: 0,
  tid: 0,
  pid: 0,
  comm: 0,
  row: 0,
  v: new Float64Array(OWN_EVENTS.places),
  arrays: [],
});

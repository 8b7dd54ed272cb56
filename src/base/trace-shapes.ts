// The element types of a trace's columns, and room for rows of them.
import type { EventColumns } from '../model/events.js';
import type { RecordColumns } from '../model/trace.js';
import { Columns } from './columns.js';

export const EVENT_SHAPE = {
  timeNs: Float64Array,
  op: Uint8Array,
  flags: Uint32Array,
  file: Uint32Array,
  task: Uint32Array,
  offset: Float64Array,
  length: Float64Array,
  addr: Float64Array,
  handle: Uint32Array,
  opId: Uint32Array,
  result: Int16Array,
  latencyNs: Float64Array,
  source: Uint16Array,
  row: Uint32Array,
};
export const RECORD_SHAPE = {
  timeNs: Float64Array,
  kind: Uint16Array,
  task: Uint32Array,
  cpu: Uint16Array,
  source: Uint16Array,
  row: Uint32Array,
  opId: Uint32Array,
};

export const eventRoom = (rows: number): EventColumns => ({ rows, ...exactly(new Columns(EVENT_SHAPE, rows), rows) });

export const recordRoom = (rows: number): RecordColumns => ({
  rows,
  ...exactly(new Columns(RECORD_SHAPE, rows), rows),
});

function exactly<V>(columns: { length: number; view(): V }, rows: number): V {
  columns.length = rows;
  return columns.view();
}

// Some rows of the columns at a time, in the memory of the kernel of plain rows.
import type { MemoryRoom } from '../base/room.js';
import type { EventColumns } from '../model/events.js';

export class RowWindow {
  /** By slot of the kernel. */
  readonly arrays;
  /** First row at hand, and the first behind them. */
  from = 0;
  to = 0;
  private readonly rows: number;
  private readonly c: EventColumns;
  private readonly plain: Uint8Array;

  constructor(room: MemoryRoom, rows: number, columns: EventColumns, plain: Uint8Array) {
    this.rows = rows;
    this.c = columns;
    this.plain = plain;
    this.arrays = {
      OP: room.uint8(rows),
      PLAIN: room.uint8(rows),
      FILE: room.uint32(rows),
      TASK: room.uint32(rows),
      FLAGS: room.uint32(rows),
      OP_ID: room.uint32(rows),
      OFFSET: room.float64(rows),
      LENGTH: room.float64(rows),
      ADDR: room.float64(rows),
      TIME: room.float64(rows),
      LATENCY: room.float64(rows),
      RESULT: room.uint16(rows),
    };
  }

  /** Brings in the rows from this one on. */
  bring(row: number): void {
    const { arrays, c } = this;
    const to = Math.min(c.rows, row + this.rows);
    arrays.OP.set(c.op.subarray(row, to));
    arrays.PLAIN.set(this.plain.subarray(row, to));
    arrays.FILE.set(c.file.subarray(row, to));
    arrays.TASK.set(c.task.subarray(row, to));
    arrays.FLAGS.set(c.flags.subarray(row, to));
    arrays.OP_ID.set(c.opId.subarray(row, to));
    arrays.OFFSET.set(c.offset.subarray(row, to));
    arrays.LENGTH.set(c.length.subarray(row, to));
    arrays.ADDR.set(c.addr.subarray(row, to));
    arrays.TIME.set(c.timeNs.subarray(row, to));
    arrays.LATENCY.set(c.latencyNs.subarray(row, to));
    arrays.RESULT.set(c.result.subarray(row, to));
    this.from = row;
    this.to = to;
  }
}

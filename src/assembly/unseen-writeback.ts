// Recordings of some tasks only (perf record without -a): the kernel writes back and ends I/O in threads of its own, so that nothing
// tells where delayed blocks went, nor that unwritten ones, or those of a copy, became the file's data (fs/xfs/xfs_aops.c,
// fs/ext4/page-io.c).
import { SparseNumbers } from '../base/sparse-numbers.js';
import { Op } from '../model/events.js';
import type { Context } from './context.js';
import { Change, DELALLOC, type MapRow } from './map-log.js';

export class UnseenWriteback {
  readonly #c: Context;
  /** By file: its map is said to be unknown. */
  readonly #doubted = new SparseNumbers();

  constructor(c: Context) {
    this.#c = c;
  }

  /** A row that was told. */
  follow(row: MapRow): void {
    const { change, file } = row;
    if (change === Change.reset || change === Change.known) this.#doubted.delete(file);
    if (this.#c.sink.sourceOf(row.row).ofTasks !== true) return;
    const waits = change === Change.insert && (row.block === DELALLOC || row.unwritten);
    if (!(waits || change === Change.cowInsert) || this.#doubted.has(file)) return;
    this.#doubted.set(file, 1);
    const { events, sink } = this.#c;
    sink.issue(
      'some-tasks-only',
      row.row,
      'the recording has the events of some tasks only (perf record without -a): where the kernel writes blocks back, or turns unwritten ones into written ones, in threads of its own is not told; maps with such blocks are guesses',
    );
    events.timeNs = row.timeNs;
    events.file = file;
    events.task = row.task;
    events.opId = row.opId;
    events.row = row.row;
    events.op = Op.map_unknown;
    events.commit();
  }
}

// What the columns of a trace hold, by which a bundle chooses the narrowest type for each of them.
import { DistinctNumbers } from '../base/distinct.js';
import { ValueRange } from '../base/value-range.js';
import type { EventColumns } from '../model/events.js';
import type { Ranges, StoredParts } from '../model/parts.js';
import type { RecordColumns } from '../model/trace.js';

/** A dictionary is worth its room for so many rows. */
const ROWS_OF_CODE = 8;
/** As many as one byte and two bytes can number. */
const BYTE = 2 ** 8;
const HALF = 2 ** 16;

export class TraceRanges implements Ranges {
  timeNs = new ValueRange();
  file = new ValueRange();
  task = new ValueRange();
  id = new ValueRange();
  readonly offset = new ValueRange();
  readonly length = new ValueRange();
  readonly addr = new ValueRange();
  readonly latencyNs = new ValueRange();
  readonly row = new ValueRange();
  readonly source = new ValueRange();
  readonly #flags = new DistinctNumbers(BYTE);
  readonly #results = new DistinctNumbers(BYTE);
  readonly #lengths = new DistinctNumbers(HALF);
  recordTimeNs = new ValueRange();
  readonly recordRow = new ValueRange();
  readonly cpu = new ValueRange();

  get flags(): readonly number[] | null {
    return this.#flags.list;
  }

  /** A few that are out of proportion, such as those of look-ups to the end of the largest file, would make all of them wide. */
  get lengths(): readonly number[] | null {
    const { list } = this.#lengths;
    return list === null || list.length * ROWS_OF_CODE > this.#rows ? null : list;
  }

  get result(): readonly number[] | null {
    return this.#results.list;
  }

  #rows = 0;

  /** These rows as well: all but files and tasks, of which tables tell. */
  events(rows: number, at: Omit<EventColumns, 'rows'>): void {
    this.timeNs.floats(at.timeNs, 0, rows);
    this.offset.floats(at.offset, 0, rows);
    this.length.floats(at.length, 0, rows);
    this.addr.floats(at.addr, 0, rows);
    this.latencyNs.floats(at.latencyNs, 0, rows);
    this.id.naturals(at.opId, 0, rows);
    this.id.naturals(at.handle, 0, rows);
    this.row.naturals(at.row, 0, rows);
    this.source.halves(at.source, 0, rows);
    this.#rows += rows;
    const { flags, result, length } = at;
    for (let i = 0; i < rows; i++) {
      this.#flags.add(flags[i]!);
      this.#results.add(result[i]!);
      this.#lengths.add(length[i]!);
    }
  }

  records(rows: number, at: Omit<RecordColumns, 'rows'>): void {
    this.recordTimeNs.floats(at.timeNs, 0, rows);
    this.recordRow.naturals(at.row, 0, rows);
    this.id.naturals(at.opId, 0, rows);
    this.cpu.halves(at.cpu, 0, rows);
    this.source.halves(at.source, 0, rows);
  }
}

/** Goes through all of it once. */
export function rangesOf(parts: StoredParts): TraceRanges {
  const ranges = new TraceRanges();
  for (const batch of parts.batches()) ranges.events(batch.rows, batch);
  for (const records of parts.records()) ranges.records(records.rows, records);
  const { files, tasks } = parts.rest();
  ranges.file = ValueRange.of(-1, files.length);
  ranges.task = ValueRange.of(-1, tasks.length);
  return ranges;
}

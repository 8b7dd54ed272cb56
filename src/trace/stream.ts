// A trace that is written while it is made: events go to a sink and come out again in batches, so that its length costs no
// memory. Files and tasks are numbered as they first appear, like everywhere; the maker keeps time and numbers in order.

import { Columns } from '../base/columns.js';
import { EVENT_SHAPE, RECORD_SHAPE } from '../base/trace-shapes.js';
import type { EventColumns, FileInfo, TaskInfo } from '../model/events.js';
import type { TraceEnd, TraceParts } from '../model/parts.js';
import type { RecordColumns, SourceInfo, TraceSink } from '../model/trace.js';
import { NONE } from '../model/units.js';
import { BATCH_ROWS } from './arrow-table.js';
import { Pool, SourceSink } from './sink.js';
import { Spill } from './spill.js';

/** Adds at least so many rows if there are so many left; false when there are no more. */
export type Advance = (rows: number) => boolean;

export class TraceStream implements TraceParts {
  readonly sink: TraceSink;
  readonly files: FileInfo[] = [];
  readonly tasks: TaskInfo[] = [];
  readonly extras: ReadonlyMap<number, string> = new Map();
  readonly repeatable = false;
  readonly #pool = new Pool({
    events: new Columns(EVENT_SHAPE),
    records: new Columns(RECORD_SHAPE),
    store: new Spill(),
  });
  readonly #source: SourceInfo;
  readonly #filePlaces: number[] = [];
  readonly #taskPlaces: number[] = [];
  #advance: Advance = () => false;
  #lastId = 0;
  #lastNs = 0;

  constructor(name: string, format: string) {
    this.#source = {
      name,
      format,
      bytes: 0,
      records: 0,
      typed: 0,
      generic: 0,
      clock: '',
      kernel: '',
      lost: [],
      facts: {},
    };
    this.sink = new SourceSink(this.#pool, this.#source, 0, () => {
      throw new Error('a trace that is made has no kernel records');
    });
  }

  /** Who makes it. */
  from(advance: Advance): this {
    this.#advance = advance;
    return this;
  }

  get clock(): string {
    return this.#source.clock;
  }

  get originNs(): bigint {
    return this.#pool.origin ?? 0n;
  }

  *batches(): Iterable<EventColumns> {
    for (let more = true; more; ) {
      more = this.#advance(BATCH_ROWS);
      const { events } = this.#pool;
      const batch = { rows: events.length, ...events.view() };
      this.#settle(batch);
      yield batch;
      events.length = 0;
    }
  }

  records(): Iterable<RecordColumns> {
    const { records } = this.#pool;
    return [{ rows: records.length, ...records.view() }];
  }

  rest(): TraceEnd {
    const { records, names, issues, unpaired, deviceAccess } = this.#pool;
    return {
      recordRows: records.length,
      kinds: names.kinds,
      files: this.files,
      tasks: this.tasks,
      sources: [this.#source],
      issues,
      unplaced: Object.fromEntries(this.#pool.unplaced),
      unpaired,
      deviceAccess,
      originNs: this.originNs,
      clock: this.clock,
      endNs: this.#lastNs,
      extras: this.extras,
    };
  }

  /** Numbers files and tasks by their first appearance. What is not in order here would read back as another trace. */
  // hot
  #settle({ rows, timeNs, file, task, opId, handle }: EventColumns): void {
    let lastNs = this.#lastNs;
    let lastId = this.#lastId;
    for (let i = 0; i < rows; i++) {
      if (timeNs[i]! < lastNs)
        throw new Error(`event ${i} of a batch is at ${timeNs[i]} ns, after one at ${lastNs} ns`);
      lastNs = timeNs[i]!;
      if (opId[i]! > lastId && opId[i] !== ++lastId) throw new Error(`operation ${opId[i]} comes before ${lastId}`);
      if (handle[i]! > lastId && handle[i] !== ++lastId) throw new Error(`hold ${handle[i]} comes before ${lastId}`);
      if (file[i] !== NONE) file[i] = this.#filePlaces[file[i]!] ?? this.#newFile(file[i]!);
      if (task[i] !== NONE) task[i] = this.#taskPlaces[task[i]!] ?? this.#newTask(task[i]!);
    }
    this.#lastNs = lastNs;
    this.#lastId = lastId;
  }

  #newFile(file: number): number {
    const { files } = this.#pool.names;
    this.#filePlaces[file] = this.files.length;
    return this.files.push(files.info(files.resolve(file))) - 1;
  }

  #newTask(task: number): number {
    this.#taskPlaces[task] = this.tasks.length;
    return this.tasks.push(this.#pool.names.tasks[task]!) - 1;
  }
}

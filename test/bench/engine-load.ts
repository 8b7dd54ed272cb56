// The trace of the engine benchmarks: a thousand files, four processes, half of the events touch a block map. Seeded.
import { Random } from '../../src/base/random.js';
import { type EngineInput, taskKeysOf } from '../../src/engine/input.js';
import { type EventColumns, Flag, Op } from '../../src/model/events.js';
import { NONE, UNKNOWN, UNKNOWN_RESULT } from '../../src/model/units.js';

const BLOCK = 4096;
const FILES = 1000;
const PROCESSES = 4;
/** Blocks of a file. */
const BLOCKS = 256;
const STEP_NS = 700;
/** When the first event is, ns: times of a recording that lasts longer than 2.1 s are no small integers of V8, and neither are these. */
export const START_NS = 2 ** 32;
/** How long a pin lasts, in rows. */
const PIN_ROWS = 50;

/** `waits`: share of events followed by a pin of the same file, so that changes of it wait for a while. */
export function load(events: number, seed: number, waits = 0): EngineInput {
  const random = new Random(seed);
  const columns = emptyColumns(events);
  const pinned: { until: number; handle: number; file: number }[] = [];
  let row = 0;
  let opId = 0;
  const add = (
    op: number,
    file: number,
    from: number,
    blocks: number,
    more: Partial<Record<keyof Row, number>> = {},
  ) => {
    const i = row++;
    columns.timeNs[i] = START_NS + i * STEP_NS;
    columns.op[i] = op;
    columns.file[i] = file;
    columns.task[i] = random.below(PROCESSES);
    columns.offset[i] = from * BLOCK;
    columns.length[i] = blocks * BLOCK;
    columns.opId[i] = ++opId;
    columns.latencyNs[i] = 1000 + random.below(4000);
    for (const [name, value] of Object.entries(more)) columns[name as keyof Row][i] = value;
  };
  for (let file = 0; file < FILES; file++) {
    add(Op.file, file, 0, BLOCKS, { latencyNs: UNKNOWN });
    for (let at = 0; at < BLOCKS; at += 8) add(Op.extent, file, at, 8, { addr: (file * BLOCKS * 2 + at * 2) * BLOCK });
  }
  while (row < events) {
    const file = Math.floor(FILES * random.uniform() ** 2);
    const from = random.below(BLOCKS - 8);
    const kind = random.uniform();
    // Half: reads, faults on what is there, syncs. Half: writes, holes and allocations, which look at the map or change it.
    if (kind < 0.25) add(Op.read, file, from, 4);
    else if (kind < 0.45) add(Op.read_fault, file, from, 1);
    else if (kind < 0.5) add(Op.setattr, file, 0, 0);
    else if (kind < 0.8) add(Op.write, file, from, 1 + random.below(4));
    else if (kind < 0.9) add(Op.write_fault, file, from, 1);
    else if (kind < 0.95) add(Op.punch, file, from, 2);
    else add(Op.fallocate, file, from, 4, { flags: Flag.keep_size });
    if (waits > 0 && row + 1 < events && random.chance(waits)) {
      const handle = ++opId;
      pinned.push({ until: row + PIN_ROWS, handle, file });
      add(Op.pin, file, 0, 1, { handle });
    }
    while (pinned.length > 0 && pinned[0]!.until <= row && row < events) {
      const { handle, file: released } = pinned.shift()!;
      add(Op.unpin, released, 0, 1, { handle });
    }
  }
  const taskNames = Array.from({ length: PROCESSES }, (_, i) => `worker${i}`);
  return {
    columns,
    endNs: START_NS + events * STEP_NS,
    fileCount: FILES,
    deviceOf: new Uint32Array(FILES),
    fileNames: Array.from({ length: FILES }, (_, i) => `/f${i}`),
    inodes: Array.from({ length: FILES }, () => ''),
    pidOf: Int32Array.from({ length: PROCESSES }, (_, i) => 100 + i),
    ...{ taskNames, taskKeys: taskKeysOf(taskNames) },
  };
}

type Row = Omit<EventColumns, 'rows'>;

/** All of them written to, as those of a trace are: of a page that nobody has touched the first reader pays, and that is not the engine's. */
export function emptyColumns(rows: number): EventColumns {
  return {
    rows,
    timeNs: new Float64Array(rows),
    op: new Uint8Array(rows),
    flags: new Uint32Array(rows).fill(0),
    file: new Uint32Array(rows).fill(NONE),
    task: new Uint32Array(rows).fill(NONE),
    offset: new Float64Array(rows).fill(UNKNOWN),
    length: new Float64Array(rows).fill(UNKNOWN),
    addr: new Float64Array(rows).fill(UNKNOWN),
    handle: new Uint32Array(rows).fill(0),
    opId: new Uint32Array(rows),
    result: new Int16Array(rows).fill(UNKNOWN_RESULT),
    latencyNs: new Float64Array(rows).fill(UNKNOWN),
    source: new Uint16Array(rows),
    row: new Uint32Array(rows),
  };
}

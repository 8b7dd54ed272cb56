// A workload run: from parameters and a seed to rows, a piece at a time.
import { UserError } from '../../model/issue.js';
import type { TraceSink } from '../../model/trace.js';
import type { Bytes, Nanos } from '../../model/units.js';
import type { Recording } from './recorded-files.js';
import type { Overlay, Values, Workload } from './workload.js';
import { World } from './world.js';

export interface Synthesis {
  /** Adds at least `rows` rows, if there are so many left; false when the trace is complete. */
  readonly advance: (rows: number) => boolean;
  /** Rows so far. */
  readonly rows: () => number;
}

export interface SynthesisOptions {
  readonly values: Values;
  readonly seed: number;
  readonly events: number;
}

export function synthesize(workload: Workload, options: SynthesisOptions, sink: TraceSink): Synthesis {
  sink.source.clock = 'synthetic';
  sink.origin(0n);
  const world = new World(sink.events, options);
  workload.populate(world, options.values);
  if (world.rows >= options.events)
    throw new UserError(
      `--events is ${options.events}, and the files of ${workload.name} alone take so many; ask for more events, or for fewer files with --set`,
    );
  return running(world);
}

export interface OverlayOptions extends SynthesisOptions {
  readonly untilNs: Nanos;
  /** Nobody in the recording has these. */
  readonly firstPid: number;
  readonly firstAddr: Bytes;
}

/** The rows that a workload adds to a recording, up to its end. */
export function layOver(overlay: Overlay, recording: Recording, options: OverlayOptions, sink: TraceSink): Synthesis {
  const world = new World(sink.events, options);
  overlay.populate(world, options.values, recording);
  return running(world);
}

function running(world: World): Synthesis {
  return {
    advance(rows) {
      const until = world.rows + rows;
      while (world.rows < until) if (!world.step()) return false;
      return true;
    },
    rows: () => world.rows,
  };
}

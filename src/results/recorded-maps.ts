// Sizes and block maps of a trace's files as they were recorded, asked for in the order of time.
import { newLane } from '../engine/replay.js';
import { planSeals } from '../engine/seal-plan.js';
import { viewOf } from '../engine/view.js';
import { Holding, State } from '../extents/extent-map.js';
import type { CostModel } from '../model/costs.js';
import type { Policy } from '../model/policy.js';
import type { Trace } from '../model/trace.js';
import type { Bytes, Nanos } from '../model/units.js';
import { engineInput } from './input.js';

export interface MapPart {
  readonly offset: Bytes;
  readonly length: Bytes;
  readonly unwritten: boolean;
  readonly shared: boolean;
}

export interface RecordedMaps {
  /** Were the map changes of this file's device recorded? */
  observed(file: number): boolean;
  bytes(file: number, nowNs: Nanos): Bytes;
  /** i_size, -1 where the trace has not told it. */
  size(file: number, nowNs: Nanos): Bytes;
  /** What a range holds, as bits of `Holding`: where its map is not known, only what was seen there. */
  holding(file: number, offset: Bytes, length: Bytes, nowNs: Nanos): number;
  /** Extents with blocks in a range, cut to it. */
  parts(file: number, offset: Bytes, length: Bytes, nowNs: Nanos): readonly MapPart[];
}

/** `recorded` is the policy that repeats the trace. */
export function recordedMaps(trace: Trace, recorded: Policy, costs: CostModel): RecordedMaps {
  const input = engineInput(trace);
  const rules = { sealRule: { kind: 'explicit' }, unseal: { kind: 'never' }, onDeny: { kind: 'skip' } } as const;
  const plan = { policies: [recorded], costs, ...rules, timing: 'open', kernel: recorded } as const;
  const seals = planSeals(input, plan.sealRule);
  const lane = newLane(input, seals, recorded, plan);
  return {
    observed: (file) => seals.observed[file] === 1,
    bytes(file, nowNs) {
      lane.runTo(nowNs);
      return Math.max(0, lane.files.sizeOf(file), lane.files.mapOf(file)?.end ?? 0);
    },
    size(file, nowNs) {
      lane.runTo(nowNs);
      return lane.files.sizeOf(file);
    },
    holding(file, offset, length, nowNs) {
      lane.runTo(nowNs);
      const held = lane.files.mapOf(file)?.summary(offset, length) ?? Holding.hole;
      return lane.files.isKnown(file) ? held : held & ~Holding.hole;
    },
    parts(file, offset, length, nowNs) {
      lane.runTo(nowNs);
      const found = viewOf(lane.files.mapOf(file), offset, length).filter(({ addr }) => addr >= 0);
      return found.map((one) => {
        const from = Math.max(offset, one.offset);
        const to = Math.min(offset + length, one.offset + one.length);
        return { offset: from, length: to - from, ...stateOf(one.state) };
      });
    },
  };
}

const stateOf = (state: number): Pick<MapPart, 'unwritten' | 'shared'> => ({
  unwritten: (state & 3) === State.unwritten,
  shared: (state & State.reflinked) !== 0,
});

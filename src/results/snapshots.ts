// Block maps at chosen times: what `map` prints (schema sealtrace.map/1).
import type { MixedLane } from '../engine/lane-policies.js';
import { newLane } from '../engine/replay.js';
import { planSeals } from '../engine/seal-plan.js';
import { viewOf } from '../engine/view.js';
import { type ExtentMap, State } from '../extents/extent-map.js';
import type { CostModel } from '../model/costs.js';
import type { Policy } from '../model/policy.js';
import type { Trace } from '../model/trace.js';
import { engineInput } from './input.js';
import { sealRuleOf, unsealOf } from './rules.js';

export interface MapExtent {
  readonly offset: number;
  readonly length: number;
  readonly addr: number;
  readonly state: string;
  readonly shared?: true;
}

export interface MapFile {
  readonly device: string;
  readonly inode: string;
  readonly path: string;
  readonly uncertain: boolean;
  readonly extents: readonly MapExtent[];
}

export interface MapReport {
  readonly schema: 'sealtrace.map/1';
  readonly snapshots: readonly Snapshot[];
}

export interface Snapshot {
  readonly atNs: number;
  /** The time is not one of the trace: nothing is known of it, or the trace's end is shown. */
  readonly outside?: 'before' | 'after';
  readonly files: readonly MapFile[];
}

export interface SnapshotOptions {
  /** Times in the trace's clock, ns; none: the end. */
  readonly atNs: readonly number[];
  readonly inode?: string | undefined;
  readonly costs: CostModel;
  /** The policy the trace was recorded under. */
  readonly kernel: Policy;
  /** As given on the command line. */
  readonly sealRule: string;
  readonly unseal: string;
}

/** Files are listed once something told of their map; with `inode`, that file whatever is known of it. */
export function mapSnapshots(trace: Trace, policy: Policy | MixedLane, options: SnapshotOptions): MapReport {
  const input = engineInput(trace);
  const sealRule = sealRuleOf(options.sealRule);
  const plan = {
    policies: [policy],
    costs: options.costs,
    sealRule,
    unseal: unsealOf(options.unseal),
    // The times asked for are those of the trace.
    ...({ onDeny: { kind: 'skip' }, timing: 'open' } as const),
    kernel: options.kernel,
  };
  const lane = newLane(input, planSeals(input, sealRule), policy, plan);
  const origin = Number(trace.originNs);
  const wanted = options.atNs.length === 0 ? [origin + trace.endNs] : options.atNs;
  const taken = new Map<number, readonly MapFile[]>();
  for (const atNs of [...new Set(wanted)].sort((a, b) => a - b)) {
    lane.runTo(atNs - origin);
    const files: MapFile[] = [];
    const replaced = earlier(trace, (file) => lane.files.isSeen(file));
    trace.files.forEach((info, file) => {
      if (options.inode === undefined ? !lane.files.isSeen(file) : info.inode !== options.inode) return;
      if (replaced.has(file)) return;
      files.push({
        device: info.device,
        inode: info.inode,
        path: info.path,
        uncertain: !lane.files.isKnown(file),
        extents: extents(lane.files.mapOf(file)),
      });
    });
    taken.set(atNs, files);
  }
  return {
    schema: 'sealtrace.map/1',
    snapshots: wanted.map((atNs) => ({ atNs, ...outside(atNs - origin, trace), files: taken.get(atNs) ?? [] })),
  };
}

/** Of files that had the same inode one after the other, all but the one that has it now. */
function earlier({ files }: Trace, isSeen: (file: number) => boolean): Set<number> {
  const last = new Map<string, number>();
  const replaced = new Set<number>();
  files.forEach(({ device, inode }, file) => {
    if (inode === '') return;
    const key = `${device}/${inode}`;
    const before = last.get(key);
    if (before === undefined) last.set(key, file);
    else if (isSeen(file)) {
      replaced.add(before);
      last.set(key, file);
    } else replaced.add(file);
  });
  return replaced;
}

function outside(ns: number, { endNs }: Trace): Pick<Snapshot, 'outside'> {
  if (ns < 0) return { outside: 'before' };
  return ns > endNs ? { outside: 'after' } : {};
}

function extents(map: ExtentMap | undefined): MapExtent[] {
  return viewOf(map, 0, Number.POSITIVE_INFINITY).map((e) => ({
    offset: e.offset,
    length: e.length,
    addr: e.addr,
    state: stateName(e.state & 3),
    ...((e.state & State.reflinked) !== 0 ? { shared: true as const } : {}),
  }));
}

export const stateName = (base: number): string =>
  base === State.delalloc ? 'delalloc' : base === State.unwritten ? 'unwritten' : 'written';

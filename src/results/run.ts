// A whole replay as one result: what `replay --json` prints, what a run file keeps and what a report shows.

import type { EngineInput } from '../engine/input.js';
import type { MixedLane } from '../engine/lane-policies.js';
import { type ReplayPlan, replay } from '../engine/replay.js';
import type { LaneResult } from '../engine/result.js';
import { planSeals } from '../engine/seal-plan.js';
import type { CostModel } from '../model/costs.js';
import { STEPS } from '../model/costs.js';
import type { Policy, Settings } from '../model/policy.js';
import type { Trace } from '../model/trace.js';
import { fidelityReport } from './fidelity-report.js';
import { holdLives } from './hold-lives.js';
import { engineInput } from './input.js';
import { laneDetail } from './lane-detail.js';
import { laneReport } from './lane-report.js';
import { mapHistories } from './map-history.js';
import { accessesWithoutMaps, quality } from './quality.js';
import { crashOf, onDenyOf, sealRuleOf, type Timing, unsealOf } from './rules.js';
import { tableRows } from './table-rows.js';
import { summarize } from './trace-summary.js';
import type { Conflict, Evidence, Hazard, PriceRow, Run } from './types.js';

/** Tables the kernel itself follows. */
export interface KernelPolicies {
  readonly pagecache: Policy;
  readonly dax: Policy;
}

export interface RunOptions {
  readonly traceName: string;
  readonly version: string;
  /** The command that repeats this, without paths of the machine. */
  readonly command: string;
  /** One lane each; a mixed one chooses a policy for each file. */
  readonly policies: readonly (Policy | MixedLane)[];
  /** The lane that repeats the trace; it is run for its fidelity even when nobody asked for it. */
  readonly recorded: Policy;
  readonly kernel: KernelPolicies;
  readonly costs: CostModel;
  readonly sealRule: string;
  readonly unseal: string;
  readonly onDeny: string;
  readonly timing: Timing;
  readonly seed: number;
  /** As given on the command line; undefined for none. */
  readonly crashAt?: string | undefined;
  readonly settings: Settings;
  readonly damaged: boolean;
  /** The trace without what was laid over it: only that can be held against what a kernel said. */
  readonly recording?: Trace;
}

export const makeRun = (trace: Trace, options: RunOptions): Run => replayRun(trace, options).run;

/** A run, and the lanes behind it: what is too much for a run file (every operation under every policy) is in them. */
export function replayRun(trace: Trace, options: RunOptions): Replayed {
  const { input, plan, finish } = beginRun(trace, options);
  return finish(replay(input, plan));
}

export interface Replayed {
  readonly run: Run;
  readonly lanes: readonly LaneResult[];
}

/** What has to be replayed for a run, and the run that the lanes give: who wants to may replay them somewhere else. */
export function beginRun(
  trace: Trace,
  options: RunOptions,
): {
  readonly input: EngineInput;
  readonly plan: ReplayPlan;
  readonly finish: (lanes: readonly LaneResult[]) => Replayed;
} {
  const input = engineInput(trace);
  const kernel = kernelOf(trace, options.kernel);
  const crash =
    options.crashAt === undefined ? { atNs: [], cut: false } : crashOf(options.crashAt, trace, options.seed);
  const asked = options.policies.some((one) => 'recorded' in one && one.recorded === true);
  const plan: ReplayPlan = {
    policies: asked ? options.policies : [...options.policies, options.recorded],
    costs: options.costs,
    sealRule: sealRuleOf(options.sealRule),
    unseal: unsealOf(options.unseal),
    onDeny: onDenyOf(options.onDeny),
    timing: options.timing,
    crashAtNs: crash.atNs,
    cut: crash.cut,
    kernel,
  };
  return { input, plan, finish: (lanes) => finishRun(trace, options, { input, plan }, lanes) };
}

function finishRun(
  trace: Trace,
  options: RunOptions,
  { input, plan }: { readonly input: EngineInput; readonly plan: ReplayPlan },
  all: readonly LaneResult[],
): Replayed {
  const asked = plan.policies === options.policies;
  const recorded = all.find((lane) => lane.policy.recorded)!;
  const lanes = asked ? all : all.filter((lane) => lane !== recorded);
  const policies = new Map(lanes.flatMap(({ policy }) => policy.named.map((one) => [one.name, one] as const)));
  const summary = summarize(trace, options.traceName);
  const { recording } = options;
  const [alone] =
    recording === undefined ? [recorded] : replay(engineInput(recording), { ...plan, policies: [options.recorded] });
  const fidelity = fidelityReport(recording ?? trace, alone!.fidelity!);
  const reports = lanes.map((lane) => laneReport(trace, lane, options.costs.name));
  const details = lanes.map((lane) => laneDetail(trace, lane, lanes, options.costs));
  const clashes = new Set(details.flatMap((d) => [...d.conflicts, ...d.hazards, ...d.seals].map(({ file }) => file)));
  const run: Run = {
    schema: 'sealtrace.run/1',
    version: options.version,
    command: options.command,
    report: {
      schema: 'sealtrace.replay/1',
      trace: summary,
      settings: settingsOf(options),
      quality: quality(summary, fidelity, reports, lanes, options.damaged, accessesWithoutMaps(trace)),
      fidelity,
      lanes: reports,
    },
    details,
    ...holdLives(trace, planSeals(input, plan.sealRule), clashes),
    maps: mapHistories(trace, all, options.recorded, plan),
    tables: [...policies.values()].flatMap(tableRows),
    prices: priceRows(options.costs),
    cites: Object.fromEntries([...policies.values()].map(({ name, cites }) => [name, cites])),
  };
  return { run, lanes };
}

/** The policy a trace was recorded under. Were DAX faults recorded? Then the kernel's DAX rules applied. */
export function kernelOf(trace: Trace, { dax, pagecache }: KernelPolicies): Policy {
  return trace.kinds.some((kind) => kind.typed && kind.name.startsWith('dax_')) ? dax : pagecache;
}

function settingsOf(o: RunOptions): Record<string, string> {
  return {
    'seal-rule': o.sealRule,
    unseal: o.unseal,
    'on-deny': o.onDeny,
    timing: o.timing,
    costs: o.costs.name,
    seed: String(o.seed),
    ...(o.crashAt === undefined ? {} : { 'crash-at': o.crashAt }),
    ...o.settings,
  };
}

function priceRows(costs: CostModel): PriceRow[] {
  return STEPS.map((step) => ({ step, ...costs.prices[step] }));
}

type WithEvidence = Conflict | Hazard;

/** Which lines of which sources the cards of a run want to show. */
export function wantedEvidence(run: Run): Map<string, Set<number>> {
  const wanted = new Map<string, Set<number>>();
  for (const detail of run.details)
    for (const item of [...detail.conflicts, ...detail.hazards])
      for (const { source, row } of item.evidence) {
        const rows = wanted.get(source) ?? new Set<number>();
        rows.add(row);
        wanted.set(source, rows);
      }
  return wanted;
}

/** The run with the raw lines filled in where `lookUp` has them. */
export function fillEvidence(run: Run, lookUp: (source: string, row: number) => string | undefined): Run {
  const filled = <T extends WithEvidence>(item: T): T => ({
    ...item,
    evidence: item.evidence.map((e: Evidence) => ({ ...e, text: lookUp(e.source, e.row) ?? e.text })),
  });
  return {
    ...run,
    details: run.details.map((d) => ({ ...d, conflicts: d.conflicts.map(filled), hazards: d.hazards.map(filled) })),
  };
}

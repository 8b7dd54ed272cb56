// The options of a replay, checked before the trace is read, and the run they give.
import { suggestion } from '../base/nearest.js';
import type { MixedLane } from '../engine/lane-policies.js';
import { GUESSED, UserError } from '../model/issue.js';
import type { Policy, PolicyEntry, Settings } from '../model/policy.js';
import type { Trace } from '../model/trace.js';
import * as policyRegistry from '../policies/index.js';
import { validateSettings } from '../policies/switches.js';
import { mixedLaneOf } from '../results/mixed-lane.js';
import { onDenyOf, sealRuleOf, TIMINGS, type Timing, unsealOf } from '../results/rules.js';
import { beginRun, type KernelPolicies, type Replayed } from '../results/run.js';
import type { Run } from '../results/types.js';
import type { Context } from './command.js';
import { type CostChoice, costsGiven } from './costs.js';
import { replayOn } from './lane-threads.js';
import { traceName } from './load.js';
import { type Args, listed, threadsOf } from './options.js';
import { type OverlayPlan, overlayOf, withOverlays } from './overlay.js';

export const policyEntries: readonly PolicyEntry[] = Object.values(policyRegistry);

export interface Plan {
  readonly policies: readonly (Policy | MixedLane)[];
  /** As given. */
  readonly lanes: readonly string[];
  readonly costs: CostChoice;
  readonly sealRule: string;
  readonly unseal: string;
  readonly onDeny: string;
  readonly timing: Timing;
  readonly threads: number;
  readonly seed: number;
  readonly crashAt: string | undefined;
  readonly settings: Settings;
  /** Switches that were given. */
  readonly given: readonly string[];
  readonly overlays: readonly OverlayPlan[];
}

/** `policies`: names, of lanes as well, `usual` or `all`. Every lane that is given is replayed, named or not. */
export function planReplay(args: Args, policies: readonly string[]): Plan {
  const sealRule = args.text('seal-rule');
  const unseal = args.text('unseal');
  sealRuleOf(sealRule);
  unsealOf(unseal);
  onDenyOf(args.text('on-deny'));
  const given = args.list('set');
  const settings = validateSettings(pairs(given, 'era=2017 (sealtrace list policies)'));
  const lanes = args.list('lane');
  return {
    policies: choosePolicies(policies, settings, mixedLanes(lanes, settings)),
    lanes,
    costs: costsGiven(args.text('costs')),
    sealRule,
    unseal,
    onDeny: args.text('on-deny'),
    timing: args.one('timing', TIMINGS),
    threads: threadsOf(args),
    seed: args.whole('seed') ?? 1,
    crashAt: args.given('crash-at'),
    settings,
    given,
    overlays: args.list('overlay').map(overlayOf),
  };
}

/** The trace with what the plan lays over it; it is the recording itself where that is nothing. */
export function overlaid(trace: Trace, { overlays, settings, costs, seed }: Plan): Trace {
  return withOverlays(trace, overlays, {
    recorded: policyRegistry.recorded.build(settings),
    costs: costs.of(trace),
    seed,
  });
}

/** `command`: the words before the options. */
export const runPlan = async (
  context: Context,
  trace: Trace,
  plan: Plan,
  command: readonly string[],
  damaged: boolean,
): Promise<Run> => (await replayPlan(context, trace, plan, command, damaged)).run;

/** The same with the lanes behind it, and the trace they replayed. */
export async function replayPlan(
  context: Context,
  trace: Trace,
  plan: Plan,
  command: readonly string[],
  damaged: boolean,
): Promise<Replayed & { readonly trace: Trace }> {
  const replayed = overlaid(trace, plan);
  for (const { code, source, text } of replayed.issues.slice(trace.issues.length))
    if (code.startsWith(GUESSED) && !context.quiet) context.io.err(`sealtrace: ${source}: ${text}\n`);
  const begun = beginRun(replayed, {
    traceName: traceName(trace),
    version: context.version,
    command: commandText(command, plan),
    policies: plan.policies,
    recorded: policyRegistry.recorded.build(plan.settings),
    kernel: kernelPolicies(plan.settings),
    costs: plan.costs.of(trace),
    sealRule: plan.sealRule,
    unseal: plan.unseal,
    onDeny: plan.onDeny,
    timing: plan.timing,
    seed: plan.seed,
    crashAt: plan.crashAt,
    settings: plan.settings,
    damaged,
    ...(plan.overlays.length > 0 ? { recording: trace } : {}),
  });
  const lanes = await replayOn(plan.threads, begun.input, begun.plan);
  return { ...begun.finish(lanes), trace: replayed };
}

export const kernelPolicies = (settings: Settings): KernelPolicies => ({
  pagecache: policyRegistry.pagecache.build(settings),
  dax: policyRegistry.dax.build(settings),
});

export const namesOf = (text: string): readonly string[] => text.split(',').map((name) => name.trim());

/** Everything is said, in one order, whatever was a default: the command gives the same again in any environment. */
function commandText(words: readonly string[], plan: Plan): string {
  const options = [
    ['--seal-rule', plan.sealRule],
    ['--unseal', plan.unseal],
    ['--on-deny', plan.onDeny],
    ['--timing', plan.timing],
    ['--costs', plan.costs.given],
    ['--seed', String(plan.seed)],
    ...(plan.crashAt === undefined ? [] : [['--crash-at', plan.crashAt]]),
    ...plan.lanes.map((lane) => ['--lane', lane]),
    ...[...plan.given].sort().map((pair) => ['--set', pair]),
    ...plan.overlays.map(({ text }) => ['--overlay', text]),
  ];
  return ['sealtrace', ...words, ...options.flat()].map(quoted).join(' ');
}

/** A word as a POSIX shell takes it. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** Names that stand for several policies. */
const GROUPS: Readonly<Record<string, (entry: PolicyEntry) => boolean>> = {
  usual: ({ usual }) => usual === true,
  all: () => true,
};

function choosePolicies(
  names: readonly string[],
  settings: Settings,
  lanes: readonly MixedLane[],
): readonly (Policy | MixedLane)[] {
  const group = names.length === 1 && Object.hasOwn(GROUPS, names[0]!) ? GROUPS[names[0]!]! : null;
  const wanted = group === null ? names : policyEntries.filter(group).map(({ name }) => name);
  const twice = wanted.find((name, i) => wanted.indexOf(name) < i);
  if (twice !== undefined) throw new UserError(`policy "${twice}" is named twice; name it once`);
  const others = lanes.map(({ name }) => name);
  const chosen = wanted.map((name) => lanes.find((lane) => lane.name === name) ?? policyNamed(name, settings, others));
  return [...chosen, ...lanes.filter((lane) => !chosen.includes(lane))];
}

function policyNamed(name: string, settings: Settings, lanes: readonly string[] = []): Policy {
  const found = policyEntries.find((entry) => entry.name === name);
  if (found !== undefined) return found.build(settings);
  const names = [...policyEntries.map((entry) => entry.name), ...lanes];
  throw new UserError(
    `unknown policy "${name}"${suggestion(name, names)}; expected ${listed([...names, ...Object.keys(GROUPS)])}`,
  );
}

function mixedLanes(texts: readonly string[], settings: Settings): readonly MixedLane[] {
  const lanes = texts.map((text) => mixedLaneOf(text, (name) => policyNamed(name, settings)));
  const taken = [...policyEntries.map(({ name }) => name), ...Object.keys(GROUPS)];
  for (const { name } of lanes) {
    if (taken.includes(name))
      throw new UserError(`--lane ${name}=...: "${name}" is a policy or another lane; choose another name`);
    taken.push(name);
  }
  return lanes;
}

/** KEY=VALUE words as an object; `example` says what such a word may be. */
export function pairs(given: readonly string[], example: string, option = '--set'): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const pair of given) {
    const at = pair.indexOf('=');
    if (at < 1) throw new UserError(`${option} "${pair}"; expected KEY=VALUE, such as ${example}`);
    const key = pair.slice(0, at);
    if (Object.hasOwn(settings, key)) throw new UserError(`${option} ${key} was given more than once; give it once`);
    settings[key] = pair.slice(at + 1);
  }
  return settings;
}

// `sealtrace model`: fits a workload to a recording, and says how near what it makes comes.
import { closeness } from '../fitting/closeness.js';
import { fitWorkload } from '../fitting/fit.js';
import { observe } from '../fitting/observations.js';
import type { Trace } from '../model/trace.js';
import * as policies from '../policies/index.js';
import { agrees, together, type VerdictShares, verdictShares } from '../results/verdict-shares.js';
import { TraceBuilder } from '../trace/builder.js';
import type { WorkloadModel } from '../workloads/modelled/model.js';
import { modelledWorkload } from '../workloads/modelled/modelled.js';
import { synthesize } from '../workloads/parts/synthesize.js';
import type { Command, Context } from './command.js';
import { load, shortName, statusOf } from './load.js';
import { type Answer, closenessText, distributionsOf, type PolicyPair } from './model-text.js';
import { REPLAY } from './options.js';
import { checkOutput, writeOutput } from './output.js';
import { namesOf, type Plan, planReplay, replayPlan } from './replaying.js';
import { MOST_EVENTS } from './synth.js';
import { toJson } from './text.js';
import { mapsOf } from './workload-file.js';

/** What lays something over a recording or cuts it has no place in a comparison. */
const { overlay: _overlay, lane: _lane, 'crash-at': _crash, ...DECIDING } = REPLAY;

const MOST_MAKINGS = 5;
const LEAST_MAKINGS = 2;
const ROWS_OF_ALL = 1_000_000;

export const model: Command = {
  name: 'model',
  summary: 'a workload like a recording, to make more of it; without its paths, commands and inodes',
  operands: ['TRACE...'],
  options: {
    out: { kind: 'text', short: 'o', text: 'workload file X.json to write, for sealtrace synth; - is stdout' },
    policy: { kind: 'text', text: 'policies whose verdicts are compared (A,B,...), usual or all', fallback: 'usual' },
    ...DECIDING,
  },
  examples: [
    ['sealtrace model run.txt.gz -o workload.json', 'then sealtrace synth workload.json --scale 10 -o more.sealtrace'],
    ['sealtrace model run.sealtrace --json', 'how near it comes, for scripts'],
  ],
  async run(context) {
    const { args, io, json, operands, quiet } = context;
    const out = args.given('out');
    if (out !== undefined) checkOutput(out);
    const plan = planReplay(args, namesOf(args.text('policy')));
    const { trace, damaged } = await load(context, operands);
    const costs = plan.costs.of(trace);
    const maps = mapsOf(trace, policies.recorded.build(plan.settings), costs);
    const fitted = fitWorkload(trace, maps);
    if (out !== undefined) await writeOutput(io, out, [`${JSON.stringify(fitted)}\n`]);
    if (out !== undefined && out !== '-' && !quiet) io.err(`sealtrace: wrote ${out}\n`);
    if (out === '-') return statusOf(context, damaged, true);
    const made = makeOnce(fitted, plan.seed);
    const others = Array.from({ length: makings(made) - 1 }, (_, i) => makeOnce(fitted, plan.seed + 1 + i));
    const near = closeness(
      observe(trace, maps),
      observe(made, mapsOf(made, policies.recorded.build(plan.settings), costs)),
    );
    const pairs = await policyPairs(context, trace, [made, ...others], plan);
    const answer = { fitted, near, pairs, out };
    await io.out(json ? toJson(jsonOf(answer)) : closenessText(answer, context.style));
    return statusOf(context, damaged, true);
  },
};

export function makeOnce(fitted: WorkloadModel, seed: number): Trace {
  const builder = new TraceBuilder(() => {
    throw new Error('a workload has no kernel records');
  });
  const sink = builder.startSource('model', 'synth', 0);
  const workload = modelledWorkload('model', fitted, { copies: 1, repeats: false });
  const synthesis = synthesize(workload, { values: {}, seed, events: MOST_EVENTS }, sink);
  while (synthesis.advance(100_000));
  return builder.finish();
}

/** How often it is made, with one seed after another: chance may decide early for all that comes. Fewer times where it takes long. */
const makings = ({ columns }: Trace): number =>
  Math.max(LEAST_MAKINGS, Math.min(MOST_MAKINGS, Math.floor(ROWS_OF_ALL / Math.max(1, columns.rows))));

async function policyPairs(context: Context, trace: Trace, made: readonly Trace[], plan: Plan): Promise<PolicyPair[]> {
  const shares = async (one: Trace): Promise<VerdictShares[]> => {
    const { lanes } = await replayPlan(context, one, plan, [], false);
    return lanes.map((lane) => verdictShares(lane, plan.seed));
  };
  const others: VerdictShares[][] = [];
  for (const one of made) others.push(await shares(one));
  const ours = await shares(trace);
  return ours.map((recorded, i) => {
    const other = together(others.map((lanes) => lanes[i]!));
    const verdicts = Object.keys(recorded.shares);
    const same = (verdict: string): boolean => agrees(recorded.shares[verdict]!, other.shares[verdict]!);
    return {
      policy: recorded.policy,
      recorded,
      made: other,
      agree: verdicts.filter(same),
      differ: verdicts.filter((verdict) => !same(verdict)),
    };
  });
}

function jsonOf({ fitted, near, pairs, out }: Answer): object {
  const { spanNs, events, kinds, roles, processes, leftOut } = fitted;
  return {
    schema: 'sealtrace.model/1',
    ...(out === undefined ? {} : { output: shortName(out) }),
    workload: {
      schema: fitted.schema,
      spanNs,
      events,
      kinds: kinds.length,
      files: kinds.reduce((sum, { members }) => sum + members.reduce((n, { count }) => n + count, 0), 0),
      roles: roles.length,
      processes: processes.reduce((sum, { count }) => sum + count, 0),
      steps: roles.reduce((sum, { chain }) => sum + chain.length, 0),
      distributions: distributionsOf(fitted),
      leftOut,
    },
    operations: near.counts,
    distances: near.distances,
    policies: pairs.map(({ policy, recorded, made, agree, differ }) => ({
      policy,
      operations: { recorded: recorded.operations, made: made.operations },
      recorded: recorded.shares,
      made: made.shares,
      agree,
      differ,
    })),
  };
}

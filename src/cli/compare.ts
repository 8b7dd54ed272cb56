// `sealtrace compare`: two policies head to head on the same operations, or the same policies in two runs.
import { UserError } from '../model/issue.js';
import { formatCount, plural } from '../report/format.js';
import { buildComparison, buildReport, type Report, renderers } from '../report/index.js';
import type { LaneReport, Run } from '../results/types.js';
import type { Command, Context } from './command.js';
import { deniedText, laneTable, qualityText } from './lane-table.js';
import { load, shortName, statusOf } from './load.js';
import { listed, REPLAY } from './options.js';
import { checkOutput, writeOutput } from './output.js';
import { planReplay, runPlan } from './replaying.js';
import { readRun, withEvidence } from './run-file.js';
import { heading, table } from './table.js';
import { plain, toJson } from './text.js';

export const compare: Command = {
  name: 'compare',
  summary: 'two policies head to head on the same operations, with a verdict; or the lanes of two runs',
  operands: ['TRACE|RUN', 'POLICY|RUN', 'POLICY'],
  optional: 1,
  options: {
    out: { kind: 'text', short: 'o', text: 'report R.html to write; - is stdout' },
    ...REPLAY,
  },
  examples: [
    ['sealtrace compare run.txt.gz mapdirect ondisk', 'as a table with a verdict'],
    ['sealtrace compare run.txt.gz mapdirect ondisk -o pair.html', 'as a report'],
    ['sealtrace compare before.sealrun after.sealrun', 'the lanes that both runs have'],
    ['sealtrace compare before.sealrun after.sealrun -o diff.html', 'what is new, gone or changed, as a report'],
  ],
  async run(context) {
    const [first, second, third] = context.operands as [string, string, string?];
    const out = context.args.given('out');
    if (third === undefined) return compareRuns(context, first, second, out);
    if (second === third) throw new UserError(`compare needs two different policies, found "${second}" twice`);
    if (out !== undefined) checkOutput(out);
    const { run, damaged } = await runOf(context, first, [second, third]);
    const pair = [laneOf(run, second), laneOf(run, third)] as const;
    if (out !== undefined) await writeReport(context, buildReport(run), run, out);
    if (out !== '-') await answer(context, run, pair, out !== undefined);
    return statusOf(context, damaged, run.report.quality.safe);
  },
};

async function writeReport({ io, quiet }: Context, report: Report, run: Run, out: string): Promise<void> {
  await writeOutput(io, out, [renderers.html.render(report, run)]);
  if (out !== '-' && !quiet) io.err(`sealtrace: wrote ${out}\n`);
}

type Pair = readonly [LaneReport, LaneReport];

async function answer({ io, json, style }: Context, run: Run, pair: Pair, written: boolean): Promise<void> {
  const { trace, settings, quality, fidelity } = run.report;
  const verdict = plain(sentence(pair));
  if (json) {
    const policies = pair.map(({ policy }) => policy);
    const { lanes } = run.report;
    await io.out(
      toJson({ schema: 'sealtrace.compare/1', policies, verdict, trace, settings, quality, fidelity, lanes }),
    );
  } else if (!written) {
    const text = `${style.bold(verdict)}\n\n${laneTable(run.report.lanes, style)}\n${qualityText(run, style)}`;
    await io.out(plain(text));
  }
}

async function runOf(
  context: Context,
  path: string,
  names: readonly string[],
): Promise<{ run: Run; damaged: boolean }> {
  const kept = await readRun(path);
  if (kept !== null) return { run: onlyLanes(kept, [...names, 'recorded']), damaged: false };
  const plan = planReplay(context.args, [...new Set([...names, 'recorded'])]);
  const { trace, damaged } = await load(context, [path]);
  const run = await runPlan(context, trace, plan, ['compare', shortName(path), ...names], damaged);
  return { run: await withEvidence(run, trace, [path]), damaged };
}

function onlyLanes(run: Run, names: readonly string[]): Run {
  const has = ({ policy }: { readonly policy: string }): boolean => names.includes(policy);
  const lanes = run.report.lanes.filter(has);
  const shown = new Set(lanes.flatMap(({ policy, rules }) => rules?.map((rule) => rule.policy) ?? [policy]));
  return {
    ...run,
    report: { ...run.report, lanes },
    details: run.details.filter(has),
    tables: run.tables.filter(({ policy }) => shown.has(policy)),
  };
}

function laneOf({ report }: Run, policy: string): LaneReport {
  const found = report.lanes.find((lane) => lane.policy === policy);
  if (found !== undefined) return found;
  const names = report.lanes.map((lane) => lane.policy).filter((name) => name !== 'recorded');
  throw new UserError(`the run holds no lane of policy "${policy}"; it holds ${listed(names) || 'none'}`);
}

/** Who is the gentler one, and at what risk. */
function sentence([a, b]: Pair): string {
  const harm = (lane: LaneReport): string => {
    const parts = [`refuses ${formatCount(lane.verdicts.deny)}`, `delays ${formatCount(delayed(lane))}`];
    return `${lane.policy} ${parts.join(' and ')} of ${plural(lane.operations, 'operation')}`;
  };
  const risk = (lane: LaneReport): string =>
    lane.hazards.count === 0
      ? `${lane.policy} lets no device touch stale blocks`
      : `${lane.policy} lets devices touch stale blocks ${plural(lane.hazards.count, 'time')}`;
  const same = a.verdicts.deny === b.verdicts.deny && delayed(a) === delayed(b) && a.hazards.count === b.hazards.count;
  const lead = same ? 'No difference in refusals, delays or stale accesses: ' : '';
  return `${lead}${harm(a)}, ${harm(b)}; ${risk(a)}, ${risk(b)}.`;
}

const delayed = ({ verdicts }: LaneReport): number => verdicts.wait + verdicts.recall;

async function compareRuns(context: Context, first: string, second: string, out: string | undefined): Promise<number> {
  const { io, json, style } = context;
  const [a, b] = [await readRun(first), await readRun(second).catch(() => null)];
  if (a === null || b === null) throw new UserError(twoNeeded(first, second, a !== null));
  if (out !== undefined) {
    checkOutput(out);
    await writeReport(context, buildComparison(a, b), b, out);
  }
  const lanes = a.report.lanes.flatMap((before) => {
    const after = b.report.lanes.find(({ policy }) => policy === before.policy);
    return after === undefined ? [] : [{ policy: before.policy, before, after }];
  });
  if (out === '-') return statusOf(context, false, a.report.quality.safe && b.report.quality.safe);
  if (json) await io.out(toJson({ schema: 'sealtrace.compare-runs/1', runs: [a.command, b.command], lanes }));
  else if (out === undefined)
    await io.out(
      plain(`${style.bold(`${shortName(first)} against ${shortName(second)}`)}\n${runTable(lanes, context)}`),
    );
  return statusOf(context, false, a.report.quality.safe && b.report.quality.safe);
}

const twoNeeded = (first: string, second: string, firstIsRun: boolean): string =>
  firstIsRun
    ? `compare RUN RUN: "${second}" is no run file; or name two policies: sealtrace compare ${first} POLICY POLICY`
    : `compare needs a trace and two policies, or two run files: sealtrace compare ${first} ${second} POLICY`;

type Both = { readonly policy: string; readonly before: LaneReport; readonly after: LaneReport };

function runTable(lanes: readonly Both[], { style }: Context): string {
  const change = (before: number, after: number): string =>
    before === after ? formatCount(before) : `${formatCount(before)} -> ${formatCount(after)}`;
  const rows = lanes.map(({ policy, before, after }) => [
    policy,
    change(before.verdicts.deny, after.verdicts.deny),
    change(delayed(before), delayed(after)),
    change(before.hazards.count, after.hazards.count),
    change(before.seals.aliveAtEnd, after.seals.aliveAtEnd),
    deniedText(after.denied),
  ]);
  const columns = ['refused', 'delayed', 'hazards', 'seals left'].map((title) => ({ title, align: 'right' as const }));
  if (rows.length === 0) return heading('They have no policy in common', style);
  return table([{ title: 'policy' }, ...columns, { title: 'refused with' }], rows, style);
}

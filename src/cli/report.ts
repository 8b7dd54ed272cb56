// `sealtrace report`: a run, or a trace replayed with the defaults, as a page for people.
import { UserError } from '../model/issue.js';
import { buildReport, type Renderer, renderers } from '../report/index.js';
import type { Run } from '../results/types.js';
import type { Command, Context } from './command.js';
import { load, shortName, statusOf } from './load.js';
import { listed, REPLAY } from './options.js';
import { checkOutput, writeOutput } from './output.js';
import { namesOf, planReplay, runPlan } from './replaying.js';
import { readRun, withEvidence } from './run-file.js';
import { suggestion, toJson } from './text.js';

const known: readonly Renderer[] = Object.values(renderers);
const PLANNED = ['md', 'perfetto', 'csv'];

export const report: Command = {
  name: 'report',
  summary: 'a report from a run file, or from a trace, which is replayed first',
  operands: ['RUN|TRACE'],
  options: {
    out: { kind: 'text', short: 'o', text: 'file to write; - is stdout (by default TRACE.html in this folder)' },
    to: { kind: 'text', text: `kind of report: ${listed(known.map(({ name }) => name))}`, fallback: 'html' },
    policy: { kind: 'text', text: 'policies (A,B,...), usual or all; for a trace', fallback: 'usual' },
    ...REPLAY,
  },
  examples: [
    ['sealtrace report run.txt.gz -o run.html', 'replay under every policy and show it'],
    ['sealtrace report run.sealrun -o run.html', 'from a replay that was kept'],
  ],
  async run(context) {
    const { args, io, json, operands } = context;
    const renderer = rendererOf(args.text('to'));
    const given = args.given('out');
    if (given !== undefined) checkOutput(given);
    const { run, damaged } = await runOf(context, operands[0]!);
    const out = given ?? `${fileName(run.report.trace.name)}.${renderer.extension}`;
    checkOutput(out);
    await writeReport(context, run, renderer, out);
    if (json && out !== '-') await io.out(toJson(run.report));
    return statusOf(context, damaged, run.report.quality.safe);
  },
};

export function rendererOf(name: string): Renderer {
  const found = known.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = known.map((one) => one.name);
  if (PLANNED.includes(name)) throw new UserError(`--to ${name} is not available yet; use ${listed(names)}`);
  throw new UserError(`--to is "${name}"; expected ${listed(names)}${suggestion(name, names)}`);
}

export async function writeReport({ io, quiet }: Context, run: Run, renderer: Renderer, out: string): Promise<void> {
  await writeOutput(io, out, [renderer.render(buildReport(run), run)]);
  if (out !== '-' && !quiet) io.err(`sealtrace: wrote ${out}\n`);
}

async function runOf(context: Context, path: string): Promise<{ run: Run; damaged: boolean }> {
  const kept = await readRun(path);
  if (kept !== null) return { run: kept, damaged: false };
  const { args } = context;
  const policy = namesOf(args.text('policy')).join(',');
  const plan = planReplay(args, namesOf(policy));
  const { trace, damaged } = await load(context, [path]);
  const words = ['report', shortName(path), '--policy', policy];
  const run = runPlan(context, trace, plan, words, damaged);
  return { run: await withEvidence(run, trace, [path]), damaged };
}

/** `xfs-kill.report.txt.gz` gives `xfs-kill.report`: a plain name for this folder, whatever a trace calls itself. */
function fileName(trace: string): string {
  const stem = trace.replace(/(\.(gz|zst|xz|txt|ndjson|sealtrace))+$/i, '');
  const safe = stem.replace(/[^\w.-]+/g, '-').replace(/^[.-]+/, '');
  return safe === '' ? 'report' : safe;
}

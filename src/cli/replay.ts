// `sealtrace replay`: what each policy would have done with a recording.
import { plural } from '../report/format.js';
import type { Run } from '../results/types.js';
import type { Command, Context } from './command.js';
import { laneTable, qualityText } from './lane-table.js';
import { load, shortName, statusOf } from './load.js';
import { REPLAY } from './options.js';
import { checkOutput, writeOutput } from './output.js';
import { namesOf, planReplay, runPlan } from './replaying.js';
import { runText, withEvidence } from './run-file.js';
import { heading } from './table.js';
import { plain, toJson } from './text.js';

export const replay: Command = {
  name: 'replay',
  summary: 'what each policy would have refused, delayed or let happen',
  operands: ['TRACE'],
  options: {
    policy: { kind: 'text', text: 'policies (A,B,...), usual or all', fallback: 'all' },
    out: { kind: 'text', short: 'o', text: 'run file X.sealrun to write; - is stdout' },
    ...REPLAY,
  },
  examples: [
    ['sealtrace replay run.sealtrace --policy ondisk,mapdirect', 'two policies, as a table'],
    ["sealtrace replay run.txt.gz --policy dax --lane prod='*.db=ondisk,*=dax'", 'a policy for each file'],
    ['sealtrace replay run.txt.gz --policy all -o run.sealrun', 'keep the result for reports and gates'],
    ['sealtrace replay run.txt.gz --policy dax --set era=2017 --json', 'for scripts'],
  ],
  async run(context) {
    const { args, io, json, operands, quiet } = context;
    const out = args.given('out');
    const policy = namesOf(args.text('policy')).join(',');
    const plan = planReplay(args, namesOf(policy));
    if (out !== undefined) checkOutput(out);
    const { trace, damaged } = await load(context, operands);
    const words = ['replay', shortName(operands[0]!), '--policy', policy];
    const run = await runPlan(context, trace, plan, words, damaged);
    if (out !== undefined) await writeOutput(io, out, [runText(await withEvidence(run, trace, operands))]);
    if (out !== undefined && out !== '-' && !quiet) io.err(`sealtrace: wrote ${out}\n`);
    if (json && out !== '-') await io.out(toJson(run.report));
    else if (out !== '-') await io.out(human(run, context));
    return statusOf(context, damaged, run.report.quality.safe);
  },
};

function human(run: Run, { style }: Context): string {
  const { trace, lanes } = run.report;
  const title = `${trace.name}: ${plural(trace.operations.total, 'operation')} on ${plural(trace.files, 'file')}`;
  return plain(`${heading(title, style).trimStart()}${laneTable(lanes, style)}\n${qualityText(run, style)}`);
}

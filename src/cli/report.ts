// `sealtrace report`: a run, or a trace replayed with the defaults, as a page for people or as tables for other tools.
import { suggestion } from '../base/nearest.js';
import { UserError } from '../model/issue.js';
import { folderRenderers, renderers } from '../report/index.js';
import { type DataTable, runTables } from '../results/tables.js';
import { traceTables } from '../results/trace-tables.js';
import type { Run } from '../results/types.js';
import type { Command, Context } from './command.js';
import { explain } from './errors.js';
import { arrowForm, type Form, fileForm, folderForm } from './forms.js';
import { load, shortName, statusOf } from './load.js';
import { openFile } from './opener.js';
import { listed, REPLAY } from './options.js';
import { namesOf, planReplay, replayPlan } from './replaying.js';
import { readRun, withEvidence } from './run-file.js';
import { clean, toJson } from './text.js';
import { changed, stateOf } from './watch.js';

const forms: readonly Form[] = [
  ...Object.values(renderers).map(fileForm),
  ...Object.values(folderRenderers).map(folderForm),
  arrowForm,
];

export const report: Command = {
  name: 'report',
  summary: 'a report from a run file, or from a trace, which is replayed first',
  operands: ['RUN|TRACE'],
  options: {
    out: {
      kind: 'text',
      short: 'o',
      text: 'file or folder to write; - is stdout (by default TRACE.html in this folder)',
    },
    to: { kind: 'text', text: `kind of report: ${listed(forms.map(({ name }) => name))}`, fallback: 'html' },
    open: { kind: 'flag', text: 'show what was written, with $BROWSER or what the desktop uses' },
    watch: {
      kind: 'flag',
      text: 'write it again whenever the run or trace has changed, until Ctrl-C; the page asks nobody, so reload it',
    },
    policy: { kind: 'text', text: 'policies (A,B,...), usual or all; for a trace', fallback: 'usual' },
    ...REPLAY,
  },
  examples: [
    ['sealtrace report run.txt.gz -o run.html --open', 'replay under the usual policies and show it'],
    ['sealtrace report run.dat -o run.html --open --watch', 'again whenever run.dat has grown'],
    ['sealtrace report run.sealrun --to md -o -', 'for a pull request, from a replay that was kept'],
    ['sealtrace report run.txt.gz --to arrow -o tables', 'every operation, hold and conflict for other tools'],
  ],
  async run(context) {
    const { args, operands } = context;
    const form = formNamed(args.text('to'));
    const given = args.given('out');
    if (args.flag('open') && given === '-') throw new UserError('--open needs a file: leave -o -, or leave --open');
    if (args.flag('watch') && (given === '-' || operands[0] === '-'))
      throw new UserError(
        '--watch needs an input that can be read again and a file to write: leave -, or leave --watch',
      );
    if (given !== undefined) form.check(given);
    return args.flag('watch') ? watch(context, form) : (await write(context, form)).status;
  },
};

interface Written {
  readonly status: number;
  readonly out: string;
}

async function write(context: Context, form: Form): Promise<Written> {
  const { args, io, json, operands } = context;
  const { run, tables, damaged } = await runOf(context, operands[0]!);
  const out = args.given('out') ?? `${fileName(run.report.trace.name)}${form.ending}`;
  form.check(out);
  await form.write(io, out, run, tables);
  if (out !== '-' && !context.quiet) io.err(`sealtrace: wrote ${out}\n`);
  if (json && out !== '-') await io.out(toJson(run.report));
  if (args.flag('open')) await openFile(io, out);
  return { status: statusOf(context, damaged, run.report.quality.safe), out };
}

/** Until it is interrupted. An input that cannot be read now (half written, not there yet) is said and waited for. */
async function watch(context: Context, form: Form): Promise<never> {
  const { io, operands, quiet, verbose } = context;
  const path = operands[0]!;
  const say = (text: string): void => void (quiet || io.err(`sealtrace: ${clean(text)}\n`));
  for (let turn = 0; ; turn++) {
    const seen = stateOf(path);
    if (seen === '') say(`there is no ${path} yet; waiting for it (Ctrl-C ends)`);
    else
      await write(turn === 0 ? context : unopened(context), form).then(
        ({ out }) => say(`watching ${path}; reload ${out} after a change (Ctrl-C ends)`),
        (error: unknown) => {
          if (!(error instanceof UserError)) throw error;
          explain(error, io, verbose);
          say(`the report is as it was; waiting for ${path} to change (Ctrl-C ends)`);
        },
      );
    await changed(path, seen);
  }
}

/** A browser that shows the page already is not asked again. */
const unopened = (context: Context): Context => ({ ...context, args: context.args.without('open') });

function formNamed(name: string): Form {
  const found = forms.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = forms.map((one) => one.name);
  throw new UserError(`--to is "${name}"; expected ${listed(names)}${suggestion(name, names)}`);
}

/** A run with all its tables: those of the trace too, where the trace is at hand. */
export async function runOf(
  context: Context,
  path: string,
): Promise<{ readonly run: Run; readonly tables: () => readonly DataTable[]; readonly damaged: boolean }> {
  const kept = await readRun(path);
  if (kept !== null) return { run: kept, tables: () => runTables(kept), damaged: false };
  const { args } = context;
  const policy = namesOf(args.text('policy')).join(',');
  const plan = planReplay(args, namesOf(policy));
  const { trace, damaged } = await load(context, [path]);
  const words = ['report', shortName(path), '--policy', policy];
  const { run, lanes, trace: replayed } = await replayPlan(context, trace, plan, words, damaged);
  const whole = await withEvidence(run, trace, [path]);
  return { run: whole, tables: () => allTables(whole, traceTables(replayed, lanes, plan.sealRule)), damaged };
}

/** A table of the trace replaces the bounded one that the run has of the same name. */
function allTables(run: Run, fresh: readonly DataTable[]): readonly DataTable[] {
  const names = new Set(fresh.map(({ name }) => name));
  return [...fresh, ...runTables(run).filter(({ name }) => !names.has(name))];
}

/** `xfs-kill.report.txt.gz` gives `xfs-kill.report`: a plain name for this folder, whatever a trace calls itself. */
function fileName(trace: string): string {
  const stem = trace.replace(/(\.(gz|zst|xz|txt|ndjson|sealtrace))+$/i, '');
  const safe = stem.replace(/[^\w.-]+/g, '-').replace(/^[.-]+/, '');
  return safe === '' ? 'report' : safe;
}

// `sealtrace check`: a gate for CI. What a run must not show, as expressions; exit status 1 when it does.
import { suggestion } from '../base/nearest.js';
import { UserError } from '../model/issue.js';
import { formatCount, formatNs } from '../report/format.js';
import { type Figure, figureOf } from '../results/figures.js';
import { timeOf } from '../results/rules.js';
import type { LaneReport, Run } from '../results/types.js';
import type { Command, Context } from './command.js';
import { Exit } from './errors.js';
import { shortName, statusOf } from './load.js';
import { listed, STRICT } from './options.js';
import { readRun } from './run-file.js';
import { plain, toJson } from './text.js';

export const check: Command = {
  name: 'check',
  summary: 'a gate for CI: exit status 1 when a run shows what it must not show',
  operands: ['RUN'],
  options: {
    'fail-on': {
      kind: 'list',
      text: 'POLICY.FIGURE > VALUE (also >=, <, <=, ==, !=): VALUE a number, a time (2ms) or N times the baseline (1.1x); repeatable',
    },
    baseline: { kind: 'text', text: 'run file that values such as 1.1x are multiples of' },
    strict: STRICT,
  },
  examples: [
    ["sealtrace check run.sealrun --fail-on 'mapdirect.denied > 0'", 'nothing may be refused'],
    [
      "sealtrace check run.sealrun --baseline last.sealrun --fail-on 'ondisk.p99.write_fault > 1.1x'",
      'nothing may get slower by more than a tenth',
    ],
    ["sealtrace check run.sealrun --fail-on 'dax.hazards > 0' --fail-on 'dax.wait.maxNs > 5ms'", 'any of several'],
  ],
  async run(context) {
    const [path] = context.operands as [string];
    const expressions = context.args.list('fail-on').map(parse);
    if (expressions.length === 0)
      throw new UserError(
        `check needs what to fail on, for example: sealtrace check ${path} --fail-on 'dax.denied > 0'`,
      );
    const named = context.args.given('baseline');
    const relative = expressions.find(({ limit }) => limit.kind === 'times');
    if (relative !== undefined && named === undefined)
      throw new UserError(`--fail-on "${relative.text}" is relative; name the run to measure by with --baseline RUN`);
    const run = await needRun(path);
    const baseline = named === undefined ? null : await needRun(named);
    const answers = expressions.map((one) => judge(one, { run, name: shortName(path) }, baseline));
    await tell(context, run, answers);
    const failed = answers.some((answer) => answer.failed);
    return failed ? Exit.gate : statusOf(context, false, run.report.quality.safe);
  },
};

const COMPARE = {
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '==': (a: number, b: number) => a === b,
  '!=': (a: number, b: number) => a !== b,
} as const;

interface Limit {
  readonly kind: 'number' | 'time' | 'times';
  readonly value: number;
}

interface Expression {
  readonly text: string;
  /** POLICY.FIGURE; where the one ends only the lanes of the run can tell. */
  readonly figure: string;
  readonly compare: keyof typeof COMPARE;
  readonly limit: Limit;
}

function parse(text: string): Expression {
  const match = /^\s*(\S+?)\s*(>=|<=|==|!=|>|<)\s*(\S+)\s*$/.exec(text);
  const limit = match === null ? null : limitOf(match[3]!);
  if (match === null || limit === null)
    throw new UserError(
      `--fail-on is "${text}"; expected POLICY.FIGURE > VALUE, such as mapdirect.denied > 0, dax.wait.maxNs > 5ms or ondisk.p99.write_fault > 1.1x`,
    );
  return { text: text.trim(), figure: match[1]!, compare: match[2] as keyof typeof COMPARE, limit };
}

function limitOf(text: string): Limit | null {
  if (/^\d+(\.\d+)?$/.test(text)) return { kind: 'number', value: Number(text) };
  if (/^\d+(\.\d+)?x$/.test(text)) return { kind: 'times', value: Number(text.slice(0, -1)) };
  const ns = timeOf(text);
  return ns === null ? null : { kind: 'time', value: ns };
}

async function needRun(path: string): Promise<Run> {
  const run = await readRun(path);
  if (run !== null) return run;
  throw new UserError(`${path}: expected a run file; make one with: sealtrace replay TRACE -o X.sealrun`);
}

interface Answer {
  readonly expression: string;
  readonly value: number;
  readonly limit: number;
  /** The figure in the baseline; null where the expression is not relative. */
  readonly baseline: number | null;
  readonly failed: boolean;
  readonly time: boolean;
}

function judge(
  one: Expression,
  { run, name }: { readonly run: Run; readonly name: string },
  baseline: Run | null,
): Answer {
  const figure = find(one, run, name);
  const { kind, value: limit } = one.limit;
  if (kind === 'time' && !figure.time)
    throw new UserError(`--fail-on "${one.text}": ${one.figure} is a count; expected a number without a unit`);
  const before = kind === 'times' ? find(one, baseline!, 'the baseline').value : null;
  const bound = before === null ? limit : before * limit;
  const failed = COMPARE[one.compare](figure.value, bound);
  return { expression: one.text, value: figure.value, limit: bound, baseline: before, failed, time: figure.time };
}

/** Throws where the run cannot tell: a gate that cannot be judged is not passed. */
function find(one: Expression, { report }: Run, name: string): Figure {
  const lane = laneOf(one, report.lanes, name);
  const figure = figureOf(lane, one.figure.slice(lane.policy.length + 1));
  if (typeof figure !== 'string') return figure;
  throw new UserError(`--fail-on "${one.text}": ${lane.policy} in ${name} ${figure}`);
}

function laneOf({ text, figure }: Expression, lanes: readonly LaneReport[], name: string): LaneReport {
  // The name of a mixed lane may have points in it: the longest that fits is meant.
  const fits = lanes.filter(({ policy }) => figure.startsWith(`${policy}.`));
  const lane = fits.sort((a, b) => b.policy.length - a.policy.length)[0];
  if (lane !== undefined) return lane;
  const names = lanes.map(({ policy }) => policy);
  const asked = figure.split('.')[0]!;
  throw new UserError(
    `--fail-on "${text}": ${name} holds no lane "${asked}"${suggestion(asked, names)}; it holds ${listed(names) || 'none'}`,
  );
}

async function tell({ io, json, quiet, style }: Context, run: Run, answers: readonly Answer[]): Promise<void> {
  const failed = answers.filter((answer) => answer.failed);
  if (json) {
    const checks = answers.map(({ time: _, ...answer }) => answer);
    const { quality } = run.report;
    await io.out(toJson({ schema: 'sealtrace.check/1', passed: failed.length === 0, checks, quality }));
  }
  for (const answer of failed)
    io.err(plain(`sealtrace: ${style.warn('failed')}: ${answer.expression}: ${reason(answer)}\n`));
  if (quiet || json) return;
  if (!run.report.quality.safe)
    io.err(`sealtrace: not safe to conclude from: ${run.report.quality.reasons.join('; ')}\n`);
  if (failed.length === 0) await io.out(plain(`passed: ${answers.map(said).join('; ')}\n`));
}

const reason = (answer: Answer): string =>
  `it is ${shown(answer, answer.value)}${answer.baseline === null ? '' : `, in the baseline ${shown(answer, answer.baseline)}`}`;

const said = (answer: Answer): string => `${answer.expression} (${reason(answer)})`;

const shown = ({ time }: Answer, value: number): string => (time ? formatNs(value) : formatCount(value));

// `sealtrace synth`: a synthetic trace of a workload, written as it is made.
import { suggestion } from '../base/nearest.js';
import { UserError } from '../model/issue.js';
import { formatCount } from '../report/format.js';
import { TraceStream } from '../trace/stream.js';
import * as registry from '../workloads/index.js';
import { modelledWorkload, mostCopies } from '../workloads/modelled/modelled.js';
import { parameterValues } from '../workloads/parts/parameters.js';
import { synthesize } from '../workloads/parts/synthesize.js';
import type { Values, Workload } from '../workloads/parts/workload.js';
import type { Command, Context } from './command.js';
import { shortName } from './load.js';
import { type Args, listed } from './options.js';
import { pairs } from './replaying.js';
import { toJson } from './text.js';
import { TRACE_OUTPUT, traceOutput, writeTrace } from './trace-output.js';
import { isWorkloadFile, workloadFile } from './workload-file.js';

export const workloads: readonly Workload[] = Object.values(registry);

/** Operations and holds are numbered in 32 bits, up to two numbers a row. */
export const MOST_EVENTS = 2_000_000_000;

export const synth: Command = {
  name: 'synth',
  summary:
    'a synthetic trace of a workload, or of one that sealtrace model fitted; the same arguments give the same bytes',
  operands: ['WORKLOAD'],
  options: {
    ...TRACE_OUTPUT,
    events: {
      kind: 'text',
      text: 'rows of the trace (by default 100000; of a fitted workload, as many as its threads have in the time of the recording)',
    },
    scale: {
      kind: 'text',
      text: 'of a fitted workload: so many times its files and processes, in the same time (by default 1)',
    },
    seed: { kind: 'text', text: 'whole number', fallback: '1' },
    set: { kind: 'list', text: 'KEY=VALUE: a parameter of the workload (sealtrace list workloads); repeatable' },
  },
  examples: [
    ['sealtrace synth rdma-server --events 1000000 --seed 7 -o rdma.sealtrace', 'then replay rdma.sealtrace'],
    ['sealtrace synth mover --set rate=2/s --set holders=100 -o mover.sealtrace', 'with parameters of its own'],
    ['sealtrace synth workload.json --scale 10 -o more.sealtrace', 'more of what sealtrace model fitted'],
    ['sealtrace synth crashy --events 5000 -o - --format ndjson', 'to read it, or for jq'],
  ],
  async run(context) {
    const { io, args, operands, json, quiet } = context;
    const fitted = isWorkloadFile(operands[0]!);
    const workload = fitted ? fittedWorkload(operands[0]!, args) : registered(operands[0]!, args);
    const values = parameterValues(workload.name, workload.parameters, pairs(args.list('set'), EXAMPLE));
    const events = eventsOf(args, fitted);
    const seed = args.whole('seed') ?? 1;
    const output = traceOutput(args, 'synth');
    const begin = io.now();
    const stream = new TraceStream(workload.name, 'synth');
    const synthesis = synthesize(workload, { values, seed, events }, stream.sink);
    await writeTrace(io, output, stream.from(synthesis.advance));
    const written = synthesis.rows();
    const seconds = Math.max(io.now() - begin, 1) / 1000;
    const rate = formatCount(Math.round(written / seconds));
    if (json && output.out !== '-') await answer(context, workload, { values, seed, written, stream, out: output.out });
    if (!quiet && output.out !== '-')
      io.err(`sealtrace: wrote ${output.out}: ${formatCount(written)} events (${rate} events/s)\n`);
    return 0;
  },
};

const EXAMPLE = 'files=100 (sealtrace list workloads)';

interface Written {
  readonly values: Values;
  readonly seed: number;
  readonly written: number;
  readonly stream: TraceStream;
  readonly out: string;
}

function answer({ io }: Context, { name }: Workload, { values, seed, written, stream, out }: Written): Promise<void> {
  const { endNs } = stream.rest();
  const { files, tasks } = stream;
  const counts = { events: written, files: files.length, tasks: tasks.length, endNs };
  return io.out(
    toJson({
      schema: 'sealtrace.synth/1',
      workload: name,
      seed,
      parameters: values,
      output: shortName(out),
      ...counts,
    }),
  );
}

export function workloadNamed(name: string): Workload {
  const found = workloads.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = workloads.map((one) => one.name);
  throw new UserError(`unknown workload "${name}"${suggestion(name, names)}; expected ${listed(names)}`);
}

function registered(name: string, args: Args): Workload {
  const workload = workloadNamed(name);
  if (args.given('scale') === undefined) return workload;
  throw new UserError(
    `--scale is for a workload that sealtrace model fitted; ${name} has parameters instead, such as --set files=100 (sealtrace list workloads)`,
  );
}

function fittedWorkload(path: string, args: Args): Workload {
  const model = workloadFile(path);
  const copies = args.whole('scale') ?? 1;
  const most = mostCopies(model);
  if (most.copies < 1) throw new UserError(`${path} has too much for one trace: ${most.limit}`);
  if (copies < 1 || copies > most.copies)
    throw new UserError(
      `--scale is "${args.text('scale')}"; expected a whole number from 1 to ${most.copies} (${most.limit})`,
    );
  const [first] = args.list('set');
  if (first !== undefined)
    throw new UserError(`--set ${first}: a fitted workload has no parameters; use --scale, or edit ${path}`);
  const repeats = args.given('events') !== undefined;
  return modelledWorkload(shortName(path).replace(/\.json$/, ''), model, { copies, repeats });
}

function eventsOf(args: Args, fitted: boolean): number {
  const events = args.whole('events') ?? (fitted ? MOST_EVENTS : 100_000);
  if (events >= 1 && events <= MOST_EVENTS) return events;
  throw new UserError(`--events is "${args.text('events')}"; expected a whole number from 1 to ${MOST_EVENTS}`);
}

// `sealtrace ingest`: recordings into a bundle, or into NDJSON.
import { dirname } from 'node:path';
import { suggestion } from '../base/nearest.js';
import { OPS } from '../model/events.js';
import { UserError } from '../model/issue.js';
import type { Trace } from '../model/trace.js';
import { formatCount } from '../report/format.js';
import { type Filter, filterParts, isEmpty } from '../trace/filter.js';
import { CLOCK_OFFSET, clockText, joinedLines } from './clocks.js';
import type { Command, Context } from './command.js';
import { compileSmall, keepHeapSmall } from './heap.js';
import { loadParts, shortName, statusOf } from './load.js';
import { type Args, INPUT, READ_THREADS, wholeNumber } from './options.js';
import { clean, toJson } from './text.js';
import { TRACE_OUTPUT, traceOutput, writeTrace } from './trace-output.js';

export const ingest: Command = {
  name: 'ingest',
  summary: 'recordings of one run into a bundle that is read faster, or into NDJSON',
  operands: ['INPUT...'],
  options: {
    ...TRACE_OUTPUT,
    ...INPUT,
    threads: READ_THREADS,
    'clock-offset': CLOCK_OFFSET,
    begin: { kind: 'text', text: "keep events from this time on (ns in the trace's clock)" },
    end: { kind: 'text', text: 'keep events up to this time' },
    pid: { kind: 'text', text: 'keep events of these processes (a list: 12,13)' },
    inode: { kind: 'text', text: 'keep events on these inodes (a list)' },
    path: { kind: 'text', text: 'keep events on files whose path contains this' },
    op: { kind: 'text', text: 'keep these operations (a list: mmap,truncate)' },
  },
  examples: [
    ['sealtrace ingest run.txt.gz -o run.sealtrace', 'once; then replay run.sealtrace as often as you like'],
    ['sealtrace ingest run.txt.gz -o - --format ndjson | jq -c "select(.op==\\"truncate\\")"', 'for other tools'],
    ['sealtrace ingest sda.blktrace.* -o disk.sealtrace', 'the files of all CPUs are one recording'],
    ['sealtrace ingest fs.dat sda.blktrace.* run.strace.txt -o run.sealtrace', 'several recordings of one run as one'],
    ['sealtrace ingest t.csv --map time=ts:us,op=rw,off=lba:sectors,len=size -o t.sealtrace', 'a table of your own'],
    ['perf record -o - ... | sealtrace ingest - -o run.sealtrace', 'from a pipe'],
  ],
  async run(context) {
    const { io, args, operands } = context;
    const filter = filterOf(args);
    const output = traceOutput(args, 'ingest');
    keepHeapSmall();
    compileSmall();
    const { used, damaged } = await loadParts(
      context,
      operands,
      async (parts) => {
        const filtered = isEmpty(filter) ? null : filterParts(parts, filter);
        await writeTrace(io, output, filtered ?? parts);
        const { sources } = parts.rest();
        return { kept: filtered?.keptRows ?? parts.mostRows, all: parts.mostRows, sources };
      },
      output.out === '-' ? undefined : dirname(output.out),
    );
    await answer(context, output.out, used);
    return statusOf(context, damaged, true);
  },
};

interface Written {
  readonly kept: number;
  readonly all: number;
  readonly sources: Trace['sources'];
}

async function answer({ io, json, quiet }: Context, out: string, { kept, all, ...written }: Written): Promise<void> {
  const output = shortName(out);
  const sources = written.sources.map(({ name, clock, joined = null }) => ({ name, clock: clockText(clock), joined }));
  if (json && out !== '-')
    await io.out(toJson({ schema: 'sealtrace.ingest/1', output, events: all, written: kept, sources }));
  if (!quiet) for (const line of joinedLines(written.sources)) io.err(`sealtrace: ${clean(line)}\n`);
  if (!quiet && out !== '-')
    io.err(`sealtrace: wrote ${out}: ${formatCount(kept)}${kept === all ? '' : ` of ${formatCount(all)}`} events\n`);
}

function filterOf(args: Args): Filter {
  return {
    begin: timeOf(args, 'begin'),
    end: timeOf(args, 'end'),
    pids: namesIn(args, 'pid')?.map((pid) => wholeNumber('--pid', pid)),
    inodes: namesIn(args, 'inode'),
    path: args.given('path'),
    ops: namesIn(args, 'op')?.map(opNamed),
  };
}

/** Absolute times of a wall clock are beyond 2^53. */
function timeOf(args: Args, name: string): bigint | undefined {
  const text = args.given(name);
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new UserError(`--${name} is "${text}"; expected a time in ns, a whole number`);
  return BigInt(text);
}

const namesIn = (args: Args, name: string): readonly string[] | undefined =>
  args
    .given(name)
    ?.split(',')
    .map((part) => part.trim());

function opNamed(name: string): number {
  const code = (OPS as readonly string[]).indexOf(name);
  if (code >= 0) return code;
  throw new UserError(
    `--op: unknown operation "${name}"${suggestion(name, OPS)}; expected names such as mmap,truncate`,
  );
}

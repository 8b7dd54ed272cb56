// `sealtrace record`: records on this Linux machine, and puts everything back as it was.
import { renameSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UserError } from '../model/issue.js';
import type { Trace } from '../model/trace.js';
import { TOOLS, type Tool } from '../record/recipes.js';
import type { Host, Listener, Recording, RecordOptions } from '../record/recording.js';
import { Session } from '../record/session.js';
import type { Asked } from '../record/targets.js';
import { ViaSession } from '../record/via.js';
import { formatBytes, formatCount, formatShare } from '../report/format.js';
import { timeOf } from '../results/rules.js';
import { writeBundle } from '../trace/bundle.js';
import type { GivenOffset } from '../trace/clocks.js';
import { ingest } from '../trace/ingest.js';
import type { Command, Context } from './command.js';
import { Exit } from './errors.js';
import { shortName } from './load.js';
import { proofOf, proofText } from './map-proof.js';
import { type Args, wholeNumber } from './options.js';
import { checkFolder, checkOutput } from './output.js';
import { birthsText, costText, type LiveLine, liveLine, sizeText, startLive } from './record-live.js';
import { printRecipe, scriptFor } from './record-print.js';
import { own } from './signals.js';
import { clean, plain, toJson } from './text.js';

export const record: Command = {
  name: 'record',
  summary: 'records a command, a process or a file system on this Linux machine (as root)',
  operands: ['COMMAND...'],
  optional: 1,
  options: {
    out: {
      kind: 'text',
      short: 'o',
      text: 'bundle X.sealtrace to write, or the raw recording as X.dat, X.data, X.json',
      fallback: 'run.sealtrace',
    },
    fs: { kind: 'text', text: 'only file systems of this type: xfs or ext4' },
    path: {
      kind: 'list',
      text: 'a file, folder or mount point: only its file system; of a few files, only those; repeatable',
    },
    pid: { kind: 'text', text: 'a running process and its descendants' },
    duration: { kind: 'text', text: 'how long (500ms, 10s); without it until the command ends, or Ctrl-C' },
    via: { kind: 'text', text: 'let another tool record: trace-cmd, perf or bpftrace' },
    print: { kind: 'flag', text: 'only show the commands: a script of plain shell, or those of --via' },
    buffer: {
      kind: 'text',
      text: 'size of each of the two kernel buffers per CPU (16M); without it a trial of half a second says how large',
    },
  },
  examples: [
    ['sealtrace record -o run.sealtrace -- ./my-app', 'then sealtrace report run.sealtrace'],
    ['sealtrace record --path /mnt/data --duration 10s', 'whatever happens on that file system'],
    ['sealtrace record --pid 1234 --duration 5s -o run.dat', 'a trace.dat, which trace-cmd reads as well'],
    ['sealtrace record --print --path /mnt/data -o run.txt -- ./my-app > record.sh', 'for a machine without Node'],
  ],
  async run(context) {
    const { args, operands } = context;
    const out = args.text('out');
    const options = optionsOf(args, operands, out, context.version);
    const tool = args.given('via') === undefined ? null : args.one('via', TOOLS);
    if (args.flag('print')) return printRecipe(context, tool, options, out);
    (isRaw(out) ? checkOutput : checkFolder)(out);
    return tool === null ? recordHere(context, options, out) : recordVia(context, tool, options, out);
  },
};

/** A recording that is kept as it is, by its name. */
const isRaw = (out: string): boolean => /\.(dat|data|json)$/.test(out);

async function recordHere(context: Context, options: RecordOptions, out: string): Promise<number> {
  const live = startLive(context);
  const session = new Session(hostOf(), options, listenerOf(context, live));
  return guarded(session, live, options, out, async () => {
    const recording = await session.record();
    live.end();
    const trace = await keep([recording.path], out);
    await answer(context, recording, trace, out);
  });
}

async function recordVia(context: Context, tool: Tool, options: RecordOptions, out: string): Promise<number> {
  const live = startLive(context);
  const session = new ViaSession(hostOf(), tool, options, listenerOf(context, live));
  return guarded(session, live, options, out, async () => {
    const { path, looks, tellsClock, end } = await session.record(scriptFor(options));
    const trace = await keep([path, looks], out, tellsClock ? [] : [{ source: '2', offsetNs: 0n }]);
    const { io, json, quiet } = context;
    const events = trace.columns.rows;
    const maps = proofOf(trace, end);
    if (json) await io.out(toJson({ schema: 'sealtrace.record/1', output: shortName(out), via: tool, events, maps }));
    if (quiet) return;
    io.err(`sealtrace: ${plain(proofText(maps))}\n`);
    const beside = isRaw(out)
      ? `; what was looked at before and after is in ${looksBeside(out)}: give both${tellsClock ? '' : ' with --clock-offset 2=0ns'}`
      : '';
    io.err(`sealtrace: wrote ${out}: ${plain(formatCount(events))} events${beside}\n`);
  });
}

/** Whatever happens, everything is put back; the exit status of a recording that was kept. */
async function guarded(
  session: Session | ViaSession,
  live: LiveLine,
  options: RecordOptions,
  out: string,
  work: () => Promise<void>,
): Promise<number> {
  let signalled: NodeJS.Signals | null = null;
  own({
    onSignal(signal) {
      signalled = signal;
      // A terminal sends Ctrl-C to the command by itself.
      session.stop(signal === 'SIGINT' && process.stdin.isTTY ? null : signal);
    },
    putBack: () => session.close(),
  });
  try {
    await work();
  } catch (error) {
    throw explained(error, out);
  } finally {
    live.end();
    session.close();
    own(null);
  }
  return statusAfter(signalled, options);
}

/** Ctrl-C is how a recording without another end is ended. */
function statusAfter(signal: NodeJS.Signals | null, { command, durationNs }: RecordOptions): number {
  if (signal === null || (signal === 'SIGINT' && command.length === 0 && durationNs === null)) return Exit.done;
  return signal === 'SIGINT' ? Exit.interrupted : 143;
}

function optionsOf(args: Args, command: readonly string[], out: string, version: string): RecordOptions {
  const pid = args.given('pid');
  const duration = args.given('duration');
  const buffer = args.given('buffer');
  if (pid !== undefined && command.length > 0)
    throw new UserError('record takes a command or --pid, not both; leave one out');
  return {
    ...askedOf(args, command),
    pid: pid === undefined ? null : wholeNumber('--pid', pid),
    durationNs: duration === undefined ? null : durationOf(duration),
    bufferBytes: buffer === undefined ? null : sizeOf(buffer),
    beside: dirname(resolve(out)),
    version,
  };
}

export function askedOf(args: Args, command: readonly string[]): Asked {
  const fs = args.given('fs') === undefined ? null : args.one('fs', ['xfs', 'ext4']);
  return { fs, paths: args.list('path'), command };
}

function durationOf(text: string): number {
  const ns = timeOf(text);
  if (ns !== null && ns > 0) return ns;
  throw new UserError(`--duration is "${text}"; expected a time such as 500ms or 10s`);
}

function sizeOf(text: string): number {
  const [, digits, unit = ''] = /^(\d{1,6})([KMG]?)$/i.exec(text) ?? [];
  const factor = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[unit.toLowerCase()] ?? Number.NaN;
  if (digits !== undefined) return Number(digits) * factor;
  throw new UserError(`--buffer is "${text}"; expected a size such as 512K or 16M`);
}

function hostOf(): Host {
  return {
    pid: process.pid,
    uid: process.getuid?.() ?? -1,
    platform: process.platform,
    clock: 'mono',
    nowNs: () => process.hrtime.bigint(),
    cpuNs: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) * 1000;
    },
  };
}

function listenerOf({ io, quiet, style }: Context, live: ReturnType<typeof startLive>): Listener {
  const line = (text: string): void => {
    live.pause();
    io.err(`sealtrace: ${text}\n`);
  };
  return {
    say: (text) => {
      if (!quiet) line(clean(text));
    },
    warn: (text) => line(`${style.warn('warning')}: ${clean(text)}`),
    sized(size) {
      if (!quiet) line(plain(sizeText(size)));
    },
    live: (figures) => live.draw(figures),
  };
}

/** The recordings themselves, or a bundle of them. */
async function keep(paths: readonly string[], out: string, clockOffsets: readonly GivenOffset[] = []): Promise<Trace> {
  const { trace } = await ingest(paths, paths.length > 1 ? { clockOffsets } : {});
  if (isRaw(out))
    for (const [i, path] of paths.entries()) {
      const place = i === 0 ? out : looksBeside(out);
      rmSync(place, { force: true });
      renameSync(path, place);
    }
  else writeBundle(trace, out);
  return trace;
}

const looksBeside = (out: string): string => `${out}.looks.txt`;

async function answer(context: Context, recording: Recording, trace: Trace, out: string): Promise<void> {
  const { io, json, quiet } = context;
  const { live, ended, end } = recording;
  const proof = proofOf(trace, end);
  const { seconds, events, lost, bytes, buffer, cpuShare, tracingNs, births } = live;
  if (json)
    await io.out(
      toJson({
        schema: 'sealtrace.record/1',
        output: shortName(out),
        seconds,
        events,
        lost,
        bytes,
        bufferKibPerCpu: buffer.kib,
        buffer,
        recorderCpuShare: cpuShare,
        tracingCpuNs: tracingNs,
        births,
        command: ended,
        maps: proof,
        issues: trace.issues.length,
      }),
    );
  if (quiet) return;
  const say = (text: string): void => io.err(`sealtrace: ${plain(text)}\n`);
  if (ended !== null && (ended.code !== 0 || ended.signal !== null))
    say(`the command ended with ${ended.signal ?? `status ${ended.code}`}`);
  say(liveLine(live));
  say(proofText(proof));
  if (births !== null && births.born > 0) say(birthsText(births));
  if (tracingNs !== null) say(costText(tracingNs, seconds));
  say(
    `wrote ${out}: ${formatCount(trace.columns.rows)} events of ${formatBytes(bytes)}; the recorder used ${formatShare(cpuShare)} of a CPU`,
  );
}

const FULL: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; make room, or name another place with -o',
  EDQUOT: 'the quota is used up; make room, or name another place with -o',
  EROFS: 'the file system is read-only; name another place with -o',
};

function explained(error: unknown, out: string): unknown {
  const reason = FULL[String((error as NodeJS.ErrnoException).code)];
  return reason === undefined ? error : new UserError(`cannot write ${out}: ${reason}`);
}

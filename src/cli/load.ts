// Recordings into a trace, with progress, and with what must be said about them.
import { basename } from 'node:path';
import { parseMap } from '../formats/table-columns.js';
import { GUESSED } from '../model/issue.js';
import type { Trace } from '../model/trace.js';
import { DAMAGED, type Ingested, ingest } from '../trace/ingest.js';
import type { Context } from './command.js';
import { Exit } from './errors.js';
import { startMeter } from './progress.js';
import { clean } from './text.js';

export async function load(context: Context, paths: readonly string[]): Promise<Ingested> {
  const { io, args, draws, quiet } = context;
  const map = args.given('map');
  const columns = map === undefined ? [] : parseMap(map);
  const meter = startMeter(io, draws, quiet);
  try {
    const loaded = await ingest(paths, {
      from: args.given('from'),
      columns,
      stdin: io.stdin,
      onProgress: meter.update,
    });
    meter.end(traceName(loaded.trace));
    remark(context, loaded);
    return loaded;
  } catch (error) {
    meter.end('');
    throw error;
  }
}

/** The same for a recording and for the bundle made of it. */
export function traceName({ sources }: Trace): string {
  const [first, ...rest] = sources.map(({ name }) => name);
  if (first === undefined) return 'empty trace';
  return rest.length === 0 ? first : `${first} and ${rest.length} more`;
}

/** A path as it may stand in a result: without the folders of this machine. */
export const shortName = (path: string): string => (path === '-' ? '-' : basename(path));

/** Exit status after an answer was given. */
export function statusOf(context: Context, damaged: boolean, safe: boolean): number {
  if (damaged) return Exit.damaged;
  return !safe && context.args.flag('strict') ? Exit.unsafe : Exit.done;
}

function remark({ io, quiet, style }: Context, { trace }: Ingested): void {
  const warn = (text: string): void => io.err(`sealtrace: ${style.warn('warning')}: ${clean(text)}\n`);
  for (const { code, source, text } of trace.issues)
    if (code === DAMAGED) warn(`${source} is damaged: ${text}. What was valid is used (exit status ${Exit.damaged})`);
  if (quiet) return;
  for (const { code, source, text } of trace.issues)
    if (code.startsWith(GUESSED)) io.err(`sealtrace: ${clean(`${source}: ${text}`)}\n`);
  const lost = trace.sources.flatMap((source) => source.lost);
  if (lost.length > 0) warn(lossText(lost));
  const nothing = whatIsMissing(trace);
  if (nothing !== '') warn(nothing);
}

function lossText(lost: readonly { readonly count: number }[]): string {
  const events = lost.reduce((sum, { count }) => sum + count, 0);
  const places = lost.length === 1 ? 'in one place' : `in ${lost.length} places`;
  return `the recorder lost ${events > 0 ? events : 'an unknown number of'} events ${places}; record with larger buffers (trace-cmd record -b)`;
}

/** A trace that can be read and still tells nothing about seals. */
function whatIsMissing(trace: Trace): string {
  const records = trace.sources.reduce((sum, source) => sum + source.records, 0);
  if (records === 0 && trace.columns.rows === 0)
    return 'expected records, found none: the recording is empty. Was tracing on, and was anything filtered out?';
  if (trace.files.length > 0) return '';
  return 'expected mappings or events of block maps, found none: nothing can be sealed or refused. Record syscalls, page faults and the events of the file system (kernel-events reference, section 2)';
}

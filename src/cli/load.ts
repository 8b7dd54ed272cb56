// Recordings into a trace, with progress, and with what must be said about them.
import { basename } from 'node:path';
import { parseMap } from '../formats/table-columns.js';
import { CLOCK_DIFFERS, CLOCKS_UNKNOWN, GUESSED } from '../model/issue.js';
import type { StoredParts, TraceEnd } from '../model/parts.js';
import type { Trace } from '../model/trace.js';
import { formatCount } from '../report/format.js';
import { DAMAGED, type Ingested, type IngestedParts, ingestParts } from '../trace/ingest.js';
import { wholeOf } from '../trace/parts.js';
import { givenOffsets } from './clocks.js';
import type { Context } from './command.js';
import { Exit } from './errors.js';
import { mapsGiven } from './event-maps.js';
import { threadsOf } from './options.js';
import { startMeter } from './progress.js';
import { clean } from './text.js';
import { geometriesGiven } from './xfs-geometry.js';

export async function load(context: Context, paths: readonly string[]): Promise<Ingested> {
  const { used, damaged } = await loadParts(context, paths, wholeOf);
  return { trace: used, damaged };
}

/** The same for those who can use a trace piece by piece; `scratch` is a folder for what does not fit into memory. */
export async function loadParts<T>(
  context: Context,
  paths: readonly string[],
  use: (parts: StoredParts) => T | Promise<T>,
  scratch?: string,
): Promise<{ readonly used: T; readonly damaged: boolean }> {
  const { parts, damaged, close } = await read(context, paths, scratch);
  try {
    remark(context, parts.rest());
    const used = await use(parts);
    remarkEmpty(context, parts);
    return { used, damaged };
  } finally {
    close();
  }
}

async function read(
  { io, args, draws, quiet }: Context,
  paths: readonly string[],
  scratch: string | undefined,
): Promise<IngestedParts> {
  const map = args.given('map');
  const columns = map === undefined ? [] : parseMap(map);
  const maps = mapsGiven(args.list('events'));
  const xfs = geometriesGiven(args.list('xfs-geometry'));
  const meter = startMeter(io, draws, quiet);
  let name = '';
  try {
    const from = args.given('from');
    const clockOffsets = givenOffsets(args.list('clock-offset'));
    const { stdin } = io;
    const threads = threadsOf(args);
    const options = { from, columns, maps, xfs, clockOffsets, scratch, stdin, threads, onProgress: meter.update };
    const ingested = await ingestParts(paths, options);
    name = traceName(ingested.parts.rest());
    return ingested;
  } finally {
    meter.end(name);
  }
}

/** The same for a recording and for the bundle made of it. */
export function traceName({ sources }: Pick<Trace, 'sources'>): string {
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

function warn({ io, style }: Context, text: string): void {
  io.err(`sealtrace: ${style.warn('warning')}: ${clean(text)}\n`);
}

function remark(context: Context, { issues, sources }: TraceEnd): void {
  for (const { code, source, text } of issues)
    if (code === DAMAGED)
      warn(context, `${source} is damaged: ${text}. What was valid is used (exit status ${Exit.damaged})`);
  if (context.quiet) return;
  const damaged = new Set(issues.filter(({ code }) => code === DAMAGED).map(({ source }) => source));
  for (const { code, source, count, text } of issues)
    if (code === 'unreadable-line' && !damaged.has(source))
      warn(context, `${source}: ${formatCount(count)} ${count === 1 ? 'line was' : 'lines were'} no records: ${text}`);
  for (const { code, source, text } of issues)
    if (code.startsWith(GUESSED)) context.io.err(`sealtrace: ${clean(`${source}: ${text}`)}\n`);
  for (const { code, text } of issues) if (code === CLOCKS_UNKNOWN || code === CLOCK_DIFFERS) warn(context, text);
  const lost = sources.flatMap((source) => source.lost);
  if (lost.length > 0) warn(context, lossText(lost));
}

function remarkEmpty(context: Context, parts: StoredParts): void {
  const nothing = whatIsMissing(parts);
  if (nothing !== '' && !context.quiet) warn(context, nothing);
}

function lossText(lost: readonly { readonly count: number }[]): string {
  const events = lost.reduce((sum, { count }) => sum + count, 0);
  const places = lost.length === 1 ? 'in one place' : `in ${lost.length} places`;
  return `the recorder lost ${events > 0 ? events : 'an unknown number of'} events ${places}; record with larger buffers (trace-cmd record -b)`;
}

/** A trace that can be read and still tells nothing about seals. */
function whatIsMissing(parts: StoredParts): string {
  const records = parts.rest().sources.reduce((sum, source) => sum + source.records, 0);
  if (records === 0 && parts.mostRows === 0)
    return 'expected records, found none: the recording is empty. Was tracing on, and was anything filtered out?';
  if (parts.files.length > 0) return '';
  return 'expected mappings or events of block maps, found none: nothing can be sealed or refused. Record syscalls, page faults and the events of the file system (kernel-events reference, section 2)';
}

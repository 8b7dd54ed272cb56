// Reads the recordings of one run, in whatever format they are, into one trace; a bundle is read as it is.
import { Assembler } from '../assembly/assembler.js';
import { EventCatalogue, OWN_EVENTS } from '../model/event-catalogue.js';
import type { EventMap } from '../model/event-map.js';
import { UserError } from '../model/issue.js';
import type { StoredParts } from '../model/parts.js';
import type { Format, GivenGeometry, Part, ReadOptions, Trace } from '../model/trace.js';
import { TraceBuilder } from './builder.js';
import { isBundle } from './bundle.js';
import { openBundle } from './bundle-reader.js';
import type { GivenOffset } from './clocks.js';
import { type OpenedInput, openInput } from './input.js';
import { wholeOf } from './parts.js';
import { readInThread } from './read-thread.js';
import { filesOf, formatNamed, partsBeside, recogniseAll } from './recognise.js';
import type { SourceSink } from './sink.js';
import { Spill } from './spill.js';
import { Timeline } from './timeline.js';
import { followed, type IngestProgress, Progress, WatchedSink } from './watched.js';
import type { ReadDone } from './wire.js';

export type { IngestProgress } from './watched.js';

/** Code of the issue that marks a damaged recording; a bundle keeps it. */
export const DAMAGED = 'input-damaged';

export interface IngestOptions {
  /** Name of the format, when it is not to be recognised. */
  readonly from?: string | undefined;
  /** What the user says about tables among the inputs. */
  readonly columns?: ReadOptions['columns'] | undefined;
  /** What the user says of the clocks of several recordings. */
  readonly clockOffsets?: readonly GivenOffset[] | undefined;
  /** Events that recordings may hold and sealtrace does not know by itself. */
  readonly maps?: readonly EventMap[] | undefined;
  /** Where file systems of the recordings keep their blocks. */
  readonly xfs?: readonly GivenGeometry[] | undefined;
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  /** 2 and more: recordings of the kernel's records are read in a thread beside the one that assembles them. */
  readonly threads?: number | undefined;
  /** Folder for what does not fit into memory; by default that of temporary files. */
  readonly scratch?: string | undefined;
  readonly onProgress?: ((progress: IngestProgress) => void) | undefined;
}

export interface Ingested {
  readonly trace: Trace;
  /** A recording was damaged; what was valid in it is in the trace. */
  readonly damaged: boolean;
}

/** The same piece by piece, so that its length costs no memory. */
export interface IngestedParts {
  readonly parts: StoredParts;
  readonly damaged: boolean;
  /** The pieces can be had until then. */
  close(): void;
}

/** Throws a UserError when an input cannot be read or is no recording. */
export async function ingest(paths: readonly string[], options: IngestOptions = {}): Promise<Ingested> {
  const { parts, damaged, close } = await ingestParts(paths, options);
  try {
    return { trace: wholeOf(parts), damaged };
  } finally {
    close();
  }
}

export async function ingestParts(paths: readonly string[], options: IngestOptions = {}): Promise<IngestedParts> {
  const format = options.from === undefined ? null : formatNamed(options.from);
  const bundle = paths.find((path) => path !== '-' && isBundle(path));
  if (bundle !== undefined && paths.length > 1)
    throw new UserError(`${bundle} is a bundle, which is a whole trace; give it alone, or give the recordings instead`);
  const { parts, close } = bundle === undefined ? await readAll(paths, format, options) : openTaught(bundle, options);
  return { parts, close, damaged: parts.rest().issues.some(({ code }) => code === DAMAGED) };
}

/** What a bundle was not taught when it was made, it cannot learn. */
function openTaught(bundle: string, { maps = [], xfs = [] }: IngestOptions): Kept {
  if (xfs.length > 0)
    throw new UserError(
      `${bundle} is a bundle, whose blocks are placed already; ingest the recording again with --xfs-geometry`,
    );
  const parts = openBundle(bundle);
  const known = parts.rest().sources.flatMap((source) => source.maps ?? []);
  const missing = maps.find(({ name }) => known.every(({ map }) => map !== name));
  if (missing === undefined) return { parts, close: () => {} };
  throw new UserError(
    `${bundle} is a bundle, whose events were read without the map "${missing.name}"; ingest the recording again with --events ${missing.name}`,
  );
}

type Kept = Omit<IngestedParts, 'damaged'>;

async function readAll(paths: readonly string[], format: Format | null, options: IngestOptions): Promise<Kept> {
  if (paths.filter((path) => path === '-').length > 1) throw new UserError('stdin (-) can be read once only');
  const { maps = [], xfs = [] } = options;
  const catalogue = maps.length === 0 ? OWN_EVENTS : new EventCatalogue(maps);
  const builder = new TraceBuilder((sink) => new Assembler(sink, catalogue, xfs), new Spill(options.scratch));
  const inputs: OpenedInput[] = [];
  try {
    // All are opened before the first is read: a wrong name shows at once.
    for (const path of paths.flatMap(filesOf)) inputs.push(await openInput(path, { stdin: options.stdin }));
    const { used, chosen } = readable(inputs, format, options, builder);
    tellPartsBeside(used, chosen, builder);
    const read = { columns: options.columns ?? [] };
    const progress = new Progress(used, options.onProgress);
    const groups = grouped(used, chosen);
    const timeline = groups.length > 1 ? new Timeline(catalogue, xfs) : null;
    if (timeline === null && options.clockOffsets !== undefined && options.clockOffsets.length > 0)
      throw new UserError(
        '--clock-offset leads the clocks of several recordings to one; expected at least two, found one',
      );
    for (const group of groups) await readGroup(builder, timeline, group, read, progress, options.threads ?? 1);
    timeline?.end(options.clockOffsets ?? []);
    return { parts: builder.finishParts(), close: () => builder.close() };
  } catch (error) {
    builder.close();
    throw error;
  } finally {
    for (const input of inputs) await input.close();
  }
}

/** What can be read of the inputs; that another one is left out is an issue of the trace. */
function readable(
  inputs: readonly OpenedInput[],
  given: Format | null,
  { clockOffsets = [], columns = [] }: IngestOptions,
  builder: TraceBuilder,
): { readonly used: readonly OpenedInput[]; readonly chosen: readonly Format[] } {
  const used: OpenedInput[] = [];
  const chosen: Format[] = [];
  for (const [i, found] of recogniseAll(inputs, given, columns.length > 0).entries()) {
    const input = inputs[i]!;
    if (!(found instanceof UserError)) {
      used.push(input);
      chosen.push(found);
      continue;
    }
    // Offsets name inputs by their places among all.
    if (clockOffsets.length > 0) throw found;
    const why = found.message.slice(`${input.name}: `.length);
    builder.issue({ code: DAMAGED, count: 1, source: input.name, row: 0, text: `nothing of it is read: ${why}` });
  }
  return { used, chosen };
}

/** A recording of which one file of several is given has records missing, and nothing inside it tells. */
function tellPartsBeside(used: readonly OpenedInput[], chosen: readonly Format[], builder: TraceBuilder): void {
  const given = used.map(({ path }) => path);
  const told = new Set<string>();
  for (const [i, { name, path }] of used.entries()) {
    const beside = path === '-' ? [] : partsBeside(path, chosen[i]!, given);
    if (beside.length === 0 || told.has(beside.join())) continue;
    told.add(beside.join());
    const text = `expected all files of the recording, found ${beside.join(', ')} beside it, which ${beside.length === 1 ? 'was' : 'were'} not given: what ${beside.length === 1 ? 'it holds' : 'they hold'} is missing`;
    builder.issue({ code: 'parts-not-given', count: beside.length, source: name, row: 0, text });
  }
}

interface Group {
  readonly format: Format;
  readonly inputs: OpenedInput[];
}

/** Inputs that a format reads together stand in one group, at the place of the first. */
function grouped(inputs: readonly OpenedInput[], chosen: readonly Format[]): readonly Group[] {
  const groups: Group[] = [];
  inputs.forEach((input, i) => {
    const format = chosen[i]!;
    const open = format.readTogether === undefined ? undefined : groups.find((group) => group.format === format);
    if (open === undefined) groups.push({ format, inputs: [input] });
    else open.inputs.push(input);
  });
  return groups;
}

async function readGroup(
  builder: TraceBuilder,
  timeline: Timeline | null,
  { format, inputs }: Group,
  options: ReadOptions,
  progress: Progress,
  threads: number,
): Promise<void> {
  timeline?.begin();
  const parts = inputs.map((input) => {
    const sink = builder.startSource(input.name, format.name, input.bytes);
    const tape = timeline?.input(sink);
    const followedInput = followed(input, () => progress.tell());
    const records = (): number => tape?.recordRows.length ?? sink.source.records;
    progress.count(records);
    return { opened: input, own: sink, records, input: followedInput, sink: new WatchedSink(tape ?? sink) };
  });
  const [first] = parts;
  const answers =
    threads > 1 && format.kernelOnly === true && first!.opened.bytes >= 0
      ? [await readBeside(format, first!, progress)]
      : await readHere(format, parts, options);
  parts.forEach(({ opened, own, records, sink }, i) => {
    const { intact, damage } = answers[i]!;
    if (opened.bytes < 0) own.source.bytes = opened.bytesDone;
    // An input of which nothing could be used is none that was read.
    const unused = records() === 0 && sink.texts().length > 0;
    if (intact && damage === '' && !unused) return;
    own.issue(DAMAGED, sink.firstRow, [damage, ...sink.texts()].filter((text) => text !== '').join('; '));
  });
  progress.tell();
}

interface ReadPart extends Part {
  readonly opened: OpenedInput;
  readonly own: SourceSink;
  readonly sink: WatchedSink;
  records(): number;
}

type Answer = Pick<ReadDone, 'intact' | 'damage'>;

async function readHere(format: Format, parts: readonly ReadPart[], options: ReadOptions): Promise<readonly Answer[]> {
  const intact =
    format.readTogether === undefined
      ? [await format.read(parts[0]!.input, parts[0]!.sink, options)]
      : await format.readTogether(parts, options);
  return parts.map(({ opened: { damage } }, i) => ({ intact: intact[i] === true, damage }));
}

/** In a thread, which opens the file itself. */
async function readBeside({ name }: Format, { opened, own, sink }: ReadPart, progress: Progress): Promise<Answer> {
  await opened.close();
  const done = await readInThread(opened.path, name, sink, (bytes) => progress.read(opened, bytes));
  own.source.clock = done.source.clock;
  own.source.kernel = done.source.kernel;
  if (done.source.ofTasks === true) own.source.ofTasks = true;
  return done;
}

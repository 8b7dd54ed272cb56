// What a perf.data says before and behind its records: attributes, features, and where the records are.
// Source: tools/perf/Documentation/perf.data-file-format.txt (Linux).
import { ByteCursor, Damage, inMemory } from '../base/byte-cursor.js';
import type { RandomAccess } from '../model/trace.js';
import { type Metadata, newMetadata, readTracingData } from './kernel-metadata.js';
import { alike, endAlike, type PerfAttr, readAttr, SMALLEST_ATTR, TRACEPOINT } from './perf-attr.js';

export interface PerfFile {
  readonly little: boolean;
  readonly pipe: boolean;
  /** Where the records are. */
  readonly dataAt: number;
  readonly dataEnd: number;
  readonly attrs: PerfAttr[];
  /** Stands for all attributes where their records look alike and are of tracepoints: then nobody has to ask which it is. */
  uniform: PerfAttr | null;
  /** No attribute stands for all any more. */
  mixed: boolean;
  /** Attributes by the id that samples carry. */
  readonly byId: Map<number, PerfAttr>;
  readonly metadata: Metadata;
  /** Events of some tasks only: of a program that perf started without -a, of processes (-p) or threads (-t). */
  ofTasks: boolean;
  /** The samples are in files beside this one. */
  isFolder: boolean;
  /** What the wall clock and the clock of the stamps showed when perf began (-k). */
  clocks: { readonly clock: number; readonly ns: bigint; readonly wallNs: bigint } | null;
}

/** The first version, of Linux 2.6.32, had another magic and the same header. */
const MAGICS = ['PERFILE2', 'PERFFILE'];
const SWAPPED = ['2ELIFREP', 'ELIFFREP'];
const MOST_ATTRS = 65536;
const LARGEST_ATTR = 4096;
const Feature = {
  ...{ tracingData: 1, osRelease: 4, machine: 6, commandLine: 11, eventDescriptions: 12, folder: 24, clockData: 29 },
} as const;
const MOST_WORDS = 4096;
const FEATURES = 256;
const utf8 = new TextDecoder();
const latin1 = new TextDecoder('latin1');

export const isPerf = (head: Uint8Array): boolean => {
  const magic = latin1.decode(head.subarray(0, 8));
  return MAGICS.includes(magic) || SWAPPED.includes(magic);
};

/** Damages of single parts go to `metadata.damages`. */
export function openPerf(file: RandomAccess): PerfFile {
  const little = MAGICS.includes(latin1.decode(file.read(0, 8)));
  const metadata = newMetadata(little);
  const c = new ByteCursor(file, 8, little);
  const size = guarded(metadata, () => c.u64('the size of the header')) ?? 0;
  // A pipe's header is the magic and its own size; attributes and features come as records.
  const pipe = size <= 16;
  const perf = {
    little,
    pipe,
    dataAt: 16,
    dataEnd: file.size,
    attrs: [],
    uniform: null,
    mixed: false,
    byId: new Map(),
    metadata,
    ofTasks: false,
    isFolder: false,
    clocks: null,
  };
  return pipe ? perf : (guarded(metadata, () => readHeader(file, c, perf)) ?? { ...perf, dataEnd: 16 });
}

function readHeader(file: RandomAccess, c: ByteCursor, perf: PerfFile): PerfFile {
  const attrSize = c.u64('the size of an attribute');
  const attrs = section(c, 'the attributes');
  const data = section(c, 'the records');
  c.bytes(16, 'the event types');
  const features = c.bytes(FEATURES / 8, 'the feature bits');
  guarded(perf.metadata, () => readAttrs(file, perf, attrSize, attrs));
  const open = data.size === 0;
  const dataEnd = open ? file.size : data.offset + data.size;
  const whole = { ...perf, dataAt: data.offset, dataEnd };
  if (open || dataEnd > file.size)
    perf.metadata.damages.push(
      new Damage(
        file.size,
        open
          ? 'expected the size of the records, found 0: the recorder did not come to its end'
          : `expected the records up to byte ${dataEnd}, found the end of the file`,
      ),
    );
  else guarded(perf.metadata, () => readFeatures(file, whole, features));
  return whole;
}

interface Section {
  readonly offset: number;
  readonly size: number;
}
const section = (c: ByteCursor, what: string): Section => ({
  offset: c.u64(`the place of ${what}`),
  size: c.u64(`the size of ${what}`),
});

function guarded<T>(metadata: Metadata, part: () => T): T | undefined {
  try {
    return part();
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    metadata.damages.push(error);
    return undefined;
  }
}

function readAttrs(file: RandomAccess, perf: PerfFile, attrSize: number, { offset, size }: Section): void {
  if (attrSize < SMALLEST_ATTR + 16 || attrSize > LARGEST_ATTR)
    throw new Damage(16, `expected attributes of ${SMALLEST_ATTR + 16} to ${LARGEST_ATTR} bytes, found ${attrSize}`);
  const count = Math.min(MOST_ATTRS, Math.floor(size / attrSize));
  const c = new ByteCursor(file, offset, perf.little);
  for (let i = 0; i < count; i++) {
    const bytes = c.bytes(attrSize - 16, 'an attribute');
    const ids = section(c, 'the ids of an attribute');
    const list = new ByteCursor(file, ids.offset, perf.little).bytes(ids.size, 'the ids of an attribute');
    addAttr(perf, bytes, list);
  }
}

/** `ids`: 64-bit numbers. */
export function addAttr(perf: PerfFile, bytes: Uint8Array, ids: Uint8Array): void {
  const attr = readAttr(bytes, perf.little);
  perf.attrs.push(attr);
  perf.ofTasks ||= attr.followsProgram;
  const first = perf.uniform ?? attr;
  const fits = attr.dummy ? endAlike(first, attr) : attr.type === TRACEPOINT && (first.dummy || alike(first, attr));
  perf.mixed ||= !fits || !endAlike(first, attr);
  // A dummy stands in until there is one that gives samples.
  perf.uniform = perf.mixed ? null : first.dummy ? attr : first;
  const c = new ByteCursor(inMemory(ids), 0, perf.little);
  while (c.left >= 8) perf.byId.set(c.u64('an id'), attr);
}

/** Their places stand behind the records, in the order of their bits. */
function readFeatures(file: RandomAccess, perf: PerfFile, bits: Uint8Array): void {
  const c = new ByteCursor(file, perf.dataEnd, perf.little);
  for (let id = 0; id < FEATURES; id++) {
    // The bits are words of 64 in the file's byte order.
    const byte = perf.little ? id >> 3 : (id & ~63) / 8 + 7 - ((id & 63) >> 3);
    if (((bits[byte]! >> (id & 7)) & 1) === 0) continue;
    const { offset, size } = section(c, 'a feature');
    guarded(perf.metadata, () => readFeature(perf, id, new ByteCursor(file, offset, perf.little), size));
  }
}

export function readFeature(perf: PerfFile, id: number, c: ByteCursor, size: number): void {
  if (id === Feature.tracingData) readTracingData(perf.metadata, c);
  else if (id === Feature.osRelease) perf.metadata.kernel = text(c);
  else if (id === Feature.machine) perf.metadata.machine = text(c);
  else if (id === Feature.commandLine) perf.ofTasks ||= namesTasks(c);
  else if (id === Feature.folder) perf.isFolder = true;
  else if (id === Feature.clockData && size >= 24) readClocks(perf, c);
  else if (id === Feature.eventDescriptions && size > 8) readDescriptions(perf, c);
}

const text = (c: ByteCursor): string => zeroEnded(c.bytes(c.u32('the length of a text'), 'a text'));

/** Does the command line of perf record choose processes or threads? What stands behind `--` or a choice of all is the program's. */
function namesTasks(c: ByteCursor): boolean {
  const count = c.u32('the number of words');
  for (let i = 0; i < count && i < MOST_WORDS; i++) {
    const word = text(c);
    if (/^(--|--all-cpus|--cpu=.*|-\w*[aC]\w*)$/.test(word)) return false;
    if (/^(-[pt]|--[pt]id\b)/.test(word)) return true;
  }
  return false;
}

const zeroEnded = (bytes: Uint8Array): string => utf8.decode(bytes).replace(/\0[\s\S]*$/, '');

/** Version, number of the clock, wall clock, that clock. */
function readClocks(perf: PerfFile, c: ByteCursor): void {
  if (c.u32('the version of the clocks') !== 1) return;
  const clock = c.u32('a clock');
  const wallNs = c.big('a time of day');
  perf.clocks = { clock, ns: c.big('a time'), wallNs };
}

/** The events' names, in the order of the attributes. */
function readDescriptions(perf: PerfFile, c: ByteCursor): void {
  const count = c.u32('the number of events');
  const attrSize = c.u32('the size of an attribute');
  for (let i = 0; i < count && i < MOST_ATTRS; i++) {
    c.bytes(attrSize, 'an attribute');
    const ids = c.u32('the number of ids');
    const name = text(c);
    const bytes = c.bytes(8 * ids, 'ids');
    const first = ids > 0 ? perf.byId.get(new ByteCursor(inMemory(bytes), 0, perf.little).u64('an id')) : undefined;
    const attr = first ?? perf.attrs[i];
    if (attr !== undefined) attr.name = name;
  }
}

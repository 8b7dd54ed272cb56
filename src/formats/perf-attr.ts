// What a perf event records: perf_event_attr, and where each part stands in its samples and behind its other records.
// Source: include/uapi/linux/perf_event.h (struct perf_event_attr, PERF_RECORD_SAMPLE, struct sample_id).
import { viewOf } from '../base/byte-cursor.js';

export const Sample = {
  ip: 1n << 0n,
  tid: 1n << 1n,
  time: 1n << 2n,
  addr: 1n << 3n,
  read: 1n << 4n,
  callchain: 1n << 5n,
  id: 1n << 6n,
  cpu: 1n << 7n,
  period: 1n << 8n,
  stream: 1n << 9n,
  raw: 1n << 10n,
  identifier: 1n << 16n,
} as const;

const READ_GROUP = 8;
const ENABLE_ON_EXEC = 12;
const SAMPLE_ID_ALL = 18;
const USE_CLOCK = 25;
const SOFTWARE = 1;
const DUMMY = 9n;
export const TRACEPOINT = 2;

/** Places count from the record's begin in a sample, from its end in other records; 0 where there is none. */
export interface PerfAttr {
  readonly type: number;
  /** Stands for mappings and tasks only, and never gives a sample. */
  readonly dummy: boolean;
  readonly sampleType: bigint;
  /** Records other than samples end in the sample's identity. */
  readonly identified: boolean;
  /** It begins with a program that perf starts, and follows this and what this starts. */
  readonly followsProgram: boolean;
  /** -1 where the kernel's own clock is used. */
  readonly clock: number;
  readonly sample: Places;
  readonly trailer: Places;
  readonly readFormat: number;
  readonly hasRead: boolean;
  readonly hasCallchain: boolean;
  readonly hasRaw: boolean;
  /** Where READ, CALLCHAIN or RAW begins, whichever is there first. */
  readonly variableAt: number;
  name: string;
}

interface Places {
  readonly id: number;
  readonly tid: number;
  readonly time: number;
  readonly cpu: number;
}

/** Smallest attribute: that of the first version. */
export const SMALLEST_ATTR = 64;
const HEADER = 8;

export function readAttr(bytes: Uint8Array, little: boolean): PerfAttr {
  const view = viewOf(bytes);
  // A damaged file may say that there is less of it than there can be.
  const u32 = (at: number): number => (at + 4 <= bytes.length ? view.getUint32(at, little) : 0);
  const u64 = (at: number): bigint => (at + 8 <= bytes.length ? view.getBigUint64(at, little) : 0n);
  const sampleType = u64(24);
  const has = (bit: bigint): boolean => (sampleType & bit) !== 0n;
  const flags = u64(40);
  // C bit fields begin at the high end on big endian machines.
  const flag = (bit: number): boolean => ((flags >> BigInt(little ? bit : 63 - bit)) & 1n) !== 0n;
  const { places: sample, end } = laidOut(
    SAMPLE_ORDER.filter(([, bit]) => has(bit)),
    HEADER,
  );
  const trailing = TRAILER_ORDER.filter(([, bit]) => has(bit));
  const { places, end: length } = laidOut(trailing, 0);
  const backwards = (at: number | undefined): number => (at === undefined ? 0 : length - at);
  return {
    type: u32(0),
    dummy: u32(0) === SOFTWARE && u64(8) === DUMMY,
    sampleType,
    identified: flag(SAMPLE_ID_ALL),
    followsProgram: flag(ENABLE_ON_EXEC),
    clock: flag(USE_CLOCK) && bytes.length >= 96 ? view.getInt32(92, little) : -1,
    sample: {
      id: sample.get('identifier') ?? sample.get('id') ?? 0,
      tid: sample.get('tid') ?? 0,
      time: sample.get('time') ?? 0,
      cpu: sample.get('cpu') ?? 0,
    },
    trailer: {
      id: backwards(places.get('identifier') ?? places.get('id')),
      tid: backwards(places.get('tid')),
      time: backwards(places.get('time')),
      cpu: backwards(places.get('cpu')),
    },
    readFormat: Number(u64(32) & 0xffn),
    hasRead: has(Sample.read),
    hasCallchain: has(Sample.callchain),
    hasRaw: has(Sample.raw),
    variableAt: end,
    name: '',
  };
}

/** Do their records have the same layout? */
export const alike = (a: PerfAttr, b: PerfAttr): boolean =>
  a.type === b.type && a.sampleType === b.sampleType && a.readFormat === b.readFormat && a.identified === b.identified;

/** Do their records other than samples end alike? */
export const endAlike = (a: PerfAttr, b: PerfAttr): boolean =>
  a.identified === b.identified &&
  (['id', 'tid', 'time', 'cpu'] as const).every((part) => a.trailer[part] === b.trailer[part]);

type Part = readonly [name: keyof typeof Sample, bit: bigint];
const part = (name: keyof typeof Sample): Part => [name, Sample[name]];
const SAMPLE_ORDER = (['identifier', 'ip', 'tid', 'time', 'addr', 'id', 'stream', 'cpu', 'period'] as const).map(part);
const TRAILER_ORDER = (['tid', 'time', 'id', 'stream', 'cpu', 'identifier'] as const).map(part);

/** Every part takes 8 bytes. */
function laidOut(parts: readonly Part[], from: number): { places: ReadonlyMap<string, number>; end: number } {
  return { places: new Map(parts.map(([name], i) => [name, from + 8 * i])), end: from + 8 * parts.length };
}

/** Where the raw data of a sample begins (its 32-bit length first), -1 when the sample ends before it. */
// hot
export function rawAt(attr: PerfAttr, view: DataView, from: number, to: number, little: boolean): number {
  let at = from + attr.variableAt;
  if (attr.hasRead) {
    const { readFormat } = attr;
    const times = (readFormat & 1) + ((readFormat >> 1) & 1);
    const perValue = 1 + ((readFormat >> 2) & 1) + ((readFormat >> 4) & 1);
    let values = 1;
    if ((readFormat & READ_GROUP) !== 0) {
      if (at + 8 > to) return -1;
      values = view.getUint32(little ? at : at + 4, little);
      at += 8;
    }
    at += 8 * (times + values * perValue);
  }
  if (attr.hasCallchain) {
    if (at + 8 > to) return -1;
    at += 8 + 8 * view.getUint32(little ? at : at + 4, little);
  }
  return at + 4 <= to ? at : -1;
}

const CLOCKS: Readonly<Record<number, string>> = { 0: 'realtime', 1: 'mono', 4: 'mono_raw', 7: 'boot', 11: 'tai' };

/**
 * The clock's name as ftrace gives it. Without one of its own perf stamps by what ftrace calls `perf`: ftrace's `local` is the
 * CPU's clock before the kernel leads it to its own time, and 20 ms away from it on one machine.
 */
export const clockName = (clock: number): string => CLOCKS[clock] ?? (clock < 0 ? 'perf' : `clock ${clock}`);

export function u64(view: DataView, at: number, little: boolean): number {
  return view.getUint32(little ? at + 4 : at, little) * 4294967296 + view.getUint32(little ? at : at + 4, little);
}

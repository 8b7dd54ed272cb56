// A trace.dat as its two versions describe it: buffers, clocks, and the options that mean the same in both.
// Sources: trace-cmd.dat.v6(5) and trace-cmd.dat.v7(5).
import { ByteCursor, Damage, inMemory } from '../base/byte-cursor.js';
import type { Codec } from '../base/unpack.js';
import { type Metadata, readPairs } from './kernel-metadata.js';

export interface CpuData {
  readonly cpu: number;
  readonly offset: number;
  readonly size: number;
}

/** What the kernel counted of a CPU of a buffer until the end of the recording (per_cpu/cpuN/stats). */
interface Statistics {
  /** Had no room, in a buffer that keeps what is in it (nooverwrite); no page tells of them. */
  readonly dropped: number;
  /** The buffer's clock at that moment, in ns or its own units; NaN where it is not told. */
  readonly now: number;
}

export interface TraceBuffer {
  /** Empty for the top instance. */
  readonly name: string;
  readonly clock: string;
  readonly pageSize: number;
  /** How its pages are packed in chunks; null when they stand as they are. */
  readonly codec: Codec | null;
  readonly cpus: readonly CpuData[];
}

export interface TraceDat extends Metadata {
  /** Processes of threads. */
  readonly processes: Map<number, number>;
  readonly buffers: TraceBuffer[];
  /** By buffer and CPU: `name/cpu`. */
  readonly statistics: Map<string, Statistics>;
  /** The buffer whose statistics come next. */
  statisticsOf: string;
  /** Of the buffer that was named first (option TRACECLOCK); '' where it is not told. */
  clock: string;
  /** Added to every stamp (options OFFSET and DATE). */
  shift: bigint;
  /** How cycles become ns, when the stamps are cycles and the recorder measured them (option TSC2NSEC). */
  cycles: { readonly multiplier: bigint; readonly shift: bigint } | null;
}

/** Stamps of the clock `uptime`: hundredths of a second, whatever the kernel's HZ, though trace-cmd report shows them as ns. */
export const TICKS = { multiplier: 10_000_000n, shift: 0n };
/** Clocks whose stamps are no times. */
export const COUNTS: ReadonlySet<string> = new Set(['counter', 'x86-tsc']);

const utf8 = new TextDecoder();
const SMALLEST_PAGE = 1024;
const LARGEST_PAGE = 1 << 24;
const NS_PER_US = 1000n;

/** Option numbers that are used; all others are skipped. */
export const Option = {
  done: 0,
  date: 1,
  statistics: 2,
  buffer: 3,
  clock: 4,
  uname: 5,
  offset: 7,
  cpuCount: 8,
  cycles: 14,
  processes: 32,
} as const;

export function checkedPage(c: ByteCursor, pageSize: number): number {
  if (pageSize >= SMALLEST_PAGE && pageSize <= LARGEST_PAGE) return pageSize;
  throw new Damage(c.at, `expected a page size of ${SMALLEST_PAGE} to ${LARGEST_PAGE}, found ${pageSize}`);
}

/** Options that mean the same in both versions. */
export function plainOption(dat: TraceDat, id: number, data: Uint8Array): void {
  const c = new ByteCursor(inMemory(data), 0, dat.little);
  if (id === Option.uname) {
    dat.kernel = zeroEnded(data);
    dat.machine = dat.kernel.split(' ').at(-1)!;
  } else if (id === Option.clock) dat.clock = chosenClock(zeroEnded(data));
  else if (id === Option.offset) dat.shift += wholeNumber(zeroEnded(data));
  else if (id === Option.statistics) readStatistics(dat, zeroEnded(data));
  else if (id === Option.date) dat.shift += wholeNumber(zeroEnded(data)) * NS_PER_US;
  else if (id === Option.processes) readPairs(zeroEnded(data), (tid, rest) => dat.processes.set(tid, Number(rest)));
  else if (id === Option.cycles && data.length >= 16) {
    const multiplier = BigInt(c.u32('a multiplier'));
    const shift = BigInt(c.u32('a shift') & 63);
    // Its third part, an offset, is not used by trace-cmd report either.
    if (multiplier > 0n) dat.cycles = { multiplier, shift };
  }
}

/** `CPU: 0`, and counts by name, a line each; those of an instance stand behind `Buffer: name`. */
function readStatistics(dat: TraceDat, text: string): void {
  const name = /^Buffer: (.*)$/m.exec(text);
  if (name !== null) dat.statisticsOf = name[1]!.trim();
  const cpu = /^CPU: (\d{1,6})$/m.exec(text);
  if (cpu === null) return;
  const counted = (what: RegExp): number => Number(what.exec(text)?.[1] ?? 0);
  // Clocks of ns are told as seconds.
  const [, whole = '', us] = /^now ts: (\d{1,20})(?:\.(\d{6}))?$/m.exec(text) ?? [];
  const now = whole === '' ? Number.NaN : us === undefined ? Number(whole) : Number(whole) * 1e9 + Number(us) * 1e3;
  dat.statistics.set(`${dat.statisticsOf}/${Number(cpu[1])}`, {
    dropped: counted(/^dropped events: (\d{1,15})$/m),
    now,
  });
}

/** `local [global] counter`: the one in brackets. */
const chosenClock = (text: string): string => /\[(\S+)\]/.exec(text)?.[1] ?? text;

/**
 * The clock of the records, and whether it may be several. trace-cmd 3.1.6 writes the top buffer's clock to every buffer,
 * though that may hold nothing and the others ran on a clock of their own; the option tells that of the first it recorded into.
 * What the kernel's statistics say the time was at the end shows others, unless they differ by little.
 */
export function clockOf(dat: TraceDat): { readonly clock: string; readonly several: readonly string[] } {
  const { buffers, clock } = dat;
  const filled = buffers.filter(({ cpus }) => cpus.some(({ size }) => size > 0));
  if (filled.length === 1 && clock !== '') return { clock, several: [] };
  const named = [...new Set(filled.map((buffer) => buffer.clock))];
  const own = named.length === 1 && filled.every(({ name }) => name !== '') && clock !== '' ? clock : (named[0] ?? '');
  const several = [...new Set([own, ...named])];
  if (several.length > 1) return { clock: own, several };
  return {
    clock: own,
    several: timesApart(dat, filled).map(({ name, now }) => `${name || 'the top buffer'} at ${now}`),
  };
}

/** Statistics of all buffers are taken within this, on any machine. */
const AT_ONCE = 1e9;

/** What buffers say the time was at the end, each once, where they do not agree. */
function timesApart({ statistics }: TraceDat, filled: readonly TraceBuffer[]): { name: string; now: number }[] {
  const times = filled
    .map(({ name, cpus }) => ({ name, now: statistics.get(`${name}/${cpus[0]?.cpu}`)?.now ?? Number.NaN }))
    .filter(({ now }) => !Number.isNaN(now));
  const all = times.map(({ now }) => now);
  return Math.max(...all) - Math.min(...all) > AT_ONCE ? times : [];
}

function wholeNumber(text: string): bigint {
  const [, sign = '', digits = '0'] = /^\s*(-?)(0x[\da-f]{1,16}|\d{1,19})/i.exec(text) ?? [];
  return sign === '-' ? -BigInt(digits) : BigInt(digits);
}

export const zeroEnded = (data: Uint8Array): string =>
  utf8
    .decode(data)
    .replace(/\0[\s\S]*$/, '')
    .trim();

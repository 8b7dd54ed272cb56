// Prices from the latencies that a recording measured itself. Robust by medians: an operation that waited for somebody or
// missed a cache is one of many, and does not move the middle.
import { linearRegression, quantileSorted } from 'simple-statistics';
import { COSTS_SCHEMA, type CostFile, type CostModel, type Price, STEPS, type Step } from '../model/costs.js';
import { ERRNO } from '../model/errno.js';
import { type EventColumns, Flag, OPS, Op, type OpName } from '../model/events.js';

/** Operations that are one step each, so that how long they took is its price. */
const PURE: Partial<Record<OpName, Step>> = {
  close: 'syscall',
  rename: 'syscall',
  setattr: 'syscall',
  read: 'read',
  write: 'write',
  open: 'open',
  mmap: 'mmap',
  munmap: 'munmap',
  read_fault: 'read_fault',
  write_fault: 'write_fault',
  truncate: 'truncate',
  punch: 'punch',
  reflink: 'reflink',
  dedupe: 'reflink',
  fsync: 'fsync',
  msync: 'fsync',
  pin: 'pin',
  register: 'register',
  deregister: 'deregister',
  dma_read: 'dma',
  dma_write: 'dma',
  device_fault: 'refault',
};
/** What calls that do not get in return: they enter, find what is in the way and leave. */
const REFUSED = [ERRNO.EPERM, ERRNO.ETXTBSY].map((n) => -n!);
/** Steps whose price grows with the bytes; `length` of other operations (a truncate, a mapping) says something else. */
const BY_LENGTH = new Set<Step>(['read', 'write', 'pin', 'register', 'deregister', 'dma', 'refault']);
/** A median of fewer says little; the price of the base stays. */
const LEAST_ROWS = 20;
/** Lengths with so many operations each, and so many such lengths this far apart, tell a price per byte. */
const LEAST_OF_LENGTH = 8;
const LEAST_LENGTHS = 3;
const LEAST_SPREAD = 4;

export interface Fitted {
  readonly step: Step;
  /** Operations that tell. */
  readonly rows: number;
  readonly price: Price;
  readonly before: Price;
  /** Bytes of the operation in the middle; 0 where the price does not depend on them. */
  readonly middleBytes: number;
  readonly medianNs: number;
  /** The true median lies between them in 95 of 100 recordings (order statistics, binomial). */
  readonly medianFromNs: number;
  readonly medianToNs: number;
}

export interface Calibration {
  readonly fitted: readonly Fitted[];
  /** Steps that the recording does not tell; they cost what the base says. */
  readonly kept: readonly Step[];
  readonly file: CostFile;
}

/** `name`: of the recording, for the provenance. `base`: prices of what it does not measure. */
export function calibrate(columns: EventColumns, name: string, base: CostModel): Calibration {
  const samples = collect(columns);
  const fitted = STEPS.flatMap((step) => {
    const sample = samples.get(step);
    return sample === undefined || sample.ns.length < LEAST_ROWS
      ? []
      : [fitStep(step, sample, name, base.prices[step])];
  });
  const prices = Object.fromEntries(fitted.map(({ step, price }) => [step, price]));
  const kept = STEPS.filter((step) => !Object.hasOwn(prices, step));
  const title = `What ${name} measured of itself; other steps as in ${base.name}`;
  return { fitted, kept, file: { schema: COSTS_SCHEMA, name: 'calibrated', title, base: base.name, prices } };
}

/** The model that a calibration gives, without the way through a file. */
export const calibrated = ({ file }: Calibration, base: CostModel): CostModel => ({
  name: file.name,
  title: file.title,
  prices: { ...base.prices, ...file.prices },
});

interface Sample {
  readonly ns: number[];
  readonly bytes: number[];
}

function collect({ rows, op, flags, result, latencyNs, length }: EventColumns): Map<Step, Sample> {
  const samples = new Map<Step, Sample>();
  for (let row = 0; row < rows; row++) {
    if (latencyNs[row]! < 0 || (flags[row]! & (Flag.second | Flag.synthetic)) !== 0) continue;
    const step = stepOf(op[row]!, result[row]!);
    if (step === undefined) continue;
    let sample = samples.get(step);
    if (sample === undefined) {
      sample = { ns: [], bytes: [] };
      samples.set(step, sample);
    }
    sample.ns.push(latencyNs[row]!);
    sample.bytes.push(BY_LENGTH.has(step) ? Math.max(0, length[row]!) : 0);
  }
  return samples;
}

function stepOf(op: number, result: number): Step | undefined {
  if (REFUSED.includes(result)) return op === Op.read_fault || op === Op.write_fault ? undefined : 'refuse';
  return result < 0 ? undefined : PURE[OPS[op]!];
}

function fitStep(step: Step, sample: Sample, name: string, before: Price): Fitted {
  const sorted = sample.ns.toSorted((a, b) => a - b);
  const at = (q: number): number => Math.round(quantileSorted(sorted, q));
  const rows = sorted.length;
  const medianNs = at(0.5);
  const half = (1.96 / 2) * Math.sqrt(rows);
  const nth = (n: number): number => sorted[Math.min(rows - 1, Math.max(0, Math.round(n)))]!;
  const medianFromNs = nth(rows / 2 - half - 1);
  const medianToNs = nth(rows / 2 + half);
  const middleBytes = quantileSorted(
    sample.bytes.toSorted((a, b) => a - b),
    0.5,
  );
  const line = lineThrough(sample);
  const nsPerByte = line?.nsPerByte ?? Math.min(before.nsPerByte, middleBytes > 0 ? medianNs / middleBytes : 0);
  const fixedNs = line?.fixedNs ?? medianNs - nsPerByte * middleBytes;
  const slope = line !== null ? ', a line through the medians of each length' : '';
  const price: Price = {
    fixedNs: Number(fixedNs.toPrecision(6)),
    nsPerByte: BY_LENGTH.has(step) ? Number(nsPerByte.toPrecision(6)) : 0,
    basis: 'measured',
    from: `${name}: median ${medianNs} ns of ${rows} operations (95 %: ${medianFromNs} to ${medianToNs} ns)${slope}`,
    range: `half of them ${at(0.25)} to ${at(0.75)} ns, the 99th percentile ${at(0.99)} ns`,
  };
  return { step, rows, price, before, middleBytes, medianNs, medianFromNs, medianToNs };
}

/** Price per byte and the rest, where operations of several lengths tell them apart; null where not. */
function lineThrough({ ns, bytes }: Sample): { fixedNs: number; nsPerByte: number } | null {
  const byLength = new Map<number, number[]>();
  bytes.forEach((length, i) => {
    const list = byLength.get(length);
    if (list === undefined) byLength.set(length, [ns[i]!]);
    else list.push(ns[i]!);
  });
  const points = [...byLength]
    .filter(([length, list]) => length > 0 && list.length >= LEAST_OF_LENGTH)
    .map(
      ([length, list]) =>
        [
          length,
          quantileSorted(
            list.sort((a, b) => a - b),
            0.5,
          ),
        ] as [number, number],
    );
  const lengths = points.map(([length]) => length);
  if (points.length < LEAST_LENGTHS || Math.max(...lengths) < LEAST_SPREAD * Math.min(...lengths)) return null;
  const { m, b } = linearRegression(points);
  // A larger operation that takes less time, or no time at all for none: chance, not a price.
  return m >= 0 && b >= 0 ? { fixedNs: b, nsPerByte: m } : null;
}

// What the page's script computes with, and what "download the figures" gives: plain JSON inside the page.
import type { Components, Histogram, ReplayReport, Run } from '../../results/types.js';
import { type DiffRow, diffRows, type Pair, pairOf } from '../differences.js';
import { middleCut } from '../format.js';
import type { Block, Report } from '../model.js';
import { Markup } from './escape.js';

export interface PageLane {
  readonly policy: string;
  readonly style: number;
  /** Pairs of index and count: `index = timeBin * upperNs.length + level`. */
  readonly heat: readonly number[];
  /** Pairs of index and count: `index = timeBin * 6 + verdict`. */
  readonly verdicts: readonly number[];
}

/** Policies with the same latencies at the same times of one operation kind. */
export interface PageLine {
  readonly names: readonly string[];
  /** Of the first of them. */
  readonly style: number;
  /** As `PageLane.heat`. */
  readonly heat: readonly number[];
}

export interface PageData {
  readonly schema: 'sealtrace.figures/1';
  readonly version: string;
  readonly command: string;
  /** ns of the trace's clock, and the number of time bins. */
  readonly time: { readonly fromNs: number; readonly toNs: number; readonly bins: number };
  /** Upper bounds of the latency levels of the heat maps. */
  readonly upperNs: readonly number[];
  readonly lanes: readonly PageLane[];
  /** By operation kind, of those that have a chart of their own. */
  readonly operations: Readonly<Record<string, readonly PageLine[]>>;
  readonly differences: readonly DiffRow[];
  /** The policies that are compared at first. */
  readonly pair: Pair | null;
  readonly report: ReplayReport;
  readonly histograms: Readonly<Record<string, Readonly<Record<string, Histogram>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, Components>>>>;
}

/** Names are cut here in the figures, as values and as keys. */
export const LONGEST_TEXT = 160;
const MOST_DIFFERENCES = 200;
/** The figures may take so much of the page; histograms go first, then what one would see of a range by operation kind. */
const MOST_BYTES = 600_000;

export const pageData = (report: Report, run: Run): PageData => {
  const differences = diffRows(run);
  return {
    schema: 'sealtrace.figures/1',
    version: run.version,
    command: run.command,
    time: { ...run.report.trace.span, bins: run.details[0]?.heat.timeBins ?? 0 },
    upperNs: run.details[0]?.heat.latencyUpperNs ?? [],
    lanes: run.details.map((detail, style) => ({
      policy: detail.policy,
      style,
      heat: sparse(detail.heat.counts),
      verdicts: sparse(detail.verdictsByTime),
    })),
    operations: Object.fromEntries(chartedOps(report).map((op) => [op, linesOf(run, op)])),
    differences: differences.slice(0, MOST_DIFFERENCES),
    pair: pairOf(run, differences),
    report: run.report,
    histograms: Object.fromEntries(run.details.map(({ policy, histograms }) => [policy, histograms])),
    components: Object.fromEntries(run.details.map(({ policy, components }) => [policy, components])),
  };
};

/** Operation kinds that a chart of the report is about. */
const chartedOps = (report: Report): readonly string[] =>
  report.sections
    .flatMap(({ blocks }) => allOf(blocks))
    .flatMap((block) => (block.kind === 'chart' && block.mark === 'cdf' && block.op !== undefined ? [block.op] : []));

const allOf = (blocks: readonly Block[]): readonly Block[] =>
  blocks.flatMap((block) => ('blocks' in block ? [block, ...allOf(block.blocks)] : [block]));

const linesOf = (run: Run, op: string): readonly PageLine[] => {
  const lines = new Map<string, { names: string[]; style: number; heat: readonly number[] }>();
  run.details.forEach(({ policy, heatByOp }, style) => {
    const heat = heatByOp?.[op];
    if (heat === undefined) return;
    const known = lines.get(heat.join());
    if (known === undefined) lines.set(heat.join(), { names: [policy], style, heat });
    else known.names.push(policy);
  });
  return [...lines.values()];
};

const sparse = (counts: readonly number[]): readonly number[] => {
  const pairs: number[] = [];
  counts.forEach((n, i) => {
    if (n !== 0) pairs.push(i, n);
  });
  return pairs;
};

/** JSON that can stand inside a script element: ASCII only, nothing that could end the element. */
export const dataMarkup = (data: PageData): Markup => {
  const forms: readonly Partial<PageData>[] = [
    {},
    { histograms: {} },
    { histograms: {}, operations: {} },
    { histograms: {}, operations: {}, differences: [] },
  ];
  let text = '';
  for (const less of forms) {
    text = asciiJson({ ...data, ...less });
    if (text.length <= MOST_BYTES) break;
  }
  return new Markup(text);
};

const asciiJson = (data: PageData): string =>
  JSON.stringify(data, (_, value: unknown) => shortened(value)).replace(
    /[<>&'\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Names of a trace may be very long, as values and as keys. */
const shortened = (value: unknown): unknown => {
  if (typeof value === 'string') return middleCut(value, LONGEST_TEXT);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  if (Object.keys(value).every((key) => key.length <= LONGEST_TEXT)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [middleCut(key, LONGEST_TEXT), inner]));
};

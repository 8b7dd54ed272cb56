// The charts of a report: the figures they draw, never how. Every chart carries its data, so its table twin cannot be forgotten.
import type { Provenance, Text } from './model.js';

interface ChartBase {
  readonly kind: 'chart';
  readonly caption: Text;
  /** What a reader should see in it, one sentence; also the accessible name. */
  readonly summary: string;
  /** Where the drawn figures come from. */
  readonly basis: Provenance;
}
export interface Series {
  /** The policies that share this line. */
  readonly names: readonly string[];
  readonly style: number;
  readonly x: readonly number[];
  /** Share 0..1 of all samples that are at most `x`. */
  readonly y: readonly number[];
  readonly count: number;
}
/** Cumulative distribution, latency on a log axis, the tail stretched (p50, p90, p99, p99.9 equally far apart). */
export interface CdfChart extends ChartBase {
  readonly mark: 'cdf';
  /** The operation kind that it is about; none: all of them. */
  readonly op?: string;
  /** As wide as the page. */
  readonly wide?: boolean;
  readonly xLabel: string;
  readonly series: readonly Series[];
}
export interface StackPart {
  readonly label: string;
  readonly basis: Provenance;
  readonly look: 'recorded' | 'priced' | 'refused' | 'commit' | 'invalidate' | 'flush' | 'wait' | 'extra';
  readonly ns: number;
}
/** One bar per row, its parts beside each other; lengths are sums of time. */
export interface StackChart extends ChartBase {
  readonly mark: 'stack';
  readonly xLabel: string;
  readonly rows: readonly { readonly label: Text; readonly note: string; readonly parts: readonly StackPart[] }[];
}
/** Counts per time bin of equal width; each series has its own strip. */
export interface ActivityChart extends ChartBase {
  readonly mark: 'activity';
  readonly fromNs: number;
  readonly toNs: number;
  readonly series: readonly {
    readonly label: string;
    readonly look: 'all' | 'refused' | 'delayed' | 'stale';
    readonly counts: readonly number[];
  }[];
}
export interface MapLine {
  readonly label: string;
  readonly text: string;
  readonly fromNs: number;
  /** -1: has no end within the trace. */
  readonly toNs: number;
  readonly offset: number;
  /** -1: to the end of the file. */
  readonly length: number;
}
export interface MapPoint {
  readonly atNs: number;
  readonly offset: number;
  readonly length: number;
  readonly look: 'moved' | 'refused' | 'delayed' | 'stale';
  readonly text: string;
  readonly count: number;
}
/** Block map of a file: time to the right, file offset down, cells by state; holds as brackets, what happened as marks. */
export interface MapChart extends ChartBase {
  readonly mark: 'map';
  readonly fromNs: number;
  readonly toNs: number;
  /** Start of the trace: times are shown since then. */
  readonly startNs: number;
  readonly endBytes: number;
  readonly states: readonly string[];
  readonly moved: readonly number[];
  readonly holds: readonly MapLine[];
  readonly points: readonly MapPoint[];
}
/** `counts[t * upper.length + l]`, time bins of equal width between `fromNs` and `toNs`. */
export interface HeatChart extends ChartBase {
  readonly mark: 'heat';
  readonly fromNs: number;
  readonly toNs: number;
  readonly timeBins: number;
  readonly upperNs: readonly number[];
  /** Ends of the latency axis. */
  readonly rangeNs: readonly [number, number];
  readonly counts: readonly number[];
}
export interface Span {
  readonly fromNs: number;
  /** -1: has no end. */
  readonly toNs: number;
  readonly state: 'closed' | 'alive' | 'orphaned' | 'failed';
  /** When its holder was gone; -1: never. */
  readonly goneNs: number;
  /** Still there after a crash and a remount. */
  readonly survivesCrash: boolean;
  readonly text: string;
}
export interface TimelineChart extends ChartBase {
  readonly mark: 'timeline';
  readonly fromNs: number;
  readonly toNs: number;
  readonly style: number;
  readonly rows: readonly { readonly label: string; readonly spans: readonly Span[] }[];
}
/** Who came when, on one small axis. */
export interface ChainChart extends ChartBase {
  readonly mark: 'chain';
  readonly startNs: number;
  readonly endNs: number;
  readonly rows: readonly {
    readonly label: string;
    readonly look: 'hold' | 'asked' | 'wait';
    readonly fromNs: number;
    /** -1: has no end within the trace. */
    readonly toNs: number;
  }[];
}
export interface Extent {
  readonly offset: number;
  readonly length: number;
  readonly addr: number;
  readonly state: string;
}
/** The map of one range before and after. */
export interface ExtentsChart extends ChartBase {
  readonly mark: 'extents';
  /** The range that was asked for; `length` -1: to the end. */
  readonly offset: number;
  readonly length: number;
  readonly before: readonly Extent[];
  readonly after: readonly Extent[];
}
export type Chart =
  | CdfChart
  | HeatChart
  | StackChart
  | ActivityChart
  | MapChart
  | TimelineChart
  | ChainChart
  | ExtentsChart;

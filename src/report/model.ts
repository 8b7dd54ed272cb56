// The Report model: what sections say and renderers print. A renderer knows these blocks and never a section;
// a section knows these blocks and never markup. Every chart carries its data, so its table twin cannot be forgotten.

export type Unit = 'ns' | 'bytes' | 'count' | 'ratio' | 'times';

/**
 * Where a figure comes from. `recorded`: counted in the trace; `modelled`: computed by a replay; `assumed`: rests on a
 * price nobody measured. The other four are the classes of the cost tables.
 */
export type Provenance = 'recorded' | 'modelled' | 'assumed' | 'measured' | 'sourced' | 'derived' | 'guess';

export type Tone = 'good' | 'warn' | 'bad' | 'quiet' | 'info';

export interface Value {
  readonly kind: 'value';
  readonly value: number;
  readonly unit: Unit;
  readonly basis: Provenance;
}
/** A name or line as the trace has it: hostile, possibly very long. */
export interface Raw {
  readonly kind: 'raw';
  readonly text: string;
  /** `prose`: a sentence; `short`: cut early, kept on one line. */
  readonly form?: 'prose' | 'short';
}
/** A policy by its legend entry. */
export interface PolicyName {
  readonly kind: 'policy';
  readonly name: string;
  readonly style: number;
}
export interface Chip {
  readonly kind: 'chip';
  readonly tone: Tone;
  readonly text: string;
}
/** A jump inside the report; `to` is the id of a section or card. */
export interface Jump {
  readonly kind: 'jump';
  readonly to: string;
  /** Only the rows with this answer, where a script can filter: `ondisk.deny`. */
  readonly show?: string;
  readonly text: Text;
}
/** Emphasis. */
export interface Strong {
  readonly kind: 'strong';
  readonly text: Text;
}
/** A second line in smaller print. */
export interface Small {
  readonly kind: 'small';
  readonly text: Text;
}
export type Inline = string | Value | Raw | PolicyName | Chip | Jump | Strong | Small;
export type Text = Inline | readonly Inline[];

export interface Cell {
  readonly text: Text;
  readonly tone?: Tone;
  /** Length of the bar drawn under the figure, 0..1. */
  readonly bar?: number;
  /** Rows this (head) cell covers. */
  readonly rows?: number;
}

export interface Column {
  readonly title: Text;
  readonly align?: 'start' | 'end' | 'center';
  /** Neighbours with the same group share one heading above. */
  readonly group?: string;
  /** Makes the cells of this column headings of their row. */
  readonly head?: boolean;
}

export interface TextBlock {
  readonly kind: 'text';
  readonly text: Text;
  readonly tone?: Tone;
}
export interface ListBlock {
  readonly kind: 'list';
  readonly items: readonly Text[];
}
export interface Fact {
  readonly label: string;
  readonly text: Text;
  readonly tone?: Tone;
}
export interface FactsBlock {
  readonly kind: 'facts';
  /** `figures`: large figures side by side; `lines`: a definition list. */
  readonly as: 'figures' | 'lines';
  readonly items: readonly Fact[];
}
/** A state of affairs the reader must see. */
export interface NoticeBlock {
  readonly kind: 'notice';
  readonly tone: Tone;
  readonly title: string;
  readonly items: readonly Text[];
}
/** What a row or card stands for, so that it can be linked to and filtered by time and by answer. */
export interface Mark {
  /** Names the places a link may lead to: `ondisk.deny`; the first row or card that bears one is its target. */
  readonly answers?: readonly string[];
  /** When it happened: pairs of ns since the start of the trace. */
  readonly when?: readonly (readonly [number, number])[];
}

export interface TableBlock {
  readonly kind: 'table';
  /** Name of its CSV file and SQL table, where it deserves one. */
  readonly name?: string;
  readonly caption: Text;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** By row. */
  readonly marks?: readonly Mark[];
  /** Small print under the table. */
  readonly note?: Text;
  readonly dense?: boolean;
  /** Tones fill the cells. */
  readonly shaded?: boolean;
}
/** Lines of a file with their numbers, or a command. */
export interface LinesBlock {
  readonly kind: 'lines';
  readonly label: string;
  readonly lines: readonly { readonly place: string; readonly text: string }[];
}
export interface DetailsBlock {
  readonly kind: 'details';
  readonly id?: string;
  readonly summary: Text;
  readonly blocks: readonly Block[];
}
/** Blocks under each other in one cell of a grid. */
export interface StackBlock {
  readonly kind: 'stack';
  readonly blocks: readonly Block[];
}
export interface GridBlock {
  readonly kind: 'grid';
  /** Three beside each other where there is room. */
  readonly narrow?: boolean;
  readonly blocks: readonly Block[];
}

export interface Side {
  readonly role: string;
  readonly who: Text;
  readonly facts: readonly Fact[];
}
/** Two parties and what came of it. */
export interface Card {
  readonly id: string;
  /** Further ids that lead here. */
  readonly aliases: readonly string[];
  readonly title: Text;
  readonly outcome: Chip;
  readonly left: Side;
  readonly right: Side;
  readonly blocks: readonly Block[];
  readonly mark?: Mark;
}
export interface CardsBlock {
  readonly kind: 'cards';
  readonly cards: readonly Card[];
}

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
  /** As wide as the page. */
  readonly wide?: boolean;
  readonly xLabel: string;
  readonly series: readonly Series[];
}
export interface StackPart {
  readonly label: string;
  readonly basis: Provenance;
  readonly look: 'recorded' | 'priced' | 'refused' | 'commit' | 'invalidate' | 'wait' | 'extra';
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

export type Block =
  | TextBlock
  | ListBlock
  | FactsBlock
  | NoticeBlock
  | TableBlock
  | LinesBlock
  | DetailsBlock
  | GridBlock
  | StackBlock
  | CardsBlock
  | Chart;

export interface Section {
  readonly id: string;
  readonly title: string;
  /** Short form for the table of contents. */
  readonly short: string;
  /** One sentence before anything else. */
  readonly finding: Text;
  /** The one section whose finding is set large. */
  readonly lead?: boolean;
  /** Its title is only a label. */
  readonly minor?: boolean;
  readonly blocks: readonly Block[];
}

export interface Report {
  readonly title: string;
  readonly subtitle: Text;
  /** Policies in the order of the run; the index is the style. */
  readonly legend: readonly { readonly name: string; readonly title: string }[];
  readonly sections: readonly Section[];
  readonly footer: Text;
}

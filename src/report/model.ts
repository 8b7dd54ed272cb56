// The Report model: what sections say and renderers print. A renderer knows these blocks and never a section;
// a section knows these blocks and never markup. Every chart carries its data, so its table twin cannot be forgotten.

import type { Chart } from './charts.js';

export type {
  ActivityChart,
  CdfChart,
  ChainChart,
  Chart,
  Extent,
  ExtentsChart,
  HeatChart,
  MapChart,
  MapLine,
  MapPoint,
  Series,
  Span,
  StackChart,
  StackPart,
  TimelineChart,
} from './charts.js';

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

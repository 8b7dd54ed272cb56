// The block map picture as a table: what the map was made of, who held what, and what happened, in the order of time.
import { formatNs, formatShare } from '../format.js';
import { prose, range, raw } from '../inline.js';
import type { Cell, MapChart, TableBlock } from '../model.js';

const LOOKS = 9;
const MOST = 60;
const NAMES: Readonly<Record<string, string>> = {
  w: 'written',
  u: 'unwritten',
  d: 'delalloc',
  s: 'shared',
  '.': 'hole',
  '?': 'not known',
};

interface Entry {
  readonly atNs: number;
  readonly cells: readonly Cell[];
}

export const mapTwin = (chart: MapChart): TableBlock => {
  const since = (ns: number): string => formatNs(Math.max(0, ns - chart.startNs));
  const entry = (atNs: number, what: string, where: string, text: Cell['text']): Entry => ({
    atNs,
    cells: [{ text: since(atNs) }, { text: what }, { text: where }, { text }],
  });
  const all = [
    ...looksOf(chart).map(({ atNs, text }) => entry(atNs, 'map', 'whole file', text)),
    ...chart.holds.map((hold) => entry(hold.fromNs, 'hold', range(hold.offset, hold.length), raw(hold.text, 'prose'))),
    ...chart.points.map((point) => entry(point.atNs, point.look, range(point.offset, point.length), prose(point.text))),
  ].sort((a, b) => a.atNs - b.atNs);
  return {
    kind: 'table',
    caption: 'The map, its holds and what happened',
    dense: true,
    columns: [
      { title: 'Since start', head: true, align: 'end' },
      { title: 'What' },
      { title: 'Range' },
      { title: 'Detail' },
    ],
    rows: all.slice(0, MOST).map(({ cells }) => cells),
    ...(all.length > MOST ? { note: `${all.length - MOST} more in the JSON form.` } : {}),
  };
};

/** Shares of the states at a few times. */
const looksOf = ({ states, fromNs, toNs }: MapChart): readonly { readonly atNs: number; readonly text: string }[] => {
  if (states.length === 0) return [];
  return Array.from({ length: LOOKS }, (_, i) => {
    const t = Math.round(((states.length - 1) * i) / (LOOKS - 1));
    const column = [...states[t]!];
    const parts = Object.entries(NAMES).flatMap(([code, name]) => {
      const share = column.filter((one) => one === code).length / Math.max(1, column.length);
      return share === 0 ? [] : [`${formatShare(share)} ${name}`];
    });
    return { atNs: fromNs + ((toNs - fromNs) * (t + 1)) / states.length, text: parts.join(', ') };
  });
};

// How to get these figures again, and what every modelled one rests on.
import type { Basis } from '../../model/costs.js';
import type { PriceRow, Run } from '../../results/types.js';
import { middleCut } from '../format.js';
import { cell, chip, raw, value } from '../inline.js';
import { namer, words } from '../lanes.js';
import type { Block, Cell, Section, Tone } from '../model.js';
import type { SectionBuilder } from '../section.js';

export const reproduce: SectionBuilder = {
  place: 100,
  build: (run: Run): Section => ({
    id: 'reproduce',
    title: 'Reproduce',
    short: 'Reproduce',
    finding: 'The same trace, settings, seed and version give the same bytes on any machine.',
    blocks: [
      { kind: 'lines', label: 'Command', lines: [{ place: '$', text: run.command }] },
      { kind: 'facts', as: 'lines', items: [{ label: 'sealtrace', text: raw(run.version) }, ...settings(run)] },
      ...prices(run),
      ...cites(run),
    ],
  }),
};

const settings = (run: Run): readonly { readonly label: string; readonly text: ReturnType<typeof raw> }[] =>
  Object.entries(run.report.settings).map(([label, text]) => ({ label, text: raw(text) }));

const MEANING: Readonly<Record<Basis, { readonly tone: Tone }>> = {
  measured: { tone: 'good' },
  sourced: { tone: 'info' },
  derived: { tone: 'quiet' },
  guess: { tone: 'warn' },
};

const prices = (run: Run): readonly Block[] => {
  if (run.prices.length === 0) return [];
  return [
    {
      kind: 'table',
      caption: `Prices of what the trace did not measure (cost model ${[...new Set(run.report.lanes.map((lane) => words(lane.costs)))].join(', ')})`,
      dense: true,
      columns: [
        { title: 'Step', head: true },
        { title: 'Fixed', align: 'end' },
        { title: 'Per KiB', align: 'end' },
        { title: 'Class' },
        { title: 'Seen elsewhere' },
        { title: 'Source' },
      ],
      rows: run.prices.map(priceRow),
      note: 'measured: by sealtrace on a named machine. sourced: published by others. derived: computed from those. guess: nobody measured it.',
    },
  ];
};

/** Prose of our own tables, bounded. */
const text = (of: string): string => middleCut(of, 200);

const priceRow = (price: PriceRow): readonly Cell[] => [
  cell(words(price.step)),
  cell(value(price.fixedNs, 'ns', price.basis)),
  cell(
    price.nsPerByte === 0 ? '–' : value(price.nsPerByte * 1024, 'ns', price.basis),
    price.nsPerByte === 0 ? { tone: 'quiet' } : {},
  ),
  cell(chip(MEANING[price.basis].tone, price.basis)),
  cell(text(price.range || '–')),
  cell(text(price.from)),
];

const cites = (run: Run): readonly Block[] => {
  const rows = Object.entries(run.cites);
  if (rows.length === 0) return [];
  const policy = namer(run);
  return [
    {
      kind: 'details',
      summary: 'Sources of the policies',
      blocks: [
        {
          kind: 'table',
          caption: 'Where each policy is written down',
          dense: true,
          columns: [{ title: 'Policy', head: true }, { title: 'Source' }],
          rows: rows.flatMap(([name, all]) =>
            all.map((cite, i) => [...(i === 0 ? [cell(policy(name), { rows: all.length })] : []), cell(text(cite))]),
          ),
        },
      ],
    },
  ];
};

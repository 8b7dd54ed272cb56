// At which price another policy becomes the cheapest: of a refusal, of waiting, of a journal commit, of an invalidation.
// The counts of the replay are kept and one price changes at a time, so that the cost of each policy is a straight line.
import type { Components, LaneReport, Run } from '../../results/types.js';
import { cell, joined, value } from '../inline.js';
import { baselineOf, detailOf, namer, refusalsOver, sum } from '../lanes.js';
import type { Cell, Inline, Section, Text } from '../model.js';
import type { SectionBuilder } from '../section.js';
import { type CostLine, lowerEdge, type Tip } from '../tipping.js';

export const tipping: SectionBuilder = {
  place: 47,
  build: (run: Run): Section | null => {
    const lanes = comparable(run);
    if (lanes.length < 2) return null;
    const rows = [...refusalTips(run, lanes), ...factorTips(run, lanes)];
    const section = { id: 'tipping', title: 'Tipping points', short: 'Tipping' };
    if (rows.length === 0)
      return { ...section, finding: always(run, lanes), blocks: [{ kind: 'text', tone: 'quiet', text: NOTE }] };
    return {
      ...section,
      finding: finding(run, rows[0]!),
      blocks: [
        {
          kind: 'table',
          name: 'tipping',
          caption: 'Where another policy becomes the cheapest, when one price changes and all else stays',
          columns: [
            { title: 'What changes', head: true },
            { title: 'Tips at', align: 'end' },
            { title: 'In this replay', align: 'end' },
            { title: 'Cheapest below' },
            { title: 'Cheapest above' },
          ],
          rows: rows.map(({ what, at, now, tip }) => [
            cell(what),
            at,
            now,
            cell(named(run, tip.below)),
            cell(named(run, tip.above)),
          ]),
          note: NOTE,
        },
      ],
    };
  },
};

const NOTE: readonly Inline[] = [
  'Cost: the time of all calls of all threads, with their waits, commits and invalidations. ',
  'Assumed: the replay would refuse, delay and commit the same operations at any price. A refused call does no work, so its price must hold what doing the work in another way costs. ',
  'Compared: policies under which no device touched stale blocks and no thread waits for ever; not the recording, nor the ordinary file where nothing went stale. ',
  'The rows on other prices compare only policies that refuse nothing.',
];

interface Row {
  readonly what: string;
  readonly at: Cell;
  readonly now: Cell;
  readonly tip: Tip;
}

/** Tips beyond these are none in practice: an hour for one refusal, a thousand times the price. */
const LONGEST_NS = 3.6e12;
const MOST_TIMES = 1000;

/** Policies whose costs can be held against each other. */
const comparable = (run: Run): readonly LaneReport[] => {
  const base = baselineOf(run);
  const danger = run.report.lanes.some(({ hazards }) => hazards.count > 0);
  return run.report.lanes.filter(
    (lane) =>
      !['recorded', 'oracle'].includes(lane.policy) &&
      lane.operations > 0 &&
      lane.hazards.count === 0 &&
      lane.stillWaiting + lane.notReached === 0 &&
      (danger || lane !== base || lane.seals.opened > 0),
  );
};

const total = (run: Run, { policy }: LaneReport, part?: keyof Components): number =>
  sum(
    Object.values(detailOf(run, policy)?.components ?? {}).map((parts) =>
      part === undefined ? sum(Object.values(parts)) : parts[part],
    ),
  );

const refusalLines = (run: Run, lanes: readonly LaneReport[]): readonly CostLine[] =>
  lanes.map((lane) => ({
    names: [lane.policy],
    fixedNs: total(run, lane),
    perX: refusalsOver(lane, baselineOf(run)).count,
  }));

const refusalTips = (run: Run, lanes: readonly LaneReport[]): readonly Row[] => {
  return tipsOf(refusalLines(run, lanes), LONGEST_NS).map((tip) => ({
    what: 'What a refused operation costs the application',
    at: cell(value(tip.x, 'ns', 'modelled')),
    now: cell('not in a trace', { tone: 'quiet' }),
    tip,
  }));
};

/** Parts of the cost that grow with a price; the step is that of the price list. */
const FACTORS: readonly { readonly part: keyof Components; readonly what: string; readonly step?: string }[] = [
  { part: 'waitNs', what: 'How long holders are waited for, all waits alike' },
  { part: 'commitNs', what: 'Price of a journal commit', step: 'commit' },
  { part: 'invalidateNs', what: 'Price of taking translations from a device', step: 'invalidate' },
];

const factorTips = (run: Run, lanes: readonly LaneReport[]): readonly Row[] => {
  const willing = lanes.filter((lane) => refusalsOver(lane, baselineOf(run)).count === 0);
  return FACTORS.flatMap(({ part, what, step }) => {
    const price = run.prices.find((one) => one.step === step);
    const lines = willing.map((lane): CostLine => {
      const perX = total(run, lane, part);
      return { names: [lane.policy], fixedNs: total(run, lane) - perX, perX };
    });
    return tipsOf(lines, MOST_TIMES).map((tip) => ({
      what,
      at: cell(
        price === undefined ? value(tip.x, 'times', 'modelled') : value(tip.x * price.fixedNs, 'ns', 'modelled'),
      ),
      now: cell(price === undefined ? value(1, 'times', 'modelled') : value(price.fixedNs, 'ns', price.basis)),
      tip,
    }));
  });
};

const tipsOf = (lines: readonly CostLine[], most: number): readonly Tip[] =>
  (lowerEdge(lines)?.tips ?? []).filter(({ x }) => x > 0 && x <= most);

const named = (run: Run, { names }: CostLine): readonly Inline[] =>
  joined(
    names.map((name) => namer(run)(name)),
    ', ',
  );

const always = (run: Run, lanes: readonly LaneReport[]): Text => [
  'Whatever a refusal, a wait, a journal commit or an invalidation costs (up to a thousand times what is assumed), the cheapest of the policies under which nothing goes stale is ',
  ...named(run, lowerEdge(refusalLines(run, lanes))!.first),
  '.',
];

const finding = (run: Run, { what, at, tip }: Row): Text => [
  `${what}: from `,
  ...(Array.isArray(at.text) ? at.text : [at.text as Inline]),
  ' up ',
  ...named(run, tip.above),
  ' would be the cheapest, below it ',
  ...named(run, tip.below),
  '.',
];

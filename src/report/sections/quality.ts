// What went in, what could not be used, how well the replay repeats its own recording. Stands before the verdict.
import type { Run } from '../../results/types.js';
import { formatCount, plural } from '../format.js';
import { count, jump, prose, small, strong, value } from '../inline.js';
import { sum } from '../lanes.js';
import type { Fact, NoticeBlock, Section, Text, Tone } from '../model.js';
import type { SectionBuilder } from '../section.js';

export const quality: SectionBuilder = {
  place: 10,
  build: (run: Run): Section => ({
    id: 'quality',
    title: 'Data quality',
    short: 'Quality',
    minor: true,
    finding: [],
    blocks: [
      notice(run),
      { kind: 'facts', as: 'figures', items: figures(run) },
      { kind: 'text', tone: 'quiet', text: jump('account', 'The whole account, by source and cause') },
    ],
  }),
};

const notice = (run: Run): NoticeBlock => {
  const { safe, reasons } = run.report.quality;
  const told = reasons.map((reason): Text => [strong('Unsafe: '), prose(reason)]);
  const items = [...told, ...caveats(run)];
  if (run.report.trace.operations.total === 0)
    return { kind: 'notice', tone: 'warn', title: 'Too little data for any conclusion', items };
  return safe
    ? { kind: 'notice', tone: 'good', title: 'The data carry the conclusions below', items }
    : { kind: 'notice', tone: 'bad', title: 'Read the figures below as a sketch', items };
};

/** What limits a conclusion without making it wrong. */
const caveats = (run: Run): readonly Text[] => {
  const { deviceAccess } = run.report.trace;
  const unseen = deviceAccess.pages - deviceAccess.placedPages;
  const guesses = run.prices.filter(({ basis }) => basis === 'guess');
  const modelled = run.report.lanes.filter((lane) => lane.measuredShare < 0.999 && lane.operations > 0);
  return [
    ...(deviceAccess.accesses === 0
      ? ['No device access in the trace: whether hardware would have touched stale blocks cannot show.']
      : []),
    ...(unseen > 0
      ? [
          `${plural(unseen, 'page')} that devices touched could not be led back to a file: stale accesses among them stay unseen.`,
        ]
      : []),
    ...(modelled.length > 0 && guesses.length > 0
      ? [
          [
            `Latencies rest on the recording where it has them, else on prices; ${guesses.length} of ${run.prices.length} prices are `,
            jump('reproduce', 'guesses'),
            '.',
          ],
        ]
      : []),
  ];
};

const figures = (run: Run): readonly Fact[] => {
  const { trace, quality: state, fidelity } = run.report;
  const records = sum(trace.sources.map((source) => source.records));
  const typed = sum(trace.sources.map((source) => source.typed));
  const lost = sum(trace.sources.map((source) => source.lost.events));
  const gaps = sum(trace.sources.map((source) => source.lost.spans.length));
  const unplaced = sum(trace.unplaced.map((row) => row.count));
  const share = fidelity.operations === 0 ? null : fidelity.agreed / fidelity.operations;
  return [
    {
      label: 'Records in',
      text: [count(records, 'recorded'), small(`${formatCount(typed)} typed, ${formatCount(records - typed)} generic`)],
    },
    {
      label: 'Lost',
      text: [count(lost, 'recorded'), small(gaps === 0 ? 'no gap' : plural(gaps, 'gap'))],
      ...toned(lost > 0, 'bad'),
    },
    {
      label: 'Not placed',
      text: [count(unplaced, 'recorded'), small(`${formatCount(trace.operations.unpaired)} unpaired`)],
      ...toned(unplaced > 0, 'warn'),
    },
    pagesFact(trace.deviceAccess),
    {
      label: 'Fidelity',
      text:
        share === null
          ? ['–', small('nothing to compare')]
          : [value(share, 'ratio', 'modelled'), small(agreement(fidelity))],
      ...toned(share !== null && share < 1, share !== null && share < 0.99 ? 'bad' : 'warn'),
    },
    {
      label: 'Divergence',
      text: [value(state.divergence, 'ratio', 'modelled'), small('most, of all lanes')],
      ...toned(state.divergence > 0.05, 'bad'),
    },
  ];
};

const agreement = (fidelity: Run['report']['fidelity']): string =>
  `${formatCount(fidelity.agreed)} of ${formatCount(fidelity.operations)} results`;

const toned = (when: boolean, tone: Tone): { readonly tone?: Tone } => (when ? { tone } : {});

const pagesFact = (access: Run['report']['trace']['deviceAccess']): Fact => {
  const label = 'Pages placed';
  if (access.pages === 0) return { label, text: ['–', small('no device access')] };
  const share = access.placedPages / access.pages;
  return {
    label,
    text: [
      value(share, 'ratio', 'recorded'),
      small(`${formatCount(access.placedPages)} of ${formatCount(access.pages)} by devices`),
    ],
    ...toned(share < 1, share < 0.98 ? 'bad' : 'warn'),
  };
};

// The life of every seal, policy by policy, and what was left when its holder or the machine was gone.
import type { HoldLife, LaneDetail, Run, SealLife } from '../../results/types.js';
import { formatCount, formatTime, plural } from '../format.js';
import { answer, cell, chip, count, joined, moment, prose, raw, value } from '../inline.js';
import { namer, startOf, sum, words } from '../lanes.js';
import type { Block, Cell, Chip, Mark, Section, Span, Text, TimelineChart } from '../model.js';
import type { SectionBuilder } from '../section.js';

const ROWS = 12;
const SPANS_PER_ROW = 60;
const LEFT = 30;

export const seals: SectionBuilder = {
  place: 80,
  build: (run: Run): Section => {
    const lanes = run.details.filter((detail) => detail.seals.length > 0);
    return {
      id: 'seals',
      title: 'Seals over time',
      short: 'Seals',
      finding: finding(run),
      blocks: [...holders(run), ...lanes.map((detail) => timeline(run, detail)), ...remaining(run), ...failures(run)],
    };
  },
};

const finding = (run: Run): Text => {
  const sealing = run.report.lanes.filter((lane) => lane.seals.opened + lane.seals.failed > 0);
  if (sealing.length === 0)
    return 'No policy opened a seal: nothing in the trace held a file for a device under the seal rule of this run.';
  const policy = namer(run);
  const opened = sum(sealing.map((lane) => lane.seals.opened));
  const left = sealing.filter(({ seals: { orphaned, leftAfterCrash } }) => orphaned + leftAfterCrash > 0);
  const head: Text = [
    count(opened),
    ` ${opened === 1 ? 'seal' : 'seals'} opened under ${plural(sealing.length, 'policy', 'policies')}; `,
  ];
  if (left.length === 0) return [...head, 'none outlived its holder, none would survive a crash.'];
  const told = left.map(
    (lane): Text => [
      policy(lane.policy),
      ' leaves ',
      count(lane.seals.orphaned),
      " after the holder's exit and ",
      count(lane.seals.leftAfterCrash),
      ' after a crash',
    ],
  );
  return [...head, ...joined(told, '; '), '.'];
};

const stateOf = (seal: SealLife): Span['state'] => {
  if (seal.failure !== '') return 'failed';
  if (seal.orphaned) return 'orphaned';
  return seal.toNs < 0 ? 'alive' : 'closed';
};

const describe = (seal: SealLife): string => {
  const state = stateOf(seal);
  const end =
    seal.toNs < 0
      ? 'still alive at the end'
      : `to ${formatTime(seal.toNs)}${seal.endedBy === '' ? '' : ` (${seal.endedBy})`}`;
  const tail = state === 'failed' ? `failed: ${seal.failure}` : end;
  return `${words(seal.kind)} by ${seal.holder}, from ${moment(seal.fromNs)}, ${tail}${seal.orphaned ? ', orphaned' : ''}`;
};

const timeline = (run: Run, { policy, seals: all, sealsLeftOut }: LaneDetail): TimelineChart => {
  const rows = new Map<string, Span[]>();
  let hidden = sealsLeftOut;
  for (const seal of all) {
    const spans = rows.get(seal.file) ?? [];
    if (spans.length >= SPANS_PER_ROW || (spans.length === 0 && rows.size >= ROWS)) {
      hidden++;
      continue;
    }
    spans.push({
      fromNs: seal.fromNs,
      toNs: seal.toNs,
      state: stateOf(seal),
      goneNs: seal.holderExitNs,
      survivesCrash: seal.survivesCrash,
      text: describe(seal),
    });
    rows.set(seal.file, spans);
  }
  const { fromNs, toNs } = run.report.trace.span;
  const style = namer(run)(policy);
  return {
    kind: 'chart',
    mark: 'timeline',
    caption: [style, ...(hidden > 0 ? [`, ${formatCount(hidden)} more not drawn`] : [])],
    summary: `Seals of ${policy} on ${plural(rows.size, 'file')} over the time of the trace.`,
    basis: policy === 'recorded' ? 'recorded' : 'modelled',
    fromNs,
    toNs,
    style: style.style,
    rows: [...rows].map(([label, spans]) => ({ label, spans })),
  };
};

/** Who really held what, as recorded: the rows above the seals that stand for them. */
const holders = (run: Run): readonly TimelineChart[] => {
  const rows = new Map<string, Span[]>();
  let hidden = run.holdsLeftOut;
  for (const hold of run.holds) {
    const label = `${words(hold.kind)}, ${hold.file}`;
    const spans = rows.get(label) ?? [];
    if (spans.length >= SPANS_PER_ROW || (spans.length === 0 && rows.size >= ROWS)) {
      hidden++;
      continue;
    }
    spans.push(holdSpan(hold));
    rows.set(label, spans);
  }
  if (rows.size === 0) return [];
  const { fromNs, toNs } = run.report.trace.span;
  return [
    {
      kind: 'chart',
      mark: 'timeline',
      caption: ['Holders', ...(hidden > 0 ? [`, ${formatCount(hidden)} more not drawn`] : [])],
      summary: `Who held which file, and until when: ${plural(run.holds.length, 'hold')}.`,
      basis: 'recorded',
      fromNs,
      toNs,
      style: 0,
      rows: [...rows].map(([label, spans]) => ({ label, spans })),
    },
  ];
};

const holdSpan = ({ kind, holder, fromNs, toNs, endedBy }: HoldLife): Span => ({
  fromNs,
  toNs,
  state: toNs < 0 ? 'alive' : 'closed',
  goneNs: -1,
  survivesCrash: false,
  text: `${words(kind)} by ${holder || 'unknown'}, from ${formatTime(fromNs)} ${toNs < 0 ? 'to the end' : `to ${formatTime(toNs)}${endedBy === '' ? '' : ` (${endedBy})`}`}`,
});

const remaining = (run: Run): readonly Block[] => {
  const policy = namer(run);
  const left = run.details
    .flatMap((detail) => detail.seals)
    .filter((seal) => seal.failure === '' && (seal.toNs < 0 || seal.orphaned || seal.survivesCrash));
  if (left.length === 0) return [];
  const rows = [...left].sort(
    (a, b) => Number(b.orphaned) - Number(a.orphaned) || Number(b.survivesCrash) - Number(a.survivesCrash),
  );
  return [
    {
      kind: 'table',
      caption: 'What is left, and whose work it is to undo it',
      dense: true,
      columns: [
        { title: 'File', head: true },
        { title: 'Policy' },
        { title: 'Kind' },
        { title: 'Holder' },
        { title: 'Since', align: 'end' },
        { title: 'Seal call', align: 'end' },
        { title: 'At the end' },
        { title: 'After a crash' },
      ],
      name: 'seals_left',
      marks: rows.slice(0, LEFT).map((seal) => markOf(run, seal)),
      rows: rows
        .slice(0, LEFT)
        .map((seal): readonly Cell[] => [
          cell(raw(seal.file)),
          cell(policy(seal.policy)),
          cell(raw(words(seal.kind))),
          cell(raw(seal.holder)),
          cell(moment(seal.fromNs)),
          cell(value(seal.costNs, 'ns', 'modelled')),
          cell(endChip(seal)),
          cell(seal.survivesCrash ? chip('bad', 'still sealed') : chip('quiet', 'gone')),
        ]),
      ...(rows.length > LEFT ? { note: `${plural(rows.length - LEFT, 'more seal')} not listed.` } : {}),
    },
  ];
};

/** What is left, by the columns of the policy matrix. */
const markOf = (run: Run, seal: SealLife): Mark => ({
  answers: [
    answer(seal.policy, 'opened'),
    ...(seal.toNs < 0 ? [answer(seal.policy, 'left')] : []),
    ...(seal.orphaned ? [answer(seal.policy, 'orphaned')] : []),
    ...(seal.survivesCrash ? [answer(seal.policy, 'crash')] : []),
  ],
  when: [
    [seal.fromNs - startOf(run), seal.toNs < 0 ? run.report.trace.span.toNs - startOf(run) : seal.toNs - startOf(run)],
  ],
});

const endChip = (seal: SealLife): Chip => {
  if (seal.orphaned) return chip('bad', 'orphaned');
  return seal.toNs < 0 ? chip('warn', 'alive') : chip('quiet', `ended by ${seal.endedBy || 'release'}`);
};

const failures = (run: Run): readonly Block[] => {
  const failed = run.details.flatMap((detail) => detail.seals).filter((seal) => seal.failure !== '');
  if (failed.length === 0) return [];
  const policy = namer(run);
  return [
    {
      kind: 'table',
      caption: 'Seals that could not be made',
      dense: true,
      columns: [
        { title: 'File', head: true },
        { title: 'Policy' },
        { title: 'Holder' },
        { title: 'At', align: 'end' },
        { title: 'Took', align: 'end' },
        { title: 'Why' },
      ],
      rows: failed
        .slice(0, LEFT)
        .map((seal) => [
          cell(raw(seal.file)),
          cell(policy(seal.policy)),
          cell(raw(seal.holder)),
          cell(moment(seal.fromNs)),
          cell(value(seal.costNs, 'ns', 'modelled')),
          cell(prose(seal.failure)),
        ]),
    },
  ];
};

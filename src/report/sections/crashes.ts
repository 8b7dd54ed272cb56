// What a crash leaves, at each of the times that `--crash-at` named: seals that survive, claims and map changes that do not.
import type { CrashReport, LaneReport, Run } from '../../results/types.js';
import { formatTime, plural } from '../format.js';
import { cell, count, joined, prose, raw, small } from '../inline.js';
import { countBasis, namer } from '../lanes.js';
import type { Block, Cell, Section, Text } from '../model.js';
import type { SectionBuilder } from '../section.js';

const LISTED = 40;
const FILES = 3;

interface Crash {
  readonly lane: LaneReport;
  readonly crash: CrashReport;
}

export const crashes: SectionBuilder = {
  place: 85,
  build: (run: Run): Section | null => {
    const all = run.report.lanes.flatMap((lane) => lane.crashes.map((crash) => ({ lane, crash })));
    if (all.length === 0) return null;
    return {
      id: 'crashes',
      title: 'After a crash',
      short: 'Crashes',
      finding: finding(run, all),
      blocks: [table(run, all)],
    };
  },
};

const finding = (run: Run, all: readonly Crash[]): Text => {
  const policy = namer(run);
  const leaves = [...new Set(all.filter(({ crash }) => crash.sealsLeft > 0).map(({ lane }) => lane.policy))];
  const times = new Set(all.map(({ crash }) => crash.atNs)).size;
  const head = `${plural(times, 'crash', 'crashes')} replayed under every policy; `;
  if (leaves.length === 0) return `${head}no seal survives any of them.`;
  return [head, 'seals survive under ', ...joined(leaves.map((name) => policy(name))), '.'];
};

const table = (run: Run, all: readonly Crash[]): Block => {
  const policy = namer(run);
  const ranked = [...all].sort((a, b) => b.crash.sealsLeft - a.crash.sealsLeft || a.crash.atNs - b.crash.atNs);
  return {
    kind: 'table',
    name: 'crashes',
    caption: 'Most seals left first',
    dense: true,
    columns: [
      { title: 'Policy', head: true },
      { title: 'Crash at', align: 'end' },
      { title: 'Seals left', align: 'end' },
      { title: 'Files still sealed' },
      { title: 'Cleared by' },
      { title: 'Claims gone', align: 'end' },
      { title: 'Files with lost map changes', align: 'end' },
    ],
    rows: ranked.slice(0, LISTED).map(({ lane, crash }): readonly Cell[] => {
      const basis = countBasis(lane);
      const figure = (n: number): Cell => cell(count(n, basis), n === 0 ? { tone: 'quiet' } : {});
      return [
        cell(policy(lane.policy)),
        cell(formatTime(crash.atNs)),
        cell(count(crash.sealsLeft, basis), { tone: crash.sealsLeft === 0 ? 'quiet' : 'bad' }),
        cell(filesOf(crash)),
        cell(prose(crash.clearedBy || '–')),
        figure(crash.claimsGone),
        figure(crash.uncommittedFiles),
      ];
    }),
    ...(ranked.length > LISTED ? { note: `${plural(ranked.length - LISTED, 'more row')} not listed.` } : {}),
  };
};

const filesOf = ({ sealed, sealsLeft }: CrashReport): Text => {
  if (sealed.length === 0) return '–';
  const more = sealsLeft - Math.min(FILES, sealed.length);
  const names = joined(sealed.slice(0, FILES).map((file) => raw(file)));
  return more > 0 ? [...names, small(`and ${more} more`)] : names;
};

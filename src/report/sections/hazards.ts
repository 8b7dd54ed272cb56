// Device accesses, through a translation once valid, to blocks that were no longer that file range's.
import type { Evidence, Hazard, Run } from '../../results/types.js';
import { formatAddress, formatExactBytes, formatTime, plural } from '../format.js';
import { answer, cell, chip, count, inlines, joined, raw, small, value } from '../inline.js';
import { countBasis, namer, startOf, sum, tellsCoherence, unsealedLane, words } from '../lanes.js';
import type { Block, Cell, Inline, Mark, Raw, Section, Text, Tone } from '../model.js';
import type { SectionBuilder } from '../section.js';

const SHOWN = 20;
const LISTED = 100;

const CLASSES: Readonly<Record<Hazard['hazardClass'], { readonly text: string; readonly tone: Tone }>> = {
  a: { text: "file's own old data or free blocks", tone: 'warn' },
  b: { text: 'reads another file', tone: 'bad' },
  c: { text: 'writes into another file', tone: 'bad' },
  d: { text: 'writes into metadata', tone: 'bad' },
  incoherent: { text: 'meets what the other side stored and nobody flushed', tone: 'bad' },
};

const INCOHERENT =
  ' Incoherent: an access by CPU or device to what the other stored into device memory, with no fsync, msync or synchronous write between the two.';

export const hazards: SectionBuilder = {
  place: 70,
  build: (run: Run): Section => {
    const groups = grouped(run);
    const more = groups.slice(SHOWN, LISTED);
    return {
      id: 'hazards',
      title: 'Stale device accesses',
      short: 'Hazards',
      finding: finding(run),
      blocks: [
        ...(groups.length === 0 ? [] : [table(run, groups.slice(0, SHOWN), 'Worst class first, then by time')]),
        ...(more.length === 0 ? [] : [moreOf(run, more)]),
        ...evidence(groups.slice(0, SHOWN)),
        ...leftOut(run, groups.length),
      ],
    };
  },
};

const moreOf = (run: Run, groups: readonly HazardGroup[]): Block => ({
  kind: 'details',
  summary: plural(groups.length, 'more stale access', 'more stale accesses'),
  blocks: [table(run, groups, 'Further stale accesses')],
});

interface HazardGroup {
  readonly hazard: Hazard;
  readonly policies: readonly string[];
}

/** The same access under several policies is one row. */
const grouped = (run: Run): readonly HazardGroup[] => {
  const groups = new Map<string, { hazard: Hazard; policies: string[] }>();
  for (const hazard of run.details.flatMap((detail) => detail.hazards)) {
    const { atNs, op, hazardClass, file, offset, addr, bytes } = hazard;
    const key = JSON.stringify([atNs, op, hazardClass, file, offset, addr, bytes]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { hazard, policies: [hazard.policy] });
    else group.policies.push(hazard.policy);
  }
  return [...groups.values()].sort(({ hazard: a }, { hazard: b }) =>
    a.hazardClass === b.hazardClass ? a.atNs - b.atNs : a.hazardClass < b.hazardClass ? 1 : -1,
  );
};

const finding = (run: Run): Text => {
  const lane = unsealedLane(run);
  const { lanes, trace } = run.report;
  if (trace.deviceAccess.accesses === 0 && !tellsCoherence(lanes))
    return 'The trace holds no device access, so none can have gone stale; record the dma or nvme events to learn more.';
  if (lanes.every(({ hazards: { count } }) => count === 0) && tellsCoherence(lanes))
    return ["No device access touched blocks that were no longer the file's. ", ...coherence(run)];
  if (lanes.every(({ hazards: { count } }) => count === 0)) {
    return `None of the ${plural(trace.deviceAccess.accesses, 'device access', 'device accesses')} touched blocks that were no longer the file's, under any policy.`;
  }
  const policy = namer(run);
  const told = lanes
    .filter(({ hazards: { count } }) => count > 0)
    .map(
      (each): Text => [
        policy(each.policy),
        ' ',
        count(each.hazards.count, countBasis(each)),
        `${each.hazards.count === 1 ? ' access' : ' accesses'}, `,
        value(each.hazards.bytes, 'bytes', countBasis(each)),
      ],
    );
  const lead =
    lane !== null && lane.hazards.count > 0 ? 'Devices would have gone on using old addresses: ' : 'Even with seals: ';
  return [lead, ...joined(told, '; '), '.', ...(tellsCoherence(lanes) ? [' ', ...coherence(run)] : [])];
};

/** What software would have had to flush, and what it did not. */
const coherence = (run: Run): readonly Inline[] => {
  const policy = namer(run);
  const told = run.report.lanes
    .filter(({ handOvers, hazards }) => handOvers + hazards.incoherent > 0)
    .map((each): Text => {
      const { incoherent, incoherentBytes } = each.hazards;
      return [
        policy(each.policy),
        ' ',
        count(incoherent, countBasis(each)),
        ' incoherent (',
        value(incoherentBytes, 'bytes', countBasis(each)),
        `), ${plural(each.handOvers, 'hand-over')}`,
      ];
    });
  return ['Device memory that software keeps coherent: ', ...joined(told, '; '), '.'];
};

const table = (run: Run, groups: readonly HazardGroup[], caption: string): Block => ({
  kind: 'table',
  caption,
  dense: true,
  columns: [
    { title: 'At', head: true },
    { title: 'Access' },
    { title: 'Class' },
    { title: 'Size', align: 'end' },
    { title: 'File, offset' },
    { title: 'Address now owned by' },
    { title: 'Stale for', align: 'end' },
    { title: 'Under' },
  ],
  marks: groups.map((group) => markOf(run, group)),
  rows: groups.map((group) => row(run, group)),
  note: `Class a: old data of the same file, or blocks nobody owns yet. b: reads blocks of another file. c: writes into another file. d: writes into metadata.${
    groups.some(({ hazard }) => hazard.hazardClass === 'incoherent') ? INCOHERENT : ''
  }`,
});

const markOf = (run: Run, { hazard, policies }: HazardGroup): Mark => {
  const at = hazard.atNs - startOf(run);
  return {
    answers: policies.map((name) => answer(name, hazard.hazardClass === 'incoherent' ? 'incoherent' : 'stale')),
    when: [[at, at]],
  };
};

const row = (run: Run, { hazard, policies }: HazardGroup): readonly Cell[] => {
  const policy = namer(run);
  const kind = CLASSES[hazard.hazardClass];
  return [
    cell([formatTime(hazard.atNs), ...hazard.evidence.slice(0, 1).map((line) => small(place(line)))]),
    cell([words(hazard.op), small(raw(hazard.device, 'short'))]),
    cell([chip(kind.tone, hazard.hazardClass), ' ', small(kind.text)]),
    cell(value(hazard.bytes, 'bytes', 'modelled')),
    cell([raw(hazard.file), small(`at ${formatExactBytes(Math.max(0, hazard.offset))}`)]),
    cell([raw(hazard.ownerNow || 'nobody'), small(formatAddress(hazard.addr))]),
    cell(hazard.staleForNs < 0 ? 'unknown' : value(hazard.staleForNs, 'ns', 'modelled')),
    cell(
      joined(
        policies.slice(0, 9).map((name) => inlines(policy(name))),
        ' ',
      ),
    ),
  ];
};

const place = ({ source, row }: Evidence): Raw => raw(`${source}:${row}`, 'short');

const evidence = (groups: readonly HazardGroup[]): readonly Block[] => {
  const lines = groups.flatMap(({ hazard }) => hazard.evidence).filter(({ text }) => text !== '');
  if (lines.length === 0) return [];
  const shown = lines.slice(0, 2 * SHOWN).map((line) => ({ place: place(line).text, text: line.text }));
  return [
    {
      kind: 'details',
      summary: 'Lines of the trace behind these accesses',
      blocks: [{ kind: 'lines', label: 'Evidence in the trace', lines: shown }],
    },
  ];
};

const leftOut = (run: Run, shown: number): readonly Block[] => {
  const hidden = sum(run.details.map((detail) => detail.hazardsLeftOut));
  const cut = Math.max(0, shown - LISTED);
  if (hidden + cut === 0) return [];
  const parts = [
    ...(cut > 0 ? [`${plural(cut, 'access', 'accesses')} beyond the first ${LISTED}`] : []),
    ...(hidden > 0 ? [`${plural(hidden, 'access', 'accesses')} (over all policies) that the run only counted`] : []),
  ];
  return [{ kind: 'text', tone: 'quiet', text: `Not listed: ${parts.join('; ')}.` }];
};

// The block maps of the files on which most collided, over time: one sees who held what, what moved, and why it collided.
import type { FileHistory, MapMark, Run } from '../../results/types.js';
import { formatCount, formatTime, plural } from '../format.js';
import { joined, range, raw, small } from '../inline.js';
import { startOf, sum, words } from '../lanes.js';
import type { Block, MapChart, MapPoint, Section, Text } from '../model.js';
import type { SectionBuilder } from '../section.js';

export const blockMaps: SectionBuilder = {
  place: 56,
  build: (run: Run): Section | null => {
    if (run.maps.length === 0) return null;
    const [first, ...more] = run.maps.map((map) => chart(run, map));
    return {
      id: 'maps',
      title: 'Block maps over time',
      short: 'Block maps',
      finding: finding(run),
      blocks: [
        first!,
        ...more.map(
          (block): Block => ({ kind: 'details', summary: ['Block map of ', ...captionOf(block)], blocks: [block] }),
        ),
      ],
    };
  },
};

const captionOf = (chart: MapChart): readonly Exclude<Text, readonly unknown[]>[] => [chart.caption].flat();

const finding = (run: Run): Text => [
  'As recorded, with what a policy would have refused or delayed drawn on it. Most collided on ',
  ...joined([...new Set(run.maps.map((map) => map.file))].map((file) => raw(file))),
  '.',
];

const chart = (run: Run, map: FileHistory): MapChart => ({
  kind: 'chart',
  mark: 'map',
  caption: [
    raw(map.file),
    ...(map.file.startsWith('inode ') ? [] : [small(` inode ${map.inode.split(' ').at(-1)}`)]),
    ...(map.marksLeftOut > 0 ? [`, ${formatCount(map.marksLeftOut)} operations not drawn`] : []),
  ],
  summary: summary(map),
  basis: 'recorded',
  fromNs: map.fromNs,
  toNs: map.toNs,
  startNs: startOf(run),
  endBytes: map.endBytes,
  states: map.states,
  moved: map.moved,
  holds: map.holds.map(({ kind, holder, fromNs, toNs, offset, length, endedBy }) => ({
    label: `${words(kind)}: ${holder || 'unknown'}`,
    text: `${words(kind)} of ${range(offset, length)} by ${holder || 'unknown'}, from ${formatTime(fromNs)} ${toNs < 0 ? 'to the end of the trace' : `to ${formatTime(toNs)}${endedBy === '' ? '' : ` (${endedBy})`}`}`,
    fromNs,
    toNs,
    offset,
    length,
  })),
  points: [...map.marks.map(point), ...map.hazards.map((hazard) => stalePoint(hazard))],
});

const summary = ({ marks, holds, hazards }: FileHistory): string => {
  const refused = sum(marks.filter((mark) => mark.refusedBy.length > 0).map(({ count }) => count));
  const delayed = sum(
    marks.filter((mark) => mark.refusedBy.length === 0 && mark.delayedBy.length > 0).map(({ count }) => count),
  );
  return `File offset over time with ${plural(holds.length, 'hold')}; ${plural(refused, 'operation')} a policy would have refused, ${formatCount(delayed)} it would have delayed, ${formatCount(hazards.length)} stale device accesses.`;
};

const point = (mark: MapMark): MapPoint => {
  const look = mark.refusedBy.length > 0 ? 'refused' : mark.delayedBy.length > 0 ? 'delayed' : 'moved';
  const by = [
    ...(mark.refusedBy.length > 0 ? [`refused by ${mark.refusedBy.join(', ')}`] : []),
    ...(mark.delayedBy.length > 0 ? [`delayed by ${mark.delayedBy.join(', ')}`] : []),
  ];
  const times = mark.count === 1 ? '' : ` (${formatCount(mark.count)} times)`;
  return {
    atNs: mark.atNs,
    offset: mark.offset,
    length: mark.length,
    look,
    count: mark.count,
    text: `${words(mark.op)} of ${range(mark.offset, mark.length)} by ${mark.wanter || 'unknown'}${times}${by.length === 0 ? '' : `: ${by.join('; ')}`}`,
  };
};

const stalePoint = ({ atNs, offset, bytes, hazardClass, policies }: FileHistory['hazards'][number]): MapPoint => ({
  atNs,
  offset: Math.max(0, offset),
  length: bytes,
  look: 'stale',
  count: 1,
  text: `${hazardClass === 'incoherent' ? 'incoherent' : 'stale device'} access of ${range(Math.max(0, offset), bytes)}${hazardClass === 'incoherent' ? '' : `, class ${hazardClass}`}, under ${policies.join(', ')}`,
});

// Lives over time, one row per file. Ended: solid; alive at the end: open with an arrow; orphaned: hollow and dashed; failed: a cross.
import { formatNs, middleCut } from '../format.js';
import { inlines, prose, raw } from '../inline.js';
import type { Span, TableBlock, TimelineChart } from '../model.js';
import { type Frame, svg, timeScale, timeTicks, xAxis } from './chart-frame.js';
import { h, type Markup } from './escape.js';
import { colourOf, round } from './marks.js';

const ROW = 24;
const BAR = 13;

const frameOf = (rows: number): Frame => ({
  width: 1120,
  height: 10 + rows * ROW + 42,
  left: 250,
  right: 26,
  top: 8,
  bottom: 42,
});

export const timelineSvg = (chart: TimelineChart): Markup => {
  const frame = frameOf(chart.rows.length);
  const x = timeScale(frame, chart.fromNs, chart.toNs);
  const rows = chart.rows.map(({ label, spans }, i) => {
    const top = frame.top + i * ROW + (ROW - BAR) / 2;
    return h`<g><text class="row" x="${frame.left - 8}" y="${top + BAR - 2}" text-anchor="end">${middleCut(label, 32)}</text>${spans.map((span) => drawSpan(chart, frame, span, x, top))}</g>`;
  });
  return svg(frame, chart.summary, [xAxis(frame, timeTicks(x, 9), 'time in the trace'), rows]);
};

const drawSpan = (chart: TimelineChart, frame: Frame, span: Span, x: (ns: number) => number, top: number): Markup => {
  const left = Math.max(frame.left, x(span.fromNs));
  const end = span.toNs < 0 ? frame.width - frame.right : Math.min(frame.width - frame.right, x(span.toNs));
  const colour = colourOf(chart.style);
  const title = h`<title>${middleCut(span.text, 120)}</title>`;
  if (span.state === 'failed') return h`<path class="cross" d="${crossPath(left, top + BAR / 2)}">${title}</path>`;
  const bar = h`<rect class="span s-${span.state}" x="${round(left)}" y="${top}" width="${round(Math.max(2, end - left))}" height="${BAR}" fill="${colour}" stroke="${colour}">${title}</rect>`;
  return span.toNs < 0
    ? h`${bar}<path class="open" d="M${round(end)} ${top}l9 ${BAR / 2}l-9 ${BAR / 2}z" fill="${colour}"/>`
    : bar;
};

const crossPath = (x: number, y: number): string => `M${round(x - 4)} ${y - 4}l8 8m0 -8l-8 8`;

const sample = (state: Span['state'], colour: string): Markup => {
  const drawing =
    state === 'failed'
      ? h`<path class="cross" d="${crossPath(17, 6)}"/>`
      : h`<rect class="span s-${state}" x="2" y="1.5" width="24" height="9" fill="${colour}" stroke="${colour}"/>${state === 'closed' ? null : h`<path class="open" d="M26 1.5l7 4.5l-7 4.5z" fill="${colour}"/>`}`;
  return h`<svg class="sample" width="36" height="12" viewBox="0 0 36 12" aria-hidden="true">${drawing}</svg>`;
};

const WORDS: Readonly<Record<Span['state'], string>> = {
  closed: 'ended',
  alive: 'alive at the end',
  orphaned: 'holder gone, seal stays',
  failed: 'could not be made',
};

export const timelineLegend = (chart: TimelineChart): Markup => {
  const states = (Object.keys(WORDS) as Span['state'][]).filter((state) =>
    chart.rows.some(({ spans }) => spans.some((span) => span.state === state)),
  );
  return h`<ul class="legend">${states.map((state) => h`<li>${sample(state, colourOf(chart.style))}${WORDS[state]}</li>`)}</ul>`;
};

const TWIN_ROWS = 60;

export const timelineTwin = (chart: TimelineChart): TableBlock => {
  const all = chart.rows.flatMap(({ label, spans }) => spans.map((span) => ({ label, span })));
  return {
    kind: 'table',
    caption: ['Seals: ', ...inlines(chart.caption)],
    dense: true,
    columns: [
      { title: 'File', head: true },
      { title: 'From', align: 'end' },
      { title: 'To', align: 'end' },
      { title: 'State' },
      { title: 'What' },
    ],
    rows: all
      .slice(0, TWIN_ROWS)
      .map(({ label, span }) => [
        { text: raw(label) },
        { text: span.fromNs < 0 ? 'before the trace' : formatNs(span.fromNs) },
        { text: span.toNs < 0 ? 'no end' : formatNs(span.toNs) },
        { text: WORDS[span.state] },
        { text: prose(span.text) },
      ]),
    ...(all.length > TWIN_ROWS ? { note: `${all.length - TWIN_ROWS} more in the JSON form.` } : {}),
  };
};

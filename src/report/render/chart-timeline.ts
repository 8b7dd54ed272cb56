// Lives over time, one row per file. Ended: solid; alive at the end: open with an arrow; orphaned: hollow and dashed; failed: a cross.
import { formatNs, middleCut } from '../format.js';
import { inlines, prose, raw } from '../inline.js';
import type { Span, TableBlock, TimelineChart } from '../model.js';
import { type Frame, sinceStart, svg, timeScale, timeSpan, timeTicks, xAxis } from './chart-frame.js';
import { h, type Markup } from './escape.js';
import { colourOf, round } from './marks.js';

const ROW = 24;
const BAR = 13;

const frameOf = (rows: number): Frame => ({
  width: 1120,
  height: 10 + rows * ROW + 42,
  left: 250,
  right: 110,
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
  const crash = chart.rows.some(({ spans }) => spans.some((span) => span.survivesCrash))
    ? h`<text class="axis-title" x="${frame.width - 51}" y="${frame.height - frame.bottom + 16}" text-anchor="middle">after a crash</text>`
    : null;
  return svg(
    frame,
    chart.summary,
    [crash, xAxis(frame, timeTicks(x, 9, chart.fromNs), sinceStart(chart.fromNs)), rows],
    timeSpan(frame, chart.fromNs, chart.toNs),
  );
};

const drawSpan = (chart: TimelineChart, frame: Frame, span: Span, x: (ns: number) => number, top: number): Markup => {
  const left = Math.max(frame.left, x(span.fromNs));
  const gone = goneMark(frame, span, x, top);
  const end = span.toNs < 0 ? frame.width - frame.right : Math.min(frame.width - frame.right, x(span.toNs));
  const colour = colourOf(chart.style);
  const title = h`<title>${middleCut(span.text, 120)}</title>`;
  if (span.state === 'failed') return h`<path class="cross" d="${crossPath(left, top + BAR / 2)}">${title}</path>`;
  const bar = h`<rect class="span s-${span.state}" x="${round(left)}" y="${top}" width="${round(Math.max(2, end - left))}" height="${BAR}" fill="${colour}" stroke="${colour}">${title}</rect>`;
  if (span.toNs >= 0) return h`${bar}${gone}`;
  const after = span.survivesCrash
    ? h`<rect class="crash" x="${frame.width - 88}" y="${top}" width="74" height="${BAR}"/><text class="crash-text" x="${frame.width - 51}" y="${top + BAR - 3}" text-anchor="middle">still sealed</text>`
    : null;
  return h`${bar}${gone}<path class="open" d="M${round(end)} ${top}l9 ${BAR / 2}l-9 ${BAR / 2}z" fill="${colour}"/>${after}`;
};

/** Where the holder exited while its seal stayed. */
const goneMark = (frame: Frame, { goneNs, toNs }: Span, x: (ns: number) => number, top: number): Markup | null => {
  if (goneNs < 0 || (toNs >= 0 && goneNs >= toNs)) return null;
  const at = Math.min(frame.width - frame.right, x(goneNs));
  return h`<path class="gone" d="M${round(at)} ${top - 4}v${BAR + 8}"><title>the holder exits here</title></path>`;
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
  const gone = chart.rows.some(({ spans }) =>
    spans.some(({ goneNs, toNs }) => goneNs >= 0 && (toNs < 0 || goneNs < toNs)),
  );
  return h`<ul class="legend">${gone ? h`<li><svg class="sample" width="12" height="14" viewBox="0 0 12 14" aria-hidden="true"><path class="gone" d="M6 0v14"/></svg>holder exits</li>` : null}${states.map((state) => h`<li>${sample(state, colourOf(chart.style))}${WORDS[state]}</li>`)}</ul>`;
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

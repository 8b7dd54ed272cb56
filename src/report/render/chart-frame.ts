// What charts share: the svg element with its name, axes with units, ticks from d3-scale.
import { format } from 'd3-format';
import { scaleLinear } from 'd3-scale';
import { formatTime, middleCut } from '../format.js';
import { h, type Insert, type Markup } from './escape.js';
import { round } from './marks.js';

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** `time`: what `timeSpan` says, for charts over time. */
export const svg = (
  { width, height }: Pick<Frame, 'width' | 'height'>,
  label: string,
  inside: Insert,
  time: string | null = null,
): Markup =>
  h`<svg role="img" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-label="${middleCut(label, 400)}"${time === null ? null : h` data-time="${time}"`}>${inside}</svg>`;

export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** Horizontal axis under the plot: grid line, tick, label; the outer labels stay inside the picture. */
export const xAxis = (frame: Frame, ticks: readonly Tick[], title: string): Markup => {
  const y = frame.height - frame.bottom;
  return h`<g class="axis">${ticks.map(
    ({ at, label }) =>
      h`<path class="gridline" d="M${round(at)} ${frame.top}V${y}"/><text x="${round(at)}" y="${y + 16}" text-anchor="${anchor(frame, at, label)}">${label}</text>`,
  )}<path class="base" d="M${frame.left} ${y}H${frame.width - frame.right}"/><text class="axis-title" x="${frame.width - frame.right}" y="${y + 33}" text-anchor="end">${title}</text></g>`;
};

const anchor = (frame: Frame, at: number, label: string): string => {
  const half = label.length * 3.2;
  if (at + half > frame.width) return 'end';
  return at - half < 0 ? 'start' : 'middle';
};

export const yAxis = (frame: Frame, ticks: readonly Tick[], title: string): Markup =>
  h`<g class="axis">${ticks.map(
    ({ at, label }) =>
      h`<path class="gridline" d="M${frame.left} ${round(at)}H${frame.width - frame.right}"/><text x="${frame.left - 6}" y="${round(at) + 4}" text-anchor="end">${label}</text>`,
  )}<text class="axis-title" x="4" y="12">${title}</text></g>`;

/** The title of a time axis: the clock of the trace says when zero is. */
export const sinceStart = (startNs: number): string => `time since the start of the trace (${formatTime(startNs)})`;

/** Trace time to x. `startNs` is the zero of the labels. */
export const timeScale = (frame: Frame, fromNs: number, toNs: number) =>
  scaleLinear([fromNs, Math.max(toNs, fromNs + 1)], [frame.left, frame.width - frame.right]);

/** Ticks since the start of the trace, at round times. */
export const timeTicks = (scale: ReturnType<typeof timeScale>, most: number, startNs: number): readonly Tick[] => {
  const [from, to] = scale.domain() as [number, number];
  const since = scaleLinear([from - startNs, to - startNs], scale.range());
  const step = tickStep(since.ticks(most));
  return since.ticks(most).map((ns) => ({ at: since(ns), label: ns === 0 ? '0' : roundTime(ns, step) }));
};

const tickStep = ([first = 0, second = first + 1]: readonly number[]): number => Math.max(1, second - first);

/** A tick in the unit of its step, with the digits that tell it from its neighbours. */
const roundTime = (ns: number, step: number): string => {
  const [per, unit] = TIME_UNITS.find(([size]) => step >= size / 10) ?? [1, 'ns'];
  return `${format(`,.${Math.max(0, Math.ceil(-Math.log10(step / per) - 1e-9))}f`)(ns / per)}\u00a0${unit}`;
};

const TIME_UNITS = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
] as const;

/** What a script needs to place a time in a chart: start, end, and the x of both. */
export const timeSpan = ({ left, right, width }: Frame, fromNs: number, toNs: number): string =>
  `${fromNs} ${toNs} ${left} ${width - right}`;

/** Powers of ten that a log axis of durations shows, thinned to what fits. */
export const logTicks = (fromNs: number, toNs: number, most: number): readonly number[] => {
  const first = Math.ceil(Math.log10(fromNs) - 1e-9);
  const last = Math.floor(Math.log10(toNs) + 1e-9);
  const step = Math.max(1, Math.ceil((last - first + 1) / most));
  return Array.from({ length: Math.max(0, Math.floor((last - first) / step) + 1) }, (_, i) => 10 ** (first + i * step));
};

// What charts share: the svg element with its name, axes with units, ticks from d3-scale.
import { scaleLinear } from 'd3-scale';
import { formatNs, middleCut } from '../format.js';
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

export const svg = ({ width, height }: Pick<Frame, 'width' | 'height'>, label: string, inside: Insert): Markup =>
  h`<svg role="img" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-label="${middleCut(label, 400)}">${inside}</svg>`;

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

export const timeScale = (frame: Frame, fromNs: number, toNs: number) =>
  scaleLinear([fromNs, Math.max(toNs, fromNs + 1)], [frame.left, frame.width - frame.right]);

/** Ticks of trace time, all in the unit that suits the span. */
export const timeTicks = (scale: ReturnType<typeof timeScale>, most: number): readonly Tick[] =>
  scale.ticks(most).map((ns) => ({ at: scale(ns), label: ns === 0 ? '0' : formatNs(ns) }));

/** Powers of ten that a log axis of durations shows, thinned to what fits. */
export const logTicks = (fromNs: number, toNs: number, most: number): readonly number[] => {
  const first = Math.ceil(Math.log10(fromNs) - 1e-9);
  const last = Math.floor(Math.log10(toNs) + 1e-9);
  const step = Math.max(1, Math.ceil((last - first + 1) / most));
  return Array.from({ length: Math.max(0, Math.floor((last - first) / step) + 1) }, (_, i) => 10 ** (first + i * step));
};

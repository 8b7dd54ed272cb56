// The look of a policy: colour, dash pattern and marker together, so that no chart speaks by colour alone.
import {
  type SymbolType,
  symbol,
  symbolAsterisk,
  symbolCircle,
  symbolCross,
  symbolDiamond,
  symbolSquare,
  symbolStar,
  symbolTriangle,
  symbolWye,
} from 'd3-shape';
import { h, type Markup } from './escape.js';

/** Colours live in the style sheet as `--p0` .. `--p7`, for light and dark. */
export const COLOURS = 8;

const DASHES = ['', '7 3', '2 3', '9 3 2 3', '4 2', '12 3', '1 2', '6 2 1 2 1 2'];
const MARKERS: readonly SymbolType[] = [
  symbolCircle,
  symbolSquare,
  symbolTriangle,
  symbolDiamond,
  symbolCross,
  symbolStar,
  symbolWye,
  symbolAsterisk,
];

export const colourOf = (style: number): string => `var(--p${style % COLOURS})`;

/** From the ninth policy on colours repeat with another dash and another marker. */
const turned = (style: number): number => (style + Math.floor(style / COLOURS) * 3) % COLOURS;

export const dashOf = (style: number): string => DASHES[turned(style)]!;

export const markerPath = (style: number, area: number): string => symbol(MARKERS[turned(style)]!, area)() ?? '';

/** Asterisks have no area to fill. */
export const marker = (style: number, x: number, y: number, area = 42): Markup =>
  h`<path class="mark" d="${markerPath(style, area)}" transform="translate(${round(x)},${round(y)})" fill="${colourOf(style)}" stroke="${colourOf(style)}"/>`;

/** Line sample with marker, as in the charts. */
export const lineSample = (style: number): Markup =>
  h`<svg class="sample" width="34" height="12" viewBox="0 0 34 12" aria-hidden="true"><path d="M1 6H33" stroke="${colourOf(style)}" stroke-width="2" stroke-dasharray="${dashOf(style)}" fill="none"/>${marker(style, 17, 6, 34)}</svg>`;

export const swatch = (style: number): Markup =>
  h`<svg class="swatch" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">${marker(style, 6, 6, 50)}</svg>`;

export const round = (n: number): number => Math.round(n * 10) / 10;

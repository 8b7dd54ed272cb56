// Inline parts as markup. Where a figure comes from is said by its type: upright recorded, slanted modelled, dotted guess.
import { formatValue, middleCut } from '../format.js';
import { inlines } from '../inline.js';
import type { Inline, PolicyName, Provenance, Raw, Text, Value } from '../model.js';
import { h, type Insert, type Markup } from './escape.js';
import { swatch } from './marks.js';

/** Longest name shown in full, and longest full text kept in a tooltip. */
const SHOWN = 56;
const LENGTHS = { name: SHOWN, short: 30, prose: 400 } as const;
const TOOLTIP = 1024;
const SENTENCE = 1000;

const WORDS: Readonly<Record<Provenance, string>> = {
  recorded: 'recorded in the trace',
  measured: 'measured',
  modelled: 'modelled by the replay',
  sourced: 'from a published source',
  derived: 'derived from sourced figures',
  assumed: 'assumed',
  guess: 'a guess: nobody measured it',
};

export const renderText = (text: Text): Markup => h`${inlines(text).map(renderInline)}`;

const renderInline = (part: Inline): Insert => {
  if (typeof part === 'string') return middleCut(part, SENTENCE);
  switch (part.kind) {
    case 'value':
      return renderValue(part);
    case 'raw':
      return renderRaw(part.text, LENGTHS[part.form ?? 'name'], part.form);
    case 'policy':
      return renderPolicy(part);
    case 'chip':
      return h`<span class="chip t-${part.tone}">${middleCut(part.text, SHOWN)}</span>`;
    case 'jump':
      return h`<a href="#${part.to}"${part.show === undefined ? null : h` data-show="${part.show}"`}>${renderText(part.text)}</a>`;
    case 'strong':
      return h`<strong>${renderText(part.text)}</strong>`;
    case 'small':
      return h`<small>${renderText(part.text)}</small>`;
  }
};

const renderValue = ({ value, unit, basis }: Value): Markup =>
  h`<data class="v v-${basis}" value="${value}" title="${WORDS[basis]}">${formatValue(value, unit)}</data>`;

/** A name of the trace: isolated in direction, cut in the middle, its full text (up to a limit) in the tooltip. */
export const renderRaw = (text: string, most = SHOWN, form: Raw['form'] = undefined): Markup => {
  const classes = form === undefined ? 'raw' : `raw ${form}`;
  const title = text.length <= most ? null : h` title="${middleCut(text, TOOLTIP)}"`;
  return h`<bdi class="${classes}"${title}>${middleCut(text, most)}</bdi>`;
};

const renderPolicy = ({ name, style }: PolicyName): Markup =>
  h`<span class="policy">${swatch(style)}${middleCut(name, 40)}</span>`;

/** Plain text of an inline text, for labels and accessible names. */
export const plainText = (text: Text): string => inlines(text).map(plainInline).join('');

const plainInline = (part: Inline): string => {
  if (typeof part === 'string') return part;
  if (part.kind === 'value') return formatValue(part.value, part.unit);
  if (part.kind === 'policy') return part.name;
  if (part.kind === 'raw' || part.kind === 'chip') return part.text;
  return plainText(part.text);
};

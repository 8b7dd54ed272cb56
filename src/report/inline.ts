// Short ways to write the inline parts of a report.
import { formatExactBytes, formatTime } from './format.js';
import type {
  Cell,
  Chip,
  Inline,
  Jump,
  PolicyName,
  Provenance,
  Raw,
  Small,
  Strong,
  Text,
  Tone,
  Unit,
  Value,
} from './model.js';

export const value = (of: number, unit: Unit, basis: Provenance): Value => ({ kind: 'value', value: of, unit, basis });
export const count = (of: number, basis: Provenance = 'modelled'): Value => value(of, 'count', basis);
export const raw = (text: string, form?: 'prose' | 'short'): Raw =>
  form === undefined ? { kind: 'raw', text } : { kind: 'raw', text, form };
export const prose = (text: string): Raw => raw(text, 'prose');
export const chip = (tone: Tone, text: string): Chip => ({ kind: 'chip', tone, text });
export const jump = (to: string, text: Text, show?: string): Jump =>
  show === undefined ? { kind: 'jump', to, text } : { kind: 'jump', to, text, show };
export const strong = (...text: Inline[]): Strong => ({ kind: 'strong', text });
export const small = (...text: Inline[]): Small => ({ kind: 'small', text });

export const inlines = (text: Text): readonly Inline[] => (Array.isArray(text) ? text : [text as Inline]);

/** Puts a separator between texts. */
export const joined = (texts: readonly Text[], separator = ', '): readonly Inline[] =>
  texts.flatMap((text, i) => (i === 0 ? inlines(text) : [separator, ...inlines(text)]));

export const cell = (text: Text, more: Omit<Cell, 'text'> = {}): Cell => ({ text, ...more });

/** A figure in a table that leads to what is behind it: nothing is a quiet zero, so that what is there stands out. */
export const figure = (
  of: number,
  basis: Provenance,
  more: Omit<Cell, 'text'> & { readonly under?: readonly Inline[]; readonly to?: string; readonly show?: string } = {},
): Cell => {
  if (of === 0) return { text: '0', tone: 'quiet' };
  const { under, to, show, ...rest } = more;
  const shown = to === undefined ? count(of, basis) : jump(to, count(of, basis), show);
  return { text: under === undefined ? shown : [shown, small(...under)], ...rest };
};

/** What a policy did, as the name of the rows behind it: `ondisk.deny`. */
export const answer = (policy: string, what: string): string =>
  `${policy.replace(/[^\w-]+/g, '-').slice(0, 40)}.${what}`;

/** `64 KiB at 2 MiB`, `from 2 MiB to the end`. */
export const range = (offset: number, length: number): string => {
  if (offset < 0) return 'whole file';
  if (length < 0) return offset === 0 ? 'whole file' : `from ${formatExactBytes(offset)} to the end`;
  return `${formatExactBytes(length)} at ${formatExactBytes(offset)}`;
};

export const moment = (ns: number): string => (ns < 0 ? 'before the trace' : formatTime(ns));

/** Makes a policy name with its style. */
export type PolicyNamer = (name: string) => PolicyName;
export const policyNamer = (names: readonly string[]): PolicyNamer => {
  const styles = new Map(names.map((name, style) => [name, style]));
  return (name) => ({ kind: 'policy', name, style: styles.get(name) ?? names.length });
};

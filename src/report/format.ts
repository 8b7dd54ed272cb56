// Numbers for people: ns and bytes become the unit that reads best, three significant digits, the unit always said.
import { format } from 'd3-format';
import type { Unit } from './model.js';

const thousands = format(',');
const digits3 = format('.3~r');
const digits4 = format(',.4~r');
const hex = format('x');

/** A space that does not break between figure and unit. */
const NB = '\u00a0';

const NS_UNITS = [
  [60e9, 'min'],
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [1, 'ns'],
] as const;

const BYTE_UNITS = [
  [2 ** 40, 'TiB'],
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
  [1, 'B'],
] as const;

type Units = readonly (readonly [number, string])[];

const scaled = (value: number, units: Units, from: (size: number) => number): string => {
  if (!Number.isFinite(value)) return '–';
  const sign = value < 0 ? '−' : '';
  const size = Math.abs(value);
  const [per, name] = units.find(([unit]) => size >= from(unit)) ?? units[units.length - 1]!;
  const shown = size / per;
  return `${sign}${shown >= 1000 ? digits4(shown) : digits3(shown)}${NB}${name}`;
};

/** A duration: `840 ns`, `1.25 ms`, `46.7 s`, `3 min` (from two minutes up). */
export const formatNs = (ns: number): string => scaled(ns, NS_UNITS, (unit) => (unit === 60e9 ? 2 * unit : unit));

/** A size: `512 B`, `192 KiB`, `1.5 MiB`. */
export const formatBytes = (bytes: number): string => scaled(bytes, BYTE_UNITS, (unit) => unit);

/** An offset or length that must stay exact: `64 KiB`, `1.5 MiB`, but `4,097 B`. */
export const formatExactBytes = (bytes: number): string => {
  const [per, name] = BYTE_UNITS.find(([unit]) => bytes >= unit && (bytes * 8) % unit === 0) ?? [1, 'B'];
  return `${thousands(bytes / per)}${NB}${name}`;
};

/** An address on the device: `0x1f000`; empty when unknown. */
export const formatAddress = (addr: number): string => (addr < 0 ? 'no address' : `0x${hex(addr)}`);

/** A count: `5,012`. */
export const formatCount = (count: number): string => thousands(count);

/** A share 0..1: `99.8 %`. A share that is not all never reads 100 %, one that is not none never 0 %. */
export const formatShare = (share: number): string => {
  if (!Number.isFinite(share)) return '–';
  if (share > 0.9999 && share < 1) return `>99.99${NB}%`;
  if (share > 0 && share < 0.0001) return `<0.01${NB}%`;
  return `${share < 1 && share >= 0.99 ? format('.4~r')(share * 100) : digits3(share * 100)}${NB}%`;
};

/** A point in the trace: `0.512310 s`. */
export const formatTime = (ns: number): string => `${format(',.6f')(ns / 1e9)}${NB}s`;

/** A ratio: `×1.4`. */
export const formatTimes = (ratio: number): string =>
  `×${ratio >= 1000 ? thousands(Math.round(ratio)) : digits3(ratio)}`;

const FORMATS: Readonly<Record<Unit, (value: number) => string>> = {
  ns: formatNs,
  bytes: formatBytes,
  count: formatCount,
  ratio: formatShare,
  times: formatTimes,
};

export const formatValue = (value: number, unit: Unit): string => FORMATS[unit](value);

/** `1 operation`, `2 operations`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)}${NB}${count === 1 ? one : many}`;

/** `a, b and c`. */
export const listed = (items: readonly string[]): string =>
  items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`;

/** Keeps both ends of a long text: a path's root and its file name. */
export const middleCut = (text: string, most: number): string => {
  if (text.length <= most) return text;
  const half = Math.floor((most - 1) / 2);
  const head = text.slice(0, most - 1 - half).replace(/[\ud800-\udbff]$/, '');
  const tail = text.slice(text.length - half).replace(/^[\udc00-\udfff]/, '');
  return `${head}…${tail}`;
};

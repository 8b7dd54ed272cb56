// Units in which tables keep times and sizes, and cells as exact numbers. Times become nanoseconds through BigInt, because
// a wall clock in nanoseconds or Windows ticks is beyond 2^53.

/** What a table holds in one place. Text formats give text, binary ones what they have. */
export type Cell = string | number | bigint | boolean | null | undefined;

interface TimeUnit {
  readonly nsPerUnit: bigint;
  /** The unit's zero in ns since 1970, for clocks that do not begin there. */
  readonly epochNs: bigint;
}

/** `filetime`: 100 ns since 1601, as Windows stamps; `ticks`: a duration in 100 ns; `date`: written as one. */
export const TIME_UNITS: Readonly<Record<string, TimeUnit>> = {
  ns: { nsPerUnit: 1n, epochNs: 0n },
  date: { nsPerUnit: 1n, epochNs: 0n },
  us: { nsPerUnit: 1000n, epochNs: 0n },
  ms: { nsPerUnit: 1_000_000n, epochNs: 0n },
  s: { nsPerUnit: 1_000_000_000n, epochNs: 0n },
  ticks: { nsPerUnit: 100n, epochNs: 0n },
  filetime: { nsPerUnit: 100n, epochNs: -11_644_473_600_000_000_000n },
};

export const SIZE_UNITS: Readonly<Record<string, number>> = {
  bytes: 1,
  sectors: 512,
  kib: 1024,
  mib: 1 << 20,
  blocks: 4096,
};

const LARGEST = 10n ** 21n;

/** What programs write where there is no number: R, pandas, databases; -1 is no amount of anything. */
const NOTHING = /^(nan|na|<na>|nat|n\/a|null|none|\\n)$/i;

/** The cell of a column of numbers holds none. */
export function isMissing(cell: Cell): boolean {
  // Nearly all begin with a digit.
  if (typeof cell === 'string' && cell[0]! >= '0' && cell[0]! <= '9') return false;
  if (typeof cell === 'string') return cell.trim() === '' || NOTHING.test(cell.trim());
  return cell === undefined || cell === null || Number.isNaN(cell);
}

export const isUnknown = (cell: Cell): boolean =>
  typeof cell === 'string' ? cell.trim() === '-1' : Number(cell) === -1;

/** A whole number of so many decimal places, all of which a double may not hold. */
export function decimalCell(unscaled: bigint, scale: number): Cell {
  if (scale <= 0) return unscaled * 10n ** BigInt(-scale);
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const part = digits.slice(-scale).replace(/0+$/, '');
  const sign = unscaled < 0n ? '-' : '';
  return `${sign}${digits.slice(0, -scale)}${part === '' ? '' : `.${part}`}`;
}

/** Null when the cell is no time. */
export function toNs(cell: Cell, unit: string): bigint | null {
  const { nsPerUnit, epochNs } = TIME_UNITS[unit]!;
  const ns = typeof cell === 'string' ? textNs(cell.trim(), nsPerUnit) : numberNs(cell, nsPerUnit);
  return ns === null || ns > LARGEST || ns < -LARGEST ? null : ns + epochNs;
}

function textNs(text: string, nsPerUnit: bigint): bigint | null {
  const match = /^(-?)(\d{1,22})(?:\.(\d{0,18}))?$/.exec(text);
  if (match === null) return POWER.test(text) ? roundedNs(Number(text), nsPerUnit) : (dateNs(text) ?? spanNs(text));
  const [, sign, whole, fraction = ''] = match;
  const part = fraction === '' ? 0n : (BigInt(fraction) * nsPerUnit) / 10n ** BigInt(fraction.length);
  const ns = BigInt(whole!) * nsPerUnit + part;
  return sign === '-' ? -ns : ns;
}

function numberNs(cell: Exclude<Cell, string>, nsPerUnit: bigint): bigint | null {
  if (typeof cell === 'bigint') return cell * nsPerUnit;
  if (typeof cell !== 'number' || !Number.isFinite(cell)) return null;
  // The shortest digits that mean this double are those of the clock; a product of two doubles has others.
  return Number.isSafeInteger(cell) ? BigInt(cell) * nsPerUnit : textNs(String(cell), nsPerUnit);
}

const POWER = /^-?\d+(\.\d+)?e[+-]?\d+$/i;

function roundedNs(value: number, nsPerUnit: bigint): bigint | null {
  const plain = String(value);
  if (/^[-\d.]+$/.test(plain)) return textNs(plain, nsPerUnit);
  const ns = Math.round(value * Number(nsPerUnit));
  return Number.isFinite(ns) ? BigInt(ns) : null;
}

/**
 * `2007-02-22 17:00:03.061629`: a date without a zone is UTC, so that the answer depends on no machine. Zones as DuckDB and
 * PostgreSQL (`+00`), polars (`+0000`), BigQuery (` UTC`) write them.
 */
function dateNs(text: string): bigint | null {
  const match =
    /^(\d{4})([-/])(\d\d)\2(\d\d)[ T](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))? ?(?:Z|UTC|([+-]\d\d)(?::?(\d\d))?)?$/.exec(
      text,
    );
  if (match === null) return null;
  const [, year, , month, day, time, part = '', hours, minutes = '00'] = match;
  const ms = Date.parse(`${year}-${month}-${day}T${time}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`);
  if (Number.isNaN(ms)) return null;
  return BigInt(ms) * 1_000_000n + BigInt(part.padEnd(9, '0'));
}

/** `0 days 00:00:00.000428527` of pandas, `0:00:00.000428` of Python, `1 day 02:03:04` of PostgreSQL, and what is a time of day. */
const CLOCK = /^(?:(-?\d{1,6}) days?,? ?)?([-+]?)(\d{1,6}):(\d\d):(\d\d)(?:[.,](\d{1,9}))?$/;
/** ISO 8601, as pandas writes it into JSON. */
const ISO = /^P(?:(-?\d{1,6})D)?T()(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})(?:\.(\d{1,9}))?S)?$/;

/** A duration as text. */
function spanNs(text: string): bigint | null {
  const match = CLOCK.exec(text) ?? ISO.exec(text);
  if (match === null) return null;
  const [, days = '0', sign, hours = '0', minutes = '0', seconds = '0', part = ''] = match;
  const whole = (BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds);
  const ns = whole * 1_000_000_000n + BigInt(part.padEnd(9, '0'));
  return BigInt(days) * 86_400_000_000_000n + (sign === '-' ? -ns : ns);
}

/** A whole number of bytes; what is no number stays as it is, to be shown in the message. */
export function toBytes(cell: Cell, unit: string): unknown {
  const value = toNumber(cell);
  return typeof value === 'number' ? value * SIZE_UNITS[unit]! : value;
}

export function toNumber(cell: Cell): unknown {
  if (typeof cell === 'bigint') return Number(cell);
  if (typeof cell !== 'string') return cell;
  const text = cell.trim();
  return /^-?\d+(\.\d+)?$/.test(text) || POWER.test(text) || /^0x[\da-f]+$/i.test(text) ? Number(text) : text;
}

/** The unit of a time by its size: clocks of the wall differ by factors of 1000; what is small is a count of ns. */
export function timeUnitOf(cell: Cell): string {
  const text = String(cell ?? '').trim();
  if (/^-?\d+\.\d+$/.test(text) || (typeof cell === 'number' && !Number.isInteger(cell))) return 's';
  if (dateNs(text) !== null) return 'date';
  const power = /^\d(?:\.\d+)?e([+-]?\d+)$/i.exec(text)?.[1];
  if (power !== undefined && Number(power) < 10) return 's';
  const digits = power !== undefined ? Number(power) + 1 : /^\d+$/.test(text) ? text.length : 0;
  if (digits === 18 || digits === 17) return 'filetime';
  return { 10: 's', 13: 'ms', 16: 'us' }[digits] ?? 'ns';
}

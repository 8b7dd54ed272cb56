// Which column of a table is what: as the user maps it, as a preset says, or guessed from the header. Roles are the keys
// of the plain form (events reference), `volume` the disk that becomes a file where the table names no file.
import { UserError } from '../model/issue.js';
import type { MappedColumn } from '../model/trace.js';
import { PRESETS, type Preset } from './block-presets.js';
import { type Cell, SIZE_UNITS, TIME_UNITS, timeUnitOf, toNumber } from './table-units.js';

const TIMES: ReadonlySet<string> = new Set(['time', 'ns']);
const SIZES: ReadonlySet<string> = new Set(['off', 'len', 'size', 'addr']);
/** What `--map` takes for a role, besides its name. */
const ALIASES: Readonly<Record<string, string>> = {
  t: 'time',
  timestamp: 'time',
  type: 'op',
  offset: 'off',
  length: 'len',
  latency: 'ns',
  device: 'dev',
  inode: 'ino',
  file: 'path',
  result: 'ret',
  process: 'comm',
  address: 'addr',
  disk: 'volume',
};
/** Two columns that are one device; beside a file they tell nothing more. */
const MAJOR_MINOR = /^((dev|device) ?)?(major|minor)$/;
/** Names in a header, by role; a name may carry a unit: `offset_bytes`, `latency(us)`. */
const NAMES: readonly (readonly [role: string, names: RegExp, unit: string])[] = [
  ['time', /^(t|ts|time|times?tamp|time ?stamp|datetime|arrival|start|(arrival|start|issue|submit) ?time)$/, ''],
  ['op', /^(op|operation|type|(io|op|operation|request|access) ?type|op ?(code|name)|rw|r\/w|rwbs|action)$/, ''],
  ['off', /^(off|((file|io|byte|start|disk) ?)?offset|pos|position)$/, 'bytes'],
  ['off', /^((start ?)?(sector|lba)|slba|lbn|blkno|block ?number|logical block address)$/, 'sectors'],
  ['len', /^(len|length|size|bytes|n ?bytes|count|((request|req|transfer) ?)?(io ?)?size|size ?requested)$/, 'bytes'],
  ['len', /^(sectors|(n|nr|num) ?(sectors?|blocks)|sector ?count)$/, 'sectors'],
  ['path', /^(path|file|file ?name|filename)$/, ''],
  ['ino', /^(ino|inode)$/, ''],
  ['volume', /^(dev|device|device ?id|disk|disk ?number|disk ?id|volume|volume ?id|lun|asu|major ?minor)$/, ''],
  ['volume', MAJOR_MINOR, ''],
  ['pid', /^(pid|process ?id)$/, ''],
  ['tid', /^(tid|thread|thread ?id)$/, ''],
  ['comm', /^(comm|process|process ?name|task|proc)$/, ''],
  ['ns', /^(ns|lat|((simulated|io) ?)?latency|dur|duration|response|response ?time|service ?time|elapsed)$/, ''],
  ['ret', /^(ret|return|result|err|error|errno|status)$/, ''],
  ['addr', /^(addr|address|physical)$/, 'bytes'],
  ['handle', /^handle$/, ''],
  ['flags', /^flags$/, ''],
  ['state', /^state$/, ''],
];
/** What a request is, or, where another column says that, the program that makes it. */
const COMMAND = /^(cmd|command)$/;
const UNIT_WORDS: Readonly<Record<string, string>> = {
  ns: 'ns',
  nsec: 'ns',
  us: 'us',
  usec: 'us',
  µs: 'us',
  ms: 'ms',
  msec: 'ms',
  s: 's',
  sec: 's',
  seconds: 's',
  bytes: 'bytes',
  b: 'bytes',
  sectors: 'sectors',
  kb: 'kib',
  kib: 'kib',
  mb: 'mib',
  mib: 'mib',
  blocks: 'blocks',
};
/** Longer names hold no unit. */
const LONGEST_NAME = 100;
export const ROLES: readonly string[] = [...new Set(NAMES.map(([role]) => role)), 'dev', 'size'];

export interface Column {
  readonly role: string;
  readonly place: number;
  readonly name: string;
  /** Of a time or a size, or of `op` (`read0`: 0 is a read; `write0`); empty for the rest. */
  readonly unit: string;
  /** Of a time: only its size in the first row tells the unit. */
  readonly bySize?: boolean;
}

export interface Layout {
  readonly columns: readonly Column[];
  readonly volume: readonly number[];
  readonly ops: Readonly<Record<string, string>>;
  readonly clock: string;
  /** What was assumed, in words; empty when the user said everything. */
  readonly assumed: string;
}

/** Checked `--map ROLE=COLUMN[:UNIT],...`. */
export function parseMap(text: string): readonly MappedColumn[] {
  const mapped = text.split(',').map((part) => {
    const match = /^\s*([\w]+)\s*=\s*(.+?)(?::(\w+))?\s*$/.exec(part);
    if (match === null)
      throw new UserError(
        `--map: expected ROLE=COLUMN[:UNIT], such as time=ts:us, found "${part}"; columns have a name or a number from 1`,
      );
    const role = ALIASES[match[1]!] ?? match[1]!;
    if (!ROLES.includes(role))
      throw new UserError(`--map: unknown role "${match[1]}"; expected one of ${ROLES.join(', ')}`);
    const unit = match[3] ?? '';
    const units = unitsOf(role);
    if (unit !== '' && !units.includes(unit))
      throw new UserError(
        `--map: unknown unit "${unit}" of ${match[1]}; expected ${units.length === 0 ? 'none' : `one of ${units.join(', ')}`}`,
      );
    return { role, column: match[2]!, unit };
  });
  const twice = mapped.find(({ role }, i) => role !== 'volume' && mapped.findIndex((one) => one.role === role) < i);
  if (twice !== undefined) throw new UserError(`--map: ${twice.role} is given twice; a role has one column`);
  for (const role of ['time', 'op'])
    if (!mapped.some((one) => one.role === role))
      throw new UserError(`--map: expected a column for ${role}; add ${role}=COLUMN`);
  return mapped;
}

function unitsOf(role: string): readonly string[] {
  if (TIMES.has(role)) return Object.keys(TIME_UNITS);
  if (SIZES.has(role)) return Object.keys(SIZE_UNITS);
  return role === 'op' ? Object.keys(OP_UNITS) : [];
}

const OP_UNITS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  read0: { 0: 'r', 1: 'w' },
  write0: { 0: 'w', 1: 'r' },
};

/** A column the user names; throws a UserError where the table has none of that name. */
export function mappedLayout(
  mapped: readonly MappedColumn[],
  header: readonly string[],
  first: readonly Cell[],
  schema: ReadonlyMap<string, string> = new Map(),
): Layout {
  const columns = mapped.map(({ role, column, unit }): Column => {
    const named = header.indexOf(column);
    const place = named >= 0 ? named : /^\d+$/.test(column) ? Number(column) - 1 : -1;
    const name = header[place] ?? `column ${column}`;
    if (place < 0 || place >= Math.max(header.length, first.length))
      throw new UserError(
        `--map: the table has no column "${column}"; it has ${header.length > 0 ? header.join(', ') : `${first.length} columns`}`,
      );
    return {
      role,
      place,
      name,
      unit: unit === '' ? (schema.get(name) ?? guessedUnit(role, name, '', first[place])) : unit,
    };
  });
  const unsaid = mapped.flatMap(({ role, unit }, i) =>
    unit === '' && unitsOf(role).length > 0 && role !== 'op' ? [columns[i]!] : [],
  );
  return layout(columns, unsaid.length === 0 ? '' : `units: ${words(unsaid)}`);
}

/** From the names in a header; null when they do not tell time, operation and place. `schema`: units the file itself tells. */
export function guessLayout(
  header: readonly string[],
  first: readonly Cell[],
  schema: ReadonlyMap<string, string> = new Map(),
): Layout | null {
  const columns: Column[] = [];
  header.forEach((name, place) => {
    const { base, unit } = split(name);
    const found = NAMES.find(([, names]) => names.test(base)) ?? NAMES.find(([, names]) => names.test(plain(name)));
    if (found === undefined || columns.some(({ role }) => role === found[0] && role !== 'volume')) return;
    const [role, , usual] = found;
    const told = schema.get(name);
    const bySize = role === 'time' && told === undefined && unitTold(role, name, unit) === '';
    columns.push({ role, place, name, bySize, unit: told ?? guessedUnit(role, name, unit || usual, first[place]) });
  });
  const inSectors = columns.some(({ role, unit }) => role === 'off' && unit === 'sectors');
  for (const [i, one] of columns.entries())
    if (inSectors && one.role === 'len' && !schema.has(one.name) && isCount(one.name, first[one.place]))
      columns[i] = { ...one, unit: 'sectors' };
  const command = header.findIndex((name) => COMMAND.test(plain(name)));
  const role = columns.some((one) => one.role === 'op') ? 'comm' : 'op';
  if (command >= 0 && !columns.some((one) => one.role === role))
    columns.push({ role, place: command, name: header[command]!, unit: '' });
  // Who stamps in Windows' ticks has durations in ticks.
  const isWindows = columns.some(({ role, unit }) => role === 'time' && unit === 'filetime');
  for (const [i, one] of columns.entries())
    if (isWindows && one.role === 'ns' && !schema.has(one.name) && unitTold('ns', one.name, '') === '')
      columns[i] = { ...one, unit: 'ticks' };
  const roles = new Set(columns.map(({ role }) => role));
  const places = roles.has('off') || roles.has('path') || roles.has('ino');
  if (!roles.has('time') || !roles.has('op') || !places) return null;
  // A name that is not known would cost every row its range in silence.
  const lacks = roles.has('len') ? '' : ` (no column is known as a length${roles.has('off') ? '' : ' or an offset'})`;
  return layout(columns, `columns: ${words(columns)}${lacks}`);
}

/** Beside places in sectors a length is a count of them, where its name says no unit and it is no whole number of sectors in bytes. */
function isCount(name: string, cell: Cell): boolean {
  const length = toNumber(cell);
  return (
    !/byte/i.test(name) && split(name).unit === '' && typeof length === 'number' && length % SIZE_UNITS.sectors! !== 0
  );
}

function guessedUnit(role: string, name: string, hint: string, cell: Cell): string {
  const units = unitsOf(role);
  if (units.length === 0 || role === 'op') return '';
  const told = unitTold(role, name, hint);
  if (told !== '') return told;
  if (role === 'time') return timeUnitOf(cell);
  if (role === 'ns') return timeUnitOf(cell) === 's' ? 's' : 'ns';
  return /sector|lba|lbn/i.test(name) ? 'sectors' : 'bytes';
}

/** The unit that the name of a column tells, '' for none. */
function unitTold(role: string, name: string, hint: string): string {
  const units = unitsOf(role);
  const told = units.includes(hint) ? hint : split(name).unit;
  return units.includes(told) ? told : '';
}

/** Both the disk and the file of it are there: the disk is the file's device. */
function layout(columns: readonly Column[], assumed: string): Layout {
  const hasFile = columns.some(({ role }) => role === 'path' || role === 'ino');
  const known = hasFile ? columns.filter(({ name }) => !MAJOR_MINOR.test(plain(name))) : columns;
  const renamed = known.map((one) => (hasFile && one.role === 'volume' ? { ...one, role: 'dev' } : one));
  const opUnit = columns.find(({ role }) => role === 'op')?.unit ?? '';
  return {
    columns: renamed.filter(({ role }) => role !== 'volume'),
    volume: renamed.filter(({ role }) => role === 'volume').map(({ place }) => place),
    ops: OP_UNITS[opUnit] ?? {},
    clock: '',
    assumed,
  };
}

/** The preset whose lines look like these, and whether the first of them is a header; null for none. */
export function presetOf(lines: readonly string[]): { readonly preset: Preset; readonly hasHeader: boolean } | null {
  const [first, second] = lines;
  if (first === undefined) return null;
  for (const preset of PRESETS) {
    const { header, heading, line } = preset;
    if (header === first) return { preset, hasHeader: true };
    if (line === undefined) continue;
    const hasHeader = heading !== undefined && lettersOf(heading) === lettersOf(first);
    // Programs that read columns set apart by blanks take any blanks.
    const isLine = (text: string): boolean =>
      line.test(preset.delimiter === ' ' ? text.trim().replace(/\s+/g, ' ') : text);
    if (hasHeader ? second !== undefined && isLine(second) : isLine(first) && (second === undefined || isLine(second)))
      return { preset, hasHeader };
  }
  return null;
}

/** `ResponseTime`, `response_time` and `Response Time` are one name. */
const lettersOf = (header: string): string => header.toLowerCase().replace(/[^a-z,]/g, '');

export function presetLayout({ name, columns, volume, ops, clock, header }: Preset): Layout {
  const names = header?.split(',') ?? [];
  const list = Object.entries(columns).map(([role, [place, unit]]) => {
    return { role, place, unit, name: names[place] ?? `column ${place + 1}` };
  });
  return { columns: list, volume, ops, clock, assumed: `${name} table: ${words(list)}` };
}

const words = (columns: readonly Column[]): string =>
  columns.map(({ role, name, unit }) => `${role}=${name}${unit === '' ? '' : `:${unit}`}`).join(',');

const plain = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/[_\-. ]+/g, ' ');

/** `latency_us`, `Time (ms)`, `size[bytes]`, `length_in_bytes` into the name and its unit. */
function split(name: string): { base: string; unit: string } {
  const match = name.length > LONGEST_NAME ? null : /^(.*?)[_ .]?[([_ .]([a-zµ]+)[)\]]?$/i.exec(name.trim());
  const unit = UNIT_WORDS[match?.[2]?.toLowerCase() ?? ''];
  return unit === undefined ? { base: plain(name), unit: '' } : { base: plain(match![1]!).replace(/ in$/, ''), unit };
}

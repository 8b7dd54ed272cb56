// What the tables of a bundle say beside their columns, as JSON in the metadata of their schemas: read back in its form, or refused in words.
import { type At, documentAt } from '../base/json-at.js';
import type { MapUse, OperationUse } from '../model/event-map.js';
import type { DeviceAccessCounts, Joined, JoinedBy, RecordKind, SourceInfo, Trace } from '../model/trace.js';

type Metadata = ReadonlyMap<string, string>;
export type Totals = Pick<Trace, 'unplaced' | 'unpaired' | 'deviceAccess' | 'endNs'>;

const MOST = Number.MAX_SAFE_INTEGER;
const LONGEST = 2 ** 20;
const JOINED_BY: readonly JoinedBy[] = ['same clock', 'given', 'markers', 'paired stamps', 'stated', 'nothing'];
const DEVICE_ACCESS = ['accesses', 'pages', 'placedPages', 'directPages', 'directPlacedPages'] as const;

const count = (at: At): number => at.whole(0, MOST);
const number = (at: At): number => at.number(-Number.MAX_VALUE, Number.MAX_VALUE);
const text = (at: At): string => at.text(LONGEST);
const counts = (at: At): Record<string, number> => at.each(count);
const listIn = (metadata: Metadata, key: string): At => documentAt(`its "${key}"`, metadata.get(key) ?? '[]');

export const kindsIn = (metadata: Metadata): RecordKind[] =>
  listIn(metadata, 'kinds').list(LONGEST, (at) => ({ name: text(at.get('name')), typed: at.get('typed').flag() }));

export function totalsIn(metadata: Metadata): Totals {
  const json = metadata.get('totals');
  if (json === undefined) throw new Error('its totals are missing');
  const at = documentAt('its "totals"', json);
  const deviceAccess = Object.fromEntries(
    DEVICE_ACCESS.map((key) => [key, count(at.get('deviceAccess').get(key))]),
  ) as unknown as DeviceAccessCounts;
  return {
    unplaced: counts(at.get('unplaced')),
    unpaired: count(at.get('unpaired')),
    deviceAccess,
    endNs: number(at.get('endNs')),
  };
}

/** Of every source, what is told of it beside its row. */
export function sourceFactsIn(metadata: Metadata): readonly Pick<SourceInfo, 'facts' | 'joined' | 'maps'>[] {
  const joined = listIn(metadata, 'joined').list(LONGEST, (at) => (at.value === null ? undefined : joinedAt(at)));
  const facts = listIn(metadata, 'facts').list(LONGEST, (at) => at.each((one) => one.value));
  const maps = listIn(metadata, 'maps').list(LONGEST, (at) => at.list(LONGEST, mapAt));
  return Array.from({ length: Math.max(joined.length, facts.length, maps.length) }, (_, i) => ({
    facts: facts[i] ?? {},
    ...(maps[i]?.length ? { maps: maps[i] } : {}),
    ...(joined[i] === undefined ? {} : { joined: joined[i] }),
  }));
}

const joinedAt = (at: At): Joined => ({
  by: at.get('by').oneOf(JOINED_BY),
  offsetNs: wholeOf('offsetNs', text(at.get('offsetNs'))),
  errorNs: number(at.get('errorNs')),
  pairs: count(at.get('pairs')),
  elsewhere: count(at.get('elsewhere')),
});

const mapAt = (at: At): MapUse => ({
  map: text(at.get('map')),
  events: at.get('events').list(LONGEST, (one) => ({
    event: text(one.get('event')),
    records: count(one.get('records')),
  })),
  operations: at.get('operations').list(
    LONGEST,
    (one): OperationUse => ({
      op: text(one.get('op')),
      event: text(one.get('event')),
      placed: count(one.get('placed')),
      inside: count(one.get('inside')),
      unplaced: counts(one.get('unplaced')),
    }),
  ),
});

export const originIn = (metadata: Metadata): bigint => wholeOf('originNs', metadata.get('originNs') ?? '0');

/** How many rows the table says it has; no more than its bytes hold, at a bit each. */
export function rowsIn(metadata: Metadata, bytes: number): number {
  const rows = wholeOf('rows', metadata.get('rows') ?? 'missing');
  if (rows >= 0n && rows <= BigInt(8 * bytes)) return Number(rows);
  throw new Error(`it claims ${rows} rows in ${bytes} bytes`);
}

function wholeOf(key: string, digits: string): bigint {
  if (/^-?\d{1,40}$/.test(digits)) return BigInt(digits);
  throw new Error(`its "${key}" is ${JSON.stringify(digits.slice(0, 60))}; expected a whole number`);
}

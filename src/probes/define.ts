// Event maps: JSON into their checked form. What is wrong is told with its place, what was expected and what was found.
import { nearest } from '../base/nearest.js';
import {
  type Condition,
  DMA_ENDS,
  type EventField,
  type EventMap,
  type EventName,
  FIELD_FORMS,
  FIELD_ROLES,
  FIELD_UNITS,
  type FieldRole,
  RELEASES,
  TAUGHT_OPS,
  type TaughtOp,
  type TaughtOperation,
} from '../model/event-map.js';
import { FLAGS, type FlagName } from '../model/events.js';
import { UserError } from '../model/issue.js';
import { KERNEL_EVENTS, kernelEvent } from '../model/kernel-events.js';

export const MAP_SCHEMA = 'sealtrace.event-map/1';

type Json = Readonly<Record<string, unknown>>;

/** A place in the JSON of a map. */
interface Place {
  readonly file: string;
  readonly path: string;
}

function into({ file, path }: Place, key: string | number): Place {
  const step = typeof key === 'number' ? `[${key}]` : path === '' ? key : `.${key}`;
  return { file, path: `${path}${step}` };
}

function fail({ file, path }: Place, expected: string, found: unknown, candidates: readonly string[] = []): never {
  const what = found === undefined ? 'nothing' : (JSON.stringify(found) ?? String(found)).slice(0, 80);
  const meant = typeof found === 'string' ? nearest(found, candidates) : undefined;
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
  throw new UserError(`${file}: ${path || 'the map'}: expected ${expected}, found ${what}${hint}`);
}

/** Throws a UserError that names the place in `file`. */
export function defineMap(json: unknown, file: string): EventMap {
  const at = { file, path: '' };
  const map = object(json, at, ['schema', 'name', 'title', 'source', 'probes', 'operations', 'known']);
  if (map.schema !== MAP_SCHEMA) fail(into(at, 'schema'), `"${MAP_SCHEMA}"`, map.schema);
  const name = text(map.name, into(at, 'name'));
  if (!/^[a-z0-9][\w.-]*$/.test(name)) fail(into(at, 'name'), 'a word of small letters, digits, dots and dashes', name);
  const operations = list(map.operations, into(at, 'operations')).map((one, i) =>
    operation(one, into(into(at, 'operations'), i)),
  );
  const known = list(map.known ?? [], into(at, 'known')).map((one, i) => eventName(one, into(into(at, 'known'), i)));
  if (operations.length + known.length === 0) fail(into(at, 'operations'), 'at least one operation', map.operations);
  return {
    name,
    title: text(map.title, into(at, 'title')),
    source: text(map.source ?? '', into(at, 'source')),
    probes: list(map.probes ?? [], into(at, 'probes')).map((one, i) => text(one, into(into(at, 'probes'), i))),
    operations,
    known,
  };
}

function operation(json: unknown, at: Place): TaughtOperation {
  const one = object(json, at, ['op', 'event', 'enter', 'return', 'when', 'fields', 'flags', 'which']);
  const op = oneOf<TaughtOp>(one.op, [...TAUGHT_OPS, ...DMA_ENDS], into(at, 'op'));
  if ((one.event === undefined) === (one.enter === undefined))
    fail(at, 'either "event" (a moment) or "enter" and "return"', Object.keys(one));
  if ((one.enter === undefined) !== (one.return === undefined))
    fail(at, '"enter" and "return" together', Object.keys(one));
  const enter =
    one.event === undefined ? eventName(one.enter, into(at, 'enter')) : eventName(one.event, into(at, 'event'));
  const returns = several(one.return ?? [], into(at, 'return'), eventName);
  const events = { enter, returns };
  const fields = fieldsFrom(one.fields ?? {}, events, into(at, 'fields'));
  const result: TaughtOperation = {
    op,
    enter,
    returns,
    when: several(one.when ?? [], into(at, 'when'), (x, place) => condition(x, events, place)),
    fields,
    which: oneOf(one.which ?? 'only', ['only', 'last'], into(at, 'which')),
    flags: flagsFrom(one.flags ?? {}, events, into(at, 'flags')),
  };
  if (one.which !== undefined && (RELEASES[op] === undefined || fields.handle !== undefined))
    fail(into(at, 'which'), 'it only where something is given back without a handle', one.which);
  checkRoles(result, into(at, 'fields'));
  return result;
}

type Events = Pick<TaughtOperation, 'enter' | 'returns'>;

function fieldsFrom(json: unknown, events: Events, at: Place): TaughtOperation['fields'] {
  const given = object(json, at, FIELD_ROLES);
  const fields: Partial<Record<FieldRole, EventField>> = {};
  for (const role of FIELD_ROLES)
    if (given[role] !== undefined) fields[role] = field(given[role], role, events, into(at, role));
  return fields;
}

/** What an operation needs to be placed. */
function checkRoles({ op, fields }: TaughtOperation, at: Place): void {
  const { device, minor, inode, offset, address, handle } = fields;
  if ((device === undefined) !== (inode === undefined))
    fail(
      at,
      '"device" and "inode" together: an inode number means nothing without its file system',
      Object.keys(fields),
    );
  if (minor !== undefined && device?.form !== 'number')
    fail(into(at, 'device'), 'the major number, { "field": ..., "form": "number" }, beside "minor"', device?.field);
  if (offset !== undefined && inode === undefined)
    fail(at, '"inode" beside "offset": the file the offset is in', Object.keys(fields));
  if (op === 'dma_map' && (address === undefined || fields.length === undefined))
    fail(at, '"address" and "length" of the memory that a device may access', Object.keys(fields));
  if (op === 'dma_unmap' && address === undefined && handle === undefined)
    fail(at, '"handle", or the "address" that was mapped', Object.keys(fields));
}

/** `"name"` or `{ "field": "name", ... }`. */
function field(json: unknown, role: FieldRole | 'condition', { enter, returns }: Events, at: Place): EventField {
  const given: Json =
    typeof json === 'string'
      ? { field: json }
      : object(json, at, [
          'field',
          'print',
          'event',
          'form',
          'unit',
          'scope',
          ...(role === 'condition' ? CONDITION : []),
        ]);
  const name = text(given.field, into(at, 'field'));
  if (!/^[A-Za-z_]\w*$/.test(name)) fail(into(at, 'field'), 'the name of a field', name);
  const usual = role === 'result' && returns.length === 1 ? 'return' : 'enter';
  const event = fieldEvent(given.event ?? usual, enter, returns, into(at, 'event'));
  const form = oneOf(
    given.form ?? (role === 'device' ? 'device' : 'number'),
    Object.keys(FIELD_FORMS),
    into(at, 'form'),
  );
  const unit = oneOf(given.unit ?? 'bytes', Object.keys(FIELD_UNITS), into(at, 'unit'));
  if (given.unit !== undefined && role !== 'offset' && role !== 'length' && role !== 'address')
    fail(at, `"unit" with offset, length and address only`, given);
  const ofProcess = oneOf(given.scope ?? 'system', ['system', 'process'], into(at, 'scope')) === 'process';
  if (ofProcess && role !== 'handle') fail(at, '"scope" with handle only', given);
  checkArgument(event, name, form, at);
  return { event, field: name, print: text(given.print ?? name, into(at, 'print')), form, unit, ofProcess };
}

const CONDITION = ['is', 'not', 'mask'];

function fieldEvent(json: unknown, enter: EventName, returns: readonly EventName[], at: Place): EventName {
  if (json === 'enter') return enter;
  if (json === 'return')
    return returns.length === 1
      ? returns[0]!
      : fail(at, 'the name of an event: the operation has not exactly one return', json);
  return eventName(json, at);
}

/** Arguments of system calls are known by their place, as numbers; a name that is none of them would never be found. */
function checkArgument({ name }: EventName, fieldName: string, form: string, at: Place): void {
  const own = KERNEL_EVENTS[kernelEvent(name)];
  if (own === undefined || own.kind === 'tracepoint') return;
  const names = own.slots.map((slot) => slot.field);
  const argument = own.slots.find((slot) => slot.field === fieldName);
  if (argument === undefined) fail(into(at, 'field'), `an argument of ${name}: ${names.join(', ')}`, fieldName, names);
  const forms = Object.keys(FIELD_FORMS).filter((one) => FIELD_FORMS[one] === argument.type);
  if (!forms.includes(form))
    fail(into(at, 'form'), `${forms.join(' or ')}, as ${fieldName} of ${name} is recorded`, form);
}

function condition(json: unknown, events: Events, at: Place): Condition {
  const given = object(json, at, ['field', 'print', 'event', 'form', ...CONDITION]);
  if (given.is === undefined && given.not === undefined && given.mask === undefined)
    fail(at, '"is", "not" or "mask" beside "field"', given);
  const mask = given.mask === undefined ? 0 : number(given.mask, into(at, 'mask'));
  const is = several(given.is ?? [], into(at, 'is'), number);
  const not = several(given.not ?? [], into(at, 'not'), number);
  // A mask alone asks whether any of its bits is set.
  const silent = is.length === 0 && not.length === 0;
  return { field: field(given, 'condition', events, at), mask, is, not: silent ? [0] : not };
}

function flagsFrom(json: unknown, events: Events, at: Place): TaughtOperation['flags'] {
  const given = object(json, at, FLAGS);
  return Object.entries(given).map(([flag, when]) => {
    if (when === true) return { flag: flag as FlagName, when: null };
    return { flag: flag as FlagName, when: condition(when, events, into(at, flag)) };
  });
}

// --- JSON

function object(json: unknown, at: Place, keys: readonly string[]): Json {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return fail(at, 'an object', json);
  for (const key of Object.keys(json)) if (!keys.includes(key)) fail(at, `one of ${keys.join(', ')}`, key, keys);
  return json as Json;
}

const list = (json: unknown, at: Place): readonly unknown[] => (Array.isArray(json) ? json : fail(at, 'a list', json));

const text = (json: unknown, at: Place): string => (typeof json === 'string' ? json : fail(at, 'a text', json));

/** One or a list of them. */
function several<T>(json: unknown, at: Place, read: (json: unknown, at: Place) => T): readonly T[] {
  return Array.isArray(json) ? json.map((one, i) => read(one, into(at, i))) : [read(json, at)];
}

function oneOf<T extends string>(json: unknown, names: readonly T[], at: Place): T {
  return names.find((name) => name === json) ?? fail(at, `one of ${names.join(', ')}`, json, names);
}

/** A whole number, or a text of one in hex. */
function number(json: unknown, at: Place): number {
  const value = typeof json === 'string' && /^0x[0-9a-fA-F]+$/.test(json) ? Number(json) : json;
  return Number.isSafeInteger(value) ? (value as number) : fail(at, 'a whole number, or a text such as "0x1b"', json);
}

/** `st:ib_umem_get`, or `ib_umem_get` of whatever system. */
function eventName(json: unknown, at: Place): EventName {
  const [, system = '', name = ''] = /^(?:([A-Za-z_][\w-]*):)?([A-Za-z_]\w*)$/.exec(text(json, at)) ?? [];
  return name === '' ? fail(at, 'the name of an event, such as "st:ib_umem_get"', json) : { system, name };
}

// One operation of an event map, made ready for a catalogue: where its fields are, and what their values mean.

import type { EventCatalogue } from '../model/event-catalogue.js';
import {
  type Condition,
  type EventField,
  FIELD_UNITS,
  type FieldRole,
  type OperationUse,
  type TaughtOperation,
} from '../model/event-map.js';
import { Flag } from '../model/events.js';

/** What was told of one instance: values of its events' slots. */
export interface Telling {
  readonly timeNs: number;
  readonly row: number;
  readonly enter: Float64Array;
  /** Code of the event that ended it, and its values. */
  readonly returned: number;
  readonly returnValues: Float64Array | null;
  /** Where it was not over with the record at hand. */
  readonly endNs?: number;
  /** Values of another event that the thread met before, in the same call. */
  other(code: number): Float64Array | null;
}

export interface Operation {
  readonly spec: TaughtOperation;
  readonly map: string;
  /** What was found of it in the source of a record. */
  use(row: number): OperationUse;
  readonly enter: number;
  readonly returns: readonly number[];
  /** Events that fields come from besides its own. */
  readonly others: readonly number[];
  /** Address or inode say where; else the file of the call does. */
  readonly placesItself: boolean;
  holds(telling: Telling): boolean;
  /** In bytes where the role has a unit; NaN where it was not told. */
  value(role: FieldRole, telling: Telling): number;
  /** 0 or a negative errno, NaN when unknown. Counts of pages and pointers are successes, as IS_ERR has it. */
  result(telling: Telling): number;
  flags(telling: Telling): number;
  /** Key of a device's access: the handle, or the address. */
  deviceKey(telling: Telling): string;
  unplaced(cause: string, row: number): void;
}

type Read = (telling: Telling) => number;

/** MAX_ERRNO of include/linux/err.h. */
const MAX_ERRNO = 4095;

export function compileOperation(
  spec: TaughtOperation,
  map: string,
  catalogue: EventCatalogue,
  use: (row: number) => OperationUse,
): Operation {
  const code = ({ name, system }: EventField['event']): number => catalogue.code(name, system);
  const enter = code(spec.enter);
  const returns = spec.returns.map(code);
  const others = new Set<number>();
  const reader = (field: EventField): Read => {
    const from = code(field.event);
    const own = from === enter || returns.includes(from);
    if (!own) others.add(from);
    return readerOf(field, from, own, enter, catalogue.place(field));
  };
  const test = ({ field, mask, is, not }: Condition): ((telling: Telling) => boolean) => {
    const read = reader(field);
    return (telling) => {
      const raw = read(telling);
      if (Number.isNaN(raw)) return false;
      const value = mask === 0 ? raw : masked(raw, mask);
      return (is.length === 0 || is.includes(value)) && !not.includes(value);
    };
  };
  const conditions = spec.when.map(test);
  const readers = new Map(Object.entries(spec.fields).map(([role, field]) => [role, reader(field)]));
  const flags = spec.flags.map(({ flag, when }) => ({ bit: Flag[flag], when: when === null ? null : test(when) }));
  const value = (role: FieldRole, telling: Telling): number => readers.get(role)?.(telling) ?? Number.NaN;
  return {
    spec,
    map,
    use,
    enter,
    returns,
    others: [...others],
    placesItself: spec.fields.address !== undefined || spec.fields.inode !== undefined,
    holds: (telling) => conditions.every((condition) => condition(telling)),
    value,
    result(telling) {
      const told = value('result', telling);
      if (Number.isNaN(told)) return Number.NaN;
      return told < 0 && told >= -MAX_ERRNO ? told : 0;
    },
    flags: (telling) => flags.reduce((sum, { bit, when }) => sum | (when === null || when(telling) ? bit : 0), 0),
    deviceKey(telling) {
      const handle = value('handle', telling);
      return Number.isNaN(handle) ? `${map}/a${value('address', telling)}` : `${map}/h${handle}`;
    },
    unplaced(cause, row) {
      const { unplaced } = use(row);
      unplaced[cause] = (unplaced[cause] ?? 0) + 1;
    },
  };
}

function readerOf(field: EventField, from: number, own: boolean, enter: number, place: number): Read {
  const scale = FIELD_UNITS[field.unit] ?? 1;
  const isSigned = field.form === 's32';
  return (telling) => {
    const values = !own ? telling.other(from) : valuesOf(telling, from, enter);
    const raw = values?.[place] ?? Number.NaN;
    return (isSigned && raw >= 2 ** 31 && raw < 2 ** 32 ? raw - 2 ** 32 : raw) * scale;
  };
}

/** An event that is both entry and return is read where it came last. */
function valuesOf(
  { returned, returnValues, enter: values }: Telling,
  from: number,
  enter: number,
): Float64Array | null {
  if (returned === from) return returnValues;
  return from === enter ? values : null;
}

/** Bits of the low 52: flags are no larger. */
const masked = (value: number, mask: number): number =>
  Number(BigInt.asUintN(64, BigInt(Math.trunc(value))) & BigInt(mask));

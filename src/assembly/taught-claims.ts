// Claims that taught events took and did not give back yet: by the handle they name, or, where the event that gives them
// back names none, by their process, if there is one only.

import { RELEASES } from '../model/event-map.js';
import { Op, type OpName } from '../model/events.js';
import type { Context } from './context.js';
import type { Process } from './process.js';
import type { Thread } from './state.js';
import type { Operation, Telling } from './taught-fields.js';

/** A range of a file that an event is about. */
export interface Placed {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
  readonly whole: boolean;
}

interface Claim {
  readonly group: string;
  /** In `byKey`; empty where it has no handle. */
  readonly key: string;
  readonly process: Process;
  /** Empty: it could not be placed. */
  readonly held: readonly { readonly place: Placed; readonly handle: number }[];
}

export class Claims {
  readonly #c: Context;
  readonly #byKey = new Map<string, Claim[]>();
  readonly #byProcess = new Map<Process, Set<Claim>>();

  constructor(c: Context) {
    this.#c = c;
  }

  take(t: Thread, operation: Operation, telling: Telling, held: Claim['held']): void {
    const group = `${operation.map}/${operation.spec.op}`;
    const claim = { group, key: keyOf(group, t, operation, telling), process: t.process, held };
    if (claim.key !== '') push(this.#byKey, claim.key, claim);
    let own = this.#byProcess.get(t.process);
    if (own === undefined) {
      own = new Set();
      this.#byProcess.set(t.process, own);
    }
    own.add(claim);
  }

  release(t: Thread, operation: Operation, telling: Telling): void {
    const group = `${operation.map}/${RELEASES[operation.spec.op]}`;
    const claims = this.#found(t, operation, telling, group);
    if (claims === null) return;
    let rows = 0;
    for (const claim of claims) {
      this.#byProcess.get(claim.process)?.delete(claim);
      if (claim.key !== '') this.#byKey.delete(claim.key);
      for (const { place, handle } of claim.held) {
        this.#row(t, operation.spec.op as OpName, telling, place, handle);
        rows++;
      }
    }
    if (rows > 0) operation.use(telling.row).placed++;
    else operation.unplaced('gives back what could not be placed', telling.row);
  }

  #found(t: Thread, operation: Operation, telling: Telling, group: string): readonly Claim[] | null {
    if (operation.spec.fields.handle !== undefined) {
      const claims = this.#byKey.get(keyOf(group, t, operation, telling));
      if (claims !== undefined) return claims;
      operation.unplaced('gives back what was not seen to be taken', telling.row);
      return null;
    }
    const claims = [...(this.#byProcess.get(t.process) ?? [])].filter((claim) => claim.group === group);
    if (claims.length === 1 || (claims.length > 1 && operation.spec.which === 'last')) return claims.slice(-1);
    operation.unplaced(
      claims.length === 0 ? 'gives back what was not seen to be taken' : 'does not tell which of several it gives back',
      telling.row,
    );
    return null;
  }

  #row(t: Thread, op: OpName, telling: Telling, place: Placed, handle: number): void {
    const e = this.#c.events;
    e.timeNs = telling.timeNs;
    e.op = Op[op];
    e.file = place.file;
    e.task = t.task;
    e.offset = place.offset;
    e.length = place.length;
    e.handle = handle;
    e.opId = e.newId();
    e.result = 0;
    e.row = telling.row;
    e.commit();
  }
}

function keyOf(group: string, t: Thread, operation: Operation, telling: Telling): string {
  const handle = operation.value('handle', telling);
  if (Number.isNaN(handle)) return '';
  return `${group}/${operation.spec.fields.handle?.ofProcess === true ? t.process.pid : ''}/${handle}`;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

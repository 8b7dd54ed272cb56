// What of event maps was found, by the source that a record is of: several that are assembled together are counted apart.
import { type EventCatalogue, eventsOf } from '../model/event-catalogue.js';
import { fullName, type MapUse, type OperationUse } from '../model/event-map.js';
import type { SourceInfo } from '../model/trace.js';
import type { AssemblySink } from './context.js';

interface Uses {
  /** By code of event. */
  readonly events: { records: number }[][];
  /** In the order of the maps and of their operations. */
  readonly operations: OperationUse[];
}

export class TaughtUses {
  readonly #sink: AssemblySink;
  readonly #catalogue: EventCatalogue;
  readonly #bySource = new Map<SourceInfo, Uses>();

  constructor(sink: AssemblySink, catalogue: EventCatalogue) {
    this.#sink = sink;
    this.#catalogue = catalogue;
    for (const source of sink.sources) this.#begin(source);
  }

  /** A record of an event. */
  met(code: number, row: number): void {
    for (const use of this.#of(row).events[code] ?? []) use.records++;
  }

  /** `number`: of the operation among those of all maps. */
  operation(number: number, row: number): OperationUse {
    return this.#of(row).operations[number]!;
  }

  #of(row: number): Uses {
    const source = this.#sink.sourceOf(row);
    return this.#bySource.get(source) ?? this.#begin(source);
  }

  #begin(source: SourceInfo): Uses {
    const uses: Uses = { events: [], operations: [] };
    source.maps = this.#catalogue.maps.map((map): MapUse => {
      const events = eventsOf(map).map((event) => ({ event: fullName(event), records: 0 }));
      eventsOf(map).forEach(({ name, system }, i) => {
        const code = this.#catalogue.code(name, system);
        uses.events[code] ??= [];
        uses.events[code].push(events[i]!);
      });
      const operations = map.operations.map(({ op, enter }): OperationUse => {
        return { op, event: fullName(enter), placed: 0, inside: 0, unplaced: {} };
      });
      uses.operations.push(...operations);
      return { map: map.name, events, operations };
    });
    this.#bySource.set(source, uses);
    return uses;
  }
}

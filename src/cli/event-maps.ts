// `--events`: event maps by the name of one that comes with sealtrace, or from a JSON file.
import { readFileSync, statSync } from 'node:fs';
import { suggestion } from '../base/nearest.js';
import { eventsOf } from '../model/event-catalogue.js';
import { type EventMap, fullName } from '../model/event-map.js';
import { UserError } from '../model/issue.js';
import { defineMap } from '../probes/define.js';
import * as shipped from '../probes/index.js';
import { shortName } from './load.js';
import { listed } from './options.js';

export const eventMaps: readonly EventMap[] = Object.values(shipped);

/** A map is some kilobytes of JSON. */
const LARGEST = 4 << 20;

export function mapsGiven(given: readonly string[]): readonly EventMap[] {
  const maps = given.map(mapNamed);
  refuseClashes(maps);
  return maps;
}

function mapNamed(given: string): EventMap {
  const known = eventMaps.find(({ name }) => name === given);
  if (known !== undefined) return known;
  const size = statSync(given, { throwIfNoEntry: false })?.size;
  const names = eventMaps.map(({ name }) => name);
  if (size === undefined)
    throw new UserError(
      `--events ${given}: no such file and no such map${suggestion(given, names)}; expected a JSON file or ${listed(names)} (sealtrace list events)`,
    );
  if (size > LARGEST) throw new UserError(`--events ${given}: expected at most ${LARGEST} bytes, found ${size}`);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(given, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(`--events ${given}: expected JSON: ${why}`);
  }
  return defineMap(json, shortName(given));
}

/** Maps are told apart by their names, and a text recording tells no system. */
function refuseClashes(maps: readonly EventMap[]): void {
  const systems = new Map<string, string>();
  maps.forEach((map, i) => {
    if (maps.findIndex(({ name }) => name === map.name) !== i)
      throw new UserError(`--events: two maps are named "${map.name}"; give one, or rename one`);
    for (const event of eventsOf(map)) {
      const known = systems.get(event.name) ?? event.system;
      if (known !== event.system)
        throw new UserError(
          `--events: ${fullName(event)} of map "${map.name}" and ${known === '' ? event.name : `${known}:${event.name}`} differ in their system only, which a text recording does not tell; give one of the maps`,
        );
      systems.set(event.name, known);
    }
  });
}

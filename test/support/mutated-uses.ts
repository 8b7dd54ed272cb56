// Recordings that are read in ways made up at random, the same ones for the same seed: with event maps, which say of their
// events what nobody would; and several as one run, whole and damaged, with clocks and offsets that fit or not.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../src/base/random.js';
import { DMA_ENDS, FIELD_FORMS, FIELD_ROLES, FIELD_UNITS, TAUGHT_OPS } from '../../src/model/event-map.js';
import { FLAGS } from '../../src/model/events.js';
import { UserError } from '../../src/model/issue.js';
import { KERNEL_EVENTS } from '../../src/model/kernel-events.js';
import { defineMap, MAP_SCHEMA } from '../../src/probes/define.js';
import { mutated, type Recording, troubleWith } from './mutations.js';

export const pick = <T>(all: readonly T[], random: Random): T => all[random.below(all.length)]!;

/** What stands in JSON where something else was meant. */
const SILLY: readonly unknown[] = [
  ...[null, true, -1, 0.5, 1e308, 2 ** 53, '', '0x1fffffffffffff', [], {}, [[]], { field: 'x' }],
  ...['__proto__', 'constructor', 'toString', 'é', 'a b', 'enter', 'return', 'x'.repeat(5000)],
];
/** Events of kprobes in the bundled recordings, besides those that sealtrace knows by itself. */
const PROBES = ['st:ib_umem_get', 'st:pin_user_pages_fast', 'seal:vfio_ioctl', 'seal:uring_buffers', '__proto__'];
const EVENTS = [...PROBES, ...KERNEL_EVENTS.map(({ name }) => name)];
const FIELDS = [...new Set(['addr', 'len', 'fd', ...KERNEL_EVENTS.flatMap(({ slots }) => slots.map((s) => s.field))])];

type Json = Record<string, unknown>;

/** An event map in the right form, about anything; a part of it may be something else. */
export function inventedMap(random: Random): Json {
  const operations = Array.from({ length: 1 + random.below(4) }, () => operation(random));
  const map: Json = { schema: MAP_SCHEMA, name: 'invented', title: '<b>', operations };
  if (random.below(3) === 0) spoil(map, random);
  return map;
}

function operation(random: Random): Json {
  const one: Json = { op: pick([...TAUGHT_OPS, ...DMA_ENDS], random) };
  if (random.below(2) === 0) one.event = pick(EVENTS, random);
  else Object.assign(one, { enter: pick(EVENTS, random), return: pick(EVENTS, random) });
  const fields: Json = {};
  for (let left = random.below(5); left > 0; left--) fields[pick(FIELD_ROLES, random)] = field(random);
  if (fields.inode !== undefined) fields.device ??= field(random);
  one.fields = fields;
  if (random.below(3) === 0) one.when = { field: pick(FIELDS, random), [pick(['is', 'not', 'mask'], random)]: 1 };
  if (random.below(3) === 0) one.flags = { [pick(FLAGS, random)]: true };
  return one;
}

function field(random: Random): unknown {
  const name = pick(FIELDS, random);
  if (random.below(2) === 0) return name;
  const form = pick(Object.keys(FIELD_FORMS), random);
  return random.below(4) > 0
    ? { field: name, form }
    : { field: name, form, unit: pick(Object.keys(FIELD_UNITS), random) };
}

function spoil(json: Json, random: Random): void {
  const key = pick(Object.keys(json), random);
  const inner = json[key];
  if (typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0 && random.below(4) > 0)
    spoil(inner as Json, random);
  else if (random.below(3) === 0) delete json[key];
  else json[key] = pick(SILLY, random);
}

/** What is wrong with how the recording is read with an event map made up at random. */
export async function troubleTaught({ bytes }: Recording, random: Random, folder: string): Promise<string> {
  const map = inventedMap(random);
  const text = JSON.stringify(map);
  writeFileSync(join(folder, 'map.json'), text);
  const input = join(folder, 'taught');
  writeFileSync(input, random.below(2) === 0 ? bytes : mutated(bytes, random));
  try {
    return await troubleWith([input], { maps: [defineMap(JSON.parse(text), 'map.json')] }, folder);
  } catch (error) {
    return error instanceof UserError ? '' : `map.json: ${error instanceof Error ? error.stack : error}`;
  }
}

const OFFSETS = [0n, -1n, 1_500_000_000n, -1_795_466_224_606_892_605n, 2n ** 63n, -(10n ** 26n)];

/** What is wrong with how two or three of them are joined. */
export async function troubleJoined(all: readonly Recording[], random: Random, folder: string): Promise<string> {
  const inputs = Array.from({ length: 2 + random.below(2) }, (_, i) => {
    const { bytes } = pick(all, random);
    const path = join(folder, `joined-${i + 1}`);
    writeFileSync(path, random.below(2) === 0 ? bytes : mutated(bytes, random));
    return path;
  });
  if (random.below(10) === 0) inputs[1] = inputs[0]!;
  const given =
    random.below(2) === 0 ? [] : inputs.map((_, i) => ({ source: `${i + 1}`, offsetNs: pick(OFFSETS, random) }));
  return troubleWith(inputs, { clockOffsets: given.slice(1) }, folder);
}

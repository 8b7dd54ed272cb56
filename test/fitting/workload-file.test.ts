// The workload file: what it holds, what it does not tell, and what is said of a wrong one.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { drawsOf } from '../../src/base/distribution.js';
import { Random } from '../../src/base/random.js';
import { readWorkload } from '../../src/workloads/modelled/read.js';
import { fitted } from './support.js';

const path = join(import.meta.dirname, '..', '..', 'traces', 'ftrace', 'xfs-kill.report.txt.gz');
const { trace, model } = await fitted(path);
const text = JSON.stringify(model);

test('is read as it was written', () => {
  expect(readWorkload('w.json', text)).toEqual(model);
});

test('gaps before a step that came seldom are drawn in the order in which they were', () => {
  const gaps = model.roles.flatMap(({ chain }) => chain.map(({ gap }) => gap)).find(({ is }) => is === 'ordered')!;
  const { values } = gaps as { readonly values: readonly number[] };
  expect(values.length).toBeGreaterThan(1);
  const draws = drawsOf(gaps);
  const random = new Random(1);
  const drawn = Array.from({ length: 2 * values.length }, () => draws.next(random));
  expect(drawn).toEqual([...values, ...values]);
});

test('names no path, command, process or inode of the recording', () => {
  const words = [
    ...trace.files.map((file) => file.path.split('/').at(-1)!),
    ...trace.tasks.map(({ name }) => name),
    ...trace.sources.map(({ name }) => name),
  ].filter((word) => word.length > 2);
  expect(words).toContain('st-killer');
  for (const word of words) expect(text).not.toContain(word);
  const strings = new Set([...text.matchAll(/"([^"]*)"/g)].map(([, word]) => word));
  for (const { inode, device } of trace.files) for (const id of [inode, device]) expect(strings).not.toContain(id);
});

/** The file with one value replaced. */
function changed(at: readonly (string | number)[], value: unknown): string {
  const copy = JSON.parse(text) as Record<string, unknown>;
  const holder = at.slice(0, -1).reduce<unknown>((one, key) => Reflect.get(one as object, key), copy);
  Reflect.set(holder as object, at.at(-1)!, value);
  return JSON.stringify(copy);
}

const GAP = ['roles', 0, 'chain', 0, 'gap'];

describe('a wrong file is refused with the place, what it expects and what it found', () => {
  test.each([
    ['no JSON', '{', /^w\.json is no JSON: /],
    ['not an object', '[]', /^w\.json: \$ is \[\]; expected an object$/],
    [
      'another schema',
      changed(['schema'], 'sealtrace.run/1'),
      /\$\.schema is "sealtrace\.run\/1"; expected "sealtrace\.workload\/1"/,
    ],
    [
      'a missing key',
      changed(['kinds', 0, 'members', 0, 'bytes'], undefined),
      /\$\.kinds\[0\]\.members\[0\]\.bytes is missing; expected a whole number from 0/,
    ],
    ['a share above one', changed(['reuse'], 1.5), /\$\.reuse is 1\.5; expected a number from 0 to 1/],
    ['a negative mean', changed(GAP, { is: 'exponential', mean: -1 }), /gap\.mean is -1; expected a number above 0/],
    [
      'a Pareto without a mean',
      changed(GAP, { is: 'pareto', least: 1, shape: 1 }),
      /\$\.roles\[0\]\.chain\[0\]\.gap\.shape is 1; expected a number from 1\.01 to 1000 \(at 1 and below a mean does not exist\)/,
    ],
    [
      'a negative gap in order',
      changed(GAP, { is: 'ordered', values: [3, -1] }),
      /gap\.values\[1\] is -1; expected a number/,
    ],
    [
      'an unknown distribution',
      changed(GAP, { is: 'cauchy' }),
      /gap\.is is "cauchy"; expected one of "values", "quantiles"/,
    ],
    [
      'falling quantiles',
      changed(GAP, { is: 'quantiles', points: [3, 2], tail: [] }),
      /gap\.points\[1\] is 2; expected no less than the value before it, 3/,
    ],
    [
      'a negative time',
      changed(GAP, { is: 'values', values: [-5], counts: [1] }),
      /gap\.values\[0\] is -5; expected a number from 0/,
    ],
    [
      'half a count',
      changed(GAP, { is: 'values', values: [5], counts: [0.5] }),
      /gap\.counts\[0\] is 0\.5; expected a whole number from 1/,
    ],
    [
      'an unknown operation',
      changed(['roles', 0, 'chain', 0, 'op'], 'frobnicate'),
      /\.op is "frobnicate"; expected a name such as/,
    ],
    [
      'a step that is not there',
      changed(['roles', 0, 'chain', 0, 'next'], [[{ number: 999, count: 1 }]]),
      /next\[0\]\[0\]\.number is 999; expected a whole number from -1 to/,
    ],
    [
      'a kind that is not there',
      changed(['roles', 0, 'chain', 0, 'kind'], 70),
      /\.kind is 70; expected a whole number from 0 to \d/,
    ],
    [
      'a role that is not there',
      changed(['processes', 0, 'threads', 0, 'role'], 50),
      /\$\.processes\[0\]\.threads\[0\]\.role is 50; expected a whole number from 0/,
    ],
    [
      'more files than inodes',
      changed(['kinds', 0, 'members', 0, 'count'], 1_000_001),
      /\.count is 1000001; expected a whole number from 1 to 1000000/,
    ],
    [
      'an empty deck',
      changed(['roles', 0, 'first'], [[]]),
      /\$\.roles\[0\]\.first\[0\] is an empty one; expected a list of one or more/,
    ],
    ['no chain', changed(['roles', 0, 'chain'], []), /\$\.roles\[0\]\.chain is an empty one/],
  ])('%s', (_, wrong, message) => {
    expect(() => readWorkload('w.json', wrong)).toThrow(message);
  });

  test('files of all members together are no more than inodes', () => {
    const member = model.kinds[0]!.members[0]!;
    const many = {
      ...model,
      kinds: [{ ...model.kinds[0]!, members: Array(3).fill({ ...member, count: 400_000 }) }, ...model.kinds.slice(1)],
    };
    expect(() => readWorkload('w.json', JSON.stringify(many))).toThrow(
      /120000\d in all; expected 1000000 files at most/,
    );
  });
});

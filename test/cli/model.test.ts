// A workload fitted to a recording and more of it made, as a user does it.
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { recording, STACK, scratch, sealtrace } from './support.js';

const { path, file } = scratch();
const WORKLOAD = path('workload.json');

interface Answer {
  readonly schema: string;
  readonly output: string;
  readonly workload: { readonly files: number; readonly distributions: Readonly<Record<string, number>> };
  readonly operations: readonly { readonly op: string; readonly recorded: number; readonly made: number }[];
  readonly distances: readonly { readonly of: string; readonly near: boolean }[];
  readonly policies: readonly {
    readonly policy: string;
    readonly agree: readonly string[];
    readonly differ: readonly string[];
  }[];
}

const modelOf = (name: string, ...more: string[]) => sealtrace(['model', recording(name), '-o', WORKLOAD, ...more]);
const model = (...more: string[]) => modelOf('nvme-pagecache', ...more);

test('--json says how near it comes; the same arguments give the same bytes', async () => {
  const [one, again] = [await model('--json', '-q'), await model('--json', '-q')];
  expect(one.code, one.err).toBe(0);
  expect(one.out).toBe(again.out);
  const answer = JSON.parse(one.out) as Answer;
  expect(answer).toMatchObject({ schema: 'sealtrace.model/1', output: 'workload.json', workload: { files: 7 } });
  expect(answer.operations.find(({ op }) => op === 'pin')).toMatchObject({ recorded: 111 });
  expect(answer.distances.length).toBeGreaterThan(10);
  expect(answer.policies.map(({ policy }) => policy)).toContain('mapdirect-lease');
});

test.each([
  // Of intervals that hold in 95 of 100 cases.
  { name: 'nvme-pagecache', most: 0.05, verdict: ['dax', 'wait'] },
  // Processes that come and go, each round on a file of its own: they meet the file of their round, written and then cut.
  { name: 'xfs-kill', most: 0.05, verdict: ['dax', 'deny'] },
] as const)(
  'the verdicts of the usual policies agree, refusals and waits among them, for several seeds: $name',
  async ({ name, most, verdict: [policy, verdict] }) => {
    let [agree, differ] = [0, 0];
    const apart: string[] = [];
    for (const seed of ['1', '2', '3']) {
      const { policies } = JSON.parse((await modelOf(name, '--json', '-q', '--seed', seed)).out) as Answer;
      expect(policies.length).toBeGreaterThanOrEqual(8);
      for (const one of policies) {
        agree += one.agree.length;
        differ += one.differ.length;
        apart.push(...one.differ.map((what) => `${one.policy} ${what}, seed ${seed}`));
      }
      const found = policies.find((one) => one.policy === policy)! as unknown as Record<
        string,
        Record<string, { count: number }>
      >;
      expect(found.recorded![verdict]!.count).toBeGreaterThan(0);
      expect(found.made![verdict]!.count).toBeGreaterThan(0);
    }
    expect(differ / (agree + differ), apart.join('; ')).toBeLessThanOrEqual(most);
  },
  60_000,
);

test('as text', async () => {
  const { out, err } = await model();
  expect(err).toContain('wrote');
  for (const text of [
    'popularity of files',
    'hold time of pin',
    'mapdirect-lease',
    'distances within their bounds',
    'left out',
  ])
    expect(out).toContain(text);
});

async function made(...args: string[]): Promise<{ text: string; files: number; tasks: number; events: number }> {
  const out = path('more.ndjson');
  const { code, err, out: json } = await sealtrace(['synth', WORKLOAD, '--json', '-o', out, ...args]);
  expect(code, err).toBe(0);
  const { files, tasks, events } = JSON.parse(json);
  return { text: readFileSync(out, 'utf8'), files, tasks, events };
}

beforeAll(async () => {
  expect((await model('-q')).code).toBe(0);
}, 60_000);

test('synth makes it again, ten times as much of it, or longer; the same bytes for the same arguments', async () => {
  const one = await made();
  expect((await made()).text).toBe(one.text);
  expect((await made('--seed', '2')).text).not.toBe(one.text);
  const ten = await made('--scale', '10');
  expect(ten.files).toBe(10 * one.files);
  // A thread of the kernel that brings blocks where there are none may find none, and leaves no row then.
  expect(ten.tasks).toBeGreaterThan(9 * one.tasks);
  expect(ten.tasks).toBeLessThanOrEqual(10 * one.tasks);
  expect(ten.events / one.events).toBeGreaterThan(8);
  expect(ten.events / one.events).toBeLessThan(12);
  const long = await made('--events', '20000');
  expect(long).toMatchObject({ events: 20000, files: one.files, tasks: one.tasks });
});

test.each([
  [
    'scale of a workload with parameters',
    ['mover', '--scale', '2'],
    /--scale is for a workload that sealtrace model fitted; mover has parameters/,
  ],
  ['no scale', [WORKLOAD, '--scale', '0'], /--scale is "0"; expected a whole number from 1 to \d+ \(/],
  [
    'more copies than there is room for',
    [WORKLOAD, '--scale', '100000000'],
    /--scale is "100000000"; expected a whole number from 1 to \d+ \(\d+ (files|threads|blocks of files) each, \d+ at most\)/,
  ],
  ['a negative scale', [WORKLOAD, '--scale=-3'], /--scale is "-3"; expected a whole number/],
  ['parameters', [WORKLOAD, '--set', 'files=3'], /--set files=3: a fitted workload has no parameters/],
  ['a file that is not there', [path('none.json')], /cannot read .*none\.json/],
  [
    'a file that is none',
    [file('bad.json', '{"schema":"x"}')],
    /bad\.json: \$\.schema is "x"; expected "sealtrace\.workload\/1"/,
  ],
])('synth: %s: exit 2, and what to do', async (_, args, message) => {
  const { code, out, err } = await sealtrace(['synth', ...args, '-o', path('x.ndjson')]);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(message);
  expect(err).not.toMatch(STACK);
});

test('a trace without operations gives a model of nothing, and synth says so', async () => {
  const empty = file('empty.ndjson', '{"schema":"sealtrace.events/1","clock":"mono","originNs":0}\n');
  const { code } = await sealtrace(['model', empty, '-o', path('empty.json')]);
  expect(code).toBe(0);
  const { out } = await sealtrace(['synth', path('empty.json'), '-o', '-', '--format', 'ndjson']);
  expect(out.trim().split('\n')).toHaveLength(1);
});

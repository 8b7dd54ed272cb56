import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { recording, scratch, sealtrace } from './support.js';

const { path, file } = scratch();
const KILL = recording('xfs-kill');
/** Nothing of it was measured: everything costs what the list says. */
const BARE = file(
  'bare.ndjson',
  [
    { schema: 'sealtrace.events/1', clock: 'mono', originNs: 0 },
    { t: 0, op: 'file', path: '/f', size: 8192 },
    ...Array.from({ length: 9 }, (_, i) => ({ t: 1000 * (i + 1), op: 'read', pid: 1, path: '/f', off: 0, len: 4096 })),
  ]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join(''),
);
const costs = (name: string, prices: object, more: object = {}): string =>
  file(
    name,
    JSON.stringify({ schema: 'sealtrace.costs/1', name: 'lab', title: 'A lab', base: 'reference', prices, ...more }),
  );
const READ = { fixedNs: 1_000_000, nsPerByte: 100, basis: 'measured', from: 'a stop watch' };

interface Replay {
  readonly lanes: readonly { readonly costs: string; readonly latency: Record<string, { readonly meanNs: number }> }[];
}
const replay = async (trace: string, ...args: string[]): Promise<Replay> => {
  const { code, out, err } = await sealtrace(['replay', trace, '--policy', 'dax', '--json', '-q', ...args]);
  expect(err).toBe('');
  expect(code).toBe(0);
  return JSON.parse(out) as Replay;
};

test('prices of a file take the place of those of its base, for that step alone', async () => {
  const lab = costs('lab.json', { read: READ });
  const [lane] = (await replay(BARE, '--costs', lab)).lanes;
  expect(lane!.costs).toBe('lab');
  expect(lane!.latency.read!.meanNs).toBe(1_000_000 + 4096 * 100);
  const [other] = (await replay(BARE, '--costs', costs('other.json', { write: READ }))).lanes;
  expect(other!.latency).toEqual((await replay(BARE)).lanes[0]!.latency);
});

test('the report says where the prices of the file come from', async () => {
  const lab = costs('lab.json', { read: { ...READ, from: '<b>a stop watch' } });
  const { out } = await sealtrace(['report', BARE, '--costs', lab, '-o', '-', '-q']);
  expect(out).toContain('&lt;b&gt;a stop watch');
  expect(out).toContain('--costs lab.json');
});

test('calibrate takes the middle of what succeeded, and its file replays as calibrated does', async () => {
  const out = path('kill.json');
  const { code, out: said } = await sealtrace(['calibrate', KILL, '-o', out, '--json', '-q']);
  expect(code).toBe(0);
  const { costs: written, kept } = JSON.parse(said) as {
    costs: { prices: Record<string, { fixedNs: number }> };
    kept: string[];
  };
  expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual(written);
  const plain = await sealtrace(['ingest', KILL, '-o', '-', '--format', 'ndjson', '-q']);
  const rows = plain.out.split('\n').filter((line) => line.includes('"write_fault"'));
  const events = rows.map((line) => JSON.parse(line) as { op: string; ret?: string | number; ns?: number });
  const took = events.flatMap(({ ret, ns }) => (typeof ret === 'string' || ns === undefined ? [] : [ns]));
  took.sort((a, b) => a - b);
  const middle = (took[(took.length - 1) >> 1]! + took[took.length >> 1]!) / 2;
  expect(took.length).toBeGreaterThan(100);
  expect(Math.abs(written.prices.write_fault!.fixedNs - middle)).toBeLessThanOrEqual(0.5);
  expect(kept).toContain('recall');
  const [byFile, byName] = [await replay(KILL, '--costs', out), await replay(KILL, '--costs', 'calibrated')];
  expect(byFile.lanes).toEqual(byName.lanes);
});

test('a bundle gives the very same prices', async () => {
  const bundle = path('kill.sealtrace');
  await sealtrace(['ingest', KILL, '-o', bundle, '-q']);
  const [text, again] = [
    await sealtrace(['calibrate', KILL, '--json', '-q']),
    await sealtrace(['calibrate', bundle, '--json', '-q']),
  ];
  expect(again.out).toBe(text.out);
});

test.each([
  ['no JSON', '{', /bad\.json is no JSON: /],
  ['another schema', '{"schema":"x"}', /\$\.schema is "x"; expected "sealtrace\.costs\/1"/],
  ['unknown step', { comit: READ }, /\$\.prices\.comit .*; expected a step there is: syscall, /],
  ['negative price', { read: { ...READ, fixedNs: -1 } }, /\$\.prices\.read\.fixedNs is -1; expected a number from 0/],
  ['no source', { read: { ...READ, from: undefined } }, /\$\.prices\.read\.from is missing; expected a text/],
  ['unknown class', { read: { ...READ, basis: 'hearsay' } }, /\$\.prices\.read\.basis is "hearsay"; expected one of/],
])('a cost file with %s is refused, and where is said', async (_, prices, message) => {
  const bad = typeof prices === 'string' ? file('bad.json', prices) : costs('bad.json', prices);
  const { code, err } = await sealtrace(['replay', BARE, '--costs', bad]);
  expect(code).toBe(2);
  expect(err).toMatch(message);
});

test('a file may not take the name of a model', async () => {
  const { code, err } = await sealtrace(['replay', BARE, '--costs', costs('bad.json', {}, { name: 'reference' })]);
  expect(code).toBe(2);
  expect(err).toMatch(/\$\.name is "reference"; expected a name that no model has yet/);
});

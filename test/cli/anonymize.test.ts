// A trace that may be shared: no name of the original is in it, and every replay says the same.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ingest } from '../../src/trace/ingest.js';
import { recording, STACK, scratch, sealtrace } from './support.js';

const { path, file } = scratch();
const KEY = 'a key that is long enough';

async function hidden(name: string, out: string, ...options: string[]): Promise<string> {
  const key = file('key', KEY);
  const { code, err } = await sealtrace(['anonymize', recording(name), '-o', path(out), '--key-file', key, ...options]);
  expect(code, err).toBe(0);
  return path(out);
}

test.each(['xfs-kill', 'xfs-movers', 'xfs-swap', 'nvme-pagecache'])('%s replays alike', async (name) => {
  const lanes = async (trace: string): Promise<unknown> => {
    const { out } = await sealtrace(['replay', trace, '--json', '--policy', 'all']);
    const { lanes, fidelity } = JSON.parse(out);
    return { lanes, fidelity: { ...fidelity, examples: [] } };
  };
  const original = await lanes(recording(name));
  expect(await lanes(await hidden(name, `${name}.sealtrace`))).toEqual(original);
  expect(await lanes(await hidden(name, `${name}-shifted.sealtrace`, '--shift-times'))).toEqual(original);
});

test('no path, command or inode of the original is anywhere in the bundle', async () => {
  for (const name of ['xfs-kill', 'xfs-movers', 'nvme-pagecache']) {
    const { trace } = await ingest([recording(name)]);
    const folder = await hidden(name, 'searched.sealtrace', '--shift-times');
    const bytes = readdirSync(folder).map((one) => readFileSync(join(folder, one), 'latin1'));
    const generic = trace.kinds.filter(({ typed }) => !typed).map((kind) => kind.name);
    const parts = trace.files.flatMap((one) => one.path.split('/'));
    const words = [
      ...parts,
      ...trace.tasks.map((task) => task.name),
      ...generic,
      ...trace.sources.map((one) => one.name),
    ];
    const long = [...new Set(words)].filter((word) => word.length > 4);
    expect(long.length).toBeGreaterThan(3);
    for (const word of long) for (const text of bytes) expect(text.includes(word), word).toBe(false);
    const shared = (await ingest([folder])).trace;
    const inodes = new Set(trace.files.map(({ inode }) => inode).filter((inode) => inode !== ''));
    expect(shared.files.some(({ inode }) => inodes.has(inode))).toBe(false);
    expect(shared.originNs).not.toBe(trace.originNs);
    expect(shared.files).toHaveLength(trace.files.length);
    expect(new Set(shared.files.map((one) => `${one.inode} ${one.path}`)).size).toBe(
      new Set(trace.files.map((one) => `${one.inode} ${one.path}`)).size,
    );
  }
});

test('the same key gives the same names in any trace; another key, or none, gives others', async () => {
  const text = (dir: string): string =>
    [
      '{"schema":"sealtrace.events/1","clock":"mono","originNs":0}',
      `{"t":0,"op":"file","dev":"7:0","ino":5,"path":"/home/${dir}/secret.db","size":4096,"note":"${dir}"}`,
      `{"t":1,"op":"read","pid":4,"comm":"payroll","path":"/home/${dir}/secret.db","off":0,"len":10}`,
    ].join('\n');
  const share = async (name: string, dir: string, ...options: string[]): Promise<string> => {
    const { out, code } = await sealtrace([
      'anonymize',
      file(name, text(dir)),
      '-o',
      '-',
      '--format',
      'ndjson',
      ...options,
    ]);
    expect(code).toBe(0);
    expect(out).not.toMatch(/secret|home|payroll|note|one|two/);
    return out;
  };
  const key = ['--key-file', file('k1', KEY)];
  const [one, again] = [await share('a.ndjson', 'one', ...key), await share('a.ndjson', 'one', ...key)];
  expect(one).toBe(again);
  const pathOf = (shared: string): string[] => /"path":"([^"]+)"/.exec(shared)![1]!.split('/');
  const two = await share('b.ndjson', 'two', ...key);
  expect(pathOf(two)).toEqual([
    pathOf(one)[0],
    pathOf(one)[1],
    expect.not.stringContaining(pathOf(one)[2]!),
    pathOf(one)[3],
  ]);
  expect(await share('a.ndjson', 'one', '--key-file', file('k2', `another ${KEY}`))).not.toBe(one);
  expect(await share('a.ndjson', 'one')).not.toBe(await share('a.ndjson', 'one'));
});

test.each([
  ['a short key', ['--key-file', file('short', 'abc')], /key-file .*short holds 3 bytes; expected 16 or more/],
  ['no key', ['--key-file', path('nowhere')], /cannot read the key file .*nowhere: ENOENT/],
  ['no output', [], /anonymize needs a place to write/],
])('%s: exit 2', async (name, options, message) => {
  const out = name === 'no output' ? [] : ['-o', path('x.sealtrace')];
  const { code, err, out: said } = await sealtrace(['anonymize', recording('xfs-kill'), ...out, ...options]);
  expect({ code, said }).toEqual({ code: 2, said: '' });
  expect(err).toMatch(message);
  expect(err).not.toMatch(STACK);
});

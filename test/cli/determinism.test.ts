// The same results whatever the number of threads, byte for byte of what the program says; and from the text of a recording,
// from its trace.dat and from the bundle of either.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Built, builtProgram } from '../support/built.js';
import { scratch, sealtrace } from './support.js';

const root = join(import.meta.dirname, '..', '..');
const trace = (name: string): string => join(root, 'traces', name);
const files = scratch();
const run = promisify(execFile);

let built: Built;
beforeAll(async () => {
  built = await builtProgram();
}, 60_000);
afterAll(() => built.remove());

async function replayed(threads: number, name: string, options: readonly string[]): Promise<string> {
  const out = files.path('run.sealrun');
  const words = ['replay', trace(name), '-q', '--json', '-o', out, '--threads', String(threads), ...options];
  const { stdout, stderr } = await run(process.execPath, [built.main, ...words]);
  expect(stderr).toBe('');
  return stdout + readFileSync(out, 'utf8');
}

const MIXED = ['--lane', 'prod=*.dat=mapdirect,ino:131=ondisk,*=dax', '--seal-rule', 'files:*'];

test.each([
  ['ftrace/xfs-movers.report.txt.gz', []],
  [
    'ftrace/nvme-pagecache.report.txt.gz',
    ['--policy', 'usual', '--timing', 'open', '--crash-at', 'random:3', ...MIXED],
  ],
  ['ndjson/truncate-under-mapdirect.ndjson', ['--policy', 'mapdirect', '--on-deny', 'retry:1ms']],
])('%s on 1, 2 and 4 threads', async (name, options) => {
  const alone = await replayed(1, name, options);
  expect(alone.length).toBeGreaterThan(1000);
  for (const threads of [2, 4]) expect(await replayed(threads, name, options), `${threads} threads`).toBe(alone);
});

test.each(['swap-xfs-dax', 'pin-xfs-dax', 'leases-xfs-dax'])(
  '%s from text, from trace.dat and from bundles',
  async (name) => {
    const text = trace(`trace-dat/${name}.report.txt.gz`);
    const dat = trace(`trace-dat/${name}.dat`);
    const bundles = [text, dat].map((path, i) => [path, files.path(`${name}-${i}.sealtrace`)] as const);
    for (const [from, to] of bundles) expect((await sealtrace(['ingest', from, '-o', to, '-q'])).code).toBe(0);
    const lanes: string[] = [];
    for (const path of [text, dat, ...bundles.map(([, to]) => to)]) {
      const { code, out } = await sealtrace(['replay', path, '-q', '--json']);
      expect(code, path).toBe(0);
      lanes.push(JSON.stringify(JSON.parse(out).lanes));
    }
    expect(lanes[0]!.length).toBeGreaterThan(1000);
    for (const one of lanes) expect(one).toBe(lanes[0]);
  },
);

// The same results whatever the number of threads, byte for byte of what the program says; and from the text of a recording,
// from its trace.dat and from the bundle of either.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
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

/** Everything a bundle holds, and what was said. */
async function ingested(threads: number, paths: readonly string[], options: readonly string[]): Promise<string> {
  const out = files.path(`read-${threads}.sealtrace`);
  const words = ['ingest', ...paths, '-o', out, '--json', '--no-progress', '--threads', String(threads), ...options];
  const { stdout, stderr } = await run(process.execPath, [built.main, ...words]);
  const contents = readdirSync(out).map((name) => `${name}\n${readFileSync(join(out, name), 'latin1')}`);
  // The last line tells how long it took.
  const said = stderr.split('\n').filter((line) => !/events\/s/.test(line));
  return [stdout, ...said, ...contents].join('\n').replaceAll(`read-${threads}`, 'read');
}

test.each([
  ['text of ftrace', ['ftrace/xfs-movers.report.txt.gz'], []],
  ['trace.dat, with an event map', ['trace-dat/pin-xfs-dax.dat'], ['--events', 'st']],
  ['trace.dat of version 6', ['trace-dat/leases-xfs-dax.v6.dat.gz'], []],
  ['perf.data', ['perf/leases.perf.data.gz'], []],
  ['perf script', ['perf/xfs-database.script.txt.gz'], []],
  ['strace', ['strace/story.strace.txt.gz'], []],
  ['bpftrace', ['bpftrace/story.json.gz'], []],
  ['a block trace, which is read as it always is', ['blktrace/loop-ext4.blktrace.gz'], []],
  ['three that are joined', ['joined/joined.dat', 'joined/joined.strace.txt.gz', 'joined/joined.blktrace.gz'], []],
])('%s is the same bundle whether it was read on 1 thread or 2', async (_, names, options) => {
  const alone = await ingested(1, names.map(trace), options);
  expect(alone.length).toBeGreaterThan(10_000);
  expect(await ingested(2, names.map(trace), options)).toBe(alone);
});

test('losses, and a recording that is cut off, are the same as well', async () => {
  const lines = gunzipSync(readFileSync(trace('ftrace/xfs-movers.report.txt.gz')))
    .toString('latin1')
    .split('\n');
  const lossy = [...lines.slice(0, 900), 'CPU:1 [23 EVENTS DROPPED]', 'what is this', ...lines.slice(900)].join('\n');
  const dat = readFileSync(trace('trace-dat/pin-xfs-dax.dat'));
  for (const path of [files.file('lossy.txt', lossy), files.file('cut.dat', dat.subarray(0, dat.length - 5000))]) {
    const said = await Promise.all(
      [1, 2].map(async (threads) => {
        const out = files.path(`cut-${threads}.sealtrace`);
        const words = ['ingest', path, '-o', out, '-q', '--threads', String(threads)];
        const { code, stderr } = await run(process.execPath, [built.main, ...words]).then(
          ({ stderr: text }) => ({ code: 0, stderr: text }),
          ({ code: status, stderr: text }) => ({ code: status as number, stderr: text as string }),
        );
        return [code, stderr, ...readdirSync(out).map((name) => readFileSync(join(out, name), 'latin1'))];
      }),
    );
    expect(said[1]).toEqual(said[0]);
  }
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

// Block traces and tables by the command line: sets of files, --map, what was assumed, and what a replay may not claim.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundledFile } from '../support/read-format.js';
import { STACK, scratch, sealtrace } from './support.js';

const { file, path } = scratch();
const tables = join(import.meta.dirname, '..', '..', 'traces', 'tables');

interface Answer {
  readonly sources: readonly { readonly records: number; readonly format: string }[];
  readonly events: { readonly byOp: Readonly<Record<string, number>> };
  readonly quality: { readonly safe: boolean; readonly reasons: readonly string[] };
}
const answer = (out: string): Answer => JSON.parse(out) as Answer;

test("the files of a blktrace's CPUs are one recording", async () => {
  const whole = bundledFile('blktrace/loop-ext4.blktrace.gz');
  const view = new DataView(whole.buffer);
  const cpus: Uint8Array[][] = [[], []];
  for (let at = 0; at < whole.length; ) {
    const length = 48 + view.getUint16(at + 46, true);
    cpus[view.getUint32(at + 40, true)]!.push(whole.subarray(at, at + length));
    at += length;
  }
  const paths = cpus.map((records, cpu) => file(`loop0.blktrace.${cpu}`, Buffer.concat(records)));
  const bundle = path('loop.sealtrace');
  expect((await sealtrace(['ingest', ...paths, '-o', bundle, '-q'])).code).toBe(0);
  const { sources, events } = answer((await sealtrace(['inspect', bundle, '--json'])).out);
  expect(sources.map(({ records }) => records).reduce((a, b) => a + b)).toBe(2095);
  expect(events.byOp).toEqual({ punch: 11, dma_read: 214, dma_write: 79 });
  // An empty file beside them, as of a CPU that did nothing, holds nothing that could be missing.
  file('loop0.blktrace.2', '');
  const beside = async (...given: string[]): Promise<string> => (await sealtrace(['inspect', ...given])).out;
  expect(await beside(...paths)).not.toContain('parts-not-given');
  expect(await beside(paths[1]!)).toMatch(
    /parts-not-given +1 .*found loop0\.blktrace\.0 beside it, which was not given/,
  );
});

test('what was assumed of a table is said, also by ingest', async () => {
  const { code, err } = await sealtrace(['ingest', join(tables, 'requests.parquet'), '-o', path('t.sealtrace')]);
  expect(code).toBe(0);
  expect(err).toMatch(/requests\.parquet: read as columns: time=timestamp:ns,op=type,off=lba:sectors/);
});

test.each(['\n', ''])('a table with a header alone is empty, not damaged', async (end) => {
  const table = file('empty.csv', `timestamp,op,offset,length,path${end}`);
  const { code, out, err } = await sealtrace(['inspect', table, '--json']);
  expect([code, answer(out).sources[0]!.records]).toEqual([0, 0]);
  expect(err).toMatch(/found none: the recording is empty/);
  expect(err).not.toMatch(/damaged/);
});

test('--map says the columns; nothing is assumed', async () => {
  const text = 'when;what;where;much\n1;R;8;1\n2;W;16;1\n';
  const map = 'time=when:ms,op=what,off=where:sectors,len=much:sectors';
  const { code, out, err } = await sealtrace([
    'inspect',
    file('own.csv', text),
    '--from',
    'csv',
    '--map',
    map,
    '--json',
  ]);
  expect(code).toBe(0);
  expect(answer(out).events.byOp).toEqual({ dma_read: 1, dma_write: 1 });
  expect(err).not.toMatch(/read as/);
});

test.each([
  ['a wrong role', 'when=1', 2, /unknown role "when"/],
  ['a column that is not there', 'time=nowhen,op=type', 2, /no column "nowhen"; it has timestamp, type, lba/],
])('--map with %s: exit %s', async (_, map, status, message) => {
  const { code, err } = await sealtrace(['inspect', join(tables, 'requests.csv'), '--map', map]);
  expect(code).toBe(status);
  expect(err).toMatch(message);
  expect(err).not.toMatch(STACK);
});

describe('a replay of a block trace', () => {
  test.each(['requests.arrow', 'requests.csv'])('%s: it runs, and says that there are no maps', async (name) => {
    const { code, out } = await sealtrace(['replay', join(tables, name), '--policy', 'all', '--json']);
    expect(code).toBe(0);
    const { quality } = answer(out);
    expect(quality.safe).toBe(false);
    expect(quality.reasons).toEqual([
      expect.stringMatching(/no block map of any file: of its 24 device accesses none/),
    ]);
  });
});

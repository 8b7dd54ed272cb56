// The kernel's `blk` tracer: its text in every form against its binary form, which tracefs gave of the same records; and recordings
// of it that are a folder of files, one of each CPU.
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { blkTracer } from '../../src/formats/blk-tracer.js';
import { OPS } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { ingest } from '../../src/trace/ingest.js';
import { formats } from '../../src/trace/recognise.js';
import { scratch, sealtrace } from '../cli/support.js';
import { content } from '../kernel/recordings.js';
import { readAs } from './support.js';

const folder = join(import.meta.dirname, '..', '..', 'traces', 'blktrace');
const text = (form: string): string => content(join(folder, `cpus.${form}.txt.gz`)).toString();
const files = scratch();

/** Requests, in the order of their beginnings; `unit`: ns that their times are told in. */
function requests({ columns: c, tasks }: Trace, unit: number): unknown[] {
  const shown = (ns: number): number => Math.round(ns / unit);
  return Array.from({ length: c.rows }, (_, i) => [
    OPS[c.op[i]!],
    c.offset[i],
    c.length[i],
    c.result[i],
    tasks[c.task[i]!]?.tid,
    shown(c.timeNs[i]!),
  ]);
}

test.each([
  ['classic', 1],
  ['trace', 1000],
  ['cgname', 1000],
])('%s tells the requests that the binary form tells', async (form, unit) => {
  const printed = text(form);
  const head = new TextEncoder().encode(printed.slice(0, 4096));
  expect(formats.filter((format) => format.sniff(head)).map(({ name }) => name)).toEqual([blkTracer.name]);
  const { trace, whole } = await readAs(blkTracer, printed, 777);
  expect(whole).toBe(true);
  expect(trace.issues).toEqual([]);
  const binary = (await ingest([join(folder, 'cpus')])).trace;
  expect(trace.records.rows).toBe(binary.records.rows);
  expect(trace.sources[0]).toMatchObject({ records: 188, typed: 188 });
  const expected = requests(binary, unit);
  expect(expected).toHaveLength(30);
  // Microseconds are cut, and the first of all is where time begins.
  const told = requests(trace, unit);
  const same = (row: unknown, i: number): boolean => {
    const [a, b] = [row as unknown[], expected[i] as unknown[]];
    return (
      JSON.stringify(a.slice(0, -1)) === JSON.stringify(b.slice(0, -1)) &&
      Math.abs(Number(a.at(-1)) - Number(b.at(-1))) <= 1
    );
  };
  expect(told.filter((row, i) => !same(row, i))).toEqual([]);
});

test('trace_pipe has no header: told by a line, and told from events', () => {
  const lines = text('trace').split('\n').slice(2).join('\n');
  const head = new TextEncoder().encode(lines.slice(0, 4096));
  expect(formats.filter((format) => format.sniff(head)).map(({ name }) => name)).toEqual([blkTracer.name]);
});

test('events of blocks name their device behind their own name: without a header they are ftrace text, and no blk tracer', () => {
  const lines = [
    ' rep-306069 [007] .... 19654.923315: block_bio_queue: 8,0 FWS 0 + 0 [rep]',
    ' kworker/7:1H-250   [007] .... 19654.923352: block_rq_issue: 8,0 FF 0 () 0 + 0 [kworker/7:1H]',
  ];
  const head = new TextEncoder().encode(lines.join('\n'));
  expect(formats.filter((format) => format.sniff(head)).map(({ name }) => name)).toEqual(['ftrace-text']);
});

test('records that were lost, and lines that are none', async () => {
  const lines = text('trace').split('\n');
  lines.splice(20, 0, 'CPU:0 [LOST 7 EVENTS]', 'nothing');
  const { trace } = await readAs(blkTracer, lines.join('\n'));
  expect(trace.sources[0]!.lost).toMatchObject([{ cpu: 0, count: 7 }]);
  expect(trace.issues).toMatchObject([{ code: 'unreadable-line', row: 22, count: 1 }]);
});

test('a line that is cut is said to be, and records without times say which option gives them', async () => {
  const cut = await readAs(blkTracer, text('classic').slice(0, -20));
  expect(cut.whole).toBe(false);
  expect(cut.trace.issues).toMatchObject([{ code: 'truncated-line' }]);
  const bare = await readAs(blkTracer, '# tracer: blk\n#\n  7,5    Q  WS 3776 + 128 [dd]\n');
  expect(bare.whole).toBe(false);
  expect(bare.trace.issues[0]?.text).toContain('set the tracefs option context-info to 1');
});

test('a folder of the files of all CPUs is the recording, an empty one among them is no damage', async () => {
  const copy = files.path('cpus');
  cpSync(join(folder, 'cpus'), copy, { recursive: true });
  writeFileSync(join(copy, 'loop5.blktrace.10'), '');
  writeFileSync(join(copy, 'notes.txt'), 'of no recording');
  const { code, out } = await sealtrace(['inspect', copy, '--json']);
  expect(code).toBe(0);
  const { sources } = JSON.parse(out) as { sources: readonly { name: string; records: number }[] };
  expect(sources.map(({ name, records }) => [name, records])).toEqual([
    ['loop5.blktrace.0.gz', 96],
    ['loop5.blktrace.1.gz', 92],
    ['loop5.blktrace.10', 0],
  ]);
  const report = await sealtrace(['report', copy, '-o', files.path('r.html')]);
  expect(report.code).toBe(0);
});

test('an empty file alone is none, and a folder of other files is refused', async () => {
  const empty = await sealtrace(['inspect', files.file('a.blktrace.0', '')]);
  expect(empty.code).toBe(3);
  expect(empty.err).toContain('found nothing: the input is empty');
  const other = await sealtrace(['inspect', join(folder, '..', 'fio')]);
  expect(other.code).toBe(2);
  expect(other.err).toContain('is a folder');
});

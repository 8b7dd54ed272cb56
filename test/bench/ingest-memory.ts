// Peak memory of ingest and inspect on recordings of any length, one run each.
import { closeSync, existsSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { BATCH_ROWS, integers, type TablePart, words, writeTable } from '../../src/trace/arrow-table.js';
import { contender, measure } from './contenders.js';
import { longOf, repeatLines, repeatPerf } from './long-recording.js';

/** A perf.data has so many bytes for a sample and its part of the other records. */
const SAMPLE_BYTES = 140;

/** And a table so many for a row. */
const ARROW_BYTES = 26;
const PARQUET_BYTES = 11;
const OPERATIONS = ['read', 'write'];
const FILES = Array.from({ length: 16 }, (_, i) => `/f${i}`);

export interface Weighing {
  /** Node and sealtrace. */
  readonly program: readonly string[];
  readonly scratch: string;
  readonly root: string;
  readonly perf: string;
  readonly megabytes: number;
}

type TableLine = (i: number) => string;
const TABLES: readonly (readonly [name: string, head: string, line: TableLine])[] = [
  ['CSV', 'time,op,offset,size\n', (i) => `${i * 1000},${i % 3 === 0 ? 'write' : 'read'},${(i % 4096) * 4096},4096\n`],
  [
    'NDJSON',
    '{"schema":"sealtrace.events/1","clock":"mono","originNs":0}\n',
    (i) =>
      `{"t":${i * 1000},"op":"${i % 3 === 0 ? 'write' : 'read'}","pid":7,"path":"/f${i % 16}","off":${(i % 4096) * 4096},"len":4096,"ret":0,"ns":500}\n`,
  ],
];

/** Recordings of recorders other than ftrace, repeated to the same length; one at a time, because each may be large. */
export async function weighOthers(weighing: Weighing): Promise<void> {
  const { root, scratch, perf } = weighing;
  const traces = join(root, 'traces');
  const path = join(scratch, 'other');
  const bytes = weighing.megabytes * 1e6;
  const lines = [
    ['strace', join(traces, 'strace', 'story.strace.txt.gz')],
    ['perf', join(traces, 'perf', 'story.script.txt.gz')],
    ['blkparse', join(traces, 'joined', 'joined.blkparse.txt.gz')],
  ] as const;
  for (const [recorder, recording] of lines) {
    repeatLines(recording, path, recorder, longOf(recording, recorder, bytes));
    console.log(`${recorder} text, ${Math.round(bytes / 1e6)} MB:`);
    weigh(weighing, [path]);
  }
  if (existsSync(perf)) {
    const samples = repeatPerf(perf, path, Math.ceil(bytes / SAMPLE_BYTES));
    console.log(`perf.data, ${samples} samples, ${Math.round(statSync(path).size / 1e6)} MB:`);
    weigh(weighing, [path]);
  }
  for (const [name, head, line] of TABLES) {
    writeLines(path, bytes, head, line);
    console.log(`${name}, ${Math.round(bytes / 1e6)} MB:`);
    weigh(weighing, [path]);
  }
  writeArrow(path, bytes);
  console.log(`Arrow, ${Math.round(statSync(path).size / 1e6)} MB:`);
  weigh(weighing, [path]);
  await writeParquet(path, bytes);
  console.log(`Parquet of DuckDB, ${Math.round(statSync(path).size / 1e6)} MB:`);
  weigh(weighing, [path]);
}

/** About as many bytes, in record batches as Arrow's writers make them. */
function writeArrow(path: string, bytes: number): void {
  writeTable(path, arrowParts(Math.ceil(bytes / ARROW_BYTES / BATCH_ROWS)), {});
}

function* arrowParts(batches: number): Iterable<TablePart> {
  const rows = BATCH_ROWS;
  const numbers = (value: (i: number) => number): Float64Array =>
    Float64Array.from({ length: rows }, (_, i) => value(i));
  const ops = Uint8Array.from({ length: rows }, (_, i) => (i % 3 === 0 ? 1 : 0));
  const paths = Uint8Array.from({ length: rows }, (_, i) => i % FILES.length);
  for (let batch = 0; batch < batches; batch++) {
    const columns = [
      integers(
        'time_ns',
        numbers((i) => (batch * rows + i) * 1000),
      ),
      words('op', ops, OPERATIONS, 1),
      integers(
        'offset',
        numbers((i) => (i % 4096) * 4096),
      ),
      integers(
        'size',
        numbers(() => 4096),
      ),
      words('path', paths, FILES, 2),
    ];
    yield { rows, columns };
  }
}

/** The same rows in row groups of DuckDB's usual size. */
async function writeParquet(path: string, bytes: number): Promise<void> {
  const duckdb = await DuckDBInstance.create(':memory:', { memory_limit: '2GB' });
  const connection = await duckdb.connect();
  await connection.run(
    `copy (select i * 1000 + (random() * 900)::bigint as time_ns, if(i % 3 = 0, 'write', 'read') as op, (random() * 1000000)::bigint * 4096 as offset, ((random() * 16)::bigint + 1) * 4096 as size, '/f' || (i % ${FILES.length}) as path from range(${Math.ceil(bytes / PARQUET_BYTES)}) t(i)) to '${path}' (format parquet)`,
  );
  connection.closeSync();
  duckdb.closeSync();
}

function writeLines(path: string, bytes: number, head: string, line: TableLine): void {
  const file = openSync(path, 'w');
  writeSync(file, head);
  for (let i = 0, written = head.length; written < bytes; ) {
    let text = '';
    for (const end = i + 20_000; i < end; i++) text += line(i);
    written += writeSync(file, text);
  }
  closeSync(file);
}

/** Peak memory of one run each; the bundle is that of the first recording. */
export function weigh({ program, scratch }: Weighing, recordings: readonly string[]): void {
  const bundle = join(scratch, 'weighed.sealtrace');
  const runs = recordings.map((path) => ['ingest', '-q', path, '-o', path === recordings[0] ? bundle : `${bundle}2`]);
  const counts = [...recordings, bundle].map((path) => ['inspect', '-q', '--json', path]);
  for (const words of [...runs, ...counts]) {
    const one = contender(
      words.slice(0, words.length - (words[0] === 'ingest' ? 2 : 0)).join(' '),
      [...program, ...words],
      '',
    );
    measure(one, scratch);
    const megabytes = Math.round((one.residentKiB / 1024) * 10) / 10;
    console.log(`${one.name}: peak ${megabytes} MiB, ${one.cpuSeconds[0]!.toFixed(2)} s CPU`);
  }
}

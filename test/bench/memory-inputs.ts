// Recordings of any length, of every format, for the bench of memory: made from bundled ones by shifting their times, or line by line.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { integers, type TablePart, words, writeTable } from '../../src/trace/arrow-table.js';
import {
  longOf,
  type Recorder,
  repeatBlktrace,
  repeatDat,
  repeatLines,
  repeatPerf,
  repeatText,
} from './long-recording.js';

export interface MemoryInput {
  readonly name: string;
  /** Of about so many bytes; false where what is needed for it is missing. */
  make(path: string, bytes: number): boolean | Promise<boolean>;
}

/** Where recordings lie: those of the project, an ftrace report with its trace.dat, a perf.data. */
export interface Places {
  readonly traces: string;
  readonly recording: string;
  readonly perf: string;
}

/** A perf.data has so many bytes for a sample and its part of the other records, a table so many for a row. */
const SAMPLE_BYTES = 140;
const ARROW_BYTES = 26;
const PARQUET_BYTES = 11;
const LINES_OF_FILE = 103;
const OPERATIONS = ['read', 'write'];
const FILES = Array.from({ length: 16 }, (_, i) => `/f${i}`);
/** Rows of a batch or of a group: as writers mostly make them, and as large as they come. */
const USUAL_ROWS = 1 << 16;
const PARQUET_ROWS = 122_880;
const MANY_ROWS = 1 << 20;

type Line = (i: number) => string;
const operation = (i: number): string => (i % 3 === 0 ? 'write' : 'read');
const offset = (i: number): number => (i % 4096) * 4096;
const path = (i: number): string => FILES[i % FILES.length]!;

/** Made line by line. */
const LINES: readonly (readonly [name: string, head: string, line: Line])[] = [
  ['csv', 'time,op,offset,size\n', (i) => `${i * 1000},${operation(i)},${offset(i)},4096\n`],
  ['ndjson-table', '', (i) => `{"time_ns":${i * 1000},"op":"${operation(i)}","offset":${offset(i)},"size":4096}\n`],
  [
    'ndjson',
    '{"schema":"sealtrace.events/1","clock":"mono","originNs":0}\n',
    (i) =>
      `{"t":${i * 1000},"op":"${operation(i)}","pid":7,"path":"${path(i)}","off":${offset(i)},"len":4096,"ret":0,"ns":500}\n`,
  ],
  [
    'fio-iolog',
    `fio version 3 iolog\n${FILES.map((file) => `0 ${file} add\n0 ${file} open\n`).join('')}`,
    (i) => `${i} ${path(i)} ${operation(i)} ${offset(i)} 4096\n`,
  ],
  [
    'ext4slower',
    'ENDTIME_us,TASK,PID,TYPE,BYTES,OFFSET_b,LATENCY_us,FILE\n',
    (i) => `${1_000_000 + i},db,77,${i % 3 === 0 ? 'W' : 'R'},4096,${offset(i)},12,f${i % FILES.length}\n`,
  ],
  [
    'biosnoop',
    'TIME(s)     COMM           PID    DISK    T SECTOR     BYTES  LAT(ms)\n',
    (i) => `${(i / 1e4).toFixed(6)} db 77 sda ${i % 3 === 0 ? 'W' : 'R'} ${offset(i) / 512} 4096 0.55\n`,
  ],
  // Files by the thousand, each under its own name: 176,000 in 2 GB; and as many in 60 MB.
  ['strace-files', '', (i) => straceLine(i, LINES_OF_FILE)],
  ['strace-names', '', (i) => straceLine(i, 3)],
];

/** Of a file that is opened, written and closed in `lines` lines. */
function straceLine(i: number, lines: number): string {
  const file = Math.floor(i / lines);
  const name = `/srv/mail/${file % 97}/message-${file}.eml`;
  const begin = `4242  ${1_795_000_000 + Math.floor(i / 1e4)}.${String((i % 1e4) * 100).padStart(6, '0')}`;
  if (i % lines === 0)
    return `${begin} openat(AT_FDCWD</srv>, "${name}", O_RDWR|O_CREAT, 0644) = 3<${name}> <0.000021>\n`;
  if (i % lines === lines - 1) return `${begin} close(3<${name}>) = 0 <0.000011>\n`;
  return `${begin} pwrite64(3<${name}>, "message"..., 4096, ${(i % lines) * 4096}) = 4096 <0.000031>\n`;
}

/** Made of lines of a bundled recording. */
const REPEATED: readonly (readonly [name: string, recorder: Recorder, ...path: string[]])[] = [
  ['strace', 'strace', 'strace', 'story.strace.txt.gz'],
  ['perf-script', 'perf', 'perf', 'story.script.txt.gz'],
  ['blkparse', 'blkparse', 'joined', 'joined.blkparse.txt.gz'],
  ['bpftrace', 'bpftrace', 'bpftrace', 'story.txt.gz'],
  ['bpftrace-json', 'bpftrace', 'bpftrace', 'story.json.gz'],
];

/** Every recording there is; each is made when it is asked for. */
export function memoryInputs({ traces, recording, perf }: Places): readonly MemoryInput[] {
  const report = join(recording, 'report.txt.gz');
  const text = (to: string, bytes: number) => repeatText(report, to, bytes);
  return [
    input('ftrace-text', text),
    ...(['gzip', 'zstd'] as const).map((packer) =>
      input(`ftrace-text-${packer}`, (to, bytes) => {
        text(to, bytes);
        return packed(packer, to);
      }),
    ),
    input('trace-dat', (to, bytes) => {
      const dat = join(recording, 'trace.dat');
      const { stepSeconds } = text(to, 1);
      const [once, twice] = [1, 2].map((times) => repeatDat(dat, to, { times, stepSeconds }) && statSync(to).size);
      if (!once || !twice) return false;
      return repeatDat(dat, to, { times: Math.ceil((bytes - once) / (twice - once)) + 1, stepSeconds });
    }),
    input('perf-data', (to, bytes) => existsSync(perf) && repeatPerf(perf, to, Math.ceil(bytes / SAMPLE_BYTES)) > 0),
    input('blktrace', (to, bytes) => repeatBlktrace(join(traces, 'blktrace', 'loop-ext4.blktrace.gz'), to, bytes)),
    ...REPEATED.map(([name, recorder, ...at]) =>
      input(name, (to, bytes) => {
        const recorded = join(traces, ...at);
        repeatLines(recorded, to, recorder, longOf(recorded, recorder, bytes));
      }),
    ),
    ...LINES.map(([name, head, line]) => input(name, (to, bytes) => writeLines(to, bytes, head, line))),
    ...[USUAL_ROWS, MANY_ROWS].map((rows) => input(`arrow-${rows}`, (to, bytes) => writeArrow(to, bytes, rows))),
    ...[PARQUET_ROWS, MANY_ROWS].map((rows) => input(`parquet-${rows}`, (to, bytes) => writeParquet(to, bytes, rows))),
  ];
}

const input = (name: string, make: (path: string, bytes: number) => unknown): MemoryInput => {
  return { name, make: async (to, bytes) => (await make(to, bytes)) !== false };
};

/** In its place. */
function packed(packer: 'gzip' | 'zstd', path: string): boolean {
  const suffix = packer === 'gzip' ? '.gz' : '.zst';
  const words = packer === 'gzip' ? ['-1', '-f', path] : ['-q', '-f', '--rm', path];
  if (spawnSync(packer, words, { stdio: 'ignore' }).status !== 0) return false;
  renameSync(`${path}${suffix}`, path);
  return true;
}

function writeLines(path: string, bytes: number, head: string, line: Line): void {
  const file = openSync(path, 'w');
  writeSync(file, head);
  for (let i = 0, written = head.length; written < bytes; ) {
    let text = '';
    for (const end = i + 20_000; i < end; i++) text += line(i);
    written += writeSync(file, text);
  }
  closeSync(file);
}

/** About as many bytes, in record batches of so many rows. */
function writeArrow(path: string, bytes: number, rows: number): void {
  writeTable(path, arrowParts(Math.ceil(bytes / ARROW_BYTES / rows), rows), {});
}

function* arrowParts(batches: number, rows: number): Iterable<TablePart> {
  const numbers = (value: (i: number) => number): Float64Array =>
    Float64Array.from({ length: rows }, (_, i) => value(i));
  const ops = Uint8Array.from({ length: rows }, (_, i) => OPERATIONS.indexOf(operation(i)));
  const paths = Uint8Array.from({ length: rows }, (_, i) => i % FILES.length);
  const offsets = numbers(offset);
  const sizes = numbers(() => 4096);
  for (let batch = 0; batch < batches; batch++) {
    const columns = [
      integers(
        'time_ns',
        numbers((i) => (batch * rows + i) * 1000),
      ),
      words('op', ops, OPERATIONS, 1),
      integers('offset', offsets),
      integers('size', sizes),
      words('path', paths, FILES, 2),
    ];
    yield { rows, columns };
  }
}

/** The same rows in row groups of so many, whose columns DuckDB writes as one page each. */
async function writeParquet(path: string, bytes: number, rows: number): Promise<void> {
  const duckdb = await DuckDBInstance.create(':memory:', { memory_limit: '2GB' });
  const connection = await duckdb.connect();
  await connection.run(
    `copy (select i * 1000 + (random() * 900)::bigint as time_ns, if(i % 3 = 0, 'write', 'read') as op, (random() * 1000000)::bigint * 4096 as offset, ((random() * 16)::bigint + 1) * 4096 as size, '/f' || (i % ${FILES.length}) as path from range(${Math.ceil(bytes / PARQUET_BYTES)}) t(i)) to '${path}' (format parquet, row_group_size ${rows})`,
  );
  connection.closeSync();
  duckdb.closeSync();
}

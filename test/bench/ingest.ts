// Whole processes that read one long recording: sealtrace on text of ftrace, trace.dat and perf.data, against trace-cmd, perf
// and readline with a regular expression. CPU time (user + system) and peak memory of each, in turns; `wc -l` is the control.
// Run after a build: npx tsx test/bench/ingest.ts [--megabytes 150] [--samples 1000000] [--rounds 7] [--recording FOLDER]
// [--perf PERF.DATA.GZ]. Peak memory alone, of ingest and inspect, of ftrace text, trace.dat, a bundle, strace, perf script, blkparse,
// perf.data, CSV and NDJSON: --megabytes 2000 --rounds 0
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { longOf, repeatDat, repeatLines, repeatPerf, repeatText } from './long-recording.js';

const UNKNOWN = 'unknown version';
/** Beyond this spread of the control the machine was too busy to judge anything. */
const MOST_SPREAD = 0.25;
const root = join(import.meta.dirname, '..', '..');
const recorded = join(root, '..', 'shared', 'traces', 'recorded');
const { values: options } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '150' },
    rounds: { type: 'string', default: '7' },
    recording: { type: 'string', default: join(recorded, 'xfs-db') },
    samples: { type: 'string', default: '1000000' },
    perf: { type: 'string', default: join(recorded, 'perf-xfs-db', 'perf.data.gz') },
  },
});

interface Contender {
  readonly name: string;
  readonly command: readonly string[];
  readonly version: string;
  /** Records that it must have read. */
  readonly records: number;
  readonly cpuSeconds: number[];
  residentKiB: number;
}

/** How many times fewer CPU seconds per record sealtrace is to take than a peer: what it must, and what is the goal. */
interface Bar {
  readonly ours: Contender;
  readonly peer: Contender;
  readonly must: number;
  readonly goal: number;
}

const contender = (name: string, command: readonly string[], version: string, records = 0): Contender => {
  return { name, command, version, records, cpuSeconds: [], residentKiB: 0 };
};

/** What a program would have to do at least: columns of numbers, words by their number. Nothing is assembled or written. */
const READLINE = `
const lines = require('node:readline').createInterface({ input: require('node:fs').createReadStream(process.argv[1]) });
const LINE = /^\\s*(.+)-(\\d+)\\s+\\[(\\d+)\\]\\s+(\\d+)\\.(\\d+):\\s+(\\w+):\\s*(.*)$/;
const FIELD = /(\\w+)[ =:]+(0x[0-9a-f]+|\\d+)/g;
const FIELDS = 5;
let room = 1 << 16;
const grown = (old) => { const column = new Float64Array(room); if (old) column.set(old); return column; };
const columns = Array.from({ length: 5 + FIELDS }, () => grown());
const words = new Map();
const idOf = (word) => words.get(word) ?? (words.set(word, words.size), words.size - 1);
let records = 0;
lines.on('line', (line) => {
  const found = LINE.exec(line);
  if (found === null) return;
  if (records === room) { room *= 2; columns.forEach((column, i) => { columns[i] = grown(column); }); }
  columns[0][records] = Number(found[4]) * 1e9 + Number(found[5]);
  columns[1][records] = Number(found[3]);
  columns[2][records] = Number(found[2]);
  columns[3][records] = idOf(found[1]);
  columns[4][records] = idOf(found[6]);
  let field = 0;
  for (const [, , value] of found[7].matchAll(FIELD)) if (field < FIELDS) columns[5 + field++][records] = Number(value);
  records++;
});
lines.on('close', () => console.log(records));
`;

const scratch = join(tmpdir(), 'sealtrace-bench-ingest');
rmSync(scratch, { recursive: true, force: true });
mkdirSync(scratch);
try {
  run();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function run(): void {
  const text = join(scratch, 'long.txt');
  const dat = join(scratch, 'long.dat');
  const report = join(options.recording, 'report.txt.gz');
  const main = join(root, 'dist', 'cli', 'main.js');
  for (const needed of [report, main])
    if (!existsSync(needed)) throw new Error(`${needed} is missing; build, or name --recording`);
  const long = repeatText(report, text, Number(options.megabytes) * 1e6);
  console.log(
    `${long.records} records, ${long.times} times ${options.recording}; Linux ${release()}, ${cpus()[0]?.model}`,
  );
  const node = process.execPath;
  const version = `Node ${process.version}`;
  const hasDat = repeatDat(join(options.recording, 'trace.dat'), dat, long);
  const rounds = Number(options.rounds);
  weigh([node, main], [text, ...(hasDat ? [dat] : [])]);
  if (rounds === 0) weighOthers([node, main]);
  if (rounds === 0) return;

  const ingest = (path: string, records: number): Contender => {
    const words = ['ingest', '-q', path, '-o', join(scratch, 'x.sealtrace')];
    return contender(`sealtrace ingest ${basename(path)}`, [node, main, ...words], version, records);
  };
  const ofText = ingest(text, long.records);
  const readline = contender('readline + regex', [node, '-e', READLINE, text], version, long.records);
  const bars: Bar[] = [{ ours: ofText, peer: readline, must: 8, goal: 15 }];
  if (hasDat) {
    const tracecmd = ['trace-cmd', 'report', '-t', dat];
    const peer = contender('trace-cmd report -t', tracecmd, versionOf('trace-cmd'), long.records);
    bars.push({ ours: ofText, peer, must: 4, goal: 10 }, { ours: ingest(dat, long.records), peer, must: 7, goal: 15 });
  } else console.log('trace-cmd report: SKIPPED, trace-cmd is missing or cannot convert the trace.dat');
  const perf = perfBar(ingest);
  if (perf === null) console.log(`perf script: SKIPPED, perf or ${options.perf} is missing`);
  else bars.push(perf);

  const control = contender('wc -l, 20 times', ['wc', '-l', ...Array<string>(20).fill(text)], versionOf('wc'));
  const contenders = [...new Set([control, ...bars.flatMap(({ ours, peer }) => [ours, peer])])];
  for (let round = 0; round < rounds; round++) for (const one of contenders) measure(one);
  for (const one of contenders) if (one !== control) checkCount(one);
  for (const one of contenders) tell(one);
  for (const bar of bars) judge(bar);
  judgeControl(control);
}

/** Both read every sample of one perf.data; null where it or perf is not there. */
function perfBar(ingest: (path: string, records: number) => Contender): Bar | null {
  const version = versionOf('perf');
  if (!existsSync(options.perf) || version === UNKNOWN) return null;
  const data = join(scratch, 'long.perf');
  const samples = repeatPerf(options.perf, data, Number(options.samples));
  console.log(`${samples} samples, from ${options.perf}`);
  const peer = contender('perf script', ['perf', 'script', '-i', data], version, samples);
  return { ours: ingest(data, samples), peer, must: 4, goal: 8 };
}

/** Recordings of other recorders, repeated to the same length; one at a time, because each may be large. */
function weighOthers(program: readonly string[]): void {
  const traces = join(root, 'traces');
  const path = join(scratch, 'other');
  const bytes = Number(options.megabytes) * 1e6;
  const lines = [
    ['strace', join(traces, 'strace', 'story.strace.txt.gz')],
    ['perf', join(traces, 'perf', 'story.script.txt.gz')],
    ['blkparse', join(traces, 'joined', 'joined.blkparse.txt.gz')],
  ] as const;
  for (const [recorder, recording] of lines) {
    repeatLines(recording, path, recorder, longOf(recording, recorder, bytes));
    console.log(`${recorder} text, ${Math.round(bytes / 1e6)} MB:`);
    weigh(program, [path]);
  }
  if (existsSync(options.perf)) {
    // A sample and its part of the other records are some 140 bytes.
    const samples = repeatPerf(options.perf, path, Math.ceil(bytes / 140));
    console.log(`perf.data, ${samples} samples, ${Math.round(statSync(path).size / 1e6)} MB:`);
    weigh(program, [path]);
  }
  for (const [name, head, line] of TABLES) {
    writeTable(path, bytes, head, line);
    console.log(`${name}, ${Math.round(bytes / 1e6)} MB:`);
    weigh(program, [path]);
  }
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

function writeTable(path: string, bytes: number, head: string, line: TableLine): void {
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
function weigh(program: readonly string[], recordings: readonly string[]): void {
  const bundle = join(scratch, 'weighed.sealtrace');
  const runs = recordings.map((path) => ['ingest', '-q', path, '-o', path === recordings[0] ? bundle : `${bundle}2`]);
  const counts = [...recordings, bundle].map((path) => ['inspect', '-q', '--json', path]);
  for (const words of [...runs, ...counts]) {
    const one = contender(
      words.slice(0, words.length - (words[0] === 'ingest' ? 2 : 0)).join(' '),
      [...program, ...words],
      '',
    );
    measure(one);
    const megabytes = Math.round((one.residentKiB / 1024) * 10) / 10;
    console.log(`${one.name}: peak ${megabytes} MiB, ${one.cpuSeconds[0]!.toFixed(2)} s CPU`);
  }
}

/** The child's own user and system time and its largest resident size, from GNU time. */
function measure(one: Contender): void {
  const timed = ['-f', '%U %S %M', '-o', join(scratch, 'time'), ...one.command];
  const { status } = spawnSync('/usr/bin/time', timed, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`${one.name} failed with status ${status} (is GNU time installed?)`);
  const [user, system, resident] = readFileSync(join(scratch, 'time'), 'utf8').split(' ').map(Number);
  one.cpuSeconds.push(user! + system!);
  one.residentKiB = Math.max(one.residentKiB, resident!);
}

/** A contender that reads less than the others is not faster. */
function checkCount({ name, command, records }: Contender): void {
  const ours = name.startsWith('sealtrace');
  const [program, ...words] = ours ? [...command.slice(0, 2), 'inspect', '--json', '-q', command.at(-1)!] : command;
  if (ours) spawnSync(command[0]!, command.slice(1), { stdio: 'ignore' });
  const { stdout } = spawnSync(program!, words, { maxBuffer: 2 ** 31 });
  const found = ours
    ? (JSON.parse(stdout.toString()) as { sources: { records: number }[] }).sources[0]!.records
    : name.startsWith('readline')
      ? Number(stdout)
      : linesIn(stdout) - (name.startsWith('trace-cmd') ? 1 : 0);
  if (found !== records) throw new Error(`${name} found ${found} records of ${records}`);
}

/** trace-cmd's first line names the CPUs. */
function linesIn(text: Uint8Array): number {
  let lines = 0;
  for (const byte of text) if (byte === 10) lines++;
  return lines;
}

function tell({ name, cpuSeconds, residentKiB, version, records }: Contender): void {
  const middle = median(cpuSeconds);
  const range = `${Math.min(...cpuSeconds).toFixed(2)}-${Math.max(...cpuSeconds).toFixed(2)}`;
  const each = records === 0 ? '' : `, ${((1e6 * middle) / records).toFixed(2)} us a record`;
  console.log(
    `${name}: ${middle.toFixed(2)} s CPU (${range})${each}, ${Math.round(residentKiB / 1024)} MiB; ${version}`,
  );
}

function judge({ ours, peer, must, goal }: Bar): void {
  const each = (one: Contender, seconds: number): number => seconds / one.records;
  const ratio = each(peer, median(peer.cpuSeconds)) / each(ours, median(ours.cpuSeconds));
  const least = each(peer, Math.min(...peer.cpuSeconds)) / each(ours, Math.min(...ours.cpuSeconds));
  const said = (bar: number): string => `${bar} ${ratio >= bar ? 'met' : 'MISSED'}`;
  console.log(
    `${ours.name}: ${ratio.toFixed(2)} times fewer than ${peer.name} (least against least ${least.toFixed(2)}); must ${said(must)}, goal ${said(goal)}`,
  );
}

function judgeControl(control: Contender): void {
  const loads = loadavg().map((load) => load.toFixed(1));
  console.log(`load ${loads.join(' ')}`);
  const spread = Math.max(...control.cpuSeconds) / Math.min(...control.cpuSeconds) - 1;
  if (spread <= MOST_SPREAD) return;
  console.log(
    `NOT JUDGED: ${control.name} varied by ${Math.round(100 * spread)} % (at most ${100 * MOST_SPREAD} %); the machine was busy`,
  );
  process.exitCode = 2;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

function versionOf(program: string): string {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return /\S.*/.exec(stdout ?? '')?.[0] ?? UNKNOWN;
}

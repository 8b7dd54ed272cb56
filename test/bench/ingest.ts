// Whole processes that read one recording, a short and a long one: sealtrace on text of ftrace, trace.dat and perf.data, against
// trace-cmd, perf and readline with a regular expression. CPU time (user + system) and peak memory of each, in turns; the two
// lengths tell what is fixed (start, compiling) from what a record costs. `wc -l` is the control.
// Run after a build: npx tsx test/bench/ingest.ts [--megabytes 150] [--samples 1000000] [--rounds 7] [--long-megabytes 700]
// [--long-samples 4700000] [--long-rounds 3, 0 for the short one alone] [--recording FOLDER] [--perf PERF.DATA.GZ]. Peak memory alone,
// of ingest, of inspect and of inspect of the bundle, of every format: --megabytes 2000 --rounds 0 [--only strace --only trace-dat]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Bar, type Contender, contender, judge, judgeParts, measure, tell, tellParts } from './contenders.js';
import { weighAll } from './ingest-memory.js';
import { repeatDat, repeatPerf, repeatText } from './long-recording.js';

const UNKNOWN = 'unknown version';
/** Beyond this spread of the control the machine was too busy to judge anything. */
const MOST_SPREAD = 0.25;
const root = join(import.meta.dirname, '..', '..');
const recorded = join(root, '..', 'shared', 'traces', 'recorded');
const { values: options } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '150' },
    samples: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '7' },
    'long-megabytes': { type: 'string', default: '700' },
    'long-samples': { type: 'string', default: '4700000' },
    'long-rounds': { type: 'string', default: '3' },
    recording: { type: 'string', default: join(recorded, 'xfs-db') },
    perf: { type: 'string', default: join(recorded, 'perf-xfs-db', 'perf.data.gz') },
    only: { type: 'string', multiple: true, default: [] },
  },
});

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

/** One length of the recordings. */
interface Size {
  readonly name: string;
  readonly megabytes: number;
  readonly samples: number;
  readonly rounds: number;
}

interface Field {
  readonly bars: readonly Bar[];
  readonly contenders: readonly Contender[];
  readonly control: Contender;
}

const SHORT: Size = {
  name: 'short',
  megabytes: Number(options.megabytes),
  samples: Number(options.samples),
  rounds: Number(options.rounds),
};
const LONG: Size = {
  name: 'long',
  megabytes: Number(options['long-megabytes']),
  samples: Number(options['long-samples']),
  rounds: Number(options['long-rounds']),
};

const scratch = join(tmpdir(), 'sealtrace-bench-ingest');
const BUNDLE = join(scratch, 'x.sealtrace');
const program = [process.execPath, join(root, 'dist', 'cli', 'main.js')];
rmSync(scratch, { recursive: true, force: true });
mkdirSync(scratch);
try {
  await run();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function run(): Promise<void> {
  for (const needed of [join(options.recording, 'report.txt.gz'), program[1]!])
    if (!existsSync(needed)) throw new Error(`${needed} is missing; build, or name --recording`);
  if (SHORT.rounds === 0) {
    const { perf, recording, only } = options;
    const places = { traces: join(root, 'traces'), recording, perf };
    await weighAll({ program, scratch, places, megabytes: SHORT.megabytes, only });
    return;
  }
  const short = fieldOf(SHORT);
  race(short, SHORT.rounds);
  if (LONG.rounds > 0) {
    const long = fieldOf(LONG);
    race(long, LONG.rounds);
    long.contenders.forEach((one, i) => {
      if (one !== long.control) tellParts(short.contenders[i]!, one);
    });
    for (const [i, bar] of long.bars.entries()) judgeParts(short.bars[i]!, bar);
    judgeControl(long.control);
  }
  judgeControl(short.control);
}

/** All in turns, then what each has taken, and which bars are met. */
function race({ bars, contenders, control }: Field, rounds: number): void {
  for (let round = 0; round < rounds; round++)
    for (const one of contenders) {
      // Nobody pays for taking away what the one before has written.
      rmSync(BUNDLE, { recursive: true, force: true });
      measure(one, scratch);
    }
  for (const one of contenders) if (one !== control) checkCount(one);
  for (const one of contenders) tell(one);
  for (const bar of bars) judge(bar);
}

/** The same run as text and, where trace-cmd can convert it, as trace.dat. */
function recordings({ name, megabytes }: Size): {
  readonly text: string;
  readonly dat: string | null;
  readonly records: number;
} {
  const text = join(scratch, `${name}.txt`);
  const dat = join(scratch, `${name}.dat`);
  const long = repeatText(join(options.recording, 'report.txt.gz'), text, megabytes * 1e6);
  console.log(
    `${long.records} records, ${long.times} times ${options.recording}; Linux ${release()}, ${cpus()[0]?.model}`,
  );
  const hasDat = repeatDat(join(options.recording, 'trace.dat'), dat, long);
  return { text, dat: hasDat ? dat : null, records: long.records };
}

function fieldOf(size: Size): Field {
  const { text, dat, records } = recordings(size);
  const version = `Node ${process.version}`;
  const ingest = (path: string, count: number): Contender => {
    const words = ['ingest', '-q', path, '-o', BUNDLE];
    return contender(`sealtrace ingest ${basename(path)}`, [...program, ...words], version, count);
  };
  const ofText = ingest(text, records);
  const readline = contender(
    `readline + regex ${basename(text)}`,
    [process.execPath, '-e', READLINE, text],
    version,
    records,
  );
  const bars: Bar[] = [{ ours: ofText, peer: readline, must: 8, goal: 15 }];
  if (dat === null) console.log('trace-cmd report: SKIPPED, trace-cmd is missing or cannot convert the trace.dat');
  else {
    const command = ['trace-cmd', 'report', '-t', dat];
    const peer = contender(`trace-cmd report -t ${basename(dat)}`, command, versionOf('trace-cmd'), records);
    bars.push({ ours: ofText, peer, must: 4, goal: 10 }, { ours: ingest(dat, records), peer, must: 7, goal: 15 });
  }
  const perf = perfBar(size, ingest);
  if (perf === null) console.log(`perf script: SKIPPED, perf or ${options.perf} is missing`);
  else bars.push(perf);
  const control = contender('wc -l, 20 times', ['wc', '-l', ...Array<string>(20).fill(text)], versionOf('wc'));
  const contenders = [...new Set([control, ...bars.flatMap(({ ours, peer }) => [ours, peer])])];
  return { bars, contenders, control };
}

/** Both read every sample of one perf.data; null where it or perf is not there. */
function perfBar({ name, samples }: Size, ingest: (path: string, records: number) => Contender): Bar | null {
  const version = versionOf('perf');
  if (!existsSync(options.perf) || version === UNKNOWN) return null;
  const data = join(scratch, `${name}.perf`);
  const count = repeatPerf(options.perf, data, samples);
  console.log(`${count} samples, from ${options.perf}`);
  const command = ['perf', 'script', '-i', data];
  const peer = contender(`perf script -i ${basename(data)}`, command, version, count);
  return { ours: ingest(data, count), peer, must: 4, goal: 8 };
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

function versionOf(program: string): string {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return /\S.*/.exec(stdout ?? '')?.[0] ?? UNKNOWN;
}

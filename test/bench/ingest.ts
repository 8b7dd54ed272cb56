// Whole processes that read one long recording of ftrace: sealtrace, trace-cmd on a trace.dat of the same records, and
// readline with a regular expression. CPU time (user + system) and peak memory of each, in turns; `wc -l` is the control.
// Run after a build: npx tsx test/bench/ingest.ts [--megabytes 150] [--rounds 7] [--recording FOLDER]
// Peak memory alone, of ingest and inspect, text, trace.dat and bundle: --megabytes 2000 --rounds 0
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { repeatDat, repeatText } from './long-recording.js';

/** Beyond this spread of the control the machine was too busy to judge anything. */
const MOST_SPREAD = 0.25;
const root = join(import.meta.dirname, '..', '..');
const { values: options } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '150' },
    rounds: { type: 'string', default: '7' },
    recording: { type: 'string', default: join(root, '..', 'shared', 'traces', 'recorded', 'xfs-db') },
  },
});

interface Contender {
  readonly name: string;
  readonly command: readonly string[];
  readonly version: string;
  readonly cpuSeconds: number[];
  residentKiB: number;
}

const contender = (name: string, command: readonly string[], version: string): Contender => {
  return { name, command, version, cpuSeconds: [], residentKiB: 0 };
};

/** Split only: nothing is assembled, nothing kept. */
const READLINE = `
const lines = require('node:readline').createInterface({ input: require('node:fs').createReadStream(process.argv[1]) });
const LINE = /^\\s*(.+)-(\\d+)\\s+\\[(\\d+)\\]\\s+([\\d.]+):\\s+(\\w+):\\s*(.*)$/;
const FIELD = /(\\w+)[ =:]+(0x[0-9a-f]+|\\d+)/g;
let records = 0, fields = 0;
lines.on('line', (line) => {
  const found = LINE.exec(line);
  if (found === null) return;
  records++;
  for (const _ of found[6].matchAll(FIELD)) fields++;
});
lines.on('close', () => console.log(records));
`;

const scratch = join(tmpdir(), 'sealtrace-bench-ingest');
rmSync(scratch, { recursive: true, force: true });
mkdirSync(scratch);
try {
  const measured = run();
  if (Number(options.rounds) > 0) judge(measured);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function run(): { contenders: readonly Contender[]; control: Contender; records: number } {
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
  const contenders = [
    contender(
      'sealtrace ingest',
      [node, main, 'ingest', '-q', text, '-o', join(scratch, 'x.sealtrace')],
      `Node ${process.version}`,
    ),
    contender('readline + regex', [node, '-e', READLINE, text], `Node ${process.version}`),
  ];
  const hasDat = repeatDat(join(options.recording, 'trace.dat'), dat, long);
  weigh([node, main], [text, ...(hasDat ? [dat] : [])]);
  if (hasDat)
    contenders.push(contender('trace-cmd report -t', ['trace-cmd', 'report', '-t', dat], versionOf('trace-cmd')));
  else console.log('trace-cmd report: SKIPPED, trace-cmd is missing or cannot convert the trace.dat');
  const control = contender('wc -l, 20 times', ['wc', '-l', ...Array<string>(20).fill(text)], versionOf('wc'));
  for (let round = 0; round < Number(options.rounds); round++) for (const one of [control, ...contenders]) measure(one);
  if (Number(options.rounds) > 0) checkCounts(contenders, long.records);
  return { contenders, control, records: long.records };
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
function checkCounts(contenders: readonly Contender[], records: number): void {
  for (const { name, command } of contenders) {
    const [program, ...words] = name.startsWith('sealtrace')
      ? [...command.slice(0, 2), 'inspect', '--json', '-q', command.at(-1)!]
      : command;
    const { stdout } = spawnSync(program!, words, { encoding: 'latin1', maxBuffer: 2 ** 31 });
    const found = name.startsWith('sealtrace')
      ? (JSON.parse(stdout) as { sources: { records: number }[] }).sources[0]!.records
      : name.startsWith('readline')
        ? Number(stdout)
        : stdout.split('\n').length - 2;
    if (found !== records) throw new Error(`${name} found ${found} records of ${records}`);
  }
}

function judge({ contenders, control, records }: ReturnType<typeof run>): void {
  const ours = median(contenders[0]!.cpuSeconds);
  for (const { name, cpuSeconds, residentKiB, version } of [control, ...contenders]) {
    const middle = median(cpuSeconds);
    const range = `${Math.min(...cpuSeconds).toFixed(2)}-${Math.max(...cpuSeconds).toFixed(2)}`;
    const each = `${((1e6 * middle) / records).toFixed(2)} us a record`;
    const ratio = `${(middle / ours).toFixed(2)} times sealtrace`;
    console.log(
      `${name}: ${middle.toFixed(2)} s CPU (${range}), ${each}, ${ratio}, ${Math.round(residentKiB / 1024)} MiB; ${version}`,
    );
  }
  console.log(
    `load ${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}`,
  );
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
  return /\S.*/.exec(stdout ?? '')?.[0] ?? 'unknown version';
}

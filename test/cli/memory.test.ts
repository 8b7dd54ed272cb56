// Peak memory of whole processes: a recording six times as long needs no more, whether it is written or only counted.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { longOf, type Recorder, repeatLines, repeatText } from '../bench/long-recording.js';
import { type Built, builtProgram } from '../support/built.js';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'sealtrace-memory-'));
const short = join(folder, 'short.txt');
const long = join(folder, 'long.txt');
/**
 * Of the process, once it has ended, in KiB. What getrusage(2) says is no less on Linux than what the process had that started it
 * (exec_mmap, fs/exec.c), here a worker of the tests.
 */
const PEAK = `data:text/javascript,${encodeURIComponent(`
import { existsSync, readFileSync } from 'node:fs';
const status = '/proc/self/status';
process.on('exit', () => {
  const own = existsSync(status) ? /VmHWM:\\s+(\\d+)/.exec(readFileSync(status, 'utf8'))?.[1] : undefined;
  console.error('peak ' + (own ?? process.resourceUsage().maxRSS));
});
`)}`;
/** What one run differs from the next by (up to 34 MiB were seen on a busy machine), and the little that is kept per operation. */
const SLACK_KIB = 32 * 1024;
const MOST_KIB = 150 * 1024;
let built: Built;

beforeAll(async () => {
  built = await builtProgram();
  const report = join(root, 'traces', 'ftrace', 'xfs-movers.report.txt.gz');
  repeatText(report, short, 10e6);
  repeatText(report, long, 60e6);
});
afterAll(() => {
  built.remove();
  rmSync(folder, { recursive: true });
});

function peakKiB(...words: string[]): number {
  const env = { ...process.env, TMPDIR: folder };
  const { status, stderr } = spawnSync(process.execPath, ['--import', PEAK, built.main, ...words, '--quiet'], {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  expect([status, /^sealtrace/m.exec(stderr)]).toEqual([0, null]);
  return Number(/peak (\d+)/.exec(stderr)?.[1]);
}

/** Where the collector comes late, as on a busy machine, a run takes more than it needs: what is kept is there every time. */
function expectBelow(limitKiB: number, ...words: string[]): void {
  const peaks: number[] = [];
  while (peaks.length < 3 && !(peaks.at(-1)! < limitKiB)) peaks.push(peakKiB(...words));
  expect(Math.min(...peaks)).toBeLessThan(limitKiB);
}

test('ingest', () => {
  const out = join(folder, 'out.sealtrace');
  const before = peakKiB('ingest', short, '-o', out);
  expectBelow(before + SLACK_KIB, 'ingest', long, '-o', out);
});

test('inspect, of the recording and of its bundle', () => {
  const out = join(folder, 'out.sealtrace');
  expect(existsSync(out)).toBe(true);
  const before = peakKiB('inspect', short, '--json');
  expectBelow(before + SLACK_KIB, 'inspect', long, '--json');
  expectBelow(before + SLACK_KIB, 'inspect', out, '--json');
});

test('strace: descriptors that come and go leave nothing behind, and inspect keeps no rows', () => {
  const story = join(root, 'traces', 'strace', 'story.strace.txt.gz');
  const out = join(folder, 'out.sealtrace');
  // The longer one has more rows than inspect replays for the sizes of maps that nothing tells.
  const path = join(folder, 'strace.txt');
  repeatLines(story, path, 'strace', longOf(story, 'strace', 12e6));
  const [ingest, inspect] = [peakKiB('ingest', path, '-o', out), peakKiB('inspect', path, '--json')];
  repeatLines(story, path, 'strace', longOf(story, 'strace', 60e6));
  expectBelow(ingest + SLACK_KIB, 'ingest', path, '-o', out);
  expectBelow(inspect + SLACK_KIB, 'inspect', path, '--json');
});

test('ingest of several recordings that are joined', () => {
  const joined = join(root, 'traces', 'joined', 'joined');
  const out = join(folder, 'out.sealtrace');
  const wordsFor = (bytes: number): string[] => {
    const paths = ['ftrace', 'strace', 'blkparse'].map((recorder) => join(folder, `joined.${recorder}`));
    const long = repeatText(`${joined}.report.txt.gz`, paths[0]!, bytes);
    for (const [i, recorder] of (['strace', 'blkparse'] as const satisfies readonly Recorder[]).entries())
      repeatLines(`${joined}.${recorder}.txt.gz`, paths[i + 1]!, recorder, long);
    return ['ingest', ...paths, '-o', out];
  };
  const before = peakKiB(...wordsFor(6e6));
  // The second: less than the recordings and what is known of each record would take.
  expectBelow(Math.min(before + SLACK_KIB, MOST_KIB), ...wordsFor(36e6));
});

test('very many files, of each of which something must be known until the end', () => {
  const path = join(folder, 'files.txt');
  const out = join(folder, 'out.sealtrace');
  // With objects for what is known of a file it took 261 MiB.
  const lines = Array.from({ length: 200_000 }, (_, i) => {
    const [micros, inode] = [String(i).padStart(6, '0'), (256 + 3 * i).toString(16)];
    return `tar-1000 [000] 100.${micros}: xfs_iext_insert: dev 7:0 ino 0x${inode} state  cur 0x0/0 offset 0 block ${1000 + 4 * i} count 1 flag 0 caller xfs_bmap_add_extent_hole_real\n`;
  });
  writeFileSync(path, lines.join(''));
  expectBelow(MOST_KIB, 'ingest', path, '-o', out);
  expectBelow(MOST_KIB + SLACK_KIB, 'inspect', out, '--json');
});

test('nothing stays beside the output or among the temporary files', () => {
  expect(readdirSync(folder).filter((name) => name.startsWith('sealtrace') || name.includes('.tmp'))).toEqual([]);
});

// The extent map against npm sorted-btree, absl::btree_map and std::map: the three mixes of extent-map-stream.ts, then how
// the time of an operation grows with the extents of one file. Every contender runs in a process of its own, in turns, and
// is measured by CPU time, because some are not JavaScript; so the rounds are made here and not by benny. The bars are for `ExtentMap` as
// replays of many rows have it: called in WebAssembly, by a loop like the peers' (wasm/extent-loop.ts).
// Run: npx tsx test/bench/extent-map.bench.ts; SCALE (default 1) times the operations, ROUNDS (default 7) sets the rounds.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { linearRegression, median } from 'simple-statistics';
// @ts-expect-error: a script without types
import { extentLoop } from '../../scripts/extent-kernel.mjs';
import { bundled } from './bundled.js';
import { type Mix, mixes, oneFile, writeStream } from './extent-map-stream.js';

const SCALE = Number(process.env.SCALE ?? 1);
const ROUNDS = Number(process.env.ROUNDS ?? 7);
/** Operations before the clock starts, for all contenders: V8 compiles meanwhile, and caches fill. */
const WARM = Math.ceil(1e6 * SCALE);
const MEASURED = Math.ceil(2e6 * SCALE);
/** Operations of the comparison before anything is timed. */
const COMPARED = Math.ceil(2e5 * SCALE);
const GROWTH = [1e3, 1e4, 1e5, 1e6, 4e6];
const MOST_EXPONENT = 0.25;

interface Contender {
  readonly name: string;
  readonly command: readonly string[];
  /** It takes ten times as long as the others: it gets a tenth of their operations, and its checksum is that of as many. */
  readonly slow?: boolean;
}

interface Answer {
  readonly checksum: number;
  readonly before: number;
  readonly extents: number;
  readonly cpuNs: number;
  readonly version: string;
}

const folder = mkdtempSync(join(tmpdir(), 'sealtrace-bench-'));
const { folder: beside, program, remove } = await bundled('extent-map-contender.ts');
writeFileSync(join(beside, 'extent-loop.wasm'), Buffer.from(await extentLoop(), 'base64'));
const script = (name: string): Contender => ({
  name,
  command: [process.execPath, program, name],
});
const ours = script('ExtentMap');
/** What it costs a caller of which each operation is a call out of JavaScript. */
const calls = script('ExtentMap, from JavaScript');
const tree: Contender = { ...script('sorted-btree'), slow: true };
let missed = 0;

try {
  const peers = buildPeers();
  const [absl] = peers;
  console.log(
    `${cpus()[0]?.model}, Node ${process.version}, sorted-btree ${versionOf('sorted-btree')}; ns of CPU time per operation: ` +
      `median (range) of ${ROUNDS} rounds of ${MEASURED.toLocaleString('en')} operations after ${WARM.toLocaleString('en')} to warm up`,
  );
  measure(mixes.inodes, [ours, calls, tree, ...peers], [must(tree, 10), must(absl, 1)]);
  measure(mixes.fragmented, [ours, calls, tree, ...peers], [must(tree, 10), must(absl, 1)]);
  measure(mixes.small, [ours, calls, ...peers], [must(absl, 0.7)]);
  grow(absl === undefined ? [ours] : [ours, absl]);
  console.log(
    `load of the machine ${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}`,
  );
} finally {
  rmSync(folder, { recursive: true });
  remove();
}
process.exitCode = missed === 0 ? 0 : 1;

/** What a contender's time must be at least, in times of ours. */
function must(contender: Contender | undefined, ratio: number): { contender: Contender | undefined; ratio: number } {
  return { contender, ratio };
}

function measure(mix: Mix, contenders: readonly Contender[], musts: readonly ReturnType<typeof must>[]): void {
  const times = race(mix, contenders);
  const mine = median([...times.get(ours)!]);
  for (const [contender, ns] of times) {
    const ratio = median([...ns]) / mine;
    const wanted = musts.find((one) => one.contender === contender)?.ratio;
    const verdict = wanted === undefined ? '' : `, must be ${wanted}: ${judge(ratio >= wanted)}`;
    const compared = contender === ours ? '' : `  ${ratio.toFixed(2)} times ours${verdict}`;
    console.log(`  ${contender.name.padEnd(28)} ${spread(ns).padEnd(20)}${compared}`);
  }
}

function grow(contenders: readonly Contender[]): void {
  const points = new Map(contenders.map((contender) => [contender, [] as [number, number][]]));
  for (const extents of GROWTH)
    for (const [contender, ns] of race(oneFile(extents), contenders)) {
      points.get(contender)!.push([Math.log(extents), Math.log(median([...ns]))]);
      console.log(`  ${contender.name.padEnd(28)} ${spread(ns)}`);
    }
  console.log(
    `\nns per operation grow with the extents of one file, from ${GROWTH[0]} to ${GROWTH.at(-1)}, as extents to the`,
  );
  for (const [contender, line] of points) {
    const exponent = linearRegression(line).m;
    const verdict = contender === ours ? `, must be at most ${MOST_EXPONENT}: ${judge(exponent <= MOST_EXPONENT)}` : '';
    console.log(`  ${contender.name.padEnd(28)} ${exponent.toFixed(3)}${verdict}`);
  }
}

/** Times per operation of each contender on a mix; they must give the same answers, before and while they are timed. */
function race(mix: Mix, contenders: readonly Contender[]): Map<Contender, number[]> {
  const path = join(folder, 'stream');
  const extents = writeStream(path, mix, WARM + MEASURED);
  const [first, ...others] = contenders.map((contender) => ask(contender, path, 0, COMPARED));
  for (const other of others) assertSame(other, first!);
  const times = new Map(contenders.map((contender) => [contender, [] as number[]]));
  let last: Answer | undefined;
  for (let round = 0; round < ROUNDS; round++)
    for (const contender of contenders) {
      const part = contender.slow ? 0.1 : 1;
      const measured = Math.ceil(MEASURED * part);
      const answer = ask(contender, path, Math.ceil(WARM * part), measured);
      if (!contender.slow) {
        if (last !== undefined) assertSame(answer, last);
        last = answer;
      }
      times.get(contender)!.push(answer.cpuNs / measured);
    }
  console.log(
    `\n${mix.name}: ${extents.toLocaleString('en')} extents, ${last!.extents.toLocaleString('en')} at the end, equal checksums`,
  );
  return times;
}

function assertSame(a: Answer, b: Answer): void {
  assert.deepEqual(
    [a.checksum, a.extents],
    [b.checksum, b.extents],
    'two contenders differ: no time is worth anything',
  );
}

function ask({ name, command }: Contender, path: string, warm: number, measured: number): Answer {
  const [program, ...words] = command;
  const { status, stdout, stderr } = spawnSync(program!, [...words, path, String(warm), String(measured)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${name} ended with status ${status}: ${stderr}`);
  return JSON.parse(stdout) as Answer;
}

/** The C++ contenders, absl first; none, said aloud, where they cannot be built. */
function buildPeers(): readonly Contender[] {
  const source = join(import.meta.dirname, 'peers', 'extent-map.cpp');
  const binary = join(folder, 'extent-map');
  const libraries = spawnSync('pkg-config', ['--cflags', '--libs', 'absl_btree'], { encoding: 'utf8' });
  const words = [
    '-O2',
    '-DNDEBUG',
    '-std=c++17',
    '-o',
    binary,
    source,
    ...(libraries.stdout ?? '').trim().split(/\s+/),
  ];
  const built = libraries.status === 0 ? spawnSync('g++', words, { encoding: 'utf8' }) : libraries;
  if (built.status !== 0) {
    const why = built.error?.message ?? built.stderr.trim();
    console.log(`absl::btree_map, std::map: SKIPPED, needs g++, pkg-config and libabsl-dev: ${why}`);
    return [];
  }
  const absl = execFileSync('pkg-config', ['--modversion', 'absl_btree'], { encoding: 'utf8' }).trim();
  const compiler = execFileSync('g++', ['-dumpfullversion'], { encoding: 'utf8' }).trim();
  console.log(`absl ${absl}, g++ ${compiler} -O2`);
  return [
    { name: 'absl::btree_map', command: [binary, 'btree_map'] },
    { name: 'std::map', command: [binary, 'map'] },
  ];
}

function versionOf(name: string): string {
  const file = join(import.meta.dirname, '..', '..', 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function judge(holds: boolean): string {
  if (!holds) missed++;
  return holds ? 'holds' : 'MISSED';
}

function spread(ns: readonly number[]): string {
  return `${median([...ns]).toFixed(0)} (${Math.min(...ns).toFixed(0)} to ${Math.max(...ns).toFixed(0)})`;
}

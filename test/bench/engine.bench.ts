// The replay against its goals (issue "Every policy exactly"; performance goals 5 to 7): one seeded trace, half of whose events touch
// a block map. Every kind of run is a process of its own and the kinds take turns; CPU time, medians of the rounds.
// Run: npx tsx test/bench/engine.bench.ts; EVENTS sets the size (default 5,000,000, which the goals are set for), ROUNDS the rounds.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { env, execPath } from 'node:process';
import { bundled } from './bundled.js';
import { KINDS, type Name, type Run } from './engine-run.js';

const EVENTS = Number(env.EVENTS ?? 5_000_000);
const ROUNDS = Number(env.ROUNDS ?? 3);

const NAMES = Object.keys(KINDS) as Name[];
const { program, remove } = await bundled('engine-run.ts');
try {
  report();
} finally {
  remove();
}

function once(name: Name, events: number): Run {
  const { status, stdout } = spawnSync(execPath, ['--expose-gc', program, name, String(events)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.equal(status, 0, `the run "${KINDS[name].name}" failed`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Run;
}

function report(): void {
  console.log(`${EVENTS} events, ${ROUNDS} rounds, load ${loadavg()[0]!.toFixed(1)}, Node ${process.version}`);
  const small = Math.min(EVENTS, 100_000);
  // Before anything is timed: one pass counts in every lane what a run of its own counts, and both timings the same operations.
  assert.deepEqual(
    once('eight', small).sums,
    once('apart', small).sums,
    'lanes of one pass differ from runs of their own',
  );
  assert.equal(once('one', small).operations, once('closed', small).operations);
  const runs = new Map<Name, Run[]>(NAMES.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) for (const name of NAMES) runs.get(name)!.push(once(name, EVENTS));
  for (const name of NAMES) {
    const all = runs.get(name)!;
    const ns = all.map(({ cpuNs }) => cpuNs / EVENTS).sort((a, b) => a - b);
    const gc = median(all.map(({ gcShare }) => gcShare));
    console.log(
      `${KINDS[name].name}: ${median(ns).toFixed(0)} ns an event (${ns[0]!.toFixed(0)} to ${ns.at(-1)!.toFixed(0)}), garbage collection ${(100 * gc).toFixed(2)} % in steady state`,
    );
  }
  const cpu = (name: Name): number => median(runs.get(name)!.map(({ cpuNs }) => cpuNs));
  // Two runs side by side have met the same neighbours.
  const ratio = (a: Name, b: Name): number => median(runs.get(a)!.map((run, i) => run.cpuNs / runs.get(b)![i]!.cpuNs));
  must('M events/s with one policy', (EVENTS / cpu('one')) * 1000, 4, 'least');
  must('times one policy: eight in one pass', ratio('eight', 'one'), 2, 'most');
  must('times one pass: eight runs', ratio('apart', 'eight'), 4, 'least');
  must('times open timing: closed', ratio('closed', 'one'), 1.5, 'most');
  must('% garbage collection with one policy', 100 * median(runs.get('one')!.map(({ gcShare }) => gcShare)), 1, 'most');
  must('% garbage collection with eight', 100 * median(runs.get('eight')!.map(({ gcShare }) => gcShare)), 1, 'most');
}

function must(what: string, is: number, bound: number, at: 'least' | 'most'): void {
  const met = at === 'least' ? is >= bound : is <= bound;
  console.log(`${is.toFixed(2)} ${what}: must be at ${at} ${bound}, ${met ? 'met' : 'NOT MET'}`);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

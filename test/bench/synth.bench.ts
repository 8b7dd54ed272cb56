// How fast workloads are made, those that come with sealtrace and those fitted to recordings (issue "Traces of one's own":
// at least 3 M events/s, which the machine of the goals makes; a slower one is told by the built-in ones beside it). Each run
// is a process of its own (bundled.ts). Kinds take turns; CPU time, the best and the median of the rounds.
// Run: npx tsx test/bench/synth.bench.ts; EVENTS and ROUNDS set how much.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { env, execPath, version } from 'node:process';
import * as registry from '../../src/workloads/index.js';
import { fitted } from '../fitting/support.js';
import { bundled } from './bundled.js';

const EVENTS = Number(env.EVENTS ?? 5_000_000);
const ROUNDS = Number(env.ROUNDS ?? 3);
const GOAL = 3;
const root = join(import.meta.dirname, '..', '..');
const shared = join(root, '..', 'shared', 'traces', 'recorded');
const RECORDINGS = [
  ...['nvme-pagecache', 'xfs-kill', 'xfs-movers', 'xfs-swap'].map((name) =>
    join(root, 'traces', 'ftrace', `${name}.report.txt.gz`),
  ),
  ...['xfs-db', 'xfs-fio', 'xfs-pgbench', 'ext4-sqlite'].map((name) => join(shared, name, 'trace.dat')),
];

const { folder, program, remove } = await bundled('synth-run.ts');
try {
  const kinds = new Map<string, string[]>(Object.values(registry).map(({ name }) => [name, [name]]));
  for (const path of RECORDINGS) {
    if (!existsSync(path)) {
      console.log(`SKIPPED: a workload fitted to ${path}, which is not there`);
      continue;
    }
    const label = `fitted to ${path.endsWith('.dat') ? basename(dirname(path)) : basename(path).split('.')[0]}`;
    const model = join(folder, `${label.replaceAll(' ', '-')}.json`);
    writeFileSync(model, JSON.stringify((await fitted(path)).model));
    kinds.set(label, [model]);
  }
  kinds.set('rdma-server into a bundle', ['rdma-server', join(folder, 'x.sealtrace')]);

  const found = new Map<string, number[]>([...kinds.keys()].map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, [workload, bundle = '']] of kinds) {
      const { status, stdout } = spawnSync(execPath, [program, workload!, String(EVENTS), bundle], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      if (status !== 0) throw new Error(`${name} failed`);
      found.get(name)!.push(1000 / Number(stdout));
    }
  console.log(
    `${EVENTS} events, ${ROUNDS} rounds, load ${loadavg()[0]!.toFixed(1)}, Node ${version}; M events/s of CPU`,
  );
  const sorted = (name: string): number[] => [...found.get(name)!].sort((a, b) => b - a);
  const builtIn = [...Object.values(registry)].map(({ name }) => sorted(name)[0]!).sort((a, b) => a - b);
  const usual = builtIn[builtIn.length >> 1]!;
  for (const name of kinds.keys()) {
    const rates = sorted(name);
    const [best, median] = [rates[0]!, rates[rates.length >> 1]!];
    const goal = name.includes('bundle') ? '' : best >= GOAL ? ', met' : `, NOT MET (must be ${GOAL})`;
    console.log(
      `${name}: ${best.toFixed(2)} (median ${median.toFixed(2)}), ${(best / usual).toFixed(2)} times the middle one of the built-in${goal}`,
    );
  }
} finally {
  remove();
}

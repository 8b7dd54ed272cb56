// One workload made into batches that nobody keeps, or into a bundle; CPU time. synth.bench.ts bundles this as the program is.
import { readFileSync } from 'node:fs';
import { argv, cpuUsage } from 'node:process';
import { writeBundleParts } from '../../src/trace/bundle.js';
import { TraceStream } from '../../src/trace/stream.js';
import * as registry from '../../src/workloads/index.js';
import { modelledWorkload } from '../../src/workloads/modelled/modelled.js';
import { readWorkload } from '../../src/workloads/modelled/read.js';
import { parameterValues } from '../../src/workloads/parts/parameters.js';
import { synthesize } from '../../src/workloads/parts/synthesize.js';
import type { Workload } from '../../src/workloads/parts/workload.js';

const [name = '', count = '', bundle = ''] = argv.slice(2);
const EVENTS = Number(count);
const workload = named(name);

function named(word: string): Workload {
  if (!word.endsWith('.json')) return Object.values(registry).find((one) => one.name === word)!;
  return modelledWorkload(word, readWorkload(word, readFileSync(word, 'utf8')), { copies: 1, repeats: true });
}

function stream(events: number, seed: number): TraceStream {
  const made = new TraceStream('bench', 'synth');
  const values = parameterValues(workload.name, workload.parameters, {});
  return made.from(synthesize(workload, { values, seed, events }, made.sink).advance);
}

/** ns of CPU an event. */
function timed(events: number, seed: number): number {
  const before = cpuUsage();
  let rows = 0;
  if (bundle !== '') {
    writeBundleParts(stream(events, seed), bundle);
    rows = events;
  } else for (const batch of stream(events, seed).batches()) rows += batch.rows;
  const { user, system } = cpuUsage(before);
  if (rows < events) throw new Error(`${name}: expected ${events} events, found ${rows}`);
  return ((user + system) * 1000) / rows;
}

// A long trace pays for the compiler once.
timed(EVENTS / 4, 1);
console.log(timed(EVENTS, 2));

// How fast a workload is made: into batches that nobody keeps, and into a bundle on disk.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { add, complete, cycle, suite } from 'benny';
import { writeBundleParts } from '../../src/trace/bundle.js';
import { TraceStream } from '../../src/trace/stream.js';
import { rdmaServer } from '../../src/workloads/index.js';
import { parameterValues } from '../../src/workloads/parts/parameters.js';
import { synthesize } from '../../src/workloads/parts/synthesize.js';

const EVENTS = 1_000_000;
const folder = mkdtempSync(join(tmpdir(), 'sealtrace-bench-'));
const values = parameterValues(rdmaServer.name, rdmaServer.parameters, {});

function stream(): TraceStream {
  const made = new TraceStream('bench', 'synth');
  return made.from(synthesize(rdmaServer, { values, seed: 1, events: EVENTS }, made.sink).advance);
}

let rows = 0;
for (const batch of stream().batches()) rows += batch.rows;
if (rows !== EVENTS) throw new Error(`expected ${EVENTS} events, found ${rows}`);

await suite(
  `synth rdma-server, ${EVENTS.toLocaleString('en')} events`,
  add('made, and thrown away', () => {
    for (const _ of stream().batches());
  }),
  add('into a bundle', () => writeBundleParts(stream(), join(folder, 'x.sealtrace'))),
  cycle(),
  complete(({ results }) => {
    for (const r of results) console.log(`${r.name}: ${(EVENTS / r.details.mean / 1e6).toFixed(2)} M events/s`);
  }),
);
rmSync(folder, { recursive: true });

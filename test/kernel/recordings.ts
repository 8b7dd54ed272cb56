// Recordings with the kernel's own truth: the ones bundled under traces/, and all of ../shared when it is there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Assembler } from '../../src/assembly/assembler.js';
import * as costs from '../../src/costs/index.js';
import { reference } from '../../src/costs/reference.js';
import { replay } from '../../src/engine/replay.js';
import type { LaneResult } from '../../src/engine/result.js';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { EventCatalogue } from '../../src/model/event-catalogue.js';
import type { EventMap } from '../../src/model/event-map.js';
import type { Trace } from '../../src/model/trace.js';
import * as entries from '../../src/policies/index.js';
import { validateSettings } from '../../src/policies/switches.js';
import { engineInput } from '../../src/results/input.js';
import { makeRun } from '../../src/results/run.js';
import type { Run } from '../../src/results/types.js';
import { TraceBuilder } from '../../src/trace/builder.js';
import { build } from '../support/replay.js';

const root = join(import.meta.dirname, '..', '..');
export const bundled = join(root, 'traces', 'ftrace');
export const shared = join(root, '..', 'shared', 'traces');
export const hasShared = existsSync(shared);

export interface Recording {
  readonly name: string;
  readonly text: string;
  readonly log: string;
}

export const BUNDLED: readonly Recording[] = [
  'xfs-kill',
  'xfs-movers',
  'xfs-1k-movers',
  'ext4-1k-movers',
  'ext4-1k-leases',
  'xfs-swap',
  'nvme-pagecache',
  'dax-odirect',
].map((name) => ({
  name,
  text: join(bundled, `${name}.report.txt.gz`),
  log: join(bundled, `${name}.driver.jsonl.gz`),
}));

/** Recordings below a folder of ../shared that have a text report and the driver's log. */
export function sharedRecordings(folder: string): Recording[] {
  const found: Recording[] = [];
  const first = (dir: string, names: readonly string[]): string | undefined =>
    names.map((n) => join(dir, n)).find((f) => existsSync(f));
  const walk = (dir: string, name: string): void => {
    const text = first(dir, ['report.txt.gz', 'trace.txt.gz']);
    const log = first(dir, ['driver.jsonl', 'driver.jsonl.gz']);
    if (text !== undefined && log !== undefined) found.push({ name, text, log });
    for (const e of readdirSync(dir, { withFileTypes: true }))
      if (e.isDirectory()) walk(join(dir, e.name), `${name}/${e.name}`);
  };
  walk(join(shared, folder), folder);
  return found;
}

export const content = (file: string): Buffer =>
  file.endsWith('.gz') ? gunzipSync(readFileSync(file)) : readFileSync(file);

/** Reads a recording through the real format and assembly. */
export async function load(file: string, name: string, maps: readonly EventMap[] = []): Promise<Trace> {
  const bytes = content(file);
  const catalogue = new EventCatalogue(maps);
  const builder = new TraceBuilder((sink) => new Assembler(sink, catalogue));
  const sink = builder.startSource(name, ftraceText.name, bytes.length);
  await ftraceText.read(
    {
      name,
      bytes: bytes.length,
      async *chunks() {
        yield bytes;
      },
    },
    sink,
  );
  return builder.finish();
}

export const settings = validateSettings({});
export const policies = Object.values(entries).map((entry) => entry.build(settings));
export const policy = (name: string) => policies.find((p) => p.name === name)!;

export function run(trace: Trace, overrides: Partial<Parameters<typeof makeRun>[1]> = {}): Run {
  return makeRun(trace, {
    traceName: 'test',
    version: '0',
    command: 'test',
    policies,
    recorded: policy('recorded'),
    kernel: { pagecache: policy('pagecache'), dax: policy('dax') },
    costs: costs.reference,
    sealRule: 'dma',
    unseal: 'last-release',
    onDeny: 'skip',
    timing: 'open',
    seed: 1,
    settings,
    damaged: false,
    ...overrides,
  });
}

/** A FIEMAP result of the driver: when, of which inode, and the extents as [offset, addr, length, state]. */
export interface Snapshot {
  readonly fromNs: number;
  readonly toNs: number;
  readonly inode: number;
  readonly extents: readonly MapRow[];
  readonly sharedBytes: number;
}
export type MapRow = readonly [number, number, number, string];

const UNWRITTEN = 2048;
const DELALLOC = 4;
const SHARED = 0x2000;

export function fiemaps(log: string): Snapshot[] {
  return driverLines(log)
    .filter((line) => line.op === 'fiemap')
    .map((s) =>
      s.args
        ? {
            fromNs: s.t_ns,
            toNs: s.t_ns + s.elapsed_ns,
            inode: s.args.ino,
            extents: merged(
              s.args.extents.map((e: { logical: number; physical: number; length: number; flags: number }) =>
                row(e.logical, e.physical, e.length, e.flags),
              ),
            ),
            sharedBytes: sharedIn(s.args.extents.map((e: { length: number; flags: number }) => [e.length, e.flags])),
          }
        : {
            fromNs: s.ts_ns,
            toNs: s.ts_ns + s.elapsed_ns,
            inode: s.ino,
            extents: merged(s.ext.map(([o, p, l, f]: [number, number, number, number]) => row(o, p, l, f))),
            sharedBytes: sharedIn(s.ext.map(([, , l, f]: [number, number, number, number]) => [l, f])),
          },
    );
}

// biome-ignore lint/suspicious/noExplicitAny: two drivers, two log forms; each reader knows its own
export function driverLines(log: string): any[] {
  return content(log)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

const row = (offset: number, physical: number, length: number, flags: number): MapRow => [
  offset,
  (flags & DELALLOC) !== 0 ? -1 : physical,
  length,
  (flags & DELALLOC) !== 0 ? 'delalloc' : (flags & UNWRITTEN) !== 0 ? 'unwritten' : 'written',
];

/** Neighbours that continue each other as one, as FIEMAP and `map` may cut them differently. */
const sharedIn = (extents: readonly (readonly [number, number])[]): number =>
  extents.reduce((sum, [length, flags]) => sum + ((flags & SHARED) === 0 ? 0 : length), 0);

export function merged(rows: readonly MapRow[]): MapRow[] {
  const out: [number, number, number, string][] = [];
  for (const [offset, addr, length, state] of [...rows].sort((a, b) => a[0] - b[0])) {
    const last = out.at(-1);
    if (
      last !== undefined &&
      last[3] === state &&
      last[0] + last[2] === offset &&
      (addr < 0 || last[1] + last[2] === addr)
    )
      last[2] += length;
    else out.push([offset, addr, length, state]);
  }
  return out;
}

/** One policy, seals for what devices hold. */
export function laneOf(
  trace: Trace,
  policy: string,
  settings: Readonly<Record<string, string>> = {},
  timing: 'open' | 'closed' = 'closed',
): LaneResult {
  return replay(engineInput(trace), {
    policies: [build(policy, settings)],
    costs: reference,
    sealRule: { kind: 'dma' },
    unseal: { kind: 'never' },
    onDeny: { kind: 'skip' },
    timing,
    kernel: build('dax'),
  })[0]!;
}

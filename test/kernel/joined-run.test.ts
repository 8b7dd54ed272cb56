// One run under three recorders with a clock each: the file system's events (mono), block requests in a buffer of their own
// (mono_raw) and strace (wall clock). The offsets that ingest finds are held against what the program saw of the clocks.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OPS, Op } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { ingest } from '../../src/trace/ingest.js';
import { installed, makeVolume, TRACEFS, type Volume, whyNot, workshop } from './live.js';

const missing = ['trace-cmd', 'strace'].filter((name) => !installed(name));
const why = whyNot() || (missing.length > 0 ? `no ${missing.join(', ')}` : '');
if (why !== '') console.warn(`SKIPPED: one run in three recordings, ${why}`);

const CALLS = ['openat', 'close', 'pread64', 'pwrite64', 'fsync', 'fdatasync', 'fallocate', 'ftruncate', 'ioctl'];
const MAPS = [
  'xfs_iext_insert',
  'xfs_iext_remove',
  'xfs_bmap_post_update',
  'xfs_file_direct_read',
  'xfs_file_direct_write',
];
const INSTANCES = ['sealtrace-joined-fs', 'sealtrace-joined-blk'] as const;

/** What the program saw of all clocks at one moment, in ns. */
interface Clocks {
  readonly mono: bigint;
  readonly realtime: bigint;
  readonly mono_raw: bigint;
}

function clocksIn(output: string): Clocks {
  const line = /^\{"when":"begin".*$/m.exec(output)?.[0] ?? '';
  const of = (name: string): bigint => BigInt(new RegExp(`"${name}":(\\d+)`).exec(line)?.[1] ?? Number.NaN);
  return { mono: of('mono'), realtime: of('realtime'), mono_raw: of('mono_raw') };
}

describe.skipIf(why !== '')('one run in three recordings', () => {
  let shop = '';
  let volume: Volume;
  let trace: Trace;
  let clocks: Clocks;
  const at = (name: string): string => join(shop, name);

  beforeAll(async () => {
    shop = workshop();
    volume = makeVolume(shop, 'xfs');
    execFileSync('cc', [
      '-O1',
      '-w',
      '-pthread',
      '-o',
      at('joined'),
      join(import.meta.dirname, '../../traces/recipes/joined.c'),
    ]);
    const { output } = record();
    clocks = clocksIn(output);
    ({ trace } = await ingest([at('fs.dat'), at('blocks.dat'), at('run.strace')]));
  }, 120_000);
  afterAll(() => {
    volume?.remove();
    rmSync(shop, { recursive: true, force: true });
  });

  function record(): { readonly output: string } {
    const { dev } = statSync(volume.mount);
    // A loop device without partitions is the disk itself.
    const filter = `dev == ${volume.device}`;
    const blocks = ['block_rq_issue', 'block_rq_complete'].flatMap((name) => ['-e', `block:${name}`, '-f', filter]);
    const maps = MAPS.flatMap((name) => ['-e', `xfs:${name}`, '-f', filter]);
    const calls = CALLS.flatMap((name) =>
      ['enter', 'exit'].flatMap((way) => ['-e', `syscalls:sys_${way}_${name}`, '-f', 'comm ~ "st-*"']),
    );
    const recorder = (instance: string, clock: string, out: string, events: readonly string[]): string[] => [
      ...[
        'env',
        `LD_PRELOAD=${at('bin/tracecmd-noftrace.so')}`,
        'trace-cmd',
        'record',
        '-i',
        '-B',
        instance,
        '-C',
        clock,
      ],
      ...['-b', '4096', ...events, '-o', at(out), 'env', '-u', 'LD_PRELOAD'],
    ];
    const words = [
      ...recorder(INSTANCES[0], 'mono', 'fs.dat', [...maps, ...blocks, ...calls]),
      ...recorder(INSTANCES[1], 'mono_raw', 'blocks.dat', blocks),
      ...['strace', '-f', '-ttt', '-T', '-yy', '-o', at('run.strace'), at('joined'), volume.mount, '/dev/null'],
    ];
    expect(dev).toBeGreaterThan(0);
    const ran = spawnSync(words[0]!, words.slice(1), { encoding: 'utf8', cwd: shop });
    expect(ran.status, ran.stderr).toBe(0);
    for (const instance of INSTANCES)
      try {
        rmdirSync(join(TRACEFS, 'instances', instance));
      } catch {
        // trace-cmd took it away itself.
      }
    return { output: ran.stdout };
  }

  test('offsets are within the errors that are printed', () => {
    const [fs, ...others] = trace.sources;
    expect(fs).toMatchObject({ name: 'fs.dat', clock: 'mono' });
    expect(others.map(({ clock }) => clock)).toEqual(['mono_raw', 'realtime']);
    const truths = [clocks.mono - clocks.mono_raw, clocks.mono - clocks.realtime];
    for (const [i, { name, joined }] of others.entries()) {
      const off = Number(joined!.offsetNs - truths[i]!);
      console.log(
        `${name}: ${joined!.by}, ${joined!.pairs} pairs, off by ${off} ns, said to be within ${joined!.errorNs} ns`,
      );
      expect(joined!.pairs, name).toBeGreaterThan(10);
      expect(joined!.errorNs, name).toBeGreaterThanOrEqual(0);
      // strace's stamps are of the whole microsecond below.
      expect(Math.abs(off), name).toBeLessThanOrEqual(joined!.errorNs + 1000);
    }
  });

  test('what several of them tell is one operation', async () => {
    const { trace: alone } = await ingest([at('fs.dat')]);
    const counts = ({ columns: { op, rows } }: Trace, code: number): number =>
      op.subarray(0, rows).filter((one) => one === code).length;
    for (const op of [Op.punch, Op.truncate, Op.collapse, Op.fsync]) {
      expect(counts(alone, op), OPS[op]).toBeGreaterThan(0);
      expect(counts(trace, op), OPS[op]).toBe(counts(alone, op));
    }
    // Each recording has its records, none of them is lost.
    const lines = readFileSync(at('run.strace'), 'utf8')
      .split('\n')
      .filter((line) => /^\d+ +[\d.]+ (?!<\.\.\. )/.test(line));
    expect(trace.sources.at(-1)!.records).toBe(lines.length);
  });
});

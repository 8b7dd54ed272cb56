// Maps at the end of a recording against `filefrag -v` of the files afterwards (fiemap-after.txt).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as costs from '../../src/costs/index.js';
import { mapSnapshots } from '../../src/results/snapshots.js';
import { hasShared, load, type MapRow, merged, policy, shared } from './recordings.js';

const BLOCK = 4096;

/** `inode -> extents` of all `filefrag -v` blocks: `0: 0..  79: 33792..  33871: 80: flags`. */
function filefrag(text: string): Map<string, MapRow[]> {
  const files = new Map<string, MapRow[]>();
  let rows: MapRow[] = [];
  for (const line of text.split('\n')) {
    const file = /^## filefrag -v .*\(inode (\d+)\)/.exec(line);
    if (file !== null) {
      rows = [];
      files.set(file[1]!, rows);
    }
    if (line.startsWith('## xfs_bmap')) rows = [];
    const e = /^\s*\d+:\s+(\d+)\.\.\s*\d+:\s+(\d+)\.\.\s*\d+:\s+(\d+):\s*(?:\d+:)?\s*(\S*)/.exec(line);
    if (e === null) continue;
    const state = e[4]!.includes('delalloc') ? 'delalloc' : e[4]!.includes('unwritten') ? 'unwritten' : 'written';
    rows.push([Number(e[1]) * BLOCK, state === 'delalloc' ? -1 : Number(e[2]) * BLOCK, Number(e[3]) * BLOCK, state]);
  }
  return files;
}

const blocks = (rows: readonly MapRow[]): string[] =>
  rows.flatMap(([offset, addr, length]) =>
    Array.from({ length: length / BLOCK }, (_, i) => `${offset / BLOCK + i}:${addr < 0 ? -1 : addr / BLOCK + i}`),
  );

async function finalMaps(name: string): Promise<{ known: number; equal: number; differing: string[]; share: number }> {
  const dir = join(shared, 'recorded', name);
  const trace = await load(join(dir, 'report.txt.gz'), name);
  const [end] = mapSnapshots(trace, policy('recorded'), {
    atNs: [],
    costs: costs.reference,
    sealRule: 'explicit',
    unseal: 'never',
    kernel: policy('dax'),
  }).snapshots;
  const truth = filefrag(readFileSync(join(dir, 'fiemap-after.txt'), 'utf8'));
  let known = 0;
  let equal = 0;
  const differing: string[] = [];
  let bytes = 0;
  let same = 0;
  for (const file of end!.files) {
    const his = truth.get(file.inode);
    if (his === undefined || file.uncertain) continue;
    known++;
    const mine = merged(file.extents.map((e) => [e.offset, e.addr, e.length, e.state] as const));
    const theirs = new Set(blocks(his));
    for (const block of blocks(mine)) {
      bytes += BLOCK;
      if (theirs.has(block)) same += BLOCK;
    }
    if (JSON.stringify(mine) === JSON.stringify(merged(his))) equal++;
    else differing.push(`${file.path} (inode ${file.inode})`);
  }
  return { known, equal, differing, share: same / bytes };
}

if (!hasShared)
  console.warn('SKIPPED: ../shared/traces is not here, so final maps are not held against fiemap-after.txt');
describe.skipIf(!hasShared)('final maps equal what filefrag said afterwards', () => {
  test.each([
    ['xfs-db', 2],
    ['xfs-sqlite', 1],
    ['xfs-fsr', 4],
    ['xfs-fsr-rmap', 4],
    ['xfs-pgbench', 1],
  ] as const)('%s', async (name, atLeast) => {
    const { known, equal, differing } = await finalMaps(name);
    console.log(`${name}: ${equal} of ${known} known files equal filefrag`);
    expect(differing).toEqual([]);
    expect(equal).toBeGreaterThanOrEqual(atLeast);
  });

  // filefrag ran after the dirty pages of these were written back: reserved space got its blocks and copies on write their
  // new ones, and none of that is in the recording. The last FIEMAP within it agrees (maps.test.ts).
  test.each([
    ['xfs-movers', 0.99],
    ['ext4-db', 0.9],
  ] as const)('%s, but for what was written back behind the last event', async (name, atLeast) => {
    const { known, equal, share, differing } = await finalMaps(name);
    console.log(
      `${name}: ${equal} of ${known} known files equal filefrag, ${(share * 100).toFixed(2)} % of all blocks; not ${differing.join(', ')}`,
    );
    expect(equal).toBe(known - 1);
    expect(share).toBeGreaterThan(atLeast);
  });
});

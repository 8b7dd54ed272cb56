// Extent records as XFS announces them, against one cell per block: a neighbour may be grown before the record it
// swallows is removed, and only what no record covers any more is a hole.

import { describe, expect, test } from 'vitest';
import { Change, DELALLOC, MapLog } from '../../src/assembly/map-log.js';
import { XfsMaps, xfsBlock, xfsState } from '../../src/assembly/xfs-map.js';
import { Spill } from '../../src/trace/spill.js';
import fc from '../support/fast-check.js';

const FILE = 1;
const DEVICE = 7 << 20;

function changes(log: MapLog): string[] {
  const found: string[] = [];
  for (const row = log.all(); row.next(); ) found.push(Object.keys(Change)[row.change]!);
  return found;
}

/** Plays a log into cells: offset -> block. */
function cells(log: MapLog): Map<number, number> {
  const map = new Map<number, number>();
  for (const row = log.all(); row.next(); ) {
    const end = row.offset + row.count;
    if (row.change === Change.remove)
      for (const at of [...map.keys()]) if (at >= row.offset && at < end) map.delete(at);
    if (row.change !== Change.insert && row.change !== Change.learn) continue;
    for (let i = 0; i < row.count; i++) map.set(row.offset + i, row.block === DELALLOC ? DELALLOC : row.block + i);
  }
  return map;
}

describe('XfsMaps', () => {
  test('the left neighbour grows over a record before that is removed', () => {
    const log = new MapLog(new Spill());
    const maps = new XfsMaps(log);
    maps.insert(FILE, DEVICE, 0, 100, 10, false, 0);
    maps.insert(FILE, DEVICE, 10, 110, 10, false, 0x40);
    maps.preUpdate(FILE, 0, 100, 10, false);
    maps.postUpdate(FILE, DEVICE, 0, 100, 20, false);
    maps.remove(FILE, DEVICE, 10, 110, 10);
    expect([...cells(log)]).toEqual(Array.from({ length: 20 }, (_, i) => [i, 100 + i]));
  });

  test('a record inserted without neighbours proves that the fork was empty', () => {
    const log = new MapLog(new Spill());
    new XfsMaps(log).insert(FILE, DEVICE, 5, 100, 1, false, 0);
    expect(changes(log)).toEqual(['reset', 'insert']);
    const other = new MapLog(new Spill());
    new XfsMaps(other).insert(FILE, DEVICE, 5, 100, 1, false, 0x80);
    expect(changes(other)).toEqual(['insert']);
  });

  test('a loss makes every map unknown until it was seen from end to end', () => {
    const log = new MapLog(new Spill());
    const maps = new XfsMaps(log);
    maps.insert(FILE, DEVICE, 0, 100, 10, false, 0);
    maps.unknownAll();
    maps.found(FILE, DEVICE, 0, 200, 4, false);
    expect(changes(log).includes('known')).toBe(false);
    maps.found(FILE, DEVICE, 4, -1, 2 ** 40, false);
    expect(changes(log).includes('known')).toBe(true);
    // Looks that find something in a map which is not known change nothing.
    expect(changes(log)).toContain('learn');
    expect([...cells(log)]).toEqual([0, 1, 2, 3].map((i) => [i, 200 + i]));
  });

  test('after a loss a record that grows tells all of itself, not only what was added', () => {
    const log = new MapLog(new Spill());
    const maps = new XfsMaps(log);
    maps.insert(FILE, DEVICE, 0, 100, 4, false, 0);
    maps.unknownAll();
    // Unseen: the four blocks moved to 500.
    maps.preUpdate(FILE, 0, 500, 4, false);
    maps.postUpdate(FILE, DEVICE, 0, 500, 6, false);
    maps.found(FILE, DEVICE, 0, 500, 6, false);
    maps.found(FILE, DEVICE, 6, -1, 2 ** 40, false);
    expect(changes(log)).toContain('known');
    expect([...cells(log)]).toEqual([0, 1, 2, 3, 4, 5].map((i) => [i, 500 + i]));
  });

  test('without update events reserved space never gets its blocks: nothing is known', () => {
    const maps = new XfsMaps(new MapLog(new Spill()));
    maps.insert(FILE, DEVICE, 0, DELALLOC, 16, false, 0);
    expect(maps.blind(FILE)).toBe(true);
    maps.preUpdate(FILE, 0, DELALLOC, 16, false);
    maps.postUpdate(FILE, DEVICE, 0, 24, 16, false);
    expect(maps.blind(FILE)).toBe(false);
  });

  test('special blocks and state words', () => {
    expect(xfsBlock(0xffffffffe0006)).toBe(DELALLOC);
    expect(xfsBlock(-2)).toBe(-1);
    expect(xfsBlock(0x18)).toBe(24);
    expect(xfsState('LC|0x50')).toBe(0x51);
    expect(xfsState('LC|LF|RF|0x40|COW')).toBe(0x24d);
    expect(xfsState('755')).toBe(755);
  });

  test('random records, split, grown, shrunk and merged in any order of announcement', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ at: fc.nat(30), count: fc.integer({ min: 1, max: 8 }), kind: fc.nat(3), late: fc.boolean() }),
          { maxLength: 60 },
        ),
        (steps) => {
          const log = new MapLog(new Spill());
          const maps = new XfsMaps(log);
          const truth = new Map<number, number>();
          let records: { off: number; count: number; block: number }[] = [];
          let next = 1000;
          const overlaps = (off: number, count: number) =>
            records.filter((r) => r.off < off + count && r.off + r.count > off);
          for (const { at, count, kind, late } of steps) {
            const hit = overlaps(at, count);
            if (kind === 0 && hit.length === 0) {
              // A new record, or the growth of a left neighbour whose blocks continue.
              const left = records.find((r) => r.off + r.count === at);
              if (left !== undefined && late) {
                maps.preUpdate(FILE, left.off, left.block, left.count, false);
                left.count += count;
                maps.postUpdate(FILE, DEVICE, left.off, left.block, left.count, false);
                for (let i = 0; i < count; i++) truth.set(at + i, left.block + at + i - left.off);
              } else {
                records.push({ off: at, count, block: next });
                maps.insert(FILE, DEVICE, at, next, count, false, 0x40);
                for (let i = 0; i < count; i++) truth.set(at + i, next + i);
                next += 100;
              }
            } else if (kind === 1 && hit.length > 0) {
              const [r] = hit;
              maps.remove(FILE, DEVICE, r!.off, r!.block, r!.count);
              records = records.filter((x) => x !== r);
              for (let i = 0; i < r!.count; i++) truth.delete(r!.off + i);
            } else if (kind === 2 && hit.length > 0 && hit[0]!.count > 1) {
              // Cut in two: the record shrinks, and its tail is a new one.
              const r = hit[0]!;
              const keep = Math.ceil(r.count / 2);
              maps.preUpdate(FILE, r.off, r.block, r.count, false);
              maps.postUpdate(FILE, DEVICE, r.off, r.block, keep, false);
              maps.insert(FILE, DEVICE, r.off + keep, r.block + keep, r.count - keep, false, 0x40);
              records.push({ off: r.off + keep, count: r.count - keep, block: r.block + keep });
              r.count = keep;
            } else if (kind === 3) {
              // Two records whose blocks continue become one, announced either way round.
              const r = records.find((x) =>
                records.some((y) => y.off === x.off + x.count && y.block === x.block + x.count),
              );
              const right = r && records.find((y) => y.off === r.off + r.count && y.block === r.block + r.count);
              if (r === undefined || right === undefined) continue;
              if (late) maps.remove(FILE, DEVICE, right.off, right.block, right.count);
              maps.preUpdate(FILE, r.off, r.block, r.count, false);
              maps.postUpdate(FILE, DEVICE, r.off, r.block, r.count + right.count, false);
              if (!late) maps.remove(FILE, DEVICE, right.off, right.block, right.count);
              r.count += right.count;
              records = records.filter((x) => x !== right);
            }
          }
          expect([...cells(log)].sort((a, b) => a[0] - b[0])).toEqual([...truth].sort((a, b) => a[0] - b[0]));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

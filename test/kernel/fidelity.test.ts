// The replay against the recording's own return codes, and the hazards that really happened against those found.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Op } from '../../src/model/events.js';
import { NONE } from '../../src/model/units.js';
import { BUNDLED, driverLines, hasShared, load, run, shared, sharedRecordings } from './recordings.js';

const recording = (name: string) => BUNDLED.find((r) => r.name === name)!;

describe('bundled recordings', () => {
  test.each(BUNDLED)(
    '$name: every comparable return code is predicted, and every look-up agrees with the map',
    async ({ name, text }) => {
      const { fidelity, lanes } = run(await load(text, name)).report;
      console.log(
        `${name}: ${fidelity.agreed} of ${fidelity.operations} return codes, ${fidelity.mapChecks.agreed} of ${fidelity.mapChecks.agreed + fidelity.mapChecks.differed} look-ups; not compared: ${JSON.stringify(fidelity.notCompared)}`,
      );
      expect(fidelity.examples).toEqual([]);
      expect(fidelity.agreed).toBe(fidelity.operations);
      expect(fidelity.operations).toBeGreaterThan(200);
      expect(fidelity.mapChecks.differed).toBe(0);
      for (const lane of lanes) {
        expect(Object.values(lane.verdicts).reduce((a, b) => a + b, 0)).toBe(lane.operations);
        expect(Object.values(lane.denied).reduce((a, b) => a + b, 0)).toBe(lane.verdicts.deny);
      }
    },
  );

  test('xfs-swap: what the kernel refused of an active swap file, every policy refuses with the same errno', async () => {
    const { text, name, log } = recording('xfs-swap');
    const trace = await load(text, name);
    const { lanes } = run(trace).report;
    // The driver's own record of the calls, taken while the swap file was active.
    const refused = driverLines(log).filter((l) => l.phase === 'active' && (l.err === 'ETXTBSY' || l.err === 'EPERM'));
    const count = (err: string): number => refused.filter((l) => l.err === err).length;
    expect(count('ETXTBSY')).toBeGreaterThan(10);
    const recorded = lanes.find((l) => l.policy === 'recorded')!;
    for (const lane of lanes.filter((l) => ['dax', 'pagecache', 'odp', 'mapsync-pin'].includes(l.policy))) {
      expect(lane.denied.ETXTBSY, lane.policy).toBe(recorded.denied.ETXTBSY);
      expect(lane.denied.EPERM, lane.policy).toBe(recorded.denied.EPERM);
    }
    expect(recorded.denied.ETXTBSY).toBe(count('ETXTBSY'));
    expect(recorded.denied.EPERM).toBe(count('EPERM'));
  });

  test('nvme-pagecache: the six accesses whose pages changed under DMA are found, and no sealed lane has one', async () => {
    const { text, name } = recording('nvme-pagecache');
    const { lanes, trace } = run(await load(text, name)).report;
    const hazards = Object.fromEntries(lanes.map((l) => [l.policy, l.hazards.count]));
    expect(hazards).toMatchObject({
      recorded: 6,
      pagecache: 6,
      ondisk: 0,
      mapdirect: 0,
      'mapdirect-lease': 0,
      dax: 0,
      'mapsync-pin': 0,
      odp: 0,
    });
    expect(trace.deviceAccess.directPlacedPages).toBe(trace.deviceAccess.directPages);
    expect(trace.deviceAccess.placedPages / trace.deviceAccess.pages).toBeGreaterThanOrEqual(0.98);
  });

  test('a device access is a row of its own, with its duration and its place in the file', async () => {
    const { text, name } = recording('nvme-pagecache');
    const { columns: c } = await load(text, name);
    const rows = Array.from({ length: c.rows }, (_, i) => i).filter(
      (i) => c.op[i] === Op.dma_write || c.op[i] === Op.dma_read,
    );
    expect(rows.filter((i) => c.file[i] !== NONE).length).toBeGreaterThan(100);
    for (const i of rows) {
      expect(c.latencyNs[i]).toBeGreaterThan(0);
      expect(c.length[i]! > 0 && c.addr[i]! > 0).toBe(true);
      // Memory of no file keeps its address.
      expect(c.offset[i]! >= 0).toBe(c.file[i] !== NONE);
    }
  });
});

if (!hasShared)
  console.warn(
    'SKIPPED: ../shared/traces is not here, so only the bundled recordings are checked against return codes',
  );
describe.skipIf(!hasShared)('all recordings of ../shared', () => {
  const cases = hasShared ? ['recorded', 'recorded-dax', 'recorded-dma'].flatMap(sharedRecordings) : [];
  test.each(cases)('$name: at least 99.9 % of the return codes', async ({ name, text }) => {
    const { fidelity } = run(await load(text, name), { policies: [] }).report;
    console.log(`${name}: ${fidelity.agreed} of ${fidelity.operations} return codes; ${fidelity.examples[0] ?? ''}`);
    expect(fidelity.agreed / fidelity.operations, fidelity.examples.join('\n')).toBeGreaterThanOrEqual(0.999);
  });

  test.each([
    ['d1-dax-odirect', 0],
    ['d1c-dax-odirect-clones', 0],
    ['d2-pagecache-odirect', 0],
    ['d2p-pagecache-slow-dma', 6],
    ['d5-dax-odirect-iommu', 0],
    ['d5b-pagecache-slow-dma-iommu', 12],
  ] as const)(
    '%s: device accesses are placed as joins.json says, and %i targets changed in flight',
    async (folder, changed) => {
      const joins = JSON.parse(readFileSync(join(shared, 'recorded-dma', 'joins.json'), 'utf8'))[folder].result;
      const trace = await load(join(shared, 'recorded-dma', folder, 'trace.txt.gz'), folder);
      const { report } = run(trace, { policies: [] });
      const { deviceAccess } = report.trace;
      const named = (joins.pages_nvdimm_named ?? 0) + (joins.pages_cache_named ?? 0);
      console.log(
        `${folder}: ${deviceAccess.placedPages} of ${deviceAccess.pages} pages placed (joins.json: ${named} of ${joins.pages}), direct ${deviceAccess.directPlacedPages} of ${deviceAccess.directPages}`,
      );
      expect(deviceAccess.pages).toBe(joins.pages);
      expect(deviceAccess.placedPages).toBeGreaterThanOrEqual(named);
      expect(deviceAccess.directPlacedPages).toBe(deviceAccess.directPages);
      expect(deviceAccess.placedPages / deviceAccess.pages).toBeGreaterThanOrEqual(0.98);
      const lane = run(trace).report.lanes.find((l) => l.policy === 'recorded')!;
      expect(lane.hazards.count).toBe(changed);
    },
  );

  test('d6-raw-held-layout: raw reads through addresses that FIEMAP told are stale as joins.json says', async () => {
    const joins = JSON.parse(readFileSync(join(shared, 'recorded-dma', 'joins.json'), 'utf8'))['d6-raw-held-layout'];
    const { layout_reads_stale_at_start: before, layout_reads_stale_by_end: during } = joins.result;
    const trace = await load(join(shared, 'recorded-dma', 'd6-raw-held-layout', 'trace.txt.gz'), 'd6-raw-held-layout');
    const { details, report } = run(trace);
    const hazards = details.find((detail) => detail.policy === 'recorded')!.hazards;
    expect(report.lanes.find((lane) => lane.policy === 'recorded')!.hazards.count).toBe(before + during);
    expect(hazards.every(({ op }) => op === 'read')).toBe(true);
    // Sealed on disk before it is asked for its addresses, the file keeps them.
    expect(report.lanes.find((lane) => lane.policy === 'ondisk')!.hazards.count).toBe(0);
  });
});

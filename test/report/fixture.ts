// A run as a real one looks: a database file mapped and registered with an adapter, movers that punch, truncate and
// reflink it, eight policies. And what becomes of it when data are lost, nothing collides, or nothing is there.
import type { LaneReport, Run } from '../../src/results/types.js';
import { detailOf, laneReport, NONE, verdicts } from './fixture-lanes.js';
import { OPERATIONS, POLICIES, SPAN } from './fixture-latency.js';
import { HOLD_LIVES, MAP } from './fixture-map.js';
import { PRICES, tablesOf } from './fixture-tables.js';

const FIDELITY: Run['report']['fidelity'] = {
  policy: 'dax',
  operations: 4871,
  agreed: 4867,
  differed: 4,
  byOp: {
    write: { agreed: 2380, differed: 0 },
    truncate: { agreed: 35, differed: 2 },
    punch: { agreed: 43, differed: 2 },
    mmap: { agreed: 61, differed: 0 },
  },
  notCompared: { 'ENOSPC: no seal explains it': 8, 'no recorded result': 133 },
  mapChecks: { agreed: 3310, differed: 0 },
  leaseBreaks: { refused: 0, waited: 0, predictedNs: 0, recordedNs: 0, worstNs: 0, outlasted: 0, outlastedNs: 0 },
  examples: [
    'truncate at xfs-db.report.txt:2711: predicted success, recorded EINTR',
    'punch at xfs-db.report.txt:2902: predicted success, recorded EINTR',
  ],
};

/** The full run. */
export const makeRun = (): Run => ({
  schema: 'sealtrace.run/1',
  version: '0.1.0',
  command: 'sealtrace replay traces/xfs-db.report.txt.gz --policy all --seal-rule dma -o xfs-db.sealrun',
  report: {
    schema: 'sealtrace.replay/1',
    trace: {
      name: 'xfs-db.report.txt.gz',
      sources: [
        {
          name: 'xfs-db.report.txt.gz',
          format: 'ftrace-text',
          bytes: 14_211_032,
          records: 122_975,
          typed: 118_204,
          generic: 4771,
          lost: { events: 0, spans: [] },
          clock: 'mono',
          kernel: '6.18.44 x86_64',
        },
      ],
      operations: { total: OPERATIONS, unpaired: 3 },
      files: 41,
      tasks: 19,
      span: SPAN,
      unplaced: [
        { cause: 'fault_without_mapping', count: 12 },
        { cause: 'inode_unknown', count: 5 },
      ],
      deviceAccess: {
        accesses: 1204,
        pages: 18_880,
        placedPages: 18_611,
        directPages: 16_000,
        directPlacedPages: 16_000,
      },
      issues: [
        {
          code: 'short-line',
          count: 1,
          first: { source: 'xfs-db.report.txt.gz', row: 122_976 },
          text: 'the last line has no event name',
        },
      ],
    },
    settings: {
      'seal-rule': 'dma',
      unseal: 'last-release',
      'on-deny': 'skip',
      timing: 'open',
      costs: 'reference-2025',
      seed: '1',
      era: 'modern',
      mapdirect: 'seed',
    },
    quality: { safe: true, reasons: [], divergence: 0.012 },
    fidelity: FIDELITY,
    lanes: POLICIES.map(laneReport),
  },
  details: POLICIES.map(detailOf),
  holds: HOLD_LIVES,
  holdsLeftOut: 4,
  maps: [MAP],
  tables: tablesOf(),
  prices: PRICES,
  cites: {
    ondisk: ['fallocate SEAL_BLOCK_MAP v2, linux-nvdimm, August 2017'],
    mapdirect: ['MAP_DIRECT proposal, linux-nvdimm, 14 August 2017', 'LWN 730570'],
    'mapdirect-lease': ['MAP_DIRECT v7-v9, linux-nvdimm, October 2017'],
    odp: ['ibv_reg_mr(3), IBV_ACCESS_ON_DEMAND'],
  },
});

/** The same trace with losses and a replay that went astray. */
export const makeUnsafeRun = (): Run => {
  const run = makeRun();
  const spans = [{ fromNs: 700_000_000, toNs: 790_000_000, cpu: 1, count: 611 }];
  return {
    ...run,
    report: {
      ...run.report,
      trace: {
        ...run.report.trace,
        sources: run.report.trace.sources.map((source) => ({ ...source, lost: { events: 611, spans } })),
      },
      quality: {
        safe: false,
        reasons: [
          '611 records were lost in 1 gap: maps of 9 files are uncertain after it.',
          'Divergence of 7.1 % under ondisk is above 5 %.',
        ],
        divergence: 0.071,
      },
    },
  };
};

/** A trace in which nothing met anything. */
export const makeQuietRun = (): Run => {
  const run = makeRun();
  const lanes = run.report.lanes.map(
    (lane): LaneReport => ({
      ...lane,
      verdicts: verdicts({}, OPERATIONS),
      byOp: {},
      denied: {},
      latency: run.report.lanes[0]!.latency,
      wait: { count: 0, totalNs: 0, p99Ns: 0, maxNs: 0 },
      conflicts: 0,
      hazards: { count: 0, bytes: 0, byClass: { a: 0, b: 0, c: 0, d: 0 }, incoherent: 0, incoherentBytes: 0 },
      seals: { opened: 0, closed: 0, aliveAtEnd: 0, orphaned: 0, leftAfterCrash: 0, failed: 0 },
      diverged: 0,
    }),
  );
  const details = run.details.map((detail) => ({
    ...detail,
    histograms: run.details[0]!.histograms,
    conflicts: [],
    hazards: [],
    seals: [],
  }));
  return { ...run, report: { ...run.report, lanes }, details, maps: [] };
};

/** Nothing that can be replayed. */
export const makeEmptyRun = (): Run => {
  const run = makeQuietRun();
  const lanes = run.report.lanes.map(
    (lane): LaneReport => ({
      ...lane,
      operations: 0,
      verdicts: NONE,
      latency: {},
      journalCommits: 0,
      measuredShare: 0,
    }),
  );
  const details = run.details.map((detail) => ({
    ...detail,
    histograms: {},
    components: {},
    verdictsByTime: [],
    heat: { timeBins: 0, latencyUpperNs: [], counts: [] },
  }));
  const trace = {
    ...run.report.trace,
    operations: { total: 0, unpaired: 0 },
    files: 0,
    tasks: 0,
    span: { fromNs: 0, toNs: 0 },
    unplaced: [],
    deviceAccess: { accesses: 0, pages: 0, placedPages: 0, directPages: 0, directPlacedPages: 0 },
  };
  const fidelity = {
    ...run.report.fidelity,
    operations: 0,
    agreed: 0,
    differed: 0,
    byOp: {},
    notCompared: {},
    examples: [],
    mapChecks: { agreed: 0, differed: 0 },
  };
  return { ...run, report: { ...run.report, trace, lanes, fidelity }, details, holds: [], holdsLeftOut: 0 };
};

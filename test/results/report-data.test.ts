// What the report draws, held against other ways to the same figures: histograms of the lanes, snapshots of the maps.
import { beforeAll, describe, expect, it } from 'vitest';
import { reference } from '../../src/costs/reference.js';
import { newLane } from '../../src/engine/replay.js';
import { planSeals } from '../../src/engine/seal-plan.js';
import { viewOf } from '../../src/engine/view.js';
import { State } from '../../src/extents/extent-map.js';
import { policies as registry, validateSettings } from '../../src/index.js';
import type { Trace } from '../../src/model/trace.js';
import { engineInput, inodeName } from '../../src/results/input.js';
import { sealRuleOf, unsealOf } from '../../src/results/rules.js';
import { replayRun } from '../../src/results/run.js';
import { ingest } from '../../src/trace/ingest.js';
import { recording } from '../cli/support.js';

const RECORDINGS = ['xfs-swap', 'xfs-movers', 'nvme-pagecache'];
const settings = validateSettings({});
const kernel = { pagecache: registry.pagecache.build(settings), dax: registry.dax.build(settings) };
const recorded = registry.recorded.build(settings);

const options = {
  traceName: 't',
  version: '0',
  command: 'c',
  policies: Object.values(registry).map((entry) => entry.build(settings)),
  recorded,
  kernel,
  costs: reference,
  sealRule: 'dma',
  unseal: 'never',
  onDeny: 'skip',
  timing: 'open',
  seed: 1,
  settings,
  damaged: false,
} as const;

describe.each(RECORDINGS)('%s', (name) => {
  let trace: Trace;
  let made: ReturnType<typeof replayRun>;
  beforeAll(async () => {
    trace = (await ingest([recording(name)], {})).trace;
    made = replayRun(trace, options);
  });

  it('splits the time of every operation kind without a rest', () => {
    made.run.details.forEach((detail, i) => {
      const lane = made.lanes[i]!;
      for (const [op, parts] of Object.entries(detail.components)) {
        const total = Object.values(parts).reduce((a, b) => a + b, 0);
        const stats = made.run.report.lanes[i]!.latency[op]!;
        expect(Math.abs(total - stats.meanNs * stats.count)).toBeLessThanOrEqual(stats.count + 7);
      }
      const extra = Object.entries(detail.components)
        .filter(([op]) => !op.startsWith('dma'))
        .reduce((sum, [, parts]) => sum + parts.extraNs, 0);
      const seals = lane.seals.reduce((sum, seal) => sum + seal.costNs, 0);
      // Nothing but seal calls is left over; what counts as a seal call must have been made.
      expect(extra).toBeLessThanOrEqual(seals + 100);
    });
  });

  it('puts every verdict into the time bin of its operation', () => {
    made.run.details.forEach((detail, i) => {
      const { verdicts } = made.run.report.lanes[i]!;
      Object.values(verdicts).forEach((n, verdict) => {
        const binned = detail.verdictsByTime.filter((_, at) => at % 6 === verdict).reduce((a, b) => a + b, 0);
        expect(binned).toBe(n);
      });
    });
  });

  it('draws the maps that a whole replay has at these times', () => {
    const input = engineInput(trace);
    const rule = sealRuleOf('dma');
    const plan = {
      policies: [recorded],
      costs: reference,
      sealRule: rule,
      unseal: unsealOf('never'),
      onDeny: { kind: 'skip' },
      timing: 'open',
      kernel: kernel.pagecache,
    } as const;
    const origin = Number(trace.originNs);
    for (const map of made.run.maps) {
      const file = trace.files.findIndex((_, at) => inodeName(trace, at) === map.inode);
      const lane = newLane(input, planSeals(input, rule), recorded, plan);
      for (const t of [20, 60, 119]) {
        lane.runTo(map.fromNs - origin + ((map.toNs - map.fromNs) * (t + 1)) / map.states.length);
        const extents = viewOf(lane.files.mapOf(file), 0, Number.POSITIVE_INFINITY);
        const drawn = [...map.states[t]!];
        const size = map.endBytes / drawn.length;
        drawn.forEach((state, o) => {
          const within = extents.filter((e) => e.offset < (o + 1) * size && e.offset + e.length > o * size);
          expect(within.length > 0, `${map.file} ${t} ${o}`).toBe(!'.?'.includes(state));
          if (within.length === 1) expect(state === 's').toBe((within[0]!.state & State.reflinked) !== 0);
        });
      }
    }
  });
});

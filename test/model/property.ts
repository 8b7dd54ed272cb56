// The property that the model test and the soak check: whatever the trace and the settings, both replays agree.

import * as registry from '../../src/policies/index.js';
import fc from '../support/fast-check.js';
import { build, type Line, traceOf } from '../support/replay.js';
import { callsOf } from './calls.js';
import { type Chosen, engineOutcome, naiveOutcome, type Outcome, ownedBlocks } from './compare.js';
import { linesOf, step } from './traces.js';

export const POLICIES: readonly string[] = Object.values(registry).map(({ name }) => name);
const TIMINGS = ['open', 'closed'] as const;

const SETTINGS: readonly Record<string, string>[] = [
  {},
  {},
  { era: '2017', mapdirect_lease: 'v7', 'ondisk.unlink': 'ok', 'ondisk.version': 'v1' },
  { fs: 'ext4', mapdirect: 'v5', pins_extend_seal: 'true', mapdirect_lease: 'v9' },
  {
    ...{ seal_fills: 'false', unwritten_is_map_change: 'false', lease_until_last_pin: 'false' },
    'ondisk.version': 'v1',
  },
  { privileged: 'no', 'lease.inplace_write_breaks': 'true', 'layout-user.write': 'xfsrfc' },
  { 'layout-user.lease': 'breakable', lease_break_time_s: '3' },
  { 'layout-user.lease': 'breakable', lease_until_last_pin: 'false', 'lease.inplace_write_breaks': 'true' },
  { coherence: 'software', zap_scope: 'range', on_refused_pin: 'odp' },
  {
    dax_wait: 'until-signal',
    coherence: 'software',
    on_refused_pin: 'bounce',
    'pnfs.block_fence_helper': 'false',
    lease_break_time_s: '3',
  },
];

/**
 * From microseconds, where no limit is over in time, to seconds, where those of 45 s and 180 s pass. Whole multiples of the
 * pauses (10 ms, `retryNs`) would make looks and releases fall on one moment, whose order nothing says.
 */
const UNITS_NS = [1_009, 40_009, 300_000_007];

export interface Story {
  readonly lines: readonly Line[];
  readonly chosen: Omit<Chosen, 'timing'>;
}

/** A random trace with the settings it is replayed under. */
export const anyStory: fc.Arbitrary<Story> = fc
  .record({
    steps: fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }),
    chosen: fc.record({
      sealRule: fc.constantFrom('dma', 'dma', 'explicit', 'mapped', 'files:a'),
      unseal: fc.constantFrom('never', 'last-release', 'idle'),
      onDeny: fc.constantFrom('skip', 'unseal', 'retry'),
      settings: fc.constantFrom(...SETTINGS),
      unitNs: fc.constantFrom(...UNITS_NS),
    }),
  })
  .map(({ steps, chosen }) => ({ lines: linesOf(steps, chosen.unitNs, ownedBlocks), chosen }));

/** How often what is compared was there to be compared: a test of empty lists proves nothing. */
export class Tally {
  readonly counts = new Map<string, number>();

  add(outcome: Outcome): void {
    const { waits, hazards, seals, verdicts } = outcome;
    this.count('lanes', 1);
    this.count('operations', verdicts.filter((text) => !text.endsWith('none')).length);
    for (const verdict of ['deny', 'wait', 'recall', 'revoke', 'commit'])
      this.count(verdict, verdicts.filter((text) => text.split(' ')[1] === verdict).length);
    for (const [name, n] of Object.entries({ ...waits, ...seals }))
      if (!/sum|longest/i.test(name)) this.count(name === 'count' ? 'waited' : name, n);
    for (const name of ['handOvers', 'refaults', 'bounced'] as const) this.count(name, outcome[name]);
    for (const hazard of hazards) this.count(`hazard ${hazard.split(' ')[2]}`, 1);
  }

  private count(name: string, n: number): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + n);
  }
}

/** One trace under some policies in both timings: '' or where the two differ first, with what leads there. */
export async function difference({ lines, chosen }: Story, policies: readonly string[], tally: Tally): Promise<string> {
  const trace = await traceOf(lines);
  const calls = callsOf(lines);
  for (const name of policies)
    for (const timing of TIMINGS) {
      const policy = build(name, chosen.settings);
      // Who tries again under `oracle` asks about another future each time: the naive one is played from one beginning.
      const onDeny = policy.foresees === true && chosen.onDeny === 'retry' ? 'skip' : chosen.onDeny;
      const model = naiveOutcome(lines, calls, policy, { ...chosen, timing, onDeny });
      const engine = engineOutcome(trace, lines, policy, { ...chosen, timing, onDeny });
      tally.add(model);
      const text = told(engine, model);
      if (text !== '') return `${name}, ${timing}, ${JSON.stringify(chosen)}\n${traceText(lines)}\n${text}`;
    }
  return '';
}

function told(engine: Outcome, model: Outcome): string {
  const parts = (Object.keys(engine) as (keyof Outcome)[]).filter(
    (key) => JSON.stringify(engine[key]) !== JSON.stringify(model[key]),
  );
  const text = parts.map(
    (key) => `${key}\n  engine ${JSON.stringify(engine[key])}\n  model  ${JSON.stringify(model[key])}`,
  );
  return [...text, ...engine.broken].join('\n');
}

const traceText = (lines: readonly Line[]): string => lines.map((line, i) => `${i} ${JSON.stringify(line)}`).join('\n');

// Where the time goes: the call itself, commits, invalidations, waiting, seals and refusals, by operation kind and policy.
import type { Components, LaneDetail, Run } from '../../results/types.js';
import { formatNs, plural } from '../format.js';
import { joined, value } from '../inline.js';
import { baselineOf, namer, opsBySpread, sum, words } from '../lanes.js';
import type { Provenance, Section, StackChart, StackPart, Text } from '../model.js';
import type { SectionBuilder } from '../section.js';

const SHOWN = 6;

export const spending: SectionBuilder = {
  place: 44,
  build: (run: Run): Section | null => {
    const ops = opsBySpread(run).filter((op) => spentOn(run, op).length > 1);
    if (ops.length === 0) return null;
    const ranked = [...ops].sort((a, b) => gap(run, b) - gap(run, a));
    const charts = ranked.slice(0, SHOWN).map((op) => chart(run, op));
    return {
      id: 'spending',
      title: 'Where the time goes',
      short: 'Spending',
      finding: finding(run, ranked),
      blocks: [{ kind: 'grid', blocks: charts }],
    };
  },
};

const totalOf = (parts: Components): number => sum(Object.values(parts));

interface Spender {
  readonly names: readonly string[];
  readonly parts: Components;
}

/** Policies that spent alike on an operation kind. */
const spentOn = (run: Run, op: string): readonly Spender[] => {
  const groups = new Map<string, { names: string[]; parts: Components }>();
  for (const { policy, components } of run.details) {
    const parts = components[op];
    if (parts === undefined || totalOf(parts) === 0) continue;
    const known = groups.get(JSON.stringify(parts));
    if (known === undefined) groups.set(JSON.stringify(parts), { names: [policy], parts });
    else known.names.push(policy);
  }
  return [...groups.values()];
};

/** Time between the policy that spends most and the one that spends least. */
const gap = (run: Run, op: string): number => {
  const totals = spentOn(run, op).map(({ parts }) => totalOf(parts));
  return Math.max(0, ...totals) - Math.min(...totals);
};

const finding = (run: Run, ops: readonly string[]): Text => {
  const op = ops[0]!;
  const spenders = [...spentOn(run, op)].sort((a, b) => totalOf(b.parts) - totalOf(a.parts));
  const [most, least] = [spenders[0]!, spenders.at(-1)!];
  const others = ops.length > SHOWN ? ` ${plural(ops.length - SHOWN, 'kind')} with smaller differences not drawn.` : '';
  return [
    `Most between the policies lies in ${words(op)}: `,
    value(totalOf(most.parts), 'ns', 'modelled'),
    ' in all under ',
    namer(run)(nameOf(most, baselineOf(run)?.policy ?? '')),
    ', ',
    value(totalOf(least.parts), 'ns', 'modelled'),
    ` at best.${others}`,
  ];
};

const nameOf = ({ names }: Spender, base: string): string => names.find((name) => name !== base) ?? names[0] ?? '';

const LABELS: readonly (readonly [keyof Components, StackPart['look'], string, Provenance])[] = [
  ['recordedNs', 'recorded', 'the call, as recorded', 'recorded'],
  ['pricedNs', 'priced', 'the call, from the price list', 'assumed'],
  ['extraNs', 'extra', 'seal calls and device faults', 'assumed'],
  ['commitNs', 'commit', 'journal commits', 'assumed'],
  ['invalidateNs', 'invalidate', 'invalidations', 'assumed'],
  ['flushNs', 'flush', 'flushes of device memory', 'assumed'],
  ['waitNs', 'wait', 'waiting for holders', 'modelled'],
  ['refusedNs', 'refused', 'refusals', 'assumed'],
];

const chart = (run: Run, op: string): StackChart => {
  const policy = namer(run);
  const calls = Math.max(...run.report.lanes.map((lane) => lane.latency[op]?.count ?? 0));
  return {
    kind: 'chart',
    mark: 'stack',
    caption: [words(op), `, ${plural(calls, 'call')}`],
    summary: `Sum of the time of all ${words(op)} calls under each policy, by what it was spent on.`,
    basis: spentOn(run, op).some(({ parts }) => usesPrices(parts)) ? 'assumed' : 'modelled',
    xLabel: 'sum over all calls',
    rows: spentOn(run, op).map(({ names, parts }) => ({
      label: joined(
        names.map((name) => policy(name)),
        ', ',
      ),
      note: formatNs(totalOf(parts)),
      parts: LABELS.map(([key, look, label, basis]) => ({ look, label, basis, ns: parts[key] })),
    })),
  };
};

const usesPrices = ({
  pricedNs,
  extraNs,
  commitNs,
  invalidateNs,
  flushNs,
  refusedNs,
}: LaneDetail['components'][string]): boolean => pricedNs + extraNs + commitNs + invalidateNs + flushNs + refusedNs > 0;

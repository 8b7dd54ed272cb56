// What `sealtrace model` prints for people.

import type { Closeness } from '../fitting/closeness.js';
import { formatCount, formatNs, formatShare, plural } from '../report/format.js';
import type { Share, VerdictShares } from '../results/verdict-shares.js';
import type { WorkloadModel } from '../workloads/modelled/model.js';
import { facts, heading, type Style, table } from './table.js';
import { plain } from './text.js';

export interface PolicyPair {
  readonly policy: string;
  readonly recorded: VerdictShares;
  readonly made: VerdictShares;
  /** Verdicts whose intervals touch, and those that are apart. */
  readonly agree: readonly string[];
  readonly differ: readonly string[];
}

export interface Answer {
  readonly fitted: WorkloadModel;
  readonly near: Closeness;
  readonly pairs: readonly PolicyPair[];
  readonly out: string | undefined;
}

/** How many distributions of a model are of which kind. */
export function distributionsOf(model: WorkloadModel): Record<string, number> {
  const counts: Record<string, number> = {};
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const is: unknown = Reflect.get(value, 'is');
    if (typeof is === 'string') counts[is] = (counts[is] ?? 0) + 1;
    else for (const part of Object.values(value)) walk(part);
  };
  walk(model.roles);
  return counts;
}

const RIGHT = { align: 'right' } as const;

export function closenessText(answer: Answer, style: Style): string {
  const { fitted, near, pairs } = answer;
  const parts = [
    heading('workload', style).trimStart(),
    facts(aboutOf(fitted), style),
    heading('operations', style),
    table(
      [{ title: 'operation' }, { title: 'recorded', ...RIGHT }, { title: 'made', ...RIGHT }],
      near.counts.map(({ op, recorded, made }) => [op, formatCount(recorded), formatCount(made)]),
      style,
    ),
    heading('distances (Kolmogorov-Smirnov)', style),
    table(
      [
        { title: 'of' },
        { title: 'values', ...RIGHT },
        { title: 'distance', ...RIGHT },
        { title: 'bound', ...RIGHT },
        { title: '' },
      ],
      near.distances.map((one) => [
        one.of,
        formatCount(one.recorded),
        one.distance.toFixed(3),
        one.bound.toFixed(3),
        one.near ? '' : 'apart',
      ]),
      style,
      100,
    ),
    heading('shares of verdicts, with 95 % intervals', style),
    table(
      [
        { title: 'policy' },
        { title: 'verdict' },
        { title: 'recorded', ...RIGHT },
        { title: 'made', ...RIGHT },
        { title: '' },
      ],
      pairs.flatMap(pairRows),
      style,
      100,
    ),
    `\n${summaryOf(answer)}\n`,
  ];
  return plain(parts.join(''));
}

function aboutOf(model: WorkloadModel): (readonly [string, string])[] {
  const { kinds, roles, processes, spanNs, events, leftOut } = model;
  const files = kinds.reduce((sum, { members }) => sum + members.reduce((n, { count }) => n + count, 0), 0);
  const steps = roles.reduce((sum, { chain }) => sum + chain.length, 0);
  const left = Object.entries(leftOut).map(([op, n]) => `${op} ${formatCount(n)}`);
  return [
    ['files', `${formatCount(files)} of ${plural(kinds.length, 'kind')}`],
    [
      'processes',
      `${formatCount(processes.reduce((sum, { count }) => sum + count, 0))} with ${plural(roles.length, 'role')} of ${plural(steps, 'step')}`,
    ],
    ['makes', `about ${formatCount(events)} events in ${formatNs(spanNs)}`],
    [
      'distributions',
      Object.entries(distributionsOf(model))
        .map(([is, n]) => `${formatCount(n)} ${is}`)
        .join(', '),
    ],
    ['left out', left.length === 0 ? 'nothing' : left.join(', ')],
  ];
}

/** A verdict that neither has is not worth a line. */
function pairRows({ policy, recorded, made, differ }: PolicyPair): string[][] {
  const seen = Object.keys(recorded.shares).filter(
    (verdict) => recorded.shares[verdict]!.count + made.shares[verdict]!.count > 0,
  );
  if (seen.length === 0) return [[policy, 'all proceed', '', '', '']];
  return seen.map((verdict) => [
    policy,
    verdict,
    shareText(recorded.shares[verdict]!),
    shareText(made.shares[verdict]!),
    differ.includes(verdict) ? 'apart' : '',
  ]);
}

const shareText = ({ share, low, high }: Share): string =>
  `${formatShare(share)} (${formatShare(low)} to ${formatShare(high)})`;

const summaryOf = ({ near, pairs }: Pick<Answer, 'near' | 'pairs'>): string => {
  const close = near.distances.filter((one) => one.near).length;
  const agree = pairs.reduce((sum, pair) => sum + pair.agree.length, 0);
  const all = pairs.reduce((sum, pair) => sum + pair.agree.length + pair.differ.length, 0);
  return `${formatCount(close)} of ${plural(near.distances.length, 'distance')} within their bounds; ${formatCount(agree)} of ${plural(all, 'share')} of verdicts agree`;
};

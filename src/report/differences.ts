// Every conflict and stale access of a run with the answer of each policy: what two policies are held against each other by.
import type { Hazard, Run } from '../results/types.js';
import { type Answer, type Change, changeOf } from './answers.js';
import { type ConflictGroup, conflictGroups, conflictId, MOST_CARDS } from './conflict-groups.js';
import { baselineOf, hazardWords, words } from './lanes.js';

export interface DiffRow {
  /** Id of the card, empty where there is none. */
  readonly id: string;
  readonly what: string;
  readonly file: string;
  readonly wanter: string;
  readonly holder: string;
  /** By policy; null: that lane did not decide the operation. */
  readonly answers: Readonly<Record<string, Answer | null>>;
}

export const diffRows = (run: Run): readonly DiffRow[] => {
  const policies = run.report.lanes.map(({ policy }) => policy);
  return [
    ...conflictGroups(run).map((group, i): DiffRow => {
      const { lead } = group;
      return {
        id: i < MOST_CARDS ? conflictId(lead.signature) : '',
        what: words(lead.operationCase || lead.op),
        file: lead.file,
        wanter: lead.wanter,
        holder: lead.hold === '' ? '' : lead.holder,
        answers: Object.fromEntries(policies.map((policy) => [policy, answerOf(group, policy)])),
      };
    }),
    ...staleRows(run, policies),
  ];
};

/** From the policy's own conflict, else from what the leading one says about it. */
export const answerOf = ({ lead, byPolicy }: ConflictGroup, policy: string): Answer | null => {
  const own = byPolicy.get(policy);
  if (own !== undefined) return { verdict: own.verdict, errno: own.errno, count: own.count, waitNs: own.totalWaitNs };
  const [verdict = '', ...errno] = (lead.elsewhere[policy] ?? '').split(/[\s:(]+/);
  if (verdict === '' || verdict === 'none') return null;
  return { verdict, errno: errno.join(' ').replace(/\)$/, ''), count: 0, waitNs: 0 };
};

/** Stale accesses of one device to one file, of one class. */
const staleRows = (run: Run, policies: readonly string[]): readonly DiffRow[] => {
  const groups = new Map<string, { hazard: Hazard; counts: Map<string, number> }>();
  for (const hazard of run.details.flatMap(({ hazards }) => hazards)) {
    const key = JSON.stringify([hazard.op, hazard.hazardClass, hazard.file, hazard.device]);
    const group = groups.get(key) ?? { hazard, counts: new Map<string, number>() };
    group.counts.set(hazard.policy, (group.counts.get(hazard.policy) ?? 0) + 1);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ hazard, counts }) => ({
    id: 'hazards',
    what: hazardWords(hazard),
    file: hazard.file,
    wanter: hazard.device,
    holder: '',
    answers: Object.fromEntries(
      policies.map((policy) => {
        const count = counts.get(policy) ?? 0;
        return [
          policy,
          {
            verdict: count > 0 ? (hazard.hazardClass === 'incoherent' ? 'incoherent' : 'stale') : 'ok',
            errno: '',
            count,
            waitNs: 0,
          },
        ];
      }),
    ),
  }));
};

export type Pair = readonly [string, string];

/** The baseline and the policy that differs from it on most. */
export const pairOf = (run: Run, rows: readonly DiffRow[]): Pair | null => {
  const base = baselineOf(run);
  const others = run.report.lanes.filter(({ policy }) => policy !== base?.policy);
  if (base === null || others.length === 0) return null;
  const weight = (policy: string): number =>
    rows.filter((row) => changeIn(row, [base.policy, policy]) !== 'same').length;
  const ranked = [...others].sort((a, b) => weight(b.policy) - weight(a.policy));
  return [base.policy, ranked[0]!.policy];
};

export const changeIn = ({ answers }: DiffRow, [a, b]: Pair): Change =>
  changeOf(answers[a] ?? null, answers[b] ?? null);

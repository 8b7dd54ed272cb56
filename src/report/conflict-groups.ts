// Conflicts of all lanes about the same thing (same operation, file, actors) belong on one card.
import type { Conflict, Run } from '../results/types.js';
import { sum } from './lanes.js';

export interface ConflictGroup {
  /** The conflict that tells the story: the strongest verdict, then the largest count. */
  readonly lead: Conflict;
  /** At most one per policy, in the order of the lanes. */
  readonly byPolicy: ReadonlyMap<string, Conflict>;
  readonly all: readonly Conflict[];
}

/** Groups that get a card of their own. */
export const MOST_CARDS = 40;

const STRENGTH: Readonly<Record<Conflict['verdict'], number>> = {
  deny: 5,
  wait: 4,
  recall: 3,
  revoke: 2,
  commit: 1,
  proceed: 0,
};

export const conflictGroups = (run: Run): readonly ConflictGroup[] => {
  const groups = new Map<string, Conflict[]>();
  for (const detail of run.details) {
    for (const conflict of detail.conflicts) {
      const key = JSON.stringify([
        conflict.op,
        conflict.operationCase,
        conflict.file,
        conflict.wanter,
        conflict.holder,
      ]);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [conflict]);
      else group.push(conflict);
    }
  }
  return folded([...groups.values()])
    .map(toGroup)
    .sort(byWeight);
};

/** A lane that names no holder (`recorded` knows of none) met the same operation as one that does: one card, not two. */
const folded = (groups: readonly Conflict[][]): readonly Conflict[][] => {
  const named = new Map<string, Conflict[]>();
  for (const group of groups)
    for (const conflict of group) if (conflict.hold !== '') named.set(sameCall(conflict), group);
  return groups.filter((group) => {
    const home = group.every(({ hold }) => hold === '') ? named.get(sameCall(group[0]!)) : undefined;
    home?.push(...group);
    return home === undefined;
  });
};

const sameCall = ({ op, operationCase, file, wanter }: Conflict): string =>
  JSON.stringify([op, operationCase, file, wanter]);

const toGroup = (all: readonly Conflict[]): ConflictGroup => {
  const ranked = [...all].sort((a, b) => STRENGTH[b.verdict] - STRENGTH[a.verdict] || b.count - a.count);
  const byPolicy = new Map<string, Conflict>();
  for (const conflict of ranked) if (!byPolicy.has(conflict.policy)) byPolicy.set(conflict.policy, conflict);
  return { lead: ranked[0]!, byPolicy, all };
};

const byWeight = (a: ConflictGroup, b: ConflictGroup): number =>
  STRENGTH[b.lead.verdict] - STRENGTH[a.lead.verdict] ||
  sum(b.all.map(({ count }) => count)) - sum(a.all.map(({ count }) => count)) ||
  a.lead.atNs - b.lead.atNs;

/** A stable id for a link: FNV-1a, 2 x 32 bits, of the signature. */
export const conflictId = (signature: string): string =>
  `conflict=${fnv(signature, 0x811c9dc5)}${fnv(signature, 0x01000193)}`;

const fnv = (text: string, seed: number): string => {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
};

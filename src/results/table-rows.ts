// A policy's decision table as it is printed: in reports and by `sealtrace list policies`.
import { CASES, type Cell, ownHolds, type Policy } from '../model/policy.js';
import type { TableRow } from './types.js';

/** The printed table: each case with nobody holding, with the policy's own hold alive, and for who has that hold. */
export function tableRows(policy: Policy): TableRow[] {
  if (policy.recorded === true) return [];
  return CASES.map((operationCase) => {
    const unheld: Cell = policy.unheld?.[operationCase] ?? 'ok';
    const hold = ownHolds(policy)[0];
    const held = hold === undefined ? unheld : (policy.held[hold]?.[operationCase] ?? 'ok');
    const own = hold === undefined ? held : (policy.holder?.[hold]?.[operationCase] ?? held);
    return { policy: policy.name, operationCase, unheld, held, own };
  });
}

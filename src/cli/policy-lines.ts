// A policy in a few lines for `sealtrace list policies`: its table by cell, how it seals, what stands in the way, what breaks it.
import { ownHolds, type Policy } from '../model/policy.js';
import { formatNs } from '../report/format.js';
import { tableRows } from '../results/table-rows.js';
import type { TableRow } from '../results/types.js';

/** Stands for what needs no line. */
const SAME = '';

type Column = (row: TableRow) => string;

export function policyLines(policy: Policy): readonly string[] {
  const rows = tableRows(policy);
  const held = ownHolds(policy);
  const bare: Column = (row) => row.unheld;
  const others: Column = (row) => row.held;
  const own: Column = (row) => (row.own === row.held ? SAME : (row.own ?? SAME));
  return [
    ...cells(held.length === 0 ? 'always' : 'nobody holds the file', rows, bare),
    ...(held.length === 0 ? [] : cells(`${held.join(' or ')} held`, rows, others)),
    ...cells('the holder itself', rows, own, SAME),
    ...sealLines(policy),
  ];
}

/** One line for each cell that says something, with the operation cases it is given to. */
function cells(when: string, rows: readonly TableRow[], column: Column, plain = 'ok'): string[] {
  const kinds = [...new Set(rows.map(column))].filter((kind) => kind !== plain);
  return kinds.map((kind) => {
    const names = rows.filter((row) => column(row) === kind).map((row) => row.operationCase);
    return `${when}: ${kind} ${names.join(' ')}`;
  });
}

function sealLines({ seal, breaks }: Policy): string[] {
  if (seal === null) return [];
  const outlives = seal.outlives.length === 0 ? '' : `, outlives ${seal.outlives.join(', ')}`;
  const pins = seal.untilLastPin === true ? ', not before the last pin' : '';
  const refusals = seal.refusals.map(({ when, errno }) => `${errno} ${when.replaceAll('_', ' ')}`);
  return [
    `seals with: ${seal.hold}, taken by the ${seal.taken}${outlives}${pins}`,
    ...(refusals.length === 0 ? [] : [`cannot be sealed: ${refusals.join(', ')}`]),
    ...(breaks === undefined ? [] : [`broken after: ${limitText(breaks.limitNs)}; told: ${breaks.notify}`]),
  ];
}

const limitText = (ns: number): string => (Number.isFinite(ns) ? formatNs(ns) : 'never');

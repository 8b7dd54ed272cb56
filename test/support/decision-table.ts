// The decision table of seal-semantics section 3, read naively from a copy of its rows, and how each policy reads it.
import { readFileSync } from 'node:fs';
import { CASES, type CaseName, type HoldName, type Verdict } from '../../src/model/policy.js';

export interface Outcome {
  readonly verdict: keyof typeof Verdict;
  readonly errno: number;
}

/** Row labels in table order, so that a row that moved or was reworded is noticed. */
export const ROWS: Readonly<Record<CaseName, string>> = {
  read: 'read',
  write_written: 'write, written block, inside EOF',
  write_unwritten: 'write, unwritten block',
  write_hole: 'write, hole',
  write_shared: 'write, shared block',
  write_past_eof: 'write past EOF (even partly)',
  read_fault: 'read fault, any block',
  write_fault_written: 'write fault, written',
  write_fault_unwritten: 'write fault, unwritten',
  write_fault_hole: 'write fault, hole',
  write_fault_shared: 'write fault, shared',
  truncate_down: 'truncate down, open O_TRUNC',
  truncate_up: 'truncate up',
  truncate_same: 'truncate to same size',
  fallocate: 'fallocate allocate / keep-size',
  fallocate_move: 'fallocate punch/zero/collapse/insert',
  unshare: 'fallocate unshare (XFS)',
  reflink_source: 'reflink source',
  reflink_target: 'reflink target, dedupe target',
  exchange: 'exchange range (after 2017)',
  swapext: 'old XFS swap-extents ioctl (defrag)',
  unlink: 'unlink, rename over it',
  rename: 'rename it',
  attributes: 'chmod, chown, utimes, link, fsync, open for write',
  map_writable: 'new shared writable mmap',
  pin_short: 'short pin (direct I/O on the mapping)',
  pin_long: 'long-term writable pin by holder',
  umount: 'umount',
};

/** What each code means, said once more by hand: numbers of asm-generic/errno.h, 1000 for SIGBUS. */
export const CODES: Readonly<Record<string, Outcome>> = {
  ok: { verdict: 'proceed', errno: 0 },
  '-': { verdict: 'proceed', errno: 0 },
  H: { verdict: 'proceed', errno: 0 },
  C: { verdict: 'commit', errno: 0 },
  'C?': { verdict: 'commitIfDirty', errno: 0 },
  I: { verdict: 'revoke', errno: 0 },
  B: { verdict: 'recall', errno: 0 },
  W: { verdict: 'wait', errno: 0 },
  TXT: { verdict: 'deny', errno: 26 },
  PRM: { verdict: 'deny', errno: 1 },
  INV: { verdict: 'deny', errno: 22 },
  FLT: { verdict: 'deny', errno: 14 },
  NSUP: { verdict: 'deny', errno: 95 },
  FBG: { verdict: 'deny', errno: 27 },
  BUS: { verdict: 'deny', errno: 1000 },
  busy: { verdict: 'deny', errno: 16 },
};
export const OK = CODES.ok!;

/** Which column a policy implements, which holds are its own, and which rows bind with nobody holding anything. */
export interface Reading {
  readonly policy: string;
  readonly column: string;
  readonly holds: readonly HoldName[];
  readonly unheld: readonly CaseName[];
}
const FAULTS: readonly CaseName[] = [
  'write_fault_written',
  'write_fault_unwritten',
  'write_fault_hole',
  'write_fault_shared',
];
export const READINGS: readonly Reading[] = [
  { policy: 'pagecache', column: 'PC', holds: [], unheld: CASES },
  { policy: 'dax', column: 'DX', holds: ['pin'], unheld: ['pin_long'] },
  { policy: 'mapsync-pin', column: 'PI', holds: ['pin', 'registration'], unheld: FAULTS },
  { policy: 'ondisk', column: 'OD', holds: ['seal'], unheld: [] },
  { policy: 'mapdirect', column: 'MD', holds: ['mapping'], unheld: [] },
  { policy: 'mapdirect-lease', column: 'ML', holds: ['lease'], unheld: [] },
  { policy: 'odp', column: 'OP', holds: ['registration', 'translation'], unheld: [] },
];

/** Cells whose printed text is not their meaning. `cell` guards the text, `code` is what it stands for. */
export const EXCEPTIONS: readonly { column: string; cell: string; code: string; note: string; why: string }[] = [
  { column: 'DX', cell: 'ok(8)', code: 'W', note: '8', why: 'waits while short pins exist; ok without (era=modern)' },
  { column: 'DX', cell: '(16)', code: 'NSUP', note: '16', why: 'modern kernels refuse, held or not' },
  { column: 'PC', cell: 'busy if open/mapped', code: 'ok', note: '-', why: 'an open file is no hold of the table' },
  { column: 'DX', cell: '=', code: 'ok', note: '-', why: 'as PC' },
  {
    column: 'PI',
    cell: '=(13)',
    code: 'ok',
    note: '13',
    why: 'as PC: up to Linux 6.14 the blocks are freed under the pin',
  },
];

export const text = readFileSync(new URL('../contract/decision-table.txt', import.meta.url), 'utf8');
const [first, , ...rest] = text
  .trim()
  .split('\n')
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
export const head: readonly string[] = first!;
export const body: readonly (readonly string[])[] = rest;

/** The cell of a column with its emphasis, notes in parentheses and evidence marks taken off. */
export function code(column: string, name: CaseName): string {
  const cell = body[CASES.indexOf(name)]![head.indexOf(column)]!.replaceAll('*', '');
  const exception = EXCEPTIONS.find((one) => one.column === column && one.cell === cell);
  return exception?.code ?? cell.replace(/,.*$/, '').replace(/\([\d,]+\)|\[i\]/g, '');
}

export function outcome(column: string, name: CaseName): Outcome {
  const found = CODES[code(column, name)];
  if (found === undefined) throw new Error(`${column}, ${name}: what does "${code(column, name)}" mean?`);
  return found;
}

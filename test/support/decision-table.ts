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
  EIO: { verdict: 'deny', errno: 5 },
  DLK: { verdict: 'deny', errno: 35 },
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
const UNSUPPORTED: readonly CaseName[] = [
  'unshare',
  'reflink_source',
  'reflink_target',
  'exchange',
  'swapext',
  'pin_long',
];
export const READINGS: readonly Reading[] = [
  { policy: 'pagecache', column: 'PC', holds: [], unheld: CASES },
  { policy: 'dax', column: 'DX', holds: ['pin'], unheld: ['pin_long'] },
  { policy: 'mapsync', column: 'SY', holds: ['pin'], unheld: [...FAULTS, 'pin_long'] },
  { policy: 'mapsync-pin', column: 'PI', holds: ['pin', 'registration'], unheld: FAULTS },
  { policy: 'ondisk', column: 'OD', holds: ['seal'], unheld: [] },
  { policy: 'mapdirect', column: 'MD', holds: ['mapping'], unheld: [] },
  { policy: 'mapdirect-lease', column: 'ML', holds: ['lease'], unheld: [] },
  { policy: 'pnfs-layout', column: 'NF', holds: ['layout'], unheld: [] },
  { policy: 'layout-user', column: 'LU', holds: ['lease'], unheld: ['pin_long'] },
  { policy: 'odp', column: 'OP', holds: ['registration', 'translation'], unheld: [] },
  { policy: 'swap', column: 'SW', holds: ['swap'], unheld: [] },
  { policy: 'longterm-refused', column: 'LT', holds: ['pin'], unheld: ['pin_long'] },
  { policy: 'static-map', column: 'ST', holds: ['translation', 'registration', 'pin'], unheld: [] },
  { policy: 'virtiofs-dax', column: 'VF', holds: ['pin'], unheld: UNSUPPORTED },
  { policy: 'famfs', column: 'FA', holds: [], unheld: CASES },
];

/** Rows whose first word says who acts: "by holder". */
const BY_HOLDER: readonly CaseName[] = ['pin_long'];

/** Cells whose printed text is not their meaning. `cell` guards the text, `code` is what it stands for. */
export const EXCEPTIONS: readonly { column: string; cell: string; code: string; note: string; why: string }[] = [
  ...['DX', 'SY', 'LT', 'VF'].map((column) => ({
    column,
    cell: 'ok(8)',
    code: 'W',
    note: '8',
    why: 'waits while short pins exist; ok without (era=modern)',
  })),
  {
    column: 'VF',
    cell: 'ok(8,18)',
    code: 'W',
    note: '8',
    why: 'as ok(8); what note 18 says more has a test of its own',
  },
  ...['DX', 'SY'].map((column) => ({
    column,
    cell: '(16)',
    code: 'NSUP',
    note: '16',
    why: 'modern kernels refuse, held or not',
  })),
  { column: 'PC', cell: 'busy if open/mapped', code: 'ok', note: '-', why: 'an open file is no hold of the table' },
  ...['DX', 'SY', 'LT'].map((column) => ({ column, cell: '=', code: 'ok', note: '-', why: 'as PC' })),
  {
    column: 'PI',
    cell: '=(13)',
    code: 'ok',
    note: '13',
    why: 'as PC: up to Linux 6.14 the blocks are freed under the pin',
  },
];

/**
 * The last paragraph of section 3: the holder gets the same cells, except for these. A swap file's own I/O goes straight to
 * blocks: the kernel's, no operation of the table.
 */
const HOLDER_EXCEPTIONS: Readonly<Record<string, (cell: string, name: CaseName) => string>> = {
  LU: (cell) => (cell === 'TXT' ? 'DLK' : cell),
  NF: (cell, name) => (name.startsWith('write_') && cell === 'B' ? 'ok' : cell),
};
/** Rows that bind everybody with nobody holding anything, but not who has the hold of the policy itself (note 17). */
export const GRANTED: Readonly<Record<string, readonly CaseName[]>> = { LU: BY_HOLDER };
/** Note 9: what a resized famfs file answers, which carries the hold `seal` as a mark. */
export const SPOILED = { policy: 'famfs', hold: 'seal', outcome: spoiled } as const;
function spoiled(name: CaseName): Outcome {
  if (/^(read|write)_fault/.test(name)) return CODES.BUS!;
  return /^(read|write|pin_short)/.test(name) ? CODES.EIO! : OK;
}
/** Note 17: the pin of somebody else than the holder of the lease. */
const OTHERS_EXCEPTIONS: Readonly<Record<string, (cell: string, name: CaseName) => string>> = {
  LU: (cell, name) => (BY_HOLDER.includes(name) ? 'PRM' : cell),
};

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

export type Actor = 'other' | 'holder';

/** The code of a cell for an actor. */
export function codeFor(column: string, name: CaseName, actor: Actor): string {
  const cell = code(column, name);
  const exception = (actor === 'holder' ? HOLDER_EXCEPTIONS : OTHERS_EXCEPTIONS)[column];
  return exception === undefined ? cell : exception(cell, name);
}

/** What a cell means, for another process unless said otherwise. */
export function outcome(column: string, name: CaseName, actor: Actor = 'other'): Outcome {
  const found = CODES[codeFor(column, name, actor)];
  if (found === undefined) throw new Error(`${column}, ${name}: what does "${code(column, name)}" mean?`);
  return found;
}

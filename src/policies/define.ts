// Checks a policy's spec and folds it into the four byte tables a lane reads: verdict and errno, for another process and
// for the holder, indexed `case * MASKS + holdMask`. Meaning of the cells: decision table, seal-semantics section 3.
import { FLAGS, Flag, OP_COUNT, OPS, Op } from '../model/events.js';
import {
  CASE_COUNT,
  CASES,
  Case,
  type CaseName,
  CELL_MEANING,
  CELLS,
  type Cell,
  type Cells,
  ERRNO,
  HOLDS,
  Hold,
  type HoldName,
  MASKS,
  type Policy,
  type PolicySpec,
  type SealRefusal,
  type Settings,
  Verdict,
} from '../model/policy.js';
import { behaviourOf } from './choices.js';
import { setting } from './switches.js';

/** A whole column of the decision table: no row can be forgotten. */
export type Column = Readonly<Record<CaseName, Cell>>;

/**
 * What the kernel itself refuses on an active swap file, whatever the policy (swapon(2); IS_SWAPFILE in the VFS).
 * Growing by truncate is not refused; swapped pages go straight to the blocks and are no operation on the file.
 */
export const swapHeld: Column = {
  read: 'ok',
  write_written: 'TXT',
  write_unwritten: 'TXT',
  write_hole: 'TXT',
  write_shared: 'TXT',
  write_past_eof: 'TXT',
  read_fault: 'ok',
  write_fault_written: 'BUS',
  write_fault_unwritten: 'BUS',
  write_fault_hole: 'BUS',
  write_fault_shared: 'BUS',
  truncate_down: 'TXT',
  truncate_up: 'ok',
  truncate_same: 'TXT',
  fallocate: 'TXT',
  fallocate_move: 'TXT',
  unshare: 'TXT',
  reflink_source: 'TXT',
  reflink_target: 'TXT',
  exchange: 'TXT',
  swapext: 'INV',
  unlink: 'PRM',
  rename: 'PRM',
  attributes: 'ok',
  map_writable: 'TXT',
  pin_short: 'TXT',
  pin_long: 'FLT',
  umount: 'BSY',
};

/** The refusal of a caller without the capability, where the settings say that it has none. */
export const unprivileged = (settings: Settings, errno: SealRefusal['errno']): readonly SealRefusal[] =>
  setting(settings, 'privileged') === 'yes' ? [] : [{ when: 'unprivileged', errno }];

/**
 * The policy of a spec. The strongest verdict of `unheld` and of all live holds wins. Between equally strong ones the swap
 * rule decides, because the VFS looks at it before the file system does; then the holds in bit order; then `unheld`.
 */
export function definePolicy(spec: PolicySpec): Policy {
  validate(spec);
  const { unheld = {}, holder: own = {} } = spec;
  const other = fold(unheld, (hold) => spec.held[hold], {});
  const holder = fold(unheld, (hold) => ({ ...spec.held[hold], ...own[hold] }), own);
  const behaviour = spec.behaviour ?? behaviourOf({});
  const pagedMask = maskOf(spec.devicePages === true ? ['ondemand', 'registration', 'translation'] : ['ondemand']);
  return {
    ...spec,
    behaviour,
    pagedMask,
    rangedMask: behaviour.zapScope === 'range' ? pagedMask : 0,
    holderMask: maskOf(Object.keys(own) as HoldName[]),
    requestMask: maskOf(['swap', ...(spec.requests ?? [])]),
    exitMask: MASKS - 1 - maskOf(['seal', 'swap', ...(spec.outliveExit ?? [])]),
    ...insteadOf(spec),
    verdictOther: other.verdict,
    errnoOther: other.errno,
    verdictHolder: holder.verdict,
    errnoHolder: holder.errno,
  };
}

/** Rank of each verdict code: deny > wait > recall > revoke > commit > commitIfDirty > proceed. */
const STRENGTH: Readonly<Record<number, number>> = {
  [Verdict.proceed]: 0,
  [Verdict.commitIfDirty]: 1,
  [Verdict.commit]: 2,
  [Verdict.revoke]: 3,
  [Verdict.recall]: 4,
  [Verdict.wait]: 5,
  [Verdict.deny]: 6,
};

/** Holds in the order in which equally strong verdicts are settled. */
const PRECEDENCE: readonly HoldName[] = ['swap', ...HOLDS.filter((hold) => hold !== 'swap')];

const maskOf = (holds: readonly HoldName[]): number => holds.reduce((mask, hold) => mask | (1 << Hold[hold]), 0);

function insteadOf(spec: PolicySpec): Pick<Policy, 'insteadCase' | 'insteadFlags'> {
  const insteadCase = new Int8Array(OP_COUNT).fill(-1);
  const insteadFlags = new Float64Array(OP_COUNT);
  for (const { op, flag, as } of spec.instead ?? []) {
    insteadCase[Op[op]] = Case[as];
    insteadFlags[Op[op]] = flag === undefined ? 0 : Flag[flag];
  }
  return { insteadCase, insteadFlags };
}

/** `granted`: cells that take the place of the unheld ones for who has that hold. */
function fold(unheld: Cells, held: (hold: HoldName) => Cells | undefined, granted: NonNullable<PolicySpec['holder']>) {
  const verdict = new Uint8Array(CASE_COUNT * MASKS);
  const errno = new Uint16Array(CASE_COUNT * MASKS);
  const layers = PRECEDENCE.map((hold) => ({ bit: 1 << Hold[hold], cells: held(hold) ?? {}, unheld: false }));
  layers.push({ bit: 0, cells: unheld, unheld: true });
  for (const { bit, cells, unheld: bare } of layers) {
    for (const [code, name] of CASES.entries()) {
      const cell = CELL_MEANING[cells[name] ?? 'ok'];
      const strength = STRENGTH[cell.verdict]!;
      // Weaker than anything: most cells.
      if (strength <= STRENGTH[Verdict.proceed]!) continue;
      const unless = bare ? maskOf(HOLDS.filter((hold) => granted[hold]?.[name] !== undefined)) : 0;
      for (let at = code * MASKS; at < (code + 1) * MASKS; at++) {
        if ((at & bit) !== bit || (at & unless) !== 0 || strength <= STRENGTH[verdict[at]!]!) continue;
        verdict[at] = cell.verdict;
        errno[at] = cell.errno;
      }
    }
  }
  return { verdict, errno };
}

function validate(spec: PolicySpec): void {
  const fail = (text: string): never => {
    throw new Error(`policy "${spec.name}": ${text}`);
  };
  if (!/^[a-z][a-z0-9-]*$/.test(spec.name)) fail('the name must be lower case letters, digits and dashes');
  if (spec.title === '') fail('has no title');
  if (spec.cites.length === 0) fail('cites no source');
  if (spec.reach !== 'file' && spec.reach !== 'range') fail(`unknown reach "${spec.reach}"`);
  if (spec.seal !== null && !HOLDS.includes(spec.seal.hold)) fail(`seals with unknown hold "${spec.seal.hold}"`);
  if (spec.breaks !== undefined && !(spec.breaks.limitNs >= 0)) fail(`break limit ${spec.breaks.limitNs} is no time`);
  if (spec.breaks !== undefined && !((spec.breaks.pollNs ?? 1) > 0)) fail(`poll ${spec.breaks.pollNs} is no time`);

  for (const hold of [...(spec.requests ?? []), ...(spec.outliveExit ?? [])])
    if (spec.held[hold] === undefined) fail(`takes hold "${hold}", for which it has no cells`);
  for (const { op, flag, as } of spec.instead ?? []) {
    if (!OPS.includes(op)) fail(`treats unknown operation "${op}" as ${as}`);
    if (flag !== undefined && !FLAGS.includes(flag)) fail(`treats ${op} with unknown flag "${flag}" as ${as}`);
    if (!CASES.includes(as)) fail(`treats ${op} as unknown case "${as}"`);
  }

  const parts: [string, Cells][] = [['unheld', spec.unheld ?? {}]];
  for (const [actor, table] of Object.entries({ held: spec.held, holder: spec.holder ?? {} })) {
    for (const [hold, cells] of Object.entries(table)) {
      if (!(HOLDS as readonly string[]).includes(hold)) fail(`unknown hold "${hold}" in ${actor}`);
      parts.push([`${actor}.${hold}`, cells]);
    }
  }
  for (const [where, cells] of parts) validateCells(spec, where, cells, fail);
}

function validateCells(spec: PolicySpec, where: string, cells: Cells, fail: (text: string) => never): void {
  for (const [name, cell] of Object.entries(cells)) {
    if (!(CASES as readonly string[]).includes(name)) fail(`unknown case "${name}" in ${where}`);
    if (!CELLS.includes(cell)) fail(`unknown cell "${cell}" for ${name} in ${where}`);
    const { verdict, errno } = CELL_MEANING[cell];
    if ((verdict === Verdict.deny) !== (errno !== 0))
      fail(`cell "${cell}": a refusal, and only a refusal, has an errno`);
    if (errno !== 0 && !Object.values(ERRNO).includes(errno)) fail(`cell "${cell}": unknown errno ${errno}`);
    if (verdict === Verdict.recall && spec.breaks === undefined)
      fail(`recalls ${name} in ${where} but has no break rule`);
  }
}

// The short way of most operations: nobody stands in their way, they go ahead at once, and only the map of their file and the
// counters change. Whatever is not that simple is left to `Operations`, which would give the same for these.
import { Holding } from '../extents/extent-map.js';
import type { EventColumns } from '../model/events.js';
import { OP_COUNT, OPS, Op, opSet } from '../model/events.js';
import { CASE_COUNT, CASES, Hold, MASKS, type Policy, Verdict } from '../model/policy.js';
import { FREES } from './cases.js';
import { isFault } from './decision.js';
import type { Hazards } from './hazards.js';
import type { HoldTable } from './holds.js';
import type { LaneParts } from './parts.js';

const KEEPS_MAP = opSet(['read', 'read_fault', 'setattr', 'fsync', 'msync']);
const WRITES = opSet(['write', 'write_fault']);
const FAULT_CASES = CASES.flatMap((name, code) => (/_fault/.test(name) ? [code] : []));
const SIZE = CASE_COUNT * MASKS;

export class Plain {
  private readonly parts: LaneParts;
  private readonly holds: HoldTable;
  private readonly hazards: Hazards;
  private readonly c: EventColumns;
  /** By policy, case and mask of the holds on the file: 1 where the operation goes ahead, whoever holds what. */
  private readonly ahead: Uint8Array;
  /** By policy and op: 1 where the op is always the case that it is named after. */
  private readonly asNamed: Uint8Array;

  /** `kernel`: the policy the trace was recorded under. */
  constructor(parts: LaneParts, holds: HoldTable, hazards: Hazards, kernel: Policy) {
    const { policies } = parts;
    this.parts = parts;
    this.holds = holds;
    this.hazards = hazards;
    this.c = parts.columns;
    this.ahead = new Uint8Array(policies.all.length * SIZE);
    this.asNamed = new Uint8Array(policies.all.length * OP_COUNT);
    policies.all.forEach((policy, i) => {
      this.ahead.set(policies.recorded ? agreed(kernel) : ahead(policy), i * SIZE);
      this.asNamed.set(
        OPS.map((_, op) => (policy.insteadCase[op]! < 0 ? 1 : 0)),
        i * OP_COUNT,
      );
    });
  }

  /** hot: carries the operation of a row out; false, and nothing has happened, when it is not as simple as that. */
  run(row: number, nowNs: number): boolean {
    const { c, parts } = this;
    const { decider, plan, waits, claims, sizes, devices, ledger } = parts;
    if (plan.plain[row] === 0) return false;
    const op = c.op[row]!;
    const file = c.file[row]!;
    const policy = parts.policies.indexOf(file);
    if (this.asNamed[policy * OP_COUNT + op] === 0) return false;
    if (waits.any && (waits.retrying > 0 || waits.on(file).length > 0)) return false;
    const fault = isFault(op);
    if (fault && (claims.zapped.any || sizes.pastEnd(file, c.offset[row]!))) return false;
    const { fidelity, uncertain } = decider;
    if (fidelity?.leases.any === true) return false;
    if (fidelity !== null && fault && sizes.undecided(file, c.offset[row]!, nowNs)) return false;
    const operationCase = decider.caseAt(row, op, file);
    const held = decider.held;
    if (operationCase >= 0) {
      const goes = this.ahead[policy * SIZE + operationCase * MASKS + this.holds.mask[file]!] === 1;
      if (!goes || (FREES[operationCase] === 1 && devices.atWork(file))) {
        decider.uncertain = uncertain;
        return false;
      }
    }
    if (fidelity !== null) {
      // The prediction looks at the map once more, and counts what it does not know.
      decider.uncertain += decider.uncertain - uncertain;
      fidelity.compare(0, row, op, c.result[row]!, false, false);
    }
    parts.fates.opOf[c.opId[row]!] = op;
    ledger.count(row, op, Verdict.proceed, 0);
    if (plan.observed[file] === 1) sizes.later(row, op, file, nowNs);
    else this.model(row, op, file, held, nowNs);
    const recordedNs = c.latencyNs[row]!;
    if (recordedNs >= 0) ledger.time(op, nowNs, recordedNs, true);
    else {
      const { fixedNs, nsPerByte } = parts.prices;
      const bytes = op === Op.truncate ? 0 : Math.max(0, c.length[row]!);
      ledger.time(op, nowNs, fixedNs[op]! + nsPerByte[op]! * bytes, false);
    }
    return true;
  }

  /** What the call does to a map that was not recorded. */
  private model(row: number, op: number, file: number, held: number, nowNs: number): void {
    const { c } = this;
    const { files } = this.parts;
    const inPlace = KEEPS_MAP[op] === 1 || (held === Holding.written && WRITES[op] === 1);
    if (!inPlace || c.addr[row]! >= 0) this.parts.applyModel(row, nowNs, false, held);
    else {
      this.hazards.changedNs[file] = nowNs;
      const end = c.offset[row]! + c.length[row]!;
      if (op === Op.write && files.size[file]! < end) files.size[file] = end;
    }
    if (op === Op.fsync || op === Op.msync) files.commit(file);
  }
}

/** What goes ahead under a policy whoever asks: neither the range nor the process decides, and nothing follows from it. */
function ahead(policy: Policy): Uint8Array {
  const { reach, holderMask, verdictOther, seal, spoils } = policy;
  const ownBlocks = seal?.faultsNeedOwnBlocks === true ? 1 << Hold[seal.hold] : 0;
  const table = new Uint8Array(SIZE);
  for (let code = 0; code < CASE_COUNT; code++) {
    if (spoils?.cases.includes(CASES[code]!) === true) continue;
    const asks = FAULT_CASES.includes(code) ? holderMask | ownBlocks : holderMask;
    for (let mask = 0; mask < MASKS; mask++)
      if (
        verdictOther[code * MASKS + mask] === Verdict.proceed &&
        (mask & asks) === 0 &&
        (reach === 'file' || mask === 0)
      )
        table[code * MASKS + mask] = 1;
  }
  return table;
}

/** Where the kernel's table predicts success, whoever asks. */
function agreed({ verdictOther, holderMask }: Policy): Uint8Array {
  return Uint8Array.from({ length: SIZE }, (_, at) =>
    verdictOther[at] !== Verdict.deny && ((at % MASKS) & holderMask) === 0 ? 1 : 0,
  );
}

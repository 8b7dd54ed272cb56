// What all lanes of a pass answer to plain operations on a file, as long as nobody's holds on it change: bit sets of the lanes that
// let each case through, whoever asks. Files on which the same kinds of hold are alive in each lane share one regime.

import { ANYWHERE, type Room } from '../base/room.js';
import { OP_COUNT, OPS, Op } from '../model/events.js';
import { CASE_COUNT, CASES, Case, ERRNO, HOLDS, Hold, MASKS, type Policy, Verdict } from '../model/policy.js';
import { CASE_OF } from './cases.js';
import type { HoldTable } from './holds.js';
import type { LanePolicies } from './lane-policies.js';

const FAULT_CASES = CASES.flatMap((name, code) => (/_fault/.test(name) ? [code] : []));
const PLAIN_CASES = CASES.flatMap((name, code) =>
  /^(read|write|truncate|fallocate|attributes)/.test(name) ? [code] : [],
);
const SIZE = CASE_COUNT * MASKS;
const EFBIG = ERRNO.EFBIG!;

/** Ops that are no case of the table are let through: they stand behind the cases. */
export const NO_CASE = CASE_COUNT;
const WORDS = CASE_COUNT + 1;
/** From the lanes that let a case through to those that do so while the file's metadata is durable; that commit it else; that refuse; that commit whatever was changed. */
export const IF_CLEAN = WORDS;
export const COMMIT = 2 * WORDS;
export const REFUSE = 3 * WORDS;
export const COMMIT_ALL = 4 * WORDS;
/** Words of a regime: the cases and what is none, five times; the ops, three times. */
export const OPS_AT = 5 * WORDS;
/** The ops once more: the lanes that let it through as the simplest of its cases; and those that do while metadata is durable. */
export const SIMPLE_AT = OPS_AT + OP_COUNT;
export const SIMPLE_IF_CLEAN = OP_COUNT;
const STRIDE = SIMPLE_AT + 2 * OP_COUNT;
/** By op: its case where the file stays as it is: what is written has its blocks already; NO_CASE where it is none. */
const SIMPLEST = Uint8Array.from(OPS, (_, op) => {
  if (op === Op.write) return Case.write_written;
  if (op === Op.write_fault) return Case.write_fault_written;
  return CASE_OF[op]! >= 0 ? CASE_OF[op]! : NO_CASE;
});
/** Bits of a table: goes ahead; only where nothing has to be committed; commits where something has; is refused; commits in any case. */
const Does = { goes: 1, goesClean: 2, commits: 4, refuses: 8, commitsAll: 16 } as const;

export interface RegimeLane {
  readonly policies: LanePolicies;
  readonly holds: HoldTable;
}

export class Regimes {
  /** By file: where its regime begins in `lets`. */
  readonly of: Int32Array;
  /** By regime and case: the lanes that let it through. By regime and op: those where the op is the case that it is named after. */
  lets: Int32Array<ArrayBuffer>;
  private readonly room: Room;
  private readonly lanes: readonly RegimeLane[];
  /** By file: 1 where somebody maps it with MAP_SYNC at any time. */
  private readonly synced: Uint8Array;
  private readonly kernel: Policy;
  private readonly skips: boolean;
  /** By lane: from what the lanes before have, and what this one has, to a number for both. */
  private readonly known: readonly Map<number, number>[];
  private readonly placeOf = new Map<number, number>();
  private readonly stale: number[] = [];
  /** 0 and 1 are those of no lanes at all. */
  private numbers = 1;
  private count = 0;

  /** `kernel`: the policy the trace was recorded under; `skips`: who is refused gives up. */
  constructor(lanes: readonly RegimeLane[], kernel: Policy, skips: boolean, synced: Uint8Array, room = ANYWHERE) {
    this.room = room;
    this.lets = room.int32(64 * STRIDE);
    this.lanes = lanes;
    this.synced = synced;
    this.kernel = kernel;
    this.skips = skips;
    this.known = lanes.map(() => new Map());
    this.of = room.int32(synced.length);
    for (let file = 0; file < synced.length; file++) this.of[file] = this.find(file);
  }

  static opAt(regime: number, op: number): number {
    return regime + OPS_AT + op;
  }

  static simpleAt(regime: number, op: number): number {
    return regime + SIMPLE_AT + op;
  }

  /** The kinds of hold on a file are others in some lane. */
  changed(file: number): void {
    const { stale } = this;
    // Lanes come one after the other.
    if (stale.length === 0 || stale[stale.length - 1] !== file) stale.push(file);
  }

  /** Between rows. */
  settle(): void {
    const { stale } = this;
    for (let i = 0; i < stale.length; i++) this.of[stale[i]!] = this.find(stale[i]!);
    stale.length = 0;
  }

  get isStale(): boolean {
    return this.stale.length > 0;
  }

  private find(file: number): number {
    const { lanes } = this;
    let number = this.synced[file]!;
    for (let lane = 0; lane < lanes.length; lane++) {
      const { policies, holds } = lanes[lane]!;
      const here = policies.indexOf(file) * MASKS + holds.mask[file]!;
      const key = number * policies.all.length * MASKS + here;
      const found = this.known[lane]!.get(key);
      number = found ?? ++this.numbers;
      if (found === undefined) this.known[lane]!.set(key, number);
    }
    return this.placeOf.get(number) ?? this.add(number, file);
  }

  private add(number: number, file: number): number {
    const at = this.count++ * STRIDE;
    this.placeOf.set(number, at);
    if (at + STRIDE > this.lets.length) {
      const bigger = this.room.int32(2 * this.lets.length);
      bigger.set(this.lets);
      this.lets = bigger;
    }
    this.lanes.forEach(({ policies, holds }, lane) => {
      const policy = policies.indexOf(file);
      const table = this.tableOf(policies.all[policy]!, policies.recorded, this.synced[file] === 1);
      const bit = 1 << lane;
      for (let code = 0; code < CASE_COUNT; code++) this.note(at + code, table[code * MASKS + holds.mask[file]!]!, bit);
      this.lets[at + NO_CASE]! |= bit;
      OPS.forEach((_, op) => {
        if (policies.all[policy]!.insteadCase[op]! < 0) this.lets[at + OPS_AT + op]! |= bit;
      });
    });
    OPS.forEach((_, op) => {
      const asNamed = this.lets[at + OPS_AT + op]!;
      this.lets[at + SIMPLE_AT + op] = asNamed & this.lets[at + SIMPLEST[op]!]!;
      this.lets[at + SIMPLE_AT + SIMPLE_IF_CLEAN + op] = asNamed & this.lets[at + IF_CLEAN + SIMPLEST[op]!]!;
    });
    return at;
  }

  private tableOf(policy: Policy, isRecorded: boolean, isSynced: boolean): Uint8Array {
    const { kernel, skips } = this;
    if (isRecorded) return once(agreements, kernel, agreed);
    return once(known[Number(skips)]![Number(isSynced)]!, policy, (one) => answers(one, skips, isSynced));
  }

  private note(at: number, does: number, bit: number): void {
    if ((does & Does.goes) !== 0) this.lets[at]! |= bit;
    if ((does & Does.goesClean) !== 0) this.lets[at + IF_CLEAN]! |= bit;
    if ((does & Does.commits) !== 0) this.lets[at + COMMIT]! |= bit;
    if ((does & Does.commitsAll) !== 0) this.lets[at + COMMIT_ALL]! |= bit;
    if ((does & Does.refuses) !== 0) this.lets[at + REFUSE]! |= bit;
  }
}

/** Tables of policies, worked out once: they hang on nothing else. */
const agreements = new WeakMap<Policy, Uint8Array>();
const known = [0, 1].map(() => [0, 1].map(() => new WeakMap<Policy, Uint8Array>()));

function once(known: WeakMap<Policy, Uint8Array>, policy: Policy, make: (policy: Policy) => Uint8Array): Uint8Array {
  const table = known.get(policy) ?? make(policy);
  known.set(policy, table);
  return table;
}

/**
 * What a policy answers whoever asks: neither the range nor the process decides, and nothing more follows from it. `skips`: an
 * application that is refused gives up; `isSynced`: processes map the file with MAP_SYNC.
 */
function answers(policy: Policy, skips: boolean, isSynced: boolean): Uint8Array {
  const {
    breaks,
    errnoOther,
    holderMask,
    rangedMask,
    reach,
    seal,
    shortWrites,
    spoils,
    syncMappingsCommit,
    verdictOther,
  } = policy;
  const ownBlocks = seal?.faultsNeedOwnBlocks === true ? 1 << Hold[seal.hold] : 0;
  const table = new Uint8Array(SIZE);
  for (let code = 0; code < CASE_COUNT; code++) {
    if (spoils?.cases.includes(CASES[code]!) === true) continue;
    const fault = FAULT_CASES.includes(code);
    if (
      isSynced &&
      syncMappingsCommit === true &&
      (code === Case.write_fault_hole || code === Case.write_fault_unwritten)
    )
      continue;
    const asks = fault ? holderMask | ownBlocks : holderMask;
    const refuses =
      skips && !(fault && breaks?.faultsBreak === true) && !(code === Case.write_past_eof && shortWrites === 'inside');
    for (let mask = 0; mask < MASKS; mask++) {
      if ((mask & asks) !== 0 || (reach !== 'file' && mask !== 0)) continue;
      const at = code * MASKS + mask;
      // Fewer holds reach into the range than are on the file: what proceeds for all of them does for some, nothing else.
      const ranged = (mask & rangedMask) !== 0;
      if (verdictOther[at] === Verdict.proceed) table[at] = Does.goes;
      else if (verdictOther[at] === Verdict.commitIfDirty)
        table[at] = ranged ? Does.goesClean : Does.goesClean | Does.commits;
      else if (verdictOther[at] === Verdict.commit && !ranged) table[at] = Does.commitsAll;
      else if (
        verdictOther[at] === Verdict.deny &&
        refuses &&
        !ranged &&
        !(errnoOther[at] === EFBIG && shortWrites === 'nothing')
      )
        table[at] = Does.refuses;
    }
  }
  return table;
}

/** Bits of the holds that may stand in the way of a plain operation that is refused: while others come and go, it is refused as before. */
export const refusingKinds = ({ verdictOther }: Policy): number =>
  HOLDS.reduce((kinds, _, kind) => {
    const own = PLAIN_CASES.map((code) => verdictOther[code * MASKS + (1 << kind)]);
    return own.includes(Verdict.deny) || own.includes(Verdict.recall) ? kinds | (1 << kind) : kinds;
  }, 0);

/** Where the kernel's table predicts success, whoever asks. */
function agreed({ verdictOther, holderMask }: Policy): Uint8Array {
  return Uint8Array.from({ length: SIZE }, (_, at) =>
    verdictOther[at] !== Verdict.deny && ((at % MASKS) & holderMask) === 0 ? Does.goes : 0,
  );
}

// What the tables of a policy say of one call in the naive replay, and whose holds stand in its way.
import { CASES, type CaseName, ERRNO, HOLDS, MASKS, type Policy, Verdict } from '../../src/model/policy.js';
import { type Call, caseOf, isBeyond, isFault, partInside, spanOf } from './calls.js';
import type { FileModel } from './disk.js';
import { EVERYTHING, type HoldModel, type Holds, reaches } from './holds.js';
import type { Seals } from './seals.js';

export interface Answer {
  readonly verdict: number;
  readonly errno: number;
}

export interface Attempt {
  readonly call: Call;
  readonly file: FileModel | null;
  readonly other: FileModel | null;
  /** When it began, and when the table was asked: later, where ordinary leases came before that. */
  readonly sinceNs: number;
  readonly atNs: number;
  /** It waits for ordinary leases. */
  leased: boolean;
  verdict: number;
  errno: number;
  /** The table's own answer, before requests, impatience and the end of file change it. */
  wanted: number;
  /** Files whose holds it waits for, or that refuse it. */
  blocked: FileModel[];
  cases: string[];
  /** What is done of a call that is cut short; null: all of it. */
  part: Call | null;
}

/** What the table says of one file; `part`: what is done of the call instead of all of it. */
interface Found extends Answer {
  readonly name: CaseName | null;
  readonly part: Call | null;
}

const SEAL_ERRNOS = [ERRNO.ETXTBSY, ERRNO.EPERM, ERRNO.EBUSY, ERRNO.SIGBUS];

/** A refusal that an application can answer: not of a fault, which kills it, and not for want of patience. */
export const canRetry = ({ call, errno, blocked, cases }: Attempt): boolean =>
  !isFault(call.op) && blocked.length > 0 && cases.length > 0 && SEAL_ERRNOS.includes(errno);

export function deny(attempt: Attempt, errno: number): void {
  attempt.verdict = Verdict.deny;
  attempt.errno = errno;
}

export class Table {
  private readonly policy: Policy;
  private readonly holds: Holds;
  private readonly seals: Seals;

  constructor(policy: Policy, holds: Holds, seals: Seals) {
    this.policy = policy;
    this.holds = holds;
    this.seals = seals;
  }

  /** What the table says of the two files of a call; the stronger one counts, both when they are equal. */
  attempt(call: Call, file: FileModel | null, other: FileModel | null, atNs: number, sinceNs = atNs): Attempt {
    const here = this.tableFor(call, file, false);
    const there = other === null ? null : this.tableFor(call, other, true);
    const second = there !== null && there.verdict > here.verdict;
    const both = there !== null && there.verdict === here.verdict;
    const { verdict, errno } = second ? there : here;
    const blocked = [...(second ? [] : [file]), ...(second || both ? [other] : [])].filter((one) => one !== null);
    const cases = [second ? there.name : here.name].filter((name) => name !== null);
    const when = { sinceNs, atNs, leased: false };
    const attempt = { call, file, other, ...when, verdict, errno, wanted: verdict, blocked, cases, part: here.part };
    if (isBeyond(call, file)) Object.assign(attempt, { verdict: Verdict.deny, errno: ERRNO.SIGBUS! });
    return attempt;
  }

  private tableFor(call: Call, file: FileModel | null, second: boolean): Found {
    const { policy } = this;
    const instead = (policy.instead ?? []).find(
      ({ op, flag }) => op === call.op && (flag === undefined || call.flags.has(flag)),
    );
    const name = instead?.as ?? caseOf(call, file, second);
    const answer = this.cell(call, file, second, name);
    // Note 3: v1 of the on-disk seal writes what is inside the file, if that is written at all.
    const part = name === 'write_past_eof' && policy.shortWrites === 'inside' ? partInside(call, file!) : null;
    if (answer.verdict !== Verdict.deny || part === null) return { ...answer, name, part: null };
    const inside = caseOf(part, file, false);
    const short = this.cell(part, file, second, inside);
    return { ...short, name: inside, part: short.verdict === Verdict.deny ? null : part };
  }

  private cell(call: Call, file: FileModel | null, second: boolean, name: CaseName | null): Answer {
    const { policy } = this;
    if (name === null) return { verdict: Verdict.proceed, errno: 0 };
    const about = file === null ? EVERYTHING : spanOf(call, file, second);
    const isFar = (hold: HoldModel): boolean =>
      policy.behaviour.zapScope === 'range' && this.holds.isPaged(hold, policy) && !reaches(hold, about);
    const holds = this.holds.of(file).filter((hold) => !isFar(hold));
    const mask = holds.reduce((bits, { kind }) => bits | (1 << HOLDS.indexOf(kind)), 0);
    const isHolder = holds.some(
      ({ kind, pid }) => pid === call.pid && (policy.holderMask & (1 << HOLDS.indexOf(kind))) !== 0,
    );
    const at = CASES.indexOf(name) * MASKS + mask;
    const verdict = (isHolder ? policy.verdictHolder : policy.verdictOther)[at]!;
    const errno = (isHolder ? policy.errnoHolder : policy.errnoOther)[at]!;
    if (verdict !== Verdict.commitIfDirty) return { verdict, errno };
    return { verdict: file?.dirty === true ? Verdict.commit : Verdict.proceed, errno };
  }

  /** A seal call, a MAP_DIRECT mapping or a claim that is what the policy seals with, and that meets an obstacle. */
  refusalOf(call: Call, file: FileModel | null): number {
    const { seal } = this.policy;
    if (file === null) return 0;
    if (call.op === 'swapon' && this.holds.of(file).some(({ kind }) => kind === 'swap')) return ERRNO.EBUSY!;
    const isCall = call.op === 'seal' && seal?.taken === 'call' && !this.seals.sealed.has(file);
    const isMapping = call.op === 'mmap' && call.flags.has('direct') && seal?.taken === 'mapping';
    const claim = this.seals.claimOf(call);
    const isClaim = claim !== null && this.seals.isSeal(claim);
    return isCall || isMapping || isClaim ? this.seals.refusal(file, call, true) : 0;
  }

  /** Holds that make it wait by themselves: leases that were there when it came, and every pin that is there when it looks. */
  inTheWay({ call, blocked, wanted, cases, atNs, file }: Attempt): HoldModel[] {
    const { policy } = this;
    return this.holds.all.filter((hold) => {
      if (!blocked.includes(hold.file) || (wanted !== Verdict.wait && hold.fromNs > atNs)) return false;
      const name =
        call.op === 'reflink' || call.op === 'dedupe' ? caseOf(call, hold.file, hold.file !== file) : cases[0];
      const table = hold.pid === call.pid ? policy.verdictHolder : policy.verdictOther;
      return table[CASES.indexOf(name as (typeof CASES)[number]) * MASKS + (1 << HOLDS.indexOf(hold.kind))] === wanted;
    });
  }
}

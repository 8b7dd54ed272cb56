// Seals of the naive replay: who seals what, what stands in the way, when a seal ends and when nobody can end it
// (seal-semantics.md sections 2 and 5, replay.md section 3).
import { ERRNO, HOLDS, type HoldName, type Obstacle, type Policy } from '../../src/model/policy.js';
import { PAGE } from '../support/replay.js';
import type { Call } from './calls.js';
import { type Disk, endOf, type FileModel, touched } from './disk.js';
import { type HoldModel, type Holds, LEASES } from './holds.js';
import { isLease, type Rule, type SealPlaces } from './plan.js';

export interface Unseal {
  readonly kind: 'never' | 'last-release' | 'idle';
  readonly ns: number;
}

export type How = 'release' | 'exit' | 'killed';

/** What all that claims files works with. */
export interface ClaimParts {
  readonly policy: Policy;
  readonly disk: Disk;
  readonly plan: SealPlaces;
  readonly rule: Rule;
  readonly unseal: Unseal;
  /** Of the trace: nothing that only time brings happens after it. */
  readonly endNs: number;
  readonly holds: Holds;
  /** A file lost a hold or a user. */
  readonly freed: (file: FileModel) => void;
  /** The seal call flushed what was stored into the file. */
  readonly flushed: (file: FileModel) => void;
  readonly at: (timeNs: number, act: (nowNs: number) => void) => void;
}

const REQUEST: Readonly<Record<string, HoldName>> = {
  ...{ swapon: 'swap', lease: 'lease', layout_get: 'layout', address_query: 'translation' },
};

export class Seals {
  /** Sealed by a call: the file's own hold. */
  readonly sealed = new Map<FileModel, HoldModel>();
  /** Who called for the seal of a file. */
  readonly callers = new Map<FileModel, number>();
  /** When its last user let go. */
  readonly idleSince = new Map<FileModel, number>();
  private readonly hopeless = new Set<FileModel>();
  private readonly policy: Policy;
  private readonly disk: Disk;
  private readonly plan: SealPlaces;
  private readonly rule: Rule;
  private readonly unsealRule: Unseal;
  private readonly endNs: number;
  private readonly holds: Holds;
  private readonly freed: ClaimParts['freed'];
  private readonly flushed: ClaimParts['flushed'];
  private readonly at: ClaimParts['at'];

  constructor(parts: ClaimParts) {
    this.policy = parts.policy;
    this.disk = parts.disk;
    this.plan = parts.plan;
    this.rule = parts.rule;
    this.unsealRule = parts.unseal;
    this.endNs = parts.endNs;
    this.holds = parts.holds;
    this.freed = parts.freed;
    this.flushed = parts.flushed;
    this.at = parts.at;
  }

  /** What stands in the way of a seal: its errno, 0 for nothing. `asked` by this line of the trace itself. */
  refusal(file: FileModel, call: Call, asked: boolean): number {
    const end = file.size >= 0 ? file.size : endOf(file);
    const cells = touched(0, end).map((at) => file.cells.get(at));
    const part = !call.whole && call.length >= 0 && (call.offset > 0 || call.offset + call.length < file.size);
    const met: Readonly<Record<Obstacle, boolean>> = {
      unprivileged: true,
      part_of_file: asked && call.op === 'seal' && part,
      mapped: this.holds.isMapped(file),
      read_only: asked && !call.flags.has('writable'),
      private: asked && !call.flags.has('shared'),
      reflinked: this.isShared(file),
      hole: file.known && cells.includes(undefined),
      break_pending: this.holds
        .of(file)
        .some((hold) => LEASES.includes(hold.kind) && hold.limitNs < Number.POSITIVE_INFINITY),
      recall_conflict:
        asked &&
        this.holds
          .of(file)
          .some(
            (hold) =>
              (LEASES.includes(hold.kind) && hold.limitNs < Number.POSITIVE_INFINITY) ||
              (hold.kind === 'layout' && hold.pid !== call.pid),
          ),
    };
    const first = this.policy.seal?.refusals.find(({ when }) => met[when]);
    return first === undefined ? 0 : ERRNO[first.errno]!;
  }

  isShared(file: FileModel): boolean {
    const end = file.size >= 0 ? file.size : endOf(file);
    return touched(0, end).some((at) => file.cells.get(at)?.shared === true && file.cells.get(at)?.state === 'written');
  }

  /** Does the trace ask by itself for what this policy seals with? Then no rule asks for it again. */
  isRequested(file: FileModel): boolean {
    const { seal, breakableLease } = this.policy;
    const sealing = seal?.hold === breakableLease && seal !== null ? 'lease' : seal?.hold;
    return Object.entries(REQUEST).some(
      ([op, kind]) => kind === sealing && this.takes(kind) && this.plan.requested.has(`${file.path} ${op}`),
    );
  }

  /** The hold that a line takes by itself under this policy. */
  claimOf(call: Call): HoldName | null {
    const kind = REQUEST[call.op];
    if (kind === undefined || (call.op === 'lease' && !isLease(call)) || !this.takes(kind)) return null;
    return kind === 'lease' && !call.flags.has('exclusive') ? (this.policy.breakableLease ?? kind) : kind;
  }

  /** Is a hold of this kind what the policy seals with? Layout leases are, exclusive and breakable ones. */
  isSeal(kind: HoldName): boolean {
    const { seal, breakableLease } = this.policy;
    return seal !== null && (kind === seal.hold || (breakableLease !== undefined && LEASES.includes(kind)));
  }

  private takes(kind: HoldName): boolean {
    return (this.policy.requestMask & (1 << HOLDS.indexOf(kind))) !== 0;
  }

  /** The seal call that an application makes before this line, or this line itself. */
  sealBefore(call: Call, file: FileModel, nowNs: number): void {
    const asked = call.op === 'seal';
    if (this.policy.seal?.taken !== 'call') return;
    const wanted = this.plan.before.has(call.index) || this.rule.files.includes(file.path);
    if (asked || (wanted && !this.isRequested(file))) this.call(call, file, nowNs, asked);
  }

  call(call: Call, file: FileModel, nowNs: number, asked: boolean): void {
    const spec = this.policy.seal!;
    if (this.sealed.has(file) || (!asked && this.hopeless.has(file))) return;
    const errno = this.refusal(file, call, asked);
    const seal = this.holds.seal(file, call.pid, nowNs, errno);
    if (errno !== 0) {
      if (this.rule.files.includes(file.path)) this.hopeless.add(file);
      return;
    }
    if (spec.prepares) this.prepare(file);
    const pid = spec.outlives.includes('exit') ? -1 : call.pid;
    this.callers.set(file, call.pid);
    this.sealed.set(file, this.holds.add({ kind: spec.hold, file, pid, handle: '', fromNs: nowNs, seal }));
  }

  /** Every block allocated, written, the file's own. A file whose map is not known cannot be filled. */
  private prepare(file: FileModel): void {
    this.flushed(file);
    if (!file.known) return;
    const size = file.size >= 0 ? Math.ceil(file.size / PAGE) * PAGE : endOf(file);
    this.disk.fill(file, 0, size, -1, 'written');
    this.disk.copyShared(file, 0, size);
    this.disk.settle(file, 0, size);
  }

  unseal(file: FileModel): void {
    const hold = this.sealed.get(file);
    if (hold === undefined) return;
    this.sealed.delete(file);
    this.holds.end(hold);
    hold.seal!.orphaned = false;
    this.idleSince.delete(file);
  }

  /** A user let go. With the last one the application unseals, unless it was killed or the rule says otherwise. */
  released(file: FileModel, nowNs: number, how: How): void {
    const hold = this.sealed.get(file);
    if (hold === undefined || this.holds.isSealing(file) || this.rule.files.includes(file.path)) return;
    if (!this.policy.seal!.outlives.includes('exit')) return this.unseal(file);
    const { kind, ns } = this.unsealRule;
    if (how === 'killed' || (kind === 'never' && how === 'exit')) hold.seal!.orphaned = true;
    else if (kind === 'last-release') this.unseal(file);
    else if (kind === 'idle') {
      this.idleSince.set(file, nowNs);
      if (nowNs + ns <= this.endNs) this.at(nowNs + ns, (then) => this.idle(file, then));
    }
  }

  private idle(file: FileModel, nowNs: number): void {
    if (this.idleSince.get(file) !== nowNs - this.unsealRule.ns) return;
    this.unseal(file);
    this.freed(file);
  }
}

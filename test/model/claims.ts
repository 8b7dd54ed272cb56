// Holds and seals of the naive replay, in plain arrays: what takes them, what gives them back, what is left without an owner
// (seal-semantics.md sections 2, 4.2 and 5, replay.md section 3).
import { ERRNO, HOLDS, type HoldName, type Obstacle, type Policy } from '../../src/model/policy.js';
import { PAGE } from '../support/replay.js';
import type { Call } from './calls.js';
import { type Disk, endOf, type FileModel, touched } from './disk.js';
import { isLease, type Rule, type SealPlaces } from './plan.js';

export interface Seal {
  readonly file: FileModel;
  readonly pid: number;
  readonly fromNs: number;
  readonly failure: number;
  ended: boolean;
  orphaned: boolean;
}

export interface HoldModel {
  readonly kind: HoldName;
  readonly file: FileModel;
  /** -1: nobody's own. */
  readonly pid: number;
  readonly handle: string;
  readonly fromNs: number;
  readonly offset: number;
  readonly length: number;
  /** When a break that is under way takes it. */
  limitNs: number;
  /** The device lost its copy of the map and faults at its next access. */
  stale: boolean;
  readonly seal: Seal | null;
}

/** What a handle is to its file; `sealing`: the file stays sealed for its sake. */
interface User {
  readonly file: FileModel;
  readonly pid: number;
  readonly mapping: boolean;
  readonly open: boolean;
  readonly sealing: boolean;
}

/** The device's copy of the map. */
interface Copy {
  readonly file: FileModel;
  readonly offset: number;
  readonly length: number;
  readonly blocks: ReadonlyMap<number, number>;
}

export interface Unseal {
  readonly kind: 'never' | 'last-release' | 'idle';
  readonly ns: number;
}

const LEASES: readonly HoldName[] = ['lease', 'layout'];
const PINS: readonly HoldName[] = ['pin', 'registration'];
const REQUEST: Readonly<Record<string, HoldName>> = {
  ...{ swapon: 'swap', lease: 'lease', layout_get: 'layout', address_query: 'translation' },
};
type How = 'release' | 'exit' | 'killed';

export class Claims {
  holds: HoldModel[] = [];
  readonly seals: Seal[] = [];
  readonly users = new Map<string, User>();
  readonly copies = new Map<string, Copy>();
  /** Handles that are over in this lane. */
  readonly ended = new Set<string>();
  /** Explicit seals by file. */
  readonly sealed = new Map<FileModel, HoldModel>();
  private readonly idleSince = new Map<FileModel, number>();
  private readonly hopeless = new Set<FileModel>();
  private zapped: HoldModel[] = [];
  private lingering: string[] = [];
  private readonly policy: Policy;
  private readonly disk: Disk;
  private readonly plan: SealPlaces;
  private readonly rule: Rule;
  private readonly unsealRule: Unseal;
  private readonly endNs: number;
  /** A file lost a hold or a user. */
  private readonly freed: (file: FileModel) => void;
  private readonly at: (timeNs: number, act: (nowNs: number) => void) => void;

  constructor(parts: {
    readonly policy: Policy;
    readonly disk: Disk;
    readonly plan: SealPlaces;
    readonly rule: Rule;
    readonly unseal: Unseal;
    readonly endNs: number;
    readonly freed: (file: FileModel) => void;
    readonly at: (timeNs: number, act: (nowNs: number) => void) => void;
  }) {
    this.policy = parts.policy;
    this.disk = parts.disk;
    this.plan = parts.plan;
    this.rule = parts.rule;
    this.unsealRule = parts.unseal;
    this.endNs = parts.endNs;
    this.freed = parts.freed;
    this.at = parts.at;
  }

  of(file: FileModel | null): HoldModel[] {
    return this.holds.filter((hold) => hold.file === file);
  }

  isMapped(file: FileModel): boolean {
    return [...this.users.values()].some((user) => user.file === file && user.mapping);
  }

  /** Mapped or open: an unlinked file keeps its blocks for as long. */
  inUse(file: FileModel): boolean {
    return [...this.users.values()].some((user) => user.file === file && (user.mapping || user.open));
  }

  // --- seals

  /** What stands in the way of a seal: its errno, 0 for nothing. `asked` by this line of the trace itself. */
  refusal(file: FileModel, call: Call, asked: boolean): number {
    const end = file.size >= 0 ? file.size : endOf(file);
    const cells = touched(0, end).map((at) => file.cells.get(at));
    const part = !call.whole && call.length >= 0 && (call.offset > 0 || call.offset + call.length < file.size);
    const met: Readonly<Record<Obstacle, boolean>> = {
      unprivileged: true,
      part_of_file: asked && call.op === 'seal' && part,
      mapped: this.isMapped(file),
      read_only: asked && !call.flags.has('writable'),
      private: asked && !call.flags.has('shared'),
      reflinked: this.isShared(file),
      hole: file.known && cells.includes(undefined),
      break_pending: this.of(file).some(
        (hold) => LEASES.includes(hold.kind) && hold.limitNs < Number.POSITIVE_INFINITY,
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
  private isRequested(file: FileModel): boolean {
    return Object.entries(REQUEST).some(
      ([op, kind]) =>
        kind === this.policy.seal?.hold && this.takes(kind) && this.plan.requested.has(`${file.path} ${op}`),
    );
  }

  /** The hold that a line takes by itself under this policy. */
  claimOf(call: Call): HoldName | null {
    const kind = REQUEST[call.op];
    return kind !== undefined && (call.op !== 'lease' || isLease(call)) && this.takes(kind) ? kind : null;
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
    const seal = this.open(file, call.pid, nowNs, errno);
    if (errno !== 0) {
      if (this.rule.files.includes(file.path)) this.hopeless.add(file);
      return;
    }
    if (spec.prepares) this.prepare(file);
    const pid = spec.outlives.includes('exit') ? -1 : call.pid;
    this.sealed.set(file, this.add(spec.hold, file, pid, '', nowNs, 0, Number.POSITIVE_INFINITY, seal));
  }

  open(file: FileModel, pid: number, fromNs: number, failure: number): Seal {
    const seal = { file, pid, fromNs, failure, ended: false, orphaned: false };
    this.seals.push(seal);
    return seal;
  }

  /** Every block allocated, written, the file's own. A file whose map is not known cannot be filled. */
  private prepare(file: FileModel): void {
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
    this.end(hold);
    hold.seal!.orphaned = false;
    this.idleSince.delete(file);
  }

  /** A user let go. With the last one the application unseals, unless it was killed or the rule says otherwise. */
  private released(file: FileModel, nowNs: number, how: How): void {
    const hold = this.sealed.get(file);
    const used = [...this.users.values()].some((user) => user.file === file && user.sealing);
    if (hold === undefined || used || this.rule.files.includes(file.path)) return;
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

  // --- breaks

  startBreak(file: FileModel, nowNs: number): void {
    const { breaks } = this.policy;
    if (breaks === undefined) return;
    for (const hold of this.of(file)) {
      if (!LEASES.includes(hold.kind) || hold.limitNs < Number.POSITIVE_INFINITY) continue;
      hold.limitNs = Math.min(nowNs + breaks.limitNs, Number.MAX_VALUE);
      if (breaks.limitNs < Number.POSITIVE_INFINITY) this.at(hold.limitNs, () => this.atLimit(hold));
      if (breaks.device === 'at_break') this.cutOff(hold);
    }
    this.dropLingering(file, nowNs);
  }

  private atLimit(hold: HoldModel): void {
    if (!this.holds.includes(hold)) return;
    const { zaps, device } = this.policy.breaks!;
    if (zaps) this.zapped.push(hold);
    if (device === 'at_limit') this.cutOff(hold);
    this.end(hold);
    this.freed(hold.file);
  }

  /** The device of the holder's process loses its translations of the file. */
  private cutOff({ file, pid }: HoldModel): void {
    for (const hold of this.of(file).filter((one) => one.pid === pid)) {
      this.copies.delete(hold.handle);
      if (hold.kind === 'registration') this.end(hold);
    }
  }

  /** The mapping is of no use: taken away at the limit, or one that must not have shared blocks under it. */
  barsFault(call: Call, file: FileModel): boolean {
    const { seal } = this.policy;
    const own = this.of(file).some((hold) => hold.kind === seal?.hold && hold.pid === call.pid);
    if (seal?.faultsNeedOwnBlocks === true && own) return this.isShared(file);
    return this.zapped.some(
      ({ file: where, pid, offset, length }) =>
        where === file && pid === call.pid && call.offset >= offset && call.offset < offset + length,
    );
  }

  revoke(file: FileModel): void {
    for (const hold of this.of(file)) if (['registration', 'translation'].includes(hold.kind)) hold.stale = true;
  }

  // --- holds

  /** What an operation that went ahead takes. */
  take(call: Call, file: FileModel, nowNs: number): void {
    const { handle, pid, op } = call;
    const plain = { file, pid, mapping: false, open: false, sealing: false };
    const use = (user: Partial<User>): void => {
      if (handle !== '') this.users.set(handle, { ...plain, ...user });
    };
    const direct = this.plan.direct.has(call.index);
    if (op === 'open') use({ open: true });
    else if (op === 'mmap') {
      use({ mapping: true, sealing: direct });
      if (direct) this.mapDirect(call, file, nowNs);
    } else if (op === 'pin' || op === 'register') {
      const kind = op === 'pin' ? 'pin' : 'registration';
      const seals = this.policy.seal?.taken === 'registration' && op === 'register';
      this.ofCall(kind, call, file, nowNs, seals);
      this.copy(handle, file, call);
      use({ sealing: true });
      this.idleSince.delete(file);
    } else if (this.claimOf(call) !== null) {
      const kind = this.claimOf(call)!;
      this.ofCall(kind, call, file, nowNs, this.policy.seal?.hold === kind);
      if (handle !== '') this.copy(handle, file, call);
      use({});
    } else if (op === 'unseal') {
      this.unseal(file);
      this.freed(file);
    }
  }

  private mapDirect(call: Call, file: FileModel, nowNs: number): void {
    this.idleSince.delete(file);
    const { seal } = this.policy;
    if (seal?.taken !== 'mapping' || this.isRequested(file)) return;
    const errno = call.flags.has('direct') ? 0 : this.refusal(file, call, false);
    if (errno !== 0) this.open(file, call.pid, nowNs, errno);
    else this.ofCall(seal.hold, call, file, nowNs, true);
  }

  private ofCall(kind: HoldName, call: Call, file: FileModel, nowNs: number, seals: boolean): void {
    const seal = seals ? this.open(file, call.pid, nowNs, 0) : null;
    const length = call.whole || call.length < 0 ? Number.POSITIVE_INFINITY : call.length;
    this.add(kind, file, call.pid, call.handle, nowNs, call.whole ? 0 : call.offset, length, seal);
  }

  private add(
    kind: HoldName,
    file: FileModel,
    pid: number,
    handle: string,
    fromNs: number,
    offset: number,
    length: number,
    seal: Seal | null,
  ): HoldModel {
    const limitNs = Number.POSITIVE_INFINITY;
    const hold = { kind, file, pid, handle, fromNs, offset, length, limitNs, stale: false, seal };
    this.holds.push(hold);
    return hold;
  }

  /** The device takes the addresses of a range. */
  copy(handle: string, file: FileModel, range: { readonly offset: number; readonly length: number }): void {
    const length = range.length < 0 ? Number.POSITIVE_INFINITY : range.length;
    const blocks = [...file.cells]
      .filter(([at]) => (at + 1) * PAGE > range.offset && at * PAGE < range.offset + length)
      .map(([at, { addr }]) => [at, addr] as const);
    this.copies.set(handle, { file, offset: range.offset, length, blocks: new Map(blocks) });
  }

  /** A file that ordinary tools resized is of no use until the next mount (famfs, note 9). */
  spoil(file: FileModel, nowNs: number): void {
    const kind = this.policy.spoils!.hold;
    if (!this.of(file).some((hold) => hold.kind === kind))
      this.add(kind, file, -1, '', nowNs, 0, Number.POSITIVE_INFINITY, null);
  }

  mount(): void {
    const kind = this.policy.spoils?.hold;
    this.holds = this.holds.filter((hold) => hold.kind !== kind);
  }

  /** What the trace gives back ends, unless it is a seal that stays for the pins of its file. */
  giveBack(handle: string, nowNs: number): void {
    const hold = this.holds.find((one) => one.handle === handle && handle !== '');
    const { seal } = this.policy;
    const stays =
      hold !== undefined && seal?.untilLastPin === true && hold.kind === seal.hold && this.isPinned(hold.file);
    if (!stays) return this.release(handle, nowNs, 'release');
    this.lingering.push(handle);
    this.users.delete(handle);
    this.freed(hold.file);
  }

  private isPinned(file: FileModel): boolean {
    return this.of(file).some((hold) => PINS.includes(hold.kind));
  }

  private release(handle: string, nowNs: number, how: How): void {
    if (handle === '') return;
    this.ended.add(handle);
    this.lingering = this.lingering.filter((one) => one !== handle);
    const hold = this.holds.find((one) => one.handle === handle);
    const file = this.users.get(handle)?.file ?? hold?.file;
    if (hold !== undefined) this.end(hold);
    this.copies.delete(handle);
    this.users.delete(handle);
    if (file === undefined) return;
    this.zapped = this.zapped.filter((one) => one.handle !== handle);
    this.released(file, nowNs, how);
    this.dropLingering(file, nowNs);
    this.freed(file);
  }

  /** The last pin of the file is gone: so are the seals that stayed for it. */
  private dropLingering(file: FileModel, nowNs: number): void {
    if (this.isPinned(file)) return;
    for (const handle of [...this.lingering])
      if (this.holds.some((one) => one.handle === handle && one.file === file)) this.release(handle, nowNs, 'release');
  }

  private end(hold: HoldModel): void {
    this.holds = this.holds.filter((one) => one !== hold);
    if (hold.seal !== null) hold.seal.ended = true;
  }

  /** The process is gone, and what ends with it. A swap file and what the policy names stay. */
  exit(pid: number, nowNs: number, killed: boolean): void {
    const how = killed ? 'killed' : 'exit';
    for (const [handle, user] of [...this.users]) {
      const hold = this.holds.find((one) => one.handle === handle);
      // A claim that a rule tied to a mapping goes with the mapping.
      const ends = hold === undefined || user.mapping || (this.policy.exitMask & (1 << HOLDS.indexOf(hold.kind))) !== 0;
      if (user.pid === pid && ends && this.users.has(handle)) this.release(handle, nowNs, how);
    }
    // A lease that was called for, with no descriptor that the trace shows: it is its process's own.
    for (const [file, hold] of [...this.sealed]) if (hold.pid === pid) this.leave(file);
  }

  private leave(file: FileModel): void {
    this.unseal(file);
    this.freed(file);
  }
}

// Who holds what in the naive replay, in plain arrays and maps: holds of the policy, users of files, copies of their maps.
import type { HoldName, Policy } from '../../src/model/policy.js';
import { PAGE } from '../support/replay.js';
import type { Call } from './calls.js';
import type { FileModel } from './disk.js';

export interface Seal {
  readonly file: FileModel;
  readonly pid: number;
  readonly fromNs: number;
  /** errno with which it was refused, 0 when it was had. */
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
export interface User {
  readonly file: FileModel;
  readonly pid: number;
  readonly mapping: boolean;
  readonly open: boolean;
  readonly sealing: boolean;
  /** With MAP_SYNC. */
  readonly synced: boolean;
}

/** The device's copy of the map: the address of each block when it was taken. */
export interface Copy {
  readonly file: FileModel;
  readonly offset: number;
  readonly length: number;
  readonly blocks: ReadonlyMap<number, number>;
  /** Blocks that another file had as well. */
  readonly shared: ReadonlySet<number>;
}

/** Holds and seals are made with these defaults. */
export type NewHold = Pick<HoldModel, 'kind' | 'file' | 'pid' | 'handle' | 'fromNs'> & Partial<HoldModel>;

export const LEASES: readonly HoldName[] = ['lease', 'layout'];
const PINS: readonly HoldName[] = ['pin', 'registration'];

/** Of a file, bytes. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export const EVERYTHING: Span = { from: 0, to: Number.POSITIVE_INFINITY };

/** An empty range is met by what lies around it. */
export const reaches = (hold: HoldModel, { from, to }: Span): boolean =>
  hold.offset < Math.max(to, from + 1) && hold.offset + hold.length > from;

export class Holds {
  all: HoldModel[] = [];
  readonly seals: Seal[] = [];
  /** By handle, as the two below. */
  readonly users = new Map<string, User>();
  readonly copies = new Map<string, Copy>();
  /** What devices work on through a buffer of their application. */
  readonly buffers = new Map<string, { readonly call: Call; readonly file: FileModel }>();
  /** Over in this lane. */
  readonly ended = new Set<string>();

  of(file: FileModel | null): HoldModel[] {
    return this.all.filter((hold) => hold.file === file);
  }

  by(handle: string): HoldModel | undefined {
    return handle === '' ? undefined : this.all.find((hold) => hold.handle === handle);
  }

  add(hold: NewHold): HoldModel {
    const everything = { offset: 0, length: Number.POSITIVE_INFINITY, limitNs: Number.POSITIVE_INFINITY };
    const made = { ...everything, stale: false, seal: null, ...hold };
    this.all.push(made);
    return made;
  }

  end(hold: HoldModel): void {
    this.all = this.all.filter((one) => one !== hold);
    if (hold.seal !== null) hold.seal.ended = true;
  }

  /** A seal is asked for; `failure`: the errno it is refused with. */
  seal(file: FileModel, pid: number, fromNs: number, failure: number): Seal {
    const seal = { file, pid, fromNs, failure, ended: false, orphaned: false };
    this.seals.push(seal);
    return seal;
  }

  isPinned(file: FileModel): boolean {
    return this.of(file).some((hold) => PINS.includes(hold.kind));
  }

  isMapped(file: FileModel): boolean {
    return [...this.users.values()].some((user) => user.file === file && user.mapping);
  }

  /** Somebody keeps the file sealed. */
  isSealing(file: FileModel): boolean {
    return [...this.users.values()].some((user) => user.file === file && user.sealing);
  }

  /** Mapped or open: an unlinked file keeps its blocks for as long. */
  inUse(file: FileModel): boolean {
    return [...this.users.values()].some((user) => user.file === file && (user.mapping || user.open));
  }

  /** The device takes the addresses of a range. */
  copy(handle: string, file: FileModel, range: { readonly offset: number; readonly length: number }): void {
    const length = range.length < 0 ? Number.POSITIVE_INFINITY : range.length;
    const cells = [...file.cells].filter(([at]) => (at + 1) * PAGE > range.offset && at * PAGE < range.offset + length);
    const blocks = new Map(cells.map(([at, { addr }]) => [at, addr] as const));
    const shared = new Set(cells.filter(([, cell]) => cell.shared).map(([at]) => at));
    this.copies.set(handle, { file, offset: range.offset, length, blocks, shared });
  }

  /** A device that faults: one on demand, and under on-demand paging every device. */
  isPaged({ kind }: HoldModel, policy: Policy): boolean {
    return kind === 'ondemand' || (policy.devicePages === true && ['registration', 'translation'].includes(kind));
  }

  /** Devices that fault are told that the map changes, with zap_scope=range those whose range it is. */
  revoke(file: FileModel, policy: Policy, about: Span): void {
    for (const hold of this.of(file))
      if (this.isPaged(hold, policy) && (policy.behaviour.zapScope === 'file' || reaches(hold, about)))
        hold.stale = true;
  }
}

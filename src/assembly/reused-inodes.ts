// Inode numbers come back: what is created after an inode was freed is another file, although both have one number. Kernel:
// XFS frees an unlinked inode when it inactivates it (xfs_iunlink when its last name went, xfs_inode_inactivating), mostly in a
// worker; ext4 when it evicts one without links (ext4_evict_inode), in the call that let go of it.
import type { Thread } from './state.js';

/** An inode that was freed, until the next file is made. */
interface Freed {
  readonly system: FileSystem;
  readonly device: number;
  readonly inode: number;
  /** Who frees it, and the call this happens in; null: a worker, which says when it is done. */
  readonly by: Thread | null;
  readonly callNs: number;
  /** Its blocks are being taken away. */
  busy: boolean;
}

type FileSystem = 'xfs' | 'ext4';

/** A new file of an old number. */
export interface Born {
  readonly system: FileSystem;
  /** It was not there before. */
  readonly timeNs: number;
}

/** O_CREAT, and what O_TMPFILE has beside O_DIRECTORY: a file without a name is made as well. */
const MAKES = 0x40 | 0x400000;
/** Place of the flags among the arguments; -1: these calls make a file, if none is there, or may (openat2 shows a pointer to its flags). */
const CREATES: Readonly<Record<string, number>> = { openat: 2, open: 1, creat: -1, openat2: -1 };

export class ReusedInodes {
  readonly #forget: (device: number, inode: number) => void;
  /** Whose inode was freed and has not been seen since: what comes next is a new file. By device and inode. */
  readonly #free = new Map<string, Born>();
  /** Inodes of XFS that have no name any more: group and number within it. */
  readonly #nameless: { readonly device: number; readonly group: number; readonly number: number }[] = [];
  #freed: Freed[] = [];
  /** Inodes of ext4 whose name was taken away, and when, as long as no event tells what became of them. */
  readonly #unnamed = new Map<string, number>();
  /** A file got a second name: one that loses a name may still be there. */
  linked = false;
  /** Open files that were made and whose inode nothing has told yet. */
  made = 0;

  /** `forget`: the next event with this inode is of another file. */
  constructor(forget: (device: number, inode: number) => void) {
    this.#forget = forget;
  }

  nameless(device: number, group: number, number: number): void {
    this.#nameless.push({ device, group, number });
  }

  /** It was freed, or has a name again (linkat of an O_TMPFILE). */
  named(device: number, group: number, number: number): void {
    const at = this.#nameless.findIndex((one) => one.device === device && one.group === group && one.number === number);
    if (at >= 0) this.#nameless.splice(at, 1);
  }

  /** XFS lets go of an inode: of a file that still has a name, this is nothing. */
  inactivating(device: number, inode: number): void {
    const found = this.#nameless.find((one) => one.device === device && isInode(inode, one.group, one.number));
    if (found !== undefined) this.#add({ system: 'xfs', device, inode, by: null, callNs: 0, busy: false });
  }

  truncating(device: number, inode: number, busy: boolean): void {
    for (const one of this.#freed) if (one.inode === inode && one.device === device) one.busy = busy;
  }

  evicted(device: number, inode: number, by: Thread): void {
    this.#add({ system: 'ext4', device, inode, by, callNs: by.call.timeNs, busy: false });
  }

  /** ext4 maps blocks of an inode that somebody else freed, or freed before: whoever made the new file of that number was not seen to. */
  mapped(device: number, inode: number, by: Thread, timeNs: number): void {
    if (this.#freed.length === 0) return;
    const at = this.#freed.findIndex((one) => one.inode === inode && one.device === device);
    const one = this.#freed[at];
    if (one === undefined || one.by === null || (one.by === by && one.callNs === by.call.timeNs)) return;
    this.#freed.splice(at, 1);
    this.#release(one, timeNs);
  }

  /** A call begins; `t` is in none. */
  callBegins(name: string, args: Float64Array, t: Thread): void {
    if (this.#freed.length === 0) return;
    const place = CREATES[name];
    if (place !== undefined && (place < 0 || (args[place]! & MAKES) !== 0)) this.creating(t, t.call.timeNs);
  }

  /** A file is about to be made: any number that is free may be its own. */
  creating(by: Thread, timeNs: number): void {
    if (this.#freed.length === 0) return;
    this.#freed = this.#freed.filter((one) => {
      const other = one.by !== null && one.by !== by && one.by.call.name !== '' && one.by.call.timeNs === one.callNs;
      if (one.busy || other) return true;
      this.#release(one, timeNs);
      return false;
    });
  }

  /** A file is met for the first time: where it is known to be a new one, its file system; else null. */
  born(device: number, inode: number): Born | null {
    if (this.#free.size === 0) return null;
    const key = `${device}/${inode}`;
    const born = this.#free.get(key) ?? null;
    this.#free.delete(key);
    return born;
  }

  unlinked(device: number, inode: number, timeNs: number): void {
    this.#unnamed.set(`${device}/${inode}`, timeNs);
  }

  /** Have names been taken away at all? */
  get anyUnnamed(): boolean {
    return this.#unnamed.size > 0 && !this.linked;
  }

  /** It lost its name before that time: who opens a path and finds this number has found another file. */
  wasUnnamed(device: number, inode: number, timeNs: number): boolean {
    const since = this.#unnamed.get(`${device}/${inode}`);
    return since !== undefined && since <= timeNs && !this.linked;
  }

  /** A new file has this number, and nothing told that the old one was freed: a recording without those events. */
  cameBack(system: FileSystem, device: number, inode: number, timeNs: number): void {
    this.#freed = this.#freed.filter((one) => one.inode !== inode || one.device !== device);
    this.#release({ system, device, inode }, timeNs);
  }

  /** Events are missing: who has the numbers now, and what they have written, is not known. */
  lost(): void {
    this.#free.clear();
  }

  /** This very number was given to a new file. */
  allocated(device: number, inode: number, timeNs: number): void {
    this.cameBack('ext4', device, inode, timeNs);
  }

  #release({ system, device, inode }: Pick<Freed, 'system' | 'device' | 'inode'>, timeNs: number): void {
    this.#forget(device, inode);
    this.#unnamed.delete(`${device}/${inode}`);
    this.#free.set(`${device}/${inode}`, { system, timeNs });
  }

  #add(freed: Freed): void {
    if (!this.#freed.some(({ device, inode }) => device === freed.device && inode === freed.inode))
      this.#freed.push(freed);
  }
}

/** XFS inode numbers are the group's number shifted, and the number within the group; how far is not in the trace. */
export function isInode(inode: number, group: number, number: number): boolean {
  if (group === 0) return inode === number;
  const size = (inode - number) / group;
  return size > number && Number.isInteger(Math.log2(size));
}

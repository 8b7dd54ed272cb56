// XFS block maps from the in-core extent events xfs_iext_insert, xfs_iext_remove, xfs_bmap_pre_update and _post_update.
// They are changes of records, not of ranges: a neighbour may be grown before the record it swallows is removed, so a
// removed record only frees what no other record covers (kernel-events reference section 2; proved against FIEMAP).
import { covered, type Extent, exact, lastBefore, place } from './extent-list.js';
import type { MapLog } from './map-log.js';
import { Change, DELALLOC, HOLE } from './map-log.js';
import { type Fork, XfsForks } from './xfs-forks.js';

interface Cut {
  readonly file: number;
  readonly off: number;
  readonly end: number;
  readonly block: number;
}

/** fs/xfs/libxfs/xfs_bmap.h, XFS_BMAP_EXT_FLAGS. */
const STATE_BITS: Readonly<Record<string, number>> = { LC: 1, RC: 2, LF: 4, RF: 8, ATTR: 0x100, COW: 0x200 };
const NEIGHBOURS = 0xc0;
/** nullstartblock(): delayed allocation; above it the hole and null marks (fs/xfs/libxfs/xfs_format.h). */
const FIRST_SPECIAL = 2 ** 51;
const MAX_BLOCKS = 2 ** 31;

export function xfsState(text: string): number {
  return text.split('|').reduce((bits, word) => bits | (STATE_BITS[word] ?? (Number(word) || 0)), 0);
}

export const isCow = (state: number): boolean => (state & 0x200) !== 0;
export const isAttr = (state: number): boolean => (state & 0x100) !== 0;

export function xfsBlock(startblock: number): number {
  if (startblock < 0) return HOLE;
  return startblock >= FIRST_SPECIAL ? DELALLOC : startblock;
}

export class XfsMaps {
  private readonly log: MapLog;
  private readonly forks: XfsForks;
  /** How often events were lost: what was known before is forgotten where it is next asked for. */
  private losses = 0;
  private sawRecord = false;
  private sawUpdate = false;
  private sawReserved = false;
  private missedRecord = false;
  /** What the last update cut off a record at its end, until it is there again as a record of its own. */
  private cut: Cut | null = null;

  constructor(log: MapLog) {
    this.log = log;
    this.forks = new XfsForks(log.store);
  }

  /**
   * Were the events recorded that tell of changes? Without any, or with space reserved and never an update (which is how
   * it gets its blocks), the event set was too small: what looks known is not. So it is where a record is updated whose
   * insertion was not seen in a fork that was empty before.
   */
  blind(file: number): boolean {
    return this.forks.has(file) && (!this.sawRecord || this.missedRecord || (this.sawReserved && !this.sawUpdate));
  }

  /** The recorder says that it asked for every event that tells of changes: where none came, there was none. */
  recorded(): void {
    this.sawRecord = true;
    this.sawUpdate = true;
  }

  insert(
    file: number,
    device: number,
    off: number,
    block: number,
    count: number,
    unwritten: boolean,
    state: number,
  ): void {
    this.sawRecord = true;
    if (block === DELALLOC) this.sawReserved = true;
    const fork = this.fork(file);
    // The first record of a fork, without a neighbour on either side: the fork was empty before.
    if (!fork.known && !fork.touched && (state & NEIGHBOURS) === 0) this.knownEmpty(file, device);
    fork.touched = true;
    dropLearned(fork, off, count);
    place(fork.list, { off, count, block, unwritten, learned: false });
    const { cut } = this;
    this.cut = null;
    const isCut = cut?.file === file && cut.off <= off && off + count <= cut.end && block - off === cut.block - cut.off;
    if (isCut) this.kept(file, device, off, count, block, unwritten);
    else this.log.add(Change.insert, file, device, off, count, block, unwritten);
  }

  /** Blocks that the file had already: a clone or dedupe that takes others beside them does not share them. */
  private kept(file: number, device: number, off: number, count: number, block: number, unwritten: boolean): void {
    const { author } = this.log;
    const { sharing } = author;
    author.sharing = false;
    this.log.add(Change.insert, file, device, off, count, block, unwritten);
    author.sharing = sharing;
  }

  remove(file: number, device: number, off: number, block: number, count: number): void {
    const fork = this.fork(file);
    fork.touched = true;
    this.forget(fork, off, count);
    this.free(fork, file, device, off, off + count, block);
  }

  preUpdate(file: number, off: number, block: number, count: number, unwritten: boolean): void {
    const fork = this.fork(file);
    fork.touched = true;
    if (fork.known && !covered(fork.list, off)) this.missedRecord = true;
    dropLearned(fork, off, count);
    fork.pendingAt = exact(fork.list, off);
    fork.pending = { off, count, block, unwritten, learned: false };
  }

  postUpdate(file: number, device: number, off: number, block: number, count: number, unwritten: boolean): void {
    this.sawRecord = true;
    this.sawUpdate = true;
    const fork = this.forkUpdated(file);
    const old = fork.pending;
    fork.pending = null;
    this.cut = null;
    if (!updateInPlace(fork, off, count, block, unwritten)) {
      removePending(fork);
      dropLearned(fork, off, count);
      place(fork.list, { off, count, block, unwritten, learned: false });
    }
    if (old === null) return this.log.add(Change.insert, file, device, off, count, block, unwritten);
    const end = off + count;
    const oldEnd = old.off + old.count;
    if (old.off < off) this.free(fork, file, device, old.off, Math.min(oldEnd, off), old.block);
    if (oldEnd > end) this.free(fork, file, device, Math.max(old.off, end), oldEnd, old.block);
    const sameBlocks =
      old.unwritten === unwritten &&
      (block === DELALLOC ? old.block === DELALLOC : old.block !== DELALLOC && block - off === old.block - old.off);
    if (sameBlocks && oldEnd > end) this.cut = { file, off: end, end: oldEnd, block: old.block + end - old.off };
    // Where the map was not known, the record as it was is news as well.
    if (!sameBlocks || (!fork.known && !this.log.author.sharing))
      return this.log.add(Change.insert, file, device, off, count, block, unwritten);
    if (!fork.known) {
      const from = Math.max(off, old.off);
      const most = Math.min(end, oldEnd) - from;
      this.kept(file, device, from, most, block === DELALLOC ? block : block + from - off, unwritten);
    }
    // Only what was added at either end.
    if (off < old.off) this.log.add(Change.insert, file, device, off, Math.min(end, old.off) - off, block, unwritten);
    if (end > oldEnd) {
      const from = Math.max(off, oldEnd);
      this.log.add(
        Change.insert,
        file,
        device,
        from,
        end - from,
        block === DELALLOC ? block : block + from - off,
        unwritten,
      );
    }
  }

  /** A look-up told the truth of a range: checked by the replay, and learned where nothing was known. */
  found(file: number, device: number, off: number, block: number, count: number, unwritten: boolean): void {
    const fork = this.fork(file);
    if (off <= fork.coveredTo) fork.coveredTo = Math.max(fork.coveredTo, off + count);
    if (!fork.known) {
      if (block === HOLE && off === 0 && count >= MAX_BLOCKS) return this.knownEmpty(file, device);
      this.learn(fork, file, device, off, block, count, unwritten);
      if (fork.coveredTo >= MAX_BLOCKS) {
        fork.known = true;
        this.log.add(Change.known, file, device, 0, 0, HOLE);
      }
    }
    this.log.add(Change.seen, file, device, off, Math.min(count, MAX_BLOCKS), block, unwritten);
  }

  /** Truncated to nothing, inactivated, or created: whatever was there, the map is empty now. */
  knownEmpty(file: number, device: number): void {
    const fork = this.fork(file);
    fork.list.length = 0;
    fork.hasLearned = false;
    fork.known = true;
    fork.touched = true;
    fork.coveredTo = MAX_BLOCKS;
    this.log.add(Change.reset, file, device, 0, 0, HOLE);
  }

  /** The inode was freed: what comes of its number is another file's, and of this one's map nothing is asked any more. */
  gone(file: number): void {
    const fork = this.forks.get(file);
    if (fork !== undefined) fork.list.length = 0;
  }

  /** The data forks of two files change places whole (xfs_swap_extents without rmapbt). */
  swap(a: number, b: number, device: number): void {
    const forkA = this.fork(a);
    const forkB = this.fork(b);
    const known = [forkA.known, forkB.known];
    forkA.hasLearned = forkB.hasLearned = forkA.hasLearned || forkB.hasLearned;
    const lists = [forkA.list.splice(0), forkB.list.splice(0)];
    this.refill(a, device, forkA, lists[1]!, known[1]!);
    this.refill(b, device, forkB, lists[0]!, known[0]!);
  }

  unknownAll(): void {
    this.losses++;
  }

  private refill(file: number, device: number, fork: Fork, list: Extent[], known: boolean): void {
    this.log.add(Change.reset, file, device, 0, 0, HOLE);
    fork.list.push(...list);
    fork.known = known;
    for (const e of list) this.log.add(Change.insert, file, device, e.off, e.count, e.block, e.unwritten);
    if (!known) this.log.add(Change.unknown, file, device, 0, 0, HOLE);
  }

  /** What a look-up saw replaces whatever was thought of its range. */
  private learn(
    fork: Fork,
    file: number,
    device: number,
    off: number,
    block: number,
    count: number,
    unwritten: boolean,
  ): void {
    dropLearned(fork, off, count);
    const end = off + count;
    if (fork.list.some((e) => e.off < end && e.off + e.count > off)) return;
    if (block === HOLE) return this.log.add(Change.remove, file, device, off, Math.min(count, MAX_BLOCKS), HOLE);
    place(fork.list, { off, count, block, unwritten, learned: true });
    fork.hasLearned = true;
    this.log.add(Change.learn, file, device, off, count, block, unwritten);
  }

  /** A record goes, and with it what look-ups had shown of it. */
  private forget(fork: Fork, off: number, count: number): void {
    dropLearned(fork, off, count);
    const at = exact(fork.list, off);
    if (at >= 0) fork.list.splice(at, 1);
  }

  /** Frees what of [from, to) no record covers any more. */
  private free(fork: Fork, file: number, device: number, from: number, to: number, block: number): void {
    const { list } = fork;
    let at = from;
    for (let i = Math.max(0, lastBefore(list, from)); i < list.length && list[i]!.off < to; i++) {
      const e = list[i]!;
      if (e.off + e.count <= at) continue;
      if (e.off > at) this.log.add(Change.remove, file, device, at, e.off - at, block);
      at = Math.max(at, e.off + e.count);
    }
    if (at < to) this.log.add(Change.remove, file, device, at, to - at, block);
  }

  private fork(file: number): Fork {
    const fork = this.forkUpdated(file);
    removePending(fork);
    return fork;
  }

  /** With the record that is being updated still in its place. */
  private forkUpdated(file: number): Fork {
    const known = this.forks.get(file);
    if (known !== undefined) {
      if (known.losses !== this.losses) forgetAll(known, this.losses);
      return known;
    }
    const fork: Fork = {
      ...{ list: [], hasLearned: false, known: false, touched: false },
      ...{ coveredTo: 0, pending: null, pendingAt: -1, losses: this.losses },
    };
    this.forks.add(file, fork);
    return fork;
  }
}

/** Records that were lost or changed unseen would only mislead. */
function forgetAll(fork: Fork, losses: number): void {
  fork.list.length = 0;
  fork.hasLearned = false;
  fork.known = false;
  fork.touched = true;
  fork.coveredTo = 0;
  fork.pending = null;
  fork.pendingAt = -1;
  fork.losses = losses;
}

function removePending(fork: Fork): void {
  if (fork.pendingAt >= 0) fork.list.splice(fork.pendingAt, 1);
  fork.pendingAt = -1;
}

/** The usual case, for which nothing has to move: the record stays between its neighbours. */
function updateInPlace(fork: Fork, off: number, count: number, block: number, unwritten: boolean): boolean {
  const { list, pendingAt: at } = fork;
  if (at < 0) return false;
  const old = list[at]!;
  if (at > 0 && !staysBefore(list[at - 1]!, off)) return false;
  // What a look-up showed of the range would have to go.
  if (at + 1 < list.length && list[at + 1]!.off < (fork.hasLearned ? off + count : off + 1)) return false;
  old.off = off;
  old.count = count;
  old.block = block;
  old.unwritten = unwritten;
  old.learned = false;
  fork.pendingAt = -1;
  return true;
}

const staysBefore = (e: Extent, off: number): boolean => e.off < off && !(e.learned && e.off + e.count > off);

function dropLearned({ list, hasLearned }: Fork, off: number, count: number): void {
  if (!hasLearned) return;
  for (let i = Math.max(0, lastBefore(list, off)); i < list.length && list[i]!.off < off + count; ) {
    const e = list[i]!;
    if (e.learned && e.off + e.count > off) list.splice(i, 1);
    else i++;
  }
}

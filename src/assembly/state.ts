// The call and the fault each thread is in, and what it reads and writes there.
import type { MoveState } from './ext4-moves.js';
import type { MadeIn } from './made-tasks.js';
import type { OpenFile, Process } from './process.js';
import type { XfsSpace } from './xfs-changes.js';

/** The system call a thread is in. */
export interface Call {
  /** Name, empty when the thread is in no call that sealtrace follows. */
  name: string;
  /** Its second argument is the one buffer; as long as it has a name. */
  hasBuffer: boolean;
  /** It writes data itself. */
  writes: boolean;
  timeNs: number;
  row: number;
  opId: number;
  readonly args: Float64Array;
  /** File a strong sign inside the call named; -1 none. */
  file: number;
  /** File a weak sign named (page cache), used when nothing better came. */
  weakFile: number;
  /** First file that was faulted in meanwhile: of memory that the call was given; -1 none. */
  faultFile: number;
  /** Position a write or read really had; -1 unknown. */
  position: number;
  /** Second file of a remap, with its offset, source of what moves data, or what a rename replaced; -1 none. */
  source: number;
  sourceOffset: number;
  targetOffset: number;
  remapLength: number;
  /** How long the file became by what was written in a call that writes nothing itself; 0: nothing was. */
  filledBytes: number;
  /** Last name looked up inside the call. */
  lookup: number;
  directory: number;
  device: number;
  created: boolean;
  /** `file` is what its name meant, as far as that was followed: less sure than the inode that an event names. */
  byName: boolean;
  /** The name in its directory that a rename gives; '' where there is none. */
  newName: string;
  /** Paths given to the call, where the recorder shows them; the second is where a rename leads. */
  path: string;
  secondPath: string;
  /** Direct I/O began inside: time, file, and how much of it the buffer's file saw faults for. */
  direct: boolean;
  directNs: number;
  directCall: DirectCall | null;
  /** First page of a file that the kernel had to fault in for the call, and when that was done; -1 none. */
  faultedOffset: number;
  faultedNs: number;
  /** An event told that memory was claimed or given back in it: nothing has to be inferred. */
  holdSeen: boolean;
  /** A claim of memory was inferred from the call itself. */
  holdTold: boolean;
}

/** A direct I/O call: its file and, when the buffer is a mapped file, that file and where in it. */
export interface DirectCall {
  readonly file: number;
  /** Among the calls of accesses that are over (direct-calls.ts); -1: none is over. */
  number: number;
  /** null when the buffer is no mapped file. */
  buffer: OpenFile | null;
  bufferOffset: number;
}

/** What the file system announced outside every call of its own; its row is written when it is over (announced.ts). */
export interface Announced {
  pending: boolean;
  op: number;
  flags: number;
  file: number;
  offset: number;
  length: number;
  timeNs: number;
  row: number;
  /** 0 as long as nothing asked for it. */
  opId: number;
}

/** A read or write that was announced. */
export interface AnnouncedTransfer extends Announced {
  /** Of the last piece of a write that comes in pieces. */
  lastLength: number;
  /** Its key among those that come again; '' where nothing tells that it would have had to wait. */
  awaited: string;
  /** When the call around it began. */
  callNs: number;
}

/** A change of a file that was announced. */
export interface AnnouncedChange extends Announced {
  result: number;
  latencyNs: number;
  /** An event of its own tells its end. */
  isEntered: boolean;
  /** What is done to another file by it, a row of its own behind the first; -1: nothing. */
  second: number;
  secondOffset: number;
  secondFlags: number;
}

/** A page fault a thread is in: it has no exit event of its own. */
export interface Fault {
  active: boolean;
  timeNs: number;
  lastNs: number;
  row: number;
  opId: number;
  file: number;
  offset: number;
  write: boolean;
  gup: boolean;
  dax: boolean;
  /** The file is synced before it is over (MAP_SYNC). */
  syncs: boolean;
  handle: number;
  open: OpenFile | null;
  address: number;
  result: number;
}

/** One thread. */
export class Thread {
  /** An extent a look-up saw, until iomap tells its device address. */
  readonly pair = { seen: false, device: 0, inode: 0, off: 0, block: 0, count: 0 };
  /** What the file system said last that it works on, within which call. */
  readonly work = { device: -1, inode: -1, offset: 0, length: 0, callNs: -1, inCall: false };
  /** Files of a fork swap under way, and how many map changes there were before it. */
  swapping: { readonly files: number[]; readonly changes: number } | null = null;
  /** What ext4 said of blocks that it exchanges or takes away. */
  readonly moves: MoveState = { first: null, punch: null };
  /** The task this one was last said to have made by a note, so that the tracepoint of the same fork is known again. */
  forked = -1;
  /** Who made it and when, as far as that was told; and whether it has ended since. */
  maker = -1;
  madeNs = Number.NEGATIVE_INFINITY;
  gone = false;
  /** As long as nothing tells whether it is a thread of the process it was made in, or one of its own. */
  madeIn: MadeIn | null = null;
  readonly tid: number;
  readonly task: number;
  comm: number;
  process: Process;
  readonly call: Call = {
    name: '',
    hasBuffer: false,
    writes: false,
    timeNs: 0,
    row: 0,
    opId: 0,
    args: new Float64Array(6),
    file: -1,
    weakFile: -1,
    faultFile: -1,
    position: -1,
    source: -1,
    sourceOffset: 0,
    targetOffset: 0,
    remapLength: 0,
    filledBytes: 0,
    lookup: -1,
    directory: -1,
    device: -1,
    created: false,
    byName: false,
    newName: '',
    path: '',
    secondPath: '',
    direct: false,
    directNs: 0,
    directCall: null,
    faultedOffset: -1,
    faultedNs: -1,
    holdSeen: false,
    holdTold: false,
  };
  readonly announced: AnnouncedTransfer = {
    pending: false,
    op: 0,
    flags: 0,
    file: -1,
    offset: -1,
    length: 0,
    lastLength: 0,
    awaited: '',
    timeNs: 0,
    row: 0,
    callNs: -1,
    opId: 0,
  };
  readonly change: AnnouncedChange = {
    pending: false,
    op: 0,
    flags: 0,
    file: -1,
    offset: -1,
    length: -1,
    result: 0,
    timeNs: 0,
    latencyNs: -1,
    row: 0,
    opId: 0,
    isEntered: false,
    second: -1,
    secondOffset: -1,
    secondFlags: 0,
  };
  readonly xfsSpace: XfsSpace = { ahead: [], measure: 'nothing', grownBytes: 0, old: [] };
  /** The inode whose map XFS locked against faults; device -1: none. */
  readonly mapLock = { device: -1, inode: 0 };
  /** Attributes of this inode are about to be set, perhaps its size; device -1: none. `ofChange`: the change under way may do it. */
  readonly setting = { device: -1, inode: 0, timeNs: 0, row: 0, ofChange: false };
  /** The inode whose blocks ext4 takes away because its last name and its last user are gone; device -1: none. */
  readonly evicting = { device: -1, inode: 0 };
  /** The inode of a file that stays, which ext4 lets go of in memory; device -1: none. */
  readonly uncached = { device: -1, inode: 0 };
  /** The last read through the page cache that was announced outside every call of its own. */
  readonly attempt = { file: -1, offset: -1, length: 0, callNs: -1, isRetry: false };
  readonly fault: Fault = {
    active: false,
    timeNs: 0,
    lastNs: 0,
    row: 0,
    opId: 0,
    file: -1,
    offset: -1,
    write: false,
    gup: false,
    dax: false,
    syncs: false,
    handle: 0,
    open: null,
    address: -1,
    result: 0,
  };

  constructor(tid: number, task: number, comm: number, process: Process) {
    this.tid = tid;
    this.task = task;
    this.comm = comm;
    this.process = process;
  }
}

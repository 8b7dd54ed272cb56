// perf's records besides samples: names, beginning and end of tasks, mappings with their inode. They are no records of
// their own in the count (`perf script` prints samples), but tell the assembly what no tracepoint tells.
// Source: include/uapi/linux/perf_event.h, PERF_RECORD_{MMAP2,COMM,FORK,EXIT}.
import type { KernelSink } from '../model/kernel.js';
import { kernelEvent } from '../model/kernel-events.js';
import { Kind } from './perf-kinds.js';

const MMAP = kernelEvent('note_mmap');
const COMM = kernelEvent('note_comm');
const FORK = kernelEvent('note_fork');
const EXIT = kernelEvent('note_exit');

/** Bits of a record's `misc`: an inode's place holds a build-id; a name came from exec. */
const BUILD_ID = 1 << 14;
const EXEC = 1 << 13;
const MAP_SHARED = 1;
const WORD = 4294967296;

export class PerfNotes {
  readonly #kernel: KernelSink;
  readonly #little: boolean;
  readonly #saved: ReadonlyMap<number, string>;
  /** Interned names by thread. */
  readonly #comms = new Map<number, number>();

  /** The task asked for last. */
  #tid = Number.NaN;
  #comm = 0;

  /** `saved`: the names the kernel kept, for tasks older than the recording. */
  constructor(kernel: KernelSink, little: boolean, saved: ReadonlyMap<number, string>) {
    this.#kernel = kernel;
    this.#little = little;
    this.#saved = saved;
  }

  /** Interned name of a task; empty where nothing told it. */
  comm(tid: number): number {
    if (tid === this.#tid) return this.#comm;
    let id = this.#comms.get(tid);
    if (id === undefined) {
      id = this.#kernel.words.text(this.#saved.get(tid) ?? (tid === 0 ? 'swapper' : ''));
      this.#comms.set(tid, id);
    }
    this.#tid = tid;
    this.#comm = id;
    return id;
  }

  #name(tid: number, comm: number): void {
    this.#comms.set(tid, comm);
    if (tid === this.#tid) this.#comm = comm;
  }

  /** Takes the record at bytes [from, to); kinds that tell nothing are left alone. */
  take(kind: number, timeNs: number, cpu: number, bytes: Uint8Array, view: DataView, from: number, to: number): void {
    const { record } = this.#kernel;
    record.timeNs = timeNs;
    record.cpu = cpu;
    const misc = view.getUint16(from + 4, this.#little);
    if (kind === Kind.comm && from + 17 <= to) this.#named(misc, bytes, view, from, to);
    else if (kind === Kind.fork && from + 24 <= to) this.#forked(view, from);
    else if (kind === Kind.exit && from + 24 <= to)
      this.#tell(EXIT, this.#i32(view, from + 8), this.#i32(view, from + 16), []);
    else if (kind === Kind.mmap2 && from + 73 <= to && (misc & BUILD_ID) === 0) this.#mapped(bytes, view, from, to);
  }

  /** Interned words by bits of protection, then sharing. */
  readonly #rights: (number | undefined)[] = [];

  /** pid, tid, name. */
  #named(misc: number, bytes: Uint8Array, view: DataView, from: number, to: number): void {
    const tid = this.#i32(view, from + 12);
    this.#name(tid, this.#word(bytes, from + 16, to));
    this.#tell(COMM, this.#i32(view, from + 8), tid, [(misc & EXEC) !== 0 ? 1 : 0]);
  }

  /** pid, ppid, tid, ptid: a new task has the name of the one that made it. */
  #forked(view: DataView, from: number): void {
    const [pid, parentPid, tid, parentTid] = [8, 12, 16, 20].map((at) => this.#i32(view, from + at)) as [
      number,
      number,
      number,
      number,
    ];
    if (parentTid >= 0) this.#name(tid, this.comm(parentTid));
    this.#tell(FORK, parentPid, parentTid, [pid, tid]);
  }

  /** pid, tid, addr, len, pgoff, major, minor, inode, its generation, prot, flags, path. */
  #mapped(bytes: Uint8Array, view: DataView, from: number, to: number): void {
    const prot = view.getUint32(from + 64, this.#little) & 7;
    const shared = (view.getUint32(from + 68, this.#little) & MAP_SHARED) !== 0;
    const rights = prot * 2 + (shared ? 1 : 0);
    this.#rights[rights] ??= this.#kernel.words.text(rightsText(prot, shared));
    this.#tell(MMAP, this.#i32(view, from + 8), this.#i32(view, from + 12), [
      this.#u64(view, from + 16),
      this.#u64(view, from + 24),
      this.#u64(view, from + 32),
      view.getUint32(from + 40, this.#little) * 1048576 + view.getUint32(from + 44, this.#little),
      this.#u64(view, from + 48),
      this.#rights[rights]!,
      this.#word(bytes, from + 72, to),
    ]);
  }

  #tell(event: number, pid: number, tid: number, values: readonly number[]): void {
    // The kernel's own mappings have no task.
    if (event < 0 || pid < 0 || tid < 0) return;
    const { record } = this.#kernel;
    record.event = event;
    record.pid = pid;
    record.tid = tid;
    record.comm = this.comm(tid);
    const { v, arrays } = record;
    for (let i = 0; i < v.length; i++) v[i] = i < values.length ? values[i]! : Number.NaN;
    if (arrays.length > 0) arrays.length = 0;
    this.#kernel.take();
    // Who reads samples knows only of the places that it filled itself.
    for (let i = 0; i < values.length; i++) v[i] = Number.NaN;
  }

  #word(bytes: Uint8Array, from: number, to: number): number {
    const zero = bytes.indexOf(0, from);
    return this.#kernel.words.bytes(bytes, from, zero < 0 || zero > to ? to : zero);
  }

  #i32(view: DataView, at: number): number {
    return view.getInt32(at, this.#little);
  }

  #u64(view: DataView, at: number): number {
    const little = this.#little;
    return view.getUint32(little ? at + 4 : at, little) * WORD + view.getUint32(little ? at : at + 4, little);
  }
}

const rightsText = (prot: number, shared: boolean): string =>
  `${prot & 1 ? 'r' : '-'}${prot & 2 ? 'w' : '-'}${prot & 4 ? 'x' : '-'}${shared ? 's' : 'p'}`;

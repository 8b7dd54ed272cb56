// Who is who in an strace: processes and threads by the calls that make them, their names and working directories.
import { kernelEvent } from '../model/kernel-events.js';
import type { Actor, KernelLines } from './kernel-lines.js';
import { StraceLinks } from './strace-links.js';

const FORK = kernelEvent('note_fork');

const CLONE_FILES = /\bCLONE_FILES\b/;
const CLONE_THREAD = /\bCLONE_THREAD\b/;
/** With -X raw the flags are a number. */
const flagsIn = (text: string): number => Number(/\bflags=(0x[\da-f]+)/.exec(text)?.[1] ?? 0);
const isThread = (text: string): boolean => CLONE_THREAD.test(text) || (flagsIn(text) & 0x10000) !== 0;
const sharesFiles = (text: string): boolean => CLONE_FILES.test(text) || (flagsIn(text) & 0x400) !== 0;

/** From where paths count; threads of a process have one together. */
interface Place {
  /** Working directory, from the root of strace; '' while not known. */
  cwd: string;
  /** What chroot made the root of; '' where it did not. */
  root: string;
  /** Paths of what was opened, where no -y tells them of each descriptor. */
  readonly opened: Map<number, string>;
  /** Of all together. */
  readonly links: StraceLinks;
}

interface Task {
  readonly pid: number;
  name: string;
  readonly place: Place;
}

export class StraceTasks {
  readonly links = new StraceLinks();
  readonly #lines: KernelLines;
  readonly #tasks = new Map<number, Task>();
  /** Calls under way that make a task: by caller, their text. The child may act before they return. */
  readonly #making = new Map<number, string>();
  readonly #made = new Set<number>();
  /** Tasks that were made and have not acted: strace is not attached to them yet. */
  readonly #waiting = new Set<number>();
  /** By caller, the child that was met before the call returned, and may have ended before it does. */
  readonly #early = new Map<number, number>();

  constructor(lines: KernelLines) {
    this.#lines = lines;
  }

  /** A task's line: one that is new while a clone is under way is its child. */
  meet(tid: number, name: string, timeNs: number): void {
    this.#waiting.delete(tid);
    const known = this.#tasks.get(tid);
    if (known === undefined) {
      const [maker] = this.#making;
      if (maker !== undefined) {
        this.made(maker[0], tid, maker[1], timeNs);
        this.#waiting.delete(tid);
        this.#early.set(maker[0], tid);
      } else this.#tasks.set(tid, { pid: tid, name, place: this.#nowhere() });
    }
    if (name !== '') this.rename(tid, name);
  }

  /** The task that acts alone, or `first` where none has yet; undefined where there are more. */
  only(first: number): number | undefined {
    const acting = [...this.#tasks.keys()].filter((tid) => !this.#waiting.has(tid));
    return acting.length > 1 ? undefined : (acting[0] ?? first);
  }

  begins(tid: number, call: string, text: string, unfinished: boolean): void {
    if (unfinished && /^(v?fork|clone3?)$/.test(call)) this.#making.set(tid, text);
  }

  /** `text` holds the flags of the call. */
  made(parent: number, tid: number, text: string, timeNs: number): void {
    const early = this.#early.get(parent) === tid;
    this.#making.delete(parent);
    this.#early.delete(parent);
    if (tid <= 0 || early || this.#made.has(tid)) return;
    this.#made.add(tid);
    this.#waiting.add(tid);
    const from = this.#tasks.get(parent);
    const thread = isThread(text);
    const pid = thread ? (from?.pid ?? parent) : tid;
    const place = from?.place ?? this.#nowhere();
    const shares = sharesFiles(text);
    const own = thread ? place : { ...place, opened: shares ? place.opened : new Map(place.opened) };
    this.#tasks.set(tid, { pid, name: from?.name ?? '', place: own });
    this.#lines.begin(timeNs, 0, this.actor(parent));
    this.#lines.tell(FORK, [pid, tid, shares ? 1 : 0]);
  }

  gone(tid: number): void {
    this.#tasks.delete(tid);
    this.#made.delete(tid);
    this.#waiting.delete(tid);
    this.#making.delete(tid);
    this.#early.delete(tid);
  }

  rename(tid: number, name: string): void {
    const task = this.#tasks.get(tid);
    if (task !== undefined) task.name = name;
  }

  /** Where the paths of a task count from. */
  place(tid: number): Readonly<Place> {
    return this.#tasks.get(tid)?.place ?? this.#nowhere();
  }

  #nowhere(): Place {
    return { cwd: '', root: '', opened: new Map(), links: this.links };
  }

  setCwd(tid: number, cwd: string): void {
    const task = this.#tasks.get(tid);
    if (task !== undefined) task.place.cwd = cwd;
  }

  setRoot(tid: number, root: string): void {
    const task = this.#tasks.get(tid);
    if (task !== undefined) task.place.root = root;
  }

  /** A descriptor is of what has this path; '': of what has none, or of nothing. */
  setOpened(tid: number, fd: number, path: string): void {
    const opened = this.#tasks.get(tid)?.place.opened;
    if (path === '') opened?.delete(fd);
    else opened?.set(fd, path);
  }

  actor(tid: number): Actor {
    const task = this.#tasks.get(tid);
    return { comm: this.#lines.decoder.words.text(task?.name ?? ''), tid, pid: task?.pid ?? -1 };
  }
}

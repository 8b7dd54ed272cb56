// Files, tasks, kinds of records and operations of a trace by their numbers; all its sources share them.
import { WordTable } from '../base/words.js';
import type { RecordKind } from '../model/trace.js';
import { FileNames } from './file-names.js';

const MOST_KINDS = 0xfffe;

export class TraceNames {
  /** Paths come by the million: what assembly looks up by them, and what files are called, are the same words. */
  readonly words = new WordTable();
  readonly files = new FileNames(this.words);
  readonly tasks: { pid: number; tid: number; name: string }[] = [];
  readonly kinds: RecordKind[] = [];
  lastId = 0;
  readonly #taskIds = new Map<number, Map<number, number>>();
  readonly #typed = new Map<string, number>();
  readonly #generic = new Map<string, number>();

  /** By process and thread; the last name wins. Numbers that nothing can hold come of damage, and are none. */
  taskId(toldPid: number, toldTid: number, name: string): number {
    const pid = toldPid <= Number.MAX_SAFE_INTEGER ? toldPid : -1;
    const tid = toldTid <= Number.MAX_SAFE_INTEGER ? toldTid : -1;
    const ofProcess = this.#ofProcess(pid);
    const known = ofProcess.get(tid);
    if (known === undefined) {
      ofProcess.set(tid, this.tasks.length);
      return this.tasks.push({ pid, tid, name }) - 1;
    }
    if (name !== '') this.tasks[known]!.name = name;
    return known;
  }

  /** The task's process is told late. Where that has a thread of this number already, they stay two. */
  taskIs(task: number, pid: number): void {
    const one = this.tasks[task]!;
    const ofProcess = this.#ofProcess(pid);
    if (ofProcess.has(one.tid)) return;
    ofProcess.set(one.tid, task);
    this.#ofProcess(one.pid).delete(one.tid);
    one.pid = pid;
  }

  #ofProcess(pid: number): Map<number, number> {
    let ofProcess = this.#taskIds.get(pid);
    if (ofProcess === undefined) {
      ofProcess = new Map();
      this.#taskIds.set(pid, ofProcess);
    }
    return ofProcess;
  }

  /** Kinds beyond what the column can number are one kind, `(other)`. */
  kindId(name: string, typed: boolean): number {
    const kindIds = typed ? this.#typed : this.#generic;
    const known = kindIds.get(name);
    if (known !== undefined) return known;
    if (this.kinds.length >= MOST_KINDS && name !== '(other)') return this.kindId('(other)', typed);
    kindIds.set(name, this.kinds.length);
    return this.kinds.push({ name, typed }) - 1;
  }
}

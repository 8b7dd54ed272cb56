// Names of tasks as the kernel keeps them: a short list that newer tasks push others out of, so it is read again and again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Names } from './trace-dat.js';

export class TaskNames implements Names {
  readonly comms = new Map<number, string>();
  readonly processes = new Map<number, number>();
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** The last name of a task wins. */
  collect(): void {
    for (const [tid, name] of pairs(this.#file('saved_cmdlines'))) this.comms.set(tid, name);
    for (const [tid, pid] of pairs(this.#file('saved_tgids'))) this.processes.set(tid, Number(pid));
  }

  #file(name: string): string {
    try {
      return readFileSync(join(this.#root, name), 'utf8');
    } catch {
      // Not offered by this kernel: tasks have numbers all the same.
      return '';
    }
  }
}

function* pairs(text: string): Iterable<readonly [number, string]> {
  for (const [, tid, rest] of text.matchAll(/^(\d+) (.+)$/gm)) yield [Number(tid), rest!];
}

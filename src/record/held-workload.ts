// The workload of another recorder, held until everything was looked at, and once more when it has ended: a script that
// the other recorder starts, and files by which the two wait for each other.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quoted } from './recipes.js';

const PAUSE_MS = 10;

/** What the script says, and what it waits for. */
type Said = 'ready' | 'ended';
type Let = 'start' | 'end';

export class HeldWorkload {
  readonly #folder: string;
  /** What the other recorder starts. */
  readonly command: readonly string[];

  /** `recorder`: without it nobody would let the script go on. */
  constructor(folder: string, recorder: number, words: readonly string[]) {
    this.#folder = folder;
    const path = join(folder, 'workload.sh');
    const at = (name: Said | Let): string => quoted(join(folder, name));
    const wait = (name: Let): string =>
      `while [ ! -e ${at(name)} ]; do kill -0 ${recorder} 2>/dev/null || exit 125; sleep 0.05; done`;
    const lines = [
      'exec 3<&0',
      `: > ${at('ready')}`,
      wait('start'),
      `${words.map(quoted).join(' ')} <&3 3<&- & CHILD=$!`,
      // The other recorder ends its command so; a terminal ends both.
      'trap "kill $CHILD 2>/dev/null" TERM; trap : INT',
      'wait $CHILD; STATUS=$?',
      'while kill -0 $CHILD 2>/dev/null; do wait $CHILD; STATUS=$?; done',
      `: > ${at('ended')}`,
      wait('end'),
      'exit $STATUS',
    ];
    writeFileSync(path, `${lines.join('\n')}\n`);
    this.command = ['/bin/sh', path];
  }

  async until(said: Said): Promise<void> {
    while (!existsSync(join(this.#folder, said))) await sleep(PAUSE_MS);
  }

  let(what: Let): void {
    writeFileSync(join(this.#folder, what), '');
  }
}

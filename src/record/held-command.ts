// The command to record, started and held before its first instruction, so that its process is known to the filters first.
import { type ChildProcess, spawn } from 'node:child_process';

/** Waits for a line on descriptor 3. A recorder that dies sends none: then the command never runs. */
const HOLD = 'read -r _ <&3 || exit 125; exec 3<&-; exec "$@"';

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

export class HeldCommand {
  readonly #child: ChildProcess;
  readonly ended: Promise<Ended>;
  #alive = true;

  constructor(command: readonly string[]) {
    this.#child = spawn('/bin/sh', ['-c', HOLD, 'sh', ...command], {
      stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    });
    this.ended = new Promise((done) => {
      const end = (ended: Ended): void => {
        this.#alive = false;
        done(ended);
      };
      this.#child.on('error', () => end({ code: 127, signal: null }));
      this.#child.on('exit', (code, signal) => end({ code, signal }));
    });
    // The shell may be gone before the line comes.
    this.#gate().on('error', () => {});
  }

  /** The process the command will be; the shell that holds it replaces itself. */
  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get alive(): boolean {
    return this.#alive;
  }

  release(): void {
    this.#gate().end('go\n');
  }

  kill(signal: NodeJS.Signals): void {
    if (this.#alive) this.#child.kill(signal);
  }

  #gate(): NodeJS.WritableStream {
    return this.#child.stdio[3] as unknown as NodeJS.WritableStream;
  }
}

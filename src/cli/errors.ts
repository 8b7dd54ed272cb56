// What a failure says and the exit status it gives (command line contract).
import { UserError } from '../model/issue.js';
import type { Io } from './io.js';
import { clean } from './text.js';

export const Exit = { done: 0, gate: 1, usage: 2, damaged: 3, unsafe: 4, bug: 5, interrupted: 130 } as const;

/** The reader of our output went away (`| head`): nothing to complain about. */
export class OutputClosed extends Error {}

/** Says what went wrong on stderr; returns the exit status. */
export function explain(error: unknown, io: Io, verbose: boolean): number {
  if (error instanceof OutputClosed) return Exit.done;
  if (error instanceof UserError) {
    io.err(`sealtrace: ${lines(error.message)}\n`);
    if (verbose && error.stack !== undefined) io.err(`${lines(error.stack)}\n`);
    return error.exitCode;
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  io.err(`sealtrace: this is a bug in sealtrace: ${lines(text)}\n`);
  if (verbose && error instanceof Error) io.err(`${lines(error.stack ?? '')}\n`);
  else io.err('Please report it with the command and, if you can, the input; -v shows where it happened.\n');
  return Exit.bug;
}

const lines = (text: string): string => text.split('\n').map(clean).join('\n');

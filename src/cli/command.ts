// What a command is: its words, its options, what it does. One file per command.
import type { Io } from './io.js';
import type { Args, OptionSpec } from './options.js';
import { makeStyle, type Style } from './table.js';

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Positional arguments, in order; `...` at the end of the last means one or more. */
  readonly operands: readonly string[];
  /** How many of them may be left out. */
  readonly optional?: number;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly (readonly [string, string])[];
  /** Does the work; returns the exit status. */
  run(context: Context): Promise<number>;
}

export interface Context {
  readonly io: Io;
  readonly args: Args;
  readonly operands: readonly string[];
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Draw progress. */
  readonly draws: boolean;
  readonly style: Style;
  readonly version: string;
}

export function makeContext(io: Io, args: Args, operands: readonly string[], version: string): Context {
  const quiet = args.flag('quiet');
  return {
    io,
    args,
    operands,
    json: args.flag('json'),
    quiet,
    verbose: args.flag('verbose'),
    draws: !quiet && (args.choice('progress') ?? io.errIsTerminal),
    style: makeStyle(colored(io, args)),
    version,
  };
}

function colored(io: Io, args: Args): boolean {
  const when = args.one('color', ['auto', 'always', 'never']);
  if (when !== 'auto') return when === 'always';
  return io.outIsTerminal && (io.env.NO_COLOR ?? '') === '' && io.env.TERM !== 'dumb';
}

// The whole command line as a function: words in, exit status out.
import { readFileSync } from 'node:fs';
import { type Command, makeContext } from './command.js';
import { COMMANDS } from './commands.js';
import { namesAny } from './config.js';
import { Exit, explain } from './errors.js';
import type { Io } from './io.js';
import { parse } from './parse.js';

/** The commands whose words and options are needed to understand a command line. */
function needed(argv: readonly string[], io: Io): Promise<readonly Command[]> {
  const [first = ''] = argv;
  if (argv.length === 1 && first === '--version') return Promise.resolve([]);
  // A config file and the environment may hold options of other commands.
  const alone = Object.hasOwn(COMMANDS, first) && !namesAny(argv, io);
  const names = alone ? [first] : Object.keys(COMMANDS);
  return Promise.all(names.map((name) => COMMANDS[name]!()));
}

/** Never throws and never ends the process. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let verbose = argv.some((word) => word === '-v' || word === '--verbose');
  try {
    const version = readVersion();
    const parsed = await parse(argv, await needed(argv, io), io, version);
    if (parsed.kind === 'run') {
      const context = makeContext(io, parsed.args, parsed.operands, version);
      verbose = context.verbose;
      return await parsed.command.run(context);
    }
    if (parsed.kind === 'print') await io.out(parsed.text);
    else io.err(parsed.text);
    return parsed.kind === 'print' ? Exit.done : Exit.usage;
  } catch (error) {
    return explain(error, io, verbose);
  }
}

/** `package.json` lies two folders up, from `src/cli` as from `dist/cli`. */
function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

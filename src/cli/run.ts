// The whole command line as a function: words in, exit status out.
import { readFileSync } from 'node:fs';
import { anonymize } from './anonymize.js';
import { type Command, makeContext } from './command.js';
import { compare } from './compare.js';
import { Exit, explain } from './errors.js';
import { ingest } from './ingest.js';
import { inspect } from './inspect.js';
import type { Io } from './io.js';
import { list } from './list.js';
import { map } from './map.js';
import { parse } from './parse.js';
import { query } from './query.js';
import { replay } from './replay.js';
import { report } from './report.js';
import { synth } from './synth.js';

const commands: readonly Command[] = [ingest, inspect, replay, compare, report, query, map, synth, anonymize, list];

/** Never throws and never ends the process. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let verbose = argv.some((word) => word === '-v' || word === '--verbose');
  try {
    const version = readVersion();
    const parsed = parse(argv, commands, io, version);
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

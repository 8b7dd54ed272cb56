// `sealtrace record --print`: what to run by hand, for a machine without Node or for who wants to see first.
import { readFileSync } from 'node:fs';
import { UserError } from '../model/issue.js';
import { COMMANDS, commandText, LACKS, shellScript, type Tool } from '../record/recipes.js';
import type { RecordOptions } from '../record/recording.js';
import { bpftraceBegin, recipeFor } from '../record/via.js';
import type { Context } from './command.js';
import { clean } from './text.js';

const RECIPES = new URL('../../traces/recipes/', import.meta.url);

const OUTPUT: Readonly<Record<Tool | 'shell', string>> = {
  shell: 'run.txt',
  'trace-cmd': 'trace.dat',
  perf: 'perf.data',
  bpftrace: 'run.json',
};

export async function printRecipe(
  context: Context,
  tool: Tool | null,
  options: RecordOptions,
  out: string,
): Promise<number> {
  const { io } = context;
  if (options.pid !== null) throw new UserError('--print shows how to record a command or a time; leave --pid out');
  // A bundle is made of what these write: `sealtrace ingest`.
  const name = out.endsWith('.sealtrace') ? OUTPUT[tool ?? 'shell'] : out;
  const listener = {
    say: () => {},
    warn: (text: string) => io.err(`sealtrace: ${clean(text)}\n`),
    sized: () => {},
    live: () => {},
  };
  const recipe = recipeFor(options, { script: 'run.bt', out: name, buffer: 'sealtrace' }, listener);
  if (tool === null) await io.out(shellScript(recipe));
  else {
    const scripts = scriptNames(options).join(' ');
    const before =
      tool === 'bpftrace'
        ? `# in the folder traces/recipes of sealtrace\ncat ${scripts} > run.bt\n${await beginText(options)}`
        : '';
    await io.out(
      `# as root; ${LACKS[tool]}\n${before}${commandText(COMMANDS[tool](recipe))}\n# then: sealtrace report ${name}\n`,
    );
  }
  return 0;
}

/** How XFS numbers its blocks here, as a piece of the script. */
async function beginText(options: RecordOptions): Promise<string> {
  const begin = await bpftraceBegin(options);
  return begin === '' ? '' : `cat >> run.bt <<'END'\n${begin}END\n`;
}

const scriptNames = ({ fs }: RecordOptions): string[] => [
  'calls.bt',
  ...(fs === 'ext4' ? [] : ['xfs.bt']),
  ...(fs === 'xfs' ? [] : ['ext4.bt']),
];

/** The scripts of bpftrace for these file systems as one. */
export const scriptFor = (options: RecordOptions): string =>
  scriptNames(options)
    .map((name) => readFileSync(new URL(name, RECIPES), 'utf8'))
    .join('\n');

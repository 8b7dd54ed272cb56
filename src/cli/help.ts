// The texts of --help, laid out by yargs.
import yargs, { type Argv, type Options as YargsOptions } from 'yargs';
import type { Command } from './command.js';
import type { Io } from './io.js';
import { EVERYWHERE, type OptionSpec } from './options.js';

export function generalHelp(commands: readonly Command[], io: Io): string {
  const parser = bare().usage(
    'Usage: sealtrace COMMAND ...\n\nReplays recorded faults and DMA under block-map seal policies.',
  );
  for (const { name, summary } of commands) parser.command(name, summary);
  const texts = commands.flatMap(({ examples }) => examples.slice(0, 1));
  return finished(withExamples(parser.options(yargsOptions(EVERYWHERE)), texts), io);
}

export function commandHelp({ name, summary, operands, optional = 0, options, examples }: Command, io: Io): string {
  const words = operands.map((word, i) => (i >= operands.length - optional ? `[${word}]` : word));
  const usage = ['Usage: sealtrace', name, ...words, '[options]'].join(' ');
  const parser = bare().usage(`${usage}\n\n${summary[0]!.toUpperCase()}${summary.slice(1)}.`);
  return finished(withExamples(parser.options(yargsOptions({ ...options, ...EVERYWHERE })), examples), io);
}

const withExamples = (parser: Argv, examples: readonly (readonly [string, string])[]): Argv =>
  parser.example(examples.map(([command, text]): [string, string] => [command, text]));

function finished(parser: Argv, io: Io): string {
  let text = '';
  parser.wrap(Math.min(100, io.columns)).showHelp((help) => {
    text = help;
  });
  return `${text}\n`;
}

const bare = (): Argv => yargs([]).scriptName('sealtrace').locale('en').exitProcess(false).help(false).version(false);

function yargsOptions(specs: Readonly<Record<string, OptionSpec>>): Record<string, YargsOptions> {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { kind, short, text, fallback }]) => [
      name,
      {
        type: kind === 'flag' ? 'boolean' : 'string',
        array: kind === 'list',
        describe: text,
        ...(short === undefined ? {} : { alias: short }),
        ...(fallback === undefined ? {} : { defaultDescription: fallback }),
        group: Object.hasOwn(EVERYWHERE, name) ? 'Everywhere:' : 'Options:',
      } satisfies YargsOptions,
    ]),
  );
}

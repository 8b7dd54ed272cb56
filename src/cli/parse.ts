// A command line into a command with checked values, or into a text to print (help, version). yargs-parser splits; what is
// not allowed is found here, so that every message says what to do next.

import yargsParser, { type Options } from 'yargs-parser';
import { suggestion } from '../base/nearest.js';
import { UserError } from '../model/issue.js';
import type { Command } from './command.js';
import { fromEnvironment, fromFile, type Values } from './config.js';
import type { Io } from './io.js';
import { Args, EVERYWHERE, type OptionSpec } from './options.js';
import { toJson } from './text.js';

export type Parsed =
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'run'; readonly command: Command; readonly args: Args; readonly operands: readonly string[] };

type Specs = Readonly<Record<string, OptionSpec>>;

export async function parse(
  argv: readonly string[],
  commands: readonly Command[],
  io: Io,
  version: string,
): Promise<Parsed> {
  const all = Object.assign({}, EVERYWHERE, ...commands.map((command) => command.options)) as Specs;
  const first = split(argv, all);
  const word = first.operands[0];
  const command = commands.find(({ name }) => name === word);
  if (first.values.version === true) return { kind: 'print', text: `${version}\n` };
  if (command === undefined) {
    if (first.values.help === true || word === 'help') return { kind: 'print', text: await generalHelp(commands, io) };
    refuseUnknown(first.values, all, 'sealtrace');
    if (word === undefined) return { kind: 'help', text: await generalHelp(commands, io) };
    const names = commands.map(({ name }) => name);
    throw new UserError(
      `unknown command "${word}"${suggestion(word, names)}; expected one of ${names.join(', ')}. Try sealtrace --help`,
    );
  }
  const options: Specs = { ...command.options, ...EVERYWHERE };
  const { values, operands } = split(argv, options);
  if (values.help === true) return { kind: 'print', text: await commandHelp(command, io) };
  refuseUnknown(values, options, `sealtrace ${command.name}`);
  const layers = layered(argv, options, all, io);
  if (layers['print-config'] === true) return { kind: 'print', text: printed(layers, options) };
  return { kind: 'run', command, args: new Args(layers), operands: checkOperands(command, operands.slice(1)) };
}

/** What the words say, given these options; nothing is refused yet. */
function split(argv: readonly string[], specs: Specs, defaults: Values = {}): { values: Values; operands: string[] } {
  const named = (kind: OptionSpec['kind']): string[] => Object.keys(specs).filter((name) => specs[name]!.kind === kind);
  const shorts = Object.entries(specs).flatMap(([name, { short }]) => (short === undefined ? [] : [[name, short]]));
  const options: Options & { readonly configObjects: readonly Values[] } = {
    boolean: named('flag'),
    string: [...named('text'), ...named('list')],
    array: named('list'),
    alias: Object.fromEntries(shorts) as Record<string, string>,
    configObjects: [defaults],
    configuration: {
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'strip-aliased': true,
      'greedy-arrays': false,
    },
  };
  const { error, argv: found } = yargsParser.detailed([...argv], options);
  if (error !== null) throw new UserError(error.message);
  const { _: operands, ...values } = found;
  return { values, operands: operands.map(String) };
}

function refuseUnknown(values: Values, specs: Specs, where: string): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(specs, name)) {
      const option = name.length === 1 ? `-${name}` : `--${name}`;
      throw new UserError(
        `unknown option ${option}${suggestion(name, Object.keys(specs), '--')}; ${where} --help lists them`,
      );
    }
    const { kind } = specs[name]!;
    if (kind === 'text' && Array.isArray(value))
      throw new UserError(`--${name} was given ${value.length} times (${value.join(', ')}); give it once`);
    if (kind !== 'flag' && (value === '' || (Array.isArray(value) && value.includes(''))))
      throw new UserError(`--${name} needs a value; ${where} --help shows which`);
  }
}

/** Flag > environment > file > default. */
function layered(argv: readonly string[], options: Specs, all: Specs, io: Io): Values {
  const environment = fromEnvironment(io, options, all);
  const path = split(argv, options, environment).values.config;
  const file = typeof path === 'string' ? fromFile(path, options, all) : {};
  const defaults = Object.entries(options).flatMap(([name, { fallback }]) =>
    fallback === undefined ? [] : [[name, fallback] as const],
  );
  return split(argv, options, { ...Object.fromEntries(defaults), ...file, ...environment }).values;
}

/** The options as a config file would hold them. */
function printed(values: Values, options: Specs): string {
  const skipped = new Set(['config', 'print-config', 'help', 'version']);
  const kept = Object.keys(options).filter((name) => !skipped.has(name) && values[name] !== undefined);
  return toJson(Object.fromEntries(kept.sort().map((name) => [name, values[name]])));
}

// yargs measures terminals and costs as much as starting the program: it is loaded to explain only.
const generalHelp = async (commands: readonly Command[], io: Io): Promise<string> =>
  (await import('./help.js')).generalHelp(commands, io);
const commandHelp = async (command: Command, io: Io): Promise<string> =>
  (await import('./help.js')).commandHelp(command, io);

function checkOperands(
  { name, operands, optional = 0, examples }: Command,
  given: readonly string[],
): readonly string[] {
  const many = operands.at(-1)?.endsWith('...') === true;
  const least = operands.length - optional;
  const example = examples[0] === undefined ? '' : `, for example: ${examples[0][0]}`;
  if (given.length < least)
    throw new UserError(`${name} needs ${operands.slice(given.length, least).join(' and ')}${example}`);
  if (!many && given.length > operands.length) {
    const extra = given.slice(operands.length).map((word) => `"${word}"`);
    throw new UserError(
      `${name} takes ${operands.join(' ') || 'nothing'}, found ${extra.join(', ')} as well${example}`,
    );
  }
  return given;
}

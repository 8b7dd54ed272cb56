// Values for options from the environment (SEALTRACE_SEAL_RULE) and from a JSON file: flag > environment > file > default.

import { readFileSync } from 'node:fs';
import { suggestion } from '../base/nearest.js';
import { UserError } from '../model/issue.js';
import type { Io } from './io.js';
import type { OptionSpec } from './options.js';

type Options = Readonly<Record<string, OptionSpec>>;
export type Values = Readonly<Record<string, unknown>>;

const PREFIX = 'SEALTRACE_';
/** Options that make no sense in a file or in the environment. */
const FLAGS_ONLY = new Set(['help', 'version', 'print-config']);

/** Does the command line or the environment bring values from elsewhere? */
export const namesAny = (argv: readonly string[], io: Io): boolean =>
  argv.some((word) => word.startsWith('--config')) || Object.keys(io.env).some((key) => key.startsWith(PREFIX));

/** `all`: the options of every command. Those the command at hand does not have are left out. */
export function fromEnvironment(io: Io, options: Options, all: Options): Values {
  const values: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(io.env)) {
    if (!key.startsWith(PREFIX) || text === undefined) continue;
    const name = key.slice(PREFIX.length).toLowerCase().replaceAll('_', '-');
    const known = Object.hasOwn(all, name) && !FLAGS_ONLY.has(name);
    if (!known) io.err(`sealtrace: warning: ${key} names no option and is ignored\n`);
    else if (Object.hasOwn(options, name)) values[name] = checked(key, options[name]!, text);
  }
  return values;
}

export function fromFile(path: string, options: Options, all: Options): Values {
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(readObject(path))) {
    const name = key.replaceAll('_', '-');
    if (!Object.hasOwn(all, name) || FLAGS_ONLY.has(name) || name === 'config')
      throw new UserError(`${path}: "${key}" is no option${suggestion(name, Object.keys(all))}`);
    if (Object.hasOwn(options, name)) values[name] = checked(`${path}: "${key}"`, options[name]!, value);
  }
  return values;
}

function readObject(path: string): Values {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read the config file ${path}: ${error instanceof Error ? error.message : ''}`);
  }
  const value = parsed(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Values;
  throw new UserError(`${path}: expected a JSON object such as {"seal-rule": "mapped"}, found something else`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function checked(where: string, { kind, commas }: OptionSpec, value: unknown): unknown {
  if (kind === 'flag') {
    if (value === true || value === 'true' || value === '1') return true;
    if (value === false || value === 'false' || value === '0') return false;
    throw new UserError(`${where} is ${JSON.stringify(value)}; expected true or false`);
  }
  if (kind === 'list') return listOf(where, value, commas === true);
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw new UserError(`${where} is ${JSON.stringify(value)}; expected a text or a number`);
}

/** A list of texts, one text, or an object of KEY: VALUE. */
function listOf(where: string, value: unknown, commas: boolean): readonly string[] {
  if (typeof value === 'string') return commas ? [value] : value.split(',').map((part) => part.trim());
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.entries(value).map(([key, part]) => `${key}=${String(part)}`);
  throw new UserError(`${where} is ${JSON.stringify(value)}; expected a list of KEY=VALUE`);
}

// Values of parameters: written with units, checked against their ranges, defaults filled in.
import { UserError } from '../../model/issue.js';
import type { Parameter, Values } from './workload.js';

const SUFFIXES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  s: { '': 1, s: 1, ms: 1e-3, us: 1e-6, ns: 1e-9, min: 60 },
  bytes: { '': 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 },
  '/s': { '': 1, '/s': 1, '/min': 1 / 60 },
  share: { '': 1, '%': 0.01 },
};

/** All parameters with their values: given (as text) or default. `where` begins a message. */
export function parameterValues(
  where: string,
  parameters: readonly Parameter[],
  given: Readonly<Record<string, string>>,
): Values {
  for (const key of Object.keys(given)) {
    if (parameters.some((one) => one.key === key)) continue;
    const names = parameters.map((one) => one.key).join(', ');
    throw new UserError(`${where} has no parameter "${key}"; expected ${names}`);
  }
  return Object.fromEntries(
    parameters.map((one) => [
      one.key,
      Object.hasOwn(given, one.key) ? checked(where, one, given[one.key]!) : one.fallback,
    ]),
  );
}

function checked(where: string, parameter: Parameter, text: string): number {
  const parts = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([A-Za-z%/]*)$/.exec(text.trim());
  const factor = parts === null ? undefined : (SUFFIXES[parameter.unit] ?? { '': 1 })[parts[2]!];
  const value = parts === null || factor === undefined ? Number.NaN : Number(parts[1]) * factor;
  const fits = value >= parameter.least && value <= parameter.most && (!parameter.whole || Number.isInteger(value));
  if (fits) return value;
  throw new UserError(`${where}: parameter "${parameter.key}" is "${text}"; expected ${expected(parameter)}`);
}

function expected(parameter: Parameter): string {
  const { whole, fallback, text } = parameter;
  return `${whole ? 'a whole number' : 'a number'} from ${rangeText(parameter)} (${text}; default ${fallback})`;
}

/** `0.01 to 10 s`. */
export function rangeText({ least, most, unit }: Parameter): string {
  return `${least} to ${most}${unit === '' ? '' : ` ${unit}`}`;
}

type Rest = Partial<Pick<Parameter, 'distribution' | 'source' | 'whole'>>;

/** `range` is inclusive. */
export function parameter(
  key: string,
  fallback: number,
  unit: string,
  range: readonly [number, number],
  text: string,
  { distribution = 'constant', source = 'guess', whole = false }: Rest = {},
): Parameter {
  return { key, fallback, unit, least: range[0], most: range[1], whole, text, distribution, source };
}

/** The same parameters with other defaults. */
export function withDefaults(parameters: readonly Parameter[], defaults: Values): readonly Parameter[] {
  for (const key of Object.keys(defaults))
    if (!parameters.some((one) => one.key === key)) throw new Error(`no parameter "${key}"`);
  return parameters.map((one) => ({ ...one, fallback: defaults[one.key] ?? one.fallback }));
}

/** A workload made of parts refuses a key that two parts use differently. */
export function joined(...lists: readonly (readonly Parameter[])[]): readonly Parameter[] {
  const all = lists.flat();
  const twice = all.find((one, i) => all.findIndex(({ key }) => key === one.key) < i);
  if (twice !== undefined) throw new Error(`parameter "${twice.key}" is defined twice`);
  return all;
}

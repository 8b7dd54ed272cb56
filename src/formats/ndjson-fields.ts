// Checked reading of one JSON object: the first key of a wrong type or value becomes the `fault`, in words.
import { ERRNO } from '../model/policy.js';
import { UNKNOWN, UNKNOWN_RESULT } from '../model/units.js';

export type Json = Readonly<Record<string, unknown>>;
const MOST = Number.MAX_SAFE_INTEGER;
const MOST_32 = 2 ** 31 - 1;

export class Fields {
  readonly json: Json;
  readonly #prefix: string;
  fault = '';

  constructor(json: Json, prefix = '') {
    this.json = json;
    this.#prefix = prefix;
  }

  expect(key: string, expected: string): void {
    if (this.fault === '')
      this.fault = `expected "${this.#prefix}${key}" to be ${expected}, found ${shown(this.json[key])}`;
  }

  /** undefined when the key is missing, null when its value is. */
  integer(key: string, least = 0, most = MOST): number | null | undefined {
    const value = this.json[key];
    if (value === undefined || value === null) return value;
    // Adding 0 turns a JSON -0 into 0.
    if (isInteger(value) && value >= least && value <= most) return value + 0;
    this.expect(key, least < 0 ? 'an integer' : `an integer from ${least} to ${most}`);
    return undefined;
  }

  /** Process and thread numbers. */
  pid(key: string): number | null | undefined {
    return this.integer(key, -MOST_32 - 1, MOST_32);
  }

  /** A quantity; UNKNOWN when it is missing, null or -1. */
  amount(key: string): number {
    return this.json[key] === UNKNOWN ? UNKNOWN : (this.integer(key) ?? UNKNOWN);
  }

  /** '' when missing. */
  text(key: string): string {
    const value = this.json[key];
    if (value === undefined || value === null) return '';
    if (typeof value === 'string') return value;
    this.expect(key, 'a string');
    return '';
  }

  /** A name that may look like a number. */
  word(key: string): string {
    const value = this.json[key];
    return isInteger(value) && value >= 0 ? String(value) : this.text(key);
  }

  /** One of these words; the fallback when missing. */
  choice(key: string, choices: ReadonlyMap<unknown, number>, fallback: number): number {
    const value = this.json[key];
    if (value === undefined || value === null) return fallback;
    const found = choices.get(value);
    if (found === undefined) this.expect(key, `one of ${[...choices.keys()].join(', ')}`);
    return found ?? fallback;
  }

  /** 0 or a negative errno, by number or as `"-ENAME"`; a positive return value (bytes read) is success. */
  result(key: string): number {
    const value = this.json[key];
    if (value === undefined || value === null) return UNKNOWN_RESULT;
    if (isInteger(value) && value >= -32768) return Math.min(0, value) + 0;
    const name = typeof value === 'string' ? /^-(E(\d{1,5})|[A-Z][A-Z0-9_]*)$/.exec(value) : null;
    if (name?.[2] !== undefined && Number(name[2]) <= 32768) return 0 - Number(name[2]);
    if (name !== null && Object.hasOwn(ERRNO, name[1]!)) return 0 - ERRNO[name[1]!]!;
    this.expect(key, '0, a negative number or an errno such as "-ETXTBSY"');
    return UNKNOWN_RESULT;
  }

  /** The keys that are not known, as JSON text; '' when there are none. */
  others(isKnown: (key: string) => boolean): string {
    let text = '';
    for (const key of Object.keys(this.json)) {
      if (isKnown(key)) continue;
      const value = safely(() => JSON.stringify(this.json[key]), '');
      if (value === '') this.expect(key, 'nested less deeply');
      text += `${text === '' ? '{' : ','}${JSON.stringify(key)}:${value}`;
    }
    return text === '' ? '' : `${text}}`;
  }
}

/** A value as a short text, for messages. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'number' ? String(value) : safely(() => JSON.stringify(value), 'a value');
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The object that a line holds; null when it is none. */
export function parse(text: string): Json | null {
  const value: unknown = safely(() => JSON.parse(text), null);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

/** What `make` gives; `otherwise` where it throws: not JSON, or nested too deeply to be written. */
export function safely<T>(make: () => T, otherwise: T): T {
  try {
    return make();
  } catch {
    return otherwise;
  }
}

export function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

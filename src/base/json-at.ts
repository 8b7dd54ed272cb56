// A place in a JSON document, which knows its path: what is asked of it is there and as it must be, or a message says so.
import { UserError } from '../model/issue.js';

/** What is shown of a wrong value at most. */
const MOST_SHOWN = 60;

/** The whole of a document; `name` is the file it is in. */
export function documentAt(name: string, text: string): At {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${name} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return new At(name, '$', json);
}

export class At {
  readonly value: unknown;
  readonly #name: string;
  readonly #path: string;

  /** `name`: of the document; `path`: `$.roles[3].gap`. */
  constructor(name: string, path: string, value: unknown) {
    this.#name = name;
    this.#path = path;
    this.value = value;
  }

  wrong(expected: string, found: string = shown(this.value)): UserError {
    return new UserError(`${this.#name}: ${this.#path} is ${found}; expected ${expected}`);
  }

  /** A key of an object; where it is missing its value is undefined, which nothing accepts. */
  get(key: string): At {
    return new At(this.#name, `${this.#path}.${key}`, this.#entry(key));
  }

  #entry(key: string): unknown {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.wrong('an object');
    return Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
  }

  item(place: number): At {
    return new At(this.#name, `${this.#path}[${place}]`, (this.value as readonly unknown[])[place]);
  }

  list<T>(most: number, read: (one: At) => T): T[] {
    const { value } = this;
    if (!Array.isArray(value)) throw this.wrong('a list');
    if (value.length > most) throw this.wrong(`a list of ${most} at most`, `one of ${value.length}`);
    return value.map((_, place) => read(this.item(place)));
  }

  /** A list that is not empty. */
  some<T>(most: number, read: (one: At) => T): T[] {
    const found = this.list(most, read);
    if (found.length === 0) throw this.wrong('a list of one or more', 'an empty one');
    return found;
  }

  has(key: string): boolean {
    return this.#entry(key) !== undefined;
  }

  each<T>(read: (one: At, key: string) => T): Record<string, T> {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.wrong('an object');
    return Object.fromEntries(Object.keys(value).map((key) => [key, read(this.get(key), key)]));
  }

  /** `why` follows the range in a message. */
  number(least: number, most: number, why = ''): number {
    const { value } = this;
    if (typeof value === 'number' && value >= least && value <= most) return value;
    throw this.wrong(`${rangeText('a number', least, most)}${why === '' ? '' : ` (${why})`}`);
  }

  whole(least: number, most: number): number {
    const { value } = this;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw this.wrong(rangeText('a whole number', least, most));
  }

  text(most: number): string {
    const { value } = this;
    if (typeof value === 'string' && value.length <= most) return value;
    throw this.wrong(`a text of ${most} characters at most`);
  }

  flag(): boolean {
    if (typeof this.value === 'boolean') return this.value;
    throw this.wrong('true or false');
  }

  oneOf<T extends string>(names: readonly T[]): T {
    const found = names.find((name) => name === this.value);
    if (found !== undefined) return found;
    throw this.wrong(names.length > 20 ? `a name such as "${names[1]}"` : `one of ${names.map(shown).join(', ')}`);
  }
}

function rangeText(what: string, least: number, most: number): string {
  if (least === Number.MIN_VALUE) return `${what} above 0, up to ${most}`;
  return `${what} from ${least} to ${most}`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text;
}

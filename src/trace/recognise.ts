// Which format an input is in, by its first bytes; and what to say when it is in none.
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import * as registry from '../formats/index.js';
import { UserError } from '../model/issue.js';
import type { Format } from '../model/trace.js';

export const formats: readonly Format[] = Object.values(registry);

/** Exit status of an input that cannot be used. */
const DAMAGED = 3;

/** The format called `name`. */
export function formatNamed(name: string): Format {
  const found = formats.find((format) => format.name === name);
  if (found !== undefined) return found;
  throw new UserError(`unknown format "${printable(name)}"; expected one of ${names()}`);
}

/** Can lines of a source in this format be shown? */
export const hasLines = (name: string): boolean => formats.find((format) => format.name === name)?.binary !== true;

/** The formats of inputs that are read together, and why one has none; what the user knows better: the format, or what the columns of a table are. Throws where none has one. */
export function recogniseAll(
  inputs: readonly Beginning[],
  given: Format | null,
  isMapped: boolean,
): readonly (Format | UserError)[] {
  // Where nothing happened, as on a CPU of many, a recorder leaves an empty file beside the others.
  const isPart = (format: Format, name: string): boolean =>
    format.partNames?.test(name) === true && inputs.some(({ head }) => head.length > 0 && format.sniff(head));
  const found = inputs.map((input) => {
    const isEmpty = input.head.length === 0 && input.damage === '';
    const whole = isEmpty ? formats.find((format) => isPart(format, input.name)) : undefined;
    return whole ?? recognise(input, given, isMapped);
  });
  const [first] = found;
  if (first instanceof UserError && found.every((one) => one instanceof UserError)) throw first;
  return found;
}

/** An input's name, its first bytes, and what is wrong with its packing as far as them. */
interface Beginning {
  readonly name: string;
  readonly head: Uint8Array;
  readonly damage: string;
}

/** The files of a recording that is a folder of them, by name; the path itself for whatever else stands there. */
export function filesOf(path: string): readonly string[] {
  if (path === '-' || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path];
  const names = readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  const parts = formats.flatMap(({ partNames }) => names.filter((name) => partNames?.test(name) === true));
  return parts.length === 0 ? [path] : parts.sort(byNumbers).map((name) => join(path, name));
}

const { compare: byNumbers } = new Intl.Collator('en', { numeric: true });

/** Other files, not empty, of the recording that `path` is a part of, which are not among those given; by name. */
export function partsBeside(path: string, { partNames }: Format, given: readonly string[]): readonly string[] {
  const name = basename(path);
  const whole = partNames === undefined ? name : name.replace(partNames, '');
  if (partNames === undefined || whole === name) return [];
  const places = new Set(given.map((one) => resolve(one)));
  return readdirSync(dirname(path), { withFileTypes: true })
    .filter((entry) => entry.isFile() && partNames.test(entry.name) && entry.name.replace(partNames, '') === whole)
    .map((entry) => entry.name)
    .filter((other) => {
      const place = resolve(dirname(path), other);
      return !places.has(place) && statSync(place).size > 0;
    })
    .sort(byNumbers);
}

/** The format of an input that begins with `head`; `given` where the user knows better. */
function recognise({ name, head, damage }: Beginning, given: Format | null, isMapped: boolean): Format | UserError {
  const byMap = (): Format | undefined =>
    isMapped && textOf(head) !== null ? formats.find((format) => format.sniffMapped?.(head) === true) : undefined;
  const found = given ?? formats.find((format) => format.sniff(head)) ?? byMap();
  if (found !== undefined && head.length > 0) return found;
  if (head.length === 0 && damage !== '') return new UserError(`${name}: ${damage}`, DAMAGED);
  return new UserError(`${name}: expected ${expected()}, found ${findings(head)}; ${advice(head)}`, DAMAGED);
}

const names = (): string => formats.map((format) => format.name).join(', ');
const expected = (): string => `a recording (${names()})`;

function findings(head: Uint8Array): string {
  if (head.length === 0) return 'nothing: the input is empty';
  const text = textOf(head);
  if (text === null) return `binary data (first bytes ${hex(head)})`;
  const line = text.split('\n').find((one) => one.trim() !== '');
  return line === undefined ? 'blank text' : `text that is no trace, beginning "${printable(line.trim(), 60)}"`;
}

function advice(head: Uint8Array): string {
  if (head.length === 0) return 'was the recording stopped before it was written? Record again, or check the path';
  const known = formats.map((format) => format.advice?.(head) ?? '').find((text) => text !== '');
  if (known !== undefined) return known;
  return '"sealtrace list formats" shows what can be read; if it is one of them, name it with --from FORMAT';
}

/** Null when the bytes are no text. */
function textOf(head: Uint8Array): string | null {
  const text = new TextDecoder().decode(head);
  // A cut character at the end of the head is no sign of anything.
  const body = text.replace(/\ufffd$/, '');
  return CONTROL.test(body) || body.includes('\ufffd') ? null : body;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control bytes are what tells binary data from text
const CONTROL = /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/;

const hex = (head: Uint8Array): string =>
  Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ');

/** Text that can do nothing to a terminal: everything but printable ASCII is written as an escape. */
function printable(text: string, most = 40): string {
  const cut = text.length > most ? `${text.slice(0, most)}...` : text;
  return cut.replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

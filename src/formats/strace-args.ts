// The arguments of a call as strace prints them: split, and read as numbers, paths and decorated descriptors.
import { ERRNO } from '../model/errno.js';
import { CONSTANTS } from './strace-constants.js';

export interface Arguments {
  readonly list: readonly string[];
  /** Place behind the closing parenthesis, or -1 when there is none. */
  readonly end: number;
}

const QUOTE = 34;
const COMMA = 44;
const SLASH = 47;
const STAR = 42;
const LESS = 60;
const BACKSLASH = 92;
const OPENING = Uint8Array.from({ length: 128 }, (_, code) => ('([{'.includes(String.fromCharCode(code)) ? 1 : 0));
const CLOSING = Uint8Array.from({ length: 128 }, (_, code) => (')]}'.includes(String.fromCharCode(code)) ? 1 : 0));

/** Splits at the commas of the outermost level; `from` stands behind the opening parenthesis. */
export function splitArguments(text: string, from: number): Arguments {
  const list: string[] = [];
  let depth = 0;
  let begin = from;
  let i = from;
  for (; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === QUOTE) i = endOfString(text, i);
    else if (char === SLASH && text.charCodeAt(i + 1) === STAR) i = endOf(text, '*/', i) + 1;
    else if (char === LESS && isDecoration(text, i)) i = endOfDecoration(text, i);
    else if (OPENING[char] === 1) depth++;
    else if (CLOSING[char] === 1 && --depth < 0) break;
    else if (char === COMMA && depth === 0) {
      list.push(text.slice(begin, i).trim());
      begin = i + 1;
    }
  }
  const last = text.slice(begin, i).trim();
  if (last !== '' || list.length > 0) list.push(last);
  return { list, end: i < text.length ? i + 1 : -1 };
}

function endOf(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from);
  return at < 0 ? text.length : at;
}

function endOfString(text: string, from: number): number {
  let i = from + 1;
  for (let char = text.charCodeAt(i); i < text.length && char !== QUOTE; char = text.charCodeAt(i))
    i += char === BACKSLASH ? 2 : 1;
  return i;
}

/** `3<...>`, `AT_FDCWD<...>` and, of -X verbose, a constant of which a comment tells the name; a path holds neither `<` nor `>`, which are printed as escapes. */
const isDecoration = (text: string, at: number): boolean => /[\dD/]/.test(text[at - 1] ?? '') && text[at + 1] !== '<';

function endOfDecoration(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const char = text[i];
    // A path escapes its own quotes; those of a socket's name are around it.
    if (char === '\\') i++;
    else if (char === '"') i = endOfString(text, i);
    else if (char === '<') depth++;
    // An arrow stands between the two ends of a socket.
    else if (char === '>' && text[i - 1] !== '-' && --depth === 0) return i;
  }
  return text.length;
}

/** A descriptor with what strace says it is. */
export interface Decorated {
  readonly fd: number;
  readonly path: string;
  /** Device number of a block device, else NaN. */
  readonly device: number;
}

/**
 * `4</path>`, `4</path>(deleted)`, `4</dev/sda<block 8:0>>`, with -xx `4<\x2f\x70..>`; null for what is no file: pipes,
 * sockets, terminals.
 */
export function decorated(argument: string): Decorated | null {
  const match = /^(-?\d+|AT_FDCWD)(?: \/\* AT_FDCWD \*\/)?<((?:\/|\\x2f).*)>(\(deleted\))?$/s.exec(argument);
  if (match === null) return null;
  const [, fd, inner, deleted] = match as unknown as [string, string, string, string?];
  const special = /^(.*)<(char|block) (\d+):(\d+)>$/s.exec(inner);
  if (special?.[2] === 'char') return null;
  return {
    fd: fd === 'AT_FDCWD' ? CONSTANTS.get(fd)! : Number(fd),
    path: unescaped(special?.[1] ?? inner) + (deleted === undefined ? '' : ' (deleted)'),
    device: special === null ? Number.NaN : Number(special[3]) * 1048576 + Number(special[4]),
  };
}

/** A descriptor that `decorated` knows to be of no file: `5<pipe:[12]>`, `0</dev/pts/0<char 136:0>>`. */
export const isOfNoFile = (argument: string): boolean => /^\d+<(?:[^/\\]|.*<char \d+:\d+>>$)/s.test(argument);

/** A result without what explains it: `3</a (1)>`, `0x7f00`, `-1` of `-1 ENOENT (No such file or directory)`. */
export function resultAlone(shown: string): string {
  if (digits(shown) >= 0) return shown;
  const at = shown.indexOf('<');
  const end = at > 0 && isDecoration(shown, at) ? endOfDecoration(shown, at) + 1 : 0;
  const tail = shown.slice(end);
  return shown.slice(0, end) + tail.replace(/ \(.*$/s, '').replace(/ [A-Z]+ .*$/s, '');
}

/** Return value; a negative errno for `-1 ENAME`, NaN for `?`. */
export function returned(shown: string): number {
  const plain = digits(shown);
  if (plain >= 0) return plain;
  const failed = /^(?:-1|\?) (?:(E\w+)|\(errno (\d+)\))/.exec(shown);
  if (failed !== null) return -(failed[2] === undefined ? (ERRNO[failed[1]!] ?? 32767) : Number(failed[2]));
  return value(shown.replace(/ .*$/s, ''));
}

/** Text of a quoted argument; null when it is none. */
export function quoted(argument: string | undefined): string | null {
  const match = /^"(.*)"(\.\.\.)?$/s.exec(argument ?? '');
  return match === null ? null : unescaped(match[1]!);
}

const ESCAPED: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, v: 11, f: 12, a: 7, b: 8 };
const encoder = new TextEncoder();

function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes: number[] = [];
  for (const [piece, octal, hex, char] of text.matchAll(/\\(?:([0-7]{1,3})|x([0-9a-f]{2})|(.))|[^\\]+/gs)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 255);
    else if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (char !== undefined) bytes.push(ESCAPED[char] ?? char.charCodeAt(0));
    else bytes.push(...encoder.encode(piece));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

const LARGEST_U64 = 2 ** 64 - 2048;

/** So many digits are an exact number. */
const MOST_DIGITS = 15;

/** A decimal number, alone or of a descriptor with what it is; -1 for anything else, and for the zero that begins another base. */
function digits(text: string): number {
  let number = 0;
  let i = 0;
  for (; i < text.length && i < MOST_DIGITS; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) break;
    number = number * 10 + digit;
  }
  const isWhole = i === text.length || text.charCodeAt(i) === LESS;
  return i === 0 || !isWhole || (i > 1 && text.charCodeAt(0) === 48) ? -1 : number;
}

/** Numbers, names of constants and sums of flags; NaN for strings, structures and names that are not known. */
export function value(argument: string | undefined): number {
  if (argument === undefined || argument.charCodeAt(0) === QUOTE) return Number.NaN;
  const alone = digits(argument);
  if (alone >= 0) return alone;
  const plain = argument.replace(/\/\*.*?\*\//g, '').trim();
  const request = /^_IOC\((.*?), (.*?), (.*?), (.*?)\)$/.exec(plain);
  if (request !== null) {
    const [direction, type, number, size] = request.slice(1).map(value) as [number, number, number, number];
    return direction * 2 ** 30 + size * 2 ** 16 + type * 2 ** 8 + number;
  }
  // One number may have several names: `BTRFS_IOC_CLONE or FICLONE`.
  for (const name of plain.split(' or ')) {
    const sum = name.split('|').reduce((total, part) => total + one(part), 0);
    if (!Number.isNaN(sum)) return sum >= LARGEST_U64 ? -1 : sum;
  }
  return Number.NaN;
}

function one(part: string): number {
  const text = part.trim().replace(/<.*$/s, '');
  if (/^-?(\d+|0x[0-9a-f]+)$/.test(text))
    return /^0[0-7]+$/.test(text)
      ? Number.parseInt(text, 8)
      : text.startsWith('-')
        ? -Number(text.slice(1))
        : Number(text);
  return CONSTANTS.get(text) ?? Number.NaN;
}

// Where the words of a line of `perf script` stand.

export const HASH = 35;
export const COLON = 58;
const text = new TextDecoder();
const latin1 = new TextDecoder('latin1');
export const isSpace = (byte: number | undefined): boolean => byte === 32 || byte === 9;
export const isDigit = (byte: number | undefined): boolean => byte! >= 48 && byte! <= 57;

/** -F addr, ip, sym behind the fields: a number in 16 columns, and maybe words. */
const ADDRESS = /(?: |(?= ))(?=.{16}(?: [^ ]|$)) *[\da-f]{1,16}(?: [\w.@+$]+(?: \([^)]*\))?)?$/;

/** End of the fields of a line; a name may hold spaces, the address behind it is not its own. */
export function beforeAddress(b: Uint8Array, from: number): number {
  const match = ADDRESS.exec(latin1.decode(b.subarray(from)));
  return match === null ? b.length : from + match.index;
}

/** Place of the bracket of the CPU, or less than 1 where there is none. */
export function cpuBracket(b: Uint8Array): number {
  let bracket = b.indexOf(91);
  while (bracket > 0 && !isCpu(b, bracket)) bracket = b.indexOf(91, bracket + 1);
  return bracket;
}

/** `[001]` behind the number of a task and before the time; a task's name may hold anything. */
function isCpu(b: Uint8Array, bracket: number): boolean {
  let i = bracket + 1;
  while (isDigit(b[i])) i++;
  if (i - bracket < 4 || b[i] !== 93 || !isSpace(b[bracket - 1]) || !isDigit(b[pastMisc(b, i + 1)])) return false;
  let k = bracket - 1;
  while (k > 0 && isSpace(b[k])) k--;
  return isDigit(b[k]);
}

/** Place of the time in a line without a CPU; -1 when there is none. */
export function timeWord(b: Uint8Array): number {
  const match = /\s(\d+\.(?:\d{9}|\d{6})):\s/.exec(text.decode(b.subarray(0, 256)));
  return match === null ? -1 : new TextEncoder().encode(match.input.slice(0, match.index + 1)).length;
}

export function wordAt(b: Uint8Array, from: number): number {
  let at = from;
  while (isSpace(b[at])) at++;
  return at;
}

/** Place of the time behind what -F misc shows of a record's mode (`U`, `KE`, `Sp`). */
export function pastMisc(b: Uint8Array, from: number): number {
  let at = wordAt(b, from);
  // -F tod: `2026-11-28 15:06:38.433765 ` before the time.
  if (b[at + 4] === 45 && b[at + 7] === 45 && b[at + 10] === 32) return pastWord(b, at + 11);
  if (!isCapital(b[at])) return at;
  while (at < b.length && !isSpace(b[at]) && b[at] !== COLON) at++;
  return wordAt(b, at);
}
function pastWord(b: Uint8Array, from: number): number {
  let at = from;
  while (at < b.length && !isSpace(b[at])) at++;
  return wordAt(b, at);
}
const isCapital = (byte: number | undefined): boolean => byte! >= 65 && byte! <= 90;

const RECORD = 'PERF_RECORD_';
export function isSideband(b: Uint8Array, at: number): boolean {
  for (let i = 0; i < RECORD.length; i++) if (b[at + i] !== RECORD.charCodeAt(i)) return false;
  return true;
}

/** `syscalls:sys_enter_openat`, `cycles:u`, `cpu-clock`: the system of a tracepoint, and the name; modifiers are a part of it. */
export function eventNamed(whole: string): { readonly system: string | undefined; readonly name: string } {
  const [, system, event] = /^([\w-]+):(\w+)$/.exec(whole) ?? [];
  const isTracepoint = event !== undefined && !/^[ukhGHpPSDIWe]+$/.test(event);
  return { system, name: isTracepoint ? event : whole };
}

/** -L: eight columns of the name, and the CPU without brackets. */
const LATENT = /^(.{7}\S) +(\d+)(?:\/(\d+))? +(\d{1,4}) *$/;

/** Whose record it is, by the columns before the CPU or the time; `pid` -1 where none is told. Null for no such columns. */
export function actorIn(columns: string, mayBeLatent: boolean) {
  const latent = mayBeLatent ? LATENT.exec(columns) : null;
  const whole = columns.trimEnd();
  const match = latent ?? /(?:^|\s)(-?\d+)(?:\/(-?\d+))?$/.exec(whole);
  if (match === null) return null;
  const [comm, first, second] =
    latent === null ? [whole.slice(0, match.index), match[1], match[2]] : [match[1]!, match[2], match[3]];
  return {
    // perf writes the number where it does not know the name.
    comm: comm.trim().replace(/^:-?\d+$/, ''),
    tid: Number(second ?? first),
    pid: second === undefined ? -1 : Number(first),
    cpu: Number(latent?.[4] ?? 0),
  };
}

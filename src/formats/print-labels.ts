// Words for numbers as a print format gives them: __print_symbolic, __print_flags and `field ? "yes" : "no"`.
// They are written as libtraceevent writes them (print_str_arg in event-parse.c), so that binary and text forms agree.

export type Labels = (value: bigint) => string;

/** The words of `field` in a print format; null when it is printed as a number. */
export function labelsOf(print: string, field: string): Labels | null {
  for (const call of print.matchAll(CALL)) {
    if (bare(call[2]!) !== `REC->${field}`) continue;
    const rest = argumentsAt(print, call.index + call[0].length);
    return call[1] === 'symbolic' ? symbolic(pairs(rest)) : flags(unquoted(rest[0] ?? ''), pairs(rest.slice(1)));
  }
  const choice = new RegExp(`REC->${field}\\)* \\? "([^"]*)" : "([^"]*)"`).exec(print);
  return choice === null ? null : (value) => choice[value === 0n ? 2 : 1]!;
}

/** A call with its first argument; longer ones are no field. */
const CALL = /__print_(symbolic|flags)(?:_u64)?\(([^,"{]{1,200}),/g;

type Pair = readonly [value: bigint, text: string];

function symbolic(table: readonly Pair[]): Labels {
  return (value) => table.find(([key]) => key === value)?.[1] ?? `0x${value.toString(16)}`;
}

function flags(delimiter: string, table: readonly Pair[]): Labels {
  return (value) => {
    const zero = value === 0n ? table.find(([key]) => key === 0n) : undefined;
    if (zero !== undefined) return zero[1];
    let left = value;
    const words: string[] = [];
    for (const [key, text] of table) {
      if (key === 0n || (left & key) !== key) continue;
      words.push(text);
      left &= ~key;
    }
    if (left !== 0n) words.push(`0x${left.toString(16)}`);
    return words.join(delimiter);
  };
}

/** The arguments of a call from `from` on, split at its own commas. */
function argumentsAt(text: string, from: number): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = from;
  for (let at = from; at < text.length; at++) {
    const char = text[at]!;
    if (char === '"') at = endOfString(text, at);
    else if (char === '(' || char === '{') depth++;
    else if ((char === ')' || char === '}') && depth > 0) depth--;
    else if ((char === ',' || char === ')') && depth === 0) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
      if (char === ')') break;
    }
  }
  return parts;
}

function endOfString(text: string, quote: number): number {
  let at = quote + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

/** Without casts and brackets around it. */
function bare(expression: string): string {
  let text = expression.trim();
  for (;;) {
    const next = text
      .replace(/^\((?:unsigned |signed |struct |const )*\w+(?: \w+)*\s*\**\)\s*(?=[(R])/, '')
      .replace(/^\(([^()]*|\([^()]*\))\)$/, '$1')
      .trim();
    if (next === text) return text;
    text = next;
  }
}

/** `{ value, "text" }`; values that a kernel left as names unknown here are left out. */
function pairs(list: readonly string[]): Pair[] {
  return list.flatMap((one): Pair[] => {
    const match = /^\{([^"]*),\s*"((?:[^"\\]|\\.)*)"\s*\}$/s.exec(one);
    const value = match === null ? null : constant(match[1]!.trim());
    return value === null ? [] : [[value, match![2]!]];
  });
}

const unquoted = (text: string): string => /^"(.*)"$/s.exec(text)?.[1] ?? '';

/** Enum names that kernels up to 4.4 left in their print formats, as those had them (fs/ext4/extents_status.h, linux/buffer_head.h). */
const NAMES: Readonly<Record<string, bigint>> = {
  ES_WRITTEN_B: 0n,
  ES_UNWRITTEN_B: 1n,
  ES_DELAYED_B: 2n,
  ES_HOLE_B: 3n,
  ES_REFERENCED_B: 4n,
  BH_Mapped: 5n,
  BH_New: 6n,
  BH_Boundary: 10n,
  BH_Unwritten: 12n,
};

/** `2`, `0x10`, `(1UL << 3)`, `(1 << (2 + 1)) | 4`: integer constants; null for anything else. */
function constant(text: string): bigint | null {
  const tokens = text.replace(CAST, '').match(TOKEN);
  if (tokens === null) return null;
  const state = { tokens, at: 0 };
  const value = binary(state, 0);
  return state.at === tokens.length ? value : null;
}
/** Of any type: `(u32)`, `( int) (( __kernel_rwf_t)0x08)`. */
const CAST = /\(\s*(?:\w+ ){0,4}[A-Za-z_]\w*\s*\)(?=\s*[(\d])/g;
const TOKEN = /0x[\da-fA-F]+[uUlL]*|\d+[uUlL]*|\w+|<<|>>|[-+|&~()*]|\S/g;
const LONGEST_CONSTANT = 64;
const LEVELS: readonly (readonly string[])[] = [['|'], ['&'], ['<<', '>>'], ['+', '-'], ['*']];

interface Tokens {
  readonly tokens: readonly string[];
  at: number;
}

function binary(state: Tokens, level: number): bigint | null {
  if (level === LEVELS.length) return unary(state);
  let left = binary(state, level + 1);
  while (LEVELS[level]!.includes(state.tokens[state.at] ?? '')) {
    const operator = state.tokens[state.at++]!;
    const right = binary(state, level + 1);
    if (left === null || right === null) return null;
    left = calculate(left, operator, right);
  }
  return left;
}

function calculate(left: bigint, operator: string, right: bigint): bigint | null {
  if (operator === '|') return left | right;
  if (operator === '&') return left & right;
  if (operator === '+') return left + right;
  if (operator === '-') return left - right;
  if (operator === '*') return left * right;
  if (right < 0n || right > 63n) return null;
  return operator === '<<' ? left << right : left >> right;
}

function unary(state: Tokens): bigint | null {
  const token = state.tokens[state.at++] ?? '';
  // Nesting is as deep as the text says: a hostile format must not exhaust the stack.
  if (state.at > LONGEST_CONSTANT) return null;
  if (token === '-' || token === '~') {
    const value = unary(state);
    return value === null ? null : token === '-' ? -value : ~value;
  }
  if (token === '(') {
    const value = binary(state, 0);
    return state.tokens[state.at++] === ')' ? value : null;
  }
  if (/^\d/.test(token)) return BigInt(token.replace(/[uUlL]+$/, ''));
  return NAMES[token] ?? null;
}

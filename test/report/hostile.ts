// The same run with every name in it made as nasty as a trace can make it.
import type { Run } from '../../src/results/types.js';

export const MARKER = '</script><img src=x onerror=alert(1)>"\'`><svg/onload=alert(2)>';
export const BIDI = '\u202e\u2066gnp.exe\u2069\u200b\u0000\u001b[31m\ud800';

/** Values of a fixed vocabulary, which a trace cannot choose. */
const FIXED = new Set(['schema', 'verdict', 'hazardClass', 'basis', 'unheld']);
/** Records whose keys are a fixed vocabulary. */
const FIXED_KEYS = new Set(['verdicts', 'byClass']);
/** Records whose keys come from data. */
const FREE_KEYS = new Set(['byOp', 'denied', 'latency', 'histograms', 'notCompared', 'settings', 'elsewhere', 'cites']);

const nasty = (text: string, length: number): string => `${MARKER}${BIDI}${text}${'x'.repeat(length)}${text}${MARKER}`;

interface Names {
  readonly length: number;
  readonly known: Map<string, string>;
}

const twist = (value: unknown, key: string, names: Names): unknown => {
  if (typeof value === 'string') return FIXED.has(key) ? value : twisted(value, names);
  if (Array.isArray(value)) return value.map((item) => twist(item, key, names));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      FREE_KEYS.has(key) && !FIXED_KEYS.has(key) ? twisted(name, names) : name,
      twist(inner, FREE_KEYS.has(key) ? 'free' : name, names),
    ]),
  );
};

/** Equal names stay equal, and are one string in memory. */
const twisted = (text: string, names: Names): string => {
  const known = names.known.get(text);
  if (known !== undefined) return known;
  const made = nasty(text, names.length);
  names.known.set(text, made);
  return made;
};

/** `length`: bytes added in the middle of every name. */
export const hostile = (run: Run, length = 64 * 1024): Run => twist(run, '', { length, known: new Map() }) as Run;

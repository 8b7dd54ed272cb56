// Every option of every command, described once. All values are taken as text and checked here: yargs would make NaN of
// `--seed abc` and a list of a scalar given twice.
import { suggestion } from '../base/nearest.js';
import { UserError } from '../model/issue.js';

export interface OptionSpec {
  /** `flag`: on or off; `text`: one value; `list`: may be given several times. */
  readonly kind: 'flag' | 'text' | 'list';
  readonly short?: string;
  readonly text: string;
  /** Of a list: a value may hold commas, so that they do not separate values in the environment. */
  readonly commas?: true;
  readonly fallback?: string;
}

export const EVERYWHERE = {
  json: { kind: 'flag', text: 'answer as one JSON document' },
  quiet: { kind: 'flag', short: 'q', text: 'no progress, no remarks; only errors' },
  verbose: { kind: 'flag', short: 'v', text: 'say more; stack traces of failures' },
  color: { kind: 'text', text: 'auto, always or never (NO_COLOR is honoured)', fallback: 'auto' },
  progress: { kind: 'flag', text: 'draw progress even where stderr is no terminal; --no-progress: never' },
  config: { kind: 'text', text: 'JSON file with values for options; a flag and SEALTRACE_OPTION win over it' },
  'print-config': { kind: 'flag', text: 'print the options as they would be used, as a config file, and stop' },
  help: { kind: 'flag', short: 'h', text: 'this text' },
  version: { kind: 'flag', text: 'the version' },
} as const satisfies Record<string, OptionSpec>;

/** What every command that reads recordings takes. */
export const INPUT: Readonly<Record<string, OptionSpec>> = {
  from: { kind: 'text', text: 'format of the recording, where it is not to be recognised' },
  map: {
    kind: 'text',
    text: 'what the columns of a table are: time=ts:us,op=type,off=lba:sectors,len=size (by name, or number from 1)',
  },
  events: {
    kind: 'list',
    text: 'NAME or MAP.json: what kprobes, uprobes and other events mean (sealtrace list events); repeatable',
  },
  'xfs-geometry': {
    kind: 'list',
    commas: true,
    text: '[MAJ:MIN=]agblocks=N,blocksize=N, or a file with what xfs_info prints: where XFS keeps its blocks, instead of learning it; repeatable',
  },
};
export const STRICT: OptionSpec = { kind: 'flag', text: 'exit 4 when losses or low fidelity make the answer unsafe' };

/** What decides a replay. */
export const REPLAY: Readonly<Record<string, OptionSpec>> = {
  'seal-rule': { kind: 'text', text: 'which files are sealed: dma, explicit, mapped or files:GLOB', fallback: 'dma' },
  unseal: { kind: 'text', text: 'when: never, last-release or idle:TIME (500ms, 2s)', fallback: 'never' },
  'on-deny': { kind: 'text', text: 'what a refused application does: skip, unseal or retry:TIME', fallback: 'skip' },
  timing: {
    kind: 'text',
    text: 'closed: who waits delays the rest of its thread; open: that operation only',
    fallback: 'closed',
  },
  costs: {
    kind: 'text',
    text: 'cost model (sealtrace list costs), cost file, or calibrated: what the trace measured itself',
    fallback: 'reference',
  },
  seed: { kind: 'text', text: 'whole number', fallback: '1' },
  set: { kind: 'list', text: 'KEY=VALUE: a switch of the policies (sealtrace list policies); repeatable' },
  overlay: {
    kind: 'list',
    commas: true,
    text: 'WORKLOAD:KEY=VALUE,...: a workload over the files of the trace (files=GLOB); repeatable',
  },
  lane: {
    kind: 'list',
    commas: true,
    text: 'NAME=FILES=POLICY,...: a lane of that name that gives each file its policy; the first match of a glob, ino:N or a size (>1G) wins; repeatable',
  },
  threads: {
    kind: 'text',
    text: 'threads that lanes are spread over, and with 2 or more one that takes the recording apart; the results are the same whatever their number',
    fallback: '1',
  },
  'crash-at': {
    kind: 'text',
    text: 'what a crash leaves: at a time (ns of the trace, or 2.5s from its start; the replay ends there), or at random:N times',
  },
  ...INPUT,
  strict: STRICT,
};

/** The checked values of one command line. */
export class Args {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  flag(name: string): boolean {
    return this.choice(name) === true;
  }

  /** The same command line, had this option not been given. */
  without(name: string): Args {
    return new Args({ ...this.#values, [name]: undefined });
  }

  /** Null where neither it nor its negation was given. */
  choice(name: string): boolean | null {
    const value = this.#values[name];
    const last: unknown = Array.isArray(value) ? value.at(-1) : value;
    return typeof last === 'boolean' ? last : null;
  }

  given(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** For options with a fallback. */
  text(name: string): string {
    return this.given(name) ?? '';
  }

  list(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.map(String) : [];
  }

  one<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.text(name);
    const found = allowed.find((one) => one === value);
    if (found !== undefined) return found;
    const hint = suggestion(value, allowed);
    throw new UserError(`--${name} is "${value}"; expected ${listed(allowed)}${hint}`);
  }

  whole(name: string): number | undefined {
    const value = this.given(name);
    return value === undefined ? undefined : wholeNumber(`--${name}`, value);
  }

  wholes(name: string): readonly number[] {
    const value = this.given(name);
    return value === undefined ? [] : value.split(',').map((part) => wholeNumber(`--${name}`, part.trim()));
  }
}

/** `--threads`, of commands that have it. */
export function threadsOf(args: Args): number {
  const threads = args.whole('threads') ?? 1;
  if (threads < 1) throw new UserError(`--threads is ${threads}; expected 1 or more`);
  return threads;
}

export const READ_THREADS: OptionSpec = {
  kind: 'text',
  text: '2: a second one takes the recording apart while the first puts it together; what comes out is the same',
  fallback: '1',
};

export function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new UserError(`${name} is "${text}"; expected a whole number from 0 to 2^53-1`);
}

export const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;

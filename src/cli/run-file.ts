// Run files (`*.sealrun`): the result of a replay as JSON, recognised by content; and the evidence of a fresh run.
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../model/issue.js';
import type { Trace } from '../model/trace.js';
import { fillEvidence, wantedEvidence } from '../results/run.js';
import type { Run } from '../results/types.js';
import { isBundle } from '../trace/bundle.js';
import { readLines } from '../trace/evidence.js';
import { inputName, type OpenedInput, openInput } from '../trace/input.js';
import { hasLines } from '../trace/recognise.js';
import { Exit } from './errors.js';

const SCHEMA = 'sealtrace.run/1';

/** Null when `path` is not a run file; then it is left to be read as a trace. */
export async function readRun(path: string): Promise<Run | null> {
  // stdin can be read once only; a bundle and some recordings are folders.
  if (path === '-' || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return null;
  const input = await openInput(path);
  try {
    const head = new TextDecoder().decode(input.head.subarray(0, 200));
    return /^\s*\{\s*"schema"\s*:\s*"sealtrace\.run\//.test(head) ? await parseRun(input) : null;
  } finally {
    await input.close();
  }
}

async function parseRun(input: OpenedInput): Promise<Run> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of input.chunks()) pieces.push(Uint8Array.from(chunk));
  const again = 'replay the trace again to make a new one';
  if (input.damage !== '') throw new UserError(`${input.name}: ${input.damage}; ${again}`, Exit.damaged);
  const run = safeParse(Buffer.concat(pieces).toString('utf8'));
  if (run === null)
    throw new UserError(`${input.name}: expected a whole run file, found broken JSON; ${again}`, Exit.damaged);
  if (run.schema !== SCHEMA) {
    const found = JSON.stringify(run.schema);
    throw new UserError(
      `${input.name}: expected schema "${SCHEMA}", found ${found}; ${again} with this version`,
      Exit.damaged,
    );
  }
  const parts: readonly unknown[] = [run.report?.lanes, run.details, run.prices, run.holds, run.maps];
  const whole = parts.every(Array.isArray);
  if (!whole)
    throw new UserError(`${input.name}: expected a whole run file, parts of it are missing; ${again}`, Exit.damaged);
  return run;
}

function safeParse(text: string): Run | null {
  try {
    return JSON.parse(text) as Run;
  } catch {
    return null;
  }
}

/** A run as a file: one line, so that tools can take many of them. */
export const runText = (run: Run): string => `${JSON.stringify(run)}\n`;

/** The run with the raw lines of its conflicts, where the recording is at hand. */
export async function withEvidence(run: Run, trace: Trace, inputs: readonly string[]): Promise<Run> {
  const lines = new Map<string, Map<number, string>>();
  for (const [source, rows] of wantedEvidence(run)) {
    const path = atHand(source, trace, inputs);
    if (path !== null) lines.set(source, await readLines(path, rows).catch(() => new Map<number, string>()));
  }
  return lines.size === 0 ? run : fillEvidence(run, (source, row) => lines.get(source)?.get(row));
}

/** The recording that was given, or one beside the bundle that was, if it is as long as the trace says. */
function atHand(source: string, trace: Trace, inputs: readonly string[]): string | null {
  const { bytes, format = '' } = trace.sources.find(({ name }) => name === source) ?? {};
  if (!hasLines(format)) return null;
  const given = inputs.filter((path) => path !== '-' && inputName(path) === source);
  const beside = inputs.filter((path) => path !== '-' && isBundle(path)).map((path) => join(dirname(path), source));
  return [...given, ...beside].find((path) => sizeOf(path) === bytes) ?? null;
}

function sizeOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true ? stat.size : -1;
}

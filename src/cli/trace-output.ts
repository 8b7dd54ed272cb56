// Where a trace goes: a bundle, or NDJSON. What `ingest` and `synth` have in common.
import { UserError } from '../model/issue.js';
import type { TraceParts } from '../model/parts.js';
import { writeBundleParts } from '../trace/bundle.js';
import { writeNdjsonParts } from '../trace/ndjson-writer.js';
import type { Io } from './io.js';
import type { Args, OptionSpec } from './options.js';
import { checkFolder, checkOutput, writeOutput } from './output.js';

export const TRACE_OUTPUT = {
  out: { kind: 'text', short: 'o', text: 'bundle X.sealtrace to write; - is stdout, for NDJSON' },
  format: { kind: 'text', text: 'bundle or ndjson (by default ndjson for *.ndjson, else bundle)' },
} as const satisfies Record<string, OptionSpec>;

export interface TraceOutput {
  readonly out: string;
  readonly format: 'bundle' | 'ndjson';
}

/** Fails now, not after the work, where nothing could be written. */
export function traceOutput(args: Args, command: string): TraceOutput {
  const out = args.given('out');
  if (out === undefined)
    throw new UserError(`${command} needs a place to write: -o X.sealtrace, or -o - --format ndjson`);
  const asked = args.given('format') === undefined ? null : args.one('format', ['bundle', 'ndjson']);
  const format = asked ?? (out.endsWith('.ndjson') ? 'ndjson' : 'bundle');
  if (format === 'bundle' && out === '-')
    throw new UserError(
      'a bundle is a folder and cannot go to stdout; add --format ndjson, or name it with -o X.sealtrace',
    );
  if (format === 'ndjson') checkOutput(out);
  else checkFolder(out);
  return { out, format };
}

export async function writeTrace(io: Io, { out, format }: TraceOutput, trace: TraceParts): Promise<void> {
  if (format === 'ndjson') await writeOutput(io, out, writeNdjsonParts(trace));
  else writeBundleParts(trace, out);
}

// `sealtrace anonymize`: a trace that can be shared where the original cannot.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { UserError } from '../model/issue.js';
import { formatCount, plural } from '../report/format.js';
import { anonymized } from '../trace/anonymize.js';
import { partsOf } from '../trace/parts.js';
import type { Command, Context } from './command.js';
import { load, shortName, statusOf } from './load.js';
import { INPUT } from './options.js';
import { plain, toJson } from './text.js';
import { TRACE_OUTPUT, traceOutput, writeTrace } from './trace-output.js';

/** A shorter key can be found by trying. */
const LEAST_KEY = 16;

export const anonymize: Command = {
  name: 'anonymize',
  summary: 'a trace without paths, commands and inodes; its replay gives the same results',
  operands: ['TRACE...'],
  options: {
    ...TRACE_OUTPUT,
    'key-file': {
      kind: 'text',
      text: `file whose bytes (${LEAST_KEY} or more) are the key; by default a random one, thrown away`,
    },
    'shift-times': { kind: 'flag', text: 'move time zero as well, by an amount that the key decides' },
    ...INPUT,
  },
  examples: [
    ['sealtrace anonymize run.txt.gz -o shared.sealtrace', 'names that nobody can lead back'],
    [
      'sealtrace anonymize run.txt.gz --key-file key.bin --shift-times -o -  --format ndjson',
      'equal names in every trace',
    ],
  ],
  async run(context) {
    const { args, io, operands } = context;
    const output = traceOutput(args, 'anonymize');
    const key = keyOf(args.given('key-file'));
    const { trace, damaged } = await load(context, operands);
    const hidden = anonymized(trace, { key, shift: args.flag('shift-times') });
    await writeTrace(io, output, partsOf(hidden));
    const { files, tasks } = hidden;
    const counts = { events: hidden.columns.rows, files: files.length, tasks: tasks.length };
    await answer(context, output.out, counts);
    return statusOf(context, damaged, true);
  },
};

type Counts = Readonly<Record<'events' | 'files' | 'tasks', number>>;

async function answer({ io, json, quiet }: Context, out: string, counts: Counts): Promise<void> {
  if (out === '-') return;
  if (json) await io.out(toJson({ schema: 'sealtrace.anonymize/1', output: shortName(out), ...counts }));
  const names = plain(`${plural(counts.files, 'file')}, ${plural(counts.tasks, 'task')}`);
  if (!quiet) io.err(`sealtrace: wrote ${out}: ${formatCount(counts.events)} events, names of ${names} replaced\n`);
}

function keyOf(path: string | undefined): Uint8Array {
  if (path === undefined) return randomBytes(32);
  const key = readKey(path);
  if (key.length >= LEAST_KEY) return key;
  throw new UserError(
    `--key-file ${path} holds ${key.length} bytes; expected ${LEAST_KEY} or more, such as: head -c 32 /dev/urandom > ${path}`,
  );
}

function readKey(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UserError(`cannot read the key file ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

// What tests of recorded formats share: bytes through a format and the real assembly, and what the trace then says.
import { Assembler } from '../../src/assembly/assembler.js';
import { OWN_EVENTS } from '../../src/model/event-catalogue.js';
import { FLAGS, Flag, OBSERVED_OPS, OPS, type OpName } from '../../src/model/events.js';
import type { Format, Trace } from '../../src/model/trace.js';
import { TraceBuilder } from '../../src/trace/builder.js';

export interface Read {
  readonly trace: Trace;
  /** False when the format found damage. */
  readonly whole: boolean;
}

export async function readAs(
  format: Format,
  text: string | Uint8Array,
  chunk = Number.POSITIVE_INFINITY,
  catalogue = OWN_EVENTS,
): Promise<Read> {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const builder = new TraceBuilder((sink) => new Assembler(sink, catalogue));
  const sink = builder.startSource('t.txt', format.name, bytes.length);
  const whole = await format.read(
    {
      name: 't.txt',
      bytes: bytes.length,
      async *chunks() {
        for (let i = 0; i < bytes.length; i += Math.min(chunk, bytes.length))
          yield bytes.subarray(i, i + Math.min(chunk, bytes.length));
      },
    },
    sink,
  );
  return { trace: builder.finish(), whole };
}

/** What a trace says, without line numbers and file positions. */
export function facts(trace: Trace): unknown[] {
  const { columns: c } = trace;
  return Array.from({ length: c.rows }, (_, i) => [
    OPS[c.op[i]!],
    trace.files[c.file[i]!]?.inode,
    trace.tasks[c.task[i]!]?.name,
    c.offset[i],
    c.length[i],
    c.addr[i],
    c.result[i],
    c.flags[i],
  ]);
}

export interface Operation {
  readonly op: OpName;
  readonly task: string;
  /** Last part of the path, '' when no name is known. */
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly result: number;
  readonly flags: string;
  readonly latencyNs: number;
}

/** What programs did: neither observed changes nor rows that assembly made up. */
export function operations(trace: Trace): Operation[] {
  const { columns: c } = trace;
  return Array.from({ length: c.rows }, (_, i) => i)
    .filter((i) => !OBSERVED_OPS.includes(OPS[c.op[i]!]!) && (c.flags[i]! & Flag.synthetic) === 0)
    .map((i) => ({
      op: OPS[c.op[i]!]!,
      task: trace.tasks[c.task[i]!]?.name ?? '',
      file: trace.files[c.file[i]!]?.path.split('/').at(-1) ?? '',
      offset: c.offset[i]!,
      length: c.length[i]!,
      result: c.result[i]!,
      flags: FLAGS.filter((_, bit) => (c.flags[i]! & (2 ** bit)) !== 0).join(' '),
      latencyNs: c.latencyNs[i]!,
    }));
}

export const head = (text: string | Uint8Array): Uint8Array =>
  (typeof text === 'string' ? new TextEncoder().encode(text) : text).subarray(0, 4096);

// Bytes through one format into a trace, as ingest does it, without files.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Assembler } from '../../src/assembly/assembler.js';
import { OPS } from '../../src/model/events.js';
import type { Format, Input, ReadOptions, Trace } from '../../src/model/trace.js';
import { TraceBuilder } from '../../src/trace/builder.js';

export interface ReadResult {
  readonly trace: Trace;
  /** What `read` said of each part. */
  readonly intact: readonly boolean[];
}

export function inputOf(content: string | Uint8Array, chunk = Number.POSITIVE_INFINITY, name = 'input'): Input {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return {
    name,
    bytes: bytes.length,
    async *chunks() {
      for (let at = 0; at < bytes.length; at += Math.min(chunk, bytes.length))
        yield bytes.slice(at, at + Math.min(chunk, bytes.length));
    },
  };
}

export async function readFormat(
  format: Format,
  content: string | Uint8Array,
  options?: ReadOptions,
  chunk?: number,
): Promise<ReadResult> {
  const builder = new TraceBuilder((sink) => new Assembler(sink));
  const input = inputOf(content, chunk);
  const intact = await format.read(input, builder.startSource(input.name, format.name, input.bytes), options);
  return { trace: builder.finish(), intact: [intact] };
}

/** The parts of one recording. */
export async function readTogether(format: Format, contents: readonly Uint8Array[]): Promise<ReadResult> {
  const builder = new TraceBuilder((sink) => new Assembler(sink));
  const parts = contents.map((content, i) => {
    const input = inputOf(content, 1000, `part ${i}`);
    return { input, sink: builder.startSource(input.name, format.name, input.bytes) };
  });
  const intact = await format.readTogether!(parts);
  return { trace: builder.finish(), intact };
}

/** What a trace says, without rows and ids; times from its first event. */
export function facts({ columns: c, files, tasks }: Trace): unknown[] {
  return Array.from({ length: c.rows }, (_, i) => [
    c.timeNs[i]! - c.timeNs[0]!,
    OPS[c.op[i]!],
    files[c.file[i]!]?.path,
    tasks[c.task[i]!]?.pid,
    c.offset[i],
    c.length[i],
    c.latencyNs[i],
    c.result[i],
  ]);
}

/** How many records there are of each kind. */
export function kindCounts({ records, kinds }: Trace): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < records.rows; i++) {
    const { name } = kinds[records.kind[i]!]!;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const bundledFolder = join(import.meta.dirname, '..', '..', 'traces');

/** A file under `traces`, unpacked. */
export function bundledFile(path: string): Uint8Array {
  const bytes = readFileSync(join(bundledFolder, path));
  // A Buffer's `slice` would share its bytes.
  return new Uint8Array(path.endsWith('.gz') ? gunzipSync(bytes) : bytes);
}

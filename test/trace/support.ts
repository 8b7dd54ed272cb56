// What tests of traces share: builders without assembly, inputs from text, random traces.

import { ndjson } from '../../src/formats/ndjson.js';
import { FLAGS, OP_COUNT } from '../../src/model/events.js';
import type { Input, Trace } from '../../src/model/trace.js';
import { NONE, UNKNOWN, UNKNOWN_RESULT } from '../../src/model/units.js';
import { TraceBuilder } from '../../src/trace/builder.js';
import fc from '../support/fast-check.js';

export const newBuilder = (): TraceBuilder =>
  new TraceBuilder(() => {
    throw new Error('no kernel records in this test');
  });

export function input(bytes: Uint8Array | string, chunk = Number.MAX_SAFE_INTEGER): Input {
  const whole = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
  return {
    name: 'test.ndjson',
    bytes: whole.length,
    async *chunks() {
      for (let at = 0; at < whole.length; at += chunk) yield whole.subarray(at, at + chunk);
    },
  };
}

export async function readNdjson(bytes: Uint8Array | string, chunk?: number): Promise<{ ok: boolean; trace: Trace }> {
  const builder = newBuilder();
  const from = input(bytes, chunk);
  const ok = await ndjson.read(from, builder.startSource(from.name, ndjson.name, from.bytes));
  return { ok, trace: builder.finish() };
}

const amount = fc.oneof(fc.constant(UNKNOWN), fc.nat(), fc.maxSafeNat());
const small = fc.nat(5);
const row = fc.record({
  timeNs: fc.oneof(fc.nat(20), fc.integer({ min: -1000, max: 2 ** 52 })),
  op: fc.nat(OP_COUNT - 1),
  flags: fc.oneof(fc.constant(0), fc.nat(2 ** FLAGS.length - 1)),
  file: fc.oneof(fc.constant(NONE), fc.nat(9)),
  task: fc.oneof(fc.constant(NONE), small),
  offset: fc.oneof(fc.constant(0), fc.constant(UNKNOWN), fc.nat(), fc.nat(2 ** 40)),
  length: fc.oneof(fc.constant(UNKNOWN), fc.nat(), fc.nat(2 ** 40)),
  addr: amount,
  handle: small,
  opId: small,
  result: fc.oneof(fc.constant(0), fc.constant(UNKNOWN_RESULT), fc.integer({ min: -32768, max: 0 })),
  latencyNs: amount,
  row: fc.nat(),
  /** A second row right behind, as `to` gives it. */
  second: fc.option(fc.record({ file: fc.nat(9), offset: fc.oneof(fc.constant(UNKNOWN), fc.nat()) })),
  extra: fc.option(
    fc.dictionary(
      fc.string({ unit: 'grapheme' }).map((key) => `x${key}`),
      fc.jsonValue(),
      { minKeys: 1 },
    ),
  ),
  record: fc.boolean(),
});

/** Any trace that formats could have written: all ops and flags, files by inode, path or neither, late merges. */
export const anyTrace: fc.Arbitrary<Trace> = fc
  .record({
    rows: fc.array(row, { maxLength: 40 }),
    merges: fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { maxLength: 2 }),
    origin: fc.bigInt({ min: 0n, max: 2n ** 62n }),
    clock: fc.constantFrom('mono', 'boot', ''),
    path: fc.string({ unit: 'grapheme', minLength: 1 }),
    lost: fc.boolean(),
  })
  .map(({ rows, merges, origin, clock, path, lost }) => {
    const builder = newBuilder();
    const sink = builder.startSource('random', 'none', 12);
    sink.origin(origin);
    sink.source.clock = clock;
    const { events, records } = sink;
    const ids = [0, ...Array.from({ length: 5 }, () => events.newId())];
    const files = Array.from({ length: 10 }, (_, i) => {
      if (i < 4) return events.fileId('8:0', String(i), i < 2 ? `${path}${i}` : '');
      if (i < 7) return events.fileId(i === 5 ? '8:1' : '', '', `/p${path}${i}`);
      return i < 9 ? events.placeholder() : events.fileId('', 'x1', path);
    });
    const tasks = [0, 1, 2, 3, 4, 5].map((i) => events.taskId(i % 3, i, i < 2 ? '' : `task ${path}`));
    for (const { second, extra, record, ...fields } of rows) {
      const values = {
        ...fields,
        file: fields.file === NONE ? NONE : files[fields.file]!,
        task: fields.task === NONE ? NONE : tasks[fields.task]!,
        handle: ids[fields.handle]!,
        opId: ids[fields.opId]!,
      };
      Object.assign(events, values).commit();
      if (extra !== null) sink.extra(JSON.stringify(extra));
      if (second !== null) {
        const flags = fields.flags | (2 ** FLAGS.indexOf('second'));
        Object.assign(events, values, {
          flags,
          addr: UNKNOWN,
          file: files[second.file]!,
          offset: second.offset,
        }).commit();
      }
      if (record) {
        const kind = records.kindId(`kind ${fields.op % 7}`, fields.op % 2 === 0);
        Object.assign(records, {
          kind,
          timeNs: fields.timeNs,
          task: values.task,
          opId: values.opId,
          cpu: 3,
          row: 9,
        }).commit();
      }
    }
    for (const [from, to] of merges) events.mergeFiles(files[from]!, files[to]!);
    if (lost) sink.lost({ fromNs: 5, toNs: 7, cpu: -1, count: 3 });
    if (rows.length % 2 === 1) {
      sink.issue('odd', rows.length, `an odd number: ${path}`);
      sink.unplaced('no-mapping', 2);
    }
    return builder.finish();
  });

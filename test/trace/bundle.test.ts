import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type Dictionary, Schema, Table, tableFromIPC, tableToIPC, type Vector } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPS, Op } from '../../src/model/events.js';
import { UserError } from '../../src/model/issue.js';
import type { TraceParts } from '../../src/model/parts.js';
import type { Trace } from '../../src/model/trace.js';
import { NONE } from '../../src/model/units.js';
import { isBundle, writeBundle, writeBundleParts } from '../../src/trace/bundle.js';
import { openBundle, readBundle } from '../../src/trace/bundle-reader.js';
import { readTable } from '../../src/trace/in-table.js';
import { ingestParts } from '../../src/trace/ingest.js';
import { partsOf } from '../../src/trace/parts.js';
import fc from '../support/fast-check.js';
import { anyTrace, newBuilder } from './support.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealtrace-bundle-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TABLES = ['events', 'records', 'files', 'tasks', 'sources', 'issues', 'lost', 'extras'];
const FILES = [...TABLES.map((name) => `${name}.arrow`), 'checksums.json'];

/** A trace of several batches with values on the edges of what the columns hold. */
function largeTrace(rows: number): Trace {
  const builder = newBuilder();
  const sink = builder.startSource('big.txt', 'test', 2 ** 40);
  sink.origin(1_763_000_000_123_456_789n);
  sink.source.clock = 'realtime';
  const { events, records } = sink;
  const edges = [0, 1, -1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 52 + 3, Number.MAX_SAFE_INTEGER];
  for (let i = 0; i < rows; i++) {
    events.timeNs = i * 1_000_003;
    events.op = i % OPS.length;
    events.file = i % 3 === 0 ? NONE : events.fileId('8:0', String(i % 7), `/é${i % 7}`);
    events.task = events.taskId(i % 5, i % 11, `t${i % 11}`);
    events.flags = i % 2 ** 30;
    events.offset = edges[i % edges.length]!;
    events.length = edges[(i + 1) % edges.length]!;
    events.addr = edges[(i + 2) % edges.length]!;
    events.latencyNs = edges[(i + 3) % edges.length]!;
    events.result = -(i % 32768);
    events.opId = events.newId();
    events.row = i + 1;
    events.commit();
    Object.assign(records, {
      kind: records.kindId(`k${i % 300}`, i % 2 === 0),
      timeNs: i,
      cpu: i % 65536,
      row: i,
    }).commit();
  }
  return builder.finish();
}

const codeOf = (act: () => unknown): number => {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return error.exitCode;
    throw error;
  }
  return 0;
};

describe.skipIf(!existsSync('/proc/self/fd'))('no file is left open', () => {
  const opened = (path: string): string[] =>
    readdirSync('/proc/self/fd').filter((file) => {
      try {
        return readlinkSync(`/proc/self/fd/${file}`).startsWith(path);
      } catch {
        return false;
      }
    });

  it('of a bundle, read whole or in part', () => {
    const path = join(folder, 'closed.sealtrace');
    writeBundle(largeTrace(3000), path);
    readBundle(path);
    for (const _ of openBundle(path).batches()) break;
    expect(opened(path)).toEqual([]);
  });

  it('of an input that is no recording', async () => {
    const path = join(folder, 'none.txt');
    writeFileSync(path, 'no trace\n'.repeat(10_000));
    await expect(ingestParts([path])).rejects.toThrow(UserError);
    expect(opened(path)).toEqual([]);
  });
});

it('a recording of more than 104 days is read again from its bundle: later times are at the end of them, and that is said', async () => {
  const text = join(folder, 'years.txt');
  const switched = (seconds: number): string => `  a-7  [000] ....  ${seconds}.000000: print: at ${seconds}\n`;
  writeFileSync(text, `# tracer: nop\n${[1, 2, 2e7, 3e7].map(switched).join('')}`);
  const { parts, damaged, close } = await ingestParts([text]);
  const path = join(folder, 'years.sealtrace');
  writeBundleParts(parts, path);
  close();
  expect(damaged).toBe(false);
  const { records, endNs, issues } = readBundle(path);
  expect([...records.timeNs.subarray(0, records.rows)]).toEqual([0, 1e9, 2 ** 53 - 1, 2 ** 53 - 1]);
  expect(endNs).toBe(2 ** 53 - 1);
  expect(issues.filter(({ code }) => code === 'time-range').length).toBe(1);
});

describe('bundle', () => {
  it('gives back any trace', () => {
    const dir = join(folder, 'any.sealtrace');
    fc.assert(
      fc.property(anyTrace, (trace) => {
        writeBundle(trace, dir);
        expect(readBundle(dir)).toEqual(trace);
      }),
      { numRuns: 60 },
    );
    expect(readdirSync(folder).filter((name) => name.startsWith('any'))).toEqual(['any.sealtrace']);
  });

  it('gives back a trace of several batches', () => {
    const dir = join(folder, 'large.sealtrace');
    const trace = largeTrace(150_001);
    writeBundle(trace, dir);
    expect(isBundle(dir)).toBe(true);
    expect(readdirSync(dir).sort()).toEqual([...FILES].sort());
    const back = readBundle(dir);
    const bytes = ({ buffer, byteOffset, byteLength }: Uint8Array) => Buffer.from(buffer, byteOffset, byteLength);
    for (const table of ['columns', 'records'] as const) {
      for (const [name, column] of Object.entries(trace[table] as unknown as Record<string, Uint8Array>)) {
        const found = (back[table] as unknown as Record<string, Uint8Array>)[name]!;
        if (name === 'rows') expect(found).toBe(150_001);
        else
          expect([name, found.constructor, bytes(found).equals(bytes(column))]).toEqual([
            name,
            column.constructor,
            true,
          ]);
      }
    }
    expect({ ...back, columns: {}, records: {} }).toEqual({ ...trace, columns: {}, records: {} });
  });

  it('is an Arrow file that says what is in it', () => {
    const dir = join(folder, 'plain.sealtrace');
    const trace = largeTrace(70_000);
    writeBundle(trace, dir);
    const table = tableFromIPC(readFileSync(join(dir, 'events.arrow')));
    expect(table.batches.map((batch) => batch.numRows)).toEqual([65_536, 70_000 - 65_536]);
    expect(table.schema.fields.map((field) => [field.name, String(field.type), field.nullable])).toEqual([
      ['time_ns', 'Int64', false],
      ['op', 'Dictionary<Uint8, Utf8>', false],
      ['flags', 'Uint32', false],
      ['file', 'Int8', false],
      ['task', 'Int8', false],
      ['offset', 'Int64', false],
      ['length', 'Dictionary<Uint8, Int64>', false],
      ['addr', 'Int64', false],
      ['handle', 'Uint32', false],
      ['op_id', 'Uint32', false],
      ['result', 'Int16', false],
      ['latency_ns', 'Int64', false],
      ['source', 'Uint8', false],
      ['row', 'Uint32', false],
    ]);
    const opType = table.schema.fields[1]!.type as Dictionary;
    expect([String(opType.indices), String(opType.dictionary)]).toEqual(['Uint8', 'Utf8']);
    expect(table.schema.metadata.get('schema')).toBe('sealtrace.bundle/2');
    expect(table.schema.metadata.get('clock')).toBe('realtime');
    expect(table.schema.metadata.get('originNs')).toBe('1763000000123456789');
    expect([...(table.getChild('op')!.data[0]!.dictionary as Vector)]).toEqual([...OPS]);
    const column = (name: string): Vector => table.getChild(name)!;
    for (const row of [0, 1, 8, 65_535, 65_536, 69_999]) {
      const { columns } = trace;
      expect(column('time_ns').get(row)).toBe(BigInt(columns.timeNs[row]!));
      expect(column('op').get(row)).toBe(OPS[columns.op[row]!]);
      expect(column('offset').get(row)).toBe(BigInt(columns.offset[row]!));
      expect(column('latency_ns').get(row)).toBe(BigInt(columns.latencyNs[row]!));
      expect(column('result').get(row)).toBe(columns.result[row]);
      expect(column('file').get(row)).toBe(columns.file[row] === NONE ? -1 : columns.file[row]);
      expect(column('row').get(row)).toBe(columns.row[row]);
    }
    const records = tableFromIPC(readFileSync(join(dir, 'records.arrow')));
    expect(records.getChild('kind')!.get(301)).toBe('k1');
    const files = tableFromIPC(readFileSync(join(dir, 'files.arrow')));
    expect(files.getChild('path')!.get(0)).toBe(trace.files[0]!.path);
  });

  it('takes the narrowest types that hold all values, in units where that is narrower', () => {
    const dir = join(folder, 'narrow.sealtrace');
    const blocks = (most: number, addr: number): Trace => {
      const builder = newBuilder();
      const { events } = builder.startSource('a', 'test', 1);
      for (const [i, offset] of [-1, 0, 512, 512 * most].entries()) {
        Object.assign(events, { timeNs: i * 1000, op: Op.read, offset, length: 4096, addr: i === 0 ? -1 : addr * i });
        Object.assign(events, { flags: 2 ** 29, latencyNs: 100 * i, result: -5, row: i + 1, file: i === 0 ? NONE : 0 });
        if (i > 0) events.file = events.fileId('8:0', '7', '/a');
        events.commit();
      }
      return builder.finish();
    };
    const types = (trace: Trace): Record<string, string> => {
      writeBundle(trace, dir);
      expect(readBundle(dir)).toEqual(trace);
      const { fields } = tableFromIPC(readFileSync(join(dir, 'events.arrow'))).schema;
      return Object.fromEntries(
        fields.map(({ name, type, metadata }) => [
          name,
          `${type}${metadata.has('unit') ? ` ${metadata.get('unit')}` : ''}`,
        ]),
      );
    };
    expect(types(blocks(2 ** 15 - 1, 1))).toEqual({
      time_ns: 'Int16',
      op: 'Dictionary<Uint8, Utf8>',
      flags: 'Dictionary<Uint8, Uint32>',
      file: 'Int8',
      task: 'Int8',
      offset: 'Int16 512',
      length: 'Int8 4096',
      addr: 'Int8',
      handle: 'Uint8',
      op_id: 'Uint8',
      result: 'Dictionary<Uint8, Int16>',
      latency_ns: 'Int16',
      source: 'Uint8',
      row: 'Uint8',
    });
    expect(types(blocks(2 ** 15, 2 ** 40))).toMatchObject({ offset: 'Int32', addr: 'Int16 1073741824' });
    expect(types(blocks(2 ** 31, 2 ** 30))).toMatchObject({ offset: 'Int64', addr: 'Int8 1073741824' });
    expect(types(blocks(2 ** 31 - 1, 2 ** 31 + 1))).toMatchObject({ offset: 'Int32 512', addr: 'Int64' });
    const offsets = tableFromIPC(readFileSync(join(dir, 'events.arrow'))).getChild('offset')!;
    expect([...offsets]).toEqual([-1, 0, 1, 2 ** 31 - 1]);
  });

  it('reads bundles of the earlier schema, which has wide columns, and refuses those of a later one', () => {
    const dir = join(folder, 'earlier.sealtrace');
    const trace = largeTrace(1000);
    // As a trace that is written while it is made: nothing is known of what is to come.
    writeBundleParts({ ...partsOf(trace), repeatable: false } as TraceParts, dir);
    const { fields } = tableFromIPC(readFileSync(join(dir, 'events.arrow'))).schema;
    expect(String(fields.map(({ type }) => type))).toBe(
      'Int64,Dictionary<Uint8, Utf8>,Uint32,Uint32,Uint32,Int64,Int64,Int64,Uint32,Uint32,Int16,Int64,Uint16,Uint32',
    );
    const label = (schema: string): void => {
      const sums: Record<string, number> = {};
      for (const name of TABLES.map((table) => `${table}.arrow`)) {
        const table = tableFromIPC(readFileSync(join(dir, name)));
        const metadata = new Map([...table.schema.metadata, ['schema', schema]]);
        const relabelled = new Table(new Schema(table.schema.fields, metadata), table.batches);
        writeFileSync(join(dir, name), tableToIPC(relabelled, 'file'));
        sums[name] = crc32(readFileSync(join(dir, name)));
      }
      writeFileSync(join(dir, 'checksums.json'), JSON.stringify(sums));
    };
    label('sealtrace.events/1');
    expect(readBundle(dir)).toEqual(trace);
    label('sealtrace.bundle/9');
    expect(codeOf(() => readBundle(dir))).toBe(3);
    expect(() => readBundle(dir)).toThrow('found sealtrace.bundle/9; ingest the recording again');
  });

  it.each([
    'ftrace/nvme-pagecache.report.txt.gz',
    'ftrace/dax-odirect.report.txt.gz',
    'ftrace/ext4-1k-movers.report.txt.gz',
    'ftrace/xfs-movers.report.txt.gz',
    'perf/xfs-database.script.txt.gz',
  ])('takes at most 32 bytes a recorded event: %s', async (name) => {
    const dir = join(folder, 'narrow-recording.sealtrace');
    const { parts, close } = await ingestParts([join(import.meta.dirname, '..', '..', 'traces', name)]);
    writeBundleParts(parts, dir);
    close();
    const { recordRows } = parts.rest();
    const bytes = ['events.arrow', 'records.arrow'].reduce((sum, file) => sum + statSync(join(dir, file)).size, 0);
    expect(recordRows).toBeGreaterThan(5000);
    expect(bytes / recordRows).toBeLessThanOrEqual(32);
  });

  it('replaces an old bundle, and nothing else', () => {
    const dir = join(folder, 'again.sealtrace');
    writeBundle(largeTrace(3), dir);
    writeBundle(largeTrace(2), dir);
    expect(readBundle(dir).columns.rows).toBe(2);
    const other = join(folder, 'precious');
    mkdirSync(other);
    writeFileSync(join(other, 'thesis.txt'), 'x');
    expect(codeOf(() => writeBundle(largeTrace(1), other))).toBe(2);
    expect(readdirSync(other)).toEqual(['thesis.txt']);
    expect(isBundle(other)).toBe(false);
    expect(isBundle(join(other, 'thesis.txt'))).toBe(false);
    expect(isBundle(join(folder, 'missing.sealtrace'))).toBe(false);
    expect(codeOf(() => writeBundle(largeTrace(1), join(other, 'thesis.txt')))).toBe(2);
    expect(readdirSync(folder).filter((name) => /tmp|old/.test(name))).toEqual([]);
  });

  it('says that an output cannot be written, and leaves nothing behind', () => {
    expect(codeOf(() => writeBundle(largeTrace(1), join(folder, 'no', 'such', 'folder.sealtrace')))).toBe(2);
    expect(existsSync(join(folder, 'no'))).toBe(false);
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    chmodSync(file, 0o400);
    expect(codeOf(() => writeBundle(largeTrace(1), join(file, 'x.sealtrace')))).toBe(2);
  });

  it('names the file that is missing or cut', () => {
    for (const file of FILES) {
      const dir = join(folder, `missing-${file}.sealtrace`);
      writeBundle(largeTrace(100), dir);
      rmSync(join(dir, file));
      expect(() => readBundle(dir)).toThrow(`${file} is missing`);
      expect(codeOf(() => readBundle(dir))).toBe(3);
    }
    const dir = join(folder, 'cut.sealtrace');
    writeBundle(largeTrace(200), dir);
    const whole = readFileSync(join(dir, 'events.arrow'));
    for (let size = 0; size < whole.length; size += 97) {
      writeFileSync(join(dir, 'events.arrow'), whole);
      truncateSync(join(dir, 'events.arrow'), size);
      expect(codeOf(() => readBundle(dir))).toBe(3);
      expect(() => readBundle(dir)).toThrow('events.arrow is damaged');
    }
  });

  it('finds any changed byte', () => {
    const dir = join(folder, 'flip.sealtrace');
    writeBundle(largeTrace(20), dir);
    for (const file of FILES) {
      const whole = readFileSync(join(dir, file));
      for (let at = 0; at < whole.length; at += 17) {
        const bent = Buffer.from(whole);
        bent[at]! ^= 1 << (at % 8);
        writeFileSync(join(dir, file), bent);
        expect(codeOf(() => readBundle(dir))).toBe(3);
      }
      writeFileSync(join(dir, file), whole);
    }
    expect(codeOf(() => readBundle(dir))).toBe(0);
  });

  it('reads batches of any size as another Arrow writer may cut them', () => {
    const dir = join(folder, 'foreign.sealtrace');
    const trace = largeTrace(1000);
    writeBundle(trace, dir);
    const path = join(dir, 'events.arrow');
    const table = tableFromIPC(readFileSync(path));
    const batches = [...table.slice(0, 7).batches, ...table.slice(7).batches];
    writeFileSync(path, tableToIPC(new Table(table.schema, batches), 'file'));
    const back = readTable(path);
    expect(back.integers('addr')).toEqual(trace.columns.addr);
    expect(back.numbers('result', Int16Array)).toEqual(trace.columns.result);
    expect(back.words('op', Uint8Array)).toEqual({ codes: trace.columns.op, list: [...OPS] });
    expect(back.integers('row')).toEqual(Float64Array.from(trace.columns.row));
    expect(() => back.integers('op')).toThrow('expected Float64');
    expect(() => back.numbers('addr', Int16Array)).toThrow('column "addr" is Int64, expected Int16');
    expect(() => back.numbers('row', Int16Array)).toThrow('column "row" is Uint16, expected Int16');
    expect(() => back.texts('row')).toThrow('expected Utf8');
    expect(() => back.texts('nothing')).toThrow('column "nothing" is missing');
  });

  it('refuses tables that contradict each other', () => {
    const dir = join(folder, 'mixed.sealtrace');
    const other = join(folder, 'mixed-other.sealtrace');
    writeBundle(largeTrace(100), dir);
    const builder = newBuilder();
    Object.assign(builder.startSource('a', 'test', 1).events, { op: Op.read }).commit();
    writeBundle(builder.finish(), other);
    const swap = (file: string, from: string) => {
      writeFileSync(join(dir, file), readFileSync(join(other, from)));
      const sums = JSON.parse(readFileSync(join(dir, 'checksums.json'), 'utf8')) as Record<string, number>;
      sums[file] = crc32(readFileSync(join(dir, file)));
      writeFileSync(join(dir, 'checksums.json'), JSON.stringify(sums));
    };
    swap('files.arrow', 'files.arrow');
    expect(() => readBundle(dir)).toThrow('column "file" names row');
    swap('events.arrow', 'tasks.arrow');
    expect(() => readBundle(dir)).toThrow('column "time_ns" is missing');
  });

  it.each(['null', '[]', '3'])('checksums that are %s are none', (json) => {
    const dir = join(folder, 'sums.sealtrace');
    writeBundle(largeTrace(100), dir);
    writeFileSync(join(dir, 'checksums.json'), json);
    expect(() => readBundle(dir)).toThrow('checksums.json is damaged: expected a checksum for each table');
  });
});

// Cells as DuckDB, pandas, polars, R and databases write them: the same table in each container says the same.
import {
  Binary,
  Decimal,
  Field,
  Int64,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import { arrow, csv, ndjsonTable, parquet } from '../../src/formats/index.js';
import { toNs } from '../../src/formats/table-units.js';
import { duckdbWriter } from '../support/duckdb.js';
import { facts, readFormat } from '../support/read-format.js';

const read = async (text: string) => {
  const { trace, intact } = await readFormat(csv, text);
  return { facts: facts(trace), intact, issues: trace.issues, originNs: trace.originNs };
};

describe('CSV', () => {
  const HEAD = 'time_us,op,path,offset,length,latency_us,pid';
  const rows = ['100,read,/a,0,4096,5,7', '200,write,/a,4096,512,6,7'];
  const plain = `${HEAD}\n${rows.join('\n')}\n`;

  test.each([
    ['pandas, with its index', `,${HEAD}\n${rows.map((one, i) => `${i},${one}`).join('\n')}\n`],
    ['R, with its row names', `"",${HEAD}\n${rows.map((one, i) => `"${i + 1}",${one}`).join('\n')}\n`],
    ['a delimiter at the end of each line', `${HEAD},\n${rows.map((one) => `${one},`).join('\n')}\n`],
    ['powers of ten', `${HEAD}\n1e+02,read,/a,0,4.096e+03,5,7\n2e+02,write,/a,4096,512,6e0,7\n`],
  ])('%s', async (_, text) => {
    expect(csv.sniff(new TextEncoder().encode(text))).toBe(true);
    const found = await read(text);
    expect(found.intact).toEqual([true]);
    expect(found.facts).toEqual((await read(plain)).facts);
  });

  test.each(['NaN', 'NA', '<NA>', 'None', 'null', '\\N', 'n/a', '-1'])('%s is no number', async (word) => {
    const found = await read(`${HEAD}\n100,fsync,/a,${word},${word},${word},7\n200,fsync,/NaN,,,3,7\n`);
    expect(found.intact).toEqual([true]);
    expect(found.facts).toEqual([
      [0, 'fsync', '/a', 7, 0, -1, -1, 32767],
      [100_000, 'fsync', '/NaN', 7, 0, -1, 3000, 32767],
    ]);
  });

  test('dates with the zones that programs write', () => {
    const ns = 1_700_000_000_000_919_000n;
    for (const text of [
      '2023-11-14 22:13:20.000919',
      '2023-11-14 22:13:20.000919+00',
      '2023-11-15 03:43:20.000919+0530',
      '2023-11-14T22:13:20.000919Z',
      '2023-11-14 22:13:20.000919 UTC',
      '2023-11-14 20:13:20.000919-02',
      '2023/11/14 22:13:20,000919',
    ])
      expect(toNs(text, 'date')).toBe(ns);
    for (const text of [
      '2023-11/14 22:13:20',
      '2023-11-14 22:13:20+0',
      '2023-11-14 22:13:20 CET',
      '2023-11-14 22:13:20+99',
    ])
      expect(toNs(text, 'date')).toBeNull();
  });

  test('durations and times of day as programs write them', async () => {
    const spans: readonly (readonly [string, bigint])[] = [
      ['0 days 00:00:00.000428527', 428_527n],
      ['-1 days +23:59:59.999999', -1000n],
      ['1 day, 0:00:01', 86_401_000_000_000n],
      ['00:00:00.000428', 428_000n],
      ['P0DT0H0M0.000428527S', 428_527n],
      ['PT1M0.5S', 60_500_000_000n],
    ];
    for (const [text, ns] of spans) expect(toNs(text, 'us')).toBe(ns);
    for (const text of ['12:30', '0 days', 'P1D', '0:00:0', '1 week 00:00:00']) expect(toNs(text, 'us')).toBeNull();
    const found = await read(
      'timestamp,op,path,offset,length,latency\n22:13:20.000047,read,/a,0,4096,0 days 00:00:00.000005\n',
    );
    expect(found.intact).toEqual([true]);
    expect(found.facts).toEqual([[0, 'read', '/a', 0, 0, 4096, 5000, 32767]]);
  });

  test('seconds as doubles mean the digits that are written for them', () => {
    expect(toNs(1_700_000_000.000919, 's')).toBe(toNs('1700000000.000919', 's'));
    expect(toNs('1.700000000000919e+09', 's')).toBe(1_700_000_000_000_919_000n);
  });

  test('a first row of 0 tells no unit: rows with parts of a nanosecond are not taken for such', async () => {
    const rows = '0,read,/a,0,4096\n0.5,write,/a,0,4096\n1.25,read,/a,0,4096\n';
    const { intact, issues } = await read(`time,op,path,offset,length\n${rows}`);
    expect(intact).toEqual([false]);
    expect(issues.find(({ code }) => code === 'bad-row')).toMatchObject({ count: 2, row: 3 });
    expect(issues.find(({ code }) => code === 'bad-row')!.text).toMatch(
      /found "0.5"; say the unit with --map, as time=time:s/,
    );
    expect((await read(`time_ns,op,path,offset,length\n${rows}`)).intact).toEqual([true]);
  });
});

describe('columns of decimals', () => {
  const written = duckdbWriter();

  test.each(['9,2', '18,3', '38,9'])('decimal(%s) in Parquet, CSV and NDJSON', async (type) => {
    const time = '(1700000000::decimal(38,9) + i * 0.000001919)::decimal(38,9)';
    const table = `select ${time} as time_s, 'read' as op, '/a' as path, (i * 4096)::decimal(${type}) as "offset", 28672::decimal(${type}) as length from range(200) t(i)`;
    const found = [];
    for (const [name, format] of [
      ['parquet', parquet],
      ['csv', csv],
      ['json', ndjsonTable],
    ] as const) {
      const { trace, intact } = await readFormat(format, await written(table, `format ${name}`));
      expect(intact).toEqual([true]);
      found.push(facts(trace));
    }
    expect(found[0]).toEqual(
      Array.from({ length: 200 }, (_, i) => [i * 1919, 'read', '/a', 0, i * 4096, 28672, -1, 32767]),
    );
    expect(found[1]).toEqual(found[0]);
    expect(found[2]).toEqual(found[0]);
  });

  test('in Arrow, and names as bytes', async () => {
    const decimals = (values: readonly bigint[], scale: number) => {
      const words = new Uint32Array(
        values.flatMap((value) => [0n, 32n, 64n, 96n].map((bits) => Number(BigInt.asUintN(32, value >> bits)))),
      );
      return makeData({ type: new Decimal(scale, 38), length: values.length, data: words });
    };
    const columns = {
      time_ns: vectorFromArray([1n, 2n], new Int64()).data[0]!,
      op: vectorFromArray(['read', 'fsync'], new Utf8()).data[0]!,
      path: vectorFromArray(
        ['/a', '/bü'].map((text) => new TextEncoder().encode(text)),
        new Binary(),
      ).data[0]!,
      offset: decimals([2n ** 40n * 100n, -100n], 2),
      length: decimals([28672n, -1n], 0),
    };
    const schema = new Schema(Object.entries(columns).map(([name, { type }]) => new Field(name, type)));
    const data = makeData({ type: new Struct(schema.fields), length: 2, children: Object.values(columns) });
    const { trace, intact } = await readFormat(arrow, tableToIPC(new Table([new RecordBatch(schema, data)]), 'file'));
    expect(intact).toEqual([true]);
    expect(facts(trace)).toEqual([
      [0, 'read', '/a', 0, 2 ** 40, 28672, -1, 32767],
      [1, 'fsync', '/bü', 0, 0, -1, -1, 32767],
    ]);
  });
});

// Tables as NDJSON, as loggers and other programs write them.
import { describe, expect, test } from 'vitest';
import { csv } from '../../src/formats/csv.js';
import { ndjsonTable } from '../../src/formats/ndjson-table.js';
import { GUESSED } from '../../src/model/issue.js';
import { facts, readFormat } from '../support/read-format.js';

const CHUNKS = [1, 7, Number.POSITIVE_INFINITY];
const read = (lines: readonly string[], chunk?: number) =>
  readFormat(ndjsonTable, lines.map((line) => `${line}\n`).join(''), undefined, chunk);

describe('keys that the first line lacks', () => {
  const lines = [
    '{"time_us":100,"op":"fsync","path":"/a","ret":null}',
    '{"time_us":200,"op":"read","path":"/a","offset":4096,"length":512}',
    '{"op":"write","time_us":300,"path":"/a","offset":8192,"length":4096,"latency_us":5,"note":"x"}',
    '{"time_us":400,"op":"fsync","path":"/a"}',
  ];
  test.each(CHUNKS)('are read from their line on, and that is said, in pieces of %d bytes', async (chunk) => {
    const { trace, intact } = await read(lines, chunk);
    expect(intact).toEqual([true]);
    expect(facts(trace)).toEqual([
      [0, 'fsync', '/a', 0, 0, -1, -1, 32767],
      [100_000, 'read', '/a', 0, 4096, 512, -1, 32767],
      [200_000, 'write', '/a', 0, 8192, 4096, 5000, 32767],
      [300_000, 'fsync', '/a', 0, 0, -1, -1, 32767],
    ]);
    expect(trace.issues.map(({ code, row, count }) => [code, row, count])).toEqual([
      [`${GUESSED}columns`, 1, 1],
      [`${GUESSED}more-columns`, 2, 1],
    ]);
    expect(trace.issues[1]!.text).toMatch(/"offset", "length", "latency_us" .*len=length:bytes,ns=latency_us:us/);
  });

  test('a file that is named later: its disk is its device from there on', async () => {
    const { trace } = await read([
      '{"time_us":1,"op":"read","offset":0,"length":512,"disk":"8:0"}',
      '{"time_us":2,"op":"read","offset":0,"length":512,"disk":"8:0","path":"/a"}',
    ]);
    expect(facts(trace).map((fact) => (fact as unknown[]).slice(1, 3))).toEqual([
      ['dma_read', 'volume 8:0'],
      ['read', '/a'],
    ]);
    expect(trace.files[1]).toMatchObject({ device: '8:0', path: '/a' });
  });
});

test('numbers of more digits than a double has are exact, as in CSV; names are left alone', async () => {
  const times = ['1700000000000000919', '1700000000000001175'];
  const rows = [`${times[0]},read,"/1700000000000000919",0,4096`, `${times[1]},read,/b,0,4096`];
  const { trace } = await read(
    times.map(
      (time, i) =>
        `{"time_ns":${time},"op":"read","path":"${i === 0 ? '/1700000000000000919' : '/b'}","offset":0,"length":4096}`,
    ),
  );
  expect(trace.originNs).toBe(1700000000000000919n);
  expect(facts(trace)).toEqual(
    facts((await readFormat(csv, `time_ns,op,path,offset,length\n${rows.join('\n')}\n`)).trace),
  );
  const seconds = await read([
    '{"ts":1700000000.123456789,"op":"read","path":"/a","offset":0}',
    '{"ts":1700000000.123456999,"op":"read","path":"/a","offset":0}',
  ]);
  expect([...seconds.trace.columns.timeNs]).toEqual([0, 210]);
});

test('NaN, as Python writes it, is no value', async () => {
  const { trace, intact } = await read([
    '{"time_us":1,"op":"fsync","path":"/NaN","offset":NaN,"length":NaN}',
    '{"time_us":2,"op":"read","path":"/NaN","offset":0,"length":512}',
  ]);
  expect(intact).toEqual([true]);
  expect(facts(trace)).toEqual([
    [0, 'fsync', '/NaN', 0, 0, -1, -1, 32767],
    [1000, 'read', '/NaN', 0, 0, 512, -1, 32767],
  ]);
});

describe('a JSON array of objects', () => {
  const objects = [
    { ts: 100, op: 'read', path: '/a [1], {2}', offset: 0, length: 4096 },
    { ts: 200, op: 'write', path: '/b "x\\', offset: 4096, length: 512, more: { list: [1, { deep: 2 }] } },
  ];
  const whole = (text: string, size?: number) => readFormat(ndjsonTable, text, undefined, size);
  const FORMS: readonly (readonly [string, string])[] = [
    ['pandas, polars', JSON.stringify(objects)],
    ['sqlite3 -json', `[${objects.map((one) => JSON.stringify(one)).join(',\n')}]\n`],
    ['with an object on many lines', `\ufeff${JSON.stringify(objects, null, 2)}\r\n`],
  ];

  test.each(FORMS)('%s: the same as a line each', async (_, text) => {
    expect(ndjsonTable.sniff(new TextEncoder().encode(text))).toBe(true);
    const lines = await whole(`${objects.map((one) => JSON.stringify(one)).join('\n')}\n`);
    for (const size of CHUNKS) {
      const { trace, intact } = await whole(text, size);
      expect(intact).toEqual([true]);
      expect(facts(trace)).toEqual(facts(lines.trace));
      expect(trace.sources[0]!.records).toBe(2);
    }
  });

  test('one that was cut is damaged, also between two objects', async () => {
    const text = JSON.stringify(objects);
    for (const cut of [text.slice(0, -20), text.slice(0, -1), text.slice(0, text.indexOf('},{') + 2)]) {
      const { trace, intact } = await whole(cut);
      expect(intact).toEqual([false]);
      expect(trace.issues.map(({ code }) => code)).toContain('unclosed-array');
      expect(trace.sources[0]!.records).toBeGreaterThan(0);
    }
  });

  test('what stands behind it is said', async () => {
    const { trace, intact } = await whole(`${JSON.stringify(objects)}\nleft over\n`);
    expect(intact).toEqual([false]);
    expect(trace.issues.find(({ code }) => code === 'bad-line')).toMatchObject({ count: 1 });
  });
});

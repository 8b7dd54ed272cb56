// Tables as programs of other systems and countries write them.
import { describe, expect, test } from 'vitest';
import { csv } from '../../src/formats/csv.js';
import { GUESSED } from '../../src/model/issue.js';
import { scratch, sealtrace } from '../cli/support.js';
import { facts, readFormat } from '../support/read-format.js';

const CHUNKS = [1, 7, Number.POSITIVE_INFINITY];
const HEAD = 'time_ns,op,path,offset,size';
const row = (ns: number, op: string, path: string, offset: number) => [ns, op, path, 0, offset, 4096, -1, 32767];

describe('text that is not UTF-8', () => {
  const latin = (text: string): Uint8Array => Buffer.from(text, 'latin1');
  test.each(CHUNKS)(
    'is read as Windows-1252, and that is said: names stay apart, in pieces of %d bytes',
    async (chunk) => {
      const rows = '10,read,/Müller,0,4096\n20,read,/Möller,0,4096\n';
      const { trace, intact } = await readFormat(csv, latin(`${HEAD}\n${rows}`), undefined, chunk);
      expect(intact).toEqual([true]);
      expect(facts(trace)).toEqual([row(0, 'read', '/Müller', 0), row(10, 'read', '/Möller', 0)]);
      const issue = trace.issues.find(({ code }) => code === `${GUESSED}windows-1252`)!;
      expect(issue).toMatchObject({ count: 2, row: 2 });
      expect(issue.text).toMatch(/found the bytes fc 6c 6c 65 72 2c 30 2c behind byte 10 .*"10,read,\/Müller.*iconv/);
    },
  );
  test('a mark that is written as UTF-8 is none', async () => {
    const { trace } = await readFormat(csv, `${HEAD}\n10,read,/a\ufffdb,0,4096\n`);
    expect(facts(trace)).toEqual([row(0, 'read', '/a\ufffdb', 0)]);
    expect(trace.issues.filter(({ code }) => code.includes('1252'))).toEqual([]);
  });
});

describe('line breaks in cells', () => {
  const rows = [`10,read,"/a/one\ntwo",0,4096`, '20,write,"/x ""y""\r\n\nz",4096,4096', '30,read,/5"disk,8192,4096'];

  test.each(CHUNKS)('are a part of them, in pieces of %d bytes', async (chunk) => {
    const { trace, intact } = await readFormat(csv, `${HEAD}\n${rows.join('\n')}\n`, undefined, chunk);
    expect(intact).toEqual([true]);
    expect(facts(trace)).toEqual([
      row(0, 'read', '/a/one\ntwo', 0),
      row(10, 'write', '/x "y"\n\nz', 4096),
      row(20, 'read', '/5"disk', 8192),
    ]);
    expect([...trace.columns.row]).toEqual([2, 4, 7]);
  });

  test('also in the header', async () => {
    const { trace } = await readFormat(csv, '"time\n(ns)",op,path,offset,size\n10,read,/a,0,4096\n');
    expect(facts(trace)).toEqual([row(0, 'read', '/a', 0)]);
  });

  test.each([
    ['at the end of the file', 3],
    ['in a long file', 1000],
  ])('a quote that nothing closes, %s: it is said, and no other row is lost', async (_, count) => {
    const good = Array.from({ length: count }, (_, i) => `${20 + i},write,/b,${i * 4096},4096\n`);
    const { trace, intact } = await readFormat(csv, `${HEAD}\n10,read,"/a,0,4096\n${good.join('')}`);
    expect(intact).toEqual([false]);
    expect(trace.sources[0]!.records).toBe(count);
    expect(trace.issues.map(({ code, row: line, count: times }) => [code, line, times])).toEqual([
      ['unclosed-quote', 2, 1],
      [`${GUESSED}columns`, 1, 1],
      ['bad-row', 2, 1],
    ]);
    expect(trace.issues[0]!.text).toMatch(/expected a quote at the end .* found none .*\/a,0,4096.*close the quote/);
  });
});

describe('decimal commas', () => {
  const text = 'time;op;path;offset;size;latency_ms\n0,001;read;/a,5;0;4096;0,25\n0,002;write;/a,5;4096;4096;1\n';

  test('of times in a table whose cells are set apart by something else are read, and that is said', async () => {
    const { trace, intact } = await readFormat(csv, text);
    expect(intact).toEqual([true]);
    expect(facts(trace)).toEqual([
      [0, 'read', '/a,5', 0, 0, 4096, 250_000, 32767],
      [1_000_000, 'write', '/a,5', 0, 4096, 4096, 1_000_000, 32767],
    ]);
    expect(trace.issues.map(({ code }) => code)).toEqual([`${GUESSED}columns`, `${GUESSED}decimal-comma`]);
    expect(trace.issues[0]!.text).toMatch(/time=time:s,/);
    expect(trace.issues[1]!.text).toMatch(/read "0,001" as 0\.001/);
  });

  test('a size with one may be thousands: the row is left out, with what was found', async () => {
    const { trace, intact } = await readFormat(csv, 'time_s;op;path;offset;size\n1;read;/a;0;4,096\n');
    expect(intact).toEqual([false]);
    expect(trace.issues.at(-1)!.text).toMatch(/expected "len" to be an integer .* found "4,096"; the row was left out/);
  });
});

describe('line ends', () => {
  const text = `${HEAD}\n10,read,/a,0,4096\n20,write,/b,4096,4096\n`;

  test.each(['\n', '\r\n', '\r'].flatMap((end) => CHUNKS.map((chunk) => [end, chunk] as const)))(
    '%j, in pieces of %d bytes',
    async (end, chunk) => {
      const written = text.replaceAll('\n', end);
      expect(csv.sniff(new TextEncoder().encode(written))).toBe(true);
      for (const whole of [written, written.slice(0, -end.length)]) {
        const { trace, intact } = await readFormat(csv, whole, undefined, chunk);
        expect(intact).toEqual([true]);
        expect(facts(trace)).toEqual([row(0, 'read', '/a', 0), row(10, 'write', '/b', 4096)]);
      }
    },
  );
});

describe('UTF-16', () => {
  const files = scratch();
  const text = `sep=;\n${HEAD.replaceAll(',', ';')}\n10;read;/ä€𝄞;0;4096\n`;
  const wide = Buffer.from(`\ufeff${text}`, 'utf16le');

  test.each([
    ['little endian', wide],
    ['big endian', Buffer.from(wide).swap16()],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${text}`)],
  ])('%s', async (_, bytes) => {
    const path = files.file('table.csv', bytes);
    const { code, out, err } = await sealtrace(['inspect', '--json', path]);
    expect(code, err).toBe(0);
    const answer = JSON.parse(out);
    expect(answer.sources[0]).toMatchObject({ format: 'csv', records: 1, typed: 1 });
    expect(answer.files.map(({ path }: { path: string }) => path)).toEqual(['/ä€𝄞']);
  });
});

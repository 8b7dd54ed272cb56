// blkparse -f: the lines that a form of the user's own gives, as blkparse 1.3 printed them.
import { describe, expect, test } from 'vitest';
import { blkparse } from '../../src/formats/blkparse.js';
import { scratch, sealtrace } from '../cli/support.js';
import { facts, readFormat } from '../support/read-format.js';

const ADVICE = /looks like what blkparse -f prints.*run blkparse without -f .*NAME\.blktrace\.\*/;

describe('forms without the leading columns are no trace, and it is said what to do', () => {
  const files = scratch();

  test.each([
    ['%T.%9t %a %d %S %n', '0.000000000 Q FWS 0 0\n0.000873081 G FWS 0 0\n0.000880001 D WS 8 16\n'],
    [
      '%5T.%9t, %p, %a, %d, %S, %N, %C',
      '    0.000000000, 14566, Q, FWS, 0, 0, (null)\n    0.000873081, 14566, G, FN, 0, 0, (null)\n    0.000880001, 7, UT, N, 0, 0, a b\n',
    ],
    ['%T,%t,%a,%d,%S,%N', '0,000000000,Q,FWS,0,0\n0,000873081,G,FWS,0,0\n0,000880001,D,R,8,4096\n'],
  ])('%s', async (_, text) => {
    expect(blkparse.sniff(new TextEncoder().encode(text))).toBe(false);
    const { code, err } = await sealtrace(['inspect', files.file('form.txt', text)]);
    expect(code).toBe(3);
    expect(err).toMatch(ADVICE);
  });

  test('other texts get no such advice', async () => {
    const { err } = await sealtrace(['inspect', files.file('prose.txt', 'A Q in F and R at 000000000\nB\nC\nD\n')]);
    expect(err).toMatch(/no trace, beginning .*--from FORMAT/);
    expect(err).not.toMatch(ADVICE);
  });
});

describe('the leading columns with another end', () => {
  const begin = (i: number, action: string) => `  7,0    0        ${i}     0.00000000${i} 14566  ${action}  WS `;

  test.each([
    ['%S %n', '8 16'],
    ['%u %S + %n [%C]', '  12.345 8 + 16 [fio]'],
    ['%S+%n', '8+16'],
  ])('%s: no request without its range', async (_, end) => {
    const { trace } = await readFormat(blkparse, ['D', 'C'].map((action, i) => `${begin(i, action)}${end}\n`).join(''));
    expect(trace.sources[0]!.records).toBe(0);
    expect(trace.issues).toMatchObject([{ code: 'unreadable-range', count: 2, row: 1 }]);
    expect(trace.issues[0]!.text).toMatch(/expected "sector \+ sectors \[name\]".*run blkparse without -f/);
  });

  test('ends of blkparse itself, with the times of -t', async () => {
    const ends = ['8 + 16 (     123) [fio]', '8 + 16 (  456789) [0]'];
    const { trace } = await readFormat(blkparse, ['D', 'C'].map((one, i) => `${begin(i, one)}${ends[i]}\n`).join(''));
    expect(facts(trace)).toMatchObject([[0, 'dma_write', expect.any(String), 14566, 4096, 8192, 1, 0]]);
    expect(trace.issues).toEqual([]);
  });
});

test('what a terminal showed of the key that ended blktrace is no line', async () => {
  const text =
    '  8,0    3        1     0.000000000  7111  Q  WM 1052736 + 8 [kworker]\n^CCPU3 (8,0):\n IO unplugs:             1\n';
  const { trace } = await readFormat(blkparse, text);
  expect(trace.sources[0]!.records).toBe(1);
  expect(trace.issues).toEqual([]);
});

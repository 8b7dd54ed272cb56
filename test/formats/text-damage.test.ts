// Damaged text of every recorder: nothing throws or hangs, what stands before the damage is used, and the place is named.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bcc } from '../../src/formats/bcc.js';
import { bpftrace } from '../../src/formats/bpftrace.js';
import { perfScript } from '../../src/formats/perf-script.js';
import { strace } from '../../src/formats/strace.js';
import type { Format } from '../../src/model/trace.js';
import { bundled, content } from '../kernel/recordings.js';
import { readAs } from './support.js';

const folder = join(bundled, '..');
/** Whole lines of a recording, from the first that shows `begin`. */
function part(name: string, begin: string, bytes = 420): Uint8Array {
  const text = content(join(folder, name)).toString('latin1');
  const at = text.lastIndexOf('\n', text.indexOf(begin)) + 1;
  return Buffer.from(text.slice(at, text.lastIndexOf('\n', at + bytes) + 1), 'latin1');
}
const slower = `Tracing XFS operations slower than 1 ms
TIME     COMM           PID    T BYTES   OFF_KB   LAT(ms) FILENAME
06:26:59 randread.pl    5394   R 8192    9045728     1.24 data1
06:27:00 Web Content    5442   W 8192    2192376     2.06 data 2
`;

const CASES: readonly (readonly [string, Format, Uint8Array])[] = [
  ['perf samples', perfScript, part('perf/story.script.txt.gz', 'base.dat')],
  ['perf mappings', perfScript, part('perf/story.script.txt.gz', 'PERF_RECORD_FORK')],
  ['strace calls', strace, part('strace/story.strace.txt.gz', 'base.dat')],
  ['strace tasks', strace, part('strace/story.strace.txt.gz', 'clone3')],
  ['bpftrace lines', bpftrace, part('bpftrace/story.txt.gz', 'openat')],
  ['bpftrace JSON', bpftrace, part('bpftrace/story.json.gz', 'openat')],
  ['bcc table', bcc, Buffer.from(slower)],
];

describe.each(CASES)('%s', (_, format, bytes) => {
  test('cut at every byte: the whole lines before it are the records', async () => {
    const at = (end: number): Promise<number> =>
      readAs(format, bytes.subarray(0, end)).then(({ trace }) => trace.sources[0]!.records);
    let whole = 0;
    for (let end = 1; end <= bytes.length; end++) {
      const { trace, whole: intact } = await readAs(format, bytes.subarray(0, end));
      const { records, typed, generic } = trace.sources[0]!;
      expect(typed + generic).toBe(records);
      expect(records).toBeGreaterThanOrEqual(whole);
      if (!intact) expect(trace.issues.map(({ code }) => code)).toContain('truncated-line');
      if (bytes[end - 1] === 10) whole = records;
    }
    expect(await at(bytes.length)).toBe(whole);
    expect(whole).toBeGreaterThan(1);
  });

  test('random bytes never throw, and every record is counted', async () => {
    let seed = 7;
    const random = (): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return seed >>> 8;
    };
    for (let round = 0; round < 60; round++) {
      const copy = bytes.slice();
      for (let n = 0; n < 6; n++) copy[random() % copy.length] = random() & (round % 2 === 0 ? 255 : 127);
      const { typed, generic, records } = (await readAs(format, copy)).trace.sources[0]!;
      expect(typed + generic).toBe(records);
    }
  });

  test('numbers beyond every clock are said to be no records', async () => {
    const text = Buffer.from(bytes)
      .toString('latin1')
      .replace(/\d{4,}/g, (digits) => digits.repeat(80));
    const { trace } = await readAs(format, Buffer.from(text, 'latin1'));
    for (const time of trace.records.timeNs) expect(Number.isFinite(time)).toBe(true);
  });
});

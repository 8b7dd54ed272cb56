// blktrace binary and blkparse text: against blkparse's own summary of a real recording, and the joining of requests.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blkparse } from '../../src/formats/blkparse.js';
import { blktrace } from '../../src/formats/blktrace.js';
import { Op } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { bundledFile, facts, kindCounts, readFormat, readTogether } from '../support/read-format.js';

const BINARY = bundledFile('blktrace/loop-ext4.blktrace.gz');
const TEXT = new TextDecoder().decode(bundledFile('blktrace/loop-ext4.blkparse.txt.gz'));
const publicFolder = join(import.meta.dirname, '..', '..', '..', 'shared', 'traces', 'public');

/** Records of the binary, cut apart. */
function* recordsOf(bytes: Uint8Array): Iterable<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const length = 48 + view.getUint16(at + 46, true);
    yield bytes.slice(at, at + length);
    at += length;
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function sum(trace: Trace, ops: readonly number[]): number {
  let bytes = 0;
  for (let i = 0; i < trace.columns.rows; i++)
    if (ops.includes(trace.columns.op[i]!)) bytes += trace.columns.length[i]!;
  return bytes;
}

/** A number out of the "Total" part of blkparse's summary. */
const total = (pattern: RegExp): number => Number(pattern.exec(TEXT.slice(TEXT.indexOf('Total (')))?.[1]);

describe('a real recording: ext4 on a loop device, with merges, a split, flushes and discards', () => {
  test('every entry that blkparse counts is a record, action by action', async () => {
    const { trace, intact } = await readFormat(blktrace, BINARY);
    expect(intact).toEqual([true]);
    expect(trace.sources[0]).toMatchObject({ records: 2095, typed: 2095, generic: 0 });
    expect(trace.issues).toEqual([]);
    const letters = [...TEXT.matchAll(/^ *\d+,\d+ +\d+ +\d+ +[\d.]+ +\d+ +(\w+) /gm)].map((match) => match[1]!);
    const count = (letter: string): number => letters.filter((one) => one === letter).length;
    expect(letters).toHaveLength(2095);
    expect(kindCounts(trace)).toEqual({
      block_bio_queue: count('Q'),
      block_getrq: count('G'),
      block_rq_insert: count('I'),
      block_bio_backmerge: count('M'),
      block_split: count('X'),
      block_plug: count('P'),
      block_unplug: count('U'),
      block_unplug_timer: count('UT'),
      block_rq_issue: count('D'),
      block_rq_complete: count('C'),
    });
  });

  test('the bytes of all requests are those that blkparse says were completed', async () => {
    const { trace } = await readFormat(blktrace, BINARY);
    // blkparse counts in KiB, and discards as writes.
    expect(Math.floor(sum(trace, [Op.dma_read]) / 1024)).toBe(total(/Reads Completed: +\d+, +(\d+)KiB/));
    expect(Math.floor(sum(trace, [Op.dma_write, Op.punch]) / 1024)).toBe(total(/Writes Completed: +\d+, +(\d+)KiB/));
    expect(trace.unplaced).toEqual({});
  });

  test('each access lasts from its issue to the next completion of its sector (a naive reading of the text)', async () => {
    const { trace } = await readFormat(blkparse, TEXT);
    const lines = [...TEXT.matchAll(/^ *\d+,\d+ +\d+ +\d+ +(\d+)\.(\d+) +\d+ +([DC]) +\w+ (\d+) \+ (\d+)/gm)].map(
      ([, seconds, nanos, action, sector, sectors]) => {
        return {
          timeNs: Number(seconds) * 1e9 + Number(nanos),
          action,
          sector: Number(sector),
          sectors: Number(sectors),
        };
      },
    );
    const expected = lines.flatMap((line, i) => {
      const end = lines.slice(i + 1).find(({ action, sector }) => action === 'C' && sector === line.sector);
      return line.action === 'D'
        ? [[line.timeNs, line.sector * 512, line.sectors * 512, end!.timeNs - line.timeNs]]
        : [];
    });
    const { timeNs, offset, length, latencyNs, rows } = trace.columns;
    const found = Array.from({ length: rows }, (_, i) => [timeNs[i], offset[i], length[i], latencyNs[i]]);
    expect(found).toEqual(expected);
    expect(found).toHaveLength(304);
  });

  test('text and binary, any chunks, both byte orders, and a file per CPU give the same accesses', async () => {
    const whole = facts((await readFormat(blktrace, BINARY)).trace);
    expect(facts((await readFormat(blkparse, TEXT)).trace)).toEqual(whole);
    for (const chunk of [1, 7, 4096])
      expect(facts((await readFormat(blktrace, BINARY, undefined, chunk)).trace)).toEqual(whole);
    expect(facts((await readFormat(blktrace, swapped(BINARY))).trace)).toEqual(whole);
    const cpus = [0, 1].map((cpu) =>
      Buffer.concat([...recordsOf(BINARY)].filter((record) => viewOf(record).getUint32(40, true) === cpu)),
    );
    const together = await readTogether(blktrace, cpus);
    expect(facts(together.trace)).toEqual(whole);
    expect(together.trace.sources.map(({ records }) => records).reduce((a, b) => a + b)).toBe(2095);
    // Read on their own, requests that one CPU issued and another completed fall apart.
    const alone = await readFormat(blktrace, cpus[0]!);
    expect(Object.values(alone.trace.unplaced).reduce((a, b) => a + b)).toBeGreaterThan(50);
    // One after the other in one stream: put in order of time.
    expect(facts((await readFormat(blktrace, Buffer.concat(cpus))).trace)).toEqual(whole);
  });

  test('what blkparse -d wrote counts from its first event, on no clock of others', async () => {
    const records = [...recordsOf(BINARY)].map((record) => Buffer.from(record));
    const first = Math.min(...records.map((record) => Number(record.readBigUInt64LE(8))));
    for (const record of records) record.writeBigUInt64LE(record.readBigUInt64LE(8) - BigInt(first), 8);
    const { trace } = await readFormat(blktrace, Buffer.concat(records));
    expect(facts(trace)).toEqual(facts((await readFormat(blktrace, BINARY)).trace));
    expect(trace.sources[0]!.clock).toBe('blktrace-relative');
    // As -a leaves it, which asks for some kinds of events only.
    const { trace: fewer } = await readFormat(blktrace, Buffer.concat(records.slice(9)));
    expect(Number(fewer.originNs)).toBeGreaterThan(0);
    expect(fewer.sources[0]!.clock).toBe('blktrace-relative');
  });

  test('the records of a request share its number', async () => {
    const { trace } = await readFormat(blktrace, BINARY);
    const { opId, kind, rows } = trace.records;
    const byOp = new Map<number, string[]>();
    for (let i = 0; i < rows; i++)
      if (opId[i] !== 0) byOp.set(opId[i]!, [...(byOp.get(opId[i]!) ?? []), trace.kinds[kind[i]!]!.name]);
    const merged = [...byOp.values()].filter((names) => names.includes('block_bio_backmerge'));
    expect(merged.length).toBeGreaterThan(5);
    for (const names of byOp.values()) expect(names.filter((name) => name === 'block_rq_issue')).toHaveLength(1);
    for (const names of merged) {
      const merges = names.filter((name) => name === 'block_bio_backmerge').length;
      expect(names.filter((name) => name === 'block_bio_queue')).toHaveLength(merges + 1);
    }
  });
});

function swapped(bytes: Uint8Array): Uint8Array {
  const records = [...recordsOf(bytes)].map((record) => {
    const view = viewOf(record);
    for (const at of [0, 4, 24, 28, 32, 36, 40]) view.setUint32(at, view.getUint32(at, true), false);
    for (const at of [8, 16]) view.setBigUint64(at, view.getBigUint64(at, true), false);
    for (const at of [44, 46]) view.setUint16(at, view.getUint16(at, true), false);
    return record;
  });
  return Buffer.concat(records);
}

const line = (time: string, action: string, rwbs: string, rest: string, sequence = 0, cpu = 0): string =>
  `  8,0    ${cpu}  ${String(sequence).padStart(7)}     ${time} 100  ${action}   ${rwbs} ${rest}\n`;

describe('stories in text', () => {
  test('a remap through a partition, a front merge, a requeue and a completion in two parts are one access', async () => {
    const { trace, intact } = await readFormat(
      blkparse,
      line('0.000000100', 'A', 'W', '1108 + 8 <- (8,1) 100') +
        line('0.000000200', 'Q', 'W', '1108 + 8 [db]') +
        line('0.000000300', 'G', 'W', '1108 + 8 [db]') +
        line('0.000000400', 'Q', 'W', '1100 + 8 [db]') +
        line('0.000000500', 'F', 'W', '1100 + 8 [db]') +
        line('0.000000600', 'D', 'W', '1100 + 16 [db]') +
        line('0.000000700', 'R', 'W', '1100 + 16 [0]') +
        line('0.000000800', 'D', 'W', '1100 + 16 [kworker/0:1]') +
        line('0.000000900', 'C', 'W', '1100 + 8 [0]') +
        line('0.000001000', 'C', 'W', '1108 + 8 [0]'),
    );
    expect(intact).toEqual([true]);
    expect(facts(trace)).toEqual([[0, 'dma_write', 'block device 8:0', 100, 1100 * 512, 16 * 512, 200, 0]]);
    expect(trace.columns.row[0]).toBe(8);
    expect([...trace.records.opId].every((id) => id === trace.columns.opId[0])).toBe(true);
  });

  test('a device that only queues and completes, an error, and what is no transfer', async () => {
    const { trace } = await readFormat(
      blkparse,
      line('0.000000100', 'Q', 'R', '8 + 8 [dd]') +
        line('0.000000200', 'C', 'R', '8 + 8 [-5]') +
        line('0.000000300', 'D', 'FN', '[kworker/0:1H]') +
        line('0.000000400', 'C', 'FN', '0 [0]') +
        line('0.000000500', 'D', 'R', '36 (12 00 00 00 24 00) [smartd]') +
        line('0.000000600', 'm', 'N', 'cfq100 Not idling [x') +
        line('0.000000700', 'C', 'R', '4096 + 8 [0]') +
        line('0.000000800', 'D', 'R', '8192 + 8 [dd]'),
    );
    expect(trace.sources[0]).toMatchObject({ records: 8, typed: 8 });
    expect(facts(trace)).toEqual([
      [0, 'dma_read', 'block device 8:0', 100, 4096, 4096, 100, -5],
      [700, 'dma_read', 'block device 8:0', 100, 8192 * 512, 4096, -1, 32767],
    ]);
    expect(trace.unplaced).toEqual({
      'disk requests that completed but whose begin is not in the recording': 1,
      'disk requests whose completion is not in the recording': 1,
    });
  });

  test('what tracefs says that it lost between binary records is a loss, not damage', async () => {
    const records = [...recordsOf(BINARY)];
    const text = Buffer.from('CPU:1 [LOST 760 EVENTS]\n');
    const bytes = Buffer.concat([...records.slice(0, 200), text, ...records.slice(200)]);
    for (const chunk of [undefined, 61]) {
      const { trace, intact } = await readFormat(blktrace, bytes, undefined, chunk);
      expect(intact).toEqual([true]);
      expect(trace.issues).toEqual([]);
      expect(trace.sources[0]).toMatchObject({ records: 2095, lost: [{ cpu: 1, count: 760 }] });
    }
  });

  test('the summary of each program (blkparse -s) is no damage', async () => {
    const rows = ' Reads Queued:           0,        0KiB\t Writes Queued:           0,        0KiB\n';
    const waits =
      ' Dispatch wait:          0        \t Dispatch wait:           0\n Completion wait:        0        \t Completion wait:         0\n';
    const programs = ['dd (123)', 'kworker/0:1 (12, ...)', 'unknown (44)']
      .map((name) => `${name}\n${rows}${waits}`)
      .join('');
    const { trace } = await readFormat(blkparse, TEXT.replace(/^CPU0 \(/m, `${programs}CPU0 (`));
    expect(trace.issues).toEqual([]);
    expect(trace.sources[0]!.records).toBe(2095);
  });

  test('gaps in the sequence are losses, unless blkparse saw them all', async () => {
    const gap = line('0.000000100', 'P', 'N', '[dd]', 1) + line('0.000000900', 'P', 'N', '[dd]', 5);
    const { trace } = await readFormat(blkparse, gap);
    expect(trace.sources[0]!.lost).toEqual([{ fromNs: 100, toNs: 900, cpu: 0, count: 3 }]);
    const skips = (count: number): string => `${gap}\nSkips: ${count} forward (${count} -   0.0%)\n`;
    expect((await readFormat(blkparse, skips(0))).trace.sources[0]!.lost).toEqual([]);
    expect((await readFormat(blkparse, skips(3))).trace.sources[0]!.lost).toHaveLength(1);
    const dropped = 'You have 17 (1.2%) dropped events\n';
    expect((await readFormat(blkparse, gap + dropped)).trace.sources[0]!.lost.map(({ count }) => count)).toEqual([
      17, 3,
    ]);
  });

  test('lines that were left out of a text show against its summary', async () => {
    const { trace } = await readFormat(blkparse, TEXT.split('\n').slice(5).join('\n'));
    expect(trace.issues.map(({ code }) => code)).toEqual(['entries-differ']);
    expect(trace.issues[0]!.text).toMatch(/2095 entries .* found 2090/);
  });

  test('a record that is none, in the middle: the rest is read, and it is said', async () => {
    const records = [...recordsOf(BINARY)];
    records[100]!.fill(0xee, 0, 4);
    const damaged = Buffer.concat(records);
    const at = Buffer.concat(records.slice(0, 100)).length;
    const { trace, intact } = await readFormat(blktrace, damaged);
    expect(intact).toEqual([false]);
    expect(trace.sources[0]!.records).toBe(2094);
    expect(trace.issues[0]!.text).toContain(`at byte ${at}, found other bytes`);
  });
});

const hasPublic = existsSync(join(publicFolder, 'blktrace-binary'));
describe.skipIf(!hasPublic)('public block traces (SKIPPED: ../shared/traces/public is missing)', () => {
  test('the counts of blkparse', async () => {
    const binary = readFileSync(join(publicFolder, 'blktrace-binary/blktrace_viewer/sample.blktrace.0'));
    const { trace } = await readFormat(blktrace, binary);
    expect(trace.sources[0]).toMatchObject({ records: 6741, typed: 6741 });
    expect(Object.values(kindCounts(trace))).toEqual(Array(7).fill(963));
    expect(trace.columns.rows).toBe(963);
    expect(sum(trace, [Op.dma_read])).toBe(3852 * 1024);
    const text = readFileSync(join(publicFolder, 'blkparse-text/blktrace_merge/nvme0n1.blktrace.txt'));
    const parsed = (await readFormat(blkparse, text)).trace;
    // "Events: 1,364 entries", "Write Dispatches: 119, 1,154KiB".
    expect(parsed.sources[0]!.records).toBe(1364);
    expect(parsed.columns.rows).toBe(119);
    expect(Math.floor(sum(parsed, [Op.dma_write]) / 1024)).toBe(1154);
  });
});

// Lines that look like earlier ones are read by what those taught; the same lines one at a time teach nothing. Both readings
// must hand over the same records, whatever the lines are.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
// @ts-expect-error: a script without types
import { kernels } from '../../scripts/kernels.mjs';
import { WordTable } from '../../src/base/words.js';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { LineScanner } from '../../src/formats/line-scanner.js';
import { planOf } from '../../src/formats/payload-plan.js';
import { OWN_EVENTS } from '../../src/model/event-catalogue.js';
import type { Format, TraceSink } from '../../src/model/trace.js';
import { bundled, content } from '../kernel/recordings.js';
import { emptyRecord } from '../support/kernel-record.js';

/** Shorter than any line: each is put together from pieces, and none stands in a buffer with the next. */
const PIECE = 24;

/** Everything that a format hands over, in words. */
async function handedOver(format: Format, bytes: Uint8Array, piece: number): Promise<string[]> {
  const said: string[] = [];
  const words = new WordTable();
  const record = emptyRecord();
  const { v } = record;
  const kernel = {
    catalogue: OWN_EVENTS,
    record,
    words,
    take() {
      const { name, slots } = OWN_EVENTS.events[record.event]!;
      const isWord = (place: number): boolean =>
        ['s', 'S'].includes(slots[place]?.type ?? '') && !Number.isNaN(v[place]);
      const values = Array.from(v, (value, place) => (isWord(place) ? words.get(value) : value));
      const { timeNs, cpu, tid, pid, comm, row, arrays } = record;
      said.push(JSON.stringify([name, timeNs, cpu, tid, pid, words.get(comm), row, values.map(String), arrays]));
      return 0;
    },
    task: () => 0,
    lost: (timeNs: number) => said.push(`lost ${timeNs}`),
    finish() {},
  };
  const records = {
    ...{ timeNs: 0, kind: 0, task: 0, cpu: 0, row: 0, opId: 0 },
    kindId: (name: string) => words.text(name),
    add: (kind: number, _task: number, cpu: number, row: number) =>
      said.push(`${words.get(kind)} ${records.timeNs} ${cpu} ${row}`),
    commit: () => records.add(records.kind, records.task, records.cpu, records.row),
  };
  const sink = {
    ...{ source: {}, kernel, records, unplaced() {}, extra() {} },
    origin: () => 0n,
    lost: (loss: unknown) => said.push(JSON.stringify(loss)),
    issue: (...issue: unknown[]) => said.push(JSON.stringify(issue)),
  };
  const input = {
    ...{ name: 't.txt', bytes: bytes.length },
    async *chunks() {
      for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
    },
  };
  said.push(String(await format.read(input, sink as unknown as TraceSink)));
  return said;
}

async function expectSame(format: Format, text: string): Promise<void> {
  const bytes = Buffer.from(text, 'latin1');
  const [fast, slow] = [await handedOver(format, bytes, bytes.length), await handedOver(format, bytes, PIECE)];
  // One by one: the difference of two long lists is no message.
  for (let i = 0; i < slow.length; i++) if (fast[i] !== slow[i]) expect(fast[i]).toBe(slow[i]);
  expect(fast).toHaveLength(slow.length);
}

const lines = (name: string, most: number): string[] =>
  content(join(bundled, '..', name))
    .toString('latin1')
    .split('\n')
    .slice(0, most);

describe.each([
  ['ftrace/story.report.txt.gz', ftraceText],
  ['ftrace/dax-odirect.report.txt.gz', ftraceText],
  ['ftrace/ext4-1k-movers.report.txt.gz', ftraceText],
  ['ftrace/nvme-pagecache.report.txt.gz', ftraceText],
  ['ftrace/xfs-kill.report.txt.gz', ftraceText],
])('%s', (name, format) => {
  test('as it is', () => expectSame(format, lines(name, 20_000).join('\n')));

  test('with bytes changed, left out and put in', async () => {
    const random = generator(name.length);
    const some = lines(name, 3000);
    for (let round = 0; round < 3; round++) await expectSame(format, some.map((line) => hurt(line, random)).join('\n'));
  });
});

const BYTES = ' 0123456789abcdefxzXA=:,.[]()-+/"#\r\n\t\0';

/** Half of the lines stay as they are, so that there is something to learn. */
function hurt(line: string, random: (below: number) => number): string {
  let text = line;
  for (let n = random(4) - 1; n > 0 && text.length > 0; n--) {
    const at = random(text.length);
    const byte = BYTES[random(BYTES.length)]!;
    text = text.slice(0, at) + (random(3) > 0 ? byte : '') + text.slice(at + (random(3) > 0 ? 1 : 0));
  }
  return text;
}

function generator(start: number): (below: number) => number {
  let seed = start;
  return (below) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
}

const STAMP = '          st-aio-3625  [000]  1795.707079092: ';
const NAME = 'xfs_iomap_found:      ';

test('a plan reads its own line and its like, and no other', () => {
  const words = new WordTable();
  const first = 'dev 7:0 ino 0x83 pos 0x1000 whence 12 flags DIRTY';
  const found = [
    { type: 'd', place: 0, from: 4, to: 7 },
    { type: 'n', place: 1, from: 12, to: 16 },
    { type: 's', place: 2, from: 44, to: 49 },
  ] as const;
  const scanner = new LineScanner((b, from, to) => words.bytes(b, from, to));
  const begin = STAMP.indexOf('1795');
  scanner.begin(1795, 0);
  const load = (payload: string): number => {
    const line = Buffer.from(`${STAMP}${NAME}${payload}\n${' '.repeat(40)}`);
    scanner.load(line);
    return line.length;
  };
  load(first);
  expect(scanner.teachBeginning(0, begin)).toBeGreaterThanOrEqual(0);
  scanner.teachName(STAMP.length, STAMP.length + NAME.length, 7);
  scanner.teachEvent(7, true, false);
  scanner.teachPlan(7, planOf(Buffer.from(first), 0, found, false)!);
  const v = new Float64Array(4);
  const reads = (payload: string): boolean => {
    v.fill(-1);
    expect(scanner.scan(0, load(payload))).toBe(1);
    expect([scanner.name(0), scanner.times[0]]).toEqual([7, 707079092]);
    if (scanner.isUnread(0)) return false;
    expect(scanner.values(0, v, v.length)).toBe(3);
    expect(v[3]).toBeNaN();
    return true;
  };
  for (let again = 0; again < 2; again++) {
    expect(reads('dev 259:3 ino 0xffffffffff pos 0x0 whence -7 flags NEW more')).toBe(true);
    expect([v[0], v[1], words.get(v[2]!)]).toEqual([259 * 2 ** 20 + 3, 2 ** 40 - 1, 'NEW']);
  }
  for (const other of [
    'dev 7:0 ino 0x83 pos 0x1000 whence 12 flags ',
    'dev 7:0 ino  0x83 pos 0x1000 whence 12 flags DIRTY',
    'dev 7:0 ino 0x83 pos 0x1000 whence cur flags DIRTY',
    'dev 7 ino 0x83 pos 0x1000 whence 12 flags DIRTY',
    'dev 7:0 ino none pos 0x1000 whence 12 flags DIRTY',
  ])
    expect(reads(other), other).toBe(false);
});

test('the kernels in the repository are those that their sources make', async () => {
  const made = (await kernels()) as ReadonlyMap<string, string>;
  expect(made.size).toBe(3);
  for (const [path, text] of made) expect(readFileSync(path, 'utf8')).toBe(text);
});

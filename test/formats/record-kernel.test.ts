// The kernel's rows are what binary-payload.ts, which is the reference, reads from the same records: any bytes, whole and cut.
import { expect, test } from 'vitest';
import { viewOf } from '../../src/base/byte-cursor.js';
import { Random } from '../../src/base/random.js';
import { WordTable } from '../../src/base/words.js';
import { BinaryPayload } from '../../src/formats/binary-payload.js';
import { RecordKernel } from '../../src/formats/record-kernel.js';
import { EVENT, FROM, HOW, ROWS, TID, TO, UNREAD } from '../../src/formats/record-kernel-code.js';
import { parseTracepointFormat } from '../../src/formats/tracepoint-format.js';
import { OWN_EVENTS } from '../../src/model/event-catalogue.js';
import type { KernelSink } from '../../src/model/kernel.js';
import { emptyRecord } from '../support/kernel-record.js';

const ID = 700;
const PAGE = 4096;

function formatOf(name: string, fields: readonly string[]): string {
  let offset = 8;
  const lines = fields.map((field) => {
    const [type, called, size, signed] = field.split(':') as [string, string, string, string];
    const at = Math.ceil(offset / Math.min(8, Number(size))) * Math.min(8, Number(size));
    offset = at + Number(size);
    return `\tfield:${type} ${called};\toffset:${at};\tsize:${size};\tsigned:${signed};\n`;
  });
  const common =
    '\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n';
  const print =
    'print fmt: "%s", __print_symbolic(REC->type, { 0, "HOLE" }, { 1, "DELALLOC" }), __print_flags(REC->flags, "|", { 1, "NEW" })';
  return `name: ${name}\nID: ${ID}\nformat:\n${common}\n${lines.join('')}\n${print}\n`;
}

const EVENTS: readonly (readonly [name: string, fields: readonly string[], isRead: boolean])[] = [
  [
    'iomap_iter_dstmap',
    [
      'dev_t:dev:4:0',
      'u64:ino:8:0',
      'u64:addr:8:0',
      'loff_t:offset:8:1',
      'u64:length:8:0',
      'u16:type:2:0',
      'u16:flags:2:0',
      'dev_t:bdev:4:0',
    ],
    true,
  ],
  [
    'block_rq_issue',
    [
      'dev_t:dev:4:0',
      'sector_t:sector:8:0',
      'unsigned int:nr_sector:4:0',
      'unsigned int:bytes:4:0',
      'char:rwbs[10]:10:0',
    ],
    true,
  ],
  [
    'mm_filemap_map_pages',
    ['unsigned long:i_ino:8:0', 'unsigned long:index:8:0', 'unsigned long:last_index:8:0', 'dev_t:s_dev:4:0'],
    true,
  ],
  ['vmf_insert_mixed', ['unsigned long:address:8:0', 'pfn_t:pfn:8:0', 'u8:error:1:0'], true],
  ['xfs_write_fault', ['dev_t:dev:4:0', 's16:ino:2:1'], true],
  ['sched_process_exit', ['char:comm[24]:24:0', 'pid_t:pid:4:1'], false],
];

/** Many zeros, so that texts end. */
function randomRecord(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 8; i < length; i++) bytes[i] = random.uniform() < 0.6 ? 0 : 65 + Math.floor(random.uniform() * 190);
  viewOf(bytes).setUint16(0, ID, true);
  viewOf(bytes).setInt32(4, Math.floor(random.uniform() * 1000), true);
  return bytes;
}

test.each(EVENTS)('rows of %s', (name, fields, isRead) => {
  const random = new Random(name.length);
  const words = new WordTable();
  const record = emptyRecord();
  const sink = { catalogue: OWN_EVENTS, record, words } as unknown as KernelSink;
  const reference = new BinaryPayload(sink, true);
  const plan = reference.plan(parseTracepointFormat(formatOf(name, fields))!);
  expect(plan.code).toBeGreaterThanOrEqual(0);
  const kernel = RecordKernel.of(RecordKernel.rowsBytes + RecordKernel.inputBytes(PAGE))!;
  const rows = kernel.rows();
  const input = kernel.input(PAGE);
  const steps = kernel.teach(ID, 5, plan, true);
  let read = 0;
  const records = Array.from({ length: 60 }, () => randomRecord(random, 4 * (2 + Math.floor(random.uniform() * 20))));
  for (let round = 0; round < 300; round++) {
    const bytes = records[Math.floor(random.uniform() * records.length)]!;
    const { length } = bytes;
    viewOf(input).setUint32(0, (length / 4) | (7 << 5), true);
    input.set(bytes, 4);
    expect(kernel.run.scanPage(rows.address, input.byteOffset, input.byteOffset + 4 + length, 100)).toBe(1);
    expect([rows.times[0], kernel.now, kernel.reached]).toEqual([107, 107, input.byteOffset + 4 + length]);
    expect(rows.heads[TID]).toBe(viewOf(bytes).getInt32(4, true));
    reference.fill(plan, bytes, viewOf(bytes), 0, length);
    const how = rows.heads[HOW]!;
    if (how === UNREAD) {
      kernel.learn(steps, rows.heads[FROM]!, rows.heads[TO]!, record.v);
      continue;
    }
    read++;
    expect(rows.heads[EVENT]).toBe(5);
    const values = rows.values.slice(0, how);
    const filled = Array.from(record.v).findLastIndex((value) => !Number.isNaN(value)) + 1;
    expect(how).toBeGreaterThanOrEqual(filled);
    expect([...values]).toEqual([...record.v.subarray(0, how)]);
  }
  if (isRead) expect(read).toBeGreaterThan(10);
  else expect(read).toBe(0);
});

test('many rows, time extends, and what is left to the other side', () => {
  const kernel = RecordKernel.of(RecordKernel.rowsBytes + RecordKernel.inputBytes(PAGE))!;
  const rows = kernel.rows();
  const input = kernel.input(PAGE);
  const view = viewOf(input);
  const record = 12;
  const at = input.byteOffset;
  for (let i = 0; i < 200; i++) view.setUint32(i * (record + 4), 3 | (1 << 5), true);
  const end = at + 200 * (record + 4);
  expect(kernel.run.scanPage(rows.address, at, end, 0)).toBe(ROWS);
  expect(rows.times[ROWS - 1]).toBe(ROWS);
  expect(kernel.run.scanPage(rows.address, kernel.reached, end, kernel.now)).toBe(200 - ROWS);
  expect([kernel.reached, kernel.now]).toEqual([end, 200]);
  // Nobody has taught the event: all are left.
  expect(rows.heads[HOW]).toBe(UNREAD);
  // A time extend counts, an absolute stamp and padding stop, as does a record that its page cuts.
  view.setUint32(0, 30 | (5 << 5), true);
  view.setUint32(4, 2, true);
  view.setUint32(8, 3 | (1 << 5), true);
  expect(kernel.run.scanPage(rows.address, at, at + 24, 0)).toBe(1);
  expect(rows.times[0]).toBe(2 * 2 ** 27 + 5 + 1);
  for (const type of [29, 31]) {
    view.setUint32(0, type | (5 << 5), true);
    expect(kernel.run.scanPage(rows.address, at, at + 24, 9)).toBe(0);
    expect([kernel.reached, kernel.now]).toEqual([at, 9]);
  }
  view.setUint32(0, 3, true);
  expect(kernel.run.scanPage(rows.address, at, at + 12, 9)).toBe(0);
  expect(kernel.reached).toBe(at);
});

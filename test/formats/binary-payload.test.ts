// Fields by name: kernels that name, move, add and drop fields; numbers, words, strings and arrays of raw records.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { viewOf } from '../../src/base/byte-cursor.js';
import { unpack } from '../../src/base/unpack.js';
import { WordTable } from '../../src/base/words.js';
import { BinaryPayload } from '../../src/formats/binary-payload.js';
import { labelsOf } from '../../src/formats/print-labels.js';
import { parseTracepointFormat, type TracepointFormat } from '../../src/formats/tracepoint-format.js';
import { OWN_EVENTS } from '../../src/model/event-catalogue.js';
import type { KernelSink } from '../../src/model/kernel.js';
import { KERNEL_EVENTS, kernelEvent, slotPlaces } from '../../src/model/kernel-events.js';
import { hasShared, shared } from '../kernel/recordings.js';
import { emptyRecord } from '../support/kernel-record.js';

const words = new WordTable();
const record = emptyRecord();
const kernel: KernelSink = {
  catalogue: OWN_EVENTS,
  record,
  words,
  take: () => 0,
  task: () => 0,
  lost: () => {},
  finish: () => {},
};

/** A record with these values in its fields, by name; texts and arrays stand behind the fields. */
function raw(
  format: TracepointFormat,
  values: Readonly<Record<string, number | bigint | string>>,
  little = true,
): Uint8Array {
  const fixed = Math.max(...format.fields.map(({ offset, size }) => offset + size));
  const bytes = Buffer.alloc(fixed + 256);
  let behind = fixed;
  for (const [name, value] of Object.entries(values)) {
    const field = format.fields.find((one) => one.name === name);
    if (field === undefined) continue;
    if (typeof value === 'string' && field.location !== 'inline') {
      const place = field.location === 'relative' ? behind - field.offset - 4 : behind;
      const word = place + value.length * 65536;
      if (little) bytes.writeUInt32LE(word, field.offset);
      else bytes.writeUInt32BE(word, field.offset);
      behind += bytes.write(value, behind, 'latin1');
    } else if (typeof value === 'string') bytes.write(value, field.offset, field.size, 'latin1');
    else
      for (let i = 0; i < field.size; i++)
        bytes[field.offset + (little ? i : field.size - 1 - i)] = Number((BigInt(value) >> BigInt(8 * i)) & 255n);
  }
  return new Uint8Array(bytes.subarray(0, behind));
}

/** What the slots of an event hold, by their printed names. */
function slots(format: TracepointFormat, bytes: Uint8Array, little = true): Record<string, unknown> {
  const payload = new BinaryPayload(kernel, little);
  const plan = payload.plan(format);
  payload.fill(plan, bytes, viewOf(bytes), 0, bytes.length);
  const event = KERNEL_EVENTS[kernelEvent(format.name)]!;
  const places = slotPlaces(event);
  return Object.fromEntries(
    event.slots.map(({ print, type }, i) => {
      const value = record.v[places[i]!]!;
      return [print, /[sS]/.test(type) && !Number.isNaN(value) ? words.get(value) : value];
    }),
  );
}

const kernels = join(shared, 'public/tracepoint-format/perfetto');

describe.skipIf(!hasShared)('../shared: the formats of other kernels (skipped without ../shared)', () => {
  const formats = (hasShared ? readdirSync(kernels, { recursive: true, encoding: 'utf8' }) : [])
    .filter((path) => basename(path) === 'format')
    .map((path) => ({ name: path.split('/')[0]!, text: readFileSync(join(kernels, path), 'utf8') }));

  test('every known event is told its device and inode, whatever stands around them', () => {
    let known = 0;
    for (const { text } of formats) {
      const format = parseTracepointFormat(text)!;
      const event = KERNEL_EVENTS[kernelEvent(format.name)];
      if (event === undefined || event.slots.length === 0) continue;
      known++;
      const bytes = raw(format, { dev: 0x10300002, s_dev: 0x10300002, ino: 4711, i_ino: 4711 });
      const seen = slots(format, bytes);
      if ('dev' in seen) expect(seen.dev, format.name).toBe(0x10300002);
      if ('ino' in seen) expect(seen.ino, format.name).toBe(4711);
    }
    expect(known).toBeGreaterThan(60);
  });

  test.each([
    ['android_flounder_lte_LRX16F_3.10.40', 'ext4_free_blocks', { block: 34567n, count: 16 }],
    ['android_walleye_OPM5.171019.017.A1_4.4.88', 'ext4_free_blocks', { block: 34567n, count: 16 }],
    [
      'android_walleye_OPM5.171019.017.A1_4.4.88',
      'ext4_ext_map_blocks_exit',
      { lblk: 7, pblk: 9000, len: 3, ret: -28 },
    ],
    ['android_flounder_lte_LRX16F_3.10.40', 'ext4_ext_map_blocks_exit', { lblk: 7, pblk: 9000, len: 3, ret: -28 }],
    [
      'android_walleye_OPM5.171019.017.A1_4.4.88',
      'block_rq_issue',
      { sector: 2048, nr_sector: 8, bytes: 4096, rwbs: 'WS' },
    ],
    ['android_walleye_OPM5.171019.017.A1_4.4.88', 'mm_filemap_add_to_page_cache', { pfn: 99 }],
  ])('%s: %s', (name, event, values) => {
    const found = formats.find((one) => one.name === name && parseTracepointFormat(one.text)!.name === event)!;
    const format = parseTracepointFormat(found.text)!;
    const seen = slots(format, raw(format, values));
    for (const [field, value] of Object.entries(values))
      expect(seen[field], field).toBe(typeof value === 'string' ? value : Number(value));
  });

  test('words that a kernel prints for bits are given for the raw number', () => {
    const found = formats.find(
      ({ name, text }) => name.includes('4.4.88') && text.startsWith('name: ext4_ext_map_blocks_exit'),
    )!;
    const format = parseTracepointFormat(found.text)!;
    expect(slots(format, raw(format, { flags: 0x11, mflags: 0x60 }))).toMatchObject({
      flags: 'CREATE|CONVERT',
      mflags: 'NM',
    });
  });
});

const COMMON = 'format:\n\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n';
const parsed = (text: string): TracepointFormat => parseTracepointFormat(text)!;

describe('raw records', () => {
  const page = parsed(`name: mm_filemap_map_pages\nID: 1\n${COMMON}
\tfield:unsigned long i_ino;\toffset:8;\tsize:8;\tsigned:0;
\tfield:unsigned long last_index;\toffset:16;\tsize:8;\tsigned:0;
\tfield:unsigned long index;\toffset:24;\tsize:8;\tsigned:0;
\tfield:dev_t s_dev;\toffset:32;\tsize:4;\tsigned:0;\n\nprint fmt: "x"\n`);

  test.each([true, false])('a range of pages is one of bytes (little endian: %s)', (little) => {
    const bytes = raw(page, { i_ino: 131, index: 4, last_index: 7, s_dev: 7340032 }, little);
    expect(slots(page, bytes, little)).toMatchObject({ ino: 131, dev: 7340032, ofs: 16384 });
    expect(record.v[3]).toBe(32767);
  });

  const list = parsed(`name: dma_map_sg\nID: 2\n${COMMON}
\tfield:__data_loc char[] device;\toffset:8;\tsize:4;\tsigned:0;
\tfield:int full_nents;\toffset:12;\tsize:4;\tsigned:1;
\tfield:__data_loc u64[] phys_addrs;\toffset:16;\tsize:4;\tsigned:0;
\tfield:__data_loc unsigned int[] lengths;\toffset:20;\tsize:4;\tsigned:0;
\tfield:enum dma_data_direction dir;\toffset:24;\tsize:4;\tsigned:0;\n
print fmt: "%s dir=%s", __get_str(device), __print_symbolic(REC->dir, { 0, "BIDIRECTIONAL" }, { 1, "TO_DEVICE" })\n`);

  test('strings and arrays behind the record, and what is not there', () => {
    const bytes = raw(list, {
      device: '0000:00:02.0\0',
      full_nents: 2,
      phys_addrs: '\x00\x10\x00\x00\x01\x00\x00\x00\x00\x20\x00\x00\x00\x00\x00\x00',
      lengths: '\x00\x10\x00\x00\x00\x02\x00\x00',
      dir: 1,
    });
    expect(slots(list, bytes)).toMatchObject({
      '@device': '0000:00:02.0',
      nents: 2,
      '[TRUNCATED]': Number.NaN,
      dir: 'TO_DEVICE',
    });
    expect(record.arrays).toEqual([
      [0x100001000, 0x2000],
      [0x1000, 0x200],
    ]);
  });

  test('a record that is cut, or points beyond its end, has no such fields', () => {
    const bytes = raw(list, { device: 'a\0', full_nents: 3, dir: 2 });
    const cut = slots(list, bytes.subarray(0, 14));
    expect(cut).toMatchObject({ nents: Number.NaN, dir: Number.NaN });
    const wild = Uint8Array.from(bytes);
    wild.fill(0xff, 8, 24);
    expect(slots(list, wild)).toMatchObject({ dir: '0x2' });
  });
});

describe('words of print formats', () => {
  const print =
    '"%s %s", __print_flags((REC->flags) , "|", { (1UL << 0), "A" }, { (1 << (1 + 1)), "C" }, { 0x10 | 0x20, "EF" }, ' +
    '{ ( int) (( __kernel_rwf_t)0x00000080), "NOWAIT" }), ' +
    '__print_symbolic(REC->type, { 0, "NONE" }, { -1, "ANY, \\"all\\"" }, { UNKNOWN, "?" }), REC->dead ? "true" : "false"';

  test.each([
    ['flags', 0n, ''],
    ['flags', 5n, 'A|C'],
    ['flags', 0x34n, 'C|EF'],
    ['flags', 0x41n, 'A|0x40'],
    ['flags', 0x81n, 'A|NOWAIT'],
    ['type', 0n, 'NONE'],
    ['type', 9n, '0x9'],
    ['dead', 0n, 'false'],
    ['dead', 1n, 'true'],
  ])('%s = %s: %s', (field, value, text) => {
    expect(labelsOf(print, field)?.(value)).toBe(text);
  });

  test('a number has none, and a hostile text is no harm', () => {
    expect(labelsOf(print, 'size')).toBeNull();
    const deep = `__print_flags(REC->x, "|", { ${'('.repeat(1e5)}1, "A" }, { ${'~'.repeat(1e5)}1, "B" }, { 2, "C" })`;
    expect(labelsOf(deep, 'x')?.(2n)).toBe('0x2');
    expect(labelsOf('__print_flags('.repeat(1e4), 'x')).toBeNull();
  });
});

test('a packed block must be what it claims', () => {
  const zstd = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 3, 0x19, 0, 0, 1, 2, 3);
  expect(unpack('zstd', zstd, 3)).toEqual(Uint8Array.of(1, 2, 3));
  expect(() => unpack('zstd', zstd, 4)).toThrow('expected 4 unpacked bytes, found 3');
  expect(() => unpack('zstd', zstd, 2 ** 27)).toThrow('cannot hold');
  expect(() => unpack('zlib', zstd, 3)).toThrow();
});

test('a probe that is called as a tracepoint is none (perf probe ext4_punch_hole)', () => {
  const fieldsOf = (...fields: string[]): TracepointFormat =>
    parseTracepointFormat(
      `name: ext4_punch_hole\nID: 9\nformat:\n${fields.map((field, i) => `\tfield:${field};\toffset:${8 * i};\tsize:8;\tsigned:0;\n`).join('')}\nprint fmt: ""\n`,
    )!;
  const payload = new BinaryPayload(kernel, true);
  expect(payload.plan(fieldsOf('dev_t dev', 'ino_t ino'), 'ext4').code).toBe(kernelEvent('ext4_punch_hole'));
  for (const first of ['unsigned long __probe_ip', 'unsigned long __probe_func'])
    expect(payload.plan(fieldsOf(first, 'u64 dev'), 'probe').code).toBe(-1);
});

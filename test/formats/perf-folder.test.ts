// What perf record --threads and --kcore write: a folder with `data` as always, and the records of each thread in `data.N`. Made of a
// recording in one file: its samples are dealt out, and the rounds that such files have none of are left out.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratch, sealtrace } from '../cli/support.js';
import { bundledFile } from '../support/read-format.js';

const SAMPLE = 9;
const FINISHED_ROUND = 68;
const COMPRESSED = 81;
const FOLDER = 24;
const HEADER = 8;
const PIECE = 100;
/** Magic number, no checksum and no size, a window of 256 KiB. */
const FRAME = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x40]);

interface Folder {
  readonly data: Buffer;
  readonly parts: readonly Buffer[];
}

/** Records of this recording end with time, id and CPU, of 8 bytes each; 0: what perf made up from /proc. */
const stamp = (record: Buffer): bigint => record.readBigUInt64LE(record.length - 24);

/**
 * `data` without its samples, and these in so many parts; `stamped`: the first part has what else happened meanwhile too, as
 * perf deals it.
 */
function dealt(whole: Buffer, count: number, stamped = false): Folder {
  const at = Number(whole.readBigUInt64LE(40));
  const end = at + Number(whole.readBigUInt64LE(48));
  const kept: Buffer[] = [];
  const parts: Buffer[][] = Array.from({ length: count }, () => []);
  let samples = 0;
  for (let from = at; from < end; from += whole.readUInt16LE(from + 6)) {
    const record = whole.subarray(from, from + whole.readUInt16LE(from + 6));
    const kind = record.readUInt32LE(0);
    if (kind === SAMPLE) parts[samples++ % count]!.push(record);
    else if (stamped && kind < SAMPLE + 10 && stamp(record) > 0n) parts[0]!.push(record);
    else if (kind !== FINISHED_ROUND) kept.push(record);
  }
  const records = Buffer.concat(kept);
  const head = Buffer.from(whole.subarray(0, at));
  head.writeBigUInt64LE(BigInt(records.length), 48);
  // Features stand behind the records, each with its place in the file; one more is empty.
  const bits = head.readBigUInt64LE(72);
  const features = [...bits.toString(2)].filter((bit) => bit === '1').length;
  const table = Buffer.from(whole.subarray(end, end + 16 * features));
  const before = [...(bits & ((1n << BigInt(FOLDER)) - 1n)).toString(2)].filter((bit) => bit === '1').length;
  head.writeBigUInt64LE(bits | (1n << BigInt(FOLDER)), 72);
  const shift = BigInt(at + records.length + 16 - end);
  for (let i = 0; i < features; i++) table.writeBigUInt64LE(table.readBigUInt64LE(16 * i) + shift, 16 * i);
  const rows = [table.subarray(0, 16 * before), Buffer.alloc(16), table.subarray(16 * before)];
  return {
    data: Buffer.concat([head, records, ...rows, whole.subarray(end + 16 * features)]),
    parts: parts.map((part) => Buffer.concat(part)),
  };
}

/** As -z writes them: one zstd frame of blocks as they are (RFC 8878), cut anywhere into records. */
function packed(records: Buffer): Buffer {
  const out: Buffer[] = [];
  for (let at = 0; at < records.length; at += PIECE) {
    const piece = records.subarray(at, at + PIECE);
    const block = Buffer.alloc(3);
    block.writeUIntLE(piece.length * 8, 0, 3);
    const payload = Buffer.concat([...(at === 0 ? [FRAME] : []), block, piece]);
    const head = Buffer.alloc(HEADER);
    head.writeUInt32LE(COMPRESSED, 0);
    head.writeUInt16LE(HEADER + payload.length, 6);
    out.push(head, payload);
  }
  return Buffer.concat(out);
}

describe('a folder of perf record --threads', () => {
  const whole = Buffer.from(bundledFile('perf/uring-buffers.perf.data.gz'));
  const files = scratch();
  const facts = async (path: string): Promise<Record<string, unknown>> => {
    const { out } = await sealtrace(['inspect', '--json', path]);
    const { sources, events, files: found, issues, originNs } = JSON.parse(out);
    const [{ records, typed, clock, format }] = sources;
    return {
      records,
      typed,
      clock,
      format,
      events,
      files: found,
      originNs,
      issues: issues.map(({ code }: { code: string }) => code),
    };
  };
  const write = (name: string, { data, parts }: Folder): string => {
    const path = files.path(name);
    mkdirSync(path);
    writeFileSync(join(path, 'data'), data);
    // In the order of their numbers, not of their names.
    parts.forEach((part, i) => {
      writeFileSync(join(path, `data.${i}`), part);
    });
    return path;
  };

  test.each([1, 3, 12])('%d files of threads tell what one file tells', async (count) => {
    const path = write(`run-${count}.data`, dealt(whole, count));
    const expected = await facts(files.file(`one-${count}.data`, whole));
    expect(expected.records).toBeGreaterThan(40);
    expect(await facts(path)).toEqual(expected);
  });

  test('a folder of --kcore, with a copy of the kernel beside one file, tells what the file tells', async () => {
    const path = write('kcore.data', { data: whole, parts: [] });
    mkdirSync(join(path, 'kcore_dir'));
    expect(await facts(path)).toEqual(await facts(files.file('no-kcore.data', whole)));
  });

  test('a first file of nothing but what was before the recording: the others tell when it began', async () => {
    const path = write('run-before.data', dealt(whole, 2, true));
    const expected = await facts(files.file('one-before.data', whole));
    expect(Number(expected.originNs)).toBeGreaterThan(1e9);
    expect(await facts(path)).toEqual(expected);
  });

  test('without the files of its threads: what is missing, and what to do', async () => {
    const { code, err } = await sealtrace(['inspect', files.file('data', dealt(whole, 2).data)]);
    expect(code).toBe(3);
    expect(err).toMatch(/expected files data\.0, data\.1 .*, found none: perf record --threads .*give the folder/);
  });

  test('damage of one file is none of the others', async () => {
    const folder = dealt(whole, 2);
    const [first, second] = folder.parts as [Buffer, Buffer];
    const cut = { ...folder, parts: [first.subarray(0, first.length - 5), second] };
    const { records, issues } = await facts(write('cut.data', cut));
    const all = await facts(files.file('all.data', whole));
    expect(records).toBe((all.records as number) - 1);
    expect(issues).toContain('damaged-file');
  });

  test.each([1, 3, 12])('with -z, %d files of threads tell what one file tells', async (count) => {
    const { data, parts } = dealt(whole, count);
    const path = write(`packed-${count}.data`, { data, parts: parts.map((part) => packed(part)) });
    const expected = await facts(files.file(`plain-${count}.data`, whole));
    expect(await facts(path)).toEqual(expected);
  });

  test('packed records of one thread that are cut are no damage of the others', async () => {
    const { data, parts } = dealt(whole, 2);
    const [first, second] = parts.map((part) => packed(part)) as [Buffer, Buffer];
    const { records, issues } = await facts(
      write('cut-packed.data', { data, parts: [first.subarray(0, first.length - 5), second] }),
    );
    const all = await facts(files.file('all-packed.data', whole));
    expect(records).toBeLessThan(all.records as number);
    expect(records).toBeGreaterThan((all.records as number) / 2);
    expect(issues).toContain('damaged-file');
  });
});

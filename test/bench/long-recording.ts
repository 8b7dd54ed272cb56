// A long recording made of a short one: repeated with shifted times, as the text, the trace.dat it was printed from, and as
// perf.data.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { inMemory } from '../../src/base/byte-cursor.js';
import { openPerf } from '../../src/formats/perf-file.js';
import { Kind } from '../../src/formats/perf-kinds.js';

/** Where a line of each recorder has the seconds of its time; whole seconds are added, so that only the digits before the dot change. */
const SECONDS = {
  ftrace: /(\] +)(\d+)(?=\.\d{9}: )/g,
  strace: /^(\d+ +)(\d+)(?=\.\d{6} )/gm,
  blkparse: /^( *\d+,\d+ +\d+ +\d+ +)(\d+)(?=\.\d{9} )/gm,
  perf: /(\] +)(\d+)(?=\.\d{6,9}: )/g,
  bpftrace: /(^|"data": ")(\d+)(?=\d{9}(?:\t|\\t))/gm,
};
export type Recorder = keyof typeof SECONDS;

export interface Long {
  readonly times: number;
  /** From one copy to the next. */
  readonly stepSeconds: number;
}

/** Text of `report.txt.gz`, again and again, to `path`; returns the records in it. */
export function repeatText(report: string, path: string, bytes: number): Long & { readonly records: number } {
  const text = gunzipSync(readFileSync(report)).toString('latin1');
  const head = text.slice(0, text.indexOf('\n') + 1);
  const body = text.slice(head.length);
  const stepSeconds = lastsSeconds(body, 'ftrace');
  const times = Math.ceil(bytes / body.length);
  write(path, head, body, 'ftrace', { times, stepSeconds });
  return { times, stepSeconds, records: body.trimEnd().split('\n').length * times };
}

/** The same of another recorder's text, whose lines are all alike. */
export function repeatLines(recording: string, path: string, recorder: Recorder, long: Long): void {
  write(path, '', gunzipSync(readFileSync(recording)).toString('latin1'), recorder, long);
}

/** As many times as are needed for so many bytes. */
export function longOf(recording: string, recorder: Recorder, bytes: number): Long {
  const text = gunzipSync(readFileSync(recording)).toString('latin1');
  return { times: Math.ceil(bytes / text.length), stepSeconds: lastsSeconds(text, recorder) };
}

function write(path: string, head: string, body: string, recorder: Recorder, { times, stepSeconds }: Long): void {
  const file = openSync(path, 'w');
  writeSync(file, head);
  for (let i = 0; i < times; i++) {
    const later = (_: string, before: string, seconds: string): string => before + (Number(seconds) + i * stepSeconds);
    writeSync(file, body.replace(SECONDS[recorder], later), null, 'latin1');
  }
  closeSync(file);
}

/** From one copy to the next. */
function lastsSeconds(text: string, recorder: Recorder): number {
  const seconds = [...text.matchAll(SECONDS[recorder])].map(([, , digits]) => Number(digits));
  return Math.max(...seconds) - Math.min(...seconds) + 1;
}

const PAGE = 4096;
const NS = 1_000_000_000n;

/** The same of a trace.dat, as version 6 and not compressed; false where trace-cmd is missing. */
export function repeatDat(dat: string, path: string, { times, stepSeconds }: Long): boolean {
  const plain = `${path}.v6`;
  const options = ['--file-version', '6', '--compression', 'none'];
  const { status } = spawnSync('trace-cmd', ['convert', ...options, '-i', dat, '-o', plain], { stdio: 'ignore' });
  if (status !== 0) return false;
  const bytes = readFileSync(plain);
  // trace-cmd.dat.v6(5): behind "flyrecord" stand offset and size of each CPU's pages; the first pages tell how many CPUs.
  const table = bytes.lastIndexOf('flyrecord\0') + 10;
  const cpus: { at: number; offset: number; size: number }[] = [];
  for (let at = table; cpus.length === 0 || (at < cpus[0]!.offset && cpus.length < cpusOf(plain)); at += 16)
    cpus.push({ at, offset: Number(bytes.readBigUInt64LE(at)), size: Number(bytes.readBigUInt64LE(at + 8)) });
  const head = Buffer.from(bytes.subarray(0, cpus[0]!.offset));
  let offset = head.length;
  for (const { at, size } of cpus) {
    head.writeBigUInt64LE(BigInt(offset), at);
    head.writeBigUInt64LE(BigInt(size * times), at + 8);
    offset += size * times;
  }
  const file = openSync(path, 'w');
  writeSync(file, head);
  for (const cpu of cpus) for (let i = 0; i < times; i++) writeSync(file, laterPages(bytes, cpu, i * stepSeconds));
  closeSync(file);
  return true;
}

/** A page begins with its time; those of its records are relative to it. */
function laterPages(bytes: Buffer, { offset, size }: { offset: number; size: number }, seconds: number): Buffer {
  const pages = Buffer.from(bytes.subarray(offset, offset + size));
  for (let at = 0; at < size; at += PAGE) pages.writeBigUInt64LE(pages.readBigUInt64LE(at) + BigInt(seconds) * NS, at);
  return pages;
}

/** Places in a record of blktrace (struct blk_io_trace). */
const BLK_TIME_AT = 8;
const BLK_DATA_AT = 46;
const BLK_HEADER = 48;

/** The same of blktrace's binary records, little endian and without sequence numbers. */
export function repeatBlktrace(recording: string, path: string, bytes: number): void {
  const once = gunzipSync(readFileSync(recording));
  const stamps: { readonly at: number; readonly ns: bigint }[] = [];
  for (let at = 0; at < once.length; at += BLK_HEADER + once.readUInt16LE(at + BLK_DATA_AT))
    stamps.push({ at: at + BLK_TIME_AT, ns: once.readBigUInt64LE(at + BLK_TIME_AT) });
  const step = spanOf(stamps.map(({ ns }) => ns)) + NS;
  const file = openSync(path, 'w');
  for (let i = 0; i * once.length < bytes; i++) {
    for (const { at, ns } of stamps) once.writeBigUInt64LE(ns + BigInt(i) * step, at);
    writeSync(file, once);
  }
  closeSync(file);
}

const spanOf = (times: readonly bigint[]): bigint =>
  times.reduce((a, b) => (a > b ? a : b)) - times.reduce((a, b) => (a < b ? a : b));

function cpusOf(dat: string): number {
  const { stdout } = spawnSync('trace-cmd', ['report', '-t', '--cpu', '0', dat], {
    encoding: 'latin1',
    maxBuffer: 2 ** 30,
  });
  return Number(/^cpus=(\d+)/m.exec(stdout)?.[1] ?? 1);
}

/** Places in the header of a perf.data (perf.data-file-format.txt). */
const DATA_AT = 40;
const FEATURES_AT = 72;
const FEATURE_BYTES = 32;

/** A perf.data of at least so many samples, in the file form and not compressed; returns the samples in it. */
export function repeatPerf(recording: string, path: string, samples: number): number {
  const bytes = gunzipSync(readFileSync(recording));
  const from = Number(bytes.readBigUInt64LE(DATA_AT));
  const size = Number(bytes.readBigUInt64LE(DATA_AT + 8));
  const stamps = stampsOf(bytes, from, from + size);
  const each = stamps.filter(({ sample }) => sample).length;
  const times = Math.ceil(samples / each);
  const all = stamps.map(({ at }) => bytes.readBigUInt64LE(at)).filter((ns) => ns > 0n);
  const step = spanOf(all) + NS;
  const head = Buffer.from(bytes.subarray(0, from));
  head.writeBigUInt64LE(BigInt(size * times), DATA_AT + 8);
  const file = openSync(path, 'w');
  writeSync(file, head);
  for (let i = 0; i < times; i++) {
    const copy = Buffer.from(bytes.subarray(from, from + size));
    // A stamp of 0 is of what was before the recording.
    for (const { at } of stamps) {
      const ns = bytes.readBigUInt64LE(at);
      if (ns > 0n) copy.writeBigUInt64LE(ns + BigInt(i) * step, at - from);
    }
    writeSync(file, copy);
  }
  writeSync(file, movedFeatures(bytes, from + size, size * (times - 1)));
  closeSync(file);
  return each * times;
}

/** Where the records have their stamps. */
function stampsOf(bytes: Buffer, from: number, end: number): { readonly at: number; readonly sample: boolean }[] {
  const { attrs } = openPerf(inMemory(bytes));
  const [attr] = attrs;
  if (attr === undefined) throw new Error('expected attributes in the perf.data, found none');
  const stamps: { at: number; sample: boolean }[] = [];
  for (let at = from, size = 0; at < end; at += size) {
    const kind = bytes.readUInt32LE(at);
    size = bytes.readUInt16LE(at + 6);
    const sample = kind === Kind.sample;
    if (sample) stamps.push({ at: at + attr.sample.time, sample });
    else if (kind < Kind.attr && attr.identified) stamps.push({ at: at + size - attr.trailer.time, sample });
  }
  return stamps;
}

/** Behind the records stand place and size of each feature, then the features. */
function movedFeatures(bytes: Buffer, end: number, by: number): Buffer {
  const features = Buffer.from(bytes.subarray(end));
  const bits = bytes.subarray(FEATURES_AT, FEATURES_AT + FEATURE_BYTES);
  const count = bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
  for (let i = 0; i < count; i++) features.writeBigUInt64LE(features.readBigUInt64LE(16 * i) + BigInt(by), 16 * i);
  return features;
}

// Tables of the bcc tools ext4slower, xfsslower, btrfsslower, zfsslower, nfsslower, fileslower and biosnoop: the columns
// are found by their names. Source: tools/*slower.py, tools/biosnoop.py, libbpf-tools/fsslower.c and biosnoop.c of bcc.
// iosnoop of perf-tools, which biosnoop was made after, prints such a table as well. Each line is one operation that has ended.
import { blockDevicePath, deviceOfText } from '../base/device-name.js';
import { Op } from '../model/events.js';
import type { Format, TraceSink } from '../model/trace.js';
import { UNKNOWN } from '../model/units.js';
import { nameOfBytes } from './python-bytes.js';
import { Stamps } from './stamps.js';
import { BadLines, firstLines, readLines } from './text-lines.js';
import { TimeOfDay } from './time-of-day.js';

/** What a column holds, by its name in any of the tools. */
const COLUMNS: Readonly<Record<string, keyof Row>> = {
  TIME: 'time',
  'TIME(s)': 'time',
  // iosnoop -s and -t of perf-tools; without them it tells no time.
  STARTs: 'start',
  ENDs: 'time',
  ENDTIME_us: 'timeUs',
  ENDTIME_ns: 'timeNs',
  COMM: 'comm',
  TASK: 'comm',
  PID: 'pid',
  TID: 'pid',
  T: 'type',
  D: 'type',
  TYPE: 'type',
  DISK: 'disk',
  DEV: 'device',
  SECTOR: 'sector',
  BLOCK: 'sector',
  BYTES: 'bytes',
  P: 'pattern',
  OFF_KB: 'offsetKib',
  OFFSET_b: 'offset',
  'LAT(ms)': 'latencyMs',
  LATms: 'latencyMs',
  LATENCY_us: 'latencyUs',
  'QUE(ms)': 'queuedMs',
  FILENAME: 'name',
  FILE: 'name',
};

interface Row {
  start: string;
  time: string;
  timeUs: string;
  timeNs: string;
  comm: string;
  pid: string;
  type: string;
  disk: string;
  /** `major,minor`. */
  device: string;
  sector: string;
  bytes: string;
  pattern: string;
  offsetKib: string;
  offset: string;
  latencyMs: string;
  latencyUs: string;
  queuedMs: string;
  name: string;
}

/** Names may hold spaces; what stands around them does not. */
const PATTERNS: Partial<Record<keyof Row, string>> = {
  comm: '(.*?)',
  name: '(.*)',
  type: '([A-Z]+)',
  // Empty where biosnoop missed the beginning of the request.
  disk: '(\\S*)',
  device: '(\\d+,\\d+)',
  // libbpf-tools: of an fsync of the whole file.
  bytes: '(LL_MAX|-?\\d+)',
  // biosnoop -P: sequential, random, unknown; behind seven digits of bytes no blank is left.
  pattern: '([SR?])',
  time: '(\\d+(?:[:.]\\d+)*)',
  start: '(\\d+\\.\\d+)',
};
const NUMBER = '(-?[\\d.]+)';

interface Table {
  readonly columns: readonly (keyof Row)[];
  readonly line: RegExp;
}

/** The table below this line; null when it is no header. */
function tableOf(line: string): Table | null {
  const csv = line.includes(',');
  const columns = line.trim().split(csv ? ',' : /\s+/);
  const known = columns.map((name) => COLUMNS[name]);
  if (columns.length < 7 || known.includes(undefined)) return null;
  const has = (...names: (keyof Row)[]): boolean => names.some((name) => known.includes(name));
  if (
    !has('time', 'timeUs', 'timeNs', 'start') ||
    !has('type') ||
    !has('name', 'disk', 'device') ||
    !has('latencyMs', 'latencyUs')
  )
    return null;
  const found = known as (keyof Row)[];
  const parts = found.map((name, i) => {
    const before = i === 0 ? '' : csv ? ',' : name === 'pattern' ? '\\s*' : '\\s+';
    return before + (PATTERNS[name] ?? NUMBER);
  });
  return { columns: found, line: new RegExp(`^\\s*${parts.join('')}\\s*$`) };
}

/** The header of iosnoop, perf-tools. */
const UNTIMED = /^COMM +PID +TYPE +DEV +BLOCK +BYTES +LATms\s*$/;

export const bcc: Format = {
  name: 'bcc',
  title: 'tables of bcc tools: ext4slower, xfsslower and their kin (also -j), biosnoop, iosnoop of perf-tools',
  sniff: (head) => firstLines(head).some((line) => tableOf(line) !== null),
  advice: (head) =>
    firstLines(head).some((line) => UNTIMED.test(line))
      ? 'it looks like what iosnoop prints without times; run it with -s and -t'
      : '',
  async read(input, sink) {
    const bad = new BadLines(sink, 'a line of the table under its header');
    await readLines(input, new BccLines(sink, bad), bad);
    return !bad.damaged;
  },
};

/** libbpf-tools write F for the S of bcc. */
const FILE_OPS: Readonly<Record<string, number>> = { R: Op.read, W: Op.write, O: Op.open, S: Op.fsync, F: Op.fsync };
const DISK_OPS: Readonly<Record<string, number>> = { R: Op.dma_read, W: Op.dma_write, D: Op.punch };
const SECTOR = 512;
const FLUSH_SECTOR = String(2n ** 64n - 1n);
/** Words for a disk of which biosnoop has no name. */
const NAMELESS: ReadonlySet<string> = new Set(['', 'Unknown', '<unknown>']);

/** A flush before a request is written in front of its direction (`fill_rwbs` of the kernel); bcc calls a flush alone a read. */
function diskOp({ type, sector }: Partial<Row>): number | undefined {
  return sector === FLUSH_SECTOR ? undefined : DISK_OPS[type!.replace(/^F(?=[RWD])/, '')[0]!];
}

/** The path of the disk, where the row is about one. */
function diskOf({ disk, device }: Partial<Row>): string | undefined {
  if (device !== undefined) return blockDevicePath(deviceOfText(device.replace(',', ':')));
  return disk === undefined ? undefined : `/dev/${nameOfBytes(disk) || 'Unknown'}`;
}

class BccLines {
  readonly #sink: TraceSink;
  readonly #bad: BadLines;
  readonly #stamps: Stamps;
  #table: Table | null = null;
  readonly #day = new TimeOfDay();
  #line = 0;

  constructor(sink: TraceSink, bad: BadLines) {
    this.#sink = sink;
    this.#bad = bad;
    this.#stamps = new Stamps(sink);
  }

  read(bytes: Uint8Array, line: number, cut: boolean): void {
    this.#line = line;
    const text = new TextDecoder().decode(bytes);
    const table = tableOf(text);
    const match = table === null ? this.#table?.line.exec(text) : null;
    if (table !== null) this.#header(table);
    else if (match == null) this.#other(text, cut);
    else if (!this.#row(Object.fromEntries(this.#table!.columns.map((name, i) => [name, match[i + 1]]))))
      this.#other(text, cut);
  }

  #header(table: Table): void {
    this.#table = table;
    if (table.columns.some((name) => name === 'timeUs' || name === 'timeNs')) this.#sink.source.clock = 'mono';
  }

  /** False when a number in it is none. */
  #row(row: Partial<Row>): boolean {
    const { events, records } = this.#sink;
    const disk = diskOf(row);
    const onDisk = disk !== undefined;
    const printedNs =
      row.latencyUs === undefined ? Math.round(Number(row.latencyMs) * 1e6) : Math.round(Number(row.latencyUs) * 1e3);
    const startNs = row.start === undefined ? Number.NaN : this.#end({ time: row.start });
    const endNs = row.start === undefined || row.time !== undefined ? this.#end(row) : startNs + printedNs;
    // Two stamps in us tell more than hundredths of a ms.
    const latencyNs = Number.isNaN(startNs) ? printedNs : endNs - startNs;
    if (Number.isNaN(endNs - latencyNs)) return false;
    const op = onDisk ? diskOp(row) : FILE_OPS[row.type![0]!];
    const pid = Number(row.pid);
    const task = events.taskId(pid, pid, nameOfBytes(row.comm!));
    const opId = op === undefined ? 0 : events.newId();
    if (op !== undefined) {
      const at = onDisk ? Number(row.sector) * SECTOR : this.#offset(row);
      const moves = op !== Op.open && op !== Op.fsync;
      events.timeNs = endNs - latencyNs;
      events.op = op;
      events.file = events.fileId('', '', disk ?? nameOfBytes(row.name!));
      events.task = task;
      events.offset = moves ? at : UNKNOWN;
      events.length = moves ? Number(row.bytes) : UNKNOWN;
      events.addr = onDisk ? at : UNKNOWN;
      events.opId = opId;
      events.result = 0;
      events.latencyNs = latencyNs;
      events.row = this.#line;
      events.commit();
      if (!onDisk) this.#sink.unplaced('files known by the last part of their path only');
      else if (row.disk !== undefined && NAMELESS.has(row.disk))
        this.#sink.unplaced('requests of disks that biosnoop could not name');
    }
    records.timeNs = endNs;
    records.kind = records.kindId(onDisk ? `disk ${row.type}` : `file ${row.type}`, op !== undefined);
    records.task = task;
    records.row = this.#line;
    records.opId = opId;
    records.commit();
    return true;
  }

  #offset(row: Partial<Row>): number {
    if (row.offset !== undefined) return Number(row.offset);
    return row.offsetKib === undefined ? UNKNOWN : Number(row.offsetKib) * 1024;
  }

  /** Microseconds or nanoseconds of the monotonic clock, seconds since the first line, or the time of day, with a day past midnight. */
  #end({ timeUs, timeNs, time = '' }: Partial<Row>): number {
    if (timeUs !== undefined) {
      const us = Number(timeUs);
      return this.#stamps.at(Math.floor(us / 1e6), Math.round((us % 1e6) * 1000));
    }
    if (timeNs !== undefined) return this.#stamps.at(Number(timeNs.slice(0, -9)), Number(timeNs.slice(-9)));
    const [whole, part = ''] = time.split('.') as [string, string?];
    const seconds = whole.includes(':') ? this.#day.seconds(whole) : Number(whole);
    return this.#stamps.at(seconds, Number(part.slice(0, 9).padEnd(9, '0')));
  }

  #other(text: string, cut: boolean): void {
    if (/^\s*(?:\^C)?\s*$|^Tracing .*(operations|I\/O|block|read\/writes)|^Ending tracing/.test(text)) return;
    const lost = /^Possibly lost (\d+) samples|^lost (\d+) events on CPU #(\d+)/.exec(text);
    if (lost === null) this.#bad.say(text, this.#line, cut);
    else this.#sink.lost({ fromNs: 0, toNs: 0, cpu: Number(lost[3] ?? -1), count: Number(lost[1] ?? lost[2]) });
  }
}

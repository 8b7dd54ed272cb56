// One run of traces/recipes/story.c under several recorders at once: the same operations wherever they carry the same facts.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bpftrace } from '../../src/formats/bpftrace.js';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { perfScript } from '../../src/formats/perf-script.js';
import { strace } from '../../src/formats/strace.js';
import { Op } from '../../src/model/events.js';
import type { Format, Trace } from '../../src/model/trace.js';
import { formats } from '../../src/trace/recognise.js';
import { bundled, content, merged } from '../kernel/recordings.js';
import { head, type Operation, operations, readAs } from './support.js';

const folder = join(bundled, '..');
const file = (name: string): Buffer => content(join(folder, name));

interface Recording {
  readonly format: Format;
  readonly name: string;
}
const FTRACE: Recording = { format: ftraceText, name: 'ftrace/story.report.txt.gz' };
const PERF: Recording = { format: perfScript, name: 'perf/story.script.txt.gz' };
const STRACE: Recording = { format: strace, name: 'strace/story.strace.txt.gz' };
/** Runs of their own: bpftrace hides probes from other recorders. */
const BPF_JSON: Recording = { format: bpftrace, name: 'bpftrace/story.json.gz' };
const BPF_TEXT: Recording = { format: bpftrace, name: 'bpftrace/story.txt.gz' };
const ALL = [FTRACE, PERF, STRACE, BPF_JSON, BPF_TEXT];

const read = async ({ format, name }: Recording): Promise<Trace> => (await readAs(format, file(name))).trace;

/** Calls of the program on its own files; faults are no calls, and strace sees none. */
const calls = (trace: Trace): Operation[] =>
  operations(trace).filter(
    ({ op, task, file: name }) =>
      task.startsWith('st-') && /^(|.*\.dat)$/.test(name) && !/fault/.test(op) && (name !== '' || op === 'exit'),
  );

const told = ({ latencyNs: _, ...rest }: Operation): Omit<Operation, 'latencyNs'> => rest;

describe('one run', () => {
  test('perf tells what ftrace tells', async () => {
    const expected = calls(await read(FTRACE)).map(told);
    expect(expected).toHaveLength(38);
    expect(calls(await read(PERF)).map(told)).toEqual(expected);
  });

  test('strace tells the same calls; FICLONE names no length, and an open that failed names its file', async () => {
    const shown = calls(await read(STRACE));
    const expected = calls(await read(FTRACE)).map(told);
    const missing = shown.filter(({ file: name }) => name === 'missing.dat');
    expect(missing).toMatchObject([{ op: 'open', result: -2 }]);
    const whole = (one: Omit<Operation, 'latencyNs'>): boolean => /whole/.test(one.flags) && one.op === 'reflink';
    const same = shown.filter((one) => !missing.includes(one)).map(told);
    expect(same.map((one) => (whole(one) ? { ...one, length: 262144 } : one))).toEqual(expected);
  });

  test.each([BPF_JSON, BPF_TEXT])('bpftrace tells them as well: $name', async (recording) => {
    const shown = calls(await read(recording)).filter(({ file: name }) => name !== 'missing.dat');
    expect(shown.map(told)).toEqual(calls(await read(FTRACE)).map(told));
  });

  test('strace and the kernel measure the same durations, strace from outside', async () => {
    const inside = calls(await read(FTRACE)).filter(({ op }) => op !== 'exit');
    const outside = calls(await read(STRACE)).filter(({ op, file: name }) => op !== 'exit' && name !== 'missing.dat');
    for (const [i, { op, latencyNs }] of outside.entries()) {
      expect(inside[i]!.op).toBe(op);
      expect(latencyNs).toBeGreaterThan(0);
      expect(Math.abs(latencyNs - inside[i]!.latencyNs)).toBeLessThan(1_000_000);
    }
  });

  test('the map changes of ftrace and perf are the same', async () => {
    const changes = (trace: Trace): unknown[] =>
      Array.from({ length: trace.columns.rows }, (_, i) => i)
        .filter((i) => [Op.map_insert, Op.map_remove, Op.map_convert].includes(trace.columns.op[i]!))
        .map((i) => [
          trace.columns.op[i],
          trace.files[trace.columns.file[i]!]?.inode,
          trace.columns.offset[i],
          trace.columns.length[i],
          trace.columns.addr[i],
        ]);
    const expected = changes(await read(FTRACE));
    // perf ends with the program, trace-cmd a little later.
    const shown = changes(await read(PERF));
    expect(shown.length).toBeGreaterThan(20);
    expect(shown).toEqual(expected.slice(0, shown.length));
  });

  test.each(ALL)('$name is recognised as one format', ({ format, name }) => {
    const found = formats.filter((one) => one.sniff(head(file(name))));
    expect(found.map((one) => one.name)).toEqual([format.name]);
  });

  test.each(ALL)('$name: every line is a record or known not to be one', async ({ format, name }) => {
    const text = file(name).toString('utf8');
    const { trace, whole } = await readAs(format, text);
    const source = trace.sources[0]!;
    expect(whole).toBe(true);
    expect(source.records).toBe(LINES[name]!(text));
    expect(source.typed + source.generic).toBe(source.records);
    expect(trace.issues.filter(({ code }) => code === 'unreadable-line')).toEqual([]);
  });

  test.each(ALL)('$name: chunk edges carry no meaning', async ({ format, name }) => {
    const bytes = file(name);
    const expected = operations((await readAs(format, bytes)).trace);
    for (const size of [7, 4096]) expect(operations((await readAs(format, bytes, size)).trace)).toEqual(expected);
  });
});

const lines = (text: string, pattern: RegExp): number => text.split('\n').filter((line) => pattern.test(line)).length;
/** Counted without the formats. */
const LINES: Readonly<Record<string, (text: string) => number>> = {
  [FTRACE.name]: (text) => lines(text, /\[\d{3}\]/),
  [PERF.name]: (text) => lines(text, /\[\d{3}\]/),
  [STRACE.name]: (text) => lines(text, /^\d+\s+[\d.]+ (?!<\.\.\. )/),
  [BPF_JSON.name]: (text) => lines(text, /"printf"/),
  [BPF_TEXT.name]: (text) => lines(text, /\t/),
};

test.each(['json', 'txt'])('the map built from bpftrace %s is what xfs_bmap showed afterwards', async (form) => {
  const { trace } = await readAs(bpftrace, file(`bpftrace/story.${form}.gz`));
  for (const [name, expected] of bmaps(file(`bpftrace/story.${form}.bmap.txt`).toString('utf8'))) {
    const map = new Map<number, number>();
    const { columns: c } = trace;
    for (let i = 0; i < c.rows; i++) {
      if (trace.files[c.file[i]!]?.path !== name) continue;
      for (let at = c.offset[i]!; at < c.offset[i]! + c.length[i]!; at += 4096) {
        if (c.op[i] === Op.map_insert && c.addr[i]! >= 0) map.set(at, c.addr[i]! + at - c.offset[i]!);
        else if (c.op[i] === Op.map_remove) map.delete(at);
      }
    }
    const built = merged([...map].map(([offset, addr]) => [offset, addr, 4096, '']));
    expect(built, name).toEqual(expected);
  }
});

/** `xfs_bmap -v`: sectors of 512 bytes, by file; neighbours on the device as one. */
function bmaps(text: string): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const part of text.split(/^(?=\S+:$)/m)) {
    const rows = [...part.matchAll(/\[(\d+)\.\.(\d+)\]:\s+(\d+)\.\.\d+/g)].map((m) => m.slice(1).map(Number));
    found.set(
      part.slice(0, part.indexOf(':')),
      merged(rows.map(([from, to, block]) => [from! * 512, block! * 512, (to! - from! + 1) * 512, ''])),
    );
  }
  return found;
}

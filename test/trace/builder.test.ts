import { describe, expect, it } from 'vitest';
import { Columns, stableOrder } from '../../src/base/columns.js';
import { Op } from '../../src/model/events.js';
import type { KernelSink } from '../../src/model/kernel.js';
import type { TraceSink } from '../../src/model/trace.js';
import { NONE, UNKNOWN, UNKNOWN_RESULT } from '../../src/model/units.js';
import { TraceBuilder } from '../../src/trace/builder.js';
import fc from '../support/fast-check.js';
import { newBuilder } from './support.js';

describe('columns', () => {
  it('grow together and give exact-length views', () => {
    const columns = new Columns({ a: Float64Array, b: Uint8Array }, 1);
    for (let i = 0; i < 1000; i++) {
      const row = columns.add();
      columns.at.a[row] = i + 0.5;
      columns.at.b[row] = i & 255;
    }
    const { a, b } = columns.view();
    expect([a.length, b.length, a[999], b[999]]).toEqual([1000, 1000, 999.5, 999 & 255]);
  });

  it('are ordered as a stable sort orders them', () => {
    const nearly = fc.array(fc.tuple(fc.nat(5), fc.nat(40)), { maxLength: 300 }).map((steps) => {
      let now = 0;
      return steps.map(([step, back]) => {
        now += step;
        return now - (back > 30 ? back * 3 : 0);
      });
    });
    fc.assert(
      fc.property(fc.oneof(nearly, fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 200 })), (keys) => {
        const expected = keys.map((_, i) => i).sort((a, b) => keys[a]! - keys[b]! || a - b);
        const order = stableOrder(Float64Array.from(keys), keys.length);
        if (order === null) expect(expected).toEqual(keys.map((_, i) => i));
        else expect([...order]).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

describe('TraceBuilder', () => {
  const row = (sink: TraceSink, fields: object): void => Object.assign(sink.events, fields).commit();

  it('resets a row to unknown after each commit', () => {
    const builder = newBuilder();
    const { events } = builder.startSource('a', 'test', 1);
    Object.assign(events, {
      timeNs: 9,
      op: 3,
      flags: 1,
      file: events.fileId('', '', '/a'),
      task: events.taskId(1, 1, ''),
    });
    Object.assign(events, {
      offset: 1,
      length: 1,
      addr: 1,
      handle: events.newId(),
      opId: events.newId(),
      result: 0,
      latencyNs: 1,
      row: 4,
    });
    events.commit();
    events.commit();
    const { columns } = builder.finish();
    expect([columns.timeNs[0], columns.op[0], columns.flags[0]]).toEqual([0, 0, 0]);
    expect(columns.file[0]).toBe(NONE);
    expect(columns.task[0]).toBe(NONE);
    expect([columns.offset[0], columns.length[0], columns.addr[0], columns.latencyNs[0]]).toEqual([
      UNKNOWN,
      UNKNOWN,
      UNKNOWN,
      UNKNOWN,
    ]);
    expect([columns.handle[0], columns.opId[0], columns.result[0], columns.row[0]]).toEqual([0, 0, UNKNOWN_RESULT, 0]);
    expect([columns.timeNs[1], columns.op[1], columns.row[1]]).toEqual([9, 3, 4]);
  });

  it('orders by time, keeps the order of ties, and moves time zero back to the first time', () => {
    const builder = newBuilder();
    const sink = builder.startSource('a', 'test', 1);
    expect(sink.origin(1000n)).toBe(1000n);
    expect(builder.startSource('b', 'test', 1).origin(5n)).toBe(1000n);
    for (const [timeNs, line] of [
      [5, 1],
      [-20, 2],
      [5, 3],
      [0, 4],
    ]) {
      row(sink, { timeNs, row: line });
      sink.extra(`{"line":${line}}`);
    }
    sink.lost({ fromNs: -30, toNs: 5, cpu: 0, count: 1 });
    Object.assign(sink.records, { timeNs: 7, kind: sink.records.kindId('x', false) }).commit();
    const trace = builder.finish();
    expect([...trace.columns.row]).toEqual([2, 4, 1, 3]);
    expect([...trace.columns.timeNs]).toEqual([0, 20, 25, 25]);
    expect([...trace.extras]).toEqual([2, 4, 1, 3].map((line, i) => [i, `{"line":${line}}`]));
    expect(trace.originNs).toBe(980n);
    expect([...trace.records.timeNs]).toEqual([27]);
    expect(trace.endNs).toBe(27);
    expect(trace.sources[0]!.lost).toEqual([{ fromNs: 0, toNs: 25, cpu: 0, count: 1 }]);
  });

  it('keeps positive times as they are', () => {
    const builder = newBuilder();
    const sink = builder.startSource('a', 'test', 1);
    row(sink, { timeNs: 100 });
    const trace = builder.finish();
    expect([trace.columns.timeNs[0], trace.originNs, trace.endNs]).toEqual([100, 0n, 100]);
  });

  it('makes one file of a path and the inode it is learned to have, in either order', () => {
    const builder = newBuilder();
    const sink = builder.startSource('a', 'test', 1);
    const { events } = sink;
    const path = events.fileId('', '', '/a');
    expect(events.fileId('8:0', '5', '/a')).toBe(path);
    const inode = events.fileId('8:0', '6');
    const other = events.fileId('', '', '/b');
    row(sink, { file: other });
    expect(events.fileId('8:0', '6', '/b')).toBe(inode);
    expect(events.fileId('', '', '/b')).toBe(inode);
    row(sink, { file: inode });
    row(sink, { file: path });
    const trace = builder.finish();
    expect([...trace.columns.file]).toEqual([0, 0, 1]);
    expect(trace.files).toEqual([
      { device: '8:0', inode: '6', path: '/b' },
      { device: '8:0', inode: '5', path: '/a' },
    ]);
  });

  it('takes another inode of the same path as another file, and the path as the last one called by it', () => {
    const builder = newBuilder();
    const { events } = builder.startSource('a', 'test', 1);
    const first = events.fileId('8:0', '5', '/a');
    const second = events.fileId('8:0', '6', '/a');
    expect(second).not.toBe(first);
    expect(events.fileId('', '', '/a')).toBe(second);
    expect(events.fileId('8:0', '5', '/a')).toBe(first);
    expect(events.fileId('', '', '/a')).toBe(first);
  });

  it('resolves placeholders that are told later, through chains, and drops files nobody names', () => {
    const builder = newBuilder();
    const sink = builder.startSource('a', 'test', 1);
    const { events } = sink;
    events.fileId('8:0', '1', '/unused');
    const [a, b, c] = [events.placeholder(), events.placeholder(), events.placeholder()];
    row(sink, { file: b });
    row(sink, { file: a });
    row(sink, { file: c });
    const known = events.fileId('8:0', '9', '/known');
    row(sink, { file: known });
    events.mergeFiles(a, b);
    events.mergeFiles(b, known);
    events.mergeFiles(a, known);
    events.mergeFiles(c, NONE);
    const trace = builder.finish();
    expect([...trace.columns.file]).toEqual([0, 0, NONE, 0]);
    expect(trace.files).toEqual([{ device: '8:0', inode: '9', path: '/known' }]);
  });

  it('lets the last name of a task win, an empty one never', () => {
    const builder = newBuilder();
    const sink = builder.startSource('a', 'test', 1);
    const { events } = sink;
    events.taskId(9, 9, 'unused');
    for (const name of ['sh', 'cat', '']) row(sink, { task: events.taskId(1, 2, name) });
    const trace = builder.finish();
    expect(trace.tasks).toEqual([{ pid: 1, tid: 2, name: 'cat' }]);
    expect([...trace.columns.task]).toEqual([0, 0, 0]);
  });

  it('numbers operations and holds by first appearance, in records too', () => {
    const builder = newBuilder();
    const sink = builder.startSource('a', 'test', 1);
    const { events, records } = sink;
    const ids = [1, 2, 3, 4, 5].map(() => events.newId());
    expect(ids).toEqual([1, 2, 3, 4, 5]);
    row(sink, { opId: ids[3], handle: ids[1], timeNs: 2 });
    row(sink, { opId: ids[4], handle: 0, timeNs: 1 });
    for (const opId of [ids[3], 0, ids[0]]) Object.assign(records, { kind: records.kindId('k', true), opId }).commit();
    const trace = builder.finish();
    expect([...trace.columns.opId]).toEqual([1, 2]);
    expect([...trace.columns.handle]).toEqual([0, 3]);
    expect([...trace.records.opId]).toEqual([2, 0, 4]);
  });

  it('groups issues by code and source, counts records by kind, sums what was not placed', () => {
    const builder = newBuilder();
    const [a, b] = [builder.startSource('a', 'test', 1), builder.startSource('b', 'test', 2)];
    a.issue('bad', 3, 'first');
    a.issue('bad', 4, 'second');
    b.issue('bad', 5, 'third');
    a.unplaced('x');
    b.unplaced('x', 4);
    a.unpaired();
    b.unpaired(2);
    a.deviceAccess.pages += 3;
    const { records } = b;
    for (const [name, typed] of [
      ['k', true],
      ['g', false],
      ['g', false],
    ] as const) {
      records.kind = records.kindId(name, typed);
      records.commit();
    }
    const trace = builder.finish();
    expect(trace.issues).toEqual([
      { code: 'bad', count: 2, source: 'a', row: 3, text: 'first' },
      { code: 'bad', count: 1, source: 'b', row: 5, text: 'third' },
    ]);
    expect(trace.unplaced).toEqual({ x: 5 });
    expect(trace.unpaired).toBe(3);
    expect(trace.deviceAccess.pages).toBe(3);
    expect(trace.sources.map(({ records, typed, generic }) => [records, typed, generic])).toEqual([
      [0, 0, 0],
      [3, 1, 2],
    ]);
    expect([...trace.records.source]).toEqual([1, 1, 1]);
    expect(trace.kinds).toEqual([
      { name: 'k', typed: true },
      { name: 'g', typed: false },
    ]);
  });

  it('makes the assembly at its first use, and ends it once', () => {
    let made = 0;
    let ended = 0;
    const builder = new TraceBuilder((sink) => {
      made++;
      return {
        finish: () => {
          ended++;
          Object.assign(sink.events, { op: Op.read }).commit();
        },
      } as KernelSink;
    });
    builder.startSource('plain', 'test', 1);
    const sink = builder.startSource('kernel', 'test', 1);
    expect(made).toBe(0);
    expect(sink.kernel).toBe(sink.kernel);
    const trace = builder.finish();
    expect([made, ended, trace.columns.rows, trace.columns.source[0]]).toEqual([1, 1, 1, 1]);
  });
});

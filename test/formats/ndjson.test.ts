import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LONGEST_LINE } from '../../src/base/line-splitter.js';
import { ndjson } from '../../src/formats/ndjson.js';
import { FLAGS, Flag, OPS, Op } from '../../src/model/events.js';
import { ERRNO } from '../../src/model/policy.js';
import type { Trace } from '../../src/model/trace.js';
import { NONE, UNKNOWN, UNKNOWN_RESULT } from '../../src/model/units.js';
import { writeNdjson } from '../../src/trace/ndjson-writer.js';
import fc from '../support/fast-check.js';
import { anyTrace, readNdjson } from '../trace/support.js';

const FOLDER = new URL('../../traces/ndjson/', import.meta.url);
const FIXTURES = readdirSync(FOLDER).filter((name) => name.endsWith('.ndjson'));
const fixture = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');
const HEADER = '{"schema":"sealtrace.events/1","clock":"mono","originNs":0}';

const written = (trace: Trace): string => [...writeNdjson(trace)].join('');
const lines = (...events: (object | string)[]): string =>
  [HEADER, ...events.map((event) => (typeof event === 'string' ? event : JSON.stringify({ t: 0, ...event })))].join(
    '\n',
  );
const read = async (...events: (object | string)[]): Promise<Trace> => (await readNdjson(lines(...events))).trace;

/** What a round trip keeps: all but where a row came from. */
function content(trace: Trace): object {
  const { columns, files, tasks, extras, originNs, clock } = trace;
  const { source, row, ...rest } = columns;
  return { rest, files, tasks, extras, originNs, clock };
}

/** Named columns of all rows. */
const rows = ({ columns }: Trace, ...names: (keyof Trace['columns'])[]): unknown[][] =>
  Array.from({ length: columns.rows }, (_, i) => names.map((name) => (columns[name] as Uint32Array)[i]));

describe('ndjson fixtures', () => {
  it('are the three worked cases', () => {
    expect(FIXTURES).toEqual(['exit-without-unseal.ndjson', 'stale-dma.ndjson', 'truncate-under-mapdirect.ndjson']);
  });

  for (const name of FIXTURES) {
    it(`${name} reads the same in chunks of any size, with CRLF, and without the last newline`, async () => {
      const text = fixture(name);
      const whole = await readNdjson(text);
      expect(whole.ok).toBe(true);
      expect(whole.trace.issues).toEqual([]);
      expect(whole.trace.sources[0]).toMatchObject({ records: text.trim().split('\n').length - 1, generic: 0 });
      for (const chunk of [1, 7, 4096]) expect((await readNdjson(text, chunk)).trace).toEqual(whole.trace);
      for (const other of [text.trimEnd(), text.replaceAll('\n', '\r\n'), text.replaceAll('\n', '\n\n')]) {
        expect(content((await readNdjson(other, 7)).trace)).toEqual(content(whole.trace));
      }
    });

    it(`${name} comes back from the writer`, async () => {
      const { trace } = await readNdjson(fixture(name));
      const text = written(trace);
      const back = await readNdjson(text);
      expect(back.ok).toBe(true);
      expect(content(back.trace)).toEqual(content(trace));
      expect(back.trace.columns.row).toEqual(trace.columns.row);
      expect(written(back.trace)).toBe(text);
    });

    it(`${name} cut anywhere is damaged at its last line, and never throws`, async () => {
      const bytes = new TextEncoder().encode(fixture(name));
      for (let size = 0; size < bytes.length - 1; size++) {
        const cut = bytes.subarray(0, size);
        const { ok, trace } = await readNdjson(cut, 4096);
        const last = new TextDecoder().decode(cut).split('\n').at(-1)!;
        const complete =
          size > 0 &&
          (last === '' || last.endsWith('}')) &&
          (() => {
            try {
              return last === '' || Boolean(JSON.parse(last));
            } catch {
              return false;
            }
          })();
        expect([size, ok]).toEqual([size, complete]);
        if (!ok && size > HEADER.length)
          expect(trace.issues[0]!.row).toBe(cut.filter((byte) => byte === 10).length + 1);
      }
    });
  }

  it('read as their authors meant them', async () => {
    const { trace } = await readNdjson(fixture('stale-dma.ndjson'));
    expect(trace.files).toEqual([
      { device: '259:0', inode: '131', path: '/mnt/buf' },
      { device: '259:0', inode: '132', path: '/mnt/other' },
    ]);
    expect(trace.tasks[0]).toEqual({ pid: 10, tid: 10, name: 'rdma' });
    const [m1, mr1] = [trace.columns.handle[3], trace.columns.handle[4]];
    expect(rows(trace, 'op', 'file', 'handle')).toEqual([
      [Op.file, 0, 0],
      [Op.extent, 0, 0],
      [Op.file, 1, 0],
      [Op.mmap, 0, m1],
      [Op.register, 0, mr1],
      [Op.punch, 0, 0],
      [Op.fallocate, 1, 0],
      [Op.write, 1, 0],
      [Op.dma_write, 0, mr1],
      [Op.deregister, 0, mr1],
      [Op.munmap, 0, m1],
    ]);
    expect(m1).not.toBe(mr1);
    expect(trace.columns.flags[3]).toBe(Flag.shared | Flag.writable | Flag.direct);
    expect([trace.columns.offset[0], trace.columns.length[0], trace.columns.addr[6]]).toEqual([0, 1048576, 1048576]);
    expect(trace.endNs).toBe(9000);
  });
});

describe('ndjson round trip', () => {
  it('gives back the columns of any trace', async () => {
    await fc.assert(
      fc.asyncProperty(anyTrace, async (trace) => {
        const text = written(trace);
        const back = await readNdjson(text, 4096);
        // What contradicts itself in the trace does so in what was written of it.
        const told = ['time-range', 'swapped-twice', 'extent-over-extent'];
        expect(back.trace.issues.filter(({ code }) => !told.includes(code))).toEqual([]);
        expect(back.ok).toBe(true);
        expect(content(back.trace)).toEqual(content(trace));
        expect(written(back.trace)).toBe(text);
      }),
      { numRuns: 400 },
    );
  });

  it('writes what a person would write', async () => {
    const events = [
      { t: 0, op: 'file', path: '/a', size: 4096 },
      { t: 0, op: 'extent', path: '/a', off: 0, len: 4096, addr: 8192, state: 'unwritten' },
      { t: 5, op: 'truncate', pid: 1, comm: 'sh', path: '/a', size: 0, ret: '-ETXTBSY', ns: 70 },
      { t: 6, op: 'fsync', pid: 1, tid: 2, comm: 'sh', path: '/a', note: { why: 'kept' } },
      { t: 7, op: 'reflink', pid: 1, comm: 'sh', path: '/a', off: 0, len: 4096, to: { path: '/b', off: 4096 } },
      { t: 8, op: 'lost' },
      { t: 9, op: 'fork', pid: 1, comm: 'sh', to: { pid: 3, comm: 'cat' } },
    ];
    const text = lines(...events);
    expect(written((await readNdjson(text)).trace)).toBe(`${text}\n`);
  });
});

describe('ndjson keys', () => {
  it('has defaults for who acts', async () => {
    const trace = await read(
      { op: 'read', path: '/a' },
      { op: 'read', pid: 0, path: '/a' },
      { op: 'read', pid: 5, path: '/a' },
      { op: 'read', pid: 5, tid: 6, comm: 'x', path: '/a' },
      { op: 'read', pid: null, path: '/a' },
      { op: 'extent', path: '/a' },
      { op: 'writeback', pid: 5, path: '/a' },
    );
    expect([...trace.columns.task]).toEqual([0, 0, 1, 2, NONE, NONE, 1]);
    expect(trace.tasks).toEqual([
      { pid: 0, tid: 0, name: '' },
      { pid: 5, tid: 5, name: '' },
      { pid: 5, tid: 6, name: 'x' },
    ]);
  });

  it('knows a file by inode or path, whichever comes first', async () => {
    const trace = await read(
      { op: 'open', path: '/a' },
      { op: 'open', dev: '8:0', ino: 7, path: '/a' },
      { op: 'read', dev: '8:0', ino: '7' },
      { op: 'read', dev: '8:0', ino: 8 },
      { op: 'read', path: '/a' },
      { op: 'crash' },
    );
    expect([...trace.columns.file]).toEqual([0, 0, 0, 1, 0, NONE]);
    expect(trace.files[0]).toEqual({ device: '8:0', inode: '7', path: '/a' });
  });

  it('takes a missing range as the whole file, and a size as a length', async () => {
    const trace = await read(
      { op: 'punch', path: '/a' },
      { op: 'punch', path: '/a', len: 5 },
      { op: 'punch', path: '/a', off: 5 },
      { op: 'truncate', path: '/a', size: 9 },
      { op: 'file', path: '/a', size: 9 },
      { op: 'file', path: '/a' },
      { op: 'exit' },
      { op: 'map_unknown', path: '/a', off: null, len: null },
    );
    expect(rows(trace, 'offset', 'length', 'flags')).toEqual([
      [0, UNKNOWN, Flag.whole],
      [0, 5, 0],
      [5, UNKNOWN, 0],
      [0, 9, 0],
      [0, 9, 0],
      [0, UNKNOWN, 0],
      [UNKNOWN, UNKNOWN, 0],
      [UNKNOWN, UNKNOWN, 0],
    ]);
  });

  it('reads states, addresses, results and durations', async () => {
    const trace = await read(
      { op: 'extent', path: '/a', off: 0, len: 1, addr: 4096, state: 'shared' },
      { op: 'map_insert', path: '/a', off: 0, len: 1, addr: -1, state: 'unwritten' },
      { op: 'write', path: '/a', ret: 4096, ns: 12 },
      { op: 'write', path: '/a', ret: -26 },
      { op: 'write_fault', path: '/a', ret: '-SIGBUS' },
      { op: 'write', path: '/a', ret: '-E77' },
    );
    expect(rows(trace, 'addr', 'flags', 'result', 'latencyNs').slice(0, 2)).toEqual([
      [4096, Flag.reflinked, UNKNOWN_RESULT, UNKNOWN],
      [UNKNOWN, Flag.unwritten, UNKNOWN_RESULT, UNKNOWN],
    ]);
    expect([...trace.columns.result].slice(2)).toEqual([0, -26, -1000, -77]);
    expect(trace.columns.latencyNs[2]).toBe(12);
    for (const [name, number] of Object.entries(ERRNO)) {
      expect((await read({ op: 'write', path: '/a', ret: `-${name}` })).columns.result[0]).toBe(-number);
    }
  });

  it('knows every op and every flag word', async () => {
    const trace = await read(...OPS.map((op) => ({ op, path: '/a', size: 1, off: 0, len: 1, flags: FLAGS })));
    expect([...trace.columns.op]).toEqual(OPS.map((_, code) => code));
    expect(new Set(trace.columns.flags)).toEqual(new Set([2 ** FLAGS.length - 1]));
    expect(trace.issues).toEqual([]);
  });

  it('gives every operation a number, observed rows none', async () => {
    const trace = await read(
      { op: 'open', path: '/a' },
      { op: 'extent', path: '/a' },
      { op: 'read', path: '/a' },
      { op: 'map_insert', opId: 9 },
      { op: 'punch', opId: 9 },
    );
    expect([...trace.columns.opId]).toEqual([1, 0, 2, 3, 3]);
    expect([...trace.records.opId]).toEqual([1, 0, 2, 3, 3]);
  });

  it('joins a hold by name, anew after its release, also when the lines are out of order', async () => {
    const trace = await read(
      { t: 90, op: 'deregister', handle: 'b' },
      { t: 1, op: 'mmap', path: '/a', handle: 'a' },
      { t: 2, op: 'register', path: '/a', handle: 'b' },
      { t: 3, op: 'dma_write', handle: 'b', addr: 1 },
      { t: 4, op: 'munmap', handle: 'a' },
      { t: 5, op: 'mmap', path: '/a', handle: 'a' },
      { t: 6, op: 'munmap', handle: 'a' },
    );
    const handle = [...trace.columns.handle];
    expect([handle[0], handle[1], handle[4]]).toEqual([handle[3], handle[2], handle[5]]);
    expect(handle[6]).toBe(handle[1]);
    expect(new Set(handle).size).toBe(3);
    expect(trace.issues.map(({ code, row }) => [code, row])).toEqual([['time-runs-back', 3]]);
  });

  it('says when a hold is taken twice or never', async () => {
    const trace = await read(
      { op: 'mmap', path: '/a', handle: 'a' },
      { op: 'mmap', path: '/a', handle: 'a' },
      { op: 'unpin', handle: 'b' },
    );
    expect(trace.issues.map(({ code, row }) => [code, row])).toEqual([
      ['handle-in-use', 3],
      ['unknown-handle', 4],
    ]);
    const retried = await read(
      { op: 'lease', path: '/a', handle: 'a', ret: '-EAGAIN' },
      { op: 'lease', path: '/a', handle: 'a', ret: 0 },
    );
    expect(retried.issues).toEqual([]);
  });

  it('writes a second row for the second file', async () => {
    const trace = await read(
      { op: 'reflink', path: '/a', off: 1, len: 2, addr: 3, handle: 'x', ret: 0, to: { path: '/b', off: 9 }, why: 1 },
      { op: 'exchange', path: '/a', off: 4, len: 2, to: { dev: '8:0', ino: 5 } },
      { op: 'swapext', path: '/a', to: { path: '/b' } },
    );
    expect(rows(trace, 'op', 'file', 'offset', 'length', 'addr', 'flags', 'opId')).toEqual([
      [Op.reflink, 0, 1, 2, 3, 0, 1],
      [Op.reflink, 1, 9, 2, UNKNOWN, Flag.second, 1],
      [Op.exchange, 0, 4, 2, UNKNOWN, 0, 3],
      [Op.exchange, 2, 4, 2, UNKNOWN, Flag.second, 3],
      [Op.swapext, 0, 0, UNKNOWN, UNKNOWN, Flag.whole, 4],
      [Op.swapext, 1, 0, UNKNOWN, UNKNOWN, Flag.whole | Flag.second, 4],
    ]);
    expect(trace.columns.handle[1]).toBe(trace.columns.handle[0]);
    expect([...trace.extras]).toEqual([[0, '{"why":1}']]);
    expect(trace.sources[0]!.records).toBe(3);
  });

  it('follows a path through a rename', async () => {
    const text = lines(
      { t: 1, op: 'write', path: '/tmp1' },
      { t: 1, op: 'write', path: '/db' },
      { t: 2, op: 'rename', path: '/tmp1', to: { path: '/db' }, ret: 0 },
      { t: 3, op: 'write', path: '/db' },
      { t: 4, op: 'write', path: '/tmp1' },
      { t: 5, op: 'rename', path: '/tmp1', to: { path: '/db' }, ret: '-EPERM' },
      { t: 6, op: 'write', path: '/db' },
    );
    const { trace } = await readNdjson(text);
    expect([...trace.columns.file]).toEqual([0, 1, 0, 1, 0, 2, 2, 0, 0]);
    expect(trace.files.map(({ path }) => path)).toEqual(['/tmp1', '/db', '/tmp1 (2)']);
    expect(content((await readNdjson(written(trace))).trace)).toEqual(content(trace));
  });

  it('keeps unknown keys and unknown ops, and goes on', async () => {
    const { ok, trace } = await readNdjson(
      lines(
        { op: 'read', path: '/a', __proto__x: 1, size: 3, to: [1], 'ü"': { b: [null] } },
        { op: 'teleport', pid: 'nobody', x: 1 },
        '{"t":3,"op":"read","__proto__":{"a":1},"constructor":2}',
      ),
    );
    expect(ok).toBe(true);
    expect([...trace.extras]).toEqual([
      [0, '{"__proto__x":1,"size":3,"to":[1],"ü\\"":{"b":[null]}}'],
      [1, '{"__proto__":{"a":1},"constructor":2}'],
    ]);
    expect(trace.columns.rows).toBe(2);
    expect(trace.sources[0]).toMatchObject({ records: 3, typed: 2, generic: 1 });
    expect(trace.kinds).toEqual([
      { name: 'read', typed: true },
      { name: 'teleport', typed: false },
    ]);
  });

  it('takes lines out of order', async () => {
    const trace = await read({ t: 5, op: 'read' }, { t: -7, op: 'write' }, { t: 5, op: 'open' });
    expect(rows(trace, 'timeNs', 'op')).toEqual([
      [0, Op.write],
      [12, Op.read],
      [12, Op.open],
    ]);
    expect(trace.originNs).toBe(-7n);
  });
});

describe('ndjson header', () => {
  it('gives clock and time zero, exact beyond 2^53', async () => {
    const text =
      '{"schema":"sealtrace.events/1","clock":"realtime","originNs":1763000000123456789}\n{"t":4,"op":"read"}';
    const { ok, trace } = await readNdjson(text);
    expect([ok, trace.clock, trace.originNs, trace.columns.timeNs[0]]).toEqual([
      true,
      'realtime',
      1763000000123456789n,
      4,
    ]);
    expect(written(trace).split('\n')[0]).toBe(text.split('\n')[0]);
  });

  it('may come again where files are joined', async () => {
    const { ok, trace } = await readNdjson(
      `${lines({ t: 100, op: 'read' })}\n{"schema":"sealtrace.events/1","originNs":1000}\n{"t":1,"op":"write"}`,
    );
    expect([ok, ...trace.columns.timeNs]).toEqual([true, 100, 1001]);
  });

  it('is recognised in the first line only', () => {
    const sniff = (text: string): boolean => ndjson.sniff(new TextEncoder().encode(text));
    expect(FIXTURES.map((name) => sniff(fixture(name)))).toEqual([true, true, true]);
    expect(sniff(HEADER)).toBe(true);
    expect(sniff(`\uFEFF${HEADER}\r\n`)).toBe(true);
    for (const text of [
      '',
      '\n',
      'null',
      '[1]',
      `{}\n${HEADER}`,
      HEADER.slice(0, 30),
      HEADER.replace('/1', '/2'),
      '# tracer: nop',
    ]) {
      expect(sniff(text)).toBe(false);
    }
  });

  it('is missed, but the events are read', async () => {
    const { ok, trace } = await readNdjson('{"t":1,"op":"read"}\n');
    expect([ok, trace.columns.rows, trace.issues[0]!.code]).toEqual([false, 1, 'no-header']);
    expect((await readNdjson('')).ok).toBe(false);
    const other = await readNdjson('{"schema":"other/1"}\n{"t":1,"op":"read"}\n');
    expect([other.ok, other.trace.columns.rows, other.trace.issues[0]!.code]).toEqual([false, 1, 'bad-header']);
  });
});

describe('ndjson damage', () => {
  const bad: [string, string][] = [
    ['not json', 'expected a JSON object, found "not json"'],
    ['[1,2]', 'expected a JSON object'],
    ['{"op":"read"}', 'expected "t" to be an integer of nanoseconds, found nothing'],
    ['{"t":"5","op":"read"}', 'expected "t" to be an integer, found "5"'],
    ['{"t":1.5,"op":"read"}', 'found 1.5'],
    ['{"t":1e400,"op":"read"}', 'found Infinity'],
    ['{"t":1}', 'expected "op" to be the name of an operation, found nothing'],
    ['{"t":1,"op":7}', 'found 7'],
    ['{"t":1,"op":"read","pid":"x"}', 'expected "pid" to be an integer, found "x"'],
    ['{"t":1,"op":"read","pid":3000000000}', '"pid"'],
    ['{"t":1,"op":"read","comm":5}', 'expected "comm" to be a string, found 5'],
    ['{"t":1,"op":"read","path":{}}', '"path"'],
    ['{"t":1,"op":"read","dev":[1]}', '"dev"'],
    ['{"t":1,"op":"read","ino":-1}', '"ino"'],
    ['{"t":1,"op":"read","off":-1}', 'expected "off" to be an integer from 0'],
    ['{"t":1,"op":"read","off":0,"len":"4k"}', '"len"'],
    ['{"t":1,"op":"read","off":9007199254740991,"len":1}', 'within 2^53'],
    ['{"t":1,"op":"truncate","path":"/a"}', 'expected "size" to be the new size in bytes, found nothing'],
    ['{"t":1,"op":"file","path":"/a","size":1.5}', '"size"'],
    ['{"t":1,"op":"extent","state":"wet"}', 'one of written, unwritten, shared'],
    ['{"t":1,"op":"read","flags":"write"}', 'expected "flags" to be a list of words'],
    ['{"t":1,"op":"read","ret":"ETXTBSY"}', '"ret"'],
    ['{"t":1,"op":"read","ret":"-EWHAT"}', '"ret"'],
    ['{"t":1,"op":"read","ret":"-toString"}', '"ret"'],
    ['{"t":1,"op":"read","ns":-5}', '"ns"'],
    ['{"t":1,"op":"pin","handle":{}}', '"handle"'],
    ['{"t":1,"op":"read","opId":"7"}', '"opId"'],
    ['{"t":1,"op":"fork","pid":1,"to":{"tid":2}}', '"to.pid"'],
    ['{"t":1,"op":"reflink","path":"/a","to":"/b"}', '"to"'],
    ['{"t":1,"op":"reflink","path":"/a","to":{}}', '"to.path"'],
    ['{"t":1,"op":"reflink","path":"/a","to":{"path":"/b","off":"x"}}', '"to.off"'],
    [`{"t":1,"op":"read","x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, 'nested less deeply'],
  ];
  for (const [line, text] of bad) {
    it(`says what is wrong with ${line.slice(0, 60)}`, async () => {
      const { ok, trace } = await readNdjson(lines({ t: 1, op: 'open' }, line, { t: 2, op: 'close' }));
      expect(ok).toBe(false);
      expect(trace.issues).toEqual([
        { code: 'bad-line', count: 1, source: 'test.ndjson', row: 3, text: expect.stringContaining(text) },
      ]);
      expect([...trace.columns.op]).toEqual([Op.open, Op.close]);
      expect(trace.sources[0]!.records).toBe(2);
    });
  }

  it('keeps the event of an unknown flag word', async () => {
    const { ok, trace } = await readNdjson(lines({ op: 'read', flags: ['direct', 'wirte', 5] }));
    expect([ok, trace.columns.flags[0], trace.issues[0]!.code, trace.issues[0]!.count]).toEqual([
      true,
      Flag.direct,
      'unknown-flag',
      2,
    ]);
  });

  it('finds bytes that are no UTF-8', async () => {
    const bytes = new TextEncoder().encode(
      lines({ op: 'read', path: '/a' }, { op: 'read', path: '/Q' }, { op: 'open' }),
    );
    bytes[bytes.indexOf('Q'.charCodeAt(0))] = 0xff;
    const { ok, trace } = await readNdjson(bytes, 7);
    expect([ok, trace.issues[0]!.row, trace.columns.rows]).toEqual([false, 3, 2]);
  });

  it('does not keep a line that is too long, whatever the chunks', async () => {
    const long = `{"t":1,"op":"read","x":"${'x'.repeat(LONGEST_LINE)}"}`;
    const fits = `{"t":1,"op":"write","x":"${'x'.repeat(LONGEST_LINE - 28)}"}`;
    for (const chunk of [4096, 100_003, undefined]) {
      const { ok, trace } = await readNdjson(lines({ op: 'open' }, long, fits, { t: 2, op: 'close' }, long), chunk);
      expect(ok).toBe(false);
      expect(trace.issues).toMatchObject([{ code: 'line-too-long', count: 2, row: 3 }]);
      expect([...trace.columns.op]).toEqual([Op.open, Op.write, Op.close]);
      expect([...trace.columns.row]).toEqual([2, 4, 5]);
    }
  });

  it('never throws, whatever the bytes', async () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom('/a', 0, -1, 5, null, 'm1'));
    const keys = [
      't',
      'op',
      'pid',
      'tid',
      'comm',
      'dev',
      'ino',
      'path',
      'file_id',
      'off',
      'len',
      'size',
      'addr',
      'state',
      'handle',
      'flags',
      'ret',
      'ns',
      'to',
      'opId',
      'schema',
      'originNs',
      'x',
    ];
    const event = fc.record(Object.fromEntries(keys.map((key) => [key, value])), { requiredKeys: [] });
    const known = fc.tuple(event, fc.constantFrom(...OPS), fc.nat()).map(([json, op, t]) => ({ ...json, op, t }));
    const line = fc.oneof(
      fc.string(),
      event.map((json) => JSON.stringify(json)),
      known.map((json) => JSON.stringify(json)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), fc.integer({ min: 1, max: 50 }), async (all, chunk) => {
        const text = [HEADER, ...all].join('\n');
        const { ok, trace } = await readNdjson(text, chunk);
        expect(await readNdjson(text)).toEqual({ ok, trace });
        const source = trace.sources[0]!;
        expect(source.records).toBe(source.typed + source.generic);
        expect(content((await readNdjson(written(trace))).trace)).toEqual(content(trace));
      }),
      { numRuns: 400 },
    );
  });
});

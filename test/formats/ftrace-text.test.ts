// Every way in which ftrace prints the same records: the facts must not depend on it, nor on how the bytes arrive.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { ndjson } from '../../src/formats/ndjson.js';
import { OPS, Op } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { bundled, content, hasShared, shared } from '../kernel/recordings.js';
import { facts, type Read, readAs } from './support.js';

const read = (text: string | Uint8Array, chunk?: number): Promise<Read> => readAs(ftraceText, text, chunk);

// One story: a file is created, written, mapped, punched and truncated.
const story = {
  report: `cpus=2
       st-mover-4591  [000]  1826.433972929: sys_enter_openat:     dfd: 0xffffff9c, filename: 0x7fff6e8555a0, flags: 0x00000242, mode: 0x000001a4
       st-mover-4591  [000]  1826.433989732: xfs_create:           dev 7:0 dp ino 0x80 name base.dat
       st-mover-4591  [000]  1826.453627095: sys_exit_openat:      0x4
       st-mover-4591  [000]  1826.454320000: sys_enter_fallocate:  fd: 0x00000004, mode: 0x00000000, offset: 0x00000000, len: 0x00010000
       st-mover-4591  [000]  1826.454328000: xfs_iext_insert:      dev 7:0 ino 0x83 state  cur 0xffff888100bad450/0 fileoff 0x0 startblock 0x18 fsbcount 0x10 flag 1 caller xfs_bmap_add_extent_hole_real+0x94
       st-mover-4591  [000]  1826.454479000: sys_exit_fallocate:   0x0
       st-mover-4591  [001]  1826.468445000: sys_enter_mmap:       addr: 0x00000000, len: 0x00010000, prot: 0x00000003, flags: 0x00000001, fd: 0x00000004, off: 0x00000000
       st-mover-4591  [001]  1826.468460000: sys_exit_mmap:        0x7faccea00000
       st-mover-4591  [001]  1826.468500000: page_fault_user:      address=0x7faccea03120 ip=0x7fd4692fb73f error_code=0x6
       st-mover-4591  [001]  1826.468510000: mm_filemap_fault:     dev=7:0 ino=83 ofs=12288
       st-mover-4591  [001]  1826.479003000: sys_enter_ftruncate:  fd: 0x00000004, length: 0x00001000
       st-mover-4591  [001]  1826.479005000: sys_exit_ftruncate:   0xffffffffffffffe6
`,
  raw: `cpus=2
       st-mover-4591  [000]  1826.433972929: sys_enter_openat:      __syscall_nr=257 dfd=0xffffff9c filename=0x7fff6e8555a0 flags=0x00000242 mode=0x000001a4
       st-mover-4591  [000]  1826.433989732: xfs_create:            dev=7340032 dp_ino=0x80 namelen=8 name=base.dat
       st-mover-4591  [000]  1826.453627095: sys_exit_openat:       __syscall_nr=257 ret=0x4
       st-mover-4591  [000]  1826.454320000: sys_enter_fallocate:   __syscall_nr=285 fd=0x00000004 mode=0x00000000 offset=0x00000000 len=0x00010000
       st-mover-4591  [000]  1826.454328000: xfs_iext_insert:       dev=7340032 ino=0x83 leaf=0xffff888111238d50 pos=0 startoff=0x0 startblock=0x18 blockcount=0x10 state=1 bmap_state=0 caller_ip=xfs_bmap_add_extent_hole_real+0x94
       st-mover-4591  [000]  1826.454479000: sys_exit_fallocate:    __syscall_nr=285 ret=0x0
       st-mover-4591  [001]  1826.468445000: sys_enter_mmap:        __syscall_nr=9 addr=0x00000000 len=0x00010000 prot=0x00000003 flags=0x00000001 fd=0x00000004 off=0x00000000
       st-mover-4591  [001]  1826.468460000: sys_exit_mmap:         __syscall_nr=9 ret=0x7faccea00000
       st-mover-4591  [001]  1826.468500000: page_fault_user:       address=0x7faccea03120 ip=0x7fd4692fb73f error_code=0x6
       st-mover-4591  [001]  1826.468510000: mm_filemap_fault:      i_ino=83 s_dev=7340032 index=0x3
       st-mover-4591  [001]  1826.479003000: sys_enter_ftruncate:   __syscall_nr=77 fd=0x00000004 length=0x00001000
       st-mover-4591  [001]  1826.479005000: sys_exit_ftruncate:    __syscall_nr=77 ret=0xffffffffffffffe6
`,
};
/** tracefs prints syscalls as functions, numbers without padding, and a column of flags. */
const tracefs = `# tracer: nop\n#\n# entries-in-buffer/entries-written: 12/12   #P:2\n#\n${story.report
  .split('\n')
  .slice(1)
  .map((line) =>
    line
      .replace(/\] {2}(\d)/, '] ..... $1')
      .replace(/sys_enter_(\w+): +(.*)$/, 'sys_$1($2)')
      .replace(/sys_exit_(\w+): +(.*)$/, 'sys_$1 -> $2'),
  )
  .join('\n')}`;

describe('variants of one recording', () => {
  const expected = async () => facts((await read(story.report)).trace);

  test('the story is understood', async () => {
    const { trace, whole } = await read(story.report);
    expect(whole).toBe(true);
    expect(trace.sources[0]).toMatchObject({ records: 12, typed: 12, generic: 0 });
    // Without any event of a write no size is trusted: `file` rows take them back. Nor does anything tell the block size,
    // so that the file's new map is not known to be whole.
    const ops = facts(trace)
      .map((f) => (f as string[])[0])
      .filter((op) => op !== 'file');
    expect(ops).toEqual(['open', 'fallocate', 'map_unknown', 'map_insert', 'mmap', 'write_fault', 'truncate']);
    const row = trace.columns.op.indexOf(Op.truncate);
    expect(trace.columns.result[row]).toBe(-26);
    expect(trace.columns.latencyNs[row]).toBe(2000);
    expect(trace.columns.row[row]).toBe(12);
    expect(trace.files).toEqual([{ device: '7:0', inode: '131', path: 'base.dat' }]);
    expect(trace.columns.offset[trace.columns.op.indexOf(Op.write_fault)]).toBe(12288);
    expect(trace.originNs + BigInt(trace.columns.timeNs[0]!)).toBe(1826433972929n);
  });

  test('more threads at a time than are remembered, and names alike but for one byte', async () => {
    const lines = Array.from({ length: 600 }, (_, i) => {
      const thread = (i * 7) % 23;
      const event = ['unknown_a', 'unknown_b', 'known_b', 'unknownx_b'][i % 4]!;
      return `       job-${10 + thread}  [00${i % 2}]  1826.${String(i).padStart(9, '0')}: ${event}:  x=${i}\n`;
    });
    const { trace } = await read(lines.join(''));
    const { records, tasks, kinds } = trace;
    const told = Array.from({ length: records.rows }, (_, i) => [
      tasks[records.task[i]!]!.tid,
      kinds[records.kind[i]!]!.name,
      records.cpu[i],
      records.timeNs[i],
    ]);
    const expected = lines.map((line) => {
      const [, tid, cpu, time, name] = /-(\d+) +\[(\d+)\] +1826\.(\d+): (\w+)/.exec(line)!;
      return [Number(tid), name, Number(cpu), Number(time)];
    });
    expect(told).toEqual(expected);
  });

  test.each([
    ['raw fields (-R)', story.raw],
    [
      'raw fields, a name byte by byte',
      story.raw.replace('name=base.dat', 'name=ARRAY[62, 61, 73, 65, 2e, 64, 61, 74, 0, 1f, ff]'),
    ],
    ['tracefs trace', tracefs],
    ['microseconds', story.report.replace(/(\.\d{6})\d{3}:/g, '$1:')],
    ['instance prefix', story.report.replace(/^ /gm, 'sealtrace:   ')],
    ['TGID column', story.report.replace(/-4591 /g, '-4591 (  4591)')],
    ['bare nanoseconds glued to the CPU', story.report.replace(/\] {2}(\d+)\.(\d+):/g, ']$1$2:')],
    ['CRLF', story.report.replace(/\n/g, '\r\n')],
    ['fields (tracefs option)', story.raw.replace(/=(0x[0-9a-f]+)(?= |$)/gm, (_, hex) => `=${hex} (${Number(hex)})`)],
    ['stack traces below', story.report.replace(/^( .*)$/gm, '$1\n => exc_page_fault\n =>  <00007fd2b083d1d2>')],
    ['an odd name', story.report.replace(/st-mover/g, 'a [001] b:/-c').replace(/x/g, 'x')],
  ])('%s', async (_, text) => {
    const { trace, whole } = await read(text);
    const same = facts(trace).map((f) => (f as string[]).map((x) => (x === 'a [001] b:/-c' ? 'st-mover' : x)));
    expect(same).toEqual(await expected());
    expect(whole).toBe(true);
    expect(trace.sources[0]!.records).toBe(12);
  });

  test.each(['a b  = c,', 'ARRAY[41]'])('raw fields: a file may be called %s', async (name) => {
    const { trace } = await read(story.raw.replace('namelen=8 name=base.dat', `namelen=9 name=${name}\u007f`));
    expect(trace.files.map(({ path }) => path)).toContain(name);
  });

  test('[FAILED TO PARSE]: fields by their names in the format file', async () => {
    const [first = '', ...rest] = story.raw.split('\n');
    const text = [first, ...rest.map((line) => line.replace(/(xfs_\w+|mm_\w+|page_\w+): +/, '$1: [FAILED TO PARSE] '))];
    expect(text.join('').match(/FAILED/g)).toHaveLength(4);
    expect(facts((await read(text.join('\n'))).trace)).toEqual(await expected());
  });

  test('the tracefs option raw shows numbers of events only: kept, counted, and said', async () => {
    const { trace } = await read(
      '# tracer: nop\n#\n10760 1 2205454771295 type: 782\n25782 1 2205454771999 # ffffffff8149ab1a hello\n',
    );
    expect(trace.sources[0]).toMatchObject({ records: 2, typed: 0, generic: 2 });
    expect(trace.kinds.map(({ name }) => name)).toEqual(['type: 782', 'print']);
    expect(trace.issues.find(({ code }) => code === 'raw-option')).toMatchObject({ count: 2, row: 3 });
    expect(trace.originNs).toBe(2205454771295n);
  });

  test('unknown events are kept, counted and called generic', async () => {
    const { trace } = await read(
      `${story.report}          foo-1     [000]  1827.000000000: my_probe:             (ffffffffc0b84930) a=1\n`,
    );
    expect(trace.sources[0]).toMatchObject({ records: 13, typed: 12, generic: 1 });
    expect(trace.kinds.find((k) => k.name === 'my_probe')).toEqual({ name: 'my_probe', typed: false });
  });
});

describe('losses', () => {
  test('dropped events become an interval on their CPU, and maps are unknown from there', async () => {
    const lines = story.report.split('\n');
    lines.splice(8, 0, 'CPU:1 [368 EVENTS DROPPED]');
    const { trace } = await read(lines.join('\n'));
    expect(trace.sources[0]!.lost).toEqual([{ fromNs: 34472071, toNs: 34487071, cpu: 1, count: 368 }]);
    expect([...trace.columns.op]).toContain(Op.map_unknown);
  });
  test('a ring buffer that was overwritten says so in the header', async () => {
    const { trace } = await read(tracefs.replace('12/12', '12/5012'));
    expect(trace.sources[0]!.lost).toMatchObject([{ cpu: -1, count: 5000 }]);
  });
});

describe('damage', () => {
  test('cut in the middle of a line: everything before it is used, and the place is named', async () => {
    const { trace, whole } = await read(story.report.slice(0, story.report.indexOf('prot: 0x00000003') + 7));
    expect(whole).toBe(false);
    expect(trace.sources[0]!.records).toBe(6);
    expect(trace.issues.find((i) => i.code === 'truncated-line')).toMatchObject({ row: 8 });
  });
  test('a last line without newline that is whole is a record', async () => {
    const { trace, whole } = await read(story.report.trimEnd());
    expect(whole).toBe(true);
    expect(trace.sources[0]!.records).toBe(12);
  });
  test('lines that are no records are counted as issues, not records', async () => {
    const { trace } = await read(story.report.replace('cpus=2\n', 'cpus=2\nhello world\n'));
    expect(trace.sources[0]!.records).toBe(12);
    expect(trace.issues.find((i) => i.code === 'unreadable-line')).toMatchObject({ row: 2, count: 1 });
  });
  test('cut anywhere: never throws, records only grow', async () => {
    let before = 0;
    for (let end = 0; end <= story.report.length; end += 3) {
      const { trace } = await read(story.report.slice(0, end));
      expect(trace.sources[0]!.records).toBeGreaterThanOrEqual(before - 1);
      before = trace.sources[0]!.records;
    }
    expect(before).toBeGreaterThanOrEqual(11);
  });
  test('random bytes in a recording never throw', async () => {
    const bytes = new TextEncoder().encode(story.report);
    let seed = 7;
    for (let round = 0; round < 200; round++) {
      const copy = bytes.slice();
      for (let n = 0; n < 5; n++) {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
        copy[seed % copy.length] = (seed >>> 16) & 255;
      }
      const { trace } = await read(copy);
      expect(trace.sources[0]!.records).toBe(trace.sources[0]!.typed + trace.sources[0]!.generic);
    }
  });
});

test('chunk edges carry no meaning', async () => {
  const bytes = content(join(bundled, 'xfs-kill.report.txt.gz')).subarray(0, 40_000);
  const cut = bytes.subarray(0, bytes.lastIndexOf(10) + 1);
  const whole = facts((await read(cut)).trace);
  expect(whole.length).toBeGreaterThan(80);
  for (const size of [1, 7, 4096]) expect(facts((await read(cut, size)).trace)).toEqual(whole);
});

test('formats exclude each other', () => {
  const head = (text: string): Uint8Array => new TextEncoder().encode(text.slice(0, 4096));
  expect(ftraceText.sniff(head(story.report))).toBe(true);
  expect(ftraceText.sniff(head(tracefs))).toBe(true);
  expect(ndjson.sniff(head(story.report))).toBe(false);
  expect(ftraceText.sniff(head('{"schema":"sealtrace.events/1"}\n'))).toBe(false);
  expect(ftraceText.sniff(head('perf  1234 [001] 12.345: page-faults: \n'))).toBe(false);
  expect(ftraceText.sniff(head('hello\nworld\n'))).toBe(false);
});

if (!hasShared)
  console.warn(
    'SKIPPED: ../shared/traces is not here, so report -R and plain report of one recording are not compared',
  );
test.skipIf(!hasShared)('xfs-movers as `report -t` and as `report -R` gives the same operations', async () => {
  const dir = join(shared, 'recorded', 'xfs-movers');
  const named = await read(content(join(dir, 'report.txt.gz')));
  const raw = await read(content(join(dir, 'report-raw.txt.gz')));
  expect(raw.trace.sources[0]!.records).toBe(named.trace.sources[0]!.records);
  const count = (t: Trace): Record<string, number> => {
    const by: Record<string, number> = {};
    for (const op of t.columns.op) by[OPS[op]!] = (by[OPS[op]!] ?? 0) + 1;
    return by;
  };
  expect(count(raw.trace)).toEqual(count(named.trace));
});

// `--events`: a map teaches every command the same, in every format, and a bundle remembers it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { st } from '../../src/probes/index.js';
import { scratch, sealtrace } from './support.js';
import { toldBy } from './told.js';

const traces = join(import.meta.dirname, '..', '..', 'traces');
const folder = scratch();

const MAP = {
  schema: 'sealtrace.event-map/1',
  name: 'mine',
  title: 'probes of a driver',
  operations: [
    {
      op: 'register',
      enter: 'drv:reg',
      return: 'drv:reg_ret',
      fields: { address: 'addr', length: { field: 'n', unit: 'pages' }, handle: 'h', result: 'rc' },
      flags: { write: { field: 'how', mask: 1 } },
    },
    { op: 'deregister', event: 'drv:dereg', fields: { handle: 'h' } },
    { op: 'pin', event: 'drv:grab', fields: { address: 'addr' } },
    { op: 'unpin', event: 'drv:drop' },
    { op: 'wait', enter: 'drv:sleep', return: 'drv:awake', when: { field: 'why', is: 2 } },
    {
      op: 'address_query',
      event: 'drv:ask',
      fields: {
        device: { field: 'dev', form: 'device' },
        inode: 'ino',
        offset: { field: 'blk', unit: 'blocks' },
        length: 'len',
      },
    },
  ],
};

const told = (lines: readonly string[], map: object = MAP) =>
  toldBy(folder, lines, folder.file('mine.json', JSON.stringify(map)));

describe('entries and returns', () => {
  test('are one operation, in the file behind the address, with duration and result', async () => {
    const { rows, use } = await told([
      'app-10 [000] 1.000010: reg: (ffff) addr=0x12345 n=2 how=0x1 h=0xabc',
      'app-10 [000] 1.000014: reg_ret: (ffff <- ffff) rc=0',
      'irq-0 [000] 1.000020: dereg: (ffff) h=0xabc',
    ]);
    expect(rows).toMatchObject([
      { op: 'register', off: 0x2000, len: 8192, flags: ['write'], ret: 0, ns: 4000 },
      { op: 'deregister', off: 0x2000, len: 8192 },
    ]);
    expect(rows[0]!.handle).toBe(rows[1]!.handle);
    expect(use.events).toContainEqual({ event: 'drv:reg', records: 1 });
    expect(use.operations[0]).toEqual({ op: 'register', event: 'drv:reg', placed: 1, inside: 0, unplaced: {} });
  });

  test('that failed hold nothing, and an error pointer is an error', async () => {
    const { rows } = await told([
      'app-10 [000] 1.000010: reg: (ffff) addr=0x10000 n=1 how=0x0 h=0x1',
      'app-10 [000] 1.000011: reg_ret: (ffff <- ffff) rc=0xfffffffffffffff4',
    ]);
    expect(rows).toMatchObject([{ op: 'register', ret: '-ENOMEM' }]);
    expect(rows[0]!.handle ?? null).toBeNull();
  });

  test('without their other half, and memory of no file, are counted', async () => {
    const { rows, use } = await told([
      'app-10 [000] 1.000010: reg_ret: (ffff <- ffff) rc=0',
      'app-10 [000] 1.000011: reg: (ffff) addr=0x900000 n=1 how=0x0 h=0x1',
      'app-10 [000] 1.000012: reg_ret: (ffff <- ffff) rc=0',
      'app-10 [000] 1.000013: dereg: (ffff) h=0x1',
      'app-10 [000] 1.000014: dereg: (ffff) h=0x2',
      'app-10 [000] 1.000015: reg: (ffff) addr=0x10000 n=1 how=0x0 h=0x1',
    ]);
    expect(rows).toEqual([]);
    expect(use.operations[0].unplaced).toEqual({
      'returned, and not seen to be entered': 1,
      'its memory, or its inode, is of no file known': 1,
      'entered, and not seen to return': 1,
    });
    expect(use.operations[1].unplaced).toEqual({
      'gives back what could not be placed': 1,
      'gives back what was not seen to be taken': 1,
    });
  });

  test('a pin inside a registration is part of it', async () => {
    const { rows, use } = await told([
      'app-10 [000] 1.000010: reg: (ffff) addr=0x10000 n=1 how=0x0 h=0x1',
      'app-10 [000] 1.000011: grab: (ffff) addr=0x10000',
      'app-10 [000] 1.000012: reg_ret: (ffff <- ffff) rc=0',
    ]);
    expect(rows.map(({ op }) => op)).toEqual(['register']);
    expect(use.operations[2]).toMatchObject({ op: 'pin', placed: 0, inside: 1 });
  });
});

test('a release that names nothing is believed only where there is one candidate', async () => {
  const one = await told(['app-10 [000] 1.00001: grab: (ffff) addr=0x11000', 'app-10 [000] 1.00002: drop: (ffff)']);
  expect(one.rows.map(({ op }) => op)).toEqual(['pin', 'unpin']);
  const several = [
    'app-10 [000] 1.00001: grab: (ffff) addr=0x11000',
    'app-10 [000] 1.00002: grab: (ffff) addr=0x12000',
    'app-10 [000] 1.00003: drop: (ffff)',
  ];
  const two = await told(several);
  expect(two.rows.map(({ op }) => op)).toEqual(['pin', 'pin']);
  expect(two.use.operations[3].unplaced).toEqual({ 'does not tell which of several it gives back': 1 });
  const operations = MAP.operations.map((one) => (one.op === 'unpin' ? { ...one, which: 'last' } : one));
  const last = await told(several, { ...MAP, operations });
  expect(last.rows.map(({ op, off }) => [op, off])).toEqual([
    ['pin', 0x1000],
    ['pin', 0x2000],
    ['unpin', 0x2000],
  ]);
});

test('a wait belongs to the call around it, and only where its condition holds', async () => {
  const { rows } = await told([
    'app-10 [000] 1.000010: sys_enter_ftruncate: fd: 0x3, length: 0x0',
    'app-10 [000] 1.000011: sleep: (ffff) why=0x1',
    'app-10 [000] 1.000012: awake: (ffff)',
    'app-10 [000] 1.000013: sleep: (ffff) why=0x2',
    'app-10 [000] 1.000018: awake: (ffff)',
    'app-10 [000] 1.000020: sys_exit_ftruncate: 0x0',
  ]);
  expect(rows).toMatchObject([{ op: 'wait', ns: 5000 }]);
});

test('device, inode and offset say where it is by themselves', async () => {
  const { rows } = await told(['app-10 [000] 1.000010: ask: dev=8:1 ino=131 blk=3 len=4096']);
  expect(rows).toMatchObject([{ op: 'address_query', off: 12288, len: 4096 }]);
});

describe('several recordings', () => {
  const pin = join(traces, 'trace-dat', 'pin-xfs-dax');
  interface Inspected {
    readonly sources: readonly {
      readonly maps?: readonly {
        readonly events: readonly object[];
        readonly operations: readonly { readonly op: string; readonly placed: number }[];
      }[];
    }[];
    readonly events: { readonly byOp: Readonly<Record<string, number>> };
  }
  /** Of a bundle of them, which keeps the map. */
  const inspected = async (...words: string[]): Promise<Inspected> => {
    const bundle = folder.path('joined.sealtrace');
    const ingested = await sealtrace(['ingest', ...words, '--events', 'st', '-o', bundle]);
    expect(ingested.code, ingested.err).toBe(0);
    return JSON.parse((await sealtrace(['inspect', bundle, '--events', 'st', '--json'])).out);
  };

  test('what both tell through the map is one operation, counted where it was handed over', async () => {
    const alone = await inspected(`${pin}.dat`);
    const both = await inspected(`${pin}.dat`, `${pin}.report.txt.gz`);
    expect(alone.events.byOp.pin).toBeGreaterThan(0);
    expect(both.events.byOp).toEqual(alone.events.byOp);
    expect(both.sources[0]!.maps).toEqual(alone.sources[0]!.maps);
    expect(both.sources[1]!.maps![0]!.operations.map(({ placed }) => placed)).toEqual(
      alone.sources[0]!.maps![0]!.operations.map(() => 0),
    );
  });

  test('probes recorded apart from the files are led to these, and counted where they were recorded', async () => {
    const lines = gunzipSync(readFileSync(`${pin}.report.txt.gz`))
      .toString('utf8')
      .split('\n');
    const probes = new Set(st.operations.flatMap(({ enter, returns }) => [enter, ...returns]).map(({ name }) => name));
    const isProbe = (line: string): boolean => probes.has(/: (\w+): /.exec(line)?.[1] ?? '');
    const files = folder.file('files.txt', lines.filter((line) => !isProbe(line)).join('\n'));
    const seen = folder.file('probes.txt', ['cpus=2', ...lines.filter(isProbe)].join('\n'));
    const alone = await inspected(`${pin}.report.txt.gz`);
    const both = await inspected(files, seen, '--clock-offset', '2=0');
    expect(both.events.byOp).toEqual(alone.events.byOp);
    const placed = (source: Inspected['sources'][number]): unknown[] =>
      source.maps![0]!.operations.map((one) => one.placed);
    expect(placed(both.sources[1]!)).toEqual(placed(alone.sources[0]!));
    expect(placed(both.sources[0]!)).toEqual(placed(alone.sources[0]!).map(() => 0));
  });
});

describe('the command line', () => {
  const recording = join(traces, 'trace-dat', 'pin-xfs-dax.dat');
  const text = join(traces, 'trace-dat', 'pin-xfs-dax.report.txt.gz');

  test('binary and text of one recording say the same through a map, and a bundle still does', async () => {
    const bundle = folder.path('pin.sealtrace');
    const ingested = await sealtrace(['ingest', recording, '--events', 'st', '-o', bundle]);
    expect(ingested.code, ingested.err).toBe(0);
    const answers = await Promise.all([
      sealtrace(['inspect', recording, '--events', 'st', '--json']),
      sealtrace(['inspect', text, '--events', 'st', '--json']),
      sealtrace(['inspect', bundle, '--json']),
    ]);
    const [first, ...others] = answers.map(({ out }) => JSON.parse(out));
    expect(first.events.byOp.wait).toBeGreaterThan(0);
    for (const one of others) {
      expect(one.sources[0].maps).toEqual(first.sources[0].maps);
      expect(one.events.byOp).toEqual(first.events.byOp);
    }
    const human = await sealtrace(['inspect', bundle]);
    expect(human.out).toMatch(/Event map st in pin-xfs-dax.dat\n.*st:dax_layout_busy_page_range_ret [1-9]/);
  });

  test.each([
    [['--events', 'gpu'], 2, 'no such file and no such map'],
    [['--events', 'st', '--events', 'st'], 2, 'two maps are named "st"'],
  ])('%j exits %i: %s', async (words, code, message) => {
    const said = await sealtrace(['inspect', recording, ...words]);
    expect([said.code, said.out]).toEqual([code, '']);
    expect(said.err).toContain(message);
  });

  test('a bundle that was not taught a map cannot learn it', async () => {
    const bundle = folder.path('plain.sealtrace');
    await sealtrace(['ingest', recording, '-o', bundle]);
    const said = await sealtrace(['inspect', bundle, '--events', 'st']);
    expect([said.code, said.err]).toEqual([2, expect.stringContaining('ingest the recording again with --events st')]);
  });

  test('what is no JSON is told with its place in the text', async () => {
    const said = await sealtrace(['inspect', recording, '--events', folder.file('broken.json', '{ "schema": ')]);
    expect(said.code).toBe(2);
    expect(said.err).toContain('broken.json: expected JSON');
  });

  test('maps that differ in the system of an event only are refused: a text recording does not tell it', async () => {
    const other = JSON.stringify({ ...MAP, name: 'other', operations: [{ op: 'pin', event: 'dxg:reg' }] });
    const both = ['--events', folder.file('mine.json', JSON.stringify(MAP)), '--events', folder.file('o.json', other)];
    const said = await sealtrace(['inspect', recording, ...both]);
    expect(said.code).toBe(2);
    expect(said.err).toContain('dxg:reg of map "other" and drv:reg differ in their system only');
  });

  test('anonymized, neither the map nor its events are named', async () => {
    const shared = folder.path('anonymous.sealtrace');
    const said = await sealtrace(['anonymize', recording, '--events', 'st', '-o', shared]);
    expect(said.code, said.err).toBe(0);
    const inspected = await sealtrace(['inspect', shared, '--json']);
    expect(inspected.out).not.toMatch(/busy_page|"st"/);
    const { maps } = JSON.parse(inspected.out).sources[0];
    expect(maps[0].operations[0].placed).toBeGreaterThan(0);
  });

  test('list events prints every map that comes with sealtrace', async () => {
    const said = await sealtrace(['list', 'events']);
    expect(said.out).toContain('p:st/ib_umem_get ib_uverbs:ib_umem_get addr=%si:x64');
    const json = JSON.parse((await sealtrace(['list', 'events', '--json'])).out);
    expect(json.items.map(({ name }: { name: string }) => name)).toContain('st');
  });
});

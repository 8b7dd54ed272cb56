// Tables in every container, of every archive, and as a user maps them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { PRESETS } from '../../src/formats/block-presets.js';
import * as registry from '../../src/formats/index.js';
import { parseMap } from '../../src/formats/table-columns.js';
import { timeUnitOf, toNs } from '../../src/formats/table-units.js';
import { GUESSED } from '../../src/model/issue.js';
import type { Format } from '../../src/model/trace.js';
import { formats } from '../../src/trace/recognise.js';
import { bundledFile, facts, readFormat } from '../support/read-format.js';

const { arrow, arrowStream, csv, ndjsonTable, parquet } = registry;
const folder = join(import.meta.dirname, '..', '..', 'traces');
const publicFolder = join(import.meta.dirname, '..', '..', '..', 'shared', 'traces', 'public');

/** The rows of `traces/tables/requests.*`, as the script that wrote them says. */
const REQUESTS = Array.from({ length: 24 }, (_, i) => [
  i * 1_003_000,
  i % 3 === 0 ? 'dma_write' : 'dma_read',
  `volume disk${i % 2}`,
  0,
  ((i * 7919) % 1000) * 8 * 512,
  4096 * (1 + (i % 8)),
  (100 + i) * 1000,
  32767,
]);

describe('one table in every container', () => {
  test.each<[string, Format]>([
    ['requests.csv', csv],
    ['requests.ndjson', ndjsonTable],
    ['requests.arrow', arrow],
    ['requests-lz4.arrow', arrow],
    ['requests-zstd.arrows', arrowStream],
    ['requests.parquet', parquet],
  ])('%s', async (name, format) => {
    for (const chunk of [1, 500, Number.POSITIVE_INFINITY]) {
      const { trace, intact } = await readFormat(format, bundledFile(`tables/${name}`), undefined, chunk);
      expect(intact).toEqual([true]);
      expect(facts(trace)).toEqual(REQUESTS);
      expect(trace.originNs).toBe(1_700_000_000_000_000_000n);
      expect(trace.sources[0]).toMatchObject({ records: 24, typed: 24, generic: 0 });
      expect(trace.issues.map(({ code }) => code)).toEqual([`${GUESSED}columns`]);
      expect(trace.issues[0]!.text).toMatch(/time=timestamp:(date|us|ns),op=type,off=lba:sectors,len=size:bytes/);
    }
  });
});

/** A line of each archive as its documentation shows it, and what it means. */
const LINES: Readonly<Record<string, readonly [line: string, ns: bigint, fact: readonly unknown[]]>> = {
  'MSR Cambridge': [
    '128166372003061629,hm,1,Read,2216497152,2048,16559',
    1_172_163_600_306_162_900n,
    ['dma_read', 'volume hm.1', 0, 2216497152, 2048, 1_655_900],
  ],
  Alibaba: [
    '419,W,8792731648,16384,1577808144360767',
    1_577_808_144_360_767_000n,
    ['dma_write', 'volume 419', 0, 8792731648, 16384, -1],
  ],
  'Tencent CBS': [
    '1538323200,12910952,128,0,1063',
    1_538_323_200_000_000_000n,
    ['dma_read', 'volume 1063', 0, 12910952 * 512, 65536, -1],
  ],
  'SNIA SYSTOR 2017': [
    'Timestamp,Response,IOType,LUN,Offset,Size\n1455496800.053201,0.000124,W,0,74161664,4096',
    1_455_496_800_053_201_000n,
    ['dma_write', 'volume 0', 0, 74161664, 4096, 124_000],
  ],
  'SNIA FIU': [
    '89968195792462 20782 gzip 283193184 8 R 6 0 56f11b711d91a065a2b6458eca924523',
    89_968_195_792_462n,
    ['dma_read', 'volume 6.0', 20782, 283193184 * 512, 4096, -1],
  ],
  SPC: ['1,55590,3072,w,0.026214', 26_214_000n, ['dma_write', 'volume 1', 0, 55590 * 512, 3072, -1]],
  'Meta Baleen': [
    '31746 131072 262144 86412.25 3 2 4 117 1 90',
    86_412_250_000_000n,
    ['dma_write', 'volume 31746', 0, 131072, 262144, -1],
  ],
  CloudPhysics: [
    'version,time,op,size,lbn\n1,5633898,2a,512,42932745',
    5_633_898_000_000_000n,
    ['dma_write', 'volume', 0, 42932745 * 512, 512, -1],
  ],
  'DiskSim ASCII': ['13.191135 30 576560 5 1', 13_191_135n, ['dma_read', 'volume 30', 0, 576560 * 512, 5 * 512, -1]],
  MQSim: ['938513000 4 264719034 16 0', 938_513_000n, ['dma_write', 'volume 4', 0, 264719034 * 512, 8192, -1]],
};

describe('tables of the archives', () => {
  test('there is a line for each', () =>
    expect(Object.keys(LINES).sort()).toEqual(PRESETS.map(({ name }) => name).sort()));

  test.each(Object.entries(LINES))('%s', async (name, [line, ns, fact]) => {
    const { trace, intact } = await readFormat(csv, `${line}\n`);
    expect(intact).toEqual([true]);
    expect(trace.originNs).toBe(ns);
    const [[, op, path, pid, offset, length, latencyNs]] = facts(trace) as [unknown[]];
    expect([op, path, pid, offset, length, latencyNs]).toEqual(fact);
    expect(trace.issues[0]!.text).toContain(`read as ${name} table`);
  });

  test.each(PRESETS.flatMap(({ name, heading }) => (heading === undefined ? [] : [[name, heading]])))(
    '%s, a copy with a header',
    async (name, heading) => {
      const [line, ns, fact] = LINES[name]!;
      const { trace, intact } = await readFormat(csv, `${heading.toUpperCase()}\r\n${line}\r\n`);
      expect(intact).toEqual([true]);
      expect(trace.originNs).toBe(ns);
      expect(trace.sources[0]).toMatchObject({ records: 1, typed: 1 });
      expect((facts(trace)[0] as unknown[]).slice(1, 7)).toEqual(fact);
    },
  );

  test.each(PRESETS.flatMap(({ name, delimiter }) => (delimiter === ' ' ? [name] : [])))(
    '%s, with other blanks between the columns',
    async (name) => {
      const [line, ns, fact] = LINES[name]!;
      for (const other of [`  ${line.replaceAll(' ', '   ')} `, line.replaceAll(' ', '\t')]) {
        const text = `${other}\n${line}\n`;
        expect(formats.filter((one) => one.sniff(new TextEncoder().encode(text)))).toEqual([csv]);
        const { trace } = await readFormat(csv, text);
        expect(trace.originNs).toBe(ns);
        expect((facts(trace) as unknown[][]).map((one) => one.slice(1, 7))).toEqual([fact, fact]);
      }
    },
  );

  test('names of columns in another spelling, and columns more', async () => {
    const [line, ns, fact] = LINES['MSR Cambridge']!;
    const named = await readFormat(csv, `timestamp,hostname,disk_number,type,offset,size,response_time\n${line}\n`);
    expect((facts(named.trace)[0] as unknown[]).slice(1, 7)).toEqual(fact);
    const header = 'timestamp,datetime,hostname,disk_number,type,offset,size,response_time';
    const { trace } = await readFormat(csv, `${header}\n${line.replace(',', ',2007-02-22 17:00:00.306162,')}\n`);
    expect(trace.originNs).toBe(ns);
    expect((facts(trace)[0] as unknown[])[6]).toBe(fact[5]);
    expect(trace.issues[0]!.text).toContain('ns=response_time:ticks');
  });

  test('requests of SYSTOR without a response have no type: counted as generic, and no damage', async () => {
    const text = 'Timestamp,Response,IOType,LUN,Offset,Size\n1.5,0.1,R,0,0,512\n1.6,0.1,,0,512,512\n';
    const { trace, intact } = await readFormat(csv, text);
    expect(intact).toEqual([true]);
    expect(trace.sources[0]).toMatchObject({ records: 2, typed: 1, generic: 1 });
  });

  test('SPC with blanks around the cells, and with the optional fields behind the time', async () => {
    const { trace, intact } = await readFormat(csv, '0, 16, 8192, W, 0.5, Alpha/NT\n1, 24, 512, r, 0.75\n');
    expect(intact).toEqual([true]);
    expect(trace.originNs).toBe(500_000_000n);
    expect((facts(trace) as unknown[][]).map((fact) => fact.slice(0, 6))).toEqual([
      [0, 'dma_write', 'volume 0', 0, 8192, 8192],
      [250_000_000, 'dma_read', 'volume 1', 0, 12288, 512],
    ]);
  });

  test('a line is of one archive only', () => {
    for (const [name, [text]] of Object.entries(LINES)) {
      const line = text.split('\n')[0]!;
      const found = PRESETS.filter((preset) => preset.header === line || preset.line?.test(line) === true);
      expect(found.map((preset) => preset.name)).toEqual([name]);
    }
  });
});

describe('names of columns as programs have them', () => {
  test.each([
    [
      'ts_ns,dev_major,dev_minor,sector,nr_sector,rwbs',
      '7,8,1,16,8,WS',
      ['dma_write', 'volume 8.1', 0, 8192, 4096, -1],
    ],
    [
      'filename,file_offset,op_type,request_io_size_bytes,start_time,simulated_latency',
      'f,512,READ,64,7.5,0.5',
      ['read', 'f', 0, 512, 64, 500_000_000],
    ],
    [
      'Time (us);Device;R/W;Start LBA;Length (sectors);Latency [ms]',
      '7;sda;R;16;8;0.5',
      ['dma_read', 'volume sda', 0, 8192, 4096, 500_000],
    ],
    ['Issue time (s),Type,Offset(MB),length_in_sectors', '7.5,R,2,8', ['dma_read', 'volume', 0, 2 ** 21, 4096, -1]],
    ['timestamp,op_name,slba,nblocks,lat_ns', '7.5,write,16,8,25', ['dma_write', 'volume', 0, 8192, 4096, 25]],
    [
      'timestamp,pid,command,sector,operation,size,latency_ms,op_code',
      '7.5,3,fio,16,READ,512,0.5,0',
      ['dma_read', 'volume', 3, 8192, 512, 500_000],
    ],
    ['arrival_time,device,lba,size,type', '7.5,0,16,8,R', ['dma_read', 'volume 0', 0, 8192, 4096, -1]],
    ['arrival_time,device,lba,size,type', '7.5,0,16,1024,R', ['dma_read', 'volume 0', 0, 8192, 1024, -1]],
    ['arrival_time,device,lba,bytes,type', '7.5,0,16,8,R', ['dma_read', 'volume 0', 0, 8192, 8, -1]],
    ['time,command,offset,size_requested', '7.5,write,16,8', ['dma_write', 'volume', 0, 16, 8, -1]],
    ['time,op,path,dev_major,dev_minor,offset,size', '7.5,write,/f,8,1,16,8', ['write', '/f', 0, 16, 8, -1]],
  ])('%s', async (header, row, fact) => {
    const { trace, intact } = await readFormat(csv, `${header}\n${row}\n`);
    expect(intact).toEqual([true]);
    expect((facts(trace)[0] as unknown[]).slice(1, 7)).toEqual(fact);
  });

  test('operations that are 0 and 1 are counted, and it is said how to tell which is which', async () => {
    const { trace } = await readFormat(csv, 'time,op,offset,size\n7,0,16,8\n8,1,16,8\n');
    expect(trace.sources[0]).toMatchObject({ records: 2, generic: 2 });
    const told = trace.issues.find(({ code }) => code === 'unknown-operation');
    expect(told?.text).toContain('--map op=COLUMN:read0');
  });

  test('what looks like a table of other names is refused with what to do', async () => {
    const bytes = new TextEncoder().encode('when,what,block,blocks\n5,W,16,8\n6,R,24,8\n');
    expect(csv.sniff(bytes)).toBe(false);
    expect(csv.advice!(bytes)).toContain('with --map time=COLUMN:UNIT');
    expect(csv.advice!(new TextEncoder().encode('Dear all,\nfirst, second, third\n1, 2, 3\n'))).toBe('');
  });

  test('that none of them is a length is said', async () => {
    const told = async (header: string) => (await readFormat(csv, `${header}\n1.5,read,3,4\n`)).trace.issues[0]!.text;
    expect(await told('time,op,offset,much')).toContain('(no column is known as a length);');
    expect(await told('time,op,path,much')).toContain('(no column is known as a length or an offset);');
    expect(await told('time,op,offset,size')).not.toContain('known');
  });
});

describe('--map', () => {
  const TEXT = '"when";"what";"where";"much";"who"\n17;R;3;2;"a ""b"""\n18;trim;4;1;c\n';
  const columns = parseMap('time=when:ms,op=what,off=where:blocks,len=4:sectors,path=who');

  test('columns by name and number, with their units; quotes', async () => {
    const { trace } = await readFormat(csv, TEXT, { columns });
    expect(facts(trace)).toEqual([
      [0, 'read', 'a "b"', 0, 12288, 1024, -1, 32767],
      [1_000_000, 'punch', 'c', 0, 16384, 512, -1, 32767],
    ]);
    expect(trace.issues).toEqual([]);
  });

  test.each([',', ';', '\t', '|'])('set apart by %j, with names as programs write them', async (delimiter) => {
    const header = ['Timestamp_us', 'OpType', 'LBA', 'Sectors'].join(delimiter);
    const { trace } = await readFormat(csv, `${header}\r\n${['17', 'READ', '0x8', '2'].join(delimiter)}\r\n`);
    expect(facts(trace)).toEqual([[0, 'dma_read', 'volume', 0, 4096, 1024, -1, 32767]]);
    expect(trace.originNs).toBe(17_000n);
  });

  test('without a header, and 0 as the word for a read', async () => {
    const map = parseMap('time=1:us,op=2:read0,off=3,len=4');
    const { trace } = await readFormat(csv, '5 0 4096 512\n6 1 0 512\n', { columns: map });
    expect(facts(trace).map((fact) => (fact as unknown[]).slice(1, 6))).toEqual([
      ['dma_read', 'volume', 0, 4096, 512],
      ['dma_write', 'volume', 0, 0, 512],
    ]);
    expect(trace.issues[0]!.text).toMatch(/units: off=column 3:bytes,len=column 4:bytes/);
  });

  test.each([
    ['time', /expected ROLE=COLUMN/],
    ['when=1,op=2', /unknown role "when"; expected one of time, op/],
    ['time=1:fortnights,op=2', /unknown unit "fortnights" of time; expected one of ns/],
    ['time=1,time=2,op=3', /time is given twice/],
    ['time=1', /expected a column for op/],
  ])('%s is refused', (text, message) => expect(() => parseMap(text)).toThrow(message));

  test('a column that is not there is refused', async () => {
    await expect(readFormat(csv, TEXT, { columns: parseMap('time=whem,op=what') })).rejects.toThrow(
      /no column "whem"; it has when, what, where/,
    );
  });
});

test('rows that cannot be used are damage, with their line; unknown operations are generic', async () => {
  const { trace, intact } = await readFormat(
    csv,
    'time_ns,op,path,offset,length,errno\n1,read,/a,0,10,0\n2,warp,/a,0,10,0\nx,read,/a,0,10,0\n4,read,/a,0\n5,write,/a,ten,10,0\n6,truncate,/a,0,10,0\n7,write,/a,0,10,-ENOSPC\n',
  );
  expect(intact).toEqual([false]);
  expect(trace.sources[0]).toMatchObject({ records: 4, typed: 3, generic: 1 });
  expect(trace.issues.filter(({ code }) => code === 'bad-row')).toMatchObject([{ count: 3, row: 4 }]);
  expect(trace.columns.result[2]).toBe(-28);
});

test('times are exact in every unit', () => {
  expect(toNs('1700000000.123456789', 's')).toBe(1_700_000_000_123_456_789n);
  expect(toNs('128166372003061629', 'filetime')).toBe(1_172_163_600_306_162_900n);
  expect(toNs('2007-02-22T17:00:00.306162900Z', 'ns')).toBe(1_172_163_600_306_162_900n);
  expect(toNs('2007-02-22 18:00:00.3+01:00', 'ns')).toBe(1_172_163_600_300_000_000n);
  expect(toNs('-1.5', 'us')).toBe(-1500n);
  expect(toNs(2.5, 'ms')).toBe(2_500_000n);
  expect(toNs('1.5e3', 's')).toBe(1_500_000_000_000n);
  for (const text of ['', 'abc', '1,5', '2007-13-45 00:00:00', '9'.repeat(30)]) expect(toNs(text, 's')).toBeNull();
  const units = [
    '1538323200',
    '1538323200000',
    '1538323200000000',
    '128166372003061629',
    '12.5',
    '17',
    '2020-01-01 00:00:00',
    '1.538323200123456e+09',
    '1.5e-05',
    '1.538323200123E15',
    '1.538323200123456789e+18',
  ];
  expect(units.map(timeUnitOf)).toEqual(
    ['s', 'ms', 'us', 'filetime', 's', 'ns', 'date'].concat(['s', 's', 'us', 'ns']),
  );
});

test('every bundled file is of one format only', () => {
  // What drivers and FIEMAP said is no recording.
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => /\.(gz|iolog|csv|ndjson|arrows?|parquet)$/.test(path) && !/driver|\.files\.jsonl|\.maps\.txt/.test(path),
  );
  expect(paths.length).toBeGreaterThan(12);
  for (const path of paths) {
    const head = bundledFile(path).subarray(0, 4096);
    const found = Object.values(registry).filter((format) => format.sniff(head));
    expect([path, found.map(({ name }) => name)]).toEqual([path, [expect.any(String)]]);
  }
});

const hasPublic = existsSync(join(publicFolder, 'block-csv'));
describe.skipIf(!hasPublic)('public tables (SKIPPED: ../shared/traces/public is missing)', () => {
  test('CloudPhysics and MQSim: the lines and operations that wc and sort count', async () => {
    const cloud = await readFormat(csv, readFileSync(join(publicFolder, 'block-csv/libCacheSim/cloudPhysicsIO.csv')));
    expect(cloud.trace.sources[0]).toMatchObject({ records: 113_872, typed: 113_872 });
    const mqsim = readFileSync(join(publicFolder, 'block-csv/MQSim/tpcc-small.trace'));
    const { trace } = await readFormat(csv, mqsim);
    const reads = mqsim
      .toString()
      .split('\n')
      .filter((line) => line.trim().endsWith(' 1')).length;
    expect(trace.sources[0]!.records).toBe(6999);
    expect(facts(trace).filter((fact) => (fact as unknown[])[1] === 'dma_read')).toHaveLength(reads);
  });

  test.each([
    ['generated_lz4.arrow_file', arrow, 'generated_lz4', 'strs'],
    ['generated_zstd.arrow_file', arrow, 'generated_zstd', 'strs'],
    ['generated_uncompressible_lz4.arrow_file', arrow, 'generated_uncompressible_lz4', 'ints'],
    ['generated_uncompressible_lz4.stream', arrowStream, 'generated_uncompressible_lz4', 'ints'],
  ])('bodies packed by another writer, value by value: %s', async (name, format, json, words) => {
    const golden = join(publicFolder, 'arrow-ipc-golden/arrow-testing/2.0.0-compression');
    const { batches } = JSON.parse(gunzipSync(readFileSync(join(golden, `${json}.json.gz`))).toString()) as Golden;
    // A row without an operation is left out.
    const values = (column: string): string[] =>
      batches.flatMap(({ columns }) => {
        const valid = columns.find((one) => one.name === words)!.VALIDITY;
        return columns
          .find((one) => one.name === column)!
          .DATA.filter((_, i) => valid[i] === 1)
          .map(String);
      });
    const options = { columns: parseMap(`time=ints:ns,op=${words}`) };
    const { trace } = await readFormat(format, new Uint8Array(readFileSync(join(golden, name))), options);
    const { records, kinds, originNs } = trace;
    expect([...records.timeNs].map((timeNs) => originNs + BigInt(timeNs))).toEqual(values('ints').map(BigInt));
    expect([...records.kind].map((kind) => kinds[kind]!.name)).toEqual(values(words));
  });
});

/** Arrow's JSON form of a table (integration tests of arrow). */
interface Golden {
  readonly batches: readonly { readonly columns: readonly GoldenColumn[] }[];
}

interface GoldenColumn {
  readonly name: string;
  readonly VALIDITY: readonly number[];
  readonly DATA: readonly unknown[];
}

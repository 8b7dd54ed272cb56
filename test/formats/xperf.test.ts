// Disk events of Windows as xperf's dumper prints them; lines made up in the form of SNIA's.
import { expect, test } from 'vitest';
import { xperf } from '../../src/formats/xperf.js';
import type { Trace } from '../../src/model/trace.js';
import { formats } from '../../src/trace/recognise.js';
import { facts, readFormat } from '../support/read-format.js';

const TEXT = `BeginHeader
     DiskRead,  TimeStamp,   Process Name ( PID),   ThreadID,    IrpPtr,   ByteOffset,     IOSize, ElapsedTime,  DiskNum, IrpFlags, DiskSvcTime, I/O Pri,  VolSnap,  FileObject, FileName
    DiskWrite,  TimeStamp,   Process Name ( PID),   ThreadID, CPU,    IrpPtr,   ByteOffset,     IOSize, ElapsedTime,  DiskNum, IrpFlags, DiskSvcTime, I/O Pri,  VolSnap,  FileObject, FileName
 DiskReadInit,  TimeStamp,   Process Name ( PID),   ThreadID,    IrpPtr
    DiskFlush,  TimeStamp,   Process Name ( PID),   ThreadID,    IrpPtr,                ElapsedTime,  DiskNum, IrpFlags, DiskSvcTime, I/O Pri
EndHeader
OS Version: 6.0.6001, Trace Size: 16KB, Events Lost: 3, Buffers lost: 0, Trace Length: 9 sec, PointerSize: 8, Trace Name: x.etl
 DiskReadInit,       700,       System (   4),        112, 0xfffffa80
     DiskRead,      1000,       System (   4),        112, 0xfffffa80, 0x0000002000, 0x00001000,         300,        0,  0x060043,         290,  Normal, Original, 0xfffffa81, "C:\\a,b.sys"
    DiskWrite,      2000,   my db.exe (1234),        113,  1, 0xfffffa80, 0x0100000000, 0x00000200,          50,        1,  0x060043,          50,  Normal, Original, 0xfffffa81, "D:\\x.edb"
    DiskFlush,      3000,     Unknown (  -1),          0, 0xfffffa80,                         100,        1,  0x060043,         100,  Normal
`;
/** Times in ns since the trace began. */
const told = (trace: Trace): unknown[][] =>
  (facts(trace) as [number, ...unknown[]][]).map(([ns, ...fact]) => [
    ns + Number(trace.originNs) + trace.columns.timeNs[0]!,
    ...fact.slice(0, 6),
  ]);
const EXPECTED = [
  [700_000, 'dma_read', 'volume 0', 4, 8192, 4096, 300_000],
  [1_950_000, 'dma_write', 'volume 1', 1234, 2 ** 32, 512, 50_000],
  [2_900_000, 'fsync', 'volume 1', 0, 0, -1, 100_000],
];

test.each([1, 500, Number.POSITIVE_INFINITY])(
  'requests begin so long before their stamp (chunks of %d)',
  async (chunk) => {
    const bytes = new TextEncoder().encode(TEXT.replaceAll('\n', '\r\n'));
    expect(formats.filter((one) => one.sniff(bytes)).map(({ name }) => name)).toEqual(['xperf']);
    const { trace, intact } = await readFormat(xperf, bytes, undefined, chunk);
    expect(intact).toEqual([true]);
    expect(told(trace)).toEqual(EXPECTED);
    expect(trace.tasks.map(({ name, tid }) => `${name}-${tid}`)).toEqual(
      expect.arrayContaining(['System-112', 'my db.exe-113']),
    );
    expect(trace.sources[0]).toMatchObject({ records: 4, typed: 3, generic: 1 });
    expect(trace.sources[0]!.lost.map(({ count }) => count)).toEqual([3]);
  },
);

test('cut anywhere, what is whole is kept as it is', async () => {
  for (let length = TEXT.indexOf('EndHeader'); length < TEXT.length; length += 3) {
    const { trace } = await readFormat(xperf, TEXT.slice(0, length));
    const found = told(trace);
    expect(found).toEqual(EXPECTED.slice(0, found.length));
  }
});

test('a line whose numbers are none is said, and left out', async () => {
  const { trace } = await readFormat(xperf, TEXT.replace('0x0000002000', '0xq'));
  expect(trace.issues.map(({ text }) => text)).toEqual([
    expect.stringContaining('expected "EVENT, TIME, PROCESS (PID), ..."'),
  ]);
  expect(trace.columns.rows).toBe(2);
});

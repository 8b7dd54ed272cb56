// Disk requests, and whose blocks they are: what belongs to no file known is one run, however long.
import { expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { Op } from '../../src/model/events.js';
import { readAs } from '../formats/support.js';

const KNOWN = `xfs_iomap_found: dev 7:2 ino 0x83 disize 0x100000 pos 0x0 bytecount 0x10000 fork data startoff 0x0 startblock 0x120 fsbcount 0x1
iomap_iter_dstmap: dev 7:2 ino 0x83 bdev 7:2 addr 0x120000 offset 0x0 length 0x1000 type MAPPED (0x2) flags  (0x0)
`;
const NOWHERE =
  '4 KiB blocks of disk requests that belong to no file known (log, metadata, files made before the recording)';

/** Of a request of so many sectors from there: address, length and inode of every row, and the blocks that lead nowhere. */
async function request(before: string, sector: number, sectors: number) {
  const events = `${before}block_rq_issue: 7,2 W ${sectors * 512} () ${sector} + ${sectors} none,0,0 [x]
block_rq_complete: 7,2 W () ${sector} + ${sectors} none,0,0 [0]`.split('\n');
  const lines = events.map((event, i) => `  x-7 [000]  5.${String(i).padStart(6, '0')}: ${event}\n`);
  const { trace } = await readAs(ftraceText, `cpus=1\n${lines.join('')}`);
  const { columns: c, files } = trace;
  const rows = [...c.op.keys()].filter((row) => c.op[row] === Op.block_io);
  return {
    rows: rows.map((row) => [c.addr[row], c.length[row], files[c.file[row]!]?.inode]),
    nowhere: trace.unplaced[NOWHERE] ?? 0,
  };
}

test('what leads to no file has its own length', async () => {
  expect(await request('', 2048, 128)).toEqual({ rows: [[2048 * 512, 65_536, undefined]], nowhere: 16 });
  expect(await request(KNOWN, 2048, 128)).toEqual({ rows: [[2048 * 512, 65_536, undefined]], nowhere: 16 });
});

test('in the midst of it lies a block of a file', async () => {
  expect(await request(KNOWN, 2288, 128)).toEqual({
    rows: [
      [2288 * 512, 8192, undefined],
      [0x120000, 4096, '131'],
    ],
    nowhere: 15,
  });
});

test('damage makes it two terabytes', async () => {
  const { rows, nowhere } = await request(KNOWN, 2304, 2 ** 32 - 8);
  expect(rows).toEqual([[0x120000, 4096, '131']]);
  expect(nowhere).toBe(2 ** 29 - 2);
});

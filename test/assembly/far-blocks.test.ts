// A file of XFS may have blocks up to 2^63 bytes; numbers here are exact up to 2^53. What lies behind is counted, and its file's map
// is not called known (a file that was written at 2^62, whose map looked empty).
import { expect, test } from 'vitest';
import { reference } from '../../src/costs/index.js';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { mapSnapshots } from '../../src/results/snapshots.js';
import { readAs } from '../formats/support.js';
import { policyOf } from '../support/compiled.js';

const inserted = (fileoff: string): string =>
  `xfs_iext_insert: dev 7:0 ino 0x8f state  cur 0x1234/0 fileoff ${fileoff} startblock 0x18 fsbcount 0x1 flag 0 caller xfs_bmap_add_extent_hole_real`;

test.each([
  ['0x10000000', false],
  ['0x4000000000000', true],
])('an extent at file block %s', async (fileoff, isFar) => {
  const events = ['tracing_mark_write: sealtrace note_blocks 7 7 0 7:0 4096', inserted(fileoff)];
  const lines = events.map((event, i) => `  dd-7 [000]  5.00000000${i}: ${event}\n`);
  const { trace } = await readAs(ftraceText, `cpus=1\n${lines.join('')}`);
  const options = { costs: reference, kernel: policyOf('pagecache'), sealRule: 'dma', unseal: 'never' } as const;
  const { snapshots } = mapSnapshots(trace, policyOf('recorded'), { ...options, atNs: [5_000_000_010] });
  const far = trace.unplaced['blocks of a file behind 2^53 bytes, which no number here holds'];
  expect([snapshots[0]!.files[0]!.uncertain, far]).toEqual(isFar ? [true, 1] : [false, undefined]);
});

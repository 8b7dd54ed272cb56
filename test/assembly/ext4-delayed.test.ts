// Space that a buffered write reserves is told by an event of its own, under two names.
import { expect, test } from 'vitest';
import { reference } from '../../src/costs/index.js';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { mapSnapshots } from '../../src/results/snapshots.js';
import { readAs } from '../formats/support.js';
import { policyOf } from '../support/compiled.js';

test.each([
  ['6.1', 'ext4_es_insert_delayed_block: dev 7,1 ino 12 es [2/1) mapped 0 status D allocated 0'],
  ['6.18', 'ext4_es_insert_delayed_extent: dev 7,1 ino 12 es [2/1) mapped 0 status D allocated 0 0'],
])('Linux %s', async (_, reserved) => {
  const events = ['ext4_es_insert_extent: dev 7,1 ino 12 es [0/4294967295) mapped 0 status H', reserved];
  const lines = events.map((event, i) => `  dd-7 [000]  5.00000000${i}: ${event}\n`);
  const { trace } = await readAs(ftraceText, `cpus=1\n${lines.join('')}`);
  const options = { costs: reference, kernel: policyOf('pagecache'), sealRule: 'dma', unseal: 'never' } as const;
  const { snapshots } = mapSnapshots(trace, policyOf('recorded'), { ...options, atNs: [5_000_000_010] });
  expect(snapshots[0]!.files[0]!.extents).toMatchObject([{ offset: 8192, length: 4096, state: 'delalloc' }]);
});

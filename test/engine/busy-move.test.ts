// EXT4_IOC_MOVE_EXT answers EBUSY while a page or the journal is in use: no seal does, so nothing was predicted wrongly.
import { expect, test } from 'vitest';
import { ndjson } from '../../src/formats/ndjson.js';
import { readAs } from '../formats/support.js';
import { policy, run } from '../kernel/recordings.js';

test('a busy move of blocks is not held against the replay', async () => {
  const { trace } = await readAs(
    ndjson,
    `{"schema":"sealtrace.events/1","clock":"mono","originNs":0}
{"t":0,"op":"file","path":"/a","size":8192}
{"t":0,"op":"file","path":"/b","size":8192}
{"t":5,"op":"swapext","pid":1,"path":"/a","to":{"path":"/b"},"ret":"-EBUSY","ns":3}
`,
  );
  const { fidelity } = run(trace, { policies: [policy('recorded')] }).report;
  expect([fidelity.differed, fidelity.notCompared]).toEqual([0, { 'EBUSY: no seal answers with it': 1 }]);
});

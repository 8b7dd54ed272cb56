// Waits for pins against the kernel's own: O_DIRECT reads into a DAX mapping while the file is changed, Linux 6.12
// (seal-semantics section 10.1: the wait is the rest of the I/O and a few ms until the sleeper runs again).
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { reference } from '../../src/costs/reference.js';
import { replay } from '../../src/engine/replay.js';
import { Verdict } from '../../src/model/policy.js';
import { engineInput } from '../../src/results/input.js';
import { build } from '../support/replay.js';
import { load, shared } from './recordings.js';

const folder = join(shared, 'recorded-dax', 's2-pins', 'linux-6.12');
/** From the end of the I/O until the sleeper runs, has changed the map and returns. */
const MOST_AFTER_NS = 15e6;

describe.skipIf(!existsSync(folder))(`waits for pins (skipped: no ${folder})`, () => {
  test.each([
    ['xfs-onepin-io65536', 12],
    ['xfs-onepin-io262144', 12],
    ['xfs-onepin-io1048576', 11],
    ['ext4-onepin-io1048576', 10],
  ] as const)('%s: %i changes wait, as long as recorded', async (name, count) => {
    const trace = await load(join(folder, name, 'trace.txt.gz'), name);
    const [lane] = replay(engineInput(trace), {
      policies: [build('dax', name.startsWith('ext4') ? { fs: 'ext4' } : {})],
      costs: reference,
      sealRule: { kind: 'dma' },
      unseal: { kind: 'never' },
      onDeny: { kind: 'skip' },
      timing: 'closed',
      kernel: build('dax'),
    });
    const rows = [...lane!.verdicts.keys()].filter((row) => lane!.verdicts[row] === Verdict.wait + 1);
    const recordedNs = rows.reduce((sum, row) => sum + trace.columns.latencyNs[row]!, 0);
    console.log(
      `${name}: ${rows.length} waits, ${(lane!.wait.sum / 1e6).toFixed(1)} ms predicted of ${(recordedNs / 1e6).toFixed(1)} ms recorded`,
    );
    expect(rows).toHaveLength(count);
    expect(lane!.wait.sum).toBeLessThan(recordedNs);
    expect(lane!.wait.sum).toBeGreaterThan(recordedNs - rows.length * MOST_AFTER_NS);
  });
});

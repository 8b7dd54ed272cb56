// Processes that a late one makes: a program truncates a file that others have mapped, kills them, and makes the next ones.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Op } from '../../src/model/events.js';
import { ERRNO, Verdict } from '../../src/model/policy.js';
import { laneOf, load, shared } from './recordings.js';

const recording = join(shared, 'recorded', 'ext4-kill', 'report.txt.gz');

describe.skipIf(!existsSync(recording))(`who is made late (skipped: no ${recording})`, () => {
  test('under DAX, where the truncate waits for a pin, the faults that get SIGBUS are recorded ones', async () => {
    const trace = await load(recording, 'ext4-kill');
    const { columns: c } = trace;
    const lane = laneOf(trace, 'dax', { fs: 'ext4' });
    expect(lane.wait.count).toBe(1);
    const faults = [...c.op.keys()].filter((row) => c.op[row] === Op.write_fault);
    const died = faults.filter((row) => c.result[row] === -ERRNO.SIGBUS!);
    expect(died.length).toBe(94);
    // While the truncate waits, the file is as long as it was.
    const cutNs = c.timeNs[c.op.indexOf(Op.truncate)]! + lane.wait.sum;
    const behind = died.filter((row) => c.timeNs[row]! > cutNs);
    expect(behind.length).toBe(93);
    expect(faults.filter((row) => lane.answers.verdictAt(row) === Verdict.deny + 1)).toEqual(behind);
  });
});

// The kernel of plain rows against TypeScript, on recordings: npm run soak:kernel -- [alone] RECORDING... Every policy, all in one pass,
// with `alone` each by itself as well, in both timings: every lane has to end the same, to the byte. Ends with 1 at a difference. The
// suite does the same for bundled recordings (test/engine/plain-kernel.test.ts).
import { argv } from 'node:process';
import { engineInput } from '../../src/results/input.js';
import { ingest } from '../../src/trace/ingest.js';
import { ALL, kernelDifference, TIMINGS, USUAL } from '../support/passes.js';

const isAlone = argv[2] === 'alone';
const recordings = argv.slice(isAlone ? 3 : 2);
if (recordings.length === 0) throw new Error('which recordings? npm run soak:kernel -- [alone] RECORDING...');
const passes = [ALL, ...(isAlone ? ALL.map((name) => [name]) : [])];
for (const path of recordings) {
  const { trace } = await ingest([path]);
  const input = engineInput(trace);
  const begin = performance.now();
  const found = TIMINGS.flatMap((timing) =>
    passes.flatMap((names) => {
      const lane = kernelDifference(input, names, { ...USUAL, timing });
      return lane === '' ? [] : [`${lane} of ${names.length} in ${timing} timing`];
    }),
  );
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(
    `${path}: ${input.columns.rows} rows, ${seconds} s: ${found.length === 0 ? 'the same' : found.join('; ')}`,
  );
  if (found.length > 0) process.exitCode = 1;
}

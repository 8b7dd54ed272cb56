// Damaged recordings without end: npm run soak:formats -- SECONDS SEED [FOLDER...]. Recordings of the folders (those that are bundled,
// where none is named) are changed at random or get a long run of one character, and some read with event maps made up at random, or joined with others, or made bundles one
// of whose tables is forged; what is wrong with how one is read is printed, and kept with what it was read with. Ends with 1 then.
// The suite does a few of them (test/formats/mutations.test.ts, test/trace/forged.test.ts).
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';
import { Random } from '../../src/base/random.js';
import { troubleForged } from '../support/forged.js';
import { pick, troubleJoined, troubleTaught } from '../support/mutated-uses.js';
import { mutated, recordingsIn, stretched, trouble } from '../support/mutations.js';

/** Longer ones take their time, and show nothing more. */
const MOST_BYTES = 400_000;
const RUN_BYTES = 300_000;
/** Of one that is read much longer, something is wrong as well. */
const MOST_SECONDS = 10;

const [seconds = '60', seed = '1', ...folders] = argv.slice(2);
const recordings = (folders.length === 0 ? [join(import.meta.dirname, '..', '..', 'traces')] : folders).flatMap(
  (folder) => recordingsIn(folder, MOST_BYTES),
);
const random = new Random(Number(seed));
const folder = mkdtempSync(join(tmpdir(), 'sealtrace-soak-'));
const end = performance.now() + Number(seconds) * 1000;
let runs = 0;
let wrong = 0;
for (; performance.now() < end; runs++) {
  const recording = pick(recordings, random);
  const begin = performance.now();
  const work = join(folder, 'work');
  mkdirSync(work, { recursive: true });
  const kind = random.below(6);
  let found: string;
  if (kind === 0) found = await troubleTaught(recording, random, work);
  else if (kind === 1) found = await troubleJoined([recording, pick(recordings, random)], random, work);
  else if (kind === 2) found = await troubleForged(recording, random, work);
  else if (kind === 3) found = await trouble(stretched(recording.bytes, RUN_BYTES, random), work);
  else found = await trouble(mutated(recording.bytes, random), work);
  const took = (performance.now() - begin) / 1000;
  if (found === '' && took < MOST_SECONDS) continue;
  const kept = join(folder, `wrong-${++wrong}`);
  cpSync(work, kept, { recursive: true });
  console.log(`${recording.name}, kept in ${kept}: ${found === '' ? `read in ${took.toFixed(1)} s` : found}`);
}
console.log(`${recordings.length} recordings, seed ${seed}: ${runs} damaged, ${wrong} read wrongly`);
if (wrong > 0) process.exitCode = 1;
else rmSync(folder, { recursive: true });

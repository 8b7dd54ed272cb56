// Recordings that are damaged at random are read as far as they go, or refused; more of them: npm run soak:formats.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../../src/base/random.js';
import { pick, troubleJoined, troubleTaught } from '../support/mutated-uses.js';
import { mutated, recordingsIn, stretched, trouble } from '../support/mutations.js';

const RUNS = 3;
const USES = 80;
const MOST_BYTES = 60_000;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealtrace-mutations-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const recordings = recordingsIn(join(import.meta.dirname, '..', '..', 'traces'), MOST_BYTES);

test('as it is, each is read or refused', async () => {
  const found: string[] = [];
  for (const { name, bytes } of recordings) {
    const wrong = await trouble(bytes, folder);
    if (wrong !== '') found.push(`${name}: ${wrong}`);
  }
  expect(recordings.length).toBeGreaterThan(50);
  expect(found).toEqual([]);
}, 120_000);

test(`each damaged in ${RUNS} ways`, async () => {
  const random = new Random(20_261_130);
  const found: string[] = [];
  for (const { name, bytes } of recordings)
    for (let run = 0; run < RUNS; run++) {
      const wrong = await trouble(mutated(bytes, random), folder);
      if (wrong !== '') found.push(`${name}, ${run}: ${wrong}`);
    }
  expect(found).toEqual([]);
}, 240_000);

const LONG = 100_000;
const HANG_MS = 10_000;
test('each with a run of one character: none takes long', async () => {
  const random = new Random(20_261_202);
  const found: string[] = [];
  for (const { name, bytes } of recordings) {
    const began = performance.now();
    const wrong = await trouble(stretched(bytes, LONG, random), folder);
    const took = performance.now() - began;
    if (wrong !== '' || took > HANG_MS) found.push(`${name}: ${took.toFixed(0)} ms ${wrong}`);
  }
  expect(found).toEqual([]);
}, 240_000);

test(`${USES} read with event maps made up at random, and as many joined`, async () => {
  const random = new Random(20_261_201);
  const found: string[] = [];
  for (let run = 0; run < USES; run++) {
    const recording = pick(recordings, random);
    const taught = await troubleTaught(recording, random, folder);
    const joined = await troubleJoined([recording, pick(recordings, random)], random, folder);
    if (taught + joined !== '') found.push(`${recording.name}, ${run}: ${taught}${joined}`);
  }
  expect(found).toEqual([]);
}, 120_000);

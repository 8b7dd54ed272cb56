// Sizes that calls set, in a recording without any event of a write: of each of them, however many, the trace says that it does not last.
import { expect, test } from 'vitest';
import { strace } from '../../src/formats/strace.js';
import { Flag, Op } from '../../src/model/events.js';
import { readAs } from '../formats/support.js';

const CUTS = 5000;
const FILES = 3;

const cut = (i: number): string =>
  `7 1700000000.${String(i * 100).padStart(6, '0')} ftruncate(3</d/f${i % FILES}>, ${i * 4096}) = 0 <0.000002>\n`;

test('every size is taken back, in order, at its own row', async () => {
  const { trace } = await readAs(strace, Array.from({ length: CUTS }, (_, i) => cut(i)).join(''));
  const { rows, op, flags, row, file, timeNs } = trace.columns;
  const taken = Array.from({ length: rows }, (_, i) => i).filter(
    (i) => op[i] === Op.file && (flags[i]! & Flag.unknown) !== 0,
  );
  expect(taken.map((i) => row[i])).toEqual(Array.from({ length: CUTS }, (_, i) => i + 1));
  expect(taken.map((i) => trace.files[file[i]!]!.path)).toEqual(
    Array.from({ length: CUTS }, (_, i) => `/d/f${i % FILES}`),
  );
  expect(taken.every((i, n) => n === 0 || timeNs[i]! > timeNs[taken[n - 1]!]!)).toBe(true);
});

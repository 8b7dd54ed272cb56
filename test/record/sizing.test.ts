// How large the buffers of a recording are made from what a trial measured.
import { expect, test } from 'vitest';
import { sizeText } from '../../src/cli/record-live.js';
import { plain } from '../../src/cli/text.js';
import { type Measured, mostKib, sizeFor } from '../../src/record/sizing.js';

const GIB = 2 ** 30;
const trial: Measured = {
  bytesPerEvent: 40,
  mostEventsPerSecond: 2_000_000,
  eventsPerSecond: 1000,
  pauseNs: 200e6,
  lateNs: 50e6,
  readBytesPerSecond: 500e6,
};

test('twice what one CPU can make while the reader is away, in whole MiB', () => {
  // 2 M/s x 40 bytes x 0.25 s, twice: 40 MB = 38.15 MiB.
  expect(sizeFor(trial, 64 * GIB, 8)).toEqual({ kib: 39 * 1024, wantedKib: 39 * 1024, reason: 'trial', trial });
  expect(sizeFor({ ...trial, eventsPerSecond: 4_000_000 }, 64 * GIB, 8).kib).toBe(77 * 1024);
  expect(sizeFor({ ...trial, lateNs: 300e6 }, 64 * GIB, 8).kib).toBe(77 * 1024);
  expect(sizeFor({ ...trial, mostEventsPerSecond: 1000 }, 64 * GIB, 8).kib).toBe(4096);
});

test('an eighth of the free memory is the most, and it is said', () => {
  expect(mostKib(4 * GIB, 256)).toBe(2048);
  expect(mostKib(0, 4)).toBe(64);
  const size = sizeFor(trial, 4 * GIB, 256);
  expect(size).toMatchObject({ kib: 2048, wantedKib: 39 * 1024, reason: 'memory' });
  expect(plain(sizeText(size))).toMatch(/would be 39 MiB per CPU, the free memory allows buffers of 2 MiB$/);
});

test('what was measured is said with the size; without a trial that is said', () => {
  expect(plain(sizeText(sizeFor(trial, 64 * GIB, 8)))).toBe(
    'trial: one CPU can make 2,000,000 events/s of 40 bytes, 1,000/s come by themselves; the reader takes 477 MiB/s and may be 250 ms away; buffers of 39 MiB per CPU hold twice what comes meanwhile',
  );
  const without = sizeFor(null, 64 * GIB, 8);
  expect(without).toMatchObject({ kib: 32 * 1024, reason: 'no trial' });
  expect(plain(sizeText(without))).toMatch(/buffers of 32 MiB per CPU, without a trial/);
});

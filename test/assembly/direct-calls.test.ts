// What is told of a direct I/O call comes back by its number, however many came after it.
import { expect, test } from 'vitest';
import { DirectCalls } from '../../src/assembly/direct-calls.js';
import type { OpenFile } from '../../src/assembly/process.js';
import type { DirectCall } from '../../src/assembly/state.js';
import { Spill } from '../../src/trace/spill.js';

const COUNT = 20_000;
const IN_MEMORY_BYTES = 1 << 14;

const opened = (file: number): OpenFile => ({
  ...{ file, resolved: -1, direct: false, appends: false, sync: false, passed: false, name: '', directory: '' },
  ...{ position: -1, sinceNs: 0, label: '', regular: false, madeNs: Number.NaN, maybeMade: false, madeChanges: 0 },
});
const call = (file: number): DirectCall => ({ file, number: -1, buffer: null, bufferOffset: -1 });

test('calls, their buffers and how much of them is covered', () => {
  const store = new Spill(undefined, IN_MEMORY_BYTES);
  try {
    const calls = new DirectCalls(store);
    const buffers = [opened(7), opened(8)];
    const first = call(1);
    expect([calls.add(first), calls.add(first)]).toEqual([0, 0]);
    for (let i = 1; i < COUNT; i++) {
      const one = call(i % 5);
      if (i % 3 === 0) Object.assign(one, { buffer: buffers[i % 2], bufferOffset: i * 2 ** 32 });
      expect(calls.add(one)).toBe(i);
      calls.cover(one, i);
    }
    // The page that tells it was faulted in after an access of the call was over.
    Object.assign(first, { buffer: buffers[1], bufferOffset: 4096 });
    calls.foundBuffer(first);
    expect(calls.of(0)).toEqual({ file: 1, number: 0, buffer: buffers[1], bufferOffset: 4096 });
    expect(calls.of(3000)).toEqual({ file: 0, number: 3000, buffer: buffers[0], bufferOffset: 3000 * 2 ** 32 });
    expect(calls.of(COUNT - 1)).toEqual({ file: 4, number: COUNT - 1, buffer: null, bufferOffset: -1 });
    calls.cover(calls.of(3000), 0.5);
    expect([0, 3000, COUNT - 1].map((number) => calls.covered(calls.of(number)))).toEqual([0, 3000.5, COUNT - 1]);
    calls.uncover();
    expect([0, 3000, COUNT - 1].map((number) => calls.covered(calls.of(number)))).toEqual([0, 0, 0]);
    // A file is known by what its descriptor turned out to be.
    buffers[0]!.resolved = 3;
    expect(calls.of(3000).buffer?.resolved).toBe(3);
  } finally {
    store.close();
  }
});

test('a buffer that is learned before any access is over is told with the call', () => {
  const calls = new DirectCalls(new Spill());
  const one = call(2);
  Object.assign(one, { buffer: opened(9), bufferOffset: 0 });
  calls.foundBuffer(one);
  expect(one.number).toBe(-1);
  expect(calls.of(calls.add(one))).toEqual({ file: 2, number: 0, buffer: opened(9), bufferOffset: 0 });
});

// The table of page frames against a plain list of pages that does the same slowly.
import { expect, test } from 'vitest';
import { PageFrames } from '../../src/assembly/page-frames.js';
import { Random } from '../../src/base/random.js';

const PAGE = 4096;

interface Folio {
  frame: number;
  order: number;
  file: number;
  offset: number;
}

/** Folios one by one; a folio that is deleted in part leaves its other halves. */
class NaiveFrames {
  folios: Folio[] = [];

  find(frame: number): Folio | undefined {
    return this.folios.find((one) => frame >= one.frame && frame < one.frame + 2 ** one.order);
  }

  added(frame: number, order: number, file: number, offset: number): void {
    this.folios = this.folios.filter((one) => one.frame !== frame);
    this.folios.push({ frame, order, file, offset });
  }

  deleted(frame: number, order: number, file: number): void {
    const found = this.find(frame);
    if (found === undefined || found.file !== file) return;
    this.folios = this.folios.filter((one) => one !== found);
    const first = frame - (frame % 2 ** order);
    for (let at = found.frame; at < found.frame + 2 ** found.order; at++)
      if (at < first || at >= first + 2 ** order)
        this.folios.push({ frame: at, order: 0, file, offset: found.offset + (at - found.frame) * PAGE });
  }
}

test('who owns a frame is what a list of folios says, however many came and went', () => {
  const frames = new PageFrames();
  const naive = new NaiveFrames();
  const random = new Random(7);
  const wrong: number[] = [];
  // Frames of a machine with much memory, in runs that do not touch each other.
  const base = 2 ** 33;
  for (let step = 0; step < 10_000; step++) {
    const order = random.below(4) === 0 ? random.below(4) : 0;
    const frame = base + (random.below(1000) >> order) * 2 ** order;
    const file = random.below(5);
    const taken = Array.from({ length: 2 ** order }, (_, i) => naive.find(frame + i)).some((one) => one !== undefined);
    if (!taken && random.below(2) === 0) {
      const offset = random.below(1000) * PAGE;
      frames.added(frame, order, file, offset);
      naive.added(frame, order, file, offset);
    } else {
      const owner = naive.find(frame);
      const small = Math.min(order, owner?.order ?? 0);
      frames.deleted(frame, small, owner?.file ?? file);
      naive.deleted(frame, small, owner?.file ?? file);
    }
    const asked = base + random.below(1000);
    const expected = naive.find(asked);
    const found = frames.owner(asked * PAGE + 5);
    const offset = expected === undefined ? -1 : expected.offset + (asked - expected.frame) * PAGE;
    // Not an expectation each: thirty thousand of them take long.
    if ((found?.file ?? -1) !== (expected?.file ?? -1) || (found?.offset ?? -1) !== offset) wrong.push(step);
  }
  expect(wrong).toEqual([]);
});

test('what is no frame leads nowhere', () => {
  const frames = new PageFrames();
  frames.added(Number.NaN, 0, 1, 0);
  expect(frames.owner(Number.NaN)).toBe(null);
  expect(frames.owner(-PAGE)).toBe(null);
});

// Descriptors whose file nothing has told yet: they are found again at the end, and those that are known by then cost nothing.
import { expect, test } from 'vitest';
import { type OpenFile, Unresolved } from '../../src/assembly/process.js';

const opened = (file: number): OpenFile => ({ file, resolved: -1 }) as OpenFile;

test('100,000 files, of which every thousandth is never told', () => {
  const unresolved = new Unresolved();
  let most = 0;
  for (let file = 0; file < 100_000; file++) {
    const open = opened(file);
    unresolved.add(open);
    if (file % 1000 !== 0) open.resolved = file;
    most = Math.max(most, unresolved.length);
  }
  expect([...unresolved.all()].map(({ file }) => file)).toEqual(Array.from({ length: 100 }, (_, i) => i * 1000));
  expect(most).toBeLessThan(2000);
});

test('what is known already is not kept', () => {
  const unresolved = new Unresolved();
  unresolved.add({ ...opened(1), resolved: 2 });
  expect(unresolved.length).toBe(0);
});

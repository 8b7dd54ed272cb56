// The committed reports are what this version makes of the bundled recordings, byte for byte: no date, path or machine in them.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { scratch, sealtrace } from '../cli/support.js';

interface Example {
  readonly name: string;
  readonly recording: string;
  readonly options: readonly string[];
}

const root = join(import.meta.dirname, '..', '..');
// Plain JavaScript, because `npm start` needs it before there is a compiler.
const {
  EXAMPLES,
  exampleWords,
  reportPath,
}: {
  readonly EXAMPLES: readonly Example[];
  readonly exampleWords: (example: Example, out: string) => readonly string[];
  readonly reportPath: (example: Example) => string;
} = await import(join(root, 'scripts', 'examples.mjs'));
const { path } = scratch();

test.each(EXAMPLES)('reports/$name: the page is what `npm run examples` makes', async (example) => {
  const out = path(basename(reportPath(example)));
  const made = await sealtrace(exampleWords({ ...example, recording: join(root, example.recording) }, out));
  expect(made.err).toContain(`wrote ${out}`);
  expect(made.code).toBe(0);
  const fresh = readFileSync(out);
  const kept = readFileSync(join(root, reportPath(example)));
  expect(fresh.length).toBeLessThan(1_300_000);
  // A diff of two long lines helps nobody.
  expect(fresh.equals(kept), `${reportPath(example)} is out of date; run: npm run examples`).toBe(true);
});

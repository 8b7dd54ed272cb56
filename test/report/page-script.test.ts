// The script in the page is made from web/: the committed one must be what a fresh bundle gives, and web/ must type-check.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

it('is up to date (npm run page-script)', async () => {
  const { pageScript, TARGET } = (await import(join(root, 'scripts/page-script.mjs'))) as {
    pageScript(): Promise<string>;
    TARGET: string;
  };
  expect(readFileSync(TARGET, 'utf8') === (await pageScript())).toBe(true);
});

it('type-checks', () => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  expect(() => execFileSync(process.execPath, [tsc, '--noEmit', '-p', 'web'], { cwd: root })).not.toThrow();
});

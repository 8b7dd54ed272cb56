// Compiles wasm/plain-*.ts (AssemblyScript), with the maps that it changes, into src/engine/plain-rows-code.ts. Run it after a
// change there or in src/extents/narrow*.ts: npm run plain-rows. A test fails when the committed file is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compiled } from './assembly-script.mjs';
import { narrowSource } from './extent-kernel.mjs';

const PARTS = ['slots', 'rows', 'changes', 'refusals', 'counts', 'late'].map((part) => `wasm/plain-${part}.ts`);
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const TARGET = join(root, 'src/engine/plain-rows-code.ts');

export async function plainRows() {
  const maps = narrowSource().replace(/^export /gm, '');
  const parts = ['wasm/extent-ahead.ts', ...PARTS, 'wasm/extent-pieces.ts'].map((path) =>
    readFileSync(join(root, path), 'utf8'),
  );
  const code = await compiled(maps + parts.join('\n'));
  return `// Made by scripts/plain-rows.mjs from wasm/plain-*.ts, wasm/extent-ahead.ts, wasm/extent-pieces.ts and src/extents; do not edit.
export const PLAIN_ROWS = '${code}';
`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(TARGET, await plainRows());

// Compiles wasm/line-scanner.ts (AssemblyScript) into src/formats/line-scanner-code.ts. Run it after a change there:
// npm run line-scanner. A test fails when the committed file is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compiled } from './assembly-script.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const TARGET = join(root, 'src/formats/line-scanner-code.ts');

export async function lineScanner() {
  const source = readFileSync(join(root, 'wasm/line-scanner.ts'), 'utf8');
  const code = await compiled(source);
  return `// Made by scripts/line-scanner.mjs from wasm/line-scanner.ts; do not edit.
export const LINE_SCANNER = '${code}';
`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(TARGET, await lineScanner());

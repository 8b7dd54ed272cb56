// Compiles wasm/line-scanner.ts (AssemblyScript) into src/formats/line-scanner-code.ts. Run it after a change there:
// npm run line-scanner. A test fails when the committed file is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const TARGET = join(root, 'src/formats/line-scanner-code.ts');
const OPTIONS = ['-O3', '--runtime', 'stub', '--enable', 'simd', '--noAssert', '--importMemory'];

export async function lineScanner() {
  const source = readFileSync(join(root, 'wasm/line-scanner.ts'), 'utf8');
  const written = new Map();
  const { error, stderr } = await asc.main(['line-scanner.ts', ...OPTIONS, '--outFile', 'line-scanner.wasm'], {
    readFile: (name) => (name === 'line-scanner.ts' ? source : null),
    writeFile: (name, contents) => void written.set(name, contents),
    listFiles: () => [],
  });
  if (error !== null) throw new Error(`${error.message}\n${stderr}`);
  const code = Buffer.from(written.get('line-scanner.wasm')).toString('base64');
  return `// Made by scripts/line-scanner.mjs from wasm/line-scanner.ts; do not edit.
export const LINE_SCANNER = '${code}';
`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(TARGET, await lineScanner());

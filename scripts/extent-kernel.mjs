// Compiles src/extents/narrow.ts and what it is made of, which AssemblyScript understands as well, into src/extents/narrow-code.ts;
// wasm/extent-words.ts takes the place of narrow-words.ts, and wasm/extent-bytes.ts has the calls in bytes. Run it after a change there: npm run extent-kernel. A test fails when the
// committed file is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compiled } from './assembly-script.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const TARGET = join(root, 'src/extents/narrow-code.ts');

const INNER = ['pieces', 'leaves', 'fewer-leaves', 'narrow-cut'];

/** One module without imports; what is found in an array is never undefined here. */
const read = (path) =>
  readFileSync(join(root, path), 'utf8')
    .replace(/^import [\s\S]*?;\n/gm, '')
    .replaceAll(']!', ']');

/** What other kernels have in them as well that change maps. */
export function narrowSource() {
  const inner = ['wasm/extent-words.ts', ...INNER.map((name) => `src/extents/${name}.ts`)].map(read).join('');
  return inner.replace(/^export /gm, '') + read('src/extents/narrow.ts');
}

export async function extentKernel() {
  const code = await compiled(narrowSource() + read('wasm/extent-bytes.ts'));
  return `// Made by scripts/extent-kernel.mjs from narrow.ts, what it imports, wasm/extent-words.ts and wasm/extent-bytes.ts; do not edit.
export const NARROW = '${code}';
`;
}

/** The loop of the extent map benchmark on the same maps, in base64. */
export const extentLoop = () =>
  compiled(narrowSource().replace(/^export /gm, '') + read('wasm/extent-ahead.ts') + read('wasm/extent-loop.ts'));

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(TARGET, await extentKernel());

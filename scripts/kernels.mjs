// Compiles AssemblyScript of wasm/ into the files of the source that hold it, with the layout of its memory. Run it after a
// change there: npm run kernels. A test fails when a committed file is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compiled } from './assembly-script.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const ROOMS = { 'line-scanner': 'formats', 'record-kernel': 'formats', 'column-kernel': 'base' };

/** By path: what each file must hold. */
export async function kernels() {
  const made = Object.entries(ROOMS).map(async ([name, room]) => [
    join(root, `src/${room}/${name}-code.ts`),
    await code(name),
  ]);
  return new Map(await Promise.all(made));
}

async function code(name) {
  const wasm = await compiled(readFileSync(join(root, `wasm/${name}.ts`), 'utf8'));
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { instance } = await WebAssembly.instantiate(Buffer.from(wasm, 'base64'), { env: { memory } });
  const layout = Object.entries(instance.exports).filter(([, one]) => one instanceof WebAssembly.Global);
  const lines = layout.map(([key, { value }]) => `export const ${key} = ${value};\n`);
  return `// Made by scripts/kernels.mjs from wasm/${name}.ts; do not edit.\n${lines.join('')}export const CODE = '${wasm}';\n`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  for (const [path, text] of await kernels()) writeFileSync(path, text);

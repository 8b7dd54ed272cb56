// `npm run build`: the library with its types (tsc), and the program in as few files as each command needs (esbuild): three
// hundred modules found one by one cost more time than reading a short recording.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { programFiles } from './program-files.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const at = (...path) => join(root, ...path);

rmSync(at('dist'), { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);
await build({
  // Threads are files of their own, beside the program.
  entryPoints: programFiles(root),
  outdir: 'dist/cli',
  // What is found by its place in the package stands as deep as in `src`: every file lies in `dist/cli`.
  chunkNames: 'part-[hash]',
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  absWorkingDir: root,
  logLevel: 'warning',
});

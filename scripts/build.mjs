// `npm run build`: the library with its types (tsc), and the program in as few files as each command needs (esbuild): three
// hundred modules found one by one cost more time than reading a short recording.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, rmSync } from 'node:fs';
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
const { main, ...threads } = programFiles(root);
const common = {
  outdir: 'dist/cli',
  // What is found by its place in the package stands as deep as in `src`: every file lies in `dist/cli`.
  chunkNames: 'part-[hash]',
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // A literal that is put together of others becomes one: else V8 gives each object that it makes a shape of its own.
  minifySyntax: true,
  absWorkingDir: root,
  logLevel: 'warning',
};
// Threads are files of their own, beside the program.
await build({ ...common, entryPoints: { whole: main, ...threads } });
// What one file takes from another is looked up and checked at every use: where all that reads a recording lies in one, the
// engine has less to compile for it, and what it compiles is faster. So it does where no other command shares a part of it.
for (const command of ['ingest', 'inspect'])
  await build({ ...common, entryPoints: { [`${command}-alone`]: main }, plugins: [alone(command)] });
copyFileSync(at('scripts/start.mjs'), at('dist/cli/main.js'));
chmodSync(at('dist/cli/main.js'), 0o755);

/** All commands but this one are left out: nobody asks this program for them (scripts/start.mjs). */
function alone(command) {
  return {
    name: `${command} alone`,
    setup({ onResolve }) {
      onResolve({ filter: /^\.\// }, ({ kind, importer, path }) =>
        kind === 'dynamic-import' && importer === at('src/cli/commands.ts') && path !== `./${command}.js`
          ? { path, external: true }
          : undefined,
      );
    },
  };
}

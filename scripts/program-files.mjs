// The files of the program that something starts by name: the command line, and each thread's own file. All of them lie in
// `dist/cli`, where every part of the program looks for them.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/** By name in `dist/cli`, without its ending: the source, from the project's folder. */
export function programFiles(root) {
  const workers = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('-worker.ts'),
  );
  return Object.fromEntries([
    ['main', 'src/cli/main.ts'],
    ...workers.map((path) => [basename(path, '.ts'), `src/${path}`]),
  ]);
}

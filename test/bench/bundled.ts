// What a benchmark runs in processes of its own, bundled as the program is: a loader that turns imports into getters makes hot
// loops two to three times slower.
import { mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;

export interface Bundled {
  /** For what the benchmark wants to keep beside it; inside the project, so that packages are found. */
  readonly folder: string;
  /** To be run by Node. */
  readonly program: string;
  readonly remove: () => void;
}

/** `entry`: a file of this folder. */
export async function bundled(entry: string): Promise<Bundled> {
  const folder = mkdtempSync(join(here, '..', '..', 'dist-bench-'));
  const program = join(folder, `${basename(entry, '.ts')}.js`);
  await build({
    entryPoints: [join(here, entry)],
    outfile: program,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    minifySyntax: true,
  });
  return { folder, program, remove: () => rmSync(folder, { recursive: true }) };
}

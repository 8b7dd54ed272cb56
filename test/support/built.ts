// The program as it stands, compiled: threads start from compiled files only, whatever was built before.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..', '..');

export interface Built {
  /** What Node runs. */
  readonly main: string;
  remove(): void;
}

export async function builtProgram(): Promise<Built> {
  const folder = mkdtempSync(join(root, 'dist-'));
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  const entryPoints = sources.filter((path) => path.endsWith('.ts')).map((path) => join(root, 'src', path));
  await build({ entryPoints, outdir: folder, format: 'esm' });
  return { main: join(folder, 'cli', 'main.js'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

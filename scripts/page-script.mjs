// Bundles the script of the report page (web/) with uPlot into src/report/render/page-script.ts. Run it after a change in web/
// or in what web/ imports: npm run page-script. A test fails when the committed file is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const TARGET = join(root, 'src/report/render/page-script.ts');

export async function pageScript() {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'web/main.ts')],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'ascii',
    legalComments: 'none',
    write: false,
    absWorkingDir: root,
    tsconfigRaw: '{}',
  });
  const licence = '/* uPlot: MIT, (c) Leon Sorokin, https://github.com/leeoniya/uPlot */';
  const script = `${licence}${outputFiles[0].text.trim()}`;
  if (script.includes('</script')) throw new Error('the script would end its own element');
  const style = readFileSync(join(root, 'node_modules/uplot/dist/uPlot.min.css'), 'utf8').trim();
  return `// Made by scripts/page-script.mjs from web/ and uPlot; do not edit.
export const PAGE_SCRIPT = ${JSON.stringify(script)};
export const PLOT_STYLE = ${JSON.stringify(style)};
`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(TARGET, await pageScript());

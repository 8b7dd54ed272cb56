// Compiles AssemblyScript for the scripts that keep WebAssembly in a file of the source.
import asc from 'assemblyscript/asc';

const OPTIONS = ['-O3', '--runtime', 'stub', '--enable', 'simd', '--noAssert', '--importMemory'];

/** WebAssembly in base64. A comment `// @inline` before a function stands for the decorator, which only classes have in TypeScript. */
export async function compiled(source, options = []) {
  const text = source.replaceAll('// @inline\n', '// @ts-ignore: decorator\n@inline\n');
  const written = new Map();
  const { error, stderr } = await asc.main(['source.ts', ...OPTIONS, ...options, '--outFile', 'code.wasm'], {
    readFile: (name) => (name === 'source.ts' ? text : null),
    writeFile: (name, contents) => void written.set(name, contents),
    listFiles: () => [],
  });
  if (error !== null) throw new Error(`${error.message}\n${stderr}`);
  return Buffer.from(written.get('code.wasm')).toString('base64');
}

// WebAssembly as the rooms above use it: what of the engine's own object is needed, for which the library of the language has no types.

export interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
interface Engine {
  readonly Module: new (code: Uint8Array) => object;
  readonly Memory: new (size: { readonly initial: number }) => Memory;
  readonly Instance: new (
    module: object,
    imports: { readonly env: { readonly memory: Memory } },
  ) => { readonly exports: unknown };
}
const engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;

export const PAGE_BYTES = 65_536;
const modules = new Map<string, object>();

/** Room that is not touched takes no memory. */
export const memoryOf = (bytes: number): Memory => new engine.Memory({ initial: Math.ceil(bytes / PAGE_BYTES) });

/** What `code`, in base64, exports; it works in `memory`. */
export function exportsOf<T>(code: string, memory: Memory): T {
  const module = modules.get(code) ?? new engine.Module(Buffer.from(code, 'base64'));
  modules.set(code, module);
  return new engine.Instance(module, { env: { memory } }).exports as T;
}

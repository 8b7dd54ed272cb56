// A recording that is a folder: `perf record --threads` writes `data` as always, and beside it `data.0`, `data.1` ..., the records of
// each of its threads; `--kcore` puts a copy of the kernel beside it, in a folder of its own.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Bytes } from '../model/units.js';
import { openPlain, type Seekable } from './seekable.js';

export interface PartedFile {
  readonly main: string;
  /** By their numbers. */
  readonly parts: readonly string[];
}

/** Null for whatever else stands there. */
export function partedFile(path: string): PartedFile | null {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return null;
  const entries = readdirSync(path, { withFileTypes: true });
  const names = entries.flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  const numbers = names.flatMap((name) => /^data\.(\d+)$/.exec(name)?.[1] ?? []);
  const besideKernel = entries.some((entry) => entry.isDirectory() && entry.name === 'kcore_dir');
  if (!names.includes('data') || (numbers.length === 0 && !besideKernel)) return null;
  const parts = numbers.sort((a, b) => Number(a) - Number(b)).map((number) => join(path, `data.${number}`));
  return { main: join(path, 'data'), parts };
}

export const partedBytes = ({ main, parts }: PartedFile): Bytes =>
  [main, ...parts].reduce((sum, path) => sum + statSync(path).size, 0);

/** `onRead` is told how many bytes were read so far. */
export function openParted({ main, parts }: PartedFile, onRead: (bytes: Bytes) => void): Seekable {
  const read = [main, ...parts].map(() => 0);
  const [first, ...others] = [main, ...parts].map((path, i) =>
    openPlain(path, (bytes) => {
      read[i] = bytes;
      onRead(read.reduce((sum, one) => sum + one, 0));
    }),
  );
  return {
    ...first!,
    parts: others,
    close() {
      for (const file of [first!, ...others]) file.close();
    },
  };
}

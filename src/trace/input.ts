// Opens a file or stdin as Input: read in chunks, unpacked by its content, its first bytes on view before it is read.
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { UserError } from '../model/issue.js';
import type { Input, RandomAccess } from '../model/trace.js';
import { openParted, partedBytes, partedFile } from './parted.js';
import { openPlain, type Seekable, spool } from './seekable.js';
import { unwrap } from './unwrap.js';
import { MARK, narrowed, wideText } from './utf16.js';

const CHUNK = 1 << 18;
/** What a format may look at to recognise its own. */
export const HEAD = 4096;
const MAGIC = 8;
const PIECES_AT_ONCE = 16;

export interface OpenOptions {
  /** Stands in for the process's own stdin. */
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  /** Bytes of the file read so far, packed ones where it is packed. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

export interface OpenedInput extends Input {
  readonly path: string;
  random(): Promise<RandomAccess>;
  /** The first HEAD bytes of the unpacked content, or all of it. */
  readonly head: Uint8Array;
  /** Bytes of the file read so far. */
  readonly bytesDone: number;
  /** What is wrong with the packing, once the chunks have ended; empty when nothing is. */
  readonly damage: string;
  close(): Promise<void>;
}

/** `path` is a file, or `-` for stdin. Throws a UserError when it cannot be read. The chunks can be had once. */
export async function openInput(path: string, options: OpenOptions = {}): Promise<OpenedInput> {
  const name = inputName(path);
  const parted = path === '-' ? null : partedFile(path);
  const file = parted?.main ?? path;
  const bytes = parted !== null ? partedBytes(parted) : path === '-' ? -1 : sizeOf(path);
  const state = { done: 0 };
  let seekable: Seekable | null = null;
  const tell = (read: number): void => {
    state.done = Math.max(state.done, Math.min(bytes, read));
    options.onBytes?.(state.done);
  };
  const raw = new Peekable(readable(path, counted(source(file, bytes >= 0, options), state, options)));
  const begin = await raw.peek(MAGIC);
  const unpacked = raw.rest();
  const packed = unwrap(name, begin, unpacked);
  const written = new Peekable(packed.chunks);
  const wide = wideText(await written.peek(MARK));
  const content = wide === null ? written : new Peekable(narrowed(wide, written.rest()));
  const head = await content.peek(HEAD);
  return {
    path,
    name,
    bytes,
    head,
    get bytesDone() {
      return state.done;
    },
    get damage() {
      return packed.damage();
    },
    chunks: () => content.rest(),
    async random() {
      const plain = bytes >= 0 && packed.chunks === unpacked && wide === null;
      if (parted !== null) seekable ??= openParted(parted, tell);
      seekable ??= plain ? openPlain(path, tell) : await spool(content.rest());
      return seekable;
    },
    async close() {
      seekable?.close();
      await content.close();
    },
  };
}

/** The name a trace keeps of its input: no folders, so that the same bytes give the same trace on any machine. */
export const inputName = (path: string): string => (path === '-' ? 'stdin' : basename(path));

function sizeOf(path: string): number {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) throw new UserError(`${path} is a folder; name a recording in it, or a *.sealtrace bundle`);
    return stat.isFile() ? stat.size : -1;
  } catch (error) {
    throw unreadable(path, error);
  }
}

function source(path: string, isPlain: boolean, { stdin }: OpenOptions): AsyncIterable<Uint8Array> {
  if (path !== '-') return isPlain ? pieces(path) : createReadStream(path, { highWaterMark: CHUNK });
  return stdin ?? createReadStream('', { fd: 0, autoClose: false, highWaterMark: CHUNK });
}

/** A file that can be read without waiting, piece by piece into the same memory. */
async function* pieces(path: string): AsyncIterable<Uint8Array> {
  const file = openSync(path, 'r');
  try {
    const memory = new Uint8Array(CHUNK);
    for (let count = 1; ; count++) {
      const length = readSync(file, memory, 0, CHUNK, null);
      if (length === 0) return;
      yield memory.subarray(0, length);
      // Signals and progress have their turn.
      if (count % PIECES_AT_ONCE === 0) await setImmediate();
    }
  } finally {
    closeSync(file);
  }
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  state: { done: number },
  { onBytes }: OpenOptions,
): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    state.done += chunk.length;
    onBytes?.(state.done);
    yield chunk;
  }
}

async function* readable(path: string, chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw unreadable(path, error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; check the path',
  ENOTDIR: 'a part of the path is no folder; check the path',
  EACCES: 'permission denied; run as a user who may read it',
  EPERM: 'permission denied; run as a user who may read it',
  EISDIR: 'it is a folder; name a recording in it, or a *.sealtrace bundle',
};

function unreadable(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return error;
  const shown = path === '-' ? 'stdin' : path;
  return new UserError(`cannot read ${shown}: ${REASONS[String(error.code)] ?? error.message}`);
}

/** Chunks whose beginning can be seen before they are read. */
class Peekable {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #held: Uint8Array[] = [];
  #length = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The first `size` bytes; fewer when there are no more. */
  async peek(size: number): Promise<Uint8Array> {
    while (this.#length < size) {
      const next = await this.#chunks.next();
      if (next.done === true) break;
      this.#length += next.value.length;
      // Where this is not enough, asking for the next piece ends the life of this one.
      this.#held.push(this.#length < size ? Uint8Array.from(next.value) : next.value);
    }
    return Buffer.concat(this.#held).subarray(0, size);
  }

  /** Everything, what was seen included. */
  async *rest(): AsyncIterable<Uint8Array> {
    try {
      while (this.#held.length > 0) yield this.#held.shift()!;
      for (let next = await this.#chunks.next(); next.done !== true; next = await this.#chunks.next()) yield next.value;
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

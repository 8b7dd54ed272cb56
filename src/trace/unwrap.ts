// Compressed input by its content: gzip, zstd and xz. What stands before a damage is still delivered.
import { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { ZstdStream } from '../base/unpack.js';
import { unxz } from '../base/unxz.js';
import { UserError } from '../model/issue.js';

/** Compressed bytes given to zlib at once: what they hold is lost when a damage is found among them, so they are few. */
const PIECE = 2048;
/** The first ones, and those behind one that gave more than `ENOUGH`: four bytes of zstd may stand for 128 KiB. */
const SMALL_PIECE = 64;
/** Unpacked bytes are handed on once they are so many, however much of the packed ones is there already: text packs to a hundredth. */
const ENOUGH = 1 << 18;

export interface Unwrapped {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** What is wrong with the compressed data, once the chunks have ended; empty when nothing is. */
  damage(): string;
}

/** `raw`, or what is packed in it; `head` are its first bytes. */
export function unwrap(name: string, head: Uint8Array, raw: AsyncIterable<Uint8Array>): Unwrapped {
  const packer = PACKERS.find(({ magic }) => magic.every((byte, i) => head[i] === byte));
  if (packer === undefined) return { chunks: raw, damage: () => '' };
  if (packer.unpack === null) throw new UserError(pipeIt(name, packer));
  let damage = '';
  const chunks = packer.unpack(raw, (found) => {
    damage = found;
  });
  return { chunks, damage: () => damage };
}

/** What is packed in `raw`; `tell` hears what is wrong with the packed data, once all that came before it was given. */
type Unpack = (raw: AsyncIterable<Uint8Array>, tell: (damage: string) => void) => AsyncIterable<Uint8Array>;

interface Packer {
  readonly name: string;
  readonly magic: readonly number[];
  readonly command: string;
  /** Null where nothing here can. */
  readonly unpack: Unpack | null;
}

const PACKERS: readonly Packer[] = [
  { name: 'gzip', magic: [0x1f, 0x8b], command: 'gzip', unpack: by('gzip', zlib.createGunzip) },
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd], command: 'zstd', unpack: by('zstd', zstd) },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], command: 'xz', unpack: unxz },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], command: 'bzip2', unpack: null },
];

function by(kind: string, make: () => Transform): Unpack {
  return (raw, tell) => unpacked(kind, make(), raw, tell);
}

/** Node has zstd from 22.15 on; the types of Node 20 do not know it. Before that a library does it, slower. */
function zstd(): Transform {
  const create: unknown = Reflect.get(zlib, 'createZstdDecompress');
  return typeof create === 'function' ? (create() as Transform) : zstdByLibrary();
}

function zstdByLibrary(): Transform {
  const zstd = new ZstdStream();
  return new Transform({
    transform(piece: Uint8Array, _encoding, done) {
      // The library keeps what it cannot use yet.
      const { bytes, error } = attempt(() => zstd.push(Uint8Array.from(piece)));
      done(error, bytes);
    },
    flush(done) {
      const { bytes, error } = attempt(() => zstd.end());
      // What zlib calls the end of the input in the middle of the data.
      done(error && Object.assign(error, { code: 'Z_BUF_ERROR' }), bytes);
    },
  });
}

function attempt<T>(work: () => T): { readonly bytes?: T; readonly error: Error | null } {
  try {
    return { bytes: work(), error: null };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

function pipeIt(name: string, { name: kind, command }: Packer): string {
  const file = name === 'stdin' ? 'FILE' : name;
  return `${name} is packed with ${kind}, which sealtrace does not unpack; pipe it in: ${command} -dc ${file} | sealtrace ingest - -o X.sealtrace`;
}

async function* unpacked(
  kind: string,
  stream: Transform,
  raw: AsyncIterable<Uint8Array>,
  tell: (damage: string) => void,
): AsyncIterable<Uint8Array> {
  const out: Uint8Array[] = [];
  let fault: NodeJS.ErrnoException | null = null;
  let held = 0;
  let most = SMALL_PIECE;
  stream.on('data', (bytes: Uint8Array) => {
    out.push(bytes);
    held += bytes.length;
  });
  stream.on('error', (error) => {
    fault ??= error;
  });
  let used = 0;
  try {
    for await (const chunk of raw) {
      for (let at = 0; at < chunk.length && fault === null; ) {
        const piece = chunk.subarray(at, at + most);
        const before = held;
        await settled(stream, (done) => stream.write(piece, done));
        used += piece.length;
        at += piece.length;
        most = held - before > ENOUGH ? SMALL_PIECE : Math.min(2 * most, PIECE);
        if (held < ENOUGH) continue;
        held = 0;
        yield* joined(out);
      }
      held = 0;
      yield* joined(out);
      if (fault !== null) break;
    }
    // Ended by itself, with nothing left to write: whatever came before the missing end has been given already.
    if (fault === null) await settled(stream, (done) => stream.once('end', done).end());
    yield* joined(out);
    if (fault !== null) tell(describe(kind, fault, used));
  } finally {
    stream.destroy();
  }
}

/** Waits for the callback of `start` or for an error, whichever comes. */
function settled(stream: Transform, start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('error', done);
      resolve();
    };
    stream.once('error', done);
    start(done);
  });
}

/** What was collected, as one chunk; empties the list. */
function* joined(pieces: Uint8Array[]): Iterable<Uint8Array> {
  const all = pieces.splice(0);
  if (all.length === 1) yield all[0]!;
  else if (all.length > 1) yield Buffer.concat(all);
}

function describe(kind: string, fault: NodeJS.ErrnoException, used: number): string {
  if (fault.code === 'Z_BUF_ERROR')
    return `expected the end of the ${kind} data, found the end of the file after ${used} bytes; the file was cut`;
  return `expected ${kind} data, found ${fault.message} within the ${PIECE} bytes before byte ${used}; the rest cannot be read`;
}

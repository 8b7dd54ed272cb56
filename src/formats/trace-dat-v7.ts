// The layout of trace.dat version 7: sections, found through options, each of them plain or packed. Source: trace-cmd.dat.v7(5).
import { ByteCursor, Damage, inMemory } from '../base/byte-cursor.js';
import { type Codec, unpack } from '../base/unpack.js';
import type { RandomAccess } from '../model/trace.js';
import { counted, guarded, readComms, readEventFormats, readFtraceFormats, readHeader } from './kernel-metadata.js';
import { type CpuData, checkedPage, Option, plainOption, type TraceDat } from './trace-dat-file.js';

const Section = {
  strings: 15,
  header: 16,
  ftrace: 17,
  events: 18,
  kallsyms: 19,
  printk: 20,
  cmdlines: 21,
} as const;

export function readVersion7(dat: TraceDat, file: RandomAccess, c: ByteCursor, _pageSize: number): void {
  const name = c.text('the name of the compression');
  c.text('the version of the compression');
  const codec = CODECS.find((one) => one === name);
  const sections = new Map<number, number>();
  const buffers: Uint8Array[] = [];
  const read = (at: number): Opened => openSection(file, at, dat.little, codec, name);
  guarded(dat, () => readOptions7(dat, c.u64('the place of the first options'), read, sections, buffers));
  const parts: readonly (readonly [number, (dat: TraceDat, cursor: ByteCursor) => void])[] = [
    [Section.header, readHeader],
    [Section.ftrace, readFtraceFormats],
    [Section.events, readEventFormats],
    [Section.cmdlines, readComms],
  ];
  for (const [id, part] of parts) {
    const at = sections.get(id);
    if (at !== undefined) guarded(dat, () => part(dat, read(at).body()));
  }
  for (const data of buffers) guarded(dat, () => readBuffer7(dat, data, read));
}

const CODECS: readonly Codec[] = ['none', 'zlib', 'zstd'];

interface Opened {
  readonly codec: Codec | null;
  body(): ByteCursor;
}

/** A section's header; `body` unpacks what follows. */
function openSection(file: RandomAccess, at: number, little: boolean, codec: Codec | undefined, name: string): Opened {
  const c = new ByteCursor(file, at, little);
  c.u16('a section');
  const packed = (c.u16('the flags of a section') & 1) !== 0;
  c.u32('the name of a section');
  const size = c.u64('the size of a section');
  if (packed && codec === undefined)
    throw new Damage(at, `expected zstd or zlib, found sections packed with "${name}"; trace-cmd convert unpacks them`);
  return {
    codec: packed ? codec! : null,
    body() {
      if (!packed) return new ByteCursor(inMemory(c.bytes(size, 'a section').slice()), 0, little);
      const packedSize = c.u32('the packed size of a section');
      const wholeSize = c.u32('the unpacked size of a section');
      return new ByteCursor(inMemory(unpacked(codec!, c, packedSize, wholeSize)), 0, little);
    },
  };
}

function unpacked(codec: Codec, c: ByteCursor, packedSize: number, wholeSize: number): Uint8Array {
  const at = c.at;
  const packed = c.bytes(packedSize, 'packed data');
  try {
    return unpack(codec, packed, wholeSize);
  } catch (error) {
    throw new Damage(at, `the ${codec} data cannot be unpacked: ${error instanceof Error ? error.message : error}`);
  }
}

function readOptions7(
  dat: TraceDat,
  first: number,
  read: (at: number) => Opened,
  sections: Map<number, number>,
  buffers: Uint8Array[],
): void {
  const seen = new Set<number>();
  for (let at = first; at !== 0 && !seen.has(at); ) {
    seen.add(at);
    const c = read(at).body();
    at = 0;
    while (c.left > 0) {
      const id = c.u16('an option');
      const data = c.bytes(c.u32('the size of an option'), 'an option');
      const inner = new ByteCursor(inMemory(data), 0, dat.little);
      if (id === Option.done) {
        at = data.length >= 8 ? inner.u64('the place of more options') : 0;
        break;
      }
      if (id === Option.buffer) buffers.push(data);
      else if (id > Section.strings && id <= Section.cmdlines && data.length >= 8)
        sections.set(id, inner.u64('the place of a section'));
      else plainOption(dat, id, data);
    }
  }
}

function readBuffer7(dat: TraceDat, data: Uint8Array, read: (at: number) => Opened): void {
  const c = new ByteCursor(inMemory(data), 0, dat.little);
  const section = read(c.u64('the place of a buffer'));
  const name = c.text('the name of a buffer');
  const clock = c.text('the clock of a buffer');
  const pageSize = checkedPage(c, c.u32('the page size of a buffer'));
  const cpus: CpuData[] = [];
  dat.buffers.push({ name, clock, pageSize, codec: section.codec, cpus });
  const count = counted(c, c.u32('the number of CPUs of a buffer'), 'CPUs');
  for (let i = 0; i < count; i++)
    cpus.push({ cpu: c.u32('a CPU'), offset: c.u64('the place of its data'), size: c.u64('the size of its data') });
}

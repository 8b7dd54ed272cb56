// The recorded pages of one CPU in a trace.dat, block by block: plain, or in the packed chunks of version 7.
import { ByteCursor, Damage } from '../base/byte-cursor.js';
import { type Codec, unpack } from '../base/unpack.js';
import type { RandomAccess } from '../model/trace.js';
import { RecordKernel } from './record-kernel.js';
import type { PageSource } from './ring-buffer.js';
import type { CpuData, TraceBuffer } from './trace-dat-file.js';

/** Bytes of plain pages read at once: with many CPUs all of them are held. */
const BLOCK = 1 << 18;

/** Bytes of plain pages that are in memory at once. */
const blockOf = (pageSize: number, size: number): number =>
  Math.min(Math.max(pageSize, BLOCK - (BLOCK % pageSize)), size);

/** What plain pages of a CPU need of a kernel's memory, to be read from where they are; packed ones are elsewhere. */
export const kernelBytes = ({ codec, pageSize }: TraceBuffer, { size }: CpuData): number =>
  codec === null ? RecordKernel.inputBytes(blockOf(pageSize, size)) : 0;

/** `damaged` is told what keeps the rest from being read. */
export function pagesOf(
  file: RandomAccess,
  buffer: TraceBuffer,
  data: CpuData,
  little: boolean,
  damaged: (damage: Damage) => void,
  kernel: RecordKernel | null,
): PageSource {
  return buffer.codec === null
    ? plainPages(file, buffer.pageSize, data, damaged, kernel)
    : packedPages(file, buffer.codec, data, little, damaged);
}

function plainPages(
  file: RandomAccess,
  pageSize: number,
  { cpu, offset, size }: CpuData,
  damaged: (damage: Damage) => void,
  kernel: RecordKernel | null,
): PageSource {
  const block = blockOf(pageSize, size);
  const end = Math.min(offset + size, file.size);
  let at = offset;
  let told = false;
  // Nobody needs a page any more who asks for the next one.
  let memory = kernel?.input(block);
  return () => {
    if (size > block) memory ??= new Uint8Array(block);
    const bytes = at < end ? file.read(at, Math.min(block, end - at), memory) : new Uint8Array(0);
    at += bytes.length;
    if (bytes.length > 0) return bytes;
    if (!told && at < offset + size)
      damaged(new Damage(at, `expected ${size} bytes of CPU ${cpu} from byte ${offset} on, found the end of the file`));
    told = true;
    return null;
  };
}

function packedPages(
  file: RandomAccess,
  codec: Codec,
  { offset }: CpuData,
  little: boolean,
  damaged: (damage: Damage) => void,
): PageSource {
  const cursor = new ByteCursor(file, offset, little);
  let left = -1;
  return () => {
    if (left === 0) return null;
    const at = cursor.at;
    try {
      if (left < 0) left = cursor.u32('the number of packed chunks');
      if (left === 0) return null;
      left--;
      const packedSize = cursor.u32('the packed size of a chunk');
      const size = cursor.u32('the unpacked size of a chunk');
      return unpack(codec, cursor.bytes(packedSize, 'a packed chunk'), size);
    } catch (error) {
      left = 0;
      damaged(error instanceof Damage ? error : new Damage(at, `packed pages: ${said(error)}`));
      return null;
    }
  };
}

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

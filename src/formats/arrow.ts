// Arrow IPC as a file: batches are read where the directory at its end says.
import type { Format, Input, RandomAccess } from '../model/trace.js';
import { type ArrowSource, readBatches } from './arrow-batches.js';
import { randomAccess } from './random-access.js';

const MAGIC = 'ARROW1';
const END = 4 + MAGIC.length;
const MOST_READS = 2;
const SLACK = 65_536;

function isMagic(bytes: Uint8Array): boolean {
  return [...MAGIC].every((char, i) => bytes[i] === char.charCodeAt(0));
}

export const arrow: Format = {
  name: 'arrow',
  title: 'tables as Arrow IPC files, LZ4 and zstd bodies too',
  sniff: isMagic,
  async read(input, sink, options) {
    const used = { bytes: 0 };
    return readBatches(
      () => fileHandle(input, used),
      () => used.bytes,
      sink,
      options,
    );
  },
};

/** What the library takes for an open file. It reads on until it has everything, so a place with nothing must not be asked for. */
async function fileHandle(input: Input, used: { bytes: number }): Promise<ArrowSource> {
  const access = await randomAccess(input);
  checkEnd(access);
  const file = {
    fd: -1,
    stat: async () => ({ size: access.size }),
    close: async () => {},
    async read(buffer: Uint8Array, offset: number, length: number, position: number) {
      const room = buffer.subarray(offset, offset + length);
      const bytes = position >= 0 && length > 0 ? access.read(position, length, room) : buffer.subarray(0, 0);
      if (bytes.length === 0) throw new Error(`a part stands at byte ${position} of ${access.size}`);
      // What is in memory already is not read into the room.
      if (bytes.buffer !== buffer.buffer) buffer.set(bytes, offset);
      used.bytes += bytes.length;
      // A damaged message is asked for again and again; a sound file is read about once.
      if (used.bytes > MOST_READS * access.size + SLACK) throw new Error('its parts refer to each other in circles');
      return { bytesRead: bytes.length, buffer };
    },
  };
  return file as unknown as ArrowSource;
}

/** The length of the directory and the mark behind it. */
function checkEnd(access: RandomAccess): void {
  const end = access.read(Math.max(0, access.size - END), END);
  if (end.length < END || !isMagic(end.subarray(4)))
    throw new Error(`expected "${MAGIC}" at the end, the file was cut`);
  const length = new DataView(end.buffer, end.byteOffset, END).getInt32(0, true);
  if (length <= 0 || length > access.size - 2 * END)
    throw new Error(`the directory claims ${length} of ${access.size} bytes`);
}

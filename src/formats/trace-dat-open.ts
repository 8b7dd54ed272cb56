// Opens a trace.dat of either version. Sources: trace-cmd.dat.v6(5) and trace-cmd.dat.v7(5), INITIAL FORMAT.
import { ByteCursor, Damage } from '../base/byte-cursor.js';
import type { RandomAccess } from '../model/trace.js';
import { guarded, MAGIC, newMetadata } from './kernel-metadata.js';
import type { TraceDat } from './trace-dat-file.js';
import { readVersion6 } from './trace-dat-v6.js';
import { readVersion7 } from './trace-dat-v7.js';

const ascii = new TextDecoder('latin1');

/** Never throws: what is missing is in `damages`. */
export function openTraceDat(file: RandomAccess): TraceDat {
  const start = file.read(0, 20);
  const end = start.indexOf(0, MAGIC.length);
  const version = end < 0 ? '' : ascii.decode(start.subarray(MAGIC.length, end));
  const dat: TraceDat = {
    ...newMetadata(start[end + 1] !== 1),
    processes: new Map(),
    buffers: [],
    shift: 0n,
    statistics: new Map(),
    statisticsOf: '',
    clock: '',
    cycles: null,
  };
  guarded(dat, () => {
    const reader = READERS[version];
    if (reader === undefined)
      throw new Damage(MAGIC.length, `expected version 6 or 7, found "${version}"; convert it: trace-cmd convert`);
    const cursor = new ByteCursor(file, end + 1, dat.little);
    cursor.u8('the byte order');
    cursor.u8('the size of a long');
    const pageSize = cursor.u32('the page size');
    reader(dat, file, cursor, pageSize);
  });
  if (dat.damages.length === 0 && dat.buffers.length === 0)
    dat.damages.push(new Damage(file.size, 'expected the pages of a buffer, found none'));
  return dat;
}

type Reader = (dat: TraceDat, file: RandomAccess, cursor: ByteCursor, pageSize: number) => void;
const READERS: Readonly<Record<string, Reader>> = { 6: readVersion6, 7: readVersion7 };

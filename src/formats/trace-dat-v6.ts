// The layout of trace.dat version 6: one part after the other, records plain. Source: trace-cmd.dat.v6(5).
import { ByteCursor, Damage, inMemory } from '../base/byte-cursor.js';
import type { RandomAccess } from '../model/trace.js';
import { counted, guarded, readComms, readKernel } from './kernel-metadata.js';
import { type CpuData, checkedPage, Option, plainOption, type TraceDat } from './trace-dat-file.js';

const ascii = new TextDecoder('latin1');

export function readVersion6(dat: TraceDat, file: RandomAccess, c: ByteCursor, pageSize: number): void {
  readKernel(dat, c);
  readComms(dat, c);
  const cpus = c.u32('the number of CPUs');
  let kind = tag(c);
  const instances: Instance[] = [];
  if (kind === 'options') {
    readOptions6(dat, c, instances);
    kind = tag(c);
  }
  readCpus6(dat, c, kind, { name: '', offset: c.at, cpus }, pageSize);
  for (const instance of instances)
    guarded(dat, () => {
      const at = new ByteCursor(file, instance.offset, dat.little);
      readCpus6(dat, at, tag(at), { ...instance, cpus: instance.cpus || cpus }, pageSize);
    });
}

interface Instance {
  readonly name: string;
  readonly offset: number;
  cpus: number;
}

const tag = (c: ByteCursor): string => ascii.decode(c.bytes(10, 'the kind of the next part')).replace(/[\s\0]+$/, '');

function readOptions6(dat: TraceDat, c: ByteCursor, instances: Instance[]): void {
  for (let id = c.u16('an option'); id !== 0; id = c.u16('an option')) {
    const data = c.bytes(c.u32('the size of an option'), 'an option');
    const inner = new ByteCursor(inMemory(data), 0, dat.little);
    if (id === Option.buffer) {
      const offset = inner.u64('the place of an instance');
      instances.push({ name: inner.text('the name of an instance'), offset, cpus: 0 });
    } else if (id === Option.cpuCount) {
      const last = instances.at(-1);
      if (last !== undefined) last.cpus = inner.u32('a number of CPUs');
    } else plainOption(dat, id, data);
  }
}

function readCpus6(dat: TraceDat, c: ByteCursor, kind: string, at: Instance, pageSize: number): void {
  if (kind !== 'flyrecord')
    throw new Damage(
      c.at - 10,
      kind === 'latency'
        ? 'expected recorded pages, found the text of a latency tracer; print it: trace-cmd report'
        : `expected "flyrecord", found ${JSON.stringify(kind)}`,
    );
  const cpus: CpuData[] = [];
  dat.buffers.push({ name: at.name, clock: dat.clock, pageSize: checkedPage(c, pageSize), codec: null, cpus });
  for (let cpu = 0; cpu < counted(c, at.cpus, 'CPUs'); cpu++)
    cpus.push({ cpu, offset: c.u64('the place of the data of a CPU'), size: c.u64('the size of the data of a CPU') });
}

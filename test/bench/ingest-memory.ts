// Peak memory of ingest and inspect on recordings of any length, one run each.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { contender, measure } from './contenders.js';
import { memoryInputs, type Places } from './memory-inputs.js';

export interface Weighing {
  /** Node and sealtrace. */
  readonly program: readonly string[];
  readonly scratch: string;
  readonly places: Places;
  readonly megabytes: number;
  /** Names of the recordings; all where none is named. */
  readonly only: readonly string[];
}

/** Recordings of every format, of the same length; one at a time, because each may be large. */
export async function weighAll({ program, scratch, places, megabytes, only }: Weighing): Promise<void> {
  const inputs = memoryInputs(places);
  const unknown = only.find((one) => !inputs.some(({ name }) => name === one));
  if (unknown !== undefined)
    throw new Error(`no recording is called ${unknown}; there are ${inputs.map(({ name }) => name).join(', ')}`);
  const path = join(scratch, 'recording');
  const bundle = join(scratch, 'weighed.sealtrace');
  for (const { name, make } of inputs.filter(({ name }) => only.length === 0 || only.includes(name))) {
    if (!(await make(path, megabytes * 1e6))) {
      console.log(`${name}: SKIPPED, trace-cmd, a packer or the recording is missing`);
      continue;
    }
    const megabytesMade = Math.round(statSync(path).size / 1e6);
    const runs = [
      ['ingest', '-q', path, '-o', bundle],
      ['inspect', '-q', '--json', path],
      ['inspect', '-q', '--json', bundle],
    ];
    const peaks = runs.map((words) => peakOf([...program, ...words], scratch));
    console.log(`${name}, ${megabytesMade} MB: ingest ${peaks[0]}; inspect ${peaks[1]}, of its bundle ${peaks[2]}`);
  }
}

function peakOf(command: readonly string[], scratch: string): string {
  const one = contender(command.join(' '), command, '');
  measure(one, scratch);
  return `${(one.residentKiB / 1024).toFixed(0)} MiB, ${one.cpuSeconds[0]!.toFixed(1)} s CPU`;
}

// Several of the other workloads at once on one device, each with its own files and processes.
import { crashy } from './crashy.js';
import { daxDatabase } from './dax-database.js';
import { gpuLoad } from './gpu-load.js';
import { mover } from './mover.js';
import { parameter } from './parts/parameters.js';
import type { Values, Workload } from './parts/workload.js';
import { rdmaServer } from './rdma-server.js';
import { swapfile } from './swapfile.js';

const PARTS: Readonly<Record<string, Workload>> = {
  rdma: rdmaServer,
  database: daxDatabase,
  gpu: gpuLoad,
  mover,
  crashy,
  swap: swapfile,
};

export const mixed: Workload = {
  name: 'mixed',
  title: 'a file server, a database, model loading, moving, dying holders and swap on one device',
  meantFor: ['dax', 'mapsync-pin', 'ondisk', 'mapdirect', 'mapdirect-lease', 'odp'],
  parameters: Object.entries(PARTS).map(([key, { name }]) =>
    parameter(key, 1, '', [0, 1000], `how much of ${name}: its processes and rates, times this; 0 leaves it out`, {
      source: `defaults of ${name}`,
    }),
  ),
  declares: [
    { policy: 'dax', hazards: 'none', refused: 'some', waited: 'some' },
    { policy: 'dax', set: { era: '2017' }, hazards: 'some' },
    { policy: 'mapsync-pin', commits: 'some', waited: 'some' },
    { policy: 'ondisk', hazards: 'none', refused: 'some', orphaned: 'some', leftAfterCrash: 'some' },
    { policy: 'mapdirect', hazards: 'unmapped', refused: 'some', orphaned: 'none', leftAfterCrash: 'none' },
    { policy: 'mapdirect-lease', recalled: 'some', leftAfterCrash: 'none' },
  ],
  populate(world, values) {
    for (const [key, part] of Object.entries(PARTS))
      if (values[key]! > 0) part.populate(world, scaled(part, values[key]!));
  },
};

/** Defaults of a workload with more or fewer processes, and rates to match. */
function scaled({ parameters }: Workload, factor: number): Values {
  return Object.fromEntries(
    parameters.map(({ key, unit, fallback, least, most }) => {
      if (unit === '/s') return [key, Math.min(most, fallback * factor)];
      return [key, unit === 'processes' ? Math.min(most, Math.max(least, Math.round(fallback * factor))) : fallback];
    }),
  );
}

// Accelerators that load model shards peer-to-peer from storage while newer versions take the shards' places: a shard is
// written under another name and renamed over the old one, whose blocks go with its last mapping.
import { Flag, Op } from '../model/events.js';
import { addChanger, FILE_PARAMETERS, RUN_BYTES, storageOptions } from './parts/changer.js';
import { addHolders, HOLDER_PARAMETERS } from './parts/holder.js';
import { joined, parameter, withDefaults } from './parts/parameters.js';
import { RecordedFiles } from './parts/recorded-files.js';
import { Storage } from './parts/storage.js';
import type { Workload } from './parts/workload.js';

const LOADERS = {
  holders: 8,
  hold: 0.05,
  io_gap: 0.001,
  io_bytes: 2 ** 20,
  write_share: 0,
  early_unmap: 0.5,
  window: 0.05,
  popularity: 0.5,
};

export const gpuLoad: Workload = {
  name: 'gpu-load',
  title: 'peer-to-peer reads of model shards while newer shards are renamed over them',
  meantFor: ['dax', 'ondisk', 'mapdirect', 'odp', 'static-map'],
  parameters: joined(
    withDefaults(FILE_PARAMETERS, { files: 32, runs: 8, run_bytes: 2 ** 21 }),
    withDefaults(HOLDER_PARAMETERS, LOADERS),
    [
      parameter('replaced', 200, '/s', [0, 1e7], 'shards that a newer one replaces', {
        distribution: 'exponential gaps',
      }),
    ],
  ),
  declares: [
    { policy: 'dax', set: { era: '2017' }, hazards: 'unmapped', classes: 'b', refused: 'none' },
    { policy: 'dax', set: { era: '2017' }, with: { early_unmap: 0 }, hazards: 'none' },
    { policy: 'ondisk', hazards: 'none', refused: 'some', errno: 'EPERM' },
    { policy: 'ondisk', set: { 'ondisk.unlink': 'ok' }, hazards: 'unmapped', classes: 'b' },
    { policy: 'mapdirect', hazards: 'unmapped', classes: 'b', refused: 'none' },
    { policy: 'mapsync-pin', hazards: 'unmapped', classes: 'b', waited: 'none' },
    { policy: 'odp', refused: 'none', waited: 'none' },
  ],
  populate(world, values) {
    const options = storageOptions(values, 'models', values.runs!);
    const shards = options.files;
    // Every shard has two files that take turns.
    const storage = new Storage(world, { ...options, spares: shards });
    const inUse = Uint32Array.from({ length: shards }, (_, shard) => shard);
    addHolders(world, values, {
      name: 'loader',
      storage,
      files: shards,
      registerFlags: Flag.p2p,
      wholeFile: true,
      fileAt: (shard) => inUse[shard]!,
    });
    const replace = (task: number, shard: number): void => {
      const old = inUse[shard]!;
      const fresh = old < shards ? old + shards : old - shards;
      // The version before the last is still being read.
      if (!storage.isFree(fresh)) return;
      for (let run = 0; run < values.runs!; run++) storage.append(Op.write, task, fresh);
      storage.replaced(task, old);
      inUse[shard] = fresh;
    };
    addChanger(world, {
      name: 'publisher',
      rate: values.replaced!,
      files: shards,
      popularity: 0,
      ways: [{ weight: 1, change: replace }],
    });
  },
  overlay: {
    parameters: joined(RUN_BYTES, withDefaults(HOLDER_PARAMETERS, LOADERS)),
    populate(world, values, recording) {
      const storage = new RecordedFiles(world, recording, values.run_bytes!);
      addHolders(world, values, { name: 'loader', storage, registerFlags: Flag.p2p, wholeFile: true });
    },
  },
};

// Holders that die: a killed process gives nothing back, and what it asked for on disk stays (seal-semantics, lifetimes).
import { addChanger, append, FILE_PARAMETERS, RUN_BYTES, storageOptions, truncate } from './parts/changer.js';
import { addHolders, HOLDER_PARAMETERS } from './parts/holder.js';
import { joined, parameter, withDefaults } from './parts/parameters.js';
import { RecordedFiles } from './parts/recorded-files.js';
import { Storage } from './parts/storage.js';
import type { Workload } from './parts/workload.js';

const HOLDERS = withDefaults(HOLDER_PARAMETERS, { killed: 0.3, hold: 0.01, early_unmap: 0, popularity: 0 });

export const crashy: Workload = {
  name: 'crashy',
  title: 'processes that are killed while a device holds their files, and others who need the files afterwards',
  meantFor: ['ondisk', 'mapdirect', 'mapdirect-lease', 'static-map', 'famfs'],
  parameters: joined(FILE_PARAMETERS, HOLDERS, [
    parameter('changes', 300, '/s', [0, 1e8], 'appends and truncates', { distribution: 'exponential gaps' }),
  ]),
  declares: [
    { policy: 'ondisk', hazards: 'none', refused: 'some', orphaned: 'some', leftAfterCrash: 'some' },
    { policy: 'mapdirect', hazards: 'none', refused: 'some', orphaned: 'none', leftAfterCrash: 'none' },
    { policy: 'mapdirect-lease', orphaned: 'none', leftAfterCrash: 'none', recalled: 'some' },
    { policy: 'odp', hazards: 'none', orphaned: 'none', leftAfterCrash: 'none', refused: 'none' },
    { policy: 'dax', orphaned: 'none', leftAfterCrash: 'none', hazards: 'none' },
  ],
  populate(world, values) {
    const storage = new Storage(world, storageOptions(values, 'crashy', values.runs! * 2));
    addHolders(world, values, { name: 'mortal', storage });
    addChanger(world, {
      name: 'heir',
      rate: values.changes!,
      files: storage.files,
      popularity: values.popularity!,
      ways: [
        { weight: 1, change: append(storage) },
        { weight: 1, change: truncate(storage) },
      ],
    });
  },
  overlay: {
    parameters: joined(RUN_BYTES, HOLDERS),
    populate(world, values, recording) {
      const storage = new RecordedFiles(world, recording, values.run_bytes!);
      addHolders(world, values, { name: 'mortal', storage });
    },
  },
};

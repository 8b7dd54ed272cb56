// A network card with on-demand paging: its registrations pin nothing, it faults where its translation is missing.
// Fault share and costs differ by orders of magnitude between cards (ASPLOS 2017, doi 10.1145/3037697.3037710; ISPASS 2021).
import { Flag } from '../model/events.js';
import {
  addChanger,
  append,
  FILE_PARAMETERS,
  punchOrFill,
  RUN_BYTES,
  storageOptions,
  truncate,
} from './parts/changer.js';
import { addHolders, HOLDER_PARAMETERS } from './parts/holder.js';
import { joined, parameter, withDefaults } from './parts/parameters.js';
import { RecordedFiles } from './parts/recorded-files.js';
import { Storage } from './parts/storage.js';
import type { Workload } from './parts/workload.js';

const HOLDERS = withDefaults(HOLDER_PARAMETERS, { hold: 0.1, early_unmap: 0 });

export const odpNic: Workload = {
  name: 'odp-nic',
  title: 'long registrations with on-demand paging while the files under them change',
  meantFor: ['odp'],
  parameters: joined(FILE_PARAMETERS, HOLDERS, [
    parameter('changes', 1000, '/s', [0, 1e8], 'changes of the files', { distribution: 'exponential gaps' }),
    parameter('fault_share', 0.02, 'share', [0, 1], 'accesses before which the card faults', {
      distribution: 'Bernoulli',
    }),
  ]),
  declares: [
    { policy: 'odp', hazards: 'none', refused: 'none', waited: 'none', refaults: 'some', leftAfterCrash: 'none' },
    { policy: 'dax', hazards: 'none', refused: 'none', waited: 'none', refaults: 'some' },
    { policy: 'dax', set: { era: '2017' }, hazards: 'none', refused: 'none', refaults: 'some' },
    { policy: 'ondisk', hazards: 'none', refused: 'some' },
    { policy: 'mapdirect', hazards: 'none', refused: 'some', errno: 'ETXTBSY' },
  ],
  populate(world, values) {
    const storage = new Storage(world, storageOptions(values, 'odp', values.runs! * 2));
    const faults = values.fault_share!;
    addHolders(world, values, { name: 'odp', storage, registerFlags: Flag.write | Flag.odp, faults });
    addChanger(world, {
      name: 'changer',
      rate: values.changes!,
      files: storage.files,
      popularity: values.popularity!,
      ways: [
        { weight: 6, change: punchOrFill(storage) },
        { weight: 3, change: append(storage) },
        { weight: 1, change: truncate(storage) },
      ],
    });
  },
  overlay: {
    parameters: joined(RUN_BYTES, HOLDERS),
    populate(world, values, recording) {
      const storage = new RecordedFiles(world, recording, values.run_bytes!);
      addHolders(world, values, { name: 'odp', storage, registerFlags: Flag.write | Flag.odp });
    },
  },
};

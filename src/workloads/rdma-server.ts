// A file server that gives remote peers direct access to mapped files, as SMB Direct and NFS over RDMA do with memory
// regions ([MS-SMBD] 3.1.4, RFC 8166), while its own local threads append to the same files, cut and punch them.
import {
  addChanger,
  append,
  FILE_PARAMETERS,
  overwrite,
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

const mix = (key: string, fallback: number, text: string) =>
  parameter(key, fallback, '', [0, 1e6], `weight of ${text} among the changes`, { distribution: 'weighted choice' });

/** So that a change meets the time between munmap and deregistration even in a short trace. */
const OFTEN_UNMAPPED = { early_unmap: 0.5, popularity: 0, window: 0.05, changes: 4000 };

const HOLDERS = withDefaults(HOLDER_PARAMETERS, { io_gap: 0.001 });

export const rdmaServer: Workload = {
  name: 'rdma-server',
  title: 'remote peers read and write registered files while the server appends, cuts and punches them',
  meantFor: ['dax', 'mapsync-pin', 'ondisk', 'mapdirect', 'mapdirect-lease', 'odp'],
  parameters: joined(FILE_PARAMETERS, HOLDERS, [
    parameter('changes', 1500, '/s', [0, 1e8], 'changes by the server itself', { distribution: 'exponential gaps' }),
    mix('append', 4, 'an append (a full file is cut to half instead)'),
    mix('truncate', 1, 'a truncate to a part'),
    mix('punch', 4, 'a punched hole, or the write that fills it again'),
    mix('overwrite', 4, 'a write in place'),
  ]),
  declares: [
    { policy: 'pagecache', hazards: 'none', waited: 'none', recalled: 'none' },
    { policy: 'dax', hazards: 'none', refused: 'some', errno: 'EOPNOTSUPP' },
    { policy: 'dax', set: { era: '2017' }, hazards: 'some', classes: 'bc', refused: 'none', waited: 'none' },
    { policy: 'mapsync-pin', waited: 'some', refused: 'none' },
    { policy: 'ondisk', hazards: 'none', refused: 'some', errno: 'ETXTBSY', waited: 'none', leftAfterCrash: 'some' },
    { policy: 'mapdirect', hazards: 'unmapped', refused: 'some', errno: 'ETXTBSY', leftAfterCrash: 'none' },
    { policy: 'mapdirect', with: { early_unmap: 0 }, hazards: 'none', refused: 'some' },
    { policy: 'mapdirect', with: OFTEN_UNMAPPED, hazards: 'unmapped', classes: 'a' },
    { policy: 'mapdirect-lease', recalled: 'some', leftAfterCrash: 'none' },
    { policy: 'odp', hazards: 'none', refused: 'none', waited: 'none', refaults: 'some' },
  ],
  populate(world, values) {
    const storage = new Storage(world, storageOptions(values, 'export', values.runs! * 2));
    addHolders(world, values, { name: 'smbd', storage });
    addChanger(world, {
      name: 'server',
      rate: values.changes!,
      files: storage.files,
      popularity: values.popularity!,
      ways: [
        { weight: values.append!, change: append(storage) },
        { weight: values.truncate!, change: truncate(storage) },
        { weight: values.punch!, change: punchOrFill(storage) },
        { weight: values.overwrite!, change: overwrite(storage) },
      ],
    });
  },
  overlay: {
    parameters: joined(RUN_BYTES, HOLDERS),
    populate(world, values, recording) {
      const storage = new RecordedFiles(world, recording, values.run_bytes!);
      addHolders(world, values, { name: 'smbd', storage });
    },
  },
};

// What moves blocks on purpose: a defragmenter (exchange of ranges, and the old swap-extents ioctl of xfs_fsr(8)), garbage
// collection of a zoned file system, online shrinking. Beside it, holders who would rather have nothing move.
import { addChanger, type Change, FILE_PARAMETERS, RUN_BYTES, storageOptions } from './parts/changer.js';
import { addHolders, HOLDER_PARAMETERS } from './parts/holder.js';
import { joined, parameter, withDefaults } from './parts/parameters.js';
import { RecordedFiles } from './parts/recorded-files.js';
import { Storage } from './parts/storage.js';
import type { Workload } from './parts/workload.js';

const weight = (key: string, fallback: number, text: string) =>
  parameter(key, fallback, '', [0, 1e6], `weight of ${text}`, { distribution: 'weighted choice' });

/** So that a move meets the time between munmap and deregistration even in a short trace. */
const OFTEN_UNMAPPED = { early_unmap: 0.5, popularity: 0, window: 0.05, rate: 1000 };

/** That ioctl neither waits for pins nor breaks leases (seal-semantics, note 12). */
const ONLY_FSR = { defrag: 0, gc: 0, shrink: 0 };

const RATE = parameter('rate', 600, '/s', [0, 1e7], 'moves', { distribution: 'exponential gaps' });

export const mover: Workload = {
  name: 'mover',
  title: 'defragmentation, zone garbage collection and online shrinking under files that devices hold',
  meantFor: ['dax', 'mapsync-pin', 'ondisk', 'mapdirect', 'mapdirect-lease', 'odp', 'static-map'],
  parameters: joined(withDefaults(FILE_PARAMETERS, { runs: 8 }), withDefaults(HOLDER_PARAMETERS, { io_gap: 0.001 }), [
    RATE,
    weight('defrag', 4, 'a run that is exchanged (XFS_IOC_EXCHANGE_RANGE)'),
    weight('fsr', 1, 'a whole file rewritten through the old swap-extents ioctl'),
    weight('gc', 1, 'a zone that is emptied: zone_runs runs of one file at once'),
    weight('shrink', 1, 'a shrinking file system: the highest run of a file moves down'),
    parameter('zone_runs', 4, '', [1, 4096], 'runs of a file that garbage collection moves at once', { whole: true }),
  ]),
  declares: [
    { policy: 'pagecache', hazards: 'none', waited: 'none' },
    { policy: 'dax', set: { era: '2017' }, hazards: 'some', classes: 'bc', refused: 'none' },
    { policy: 'mapsync-pin', waited: 'some' },
    { policy: 'mapsync-pin', with: ONLY_FSR, hazards: 'some', waited: 'none' },
    { policy: 'mapdirect-lease', recalled: 'some' },
    { policy: 'mapdirect-lease', with: ONLY_FSR, hazards: 'some', recalled: 'none' },
    { policy: 'ondisk', hazards: 'none', refused: 'some', errno: 'EINVAL', waited: 'none' },
    { policy: 'mapdirect', with: OFTEN_UNMAPPED, hazards: 'unmapped', classes: 'a', refused: 'some' },
    { policy: 'mapdirect', with: { early_unmap: 0 }, hazards: 'none', refused: 'some', errno: 'ETXTBSY' },
    { policy: 'odp', hazards: 'none', refused: 'none', refaults: 'some' },
  ],
  populate(world, values) {
    const storage = new Storage(world, { ...storageOptions(values, 'data', values.runs!), spares: 1 });
    const donor = storage.files;
    const empties = (task: number): void => storage.truncate(task, donor, 0);
    const moveRun = (task: number, file: number, run: number): void => {
      if (run >= 0 && !storage.isHole(file, run)) storage.move(task, file, run, donor);
    };
    const defrag: Change = (task, file, random) => moveRun(task, file, random.below(storage.runs[file]!));
    const shrink: Change = (task, file) => moveRun(task, file, storage.highestRun(file));
    const collect: Change = (task, file) => {
      for (let run = 0; run < Math.min(values.zone_runs!, storage.runs[file]!); run++) moveRun(task, file, run);
    };
    const rewrite: Change = (task, file) => {
      if (storage.runs[donor]! > 0) empties(task);
      storage.rewrite(task, file, donor);
    };
    addHolders(world, values, { name: 'holder', storage });
    addChanger(world, {
      name: 'mover',
      rate: values.rate!,
      files: storage.files,
      popularity: 0,
      ways: [
        { weight: values.defrag!, change: defrag },
        { weight: values.fsr!, change: rewrite },
        { weight: values.gc!, change: collect },
        { weight: values.shrink!, change: shrink },
      ],
    });
  },
  overlay: {
    parameters: joined(RUN_BYTES, [RATE]),
    populate(world, values, recording) {
      const files = new RecordedFiles(world, recording, values.run_bytes!);
      const change: Change = (task, file, random) => {
        const runs = files.runCount(file);
        if (runs > 0) files.move(task, file, random.below(runs));
      };
      const ways = [{ weight: 1, change }];
      addChanger(world, { name: 'mover', rate: values.rate!, files: files.files, popularity: 0, ways });
    },
  },
};

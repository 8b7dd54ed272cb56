// A hypervisor (or any user of FIEMAP) that asks once where a disk image lies and then reads and writes those blocks with no
// further word to the file system, while the image is discarded from, grown and cloned for live snapshots.
import { Flag, Op } from '../model/events.js';
import { UNKNOWN } from '../model/units.js';
import {
  addChanger,
  append,
  type Change,
  FILE_PARAMETERS,
  punchOrFill,
  RUN_BYTES,
  storageOptions,
} from './parts/changer.js';
import type { HeldFiles } from './parts/holder.js';
import { joined, parameter, withDefaults } from './parts/parameters.js';
import { RecordedFiles } from './parts/recorded-files.js';
import { Storage } from './parts/storage.js';
import type { Values, Workload } from './parts/workload.js';
import type { World } from './parts/world.js';

const NS = 1e9;

const GUESTS = [
  parameter('io_gap', 0.0002, 's', [1e-8, 1e4], 'time between two accesses of a guest: mean', {
    distribution: 'exponential (Poisson arrivals)',
  }),
  parameter('write_share', 0.3, 'share', [0, 1], 'accesses that write', { distribution: 'Bernoulli' }),
  parameter('life', 5, 's', [1e-3, 1e7], 'how long a guest runs before it asks anew: mean', {
    distribution: 'exponential',
  }),
];

export const hypervisor: Workload = {
  name: 'hypervisor',
  title: 'guests on disk images whose blocks were asked for once, under discard, growth and live snapshots',
  meantFor: ['static-map'],
  parameters: joined(withDefaults(FILE_PARAMETERS, { files: 8, runs: 256 }), GUESTS, [
    parameter('discards', 200, '/s', [0, 1e7], 'runs that are discarded, or filled again', {
      distribution: 'exponential gaps',
    }),
    parameter('growth', 5, '/s', [0, 1e7], 'runs that images grow by', { distribution: 'exponential gaps' }),
    parameter('snapshots', 2, '/s', [0, 1e6], 'live snapshots', { distribution: 'exponential gaps' }),
  ]),
  declares: [
    { policy: 'pagecache', refused: 'none', waited: 'none', recalled: 'none' },
    { policy: 'static-map', hazards: 'some', classes: 'a', refused: 'none', waited: 'none' },
  ],
  populate(world, values) {
    const options = storageOptions(values, 'images', values.runs! * 2);
    const storage = new Storage(world, { ...options, spares: options.files });
    for (let file = 0; file < storage.files; file++) addGuest(world, values, storage, file);
    const snapshot: Change = (task, file) => {
      const clone = storage.files + file;
      if (storage.runs[clone]! > 0) storage.unlink(task, clone);
      storage.clone(task, file, clone);
    };
    const on = { files: storage.files, popularity: 0 };
    addChanger(world, {
      ...on,
      name: 'discard',
      rate: values.discards!,
      ways: [{ weight: 1, change: punchOrFill(storage) }],
    });
    addChanger(world, { ...on, name: 'grow', rate: values.growth!, ways: [{ weight: 1, change: append(storage) }] });
    addChanger(world, { ...on, name: 'snapshot', rate: values.snapshots!, ways: [{ weight: 1, change: snapshot }] });
  },
  overlay: {
    parameters: joined(RUN_BYTES, GUESTS),
    populate(world, values, recording) {
      const images = new RecordedFiles(world, recording, values.run_bytes!);
      for (let file = 0; file < images.files; file++) addGuest(world, values, images, file);
    },
  },
};

/** One guest on one image; it knows the blocks that were there when it asked. */
function addGuest(world: World, values: Values, storage: HeldFiles, file: number): void {
  const random = world.fork();
  const task = world.task(`guest-${file}`);
  const id = storage.id(file);
  let handle = 0;
  let runs = 0;
  let endNs = 0;
  world.actor(random.exponential(values.io_gap! * NS), (nowNs) => {
    if (handle === 0 || nowNs >= endNs) {
      runs = storage.runCount(file);
      handle = world.acquire(Op.address_query, Flag.whole, id, task, 0, UNKNOWN);
      endNs = nowNs + random.exponential(values.life! * NS);
    } else if (runs > 0) {
      const op = random.chance(values.write_share!) ? Op.dma_write : Op.dma_read;
      world.act(op, 0, id, task, random.below(runs) * storage.runBytes, storage.runBytes, UNKNOWN, handle);
    }
    return Math.min(nowNs + random.exponential(values.io_gap! * NS), endNs);
  });
}

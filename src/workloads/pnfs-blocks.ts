// pNFS block layouts (RFC 5663, RFC 8154): clients read and write the blocks of files themselves under layouts that the
// server recalls when it wants to change a file. Some clients are slow to return them, some are dead and never do.
import { Alias, zipfWeights } from '../base/alias.js';
import { Flag, Op } from '../model/events.js';
import { UNKNOWN } from '../model/units.js';
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
import type { HeldFiles } from './parts/holder.js';
import { joined, parameter } from './parts/parameters.js';
import { RecordedFiles } from './parts/recorded-files.js';
import { Storage } from './parts/storage.js';
import type { Values, Workload } from './parts/workload.js';
import type { World } from './parts/world.js';

const NS = 1e9;

const CLIENTS = [
  parameter('clients', 16, 'processes', [1, 100_000], 'clients', { whole: true }),
  parameter('popularity', 0.8, '', [0, 5], 'which file a client takes: exponent of the ranks', {
    distribution: 'Zipf over the files; 0 is uniform',
  }),
  parameter('hold', 0.02, 's', [1e-6, 1e5], 'how long a client keeps a layout: median', {
    distribution: 'log-normal, median hold, sigma 1',
  }),
  parameter('slow_share', 0.1, 'share', [0, 1], 'layouts that a slow client keeps', { distribution: 'Bernoulli' }),
  parameter('slow', 0.5, 's', [1e-6, 1e5], 'how much longer a slow client keeps it: mean', {
    distribution: 'Pareto of this mean, shape slow_shape',
  }),
  parameter('slow_shape', 1.5, '', [1.01, 20], 'how rare very slow ones are; at 1 and below a mean does not exist', {
    distribution: 'shape of the Pareto',
  }),
  parameter('dead_share', 0.01, 'share', [0, 1], 'layouts whose client dies and never returns them', {
    distribution: 'Bernoulli',
  }),
  parameter('lease', 90, 's', [1e-3, 1e5], 'time until a dead client is back', {
    source: 'lease time of the Linux NFS server, /proc/fs/nfsd/nfsv4leasetime',
  }),
  parameter('think', 0.01, 's', [1e-6, 1e5], 'time between two layouts of a client: mean', {
    distribution: 'exponential',
  }),
  parameter('io_gap', 0.0005, 's', [1e-8, 1e4], 'time between two accesses of a client: mean', {
    distribution: 'exponential (Poisson arrivals)',
  }),
  parameter('write_share', 0.5, 'share', [0, 1], 'layouts to write, and accesses that do', {
    distribution: 'Bernoulli',
  }),
];

export const pnfsBlocks: Workload = {
  name: 'pnfs-blocks',
  title: 'pNFS clients with block layouts, some slow, some dead, and local changes that recall them',
  meantFor: ['pnfs-layout'],
  parameters: joined(FILE_PARAMETERS, CLIENTS, [
    parameter('changes', 300, '/s', [0, 1e8], 'changes on the server itself', { distribution: 'exponential gaps' }),
  ]),
  declares: [
    { policy: 'pagecache', refused: 'none', waited: 'none', recalled: 'none' },
    // Who asks for a layout that is being recalled is told so.
    { policy: 'pnfs-layout', refused: 'some', errno: 'RECALLCONFLICT', recalled: 'some' },
  ],
  populate(world, values) {
    const storage = new Storage(world, storageOptions(values, 'pnfs', values.runs! * 2));
    addClients(world, values, storage);
    addChanger(world, {
      name: 'nfsd',
      rate: values.changes!,
      files: storage.files,
      popularity: values.popularity!,
      ways: [
        { weight: 4, change: overwrite(storage) },
        { weight: 2, change: append(storage) },
        { weight: 1, change: truncate(storage) },
        { weight: 2, change: punchOrFill(storage) },
      ],
    });
  },
  overlay: {
    parameters: joined(RUN_BYTES, CLIENTS),
    populate(world, values, recording) {
      addClients(world, values, new RecordedFiles(world, recording, values.run_bytes!));
    },
  },
};

function addClients(world: World, values: Values, storage: HeldFiles): void {
  const random = world.fork();
  const files = new Alias(zipfWeights(storage.files, values.popularity!));
  const shape = values.slow_shape!;
  // The mean of a Pareto is least * shape / (shape - 1).
  const leastNs = (values.slow! * NS * (shape - 1)) / shape;
  for (let i = 0; i < values.clients!; i++) {
    const task = world.task(`client-${i}`);
    let layout = 0;
    let file = 0;
    let offset = 0;
    let writes = false;
    let endNs = 0;
    const give = (): void => {
      world.act(Op.layout_return, 0, storage.id(file), task, offset, storage.runBytes, UNKNOWN, layout);
    };
    world.actor(random.exponential(values.think! * NS), (nowNs) => {
      if (layout === 0) {
        file = files.pick(random);
        if (storage.runCount(file) === 0) return nowNs + random.exponential(values.think! * NS);
        offset = random.below(storage.runCount(file)) * storage.runBytes;
        writes = random.chance(values.write_share!);
        const flags = writes ? Flag.write : Flag.read;
        layout = world.acquire(Op.layout_get, flags, storage.id(file), task, offset, storage.runBytes);
        endNs = nowNs + random.logNormal(values.hold! * NS, 1);
        if (random.chance(values.slow_share!)) endNs += random.pareto(leastNs, shape);
      } else if (nowNs >= endNs) {
        const dead = random.chance(values.dead_share!);
        if (!dead) give();
        layout = 0;
        return nowNs + (dead ? values.lease! * NS : random.exponential(values.think! * NS));
      } else {
        const op = writes ? Op.dma_write : Op.dma_read;
        world.act(op, 0, storage.id(file), task, offset, storage.runBytes, UNKNOWN, layout);
      }
      return Math.min(nowNs + random.exponential(values.io_gap! * NS), endNs);
    });
  }
}

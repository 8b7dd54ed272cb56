// Swap files: the kernel pages in and out straight to their blocks, and every change that would move these is refused
// (swapon(2); IS_SWAPFILE in the VFS). What may happen all the same: growing the file, and anything while it is off.
import { Op } from '../model/events.js';
import { ERRNO } from '../model/policy.js';
import { UNKNOWN } from '../model/units.js';
import { addChanger, type Change, FILE_PARAMETERS, storageOptions } from './parts/changer.js';
import { joined, parameter, withDefaults } from './parts/parameters.js';
import { Storage } from './parts/storage.js';
import type { Values, Workload } from './parts/workload.js';
import type { World } from './parts/world.js';

const NS = 1e9;
const PAGE = 4096;

export const swapfile: Workload = {
  name: 'swapfile',
  title: 'swap files that are paged to and from while others try to change them',
  meantFor: ['swap', 'ondisk'],
  parameters: joined(withDefaults(FILE_PARAMETERS, { files: 2, runs: 256 }), [
    parameter('io_gap', 0.0001, 's', [1e-8, 1e3], 'time between two page transfers of a swap file: mean', {
      distribution: 'exponential (Poisson arrivals)',
    }),
    parameter('out_share', 0.6, 'share', [0, 1], 'transfers that go out', { distribution: 'Bernoulli' }),
    parameter('cluster', 8, '', [1, 512], 'pages of a transfer: mean', {
      distribution: 'exponential, at least one page',
      source: 'vm.page-cluster is 3, eight pages (kernel documentation)',
    }),
    parameter('on', 0.5, 's', [1e-4, 1e5], 'time between swapon and swapoff: mean', { distribution: 'exponential' }),
    parameter('off', 0.02, 's', [1e-6, 1e5], 'time between swapoff and swapon: mean', { distribution: 'exponential' }),
    parameter('attempts', 400, '/s', [0, 1e7], 'attempts to change the files', { distribution: 'exponential gaps' }),
  ]),
  declares: (['pagecache', 'dax', 'mapsync-pin', 'ondisk', 'mapdirect', 'mapdirect-lease', 'odp', 'swap'] as const).map(
    (policy) => ({ policy, refused: 'some', errno: 'ETXTBSY', hazards: 'none' }),
  ),
  populate(world, values) {
    const storage = new Storage(world, storageOptions(values, 'swap', values.runs! * 2));
    const active = new Uint8Array(storage.files);
    for (let file = 0; file < storage.files; file++) addSwapper(world, values, storage, active, file);
    addChanger(world, {
      name: 'meddler',
      rate: values.attempts!,
      files: storage.files,
      popularity: 0,
      ways: [{ weight: 1, change: meddle(world, storage, active) }],
    });
  },
};

/** One file: on for a while, with transfers, off for a while. The kernel itself is the actor. */
function addSwapper(world: World, values: Values, storage: Storage, active: Uint8Array, file: number): void {
  const random = world.fork();
  const admin = world.task(`swapon-${file}`);
  const kernel = world.task(`kswapd-${file}`);
  const id = storage.id(file);
  let handle = 0;
  let endNs = 0;
  let pages = 0;
  world.actor(random.exponential(values.off! * NS), (nowNs) => {
    if (handle === 0) {
      pages = storage.bytes(file) / PAGE;
      handle = world.acquire(Op.swapon, 0, id, admin, 0, storage.bytes(file));
      active[file] = 1;
      endNs = nowNs + random.exponential(values.on! * NS);
    } else if (nowNs >= endNs) {
      world.act(Op.swapoff, 0, id, admin, 0, pages * PAGE, UNKNOWN, handle);
      handle = 0;
      active[file] = 0;
      return nowNs + random.exponential(values.off! * NS);
    } else {
      const count = Math.min(pages, 1 + Math.floor(random.exponential(values.cluster! - 1)));
      const op = random.chance(values.out_share!) ? Op.dma_write : Op.dma_read;
      world.act(op, 0, id, kernel, random.below(pages - count + 1) * PAGE, count * PAGE, UNKNOWN, handle);
    }
    return Math.min(nowNs + random.exponential(values.io_gap! * NS), endNs);
  });
}

/** Tries one thing; what a swap file forbids was refused in the recording as well. swapon wants no holes, so none is made. */
function meddle(world: World, storage: Storage, active: Uint8Array): Change {
  return (task, file, random) => {
    const id = storage.id(file);
    const way = random.below(5);
    const run = random.below(storage.runs[file]!) * storage.runBytes;
    const refused = (op: number, offset: number, length: number, errno: string): void =>
      world.refused(op, 0, id, task, offset, length, ERRNO[errno]!);
    if (way === 0) {
      // Growing is allowed even then; the new part is a hole and no part of the swap space.
      world.act(Op.truncate, 0, id, task, 0, storage.bytes(file) + storage.runBytes, UNKNOWN, 0);
      if (active[file] === 1) refused(Op.truncate, 0, storage.bytes(file), 'ETXTBSY');
      else world.act(Op.truncate, 0, id, task, 0, storage.bytes(file), UNKNOWN, 0);
    } else if (active[file] === 0) world.act(Op.write, 0, id, task, run, storage.runBytes, UNKNOWN, 0);
    else if (way === 1) refused(Op.write, run, PAGE, 'ETXTBSY');
    else if (way === 2) refused(Op.punch, run, storage.runBytes, 'ETXTBSY');
    else if (way === 3) refused(Op.unlink, 0, storage.bytes(file), 'EPERM');
    else refused(Op.fallocate, run, storage.runBytes, 'ETXTBSY');
  };
}

// A database on DAX: writers store through MAP_SYNC mappings, the log grows and is punched behind checkpoints, snapshots are
// clones, and a backup reads the mapped tables and the log with direct I/O, which pins their pages for as long as one lasts.
import { Alias, zipfWeights } from '../base/alias.js';
import type { Random } from '../base/random.js';
import { Flag, Op } from '../model/events.js';
import { UNKNOWN } from '../model/units.js';
import { addChanger, type Change, FILE_PARAMETERS, storageOptions } from './parts/changer.js';
import { joined, parameter, withDefaults } from './parts/parameters.js';
import { Storage } from './parts/storage.js';
import type { Values, Workload } from './parts/workload.js';
import type { World } from './parts/world.js';

const NS = 1e9;
const PAGE = 4096;

export const daxDatabase: Workload = {
  name: 'dax-database',
  title: 'MAP_SYNC writers, a growing log with checkpoints, snapshots by clone, a backup by direct I/O',
  meantFor: ['dax', 'mapsync', 'mapsync-pin', 'ondisk', 'mapdirect'],
  parameters: joined(withDefaults(FILE_PARAMETERS, { files: 8, runs: 64 }), [
    parameter('writers', 8, 'processes', [1, 10_000], 'processes that store into the tables', { whole: true }),
    parameter('store_gap', 0.0002, 's', [1e-7, 1e4], 'time between two first stores of a writer to a page: mean', {
      distribution: 'exponential (Poisson arrivals)',
    }),
    parameter('popularity', 0.99, '', [0, 5], 'which page is stored to: exponent of the ranks', {
      distribution: 'Zipf over all extents, uniform within one',
      source: 'YCSB’s default, B. Cooper et al., SoCC 2010',
    }),
    parameter('log_rate', 200, '/s', [0, 1e7], 'extents the log grows by', { distribution: 'exponential gaps' }),
    parameter('checkpoints', 20, '/s', [0, 1e6], 'checkpoints, each frees the older half of the log', {
      distribution: 'exponential gaps',
    }),
    parameter('snapshots', 5, '/s', [0, 1e6], 'tables that are cloned', { distribution: 'exponential gaps' }),
    parameter('readers', 4, 'processes', [0, 10_000], 'backup threads with direct I/O out of mappings', {
      whole: true,
    }),
    parameter('read_gap', 0.001, 's', [1e-7, 1e4], 'time between two reads of a thread: mean', {
      distribution: 'exponential',
    }),
    parameter('pin', 0.0001, 's', [1e-7, 1e3], 'how long a read pins its pages: median', {
      distribution: 'log-normal, median pin, sigma 0.7',
      source: 'guess near an NVMe write of 64 KiB',
    }),
  ]),
  declares: [
    { policy: 'pagecache', hazards: 'none', commits: 'none', waited: 'none' },
    { policy: 'dax', hazards: 'none', waited: 'some', commits: 'none' },
    { policy: 'mapsync-pin', hazards: 'none', waited: 'some', commits: 'some' },
    { policy: 'ondisk', hazards: 'none', refused: 'some', errno: 'ETXTBSY', leftAfterCrash: 'some' },
    { policy: 'mapdirect', hazards: 'none', refused: 'some', leftAfterCrash: 'none' },
  ],
  populate(world, values) {
    const options = storageOptions(values, 'db', values.runs! * 2);
    const { files } = options;
    // Behind the tables: one log, and a snapshot file for each table.
    const storage = new Storage(world, { ...options, spares: 1 + files });
    addWriters(world, values, storage);
    addLog(world, values, storage);
    addSnapshots(world, values, storage);
    addReaders(world, values, storage);
  },
};

function addWriters(world: World, values: Values, storage: Storage): void {
  const random = world.fork();
  const places = new Alias(zipfWeights(storage.files * values.runs!, values.popularity!));
  const pages = storage.runBytes / PAGE;
  const gapNs = values.store_gap! * NS;
  for (let i = 0; i < values.writers!; i++) {
    const task = world.task(`writer-${i}`);
    let begun = false;
    world.actor(random.exponential(gapNs), (nowNs) => {
      if (!begun) mapAll(world, storage, task, Flag.shared | Flag.writable | Flag.sync | Flag.dax);
      begun = true;
      const place = places.pick(random);
      // Ranks go round the tables, so that each has popular extents.
      const file = place % storage.files;
      const run = Math.floor(place / storage.files);
      if (run < storage.runs[file]!) storage.write(Op.write_fault, task, file, run, random.below(pages) * PAGE, PAGE);
      return nowNs + random.exponential(gapNs);
    });
  }
}

/** Every table, once. */
function mapAll(world: World, storage: Storage, task: number, flags: number): void {
  for (let file = 0; file < storage.files; file++) {
    world.acquire(Op.mmap, flags, storage.id(file), task, 0, storage.bytes(file));
    storage.use(file);
  }
}

/** The log's own process extends it (fallocate leaves unwritten blocks), stores to it, and frees what a checkpoint covers. */
function addLog(world: World, values: Values, storage: Storage): void {
  const log = storage.files;
  const grow: Change = (task) => {
    if (storage.runs[log]! === storage.mostRuns) storage.truncate(task, log, 0);
    storage.append(Op.fallocate, task, log);
    storage.write(Op.write_fault, task, log, storage.runs[log]! - 1, 0, PAGE, Flag.sync);
  };
  const checkpoint: Change = (task) => {
    for (let run = 0; run < storage.runs[log]! >> 1; run++)
      if (!storage.isHole(log, run)) storage.punch(task, log, run);
  };
  const one = { files: 1, popularity: 0 };
  addChanger(world, { ...one, name: 'logger', rate: values.log_rate!, ways: [{ weight: 1, change: grow }] });
  addChanger(world, {
    ...one,
    name: 'checkpointer',
    rate: values.checkpoints!,
    ways: [{ weight: 1, change: checkpoint }],
  });
}

/** A table's new snapshot takes the place of its last one. */
function addSnapshots(world: World, values: Values, storage: Storage): void {
  const change: Change = (task, file) => {
    const snapshot = storage.files + 1 + file;
    if (storage.runs[snapshot]! > 0) storage.unlink(task, snapshot);
    storage.clone(task, file, snapshot);
  };
  const { files } = storage;
  addChanger(world, { name: 'snapshot', rate: values.snapshots!, files, popularity: 0, ways: [{ weight: 1, change }] });
}

/** Maps a table or the log, writes a run of it elsewhere with O_DIRECT, lets the pages go, unmaps. */
function addReaders(world: World, values: Values, storage: Storage): void {
  const random = world.fork();
  for (let i = 0; i < values.readers!; i++) {
    const step = reader(world, values, storage, random, world.task(`backup-${i}`));
    world.actor(random.exponential(values.read_gap! * NS), step);
  }
}

function reader(world: World, values: Values, storage: Storage, random: Random, task: number) {
  let file = 0;
  let offset = 0;
  let mapping = 0;
  let pin = 0;
  return (nowNs: number): number => {
    if (pin === 0) {
      // The log as often as all tables together.
      file = random.chance(0.5) ? storage.files : random.below(storage.files);
      if (storage.runs[file]! > 0) {
        offset = random.below(storage.runs[file]!) * storage.runBytes;
        mapping = world.acquire(Op.mmap, Flag.shared | Flag.writable, storage.id(file), task, 0, storage.bytes(file));
        pin = world.acquire(Op.pin, 0, storage.id(file), task, offset, storage.runBytes);
        storage.use(file);
        world.act(Op.dma_read, 0, storage.id(file), task, offset, storage.runBytes, UNKNOWN, pin);
        return nowNs + random.logNormal(values.pin! * NS, 0.7);
      }
    } else {
      world.act(Op.unpin, 0, storage.id(file), task, offset, storage.runBytes, UNKNOWN, pin);
      world.act(Op.munmap, Flag.whole, storage.id(file), task, 0, UNKNOWN, UNKNOWN, mapping);
      storage.unuse(file);
      pin = 0;
    }
    return nowNs + random.exponential(values.read_gap! * NS);
  };
}

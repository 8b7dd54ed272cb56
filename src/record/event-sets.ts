// Which kernel events are worth recording: those sealtrace knows, of the systems that the file systems in question use.
// Why these and what each tells: Documentation of the tracepoints, and src/model/kernel-events.ts.
import { UserError } from '../model/issue.js';
import { KERNEL_EVENTS } from '../model/kernel-events.js';

export type FileSystem = 'xfs' | 'ext4';
export const FILE_SYSTEMS: readonly FileSystem[] = ['xfs', 'ext4'];

/**
 * Events go to one of two buffers. `maps`: what happens to files, whoever does it, kernel workers included; chosen by
 * device and inode. `calls`: what processes ask for; chosen by process.
 */
export type Group = 'maps' | 'calls';

export interface EventName {
  readonly system: string;
  readonly name: string;
  readonly group: Group;
}

const OF_FILE_SYSTEM: Readonly<Record<FileSystem, readonly string[]>> = {
  xfs: ['xfs', 'iomap'],
  ext4: ['ext4', 'jbd2', 'iomap'],
};
const OF_ALL = ['filemap', 'filelock', 'block'];
const OF_DAX = ['fs_dax'];
/** They name no file system: recorded where a device can be the target of DMA that they tell of. */
const OF_DEVICES = ['dma', 'iommu', 'nvme', 'rdma_core', 'rpcrdma'];
const OF_CALLS = ['syscalls', 'sched', 'signal', 'exceptions'];

/** Asked of a disk that makes no requests (zram, pmem): of others the requests tell the same. */
const OF_BIOS = new Set(['block_bio_queue', 'block_bio_complete']);

/** Known, and not worth their number: nothing is concluded from them, or others tell the same. */
const LEFT_OUT = new Set([
  'xfs_ilock',
  'xfs_iunlock',
  'xfs_trans_commit',
  'xfs_dir2_sf_create',
  'xfs_readdir',
  'xfs_iomap_prealloc_size',
  'xfs_iomap_invalid',
  'iomap_invalidate_folio',
  'iomap_release_folio',
  'iomap_readahead',
  'iomap_readpage',
  'locks_get_lock_context',
  'posix_lock_inode',
  'flock_lock_inode',
  'fcntl_setlk',
  'leases_conflict',
  'ext4_load_inode',
  'ext4_es_cache_extent',
  'page_fault_kernel',
  'signal_generate',
]);

export interface Wanted {
  readonly fileSystems: readonly FileSystem[];
  /** A file system is mounted with dax. */
  readonly dax: boolean;
  /** A disk maps memory for DMA by itself (NVMe). */
  readonly devices: boolean;
  /** A disk makes no requests of what it is asked. */
  readonly bios: boolean;
}

export interface Chosen {
  readonly events: readonly EventName[];
  /** What this kernel does not have, in words: which events, and what is not known without them. */
  readonly missing: readonly string[];
}

/** `available`: lines of tracefs/available_events, `system:name`. */
export function chooseEvents(available: readonly string[], wanted: Wanted): Chosen {
  const systems = new Map<string, Group>();
  const take = (names: readonly string[], group: Group): void => {
    for (const name of names) systems.set(name, group);
  };
  for (const fs of wanted.fileSystems) take(OF_FILE_SYSTEM[fs], 'maps');
  take(OF_ALL, 'maps');
  if (wanted.dax) take(OF_DAX, 'maps');
  if (wanted.devices) take(OF_DEVICES, 'maps');
  take(OF_CALLS, 'calls');
  const known = new Set(KERNEL_EVENTS.map(({ name }) => name));
  const events = available.flatMap((line): EventName[] => {
    const [system = '', name = ''] = line.trim().split(':');
    const group = systems.get(system);
    const isLeftOut = LEFT_OUT.has(name) || (OF_BIOS.has(name) && !wanted.bios);
    return group === undefined || !known.has(name) || isLeftOut ? [] : [{ system, name, group }];
  });
  if (events.length === 0)
    throw new UserError(
      'this kernel has none of the events that sealtrace records (tracefs lists them in available_events); use one that is built with CONFIG_FTRACE_SYSCALLS and the events of its file systems',
    );
  return { events, missing: whatIsMissing(new Set(events.map(({ name }) => name)), wanted) };
}

/** Systems by the names of their events, for a kernel that cannot be asked. */
const SYSTEM_OF: readonly (readonly [RegExp, string])[] = [
  [/^(xfs|xlog)_/, 'xfs'],
  [/^ext4_/, 'ext4'],
  [/^jbd2_/, 'jbd2'],
  [/^iomap_/, 'iomap'],
  [/^mm_filemap_/, 'filemap'],
  [/^block_/, 'block'],
  [/^(break_lease_|generic_\w+_lease|time_out_leases)/, 'filelock'],
  [/^sys_(enter|exit)_/, 'syscalls'],
  [/^sys_(enter|exit)$/, 'raw_syscalls'],
  [/^sched_/, 'sched'],
  [/^task_/, 'task'],
  [/^signal_/, 'signal'],
  [/^page_fault_/, 'exceptions'],
  [/^dax_/, 'fs_dax'],
  [/^dma_/, 'dma'],
  [/^nvme_/, 'nvme'],
  [/^xprtrdma_/, 'rpcrdma'],
];

/** What would stand in available_events of a kernel that has all of them. */
export const knownEvents = (): string[] =>
  KERNEL_EVENTS.flatMap(({ name }) => {
    const system = SYSTEM_OF.find(([pattern]) => pattern.test(name))?.[1];
    return system === undefined ? [] : [`${system}:${name}`];
  });

interface Need {
  readonly names: readonly string[];
  readonly of?: FileSystem;
  readonly cost: string;
}

/** What cannot be answered without them. Later names of an event count as the event. */
const NEEDS: readonly Need[] = [
  {
    of: 'xfs',
    names: ['xfs_iext_insert', 'xfs_iext_remove', 'xfs_bmap_pre_update', 'xfs_bmap_post_update'],
    cost: 'block maps of XFS files are guesses',
  },
  { of: 'xfs', names: ['xfs_iomap_found'], cost: 'look-ups of XFS do not check the maps' },
  {
    of: 'ext4',
    names: ['ext4_es_insert_extent', 'ext4_es_remove_extent'],
    cost: 'block maps of ext4 files are guesses',
  },
  {
    names: ['iomap_dio_rw_begin', 'iomap_dio_complete'],
    cost: 'direct I/O is not told from buffered, and pins are missed',
  },
  { names: ['mm_filemap_fault'], cost: 'page faults are led to files by their addresses only' },
  { names: ['mm_filemap_add_to_page_cache'], cost: 'device accesses to memory are not led to files' },
  { names: ['page_fault_user'], cost: 'faults of processes are seen only where the file system tells of them' },
  { names: ['block_rq_issue', 'block_rq_complete'], cost: 'device accesses to blocks are not seen' },
  { names: ['generic_add_lease', 'break_lease_block'], cost: 'leases are not seen' },
  {
    names: ['sys_enter_mmap', 'sys_exit_mmap', 'sys_enter_munmap'],
    cost: 'mappings are not seen, so nothing is sealed',
  },
  { names: ['sys_enter_fallocate', 'sys_enter_ftruncate'], cost: 'calls that change maps are not seen as calls' },
  { names: ['sched_process_fork', 'sched_process_exit'], cost: 'children and ends of processes are not seen' },
  { names: ['signal_deliver'], cost: 'kills and SIGBUS are not seen' },
];

function whatIsMissing(have: ReadonlySet<string>, { fileSystems }: Wanted): string[] {
  return NEEDS.filter(({ of }) => of === undefined || fileSystems.includes(of)).flatMap(({ names, cost }) => {
    const missing = names.filter((name) => !have.has(name));
    return missing.length === 0 ? [] : [`this kernel has no event ${missing.join(', ')}: ${cost}`];
  });
}

// Filters that the kernel applies before an event costs anything: expressions over the event's own fields.
// Grammar: Documentation/trace/events.rst, section 5.

export interface Scope {
  /** dev_t of the file systems, as the kernel has it: major * 2^20 + minor. */
  readonly devices: readonly number[];
  /** dev_t of the disks below them: requests name those, not partitions. */
  readonly disks: readonly number[];
  /** Only these inodes; empty: all. */
  readonly inodes: readonly Inode[];
  /** Never these: what the recorder itself writes. */
  readonly without: readonly Inode[];
  /** Name of the program that looks at maps for the recorder; empty: none that does nothing else. */
  readonly looker: string;
}

export interface Inode {
  readonly device: number;
  readonly inode: number;
}

/** Events of look-ups: what the recorder's own looks cause of them would stand for changes and for the workload's doing. */
const LOOKUP = /^(xfs_iomap_found|iomap_(iter|apply)|xfs_reflink_trim_around_shared|ext4_es_|ext4_ext_)/;

/** The filter of an event with these fields; empty: nothing to filter by. */
export function eventFilter(system: string, name: string, fields: readonly string[], scope: Scope): string {
  const where = placeFilter(system, fields, scope);
  if (scope.looker === '' || !LOOKUP.test(name)) return where;
  return [where, `COMM != "${scope.looker}"`].filter((part) => part !== '').join(' && ');
}

function placeFilter(system: string, fields: readonly string[], scope: Scope): string {
  const device = fields.find((name) => name === 'dev' || name === 's_dev');
  if (device === undefined) return '';
  if (system === 'block') return either(scope.disks.map((disk) => `${device} == ${disk}`));
  const inode = fields.find((name) => name === 'ino' || name === 'i_ino');
  return either(scope.devices.flatMap((one) => onDevice(device, inode, one, scope)));
}

function onDevice(device: string, inode: string | undefined, one: number, { inodes, without }: Scope): string[] {
  const is = `${device} == ${one}`;
  if (inode === undefined) return [is];
  const only = inodes.filter((file) => file.device === one).map((file) => `${inode} == ${file.inode}`);
  if (inodes.length > 0) return only.length === 0 ? [] : [`(${is} && ${either(only)})`];
  const not = without.filter((file) => file.device === one).map((file) => `${inode} != ${file.inode}`);
  return not.length === 0 ? [is] : [`(${[is, ...not].join(' && ')})`];
}

const either = (parts: readonly string[]): string => (parts.length < 2 ? parts.join('') : `(${parts.join(' || ')})`);

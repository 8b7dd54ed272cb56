// Mounted file systems and the disks below them. Source: proc(5), /proc/PID/mountinfo; sysfs class/block.
import { readdirSync, readFileSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../model/issue.js';
import { FILE_SYSTEMS, type FileSystem } from './event-sets.js';

const MINORS = 2 ** 20;
/** OVERLAYFS_SUPER_MAGIC of linux/magic.h. */
const OVERLAYFS = 0x794c7630;

export interface Mount {
  /** dev_t: major * 2^20 + minor. */
  readonly device: number;
  readonly type: FileSystem;
  readonly point: string;
  /** Options of the mount and of the file system. */
  readonly options: string;
}

/** The XFS and ext4 file systems in a mountinfo text, each once. `byExt4`: does ext4's driver serve the device? */
export function parseMountinfo(text: string, byExt4: (device: number) => boolean = isOfExt4): Mount[] {
  const mounts = new Map<number, Mount>();
  for (const line of text.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [, , numbers = '', root = '', point = '', own = ''] = left.split(' ');
    const [type = '', , shared = ''] = right.split(' ');
    const device = deviceOf(numbers);
    // ext3 has had no driver of its own since Linux 4.3: ext4 serves it, and tells its events. ext2 may have one (CONFIG_EXT4_USE_FOR_EXT2).
    const served = type === 'ext3' || (type === 'ext2' && byExt4(device));
    const fs = FILE_SYSTEMS.find((name) => name === (served ? 'ext4' : type));
    if (fs === undefined || Number.isNaN(device)) continue;
    // A bind mount shows a part of the file system; the whole is preferred.
    const known = mounts.get(device);
    if (known !== undefined && root !== '/') continue;
    const options = [...new Set([...own.split(','), ...shared.split(',')])].join(',');
    mounts.set(device, known ?? { device, type: fs, point: unescaped(point), options });
  }
  return [...mounts.values()];
}

/** `7:0` as dev_t. */
export function deviceOf(text: string): number {
  const [, major, minor] = /^(\d+):(\d+)$/.exec(text.trim()) ?? [];
  return major === undefined ? Number.NaN : Number(major) * MINORS + Number(minor);
}

/** Node gives st_dev as glibc's makedev packs it. */
export function deviceOfStat(dev: number): number {
  const big = BigInt(dev);
  const major = ((big >> 8n) & 0xfffn) | ((big >> 32n) & 0xfffff000n);
  const minor = (big & 0xffn) | ((big >> 12n) & 0xffffff00n);
  return Number(major) * MINORS + Number(minor);
}

export const mounted = (): readonly Mount[] => parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'));

/** The file system a path lies on. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount {
  let device: number;
  try {
    device = deviceOfStat(statSync(path).dev);
  } catch {
    throw new UserError(`--path ${path}: there is no such file or folder; name one that exists`);
  }
  const found = mounts.find((mount) => mount.device === device);
  if (found !== undefined) return found;
  const layers = statfsSync(path).type === OVERLAYFS;
  throw new UserError(
    `--path ${path}: expected a file on XFS or ext4, found ${layers ? 'overlayfs; name the folders of its layers instead (upperdir and lowerdir in /proc/mounts)' : 'another file system; maps of others are not known'}`,
  );
}

/** dev_t of the disks requests are issued to: the device itself, the whole disk of a partition, the parts of a dm or md device. */
export function disksOf(device: number, sys = '/sys/dev/block'): number[] {
  const name = `${Math.floor(device / MINORS)}:${device % MINORS}`;
  try {
    const dir = realpathSync(join(sys, name));
    if (exists(join(dir, 'partition'))) return [deviceOf(readFileSync(join(dir, '..', 'dev'), 'utf8'))];
    const parts = exists(join(dir, 'slaves')) ? readdirSync(join(dir, 'slaves')) : [];
    const below = parts.flatMap((part) =>
      disksOf(deviceOf(readFileSync(join(dir, 'slaves', part, 'dev'), 'utf8')), sys),
    );
    return [...new Set([device, ...below])];
  } catch {
    return [device];
  }
}

/** A disk without queues for requests, that leads to no other: zram, pmem. What is mapped to other disks is told by these. */
export function makesNoRequests(device: number, sys = '/sys/dev/block'): boolean {
  const dir = join(sys, `${Math.floor(device / MINORS)}:${device % MINORS}`);
  const slaves = join(dir, 'slaves');
  return exists(slaves) && readdirSync(slaves).length === 0 && !exists(join(dir, 'mq'));
}

/** What kind of disk: `nvme0n1`, `vda`, `loop0`. */
export function diskName(device: number, sys = '/sys/dev/block'): string {
  try {
    return realpathSync(join(sys, `${Math.floor(device / MINORS)}:${device % MINORS}`)).replace(/^.*\//, '');
  } catch {
    return '';
  }
}

/** ext4 has a folder for each file system that it serves, by the name of its device (fs/ext4/sysfs.c). */
const isOfExt4 = (device: number): boolean => exists(join('/sys/fs/ext4', diskName(device) || 'none'));

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

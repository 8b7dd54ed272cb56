// Which file systems a recording is about, and which of their files are looked at before it begins.
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../model/issue.js';
import type { FileSystem, Wanted } from './event-sets.js';
import type { Inode, Scope } from './filters.js';
import { deviceOfStat, diskName, disksOf, type Mount, makesNoRequests, mountOf } from './mounts.js';

export interface Asked {
  /** Only file systems of this type. */
  readonly fs: FileSystem | null;
  readonly paths: readonly string[];
  readonly command: readonly string[];
}

export interface Targets {
  readonly mounts: readonly Mount[];
  /** Where to look for files; empty: nowhere. */
  readonly folders: readonly string[];
  /** Only these files; empty: all. */
  readonly files: readonly Inode[];
  /** Mounted, of a type that could be recorded, and left out; with the reason. */
  readonly leftOut: string;
}

/** A few files are told apart by the kernel; of more, the whole file system is recorded. */
const MOST_FILES = 16;

export function chooseTargets(asked: Asked, all: readonly Mount[]): Targets {
  const mounts = all.filter(({ type }) => asked.fs === null || type === asked.fs);
  if (mounts.length === 0) throw new UserError(noneMounted(asked.fs));
  return asked.paths.length > 0 ? byPath(asked, mounts) : byCommand(asked.command, mounts);
}

const noneMounted = (fs: FileSystem | null): string =>
  `expected a mounted ${fs ?? 'XFS or ext4'} file system, found none; mount one${fs === null ? '' : ', or leave --fs out'}`;

function byPath({ paths }: Asked, mounts: readonly Mount[]): Targets {
  const own = paths.map((path) => mountOf(path, mounts));
  const stats = paths.map((path) => statSync(path));
  const filesOnly = stats.every((stat) => stat.isFile()) && paths.length <= MOST_FILES;
  return {
    mounts: [...new Set(own)],
    folders: paths.map((path) => resolve(path)),
    files: filesOnly ? stats.map(({ dev, ino }) => ({ device: deviceOfStat(dev), inode: ino })) : [],
    leftOut: '',
  };
}

/** Where words of the command name files on other file systems, the root's own noise is left out. */
function byCommand(command: readonly string[], mounts: readonly Mount[]): Targets {
  const root = mounts.find(({ point }) => point === '/');
  const others = mounts.filter((mount) => mount !== root);
  const named = command.slice(1).some((word) => others.some(({ device }) => deviceAt(word) === device));
  const chosen = named && root !== undefined ? others : mounts;
  return {
    mounts: chosen,
    folders: chosen.filter(({ point }) => point !== '/').map(({ point }) => point),
    files: [],
    leftOut:
      chosen === mounts
        ? ''
        : `${root!.type} on / is left out, because the command names files elsewhere; --path / records it`,
  };
}

function deviceAt(word: string): number {
  const stat = attempt(() => statSync(word));
  return stat === undefined ? -1 : deviceOfStat(stat.dev);
}

/** What these file systems make worth recording. */
export const wantedOn = (mounts: readonly Mount[]): Wanted => ({
  fileSystems: [...new Set(mounts.map(({ type }) => type))],
  dax: mounts.some(({ options }) => /(^|,)dax(=always|=inode)?(,|$)/.test(options)),
  devices: mounts.some(({ device }) => disksOf(device).some((disk) => /^(nvme|pmem)/.test(diskName(disk)))),
  bios: mounts.some(({ device }) => disksOf(device).some((disk) => makesNoRequests(disk))),
});

/** What the recorder writes itself, below `own`, must not feed the recording. `looker`: the program that looks at maps. */
export function scopeOf({ mounts, files }: Targets, own: readonly string[], looker: string): Scope {
  const devices = mounts.map(({ device }) => device);
  const inodes = own.map((path): Inode => {
    const { dev, ino } = statSync(path);
    return { device: deviceOfStat(dev), inode: ino };
  });
  return {
    devices,
    disks: [...new Set(devices.flatMap((device) => disksOf(device)))],
    inodes: files,
    without: inodes.filter(({ device }) => devices.includes(device)),
    looker,
  };
}

export interface FoundFile extends Inode {
  readonly path: string;
  readonly size: number;
}

export interface WalkLimits {
  readonly files: number;
  readonly milliseconds: number;
  nowMs(): number;
  /** Called between any two files: a walk may be long, and nobody else gets a turn meanwhile. */
  between(): void;
}

/** Regular files on these devices, as many as the limits allow; `whole`: all of them. */
export function walk(
  starts: readonly string[],
  devices: readonly number[],
  limits: WalkLimits,
): { readonly files: readonly FoundFile[]; readonly whole: boolean } {
  const files = new Map<string, FoundFile>();
  const end = limits.nowMs() + limits.milliseconds;
  const left = [...starts];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (files.size >= limits.files || limits.nowMs() > end) return { files: [...files.values()], whole: false };
    limits.between();
    const at = path;
    const stat = attempt(() => statSync(at));
    if (stat === undefined || !devices.includes(deviceOfStat(stat.dev))) continue;
    const device = deviceOfStat(stat.dev);
    if (stat.isFile()) files.set(`${device}/${stat.ino}`, { device, inode: stat.ino, path, size: stat.size });
    else if (stat.isDirectory())
      for (const entry of attempt(() => readdirSync(at, { withFileTypes: true })) ?? [])
        if (entry.isFile() || entry.isDirectory()) left.push(join(path, entry.name));
  }
  return { files: [...files.values()], whole: true };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

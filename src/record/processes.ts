// What processes have open and mapped, from /proc (proc(5)): what no event carries when it was there before the recording.
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { deviceOf, deviceOfStat } from './mounts.js';

export interface ProcMapping {
  readonly start: number;
  readonly length: number;
  readonly offset: number;
  readonly device: number;
  readonly inode: number;
  readonly prot: string;
  readonly path: string;
}

export interface ProcDescriptor {
  readonly fd: number;
  readonly device: number;
  readonly inode: number;
  readonly path: string;
}

/** Mappings of files in a /proc/PID/maps text. Its device numbers are hexadecimal. */
export function parseMaps(text: string): ProcMapping[] {
  return [...text.matchAll(/^([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+)[ \t]*(.*)$/gm)]
    .filter((groups) => groups[7] !== '0')
    .map(([, from, to, prot, offset, major, minor, inode, path]) => {
      const [start, end, pageOffset] = [from, to, offset].map(hex) as [number, number, number];
      const device = deviceOf(`${hex(major)}:${hex(minor)}`);
      return { start, length: end - start, offset: pageOffset, device, inode: Number(inode), prot: prot!, path: path! };
    });
}

const hex = (text: string | undefined): number => Number.parseInt(text ?? '', 16);

/** null: the process has ended. Tasks of the kernel have none. */
export function mappingsOf(pid: number): readonly ProcMapping[] | null {
  const text = attempt(() => readFileSync(`/proc/${pid}/maps`, 'utf8')) ?? '';
  return text === '' && hasEnded(pid) ? null : parseMaps(text);
}

const hasEnded = (pid: number): boolean => ['', 'Z', 'X'].includes(statFields(pid)[0] ?? '');

export const descriptorNumbers = (pid: number): number[] =>
  (attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? []).map(Number);

/** null: closed meanwhile, or no regular file. */
export function descriptorOf(pid: number, fd: number): ProcDescriptor | null {
  const link = `/proc/${pid}/fd/${fd}`;
  const stat = attempt(() => statSync(link));
  if (stat?.isFile() !== true) return null;
  return { fd, device: deviceOfStat(stat.dev), inode: stat.ino, path: attempt(() => readlinkSync(link)) ?? '' };
}

/** Descriptors of regular files. */
export const descriptorsOf = (pid: number): readonly ProcDescriptor[] =>
  descriptorNumbers(pid).flatMap((fd) => descriptorOf(pid, fd) ?? []);

/** A process and all that descend from it, as /proc shows them now. */
export function familyOf(pid: number): number[] {
  const parents = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statFields(Number(name))[1]);
    parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
  }
  const family = [pid];
  for (let i = 0; i < family.length; i++) family.push(...(parents.get(family[i]!) ?? []));
  return family;
}

/** Threads of a process. */
export const threadsOf = (pid: number): number[] => (attempt(() => readdirSync(`/proc/${pid}/task`)) ?? []).map(Number);

/** When a process began, in clock ticks since boot: tells a process from a later one of the same number. Empty: gone. */
export const startOf = (pid: number): string => statFields(pid)[19] ?? '';

export const nameOf = (pid: number): string => attempt(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd()) ?? '';

/** Fields of /proc/PID/stat behind the name, which may hold anything: state is the first. */
function statFields(pid: number): string[] {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? '';
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

// What the machine is, for the bundle: nothing that names it, its users or its network.
import { readFileSync } from 'node:fs';
import { arch, cpus, endianness, release, totalmem } from 'node:os';
import { output } from './fiemap.js';
import { diskName, disksOf, type Mount } from './mounts.js';

export interface Geometry {
  readonly groupBlocks: number;
  readonly groupLog: number;
  readonly blockBytes: number;
  /** Data on a realtime device has addresses of its own. */
  readonly realtime: boolean;
  readonly text: Readonly<Record<string, string>>;
}

/** Output of xfs_info (xfs_growfs -n). */
export function parseXfsInfo(text: string): Geometry | null {
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  const groupBlocks = number(/agsize=(\d+) blks/);
  const blockBytes = number(/data\s*=.*?bsize=(\d+)/);
  if (Number.isNaN(groupBlocks) || Number.isNaN(blockBytes)) return null;
  const words = ['agcount', 'agsize', 'bsize', 'crc', 'rmapbt', 'reflink', 'sunit', 'swidth', 'isize'];
  const pairs = words.map((word) => [word, new RegExp(`\\b${word}=(\\d+)`).exec(text)?.[1] ?? ''] as const);
  return {
    groupBlocks,
    groupLog: Math.ceil(Math.log2(groupBlocks)),
    blockBytes,
    realtime: !/realtime\s*=\s*none/.test(text),
    text: Object.fromEntries(pairs),
  };
}

export const xfsGeometry = async (point: string): Promise<Geometry | null> =>
  parseXfsInfo(await output('xfs_info', [point]));

/** As `uname` would say it without the name of the machine. */
export const unameText = (): string => `Linux ${release()} ${arch() === 'x64' ? 'x86_64' : arch()}`;
export const littleEndian = (): boolean => endianness() === 'LE';

export function machineFacts(): Readonly<Record<string, unknown>> {
  const processors = cpus();
  return {
    kernel: release(),
    architecture: arch(),
    cpus: processors.length,
    cpuModel: processors[0]?.model ?? '',
    memoryBytes: totalmem(),
  };
}

/** One file system and its disk. */
export function fileSystemFacts({ device, type, point, options }: Mount, geometry: Geometry | null): unknown {
  const disks = disksOf(device).map((disk) => {
    const name = diskName(disk);
    const queue = (file: string): string => read(`/sys/class/block/${name}/queue/${file}`);
    return {
      name,
      rotational: queue('rotational'),
      blockBytes: queue('logical_block_size'),
      scheduler: queue('scheduler'),
    };
  });
  return {
    device: `${Math.floor(device / 2 ** 20)}:${device % 2 ** 20}`,
    type,
    root: point === '/',
    options,
    ...(geometry === null ? {} : { geometry: geometry.text }),
    disks,
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

// Block maps as FIEMAP tells them, through the system's own tools: filefrag of e2fsprogs, which does not write anything
// back before it looks, or else xfs_io.
import { execFile } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync } from 'node:fs';

export interface MapExtent {
  readonly offset: number;
  readonly length: number;
  /** Bytes on the device; -1: none yet. */
  readonly addr: number;
  readonly state: 'written' | 'unwritten' | 'delalloc';
  readonly shared: boolean;
}

export interface FileMap {
  readonly path: string;
  readonly size: number;
  readonly extents: readonly MapExtent[];
  /** Of ext4 without extents, as far as can be told: FIEMAP steps over blocks whose allocation is delayed there. */
  readonly blockMapped: boolean;
}

/** Output of `filefrag -v FILE...`. Flags: include/uapi/linux/fiemap.h. */
export function parseFilefrag(text: string): FileMap[] {
  const maps: { path: string; size: number; extents: MapExtent[]; block: number; blockMapped: boolean }[] = [];
  // filefrag says so where a file of the device has no extents.
  const anyBlockMapped = /^Filesystem cylinder groups /m.test(text);
  for (const line of whole(text)) {
    const head = /^File size of (.*) is (\d+) \(\d+ blocks? of (\d+) bytes\)$/s.exec(line);
    if (head !== null) {
      maps.push({
        path: head[1]!,
        size: Number(head[2]),
        extents: [],
        block: Number(head[3]),
        blockMapped: anyBlockMapped,
      });
      continue;
    }
    const row = /^\s*\d+:\s*(\d+)\.\.\s*(\d+):\s*(\d+)\.\.\s*\d+:\s*\d+:(?:\s*\d+:)?\s*(\S*)\s*$/.exec(line);
    const map = maps.at(-1);
    if (row === null || map === undefined) continue;
    // The length column is 0 where space is reserved only; the range in the file is always told.
    const [first, last, at] = row.slice(1, 4).map(Number) as [number, number, number];
    const [offset, length, addr] = [first * map.block, (last - first + 1) * map.block, at * map.block];
    const flags = row[4]!.split(',');
    // Data of ext4 that lies in the inode itself has no blocks; filefrag counts it in bytes.
    if (flags.includes('inline')) continue;
    map.extents.push(extent(offset, length, addr, flags));
    if (!flags.includes('delalloc')) map.blockMapped = flags.includes('merged');
  }
  return maps.map(({ path, size, extents, blockMapped }) => ({ path, size, extents, blockMapped }));
}

/** Lines, but for the names of files, which may have line breaks of their own: filefrag prints them as they are. */
const whole = (text: string): string[] =>
  text.match(/^File size of [\s\S]*? is \d+ \(\d+ blocks? of \d+ bytes\)$|^.*$/gm) ?? [];

function extent(offset: number, length: number, addr: number, flags: readonly string[]): MapExtent {
  const delalloc = flags.includes('delalloc');
  const state = delalloc ? 'delalloc' : flags.includes('unwritten') ? 'unwritten' : 'written';
  return { offset, length, addr: delalloc ? -1 : addr, state, shared: flags.includes('shared') };
}

const DELALLOC = 0x4;
const INLINE = 0x200;
const UNWRITTEN = 0x800;
const SHARED = 0x2000;
const SECTOR = 512;

/** Output of `xfs_io -c stat -c 'fiemap -v' FILE`: sectors of 512 bytes. */
export function parseXfsIo(path: string, text: string): FileMap {
  const size = Number(/^stat\.size = (\d+)$/m.exec(text)?.[1] ?? -1);
  const rows = text.matchAll(/^\s*\d+: \[(\d+)\.\.(\d+)\]:\s+(\d+)\.\.\d+\s+\d+\s+0x([0-9a-f]+)\s*$/gm);
  const extents = [...rows].flatMap(([, first, last, at, flags]): MapExtent[] => {
    const bits = Number.parseInt(flags!, 16);
    if (bits & INLINE) return [];
    const words = [
      bits & DELALLOC ? 'delalloc' : '',
      bits & UNWRITTEN ? 'unwritten' : '',
      bits & SHARED ? 'shared' : '',
    ];
    const [from, to, addr] = [first, Number(last) + 1, at].map((sectors) => Number(sectors) * SECTOR) as [
      number,
      number,
      number,
    ];
    return [extent(from, to - from, addr, words)];
  });
  return { path, size, extents, blockMapped: false };
}

/** Files given to one run of filefrag. */
const BATCH = 100;
const MOST_OUTPUT = 1 << 28;

export type MapTool = 'filefrag' | 'xfs_io';

/** Maps of files, as many as can be had; what vanished meanwhile is left out. */
export async function fileMaps(tool: MapTool, paths: readonly string[]): Promise<FileMap[]> {
  const maps: FileMap[] = [];
  if (tool === 'xfs_io') {
    for (const path of paths) {
      const text = await output('xfs_io', ['-r', '-c', 'stat', '-c', 'fiemap -v', path]);
      if (text.includes('stat.size')) maps.push(parseXfsIo(path, text));
    }
  } else for (let at = 0; at < paths.length; at += BATCH) maps.push(...(await filefrag(paths.slice(at, at + BATCH))));
  return maps;
}

async function filefrag(paths: readonly string[]): Promise<FileMap[]> {
  const maps = parseFilefrag(await output('filefrag', ['-v', ...paths]));
  const again = maps.filter(({ blockMapped }) => blockMapped).map(({ path }) => path);
  if (again.length === 0) return maps;
  // Not with `filefrag -s`: what happens in that program is kept out of recordings.
  for (const path of again) writeBack(path);
  const whole = new Map(parseFilefrag(await output('filefrag', ['-v', ...again])).map((map) => [map.path, map]));
  return maps.map((map) => whole.get(map.path) ?? map);
}

/** Delayed blocks get their places. */
function writeBack(path: string): void {
  try {
    const file = openSync(path, 'r');
    try {
      fdatasyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch {
    // It is gone, or its disk is full: the map is what it was.
  }
}

/** The first of the tools that this machine has. */
export async function mapTool(): Promise<MapTool | null> {
  for (const tool of ['filefrag', 'xfs_io'] as const) if ((await output(tool, ['-V'])) !== '') return tool;
  return null;
}

/** What a program printed on stdout, or stderr where that is all; empty when it cannot be run. */
export function output(command: string, args: readonly string[]): Promise<string> {
  return new Promise((done) => {
    execFile(command, args, { maxBuffer: MOST_OUTPUT, env: { PATH: SYSTEM_PATH, LC_ALL: 'C' } }, (_, stdout, stderr) =>
      done(stdout === '' ? stderr : stdout),
    );
  });
}

/** Tools of administrators are not in everybody's path. */
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

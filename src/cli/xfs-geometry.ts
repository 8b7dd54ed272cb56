// `--xfs-geometry`: how XFS numbers its blocks, where the recording does not tell: in words, or as `xfs_info` prints it.
import { readFileSync, statSync } from 'node:fs';
import { suggestion } from '../base/nearest.js';
import { UserError } from '../model/issue.js';
import type { GivenGeometry } from '../model/trace.js';
import { wholeNumber } from './options.js';

const KEYS = ['agblocks', 'agblklog', 'blocksize'];
/** `xfs_info` of one file system is some hundred bytes. */
const LARGEST = 1 << 20;

export function geometriesGiven(given: readonly string[]): readonly GivenGeometry[] {
  const all = given.map(geometryGiven);
  const twice = all.find((one, i) => all.findIndex(({ device }) => device === one.device) !== i);
  if (twice === undefined) return all;
  throw new UserError('--xfs-geometry: two of them are for the same device; put the device before each (7:0=FILE)');
}

/** `[MAJ:MIN=]FILE` or `[MAJ:MIN=]agblocks=N[,agblklog=N][,blocksize=N]`. */
function geometryGiven(given: string): GivenGeometry {
  const [, major, minor, rest = ''] = /^(?:(\d+):(\d+)=)?(.*)$/s.exec(given) ?? [];
  const device = major === undefined ? -1 : Number(major) * 2 ** 20 + Number(minor);
  const isFile = statSync(rest, { throwIfNoEntry: false })?.isFile() === true;
  if (!isFile && !rest.includes('='))
    throw new UserError(
      `--xfs-geometry ${given}: no such file; expected what xfs_info prints, in a file, or agblocks=N[,agblklog=N][,blocksize=N]`,
    );
  return { device, ...(isFile ? fromInfo(given, rest) : fromWords(given, rest)) };
}

function fromWords(given: string, words: string): Omit<GivenGeometry, 'device'> {
  const values = new Map<string, number>();
  for (const word of words.split(',')) {
    const [key = '', value = ''] = word.split('=');
    if (!KEYS.includes(key))
      throw new UserError(
        `--xfs-geometry ${given}: expected agblocks, agblklog or blocksize, found "${key}"${suggestion(key, KEYS)}`,
      );
    values.set(key, wholeNumber(`--xfs-geometry: ${key}`, value));
  }
  return checked(given, values.get('agblocks'), values.get('blocksize') ?? 0, values.get('agblklog'));
}

/** xfs_info(8): `agcount=4, agsize=32768 blks` and `data = bsize=4096`. */
function fromInfo(given: string, path: string): Omit<GivenGeometry, 'device'> {
  if (statSync(path).size > LARGEST) throw new UserError(`--xfs-geometry ${given}: too large for what xfs_info prints`);
  const text = readFileSync(path, 'utf8');
  const sizes = [...text.matchAll(/\bagsize=(\d+) blks/g)];
  if (sizes.length > 1)
    throw new UserError(
      `--xfs-geometry ${given}: expected one file system, found ${sizes.length}; give one file for each`,
    );
  const agsize = sizes[0]?.[1];
  const bsize = /^data\s*=\s*bsize=(\d+)/m.exec(text)?.[1];
  return checked(given, agsize === undefined ? undefined : Number(agsize), Number(bsize ?? 0), undefined);
}

/** sb_agblklog is the size of a group rounded up to a power of two (fs/xfs/libxfs/xfs_sb.c). */
function checked(
  given: string,
  groupBlocks: number | undefined,
  blockBytes: number,
  log: number | undefined,
): Omit<GivenGeometry, 'device'> {
  const fail = (text: string): never => {
    throw new UserError(`--xfs-geometry ${given}: ${text}`);
  };
  if (groupBlocks === undefined) return fail('expected the size of an allocation group (agblocks=N), found none');
  if (groupBlocks < 64 || groupBlocks > 2 ** 31) return fail(`expected agblocks from 64 to 2^31, found ${groupBlocks}`);
  const rounded = Math.ceil(Math.log2(groupBlocks));
  if (log !== undefined && log !== rounded)
    return fail(`expected agblklog=${rounded} for groups of ${groupBlocks} blocks, found ${log}`);
  if (blockBytes !== 0 && !(Number.isInteger(Math.log2(blockBytes)) && blockBytes >= 512 && blockBytes <= 65_536))
    return fail(`expected blocksize to be a power of two from 512 to 65536, found ${blockBytes}`);
  return { groupBlocks, blockBytes };
}

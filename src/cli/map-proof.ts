// The end of a recording as proof: the maps a replay arrives at, against FIEMAP of the same files.
import { reference } from '../costs/index.js';
import type { Trace } from '../model/trace.js';
import * as policies from '../policies/index.js';
import { validateSettings } from '../policies/switches.js';
import type { MapExtent as SeenExtent } from '../record/fiemap.js';
import type { Snapshot } from '../record/observer.js';
import { plural } from '../report/format.js';
import { kernelOf } from '../results/run.js';
import { type MapExtent, type MapFile, mapSnapshots } from '../results/snapshots.js';
import { kernelPolicies } from './replaying.js';

export interface MapProof {
  /** Files looked at. */
  readonly files: number;
  readonly equal: number;
  /** Changed while they were looked at: nothing follows. */
  readonly changing: number;
  /** The trace does not tell their maps, and says so. */
  readonly uncertain: number;
  /** Have no blocks, and nothing told of any: nothing to compare. */
  readonly empty: number;
  readonly different: readonly Difference[];
}

export interface Difference {
  readonly path: string;
  readonly device: string;
  readonly inode: string;
  /** Runs that only one of the two has: `offset+length at address, state`. */
  readonly replayed: readonly string[];
  readonly fiemap: readonly string[];
}

/** Compared at the beginning and at the end of each look: a file whose replayed map changed in between proves nothing. */
export function proofOf(trace: Trace, snapshots: readonly Snapshot[]): MapProof {
  const proof = {
    files: snapshots.length,
    equal: 0,
    changing: 0,
    uncertain: 0,
    empty: 0,
    different: [] as Difference[],
  };
  if (snapshots.length === 0) return proof;
  const times = [...new Set(snapshots.flatMap(({ fromNs, toNs }) => [Number(fromNs), Number(toNs)]))];
  const maps = mapsAt(trace, times);
  for (const { device, inode, path, map, fromNs, toNs } of snapshots) {
    const key = `${Math.floor(device / 2 ** 20)}:${device % 2 ** 20}/${inode}`;
    const [first, last] = [fromNs, toNs].map((at) => maps.get(Number(at))?.get(key));
    if (first === undefined && map.extents.length === 0) {
      proof.empty++;
      continue;
    }
    if (first === undefined || last === undefined || last.uncertain) {
      proof.uncertain++;
      continue;
    }
    const seen = runsOf(map.extents);
    const [before, now] = [runsOf(first.extents), runsOf(last.extents)];
    if (now.join() === seen.join()) proof.equal++;
    else if (before.join() !== now.join()) proof.changing++;
    else proof.different.push({ path, device: last.device, inode: last.inode, ...apart(now, seen) });
  }
  return proof;
}

export function proofText({ files, equal, changing, uncertain, empty, different }: MapProof): string {
  if (files === 0) return 'no file was looked at in the end: the maps are not proved';
  const rest = [
    empty > 0 ? `${empty} have no blocks` : '',
    changing > 0 ? `${changing} changed meanwhile` : '',
    uncertain > 0 ? `${uncertain} uncertain` : '',
    different.length > 0
      ? `${different.length} DIFFER: ${different
          .slice(0, 3)
          .map(({ path }) => path)
          .join(', ')}`
      : '',
  ].filter((text) => text !== '');
  return `the replayed maps of ${equal} of ${plural(files, 'file')} equal FIEMAP at the end${rest.length > 0 ? `; ${rest.join(', ')}` : ''}`;
}

function mapsAt(trace: Trace, atNs: readonly number[]): ReadonlyMap<number, ReadonlyMap<string, MapFile>> {
  const settings = validateSettings({});
  const { snapshots } = mapSnapshots(trace, policies.recorded.build(settings), {
    atNs,
    costs: reference,
    sealRule: 'explicit',
    unseal: 'never',
    kernel: kernelOf(trace, kernelPolicies(settings)),
  });
  return new Map(
    snapshots.map((one) => [one.atNs, new Map(one.files.map((file) => [`${file.device}/${file.inode}`, file]))]),
  );
}

const apart = (replayed: readonly string[], fiemap: readonly string[]): Pick<Difference, 'replayed' | 'fiemap'> => ({
  replayed: replayed.filter((run) => !fiemap.includes(run)),
  fiemap: fiemap.filter((run) => !replayed.includes(run)),
});

type Extent = Pick<SeenExtent | MapExtent, 'offset' | 'length' | 'addr' | 'state'>;

/** Neighbours that continue each other as one: FIEMAP and a replay may cut them differently. */
function runsOf(extents: readonly Extent[]): string[] {
  const runs: { offset: number; length: number; addr: number; state: string }[] = [];
  for (const { offset, length, addr, state } of [...extents].sort((a, b) => a.offset - b.offset)) {
    const last = runs.at(-1);
    const goesOn = last !== undefined && last.state === state && last.offset + last.length === offset;
    if (goesOn && (state === 'delalloc' || last.addr + last.length === addr)) last.length += length;
    else runs.push({ offset, length, addr: state === 'delalloc' ? -1 : addr, state });
  }
  return runs.map(({ offset, length, addr, state }) => `${offset}+${length} at ${addr}, ${state}`);
}

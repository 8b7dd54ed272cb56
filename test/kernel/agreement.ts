// Replayed block maps against FIEMAP results, counted.
import * as costs from '../../src/costs/index.js';
import type { Trace } from '../../src/model/trace.js';
import { mapSnapshots } from '../../src/results/snapshots.js';
import { type MapRow, merged, policy, type Snapshot } from './recordings.js';

export interface Agreement {
  readonly snapshots: number;
  /** Equal to the map at the begin or the end of the look; `between` of them only piece by piece to it at some moment of the look. */
  readonly same: number;
  readonly between: number;
  readonly unknown: number;
  readonly wrong: readonly string[];
  /** Other bytes are shared than FIEMAP says. */
  readonly sharedWrong: readonly string[];
}

/** The known maps of the file at each of the times; `seen` says whether anything was said of it at all. */
interface Moments {
  readonly seen: boolean;
  readonly known: readonly (readonly MapRow[])[];
  /** What of each is shared. */
  readonly shared: readonly number[];
}

/** A replay of the trace against what FIEMAP said meanwhile. `guesses`: maps that are declared uncertain count as well. */
export function agreementOf(trace: Trace, truth: readonly Snapshot[], guesses = false): Agreement {
  // The call takes time: its begin or its end may be what it saw.
  const ends = mapsAt(
    trace,
    truth.flatMap((s) => [s.fromNs, s.toNs]),
    guesses,
  );
  const differ: Snapshot[] = [];
  const sharedWrong: string[] = [];
  let unknown = 0;
  for (const s of truth) {
    const { seen, known, shared } = ends(s, [s.fromNs, s.toNs]);
    if (known.length > 0 && !shared.includes(s.sharedBytes)) sharedWrong.push(`inode ${s.inode} at ${s.fromNs}`);
    if (known.length === 0 && (seen || s.extents.length > 0)) unknown++;
    else if (known.length > 0 && !known.some((rows) => JSON.stringify(rows) === JSON.stringify(s.extents)))
      differ.push(s);
  }
  // FIEMAP asks for one extent after the other and lets others change the map meanwhile (iomap_fiemap(), fs/iomap/fiemap.c).
  const during = (s: Snapshot): number[] => [s.fromNs, ...recordTimes(trace, s.fromNs, s.toNs), s.toNs];
  const within = mapsAt(trace, differ.flatMap(during), guesses);
  const wrong = differ.filter((s) => !pieceByPiece(s.extents, within(s, during(s)).known));
  return {
    snapshots: truth.length,
    same: truth.length - unknown - wrong.length,
    between: differ.length - wrong.length,
    unknown,
    wrong: wrong.map((s) => `inode ${s.inode} at ${s.fromNs}`),
    sharedWrong,
  };
}

function mapsAt(
  trace: Trace,
  times: readonly number[],
  guesses: boolean,
): (of: Snapshot, atNs: readonly number[]) => Moments {
  const report = mapSnapshots(trace, policy('recorded'), {
    atNs: [...new Set(times)],
    costs: costs.reference,
    sealRule: 'explicit',
    unseal: 'never',
    kernel: policy('dax'),
  });
  const byTime = new Map(report.snapshots.map((snapshot) => [snapshot.atNs, snapshot.files]));
  return (of, atNs) => {
    const files = atNs.flatMap((time) => byTime.get(time)!.filter((file) => Number(file.inode) === of.inode));
    const known = files.filter((file) => guesses || !file.uncertain);
    return {
      seen: files.length > 0,
      known: known.map((file) => merged(file.extents.map((e) => [e.offset, e.addr, e.length, e.state]))),
      shared: known.map((file) => file.extents.reduce((sum, e) => sum + (e.shared === true ? e.length : 0), 0)),
    };
  };
}

function recordTimes(trace: Trace, fromNs: number, toNs: number): number[] {
  const { rows, timeNs } = trace.records;
  const origin = Number(trace.originNs);
  return [...timeNs.subarray(0, rows)].map((ns) => ns + origin).filter((ns) => ns > fromNs && ns < toNs);
}

/** Whether every piece of a map is as one of the others has it. */
function pieceByPiece(rows: readonly MapRow[], others: readonly (readonly MapRow[])[]): boolean {
  const cuts = [rows, ...others].flatMap((map) => map.flatMap(([offset, , length]) => [offset, offset + length]));
  return [...new Set(cuts)].every((at) => others.some((other) => valueAt(other, at) === valueAt(rows, at)));
}

function valueAt(rows: readonly MapRow[], at: number): string {
  const row = rows.find(([offset, , length]) => offset <= at && at < offset + length);
  if (row === undefined) return 'hole';
  const [offset, addr, , state] = row;
  return `${state} ${addr < 0 ? '' : addr + at - offset}`;
}

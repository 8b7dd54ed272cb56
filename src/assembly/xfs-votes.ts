// Where an XFS keeps its allocation groups, told by writes alone: buffered writes never show one extent both ways (see
// XfsGeometry), but a request to the disk begins where an extent does. Requests and extents of one length are paired, each pair
// votes for the group sizes that would explain it, and what most extents agree with is tried on all of them.

import { placed } from './xfs-geometry.js';

/** So many extents and requests are looked at; the first of a recording are as good as any. */
const EXTENTS = 512;
const REQUESTS = 4096;
/** agblklog of groups from 16 MiB (blocks of 4 KiB) to 1 TiB (blocks of 1 KiB). */
const LOGS = [12, 31] as const;
/** Candidates that are tried on all extents. */
const TRIED = 64;
/** Extents that must begin where requests do; their least share of all; and how many times as many as under any rival. */
const LEAST = 4;
const LEAST_SHARE = 0.6;
const MARGIN = 1.5;

export interface Elected {
  /** The largest groups first; those behind place all that was seen in the same way. */
  readonly groups: readonly { readonly size: number; readonly log: number }[];
  /** Extents beyond the first group that begin where a request does, of so many. */
  readonly agree: number;
  readonly of: number;
}

interface Ballot {
  readonly fsb: number[];
  readonly counts: number[];
  readonly seen: Set<number>;
  /** Bytes: beginning and length by turns. */
  readonly requests: number[];
}

/** Extents that are told again and again are known by some of their bits: a set takes much longer. */
const LATELY = 256;

export class XfsVotes {
  private readonly ballots = new Map<number, Ballot>();
  /** Blocks told lately, all of one device. */
  private readonly lately = new Float64Array(LATELY).fill(Number.NaN);
  private lastDevice = Number.NaN;

  /** Blocks of a file's data were told. */
  extent(device: number, fsb: number, count: number): void {
    if (device !== this.lastDevice) this.lately.fill(Number.NaN);
    this.lastDevice = device;
    const slot = (fsb ^ (fsb >>> 8)) & (LATELY - 1);
    if (this.lately[slot] === fsb) return;
    this.lately[slot] = fsb;
    let ballot = this.ballots.get(device);
    if (ballot === undefined) {
      ballot = { fsb: [], counts: [], seen: new Set(), requests: [] };
      this.ballots.set(device, ballot);
    }
    if (ballot.fsb.length === EXTENTS || ballot.seen.has(fsb)) return;
    ballot.seen.add(fsb);
    ballot.fsb.push(fsb);
    ballot.counts.push(count);
  }

  /** A request for data, in bytes of the device. */
  request(device: number, addr: number, length: number): void {
    const requests = this.ballots.get(device)?.requests;
    if (requests !== undefined && requests.length < 2 * REQUESTS) requests.push(addr, length);
  }

  /** null: nothing explains what was seen clearly better than all else. */
  elect(device: number, block: number): Elected | null {
    const ballot = this.ballots.get(device);
    if (ballot === undefined || ballot.requests.length === 0) return null;
    const begins = new Set<number>();
    const byCount = new Map<number, number[]>();
    for (let i = 0; i < ballot.requests.length; i += 2) {
      const start = ballot.requests[i]! / block;
      const count = ballot.requests[i + 1]! / block;
      if (begins.has(start)) continue;
      begins.add(start);
      const same = byCount.get(count);
      if (same === undefined) byCount.set(count, [start]);
      else if (same.length < 64) same.push(start);
    }
    const ranked = candidates(ballot, byCount).map((one) => ({ ...one, ...tried(one, ballot, begins) }));
    ranked.sort((a, b) => b.agree - a.agree || b.log - a.log);
    const [best] = ranked;
    if (best === undefined || best.agree < LEAST || best.agree < LEAST_SHARE * best.of) return null;
    // Groups half as large under half the numbers place the blocks that were seen alike: that is no rival.
    const rival = ranked.find((one) => !alike(one, best, ballot));
    if (rival !== undefined && best.agree < MARGIN * rival.agree) return null;
    return { groups: ranked.filter((one) => alike(one, best, ballot)), agree: best.agree, of: best.of };
  }
}

interface Candidate {
  readonly size: number;
  readonly log: number;
}

/** Group sizes that explain a request as an extent of its length, the most frequent ones. */
function candidates({ fsb, counts }: Ballot, byCount: ReadonlyMap<number, readonly number[]>): Candidate[] {
  const votes = new Map<string, Candidate & { votes: number }>();
  for (let log = LOGS[0]; log <= LOGS[1]; log++)
    for (const [i, block] of fsb.entries()) {
      const group = Math.floor(block / 2 ** log);
      if (group === 0) continue;
      const inGroup = block - group * 2 ** log;
      for (const start of byCount.get(counts[i]!) ?? []) {
        const size = (start - inGroup) / group;
        if (!Number.isInteger(size) || size <= inGroup || size > 2 ** log || size <= 2 ** (log - 1)) continue;
        const key = `${log}/${size}`;
        const known = votes.get(key);
        if (known === undefined) votes.set(key, { size, log, votes: 1 });
        else known.votes++;
      }
    }
  return [...votes.values()].sort((a, b) => b.votes - a.votes).slice(0, TRIED);
}

/** Extents beyond the first group, and how many of them begin where a request does. */
function tried({ size, log }: Candidate, { fsb }: Ballot, begins: ReadonlySet<number>): { agree: number; of: number } {
  let agree = 0;
  let of = 0;
  for (const block of fsb) {
    const group = Math.floor(block / 2 ** log);
    if (group === 0) {
      // All blocks are within their groups.
      if (block >= size) return { agree: 0, of: fsb.length };
      continue;
    }
    of++;
    if (block - group * 2 ** log >= size) return { agree: 0, of };
    if (begins.has(placed(block, log, size))) agree++;
  }
  return { agree, of };
}

const alike = (one: Candidate, other: Candidate, { fsb }: Ballot): boolean =>
  fsb.every((block) => placed(block, one.log, one.size) === placed(block, other.log, other.size));

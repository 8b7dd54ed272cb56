// Where the memory of a DAX device begins: its physical address is in no event, but follows from what faults and direct I/O
// tell (kernel-events reference, section 7).
import type { Context } from './context.js';
import { fileOf } from './context.js';
import { type AddressOf, MapReplay } from './map-replay.js';

export interface DaxBase {
  readonly device: number;
  readonly physical: number;
  readonly votes: number;
  readonly of: number;
}

/** Where DAX memory begins: each fault that told a page frame, and each direct I/O into a mapping, votes. */
export function daxBase(c: Context, addressOf: AddressOf): DaxBase | null {
  if (c.daxFiles.size === 0) return null;
  const replay = new MapReplay(c.log, addressOf, c.blocks);
  const votes = new Map<string, number>();
  let of = 0;
  const vote = (file: number, offset: number, physical: number): void => {
    const addr = replay.owners.map(file).addrAt(offset);
    const device = replay.deviceOf.get(file);
    if (addr < 0 || device === undefined || physical < addr || !c.daxFiles.has(file)) return;
    of++;
    const key = `${device}/${physical - addr}`;
    votes.set(key, (votes.get(key) ?? 0) + 1);
  };
  const { accesses, hints } = c.devices;
  let h = 0;
  accesses.each({
    begin(a) {
      if (a.kind !== 'memory' || !a.direct?.buffer || (a.segments[0]?.file ?? 0) >= 0) return;
      for (; h < hints.length && hints[h]!.timeNs <= a.fromNs; h++) hint(replay, hints[h]!, vote);
      replay.to(a.fromNs);
      const direct = a.direct!;
      if (accesses.directs.covered(direct) === 0)
        vote(fileOf(direct.buffer!), direct.bufferOffset, a.segments[0]!.addr);
      accesses.directs.cover(
        direct,
        a.segments.reduce((sum, s) => sum + s.length, 0),
      );
    },
    end() {},
  });
  for (; h < hints.length; h++) hint(replay, hints[h]!, vote);
  let best: DaxBase | null = null;
  for (const [key, n] of votes) {
    const [device, physical] = key.split('/').map(Number) as [number, number];
    if (best === null || n > best.votes) best = { device, physical, votes: n, of };
  }
  return best !== null && best.votes * 2 > of ? best : null;
}

function hint(
  replay: MapReplay,
  h: { timeNs: number; file: number; offset: number; physical: number },
  vote: (file: number, offset: number, physical: number) => void,
): void {
  // The frame goes in just before the map change of the same fault may be logged; a little later is as true.
  replay.to(h.timeNs);
  vote(h.file, h.offset, h.physical);
}

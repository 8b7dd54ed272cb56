// What an IOMMU was told to map. The DMA API does so for the mappings it then tells of itself (dma_map_*, same thread, right
// behind); what no such event claims is an access of its own: VFIO, or a recording without the events of `dma`.
import type { Access } from './device-log.js';

export interface Piece {
  readonly iova: number;
  readonly addr: number;
  readonly length: number;
  readonly access: Access;
  /** The DMA API claimed it, or it is over. */
  gone: boolean;
}

/** More than a scatter list has: nobody is going to claim them. */
const MOST_UNCLAIMED = 4096;

export class IommuPieces {
  /** By thread, since its last claim. */
  private readonly since = new Map<number, Piece[]>();
  private readonly open = new Map<number, Piece>();

  add(tid: number, iova: number, addr: number, length: number, access: Access): void {
    const piece = { iova, addr, length, access, gone: false };
    const list = this.since.get(tid);
    if (list === undefined || list.length === MOST_UNCLAIMED) this.since.set(tid, [piece]);
    else list.push(piece);
    this.open.set(iova, piece);
  }

  /** Those that the thread had mapped just before belong to the mapping that is now told. */
  claim(tid: number): readonly Piece[] {
    const list = (this.since.get(tid) ?? []).filter((piece) => !piece.gone);
    this.since.delete(tid);
    for (const piece of list) {
      piece.gone = true;
      if (this.open.get(piece.iova) === piece) this.open.delete(piece.iova);
    }
    return list;
  }

  /** [iova, iova + length) is unmapped: the accesses that end with it, which nobody claimed. */
  end(iova: number, length: number): readonly Access[] {
    const ended: Access[] = [];
    for (let at = iova; at < iova + length; ) {
      const piece = this.open.get(at);
      if (piece === undefined) break;
      this.open.delete(at);
      piece.gone = true;
      ended.push(piece.access);
      at += piece.length;
    }
    return ended;
  }

  /** Still mapped at the end, and claimed by nobody. */
  rest(): readonly Access[] {
    return [...this.open.values()].map((piece) => piece.access);
  }
}

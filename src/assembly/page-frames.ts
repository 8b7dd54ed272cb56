// Which page of which file a frame of memory holds: the page cache, as its own events tell.

const PAGE = 4096;
const LARGEST_ORDER = 10;

interface CachedPage {
  readonly file: number;
  readonly offset: number;
  readonly order: number;
}

export class PageFrames {
  private readonly pages = new Map<number, CachedPage>();

  added(frame: number, order: number, file: number, offset: number): void {
    this.pages.set(frame, { file, offset, order });
  }

  /** A large folio may have been split since it was added: then only the deleted frames go. */
  deleted(frame: number, order: number, file: number): void {
    const found = this.folio(frame);
    if (found === null || found.page.file !== file) return;
    let { base, page } = found;
    this.pages.delete(base);
    while (page.order > order) {
      const half = 2 ** (page.order - 1);
      const upper = { file, offset: page.offset + half * PAGE, order: page.order - 1 };
      const lower = { file, offset: page.offset, order: page.order - 1 };
      if (frame >= base + half) {
        this.pages.set(base, lower);
        base += half;
        page = upper;
      } else {
        this.pages.set(base + half, upper);
        page = lower;
      }
    }
  }

  /** Page-cache owner of a physical address. Large folios: the entry stands at the first frame of 2^order. */
  owner(addr: number): { file: number; offset: number } | null {
    const frame = Math.floor(addr / PAGE);
    const found = this.folio(frame);
    return found === null ? null : { file: found.page.file, offset: found.page.offset + (frame - found.base) * PAGE };
  }

  private folio(frame: number): { base: number; page: CachedPage } | null {
    for (let order = 0; order <= LARGEST_ORDER; order++) {
      const size = 2 ** order;
      const base = frame - (frame % size);
      const page = this.pages.get(base);
      if (page !== undefined && base + 2 ** page.order > frame) return { base, page };
    }
    return null;
  }
}

// Which files the recording is about, while it runs: device and inode of every record of the `maps` buffer, counted.
import { CpuPages } from '../formats/ring-buffer.js';
import { parseTracepointFormat } from '../formats/tracepoint-format.js';
import type { Group } from './event-sets.js';
import type { Inode } from './filters.js';

/** Where a page keeps its parts on every kernel since 2.6.28 (events/header_page), on 64 bit. */
export const PAGE_LAYOUT = { timeOffset: 0, commitOffset: 8, commitSize: 8, dataOffset: 16 };
/** Files counted; a walk through millions must not fill the memory. */
const MOST = 100_000;

interface Places {
  readonly device: number;
  readonly inode: number;
  readonly wide: boolean;
}

export interface TouchedFile extends Inode {
  readonly events: number;
}

export class Touched {
  readonly #places = new Map<number, Places>();
  readonly #counts = new Map<number, Map<number, number>>();
  readonly #cpus = new Map<number, { readonly pages: CpuPages; next: Uint8Array | null }>();
  readonly #pageSize: number;
  readonly #little: boolean;
  #files = 0;

  constructor(formats: readonly string[], pageSize: number, little: boolean) {
    this.#pageSize = pageSize;
    this.#little = little;
    for (const text of formats) {
      const format = parseTracepointFormat(text);
      const device = format?.fields.find(({ name }) => name === 'dev' || name === 's_dev');
      const inode = format?.fields.find(({ name }) => name === 'ino' || name === 'i_ino');
      if (format === null || device === undefined || inode === undefined) continue;
      this.#places.set(format.id, { device: device.offset, inode: inode.offset, wide: inode.size === 8 });
    }
  }

  /** Whole pages of one CPU, in order. */
  // hot
  take(group: Group, cpu: number, block: Uint8Array): void {
    if (group !== 'maps') return;
    const pages = this.#open(cpu, block);
    const little = this.#little;
    while (pages.next()) {
      const { view, from, to } = pages;
      const places = this.#places.get(view.getUint16(from, little));
      if (places === undefined || from + Math.max(places.device + 4, places.inode + 8) > to) continue;
      const at = from + places.inode;
      const low = view.getUint32(places.wide && !little ? at + 4 : at, little);
      const high = places.wide ? view.getUint32(little ? at + 4 : at, little) : 0;
      this.#count(view.getUint32(from + places.device, little), high * 4294967296 + low);
    }
  }

  /** Records of one file so far. */
  count({ device, inode }: Inode): number {
    return this.#counts.get(device)?.get(inode) ?? 0;
  }

  /** Busiest first. */
  files(): TouchedFile[] {
    const all = [...this.#counts].flatMap(([device, inodes]) =>
      [...inodes].map(([inode, events]) => ({ device, inode, events })),
    );
    return all.sort((a, b) => b.events - a.events);
  }

  #count(device: number, inode: number): void {
    if (inode === 0) return;
    let inodes = this.#counts.get(device);
    if (inodes === undefined) {
      inodes = new Map();
      this.#counts.set(device, inodes);
    }
    const known = inodes.get(inode);
    if (known === undefined && this.#files++ >= MOST) return;
    inodes.set(inode, (known ?? 0) + 1);
  }

  #open(cpu: number, block: Uint8Array): CpuPages {
    let source = this.#cpus.get(cpu);
    if (source === undefined) {
      const state: { next: Uint8Array | null } = { next: null };
      const give = (): Uint8Array | null => {
        const { next } = state;
        state.next = null;
        return next;
      };
      const pages = new CpuPages(cpu, give, 0, PAGE_LAYOUT, this.#pageSize, this.#little, (first) => first);
      source = Object.assign(state, { pages });
      this.#cpus.set(cpu, source);
    }
    source.next = block;
    return source.pages;
  }
}

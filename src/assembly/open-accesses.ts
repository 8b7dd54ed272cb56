// Device accesses that are under way, by what their end will name: a device and an address, a sector or a list of them.
// Equal ones can be under way twice at a time: the first that began is the first to end.
import type { Access } from './device-log.js';

interface Entry {
  readonly access: Access;
  /** Began later with the same key. */
  next: Entry | null;
}

export class OpenAccesses {
  /** By device, or whatever tells keys apart. A key is a number where it can be: texts of numbers take long to make. */
  private readonly owners = new Map<number, Map<number | string, Entry>>();

  add(owner: number, key: number | string, access: Access): void {
    let entries = this.owners.get(owner);
    if (entries === undefined) {
      entries = new Map();
      this.owners.set(owner, entries);
    }
    const entry = { access, next: null };
    let last = entries.get(key);
    if (last === undefined) {
      entries.set(key, entry);
      return;
    }
    while (last.next !== null) last = last.next;
    last.next = entry;
  }

  /** The one that began first goes. */
  take(owner: number, key: number | string): Access | undefined {
    const entries = this.owners.get(owner);
    const entry = entries?.get(key);
    if (entries === undefined || entry === undefined) return undefined;
    if (entry.next === null) entries.delete(key);
    else entries.set(key, entry.next);
    return entry.access;
  }

  *rest(): Iterable<Access> {
    for (const entries of this.owners.values())
      for (const first of entries.values())
        for (let entry: Entry | null = first; entry !== null; entry = entry.next) yield entry.access;
  }
}

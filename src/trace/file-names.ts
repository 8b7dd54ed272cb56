// Which names mean the same file: device and inode, a path alone, or a placeholder for an open descriptor.
// Ids are handed out at once and may turn out to be one file later (union-find); `compact` resolves them.
import type { FileInfo } from '../model/events.js';
import { NONE } from '../model/units.js';

interface Names {
  device: string;
  inode: string;
  path: string;
}

export class FileNames {
  readonly #names: Names[] = [];
  /** Id of the file this one was merged into, its own when it was not, NONE when it stays unknown. */
  readonly #parent: number[] = [];
  readonly #byInode = new Map<string, number>();
  readonly #byPath = new Map<string, number>();

  /** By device and inode, or by path alone when `inode` is ''. A path means the file that was last called by it. */
  id(device: string, inode: string, path: string): number {
    if (inode === '') return path === '' ? this.#add(device, '', '') : this.#idOfPath(device, path);
    const key = `${device}\n${inode}`;
    const known = this.#root(this.#byInode.get(key));
    const called = path === '' ? NONE : this.#root(this.#byPath.get(path));
    // A file known by path alone is the one whose device and inode we now learn; another inode is a new file of that name.
    const sameFile = called !== NONE && this.#names[called]!.inode === '';
    if (known === NONE) {
      const id = sameFile ? called : this.#add(device, inode, path);
      if (sameFile) Object.assign(this.#names[id]!, { device, inode });
      this.#byInode.set(key, id);
      if (path !== '') this.#byPath.set(path, id);
      return id;
    }
    if (path !== '') {
      if (sameFile) this.merge(called, known);
      else if (called !== known) this.#byPath.set(path, known);
      if (this.#names[known]!.path === '') this.#names[known]!.path = path;
    }
    return known;
  }

  placeholder(): number {
    return this.#add('', '', '');
  }

  /** The path was removed or given to another file. */
  forget(path: string): void {
    this.#byPath.delete(path);
  }

  /** `from` is the same file as `to`, whose names win; NONE: `from` stays unknown. */
  merge(from: number, to: number): void {
    const source = this.#root(from);
    if (source === NONE) return;
    const target = this.#root(to);
    if (source === target) return;
    this.#parent[source] = target;
    if (target === NONE) return;
    const names = this.#names[target]!;
    const learned = this.#names[source]!;
    if (names.inode === '') Object.assign(names, { device: learned.device || names.device, inode: learned.inode });
    if (names.path === '') names.path = learned.path;
  }

  /** Rewrites ids to rows of the returned table: files that occur in the column, in the order in which they do. */
  compact(column: Uint32Array, rows: number): FileInfo[] {
    const kept: FileInfo[] = [];
    const places = new Uint32Array(this.#names.length).fill(NONE);
    for (let i = 0; i < rows; i++) {
      const file = this.#root(column[i]!);
      if (file === NONE) {
        column[i] = NONE;
        continue;
      }
      if (places[file] === NONE) places[file] = kept.push(this.#names[file]!) - 1;
      column[i] = places[file]!;
    }
    return kept;
  }

  #idOfPath(device: string, path: string): number {
    const known = this.#root(this.#byPath.get(path));
    if (known !== NONE) return known;
    const id = this.#add(device, '', path);
    this.#byPath.set(path, id);
    return id;
  }

  #add(device: string, inode: string, path: string): number {
    this.#parent.push(this.#names.length);
    return this.#names.push({ device, inode, path }) - 1;
  }

  #root(id = NONE): number {
    const parent = this.#parent;
    let at = id;
    while (at !== NONE && parent[at] !== at) {
      const up = parent[at]!;
      if (up !== NONE) parent[at] = parent[up]!;
      at = up;
    }
    return at;
  }
}

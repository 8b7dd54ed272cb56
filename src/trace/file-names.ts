// Which names mean the same file: device and inode, a path alone, or a placeholder for an open descriptor.
// Ids are handed out at once and may turn out to be one file later (union-find); `resolve` tells.
import type { FileInfo } from '../model/events.js';
import { NONE } from '../model/units.js';

interface Names {
  device: string;
  inode: string;
  path: string;
}

/** In the table of parents: no file. */
const NOTHING = -1;

export class FileNames {
  /** Of ids that stand for a file of their own. Descriptors are opened by the million: a placeholder has no entry. */
  readonly #names = new Map<number, Names>();
  /** Id of the file this one was merged into, its own when it was not, NOTHING when it stays unknown. */
  #parent = new Int32Array(1024);
  #size = 0;
  readonly #byInode = new Map<string, number>();
  readonly #byPath = new Map<string, number>();

  /** By device and inode, or by path alone when `inode` is ''. A path means the file that was last called by it. */
  id(device: string, inode: string, path: string): number {
    if (inode === '') return path === '' ? this.#add(device, '', '') : this.#idOfPath(device, path);
    const key = `${device}\n${inode}`;
    const known = this.#root(this.#byInode.get(key));
    const called = path === '' ? NONE : this.#root(this.#byPath.get(path));
    // A file known by path alone is the one whose device and inode we now learn; another inode is a new file of that name.
    const sameFile = called !== NONE && this.#named(called).inode === '';
    if (known === NONE) {
      const id = sameFile ? called : this.#add(device, inode, path);
      if (sameFile) Object.assign(this.#named(id), { device, inode });
      this.#byInode.set(key, id);
      if (path !== '') this.#byPath.set(path, id);
      return id;
    }
    if (path !== '') {
      if (sameFile) this.merge(called, known);
      else if (called !== known) this.#byPath.set(path, known);
      const names = this.#named(known);
      // A whole path says more than the last name of it.
      if (names.path === '' || (path.startsWith('/') && path.endsWith(`/${names.path}`))) names.path = path;
    }
    return known;
  }

  placeholder(): number {
    return this.#newId();
  }

  /** The number is given to another file. */
  forgetInode(device: string, inode: string): void {
    this.#byInode.delete(`${device}\n${inode}`);
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
    const learned = this.#names.get(source);
    this.#names.delete(source);
    this.#parent[source] = target === NONE ? NOTHING : target;
    if (target === NONE || learned === undefined) return;
    const names = this.#named(target);
    if (names.inode === '') Object.assign(names, { device: learned.device || names.device, inode: learned.inode });
    if (names.path === '') names.path = learned.path;
  }

  /** No ids are asked for any more: only what files are called stays known. */
  end(): void {
    this.#byInode.clear();
    this.#byPath.clear();
  }

  /** How many ids were handed out. */
  get size(): number {
    return this.#size;
  }

  /** The id that stands for the file of this one; NONE when nothing tells which that is. */
  resolve(id: number): number {
    const root = this.#root(id);
    return this.#names.has(root) ? root : NONE;
  }

  /** What a resolved id is called. */
  info(id: number): FileInfo {
    return this.#names.get(id)!;
  }

  /** Names to write to; a placeholder gets its own. */
  #named(id: number): Names {
    let names = this.#names.get(id);
    if (names === undefined) {
      names = { device: '', inode: '', path: '' };
      this.#names.set(id, names);
    }
    return names;
  }

  #idOfPath(device: string, path: string): number {
    const known = this.#root(this.#byPath.get(path));
    if (known !== NONE) return known;
    const id = this.#add(device, '', path);
    this.#byPath.set(path, id);
    return id;
  }

  #add(device: string, inode: string, path: string): number {
    const id = this.#newId();
    this.#names.set(id, { device, inode, path });
    return id;
  }

  #newId(): number {
    if (this.#size === this.#parent.length) {
      const grown = new Int32Array(2 * this.#size);
      grown.set(this.#parent);
      this.#parent = grown;
    }
    this.#parent[this.#size] = this.#size;
    return this.#size++;
  }

  #root(id = NONE): number {
    if (id === NONE) return NONE;
    const parent = this.#parent;
    let at = id;
    for (;;) {
      const up = parent[at]!;
      if (up === NOTHING) return NONE;
      if (up === at) return at;
      if (parent[up]! !== NOTHING) parent[at] = parent[up]!;
      at = up;
    }
  }
}

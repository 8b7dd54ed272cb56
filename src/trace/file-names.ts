// Which names mean the same file: device and inode, a path alone, or a placeholder for an open descriptor.
// Ids are handed out at once and may turn out to be one file later (union-find); `resolve` tells.
import type { FileInfo } from '../model/events.js';
import { NONE } from '../model/units.js';

interface Names {
  device: string;
  inode: string;
  path: string;
}

/** Of ids that stand for another file: descriptors are opened by the million. */
const NAMELESS: Names = Object.freeze({ device: '', inode: '', path: '' });

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
      const names = this.#names[known]!;
      // A whole path says more than the last name of it.
      if (names.path === '' || (path.startsWith('/') && path.endsWith(`/${names.path}`))) names.path = path;
    }
    return known;
  }

  placeholder(): number {
    return this.#add('', '', '');
  }

  /** What the file is called from now on. A whole path says more than the last name of it. */
  rename(file: number, name: string): void {
    const id = this.#root(file);
    if (id === NONE) return;
    const names = this.#names[id]!;
    if (!names.path.endsWith(`/${name}`)) names.path = name;
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
    if (target === NONE) {
      this.#names[source] = NAMELESS;
      return;
    }
    const names = this.#names[target]!;
    const learned = this.#names[source]!;
    if (names.inode === '') Object.assign(names, { device: learned.device || names.device, inode: learned.inode });
    if (names.path === '') names.path = learned.path;
    this.#names[source] = NAMELESS;
  }

  /** How many ids were handed out. */
  get size(): number {
    return this.#names.length;
  }

  /** The id that stands for the file of this one; NONE when nothing tells which that is. */
  resolve(id: number): number {
    return this.#root(id);
  }

  /** What a resolved id is called. */
  info(id: number): FileInfo {
    return this.#names[id]!;
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

// Which names mean the same file: device and inode, a path alone, or a placeholder for an open descriptor.
// Ids are handed out at once and may turn out to be one file later (union-find); `resolve` tells.
import { Columns } from '../base/columns.js';
import { WordNumbers } from '../base/word-numbers.js';
import type { FileInfo } from '../model/events.js';
import type { Words } from '../model/kernel.js';
import { NONE } from '../model/units.js';

/** In the table of parents: no file. In that of entries: none. */
const NOTHING = -1;

/** Words: `identity` is device and inode, of which the latter is so long; `path` is one more, 0 for none. */
const ENTRY_SHAPE = { identity: Uint32Array, inodeLength: Uint32Array, path: Uint32Array };

export class FileNames {
  /**
   * Entry of an id that stands for a file of its own. Descriptors are opened by the million: a placeholder has none. Files
   * may be as many: what they are called is kept as bytes, and looked up without a map of texts.
   */
  #entry = new Int32Array(1024);
  readonly #words: Words;
  readonly #entries = new Columns(ENTRY_SHAPE);
  /** Id of the file this one was merged into, its own when it was not, NOTHING when it stays unknown. */
  #parent = new Int32Array(1024);
  #size = 0;
  #byInode: WordNumbers;
  #byPath: WordNumbers;

  constructor(words: Words) {
    this.#words = words;
    this.#byInode = new WordNumbers(words);
    this.#byPath = new WordNumbers(words);
  }

  /** By device and inode, or by path alone when `inode` is ''. A path means the file that was last called by it. */
  id(device: string, inode: string, path: string): number {
    if (inode === '') return path === '' ? this.#add(device, '', '') : this.#idOfPath(device, path);
    const key = identityText(device, inode);
    const known = this.#root(this.#byInode.get(key));
    const called = path === '' ? NONE : this.#root(this.#byPath.get(path));
    // A file known by path alone is the one whose device and inode we now learn; another inode is a new file of that name.
    const sameFile = called !== NONE && this.#hasNoInode(this.#named(called));
    if (known === NONE) {
      const id = sameFile ? called : this.#add(device, inode, path);
      if (sameFile) this.#isInode(this.#named(id), device, inode);
      this.#byInode.set(key, id);
      if (path !== '') this.#byPath.set(path, id);
      return id;
    }
    if (path !== '') {
      if (sameFile) this.merge(called, known);
      else if (called !== known) this.#byPath.set(path, known);
      this.#isCalled(this.#named(known), path);
    }
    return known;
  }

  placeholder(): number {
    return this.#newId();
  }

  /** The number is given to another file. */
  forgetInode(device: string, inode: string): void {
    this.#byInode.delete(identityText(device, inode));
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
    const learned = this.#entry[source]!;
    this.#entry[source] = NOTHING;
    this.#parent[source] = target === NONE ? NOTHING : target;
    if (learned === NOTHING) return;
    if (target === NONE) return;
    const entry = this.#named(target);
    const { path } = this.#entries.at;
    if (this.#hasNoInode(entry)) {
      const { device, inode } = this.#identity(learned);
      this.#isInode(entry, device || this.#identity(entry).device, inode);
    }
    if (path[entry] === 0) path[entry] = path[learned]!;
  }

  /** No ids are asked for any more: only what files are called stays known. */
  end(): void {
    this.#byInode = new WordNumbers(this.#words);
    this.#byPath = new WordNumbers(this.#words);
  }

  /** How many ids were handed out. */
  get size(): number {
    return this.#size;
  }

  /** The id that stands for the file of this one; NONE when nothing tells which that is. */
  resolve(id: number): number {
    const root = this.#root(id);
    return root !== NONE && this.#entry[root] !== NOTHING ? root : NONE;
  }

  /** What a resolved id is called. */
  info(id: number): FileInfo {
    const entry = this.#entry[id]!;
    return { ...this.#identity(entry), path: this.#text(this.#entries.at.path[entry]!) };
  }

  /** Entry to write to; a placeholder gets its own. */
  #named(id: number): number {
    if (this.#entry[id] === NOTHING) this.#entry[id] = this.#newEntry('', '', '');
    return this.#entry[id]!;
  }

  #newEntry(device: string, inode: string, path: string): number {
    const entry = this.#entries.add();
    this.#isInode(entry, device, inode);
    this.#entries.at.path[entry] = this.#word(path);
    return entry;
  }

  #hasNoInode(entry: number): boolean {
    return this.#entries.at.inodeLength[entry] === 0;
  }

  #isInode(entry: number, device: string, inode: string): void {
    const { identity, inodeLength } = this.#entries.at;
    identity[entry] = this.#words.text(identityText(device, inode));
    inodeLength[entry] = inode.length;
  }

  #identity(entry: number): Pick<FileInfo, 'device' | 'inode'> {
    const { identity, inodeLength } = this.#entries.at;
    const text = this.#words.get(identity[entry]!);
    const from = text.length - inodeLength[entry]!;
    return { device: text.slice(0, from - 1), inode: text.slice(from) };
  }

  /** A whole path says more than the last name of it. */
  #isCalled(entry: number, path: string): void {
    const { path: paths } = this.#entries.at;
    const known = this.#text(paths[entry]!);
    if (known === '' || (path.startsWith('/') && path.endsWith(`/${known}`))) paths[entry] = this.#word(path);
  }

  #word(text: string): number {
    return text === '' ? 0 : this.#words.text(text) + 1;
  }

  #text(word: number): string {
    return word === 0 ? '' : this.#words.get(word - 1);
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
    this.#entry[id] = this.#newEntry(device, inode, path);
    return id;
  }

  #newId(): number {
    if (this.#size === this.#parent.length) {
      this.#parent = grown(this.#parent);
      this.#entry = grown(this.#entry);
    }
    this.#parent[this.#size] = this.#size;
    this.#entry[this.#size] = NOTHING;
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

/** One word for both. */
const identityText = (device: string, inode: string): string => `${device}\n${inode}`;

function grown(numbers: Int32Array): Int32Array<ArrayBuffer> {
  const more = new Int32Array(2 * numbers.length);
  more.set(numbers);
  return more;
}

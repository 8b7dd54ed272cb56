// Symbolic links that an strace shows: made, read, or followed to a file that -y names. A call that follows one is of what it leads
// to; one that takes or changes a name is of the link itself.
import { decorated, quoted } from './strace-args.js';
import { type From, pathIn } from './strace-notes.js';

/** As many are followed in one path: MAXSYMLINKS of the kernel. */
const MOST_FOLLOWED = 40;
/** Paths of which it is kept where they led: those that were met last. */
const MOST_LED = 65_536;
/** What these lead to is another for each process. */
const OF_A_PROCESS = /^\/(?:proc|dev)\//;
/** Where a call names what is a link from now on, or is none any more: place of the directory's descriptor (-1: none) and of the path. */
const NAMES: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['readlink', [-1, 0]],
  ['readlinkat', [0, 1]],
  ['symlink', [-1, 1]],
  ['symlinkat', [1, 2]],
  ['unlink', [-1, 0]],
  ['unlinkat', [0, 1]],
  ['rmdir', [-1, 0]],
  ['rename', [-1, 0]],
  ['renameat', [0, 1]],
  ['renameat2', [0, 1]],
]);
const OPENED: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['open', [-1, 0]],
  ['creat', [-1, 0]],
  ['openat', [0, 1]],
]);

export class StraceLinks {
  /** What is written in a link, by its path. */
  readonly #links = new Map<string, string>();
  /** Where a path led that was followed to its end. */
  readonly #led = new Map<string, string>();

  /** A call that succeeded, by the name the kernel has for it. */
  told(name: string, args: readonly string[], result: string, from: From): void {
    const opened = OPENED.get(name);
    if (opened !== undefined) return this.#opened(pathAt(args, opened, from), args, result);
    const named = NAMES.get(name);
    if (named === undefined) return;
    const path = pathAt(args, named, from);
    if (path === '') return;
    if (name.startsWith('readlink')) return this.#is(path, args[named[1] + 1], Number.parseInt(result, 10));
    if (name.startsWith('symlink')) return this.#is(path, args[0], Number.NaN);
    const target = this.#links.get(path);
    this.#forget(path);
    if (!name.startsWith('rename')) return;
    const to = pathAt(args, [name === 'rename' ? -1 : 2, name === 'rename' ? 1 : 3], from);
    const other = this.#links.get(to);
    this.#forget(to);
    if (target !== undefined) this.#links.set(to, target);
    if (other !== undefined && args[4]?.includes('RENAME_EXCHANGE') === true) this.#links.set(path, other);
  }

  /** An absolute path with the links in it followed, the last part's only if `last`. `root`: what absolute links count from. */
  follow(path: string, root: string, last: boolean): string {
    const left = path.split('/').reverse();
    let at = '';
    for (let followed = 0; left.length > 0; ) {
      const part = left.pop()!;
      if (part === '' || part === '.') continue;
      if (part === '..') {
        at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
        continue;
      }
      const next = `${at}/${part}`;
      const follows = (left.length > 0 || last) && followed < MOST_FOLLOWED;
      const target = follows ? this.#links.get(next) : undefined;
      if (target === undefined) at = (follows ? this.#led.get(next) : undefined) ?? next;
      else {
        followed++;
        if (target.startsWith('/')) at = '';
        left.push(...`${target.startsWith('/') ? root : ''}/${target}`.split('/').reverse());
      }
    }
    return at === '' ? '/' : at;
  }

  /** -y names what a path led to. That a new file was made, or that no link would have been taken, tells where its folder is. */
  #opened(path: string, args: readonly string[], result: string): void {
    const flags = args.join(' ');
    const isNamed = !/\(deleted\)>?$/.test(result) && !flags.includes('O_TMPFILE');
    const real = isNamed ? (decorated(result)?.path ?? '') : '';
    if (path === '' || !real.startsWith('/') || real === path || OF_A_PROCESS.test(path)) return;
    this.#leads(path, real);
    if (!/O_NOFOLLOW/.test(flags) && !(/O_CREAT/.test(flags) && /O_EXCL/.test(flags))) return;
    const [folder, name] = parted(path);
    const [realFolder, realName] = parted(real);
    if (name === realName && folder !== realFolder) this.#leads(folder, realFolder);
  }

  #leads(path: string, real: string): void {
    this.#led.set(path, real);
    if (this.#led.size > MOST_LED) this.#led.delete(this.#led.keys().next().value!);
  }

  /** A text that strace cut (-s), or the kernel (`length`, bytes that it gave), is no target. */
  #is(path: string, shown: string | undefined, length: number): void {
    const target = shown?.endsWith('...') === true ? null : quoted(shown);
    if (target === null || target === '' || OF_A_PROCESS.test(path)) return;
    if (!Number.isNaN(length) && Buffer.byteLength(target) !== length) return;
    this.#forget(path);
    this.#links.set(path, target);
  }

  #forget(path: string): void {
    this.#links.delete(path);
    this.#led.delete(path);
  }
}

/** Absolute; '' where that is not known. */
function pathAt(args: readonly string[], [directory, place]: readonly [number, number], from: From): string {
  const path = quoted(args[place]);
  if (path === null || path === '') return '';
  const whole = pathIn(from, path, directory < 0 ? undefined : args[directory], false);
  return whole.startsWith('/') ? whole : '';
}

const parted = (path: string): readonly [string, string] => {
  const at = path.lastIndexOf('/');
  return [path.slice(0, at) || '/', path.slice(at + 1)];
};

// From where the paths of calls count in a bpftrace recording: working directory, root and directories behind descriptors, followed as
// far as the script tells the calls that change them. A process begins where the command does, in no folder that is told.

/** A printed path may be cut where its text fills BPFTRACE_STRLEN: as it is by default (64, later 1024), as the script says it, or at most. */
const CUT = new Set([63, 127, 199, 1023]);
const AT_FDCWD = -100;
const F_DUPFD = 0;
const F_DUPFD_CLOEXEC = 1030;
const OPENS = new Set(['openat', 'openat2', 'open', 'creat']);
/** Calls that change from where paths count. */
export const PLACING: ReadonlySet<string> = new Set([
  ...['chdir', 'fchdir', 'chroot', 'close', 'dup', 'dup2', 'dup3', 'fcntl'],
  ...OPENS,
]);

type Values = ReadonlyMap<string, string>;

interface Place {
  /** Working directory; undefined: somewhere else than where the command began, and nothing tells where. */
  cwd: string | undefined;
  root: string;
  /** Paths of what was opened. */
  readonly opened: Map<number, string>;
}

export class BpfPlaces {
  readonly #places = new Map<number, Place>();
  /** The call that a thread is in. */
  readonly #begun = new Map<number, { readonly call: string; readonly values: Values }>();

  begins(tid: number, call: string, values: Values): void {
    this.#begun.set(tid, { call, values });
  }

  /** A call that changes the place of its process has returned. */
  returns(pid: number, tid: number, call: string, result: number): void {
    const begun = this.#begun.get(tid);
    this.#begun.delete(tid);
    if (begun?.call !== call || !(result >= 0)) return;
    const { values } = begun;
    const place = this.#place(pid);
    const fd = (...names: readonly string[]): number =>
      Number(values.get(names.find((name) => values.has(name)) ?? ''));
    const given = (): string | undefined => this.path(pid, values, 'path', /^dfd$/);
    if (call === 'chdir') place.cwd = given();
    else if (call === 'fchdir') place.cwd = place.opened.get(fd('fd'));
    else if (call === 'chroot') place.root = given() ?? '';
    else if (OPENS.has(call)) set(place, result, given());
    else if (call === 'close') place.opened.delete(fd('fd'));
    else if (/^dup[23]?$/.test(call)) set(place, result, place.opened.get(fd('oldfd', 'fildes')));
    else if (call === 'fcntl' && [F_DUPFD, F_DUPFD_CLOEXEC].includes(fd('cmd')))
      set(place, result, place.opened.get(fd('fd')));
  }

  /** A process was made: it begins where its maker is. */
  made(pid: number, child: number): void {
    const place = this.#place(pid);
    this.#places.set(child, { ...place, opened: new Map(place.opened) });
  }

  gone(pid: number): void {
    this.#places.delete(pid);
  }

  /** The path that a value tells, from where the command began; undefined where the script does not tell. `folder`: values that name the descriptor it counts from. */
  path(pid: number, values: Values, name: string, folder: RegExp): string | undefined {
    const path = values.get(name) ?? '';
    if (path === '' || CUT.has(Buffer.byteLength(path))) return undefined;
    const place = this.#place(pid);
    if (path.startsWith('/')) return joined(place.root, path.slice(1));
    const key = [...values.keys()].find((one) => folder.test(one));
    const fd = key === undefined ? AT_FDCWD : Number(values.get(key));
    const base = fd === AT_FDCWD ? place.cwd : place.opened.get(fd);
    return base === undefined ? undefined : base === '' ? path : joined(base, path);
  }

  #place(pid: number): Place {
    let place = this.#places.get(pid);
    if (place === undefined) {
      place = { cwd: '', root: '/', opened: new Map() };
      this.#places.set(pid, place);
    }
    return place;
  }
}

function set({ opened }: Place, fd: number, path: string | undefined): void {
  if (path === undefined) opened.delete(fd);
  else opened.set(fd, path);
}

/** `.` and `..` taken out, as far as the folder is told. */
function joined(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of `${folder}/${path}`.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part === '..' && folder.startsWith('/')) continue;
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `${folder.startsWith('/') ? '/' : ''}${parts.join('/')}`;
}

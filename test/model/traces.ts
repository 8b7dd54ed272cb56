// Random traces for the model test: lines as somebody could have recorded them. What is given back was taken before, and
// by nobody who is gone; blocks that a line names are free in the recorded run.
import fc from '../support/fast-check.js';
import { type Line, PAGE, pages } from '../support/replay.js';

const FILES = ['/a', '/b', '/c', '/d'] as const;
const PIDS = [10, 20, 30] as const;
/** Files of 12 blocks at most, on a device of 1000. */
const BLOCKS = 12;

const pageOf = fc.nat(BLOCKS - 1);
export const step = fc.record({
  kind: fc.constantFrom(
    ...(['call', 'call', 'call', 'call', 'two', 'two', 'take', 'take', 'take', 'claim', 'claim'] as const),
    ...(['drop', 'drop', 'dma', 'dma', 'dma', 'dma', 'dma', 'seal', 'exit', 'fork', 'system'] as const),
  ),
  op: fc.nat(1000),
  file: fc.constantFrom('/a', '/a', '/a', '/a', '/a', '/b', '/b', '/c', '/d'),
  other: fc.integer({ min: 1, max: FILES.length - 1 }),
  pid: fc.constantFrom(...PIDS),
  second: fc.boolean(),
  from: pageOf,
  count: fc.integer({ min: 1, max: 5 }),
  /** Bytes that the range is off its blocks. */
  askew: fc.constantFrom(0, 0, 0, 512, 1500),
  handle: fc.nat(1000),
  flags: fc.nat(2 ** 8 - 1),
  named: fc.constantFrom(false, false, true),
  dt: fc.integer({ min: 0, max: 300 }),
  ns: fc.option(fc.nat(3_000), { freq: 2 }),
  ret: fc.constantFrom(...([null, null, null, null, null, null, 0, 0, '-EIO', '-ETXTBSY', '-EINTR'] as const)),
});
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const CALLS = [
  ...['read', 'read', 'write', 'write', 'write', 'truncate', 'fallocate', 'punch', 'zero', 'collapse', 'insert'],
  ...['unshare', 'unlink', 'setattr', 'fsync', 'read_fault', 'write_fault', 'write_fault', 'open', 'punch', 'msync'],
];
/** Calls that the kernel takes whole blocks for only. */
const ALIGNED = ['collapse', 'insert'];
const RANGELESS = ['unlink', 'setattr', 'fsync', 'open', 'rename', 'msync'];
const UNMADE: Readonly<Record<string, string>> = {
  ...{ open: 'close', mmap: 'munmap', pin: 'unpin', register: 'deregister', swapon: 'swapoff' },
  ...{ lease: 'lease_release', layout_get: 'layout_return' },
};
const pick = <T>(list: readonly T[], n: number): T => list[n % list.length]!;

interface Taken {
  readonly handle: string;
  readonly op: string;
  readonly pid: number;
  readonly tid: number;
  readonly range: { readonly off: number; readonly len: number };
  given: number;
}

const FIRST: readonly Line[] = [
  ...['/a', '/b', '/c'].map((path) => ({ t: 0, op: 'file', path, size: 8 * PAGE })),
  { t: 0, op: 'file', path: '/d', size: 3 * PAGE - 100 },
  { t: 0, op: 'extent', path: '/a', ...pages(0, 8), addr: 100 * PAGE },
  { t: 0, op: 'extent', path: '/b', ...pages(0, 4), addr: 200 * PAGE },
  { t: 0, op: 'extent', path: '/b', ...pages(4, 2), addr: 204 * PAGE, state: 'unwritten' },
  { t: 0, op: 'extent', path: '/c', ...pages(0, 3), addr: 300 * PAGE },
  { t: 0, op: 'extent', path: '/c', ...pages(5, 3), addr: 305 * PAGE, state: 'shared' },
  { t: 0, op: 'extent', path: '/d', ...pages(0, 3), addr: 305 * PAGE, state: 'shared' },
];
/** What the first lines name and nobody owns yet. */
const NAMES = [...range(100, 8), ...range(200, 6), ...range(300, 8), ...range(400, 12)];

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

/** Device blocks that somebody owns in the recorded run of these lines. */
export type OwnedBlocks = (lines: readonly Line[]) => ReadonlySet<number>;

/** `unitNs`: how fast things happen. */
export function linesOf(steps: readonly Step[], unitNs: number, owned: OwnedBlocks): Line[] {
  const lines: Line[] = [...FIRST];
  let taken: Taken[] = [];
  let t = 0;
  steps.forEach((s, i) => {
    t += s.dt * unitNs;
    const tid = s.pid + (s.second ? 1 : 0);
    const has = (bit: number): boolean => (s.flags & (1 << bit)) !== 0;
    const who = { t, pid: s.pid, tid, ...(s.ns === null ? {} : { ns: s.ns * unitNs }) };
    const held = taken.length === 0 ? undefined : pick(taken, s.handle);
    const back = held === undefined ? {} : { t, pid: held.pid, tid: held.tid, handle: held.handle };
    if (s.kind === 'call') {
      const op = pick(CALLS, s.op);
      const line = { ...who, op, path: s.file, ...where(s, op), flags: flagsOf(op, has), ...result(s) };
      const names = s.named && (op === 'write' || op === 'fallocate' || op === 'write_fault') && s.askew === 0;
      lines.push(names ? { ...line, ...named(owned(lines), s.count, s.handle) } : line);
      if (op === 'open' && has(2) && !('ret' in line && line.ret !== 0)) {
        taken.push({ handle: `o${i}`, op, pid: s.pid, tid, range: { off: 0, len: 0 }, given: 0 });
        lines[lines.length - 1] = { ...line, handle: `o${i}` };
      }
    } else if (s.kind === 'two') lines.push({ ...who, ...twoFiles(s, has), ...result(s) });
    else if (s.kind === 'take' || s.kind === 'claim') {
      const ops =
        s.kind === 'take' ? ['mmap', 'mmap', 'pin', 'register'] : ['lease', 'layout_get', 'swapon', 'address_query'];
      const op = pick(ops, s.op);
      const handle = `h${i}`;
      const at = s.kind === 'take' ? askewed(s) : {};
      lines.push({ ...who, op, path: s.file, ...at, handle, flags: flagsOf(op, has) });
      taken.push({ handle, op, pid: s.pid, tid, range: askewed(s), given: 0 });
    } else if (s.kind === 'drop' && held !== undefined && UNMADE[held.op] !== undefined) {
      const half = held.op === 'mmap' && has(0) && held.given === 0 && held.range.len > PAGE;
      const part = half
        ? { off: held.range.off, len: PAGE }
        : held.given > 0
          ? { len: held.range.len - held.given }
          : {};
      lines.push({ ...back, t, op: UNMADE[held.op]!, ...part });
      if (half) held.given = PAGE;
      else taken = taken.filter((one) => one !== held);
    } else if (s.kind === 'dma') {
      const devices = taken.filter(({ op }) => !['mmap', 'open', 'swapon'].includes(op));
      if (devices.length === 0) return;
      const { pid, handle, range: at } = pick(devices, s.handle);
      lines.push({
        t,
        pid,
        tid: who.tid,
        handle,
        op: has(0) ? 'dma_read' : 'dma_write',
        ...(has(1) ? askewed(s) : at),
      });
    } else if (s.kind === 'seal') lines.push({ ...who, op: has(0) ? 'seal' : 'unseal', path: s.file });
    else if (s.kind === 'exit' && has(0)) {
      lines.push({ t, pid: s.pid, op: 'exit', flags: has(1) ? ['killed'] : [] });
      taken = taken.filter((one) => one.pid !== s.pid || one.op === 'swapon');
    } else if (s.kind === 'fork') {
      const pid = pick(PIDS, s.handle);
      const child = pid === s.pid ? { pid, tid: pid + (s.second ? 0 : 1) } : { pid, tid: pid + (has(0) ? 1 : 0) };
      lines.push({ ...who, op: 'fork', to: child });
    } else if (s.kind === 'system') lines.push(system(s, t, has));
  });
  return [...lines, { t: t + 1_000 * unitNs, op: 'fsync', pid: 99, path: '/z' }];
}

const askewed = (s: Step): { off: number; len: number } => ({
  off: s.from * PAGE + s.askew,
  len: s.count * PAGE - (s.askew > 512 ? s.askew : 0),
});

function where(s: Step, op: string): object {
  if (op === 'truncate') return { size: s.from * PAGE + s.askew };
  if (RANGELESS.includes(op)) return {};
  return ALIGNED.includes(op) ? pages(s.from, s.count) : askewed(s);
}

/** A run of blocks that is free in the recorded run, if there is one. */
function named(owned: ReadonlySet<number>, count: number, n: number): object {
  const starts = NAMES.filter((at) => range(at, count).every((block) => NAMES.includes(block) && !owned.has(block)));
  return starts.length === 0 ? {} : { addr: pick(starts, n) * PAGE };
}

const result = (s: Step): { ret?: string | number } => (s.ret === null ? {} : { ret: s.ret });

function twoFiles(s: Step, has: (bit: number) => boolean): { op: string } & Record<string, unknown> {
  const op = pick(['reflink', 'reflink', 'dedupe', 'exchange', 'swapext', 'rename'], s.op);
  const other = pick(FILES, FILES.indexOf(s.file) + s.other);
  if (op === 'rename' && has(2)) return { op, path: s.file, to: { path: has(1) ? other : s.file } };
  if (op === 'rename') return { op, path: s.file, flags: has(0) ? ['over'] : [] };
  const whole = op === 'swapext' || (op === 'reflink' && has(1));
  const to = whole ? { path: other } : { path: other, off: (s.handle % BLOCKS) * PAGE };
  return { op, path: s.file, ...(whole ? {} : pages(s.from, s.count)), to };
}

function flagsOf(op: string, has: (bit: number) => boolean): string[] {
  const some = (...words: readonly (readonly [string, number])[]): string[] =>
    words.flatMap(([word, bit]) => (has(bit) ? [word] : []));
  if (op === 'mmap') return [...(has(3) && has(4) ? [] : ['shared', 'writable']), ...some(['direct', 5], ['sync', 6])];
  if (op === 'read' || op === 'write') return some(['nowait', 3], ['sync', 6]);
  if (op === 'open') return some(['write', 3], ['trunc', 3], ['nowait', 4]);
  if (op === 'fallocate' || op === 'zero' || op === 'unshare') return some(['keep_size', 3]);
  if (op === 'lease') return has(3) ? [has(4) ? 'read' : 'write'] : has(5) ? [] : ['exclusive'];
  if (op === 'register') return ['write', ...some(['odp', 4])];
  return op === 'pin' ? ['write'] : [];
}

function system(s: Step, t: number, has: (bit: number) => boolean): Line {
  if (has(0)) return { t, op: 'commit' };
  if (has(1)) return { t, op: 'block_io', flags: ['write', 'meta'], addr: pick(NAMES, s.handle) * PAGE, len: PAGE };
  if (has(2)) return { t, op: 'mount', pid: s.pid };
  return { t, op: 'umount', pid: s.pid, path: s.file };
}

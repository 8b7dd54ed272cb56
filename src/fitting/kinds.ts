// Files that are used alike make a kind: much the same was done to them, and as much is known of their maps.
import { Flag, Op, opSet } from '../model/events.js';
import type { Trace } from '../model/trace.js';
import { type Bytes, type Nanos, NONE } from '../model/units.js';
import type { FileKind, FileMember } from '../workloads/modelled/model.js';
import { Groups, sharesOf } from './groups.js';
import type { MapsAt, Use } from './use.js';

/** Kinds that are told apart. */
export const MOST_KINDS = 24;
/** Members of a kind that are described one by one; those that are used less are put together. */
const MOST_MEMBERS = 64;

export interface Kinds {
  readonly kinds: readonly FileKind[];
  /** By file of the trace: its kind, -1 for files nobody used. */
  readonly kindOf: Int32Array;
  /** By file: which member of its kind describes it. */
  readonly memberOf: Int32Array;
}

interface FileUse {
  readonly file: number;
  readonly firstNs: Nanos;
  /** Every operation on it. */
  readonly ops: number[];
  /** Largest end of what was used while nothing told the file's size, and of anything. */
  reached: Bytes;
  most: Bytes;
}

interface FirstState {
  sized: boolean;
  bytes: Bytes;
  extents: number;
  holes: number;
  unwritten: number;
  shared: number;
}

/** A file with so large a share of all uses has to be more like others to be of their kind: steps on it follow each other as they did. */
const MUCH_USED = 1 / 8;
const VERY_ALIKE = 0.9;

const TELLS_MAP = opSet(['extent', 'map_insert', 'map_reset', 'map_known', 'map_seen', 'map_convert']);
const MOVES_BLOCKS = opSet(['reflink', 'dedupe', 'exchange', 'swapext']);
const TAKES_WHAT_IS_THERE = opSet(['read', 'read_fault', 'pin', 'register', 'dma_read', 'dma_write']);

/** `maps` is asked from the recording's beginning on. */
export function kindsOf(trace: Trace, uses: readonly Use[], maps: MapsAt): Kinds {
  const files = filesOf(trace, uses);
  const { mapped, dax } = factsOf(trace);
  const groups = new Groups(MOST_KINDS);
  const kept: FileUse[][] = [];
  const much = files.reduce((sum, { ops }) => sum + ops.length, 0) * MUCH_USED;
  for (const one of [...files].sort((a, b) => b.ops.length - a.ops.length)) {
    const alike = one.ops.length >= much ? VERY_ALIKE : undefined;
    const group = groups.of(`${mapped[one.file]}${dax[one.file]}`, sharesOf(one.ops), alike);
    if (group === kept.length) kept.push([]);
    kept[group]!.push(one);
  }
  const first = statesAtFirst(files, maps, trace.endNs);
  const kindOf = new Int32Array(trace.files.length).fill(-1);
  kept.forEach((group, kind) => {
    for (const { file } of group) kindOf[file] = kind;
  });
  const memberOf = new Int32Array(trace.files.length);
  const kinds = kept.map((group) => {
    const bins = binsOf(group);
    bins.forEach((bin, member) => {
      for (const { file } of bin) memberOf[file] = member;
    });
    return {
      mapped: group.some(({ file }) => mapped[file] === 1),
      dax: group.some(({ file }) => dax[file] === 1),
      members: bins.map((bin) => memberFor(bin, first)),
    };
  });
  return { kinds, kindOf, memberOf };
}

function filesOf(trace: Trace, uses: readonly Use[]): FileUse[] {
  const found = new Map<number, FileUse>();
  const see = (file: number, use: Use, offset: Bytes, length: Bytes): void => {
    const known = found.get(file) ?? newUse(file, use.timeNs);
    found.set(file, known);
    known.ops.push(use.op);
    const end = use.op === Op.truncate ? use.length : Math.max(0, offset) + Math.max(0, length);
    known.most = Math.max(known.most, end, use.file === file ? use.size : 0);
    if (use.size < 0 && TAKES_WHAT_IS_THERE[use.op] === 1) known.reached = Math.max(known.reached, end);
  };
  for (const use of uses) {
    see(use.file, use, use.offset, use.length);
    if (use.other < 0 || use.other === use.file) continue;
    // A clone becomes as large as what it is a clone of.
    const size = MOVES_BLOCKS[use.op] === 0 ? 0 : use.length < 0 ? use.size : use.length;
    see(use.other, use, use.length < 0 ? 0 : use.offset, size);
  }
  return [...found.values()].filter(({ file }) => file < trace.files.length);
}

const newUse = (file: number, firstNs: Nanos): FileUse => ({
  file,
  firstNs,
  ops: [],
  reached: 0,
  most: 0,
});

function factsOf({ columns: c, files }: Trace): { readonly mapped: Uint8Array; readonly dax: Uint8Array } {
  const mapped = new Uint8Array(files.length);
  const dax = new Uint8Array(files.length);
  for (let row = 0; row < c.rows; row++) {
    const file = c.file[row]!;
    if (file === NONE) continue;
    const known = c.op[row] === Op.file && (c.flags[row]! & Flag.unknown) === 0;
    if (TELLS_MAP[c.op[row]!] === 1 || known) mapped[file] = 1;
    if ((c.flags[row]! & Flag.dax) !== 0) dax[file] = 1;
  }
  return { mapped, dax };
}

/** Size and map where each file is used first; where nothing was known then, what the trace knew in the end. */
function statesAtFirst(files: readonly FileUse[], maps: MapsAt, endNs: Nanos): ReadonlyMap<number, FirstState> {
  const states = new Map<number, FirstState>();
  for (const one of [...files].sort((a, b) => a.firstNs - b.firstNs))
    states.set(one.file, stateOf(one.file, maps, one.firstNs - 1));
  for (const { file, reached } of files) {
    const state = states.get(file)!;
    if (state.bytes >= 0) continue;
    const later = stateOf(file, maps, endNs);
    states.set(file, { ...later, sized: false, bytes: reached });
  }
  return states;
}

function stateOf(file: number, maps: MapsAt, nowNs: Nanos): FirstState {
  const extents = maps.extents(file, nowNs);
  const bytes = maps.size(file, nowNs);
  const sum = (state: string): number =>
    extents.reduce((total, one) => total + (one.state === state ? one.length : 0), 0);
  const covered = extents.reduce((total, { length }) => total + length, 0);
  const whole = Math.max(1, bytes, covered);
  const share = (part: Bytes): number => Number((part / whole).toFixed(4));
  return {
    sized: bytes >= 0,
    bytes,
    extents: extents.length,
    holes: share(whole - covered),
    unwritten: share(sum('unwritten')),
    shared: share(sum('shared')),
  };
}

/** By use, the most used first: alone, or together where there are too many. */
function binsOf(group: readonly FileUse[]): (readonly FileUse[])[] {
  const ranked = [...group].sort((a, b) => b.ops.length - a.ops.length || a.file - b.file);
  if (ranked.length <= MOST_MEMBERS) return ranked.map((one) => [one]);
  const alone = MOST_MEMBERS / 2;
  const size = Math.ceil((ranked.length - alone) / alone);
  const bins = ranked.slice(0, alone).map((one): readonly FileUse[] => [one]);
  for (let at = alone; at < ranked.length; at += size) bins.push(ranked.slice(at, at + size));
  return bins;
}

function memberFor(bin: readonly FileUse[], first: ReadonlyMap<number, FirstState>): FileMember {
  const states = bin.map(({ file }) => first.get(file)!);
  const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const bytes = Math.round(average(states.map((state) => Math.max(0, state.bytes))));
  return {
    count: bin.length,
    weight: average(bin.map(({ ops }) => ops.length)),
    sized: states.every(({ sized }) => sized),
    bytes,
    mostBytes: Math.max(bytes, ...bin.map(({ most }) => most)),
    extents: Math.round(average(states.map(({ extents }) => extents))),
    holes: average(states.map(({ holes }) => holes)),
    unwritten: average(states.map(({ unwritten }) => unwritten)),
    shared: average(states.map(({ shared }) => shared)),
  };
}

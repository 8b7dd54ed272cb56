// The files of a modelled workload: by kind, each with its blocks, taken by popularity.
import { Alias } from '../../base/alias.js';
import type { Random } from '../../base/random.js';
import { Flag, Op } from '../../model/events.js';
import { type Bytes, NONE, UNKNOWN } from '../../model/units.js';
import type { World } from '../parts/world.js';
import { Cell, Cells } from './cells.js';
import type { FileKind, FileMember, Forgets } from './model.js';
import type { Space } from './space.js';

const BLOCK = 4096;
/** Cells of one file at most: larger files have larger cells. */
const MOST_CELLS = 16_384;

export interface ModelFile {
  /** Number in the trace. */
  readonly id: number;
  readonly cells: Cells;
  /** Blocks of its are modelled. */
  readonly mapped: boolean;
  /** Mappings that are alive, and pins and registrations that will be given back. */
  mappings: number;
  pins: number;
  /** Threads whose next step is to meet it otherwise than it is. */
  readonly waiters: Waiter[];
}

export interface Waiter {
  /** Something has happened to the file. */
  look(): void;
}

/** To be called after whatever may end a wait. */
// hot
export function stir({ waiters }: ModelFile): void {
  for (let i = waiters.length - 1; i >= 0; i--) waiters[i]!.look();
}

export interface KindFiles {
  readonly files: readonly ModelFile[];
  /** A file by popularity. */
  pick(random: Random): number;
  /** One of the files that a member stands for. */
  pickOf(member: number, random: Random): number;
}

export interface FilesOptions {
  readonly kind: FileKind;
  /** Copies of the kind. */
  readonly number: number;
  readonly space: Space;
  readonly random: Random;
}

export function kindFiles(world: World, { kind, number, space, random }: FilesOptions): KindFiles {
  const members = kind.members.flatMap((member) => Array<FileMember>(member.count).fill(member));
  const dax = kind.dax ? Flag.dax : 0;
  const files = members.map((member, i): ModelFile => {
    const cells = cellsOf(member, space, random);
    const path = `/kind-${number}/${String(i).padStart(4, '0')}`;
    const unknown = kind.mapped && member.sized ? 0 : Flag.unknown;
    const id = world.declare(path, member.sized ? member.bytes : UNKNOWN, dax | unknown);
    if (kind.mapped) addExtents(world, id, cells);
    return { id, cells, mapped: kind.mapped, mappings: 0, pins: 0, waiters: [] };
  });
  const alias = new Alias(members.map(({ weight }) => weight));
  const first = kind.members.map((_, i) => kind.members.slice(0, i).reduce((sum, { count }) => sum + count, 0));
  const counts = kind.members.map(({ count }) => count);
  return {
    files,
    pick: (chance) => alias.pick(chance),
    pickOf: (member, chance) => first[member]! + (counts[member] === 1 ? 0 : chance.below(counts[member]!)),
  };
}

/** Cells of a file, and the bytes of each. */
export function cellsFor({ mostBytes, bytes }: FileMember): { readonly cells: number; readonly cellBytes: Bytes } {
  const least = Math.max(BLOCK, mostBytes, bytes);
  let cellBytes = BLOCK;
  while (cellBytes * MOST_CELLS < least) cellBytes *= 2;
  return { cells: Math.ceil(least / cellBytes), cellBytes };
}

function cellsOf(member: FileMember, space: Space, random: Random): Cells {
  const { cells: count, cellBytes } = cellsFor(member);
  const cells = new Cells(space, count, cellBytes);
  cells.resize(member.bytes);
  fillAtFirst(cells, member, space, random);
  return cells;
}

/** Cuts the file into extents at random places and draws the state of each. */
function fillAtFirst(cells: Cells, member: FileMember, space: Space, random: Random): void {
  const n = cells.length;
  if (n === 0 || member.extents === 0) return;
  const edges = new Set<number>([0]);
  while (edges.size < Math.min(member.extents, n)) edges.add(random.below(n));
  const starts = [...edges].sort((a, b) => a - b);
  starts.forEach((from, i) => {
    const to = starts[i + 1] ?? n;
    const state = stateAtFirst(member, random.uniform());
    if (state === Cell.hole) return;
    // Blocks of the next extent are not those behind this one.
    const addr = space.take((to - from + 1) * cells.cellBytes);
    for (let cell = from; cell < to; cell++) cells.put(cell, state, addr + (cell - from) * cells.cellBytes);
  });
}

function stateAtFirst({ holes, unwritten, shared }: FileMember, share: number): number {
  if (share < holes) return Cell.hole;
  if (share < holes + unwritten) return Cell.unwritten;
  return share < holes + unwritten + shared ? Cell.shared : Cell.written;
}

const FLAGS = [0, Flag.unwritten, 0, Flag.reflinked];

function addExtents(world: World, id: number, cells: Cells): void {
  for (let from = 0; from < cells.length; ) {
    let to = from + 1;
    while (to < cells.length && continues(cells, to)) to++;
    const state = cells.state(from);
    const offset = from * cells.cellBytes;
    const length = (to - from) * cells.cellBytes;
    if (state !== Cell.hole) world.observe(Op.extent, FLAGS[state]!, id, NONE, offset, length, cells.addr(from), 0);
    from = to;
  }
}

const continues = (cells: Cells, at: number): boolean =>
  cells.state(at) === cells.state(at - 1) && cells.addr(at) === cells.addr(at - 1) + cells.cellBytes;

/** From here on its size, or all of it, is not known: it may be as large as it ever was. */
export function forget(world: World, { id, cells }: ModelFile, what: Forgets): void {
  world.observe(Op.file, Flag.unknown, id, NONE, 0, UNKNOWN, UNKNOWN, 0);
  if (what === 'map') world.observe(Op.map_unknown, 0, id, NONE, UNKNOWN, UNKNOWN, UNKNOWN, 0);
  cells.resize(cells.mostBytes);
}

/** From here on its map is known: what no row told of is a hole. Seen in the thread: one that is late shows it late. */
export const learn = (world: World, { id }: ModelFile, task: number): void =>
  world.observe(Op.map_known, 0, id, task, 0, UNKNOWN, UNKNOWN, 0);

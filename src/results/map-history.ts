// Block maps over time, for the files on which most collided: the recorded lane is replayed once more for these files alone
// and looked at in steps. The picture is a grid of fixed size, whatever the trace.
import { type LoneLane, newLane, type ReplayPlan } from '../engine/replay.js';
import type { LaneResult } from '../engine/result.js';
import { planSeals, type SealPlan } from '../engine/seal-plan.js';
import { type ExtentMap, State } from '../extents/extent-map.js';
import type { EventColumns } from '../model/events.js';
import { Flag, Op } from '../model/events.js';
import type { Policy } from '../model/policy.js';
import type { Trace } from '../model/trace.js';
import { NONE } from '../model/units.js';
import { holdLife, holdRows } from './hold-lives.js';
import { engineInput, fileName, inodeName } from './input.js';
import { mapHazards, mapMarks } from './map-marks.js';
import type { FileHistory } from './types.js';

const MOST_FILES = 4;
const TIME_BINS = 120;
const OFFSET_BINS = 40;
const MOST_HOLDS = 40;
/** Share of the window that is added on either side. */
const MARGIN = 0.03;

/** Rows that say what is there; they do not make a file busy. */
const DECLARES = new Set<number>([Op.file, Op.extent, Op.map_seen, Op.map_known, Op.map_unknown, Op.generic]);
/** Rows without a file that lanes act on. */
const EVERYWHERE = new Set<number>([Op.exit, Op.fork, Op.commit, Op.crash, Op.map_unknown, Op.mount, Op.umount]);

export function mapHistories(
  trace: Trace,
  lanes: readonly LaneResult[],
  recorded: Policy,
  plan: ReplayPlan,
): FileHistory[] {
  const files = busiest(trace, lanes);
  if (files.length === 0) return [];
  const part: Trace = { ...trace, columns: rowsOf(trace.columns, new Set(files)) };
  const seals = planSeals(engineInput(part), plan.sealRule);
  const fresh = (): LoneLane =>
    newLane(engineInput(part), seals, recorded, {
      ...plan,
      onDeny: { kind: 'skip' },
      timing: 'open',
      crashAtNs: [],
      cut: false,
    });
  const windows = files.map((file) => windowOf(part, file));
  const ends = extentsOf(part, fresh(), files);
  return files.map((file, i) => history(part, trace, lanes, fresh(), seals, file, windows[i]!, ends[i]!));
}

/** Files with conflicts or stale accesses, most first. */
function busiest(trace: Trace, lanes: readonly LaneResult[]): number[] {
  const weight = new Map<number, number>();
  const add = (file: number, n: number): void => {
    if (file !== NONE && file < trace.files.length) weight.set(file, (weight.get(file) ?? 0) + n);
  };
  for (const lane of lanes) {
    for (const { file, count } of lane.groups) add(file, count);
    for (const { file } of lane.hazards) add(file, 1);
  }
  const ranked = [...weight].sort(([a, n], [b, m]) => m - n || a - b);
  return ranked.slice(0, MOST_FILES).map(([file]) => file);
}

/** The rows that concern these files, both rows of an operation on two of them. */
function rowsOf(c: EventColumns, files: ReadonlySet<number>): EventColumns {
  const kept: number[] = [];
  for (let row = 0; row < c.rows; row++) {
    const paired = row + 1 < c.rows && (c.flags[row + 1]! & Flag.second) !== 0 && files.has(c.file[row + 1]!);
    const second = (c.flags[row]! & Flag.second) !== 0 && row > 0 && files.has(c.file[row - 1]!);
    if (files.has(c.file[row]!) || paired || second || (c.file[row] === NONE && EVERYWHERE.has(c.op[row]!)))
      kept.push(row);
  }
  const rows = Uint32Array.from(kept);
  const columns = Object.entries(c).map(([name, values]) => [
    name,
    typeof values === 'number' ? rows.length : gather(values as Float64Array, rows),
  ]);
  return Object.fromEntries(columns) as EventColumns;
}

const gather = (values: Float64Array, rows: Uint32Array): Float64Array => {
  const picked = new (values.constructor as Float64ArrayConstructor)(rows.length);
  for (let i = 0; i < rows.length; i++) picked[i] = values[rows[i]!]!;
  return picked;
};

type Window = readonly [fromNs: number, toNs: number];

function windowOf({ columns: c, endNs }: Trace, file: number): Window {
  let from = endNs;
  let to = 0;
  for (let row = 0; row < c.rows; row++) {
    if (c.file[row] !== file || DECLARES.has(c.op[row]!)) continue;
    from = Math.min(from, c.timeNs[row]!);
    to = Math.max(to, c.timeNs[row]!);
  }
  if (from > to) return [0, Math.max(1, endNs)];
  const margin = Math.max(1, (to - from) * MARGIN);
  return [Math.max(0, Math.floor(from - margin)), Math.max(from + 1, Math.min(endNs, Math.ceil(to + margin)))];
}

/** How far each file ever reached, looked at in steps over the whole trace. */
function extentsOf({ endNs }: Trace, lane: LoneLane, files: readonly number[]): number[] {
  const ends = files.map(() => 0);
  for (let step = 1; step <= 4 * TIME_BINS; step++) {
    lane.runTo((endNs * step) / (4 * TIME_BINS));
    files.forEach((file, i) => {
      ends[i] = Math.max(ends[i]!, lane.files.mapOf(file)?.end ?? 0);
    });
  }
  return ends;
}

function history(
  part: Trace,
  trace: Trace,
  lanes: readonly LaneResult[],
  lane: LoneLane,
  seals: SealPlan,
  file: number,
  [fromNs, toNs]: Window,
  end: number,
): FileHistory {
  const origin = Number(trace.originNs);
  const endBytes = Math.max(4096, end);
  const states: string[] = [];
  const moved: number[] = [];
  let before: readonly Cell[] = [];
  for (let t = 0; t < TIME_BINS; t++) {
    lane.runTo(fromNs + ((toNs - fromNs) * (t + 1)) / TIME_BINS);
    const known = lane.files.isKnown(file);
    const cells = cellsOf(lane.files.mapOf(file), endBytes);
    states.push(cells.map(({ state }) => (state === '.' && !known ? '?' : state)).join(''));
    cells.forEach((cell, o) => {
      const was = before[o];
      if (was !== undefined && was.state !== '.' && cell.state !== '.' && was.place !== cell.place)
        moved.push(t * OFFSET_BINS + o);
    });
    before = cells;
  }
  const holds = holdRows(part)
    .filter((row) => part.columns.file[row] === file)
    .map((row) => holdLife(part, seals, row));
  return {
    file: fileName(trace, file),
    inode: inodeName(trace, file),
    fromNs: origin + fromNs,
    toNs: origin + toNs,
    endBytes,
    states,
    moved,
    holds: holds
      .sort((a, b) => lifeOf(b, origin + toNs) - lifeOf(a, origin + toNs) || a.fromNs - b.fromNs)
      .slice(0, MOST_HOLDS),
    ...mapMarks(trace, lanes, file, { ns: (toNs - fromNs) / TIME_BINS, bytes: endBytes / OFFSET_BINS }),
    hazards: mapHazards(trace, lanes, file),
  };
}

const lifeOf = ({ fromNs, toNs }: { readonly fromNs: number; readonly toNs: number }, endNs: number): number =>
  (toNs < 0 ? endNs : toNs) - fromNs;

interface Cell {
  readonly state: string;
  /** Changes when any block of the cell lies elsewhere. */
  readonly place: string;
}

function cellsOf(map: ExtentMap | undefined, endBytes: number): Cell[] {
  const size = endBytes / OFFSET_BINS;
  return Array.from({ length: OFFSET_BINS }, (_, o) => cellOf(map, o * size, (o + 1) * size));
}

/** A cell of a fragmented file is told by so many of its extents. */
const MOST_EXTENTS = 64;

function cellOf(map: ExtentMap | undefined, from: number, to: number): Cell {
  if (map === undefined) return { state: '.', place: '' };
  const bytes = new Map<string, number>();
  let place = '';
  let seen = 0;
  for (let at = map.seek(from); at >= 0 && map.offset(at) < to && seen < MOST_EXTENTS; at = map.next(at), seen++) {
    const code = codeOf(map.state(at));
    const length = Math.min(to, map.offset(at) + map.length(at)) - Math.max(from, map.offset(at));
    bytes.set(code, (bytes.get(code) ?? 0) + length);
    if (code !== 'd') place += `${map.addr(at) - map.offset(at)} `;
  }
  const [most] = [...bytes].sort(([, a], [, b]) => b - a);
  return { state: most?.[0] ?? '.', place };
}

function codeOf(state: number): string {
  if ((state & State.reflinked) !== 0) return 's';
  const base = state & 3;
  return base === State.delalloc ? 'd' : base === State.unwritten ? 'u' : 'w';
}

// One random trace through both replays, lane by lane, and what has to be the same.
import { reference } from '../../src/costs/reference.js';
import { foldPrices } from '../../src/engine/recipes.js';
import type { Regions } from '../../src/engine/regions.js';
import { newLane } from '../../src/engine/replay.js';
import { INCOHERENT } from '../../src/engine/result.js';
import { EndedBy, planSeals } from '../../src/engine/seal-plan.js';
import { State } from '../../src/extents/extent-map.js';
import { OPS, type OpName } from '../../src/model/events.js';
import { errnoName, type Policy, VERDICTS } from '../../src/model/policy.js';
import type { Trace } from '../../src/model/trace.js';
import { engineInput } from '../../src/results/input.js';
import { onDenyOf, sealRuleOf, unsealOf } from '../../src/results/rules.js';
import { build, type Line, PAGE } from '../support/replay.js';
import { type Call, callsOf } from './calls.js';
import type { Cell, FileModel } from './disk.js';
import { NaiveReplay, type Settings } from './replay.js';
import type { OwnedBlocks } from './traces.js';

/** Above every block that a random trace names, where the engine begins as well: the next whole MiB. */
const FIRST_FREE = 2 * 2 ** 20;
/** More blocks than a random trace ever makes a replay give to one file. */
const MOST_GIVEN = 10_000;

export interface Chosen {
  readonly sealRule: 'dma' | 'explicit' | 'mapped' | 'files:a';
  readonly unseal: 'never' | 'last-release' | 'idle';
  readonly onDeny: 'skip' | 'unseal' | 'retry';
  readonly timing: 'open' | 'closed';
  readonly settings: Readonly<Record<string, string>>;
  /** How fast the trace is: times to wait are measured by it. */
  readonly unitNs: number;
}

/** Prices are data, as the tables are; how they are added up is the engine's own affair and not part of this test. */
const prices = foldPrices(reference);
const serviceNs: Settings['serviceNs'] = (op) => ({
  fixed: prices.fixedNs[OPS.indexOf(op as OpName)]!,
  perByte: prices.nsPerByte[OPS.indexOf(op as OpName)]!,
});

const retryNs = (unitNs: number): number => 377 * unitNs + 1;
const idleNs = (unitNs: number): number => 611 * unitNs;

export function naive(calls: readonly Call[], policy: Policy, chosen: Chosen): NaiveReplay {
  const { sealRule, unseal, onDeny, timing, unitNs } = chosen;
  const rule = sealRule === 'files:a' ? { kind: 'files' as const, files: ['/a'] } : { kind: sealRule, files: [] };
  return new NaiveReplay(calls, {
    ...{ policy, rule, onDeny, timing, serviceNs, retryNs: retryNs(unitNs), firstFree: FIRST_FREE },
    unseal: { kind: unseal, ns: idleNs(unitNs) },
  }).run();
}

export const ownedBlocks: OwnedBlocks = (lines) => {
  const { disk } = naive(callsOf(lines), build('recorded'), {
    ...{ sealRule: 'explicit', unseal: 'never', onDeny: 'skip', timing: 'open', settings: {}, unitNs: 1 },
  });
  return new Set([...disk.files.values()].flatMap(({ cells }) => [...cells.values()].map(({ addr }) => addr / PAGE)));
};

/** What has to be the same, in words that a difference can be read from. */
export interface Outcome {
  readonly verdicts: readonly string[];
  readonly waits: Readonly<Record<string, number>>;
  readonly hazards: readonly string[];
  /** Between CPU and device, where software keeps their memory coherent. */
  readonly handOvers: number;
  /** Of devices that lost their translation. */
  readonly refaults: number;
  /** Accesses to a buffer that stands for a refused pin. */
  readonly bounced: number;
  readonly seals: Readonly<Record<string, number>>;
  readonly maps: Readonly<Record<string, readonly string[]>>;
  readonly sizes: Readonly<Record<string, number>>;
  /** What must never be: a broken map, a block of two files that is not shared. */
  readonly broken: readonly string[];
}

export function engineOutcome(trace: Trace, lines: readonly Line[], policy: Policy, chosen: Chosen): Outcome {
  const input = engineInput(trace);
  const sealRule = sealRuleOf(chosen.sealRule);
  const onDeny = chosen.onDeny === 'retry' ? `retry:${retryNs(chosen.unitNs)}ns` : chosen.onDeny;
  const unseal = chosen.unseal === 'idle' ? `idle:${idleNs(chosen.unitNs)}ns` : chosen.unseal;
  const plan = planSeals(input, sealRule);
  const lane = newLane(input, plan, policy, {
    ...{ policies: [policy], costs: reference, sealRule, unseal: unsealOf(unseal), onDeny: onDenyOf(onDeny) },
    ...{ timing: chosen.timing, kernel: build('dax') },
  });
  const result = lane.finish();
  const verdicts = lines.map((line, i) => {
    const row = trace.columns.row.indexOf(i + 2);
    const verdict = row < 0 ? 0 : result.answers.verdictAt(row);
    const errno = row < 0 ? 0 : result.answers.errnoAt(row);
    return verdict === 0 ? `${line.op}: none` : `${line.op}: ${VERDICTS[verdict - 1]!}${nameOf(errno)}`;
  });
  const files = new Map(
    trace.files.map(({ path }, file) => [path, { cells: cellsOf(lane, file), size: lane.files.sizeOf(file) }]),
  );
  return {
    verdicts,
    waits: {
      ...{ count: result.wait.count, sum: told(result.wait.sum), longest: result.wait.max },
      ...{ behind: result.secondary.count, behindSum: told(result.secondary.sum) },
      ...{ stillWaiting: result.stillWaiting, interrupted: result.interrupted },
    },
    hazards: [
      ...result.hazards
        .filter(({ hazardClass }) => hazardClass !== INCOHERENT)
        .map(({ row, hazardClass, bytes }) => `line ${trace.columns.row[row]! - 2}: ${'abcd'[hazardClass]} ${bytes}`),
      ...result.hazards
        .filter(({ hazardClass }) => hazardClass === INCOHERENT)
        .map(({ row, bytes }) => `line ${trace.columns.row[row]! - 2}: incoherent ${bytes}`),
    ],
    ...{ handOvers: result.handOvers, refaults: result.deviceRefaults, bounced: result.bounced },
    seals: sealCounts(
      result.seals.map(({ failure, endedBy, orphaned, survivesCrash }) => ({
        ...{ had: failure === '', ended: endedBy !== EndedBy.alive, orphaned, survivesCrash },
      })),
    ),
    maps: mapsOf(files, (addr) => rowOf(plan.regions, addr, trace)),
    sizes: Object.fromEntries([...files].map(([path, { size }]) => [path, size])),
    broken: [lane.files.check(), ...twiceOwned(files)].filter((text) => text !== ''),
  };
}

export function naiveOutcome(lines: readonly Line[], calls: readonly Call[], policy: Policy, chosen: Chosen): Outcome {
  const run = naive(calls, policy, chosen);
  const sum = (list: readonly number[]): number => list.reduce((total, one) => total + one, 0);
  return {
    verdicts: lines.map((line, i) => {
      const answer = run.answers.get(i);
      return answer === undefined
        ? `${line.op}: none`
        : `${line.op}: ${VERDICTS[answer.verdict]!}${nameOf(answer.errno === 0 ? undefined : answer.errno)}`;
    }),
    waits: {
      ...{ count: run.waits.length, sum: told(sum(run.waits)), longest: Math.max(0, ...run.waits) },
      ...{ behind: run.secondary.length, behindSum: told(sum(run.secondary)) },
      ...{ stillWaiting: run.stillWaiting, interrupted: run.interrupted },
    },
    hazards: [
      ...run.devices.hazards.map((hazard) => `line ${hazard.line}: ${hazard.class} ${hazard.bytes}`),
      ...run.lines.incoherent.map(({ line, bytes }) => `line ${line}: incoherent ${bytes}`),
    ],
    ...{ handOvers: run.lines.handOvers, refaults: run.devices.refaults, bounced: run.devices.bounced },
    seals: sealCounts(
      run.holds.seals.map(({ failure, ended, orphaned }) => ({
        ...{ had: failure === 0, ended, orphaned, survivesCrash: policy.seal?.outlives.includes('crash') === true },
      })),
    ),
    maps: mapsOf(run.disk.files, (addr) => run.disk.rowOf(addr)),
    sizes: Object.fromEntries([...run.disk.files].map(([path, { size }]) => [path, size])),
    broken: twiceOwned(run.disk.files),
  };
}

/** Prices have fractions of a ns, and sums of fractions an order in which they were added. */
const told = (ns: number): number => Math.round(ns * 1000) / 1000;

const nameOf = (errno: number | undefined): string =>
  errno === undefined || errno === 0 ? '' : ` ${errnoName(errno)}`;

interface SealLife {
  readonly had: boolean;
  readonly ended: boolean;
  readonly orphaned: boolean;
  readonly survivesCrash: boolean;
}

function sealCounts(seals: readonly SealLife[]): Record<string, number> {
  const had = seals.filter((seal) => seal.had);
  const alive = had.filter(({ ended }) => !ended);
  return {
    ...{ opened: had.length, closed: had.length - alive.length, aliveAtEnd: alive.length },
    orphaned: had.filter(({ orphaned }) => orphaned).length,
    leftAfterCrash: alive.filter(({ survivesCrash }) => survivesCrash).length,
    failed: seals.length - had.length,
  };
}

type Cells = Pick<FileModel, 'cells'>;

/** The engine's extents cut into blocks, so that both sides are told in the same words. */
function cellsOf(lane: ReturnType<typeof newLane>, file: number): Map<number, Cell> {
  const cells = new Map<number, Cell>();
  const map = lane.files.mapOf(file);
  if (map === undefined) return cells;
  for (let at = map.seek(0); at >= 0; at = map.next(at))
    for (let byte = 0; byte < map.length(at); byte += PAGE) {
      const state = (map.state(at) & 3) === State.unwritten ? 'unwritten' : 'written';
      const shared = (map.state(at) & State.reflinked) !== 0;
      cells.set((map.offset(at) + byte) / PAGE, { addr: map.addr(at) + byte, state, shared });
    }
  return cells;
}

type RowOf = (addr: number) => { readonly path: string; readonly nth: number } | null;

/** The file for which the engine allocated a block, and which of its blocks that is, looked for in its own row. */
function rowOf(regions: Regions, addr: number, trace: Trace): ReturnType<RowOf> {
  if (addr < regions.base) return null;
  for (let nth = 0; nth < MOST_GIVEN; nth++)
    for (let file = 0; file < trace.files.length; file++)
      if (regions.address(file, nth * PAGE) === addr) return { path: trace.files[file]!.path, nth };
  return null;
}

function mapsOf(files: ReadonlyMap<string, Cells>, rowOf: RowOf): Record<string, string[]> {
  const name = (addr: number): string => {
    const row = rowOf(addr);
    return row === null ? `${addr / PAGE}` : `${row.path}+${row.nth}`;
  };
  return Object.fromEntries(
    [...files].map(([path, { cells }]) => [
      path,
      [...cells]
        .sort(([a], [b]) => a - b)
        .map(([at, { addr, state, shared }]) => `${at}: ${name(addr)} ${state}${shared ? ' shared' : ''}`),
    ]),
  );
}

function twiceOwned(files: ReadonlyMap<string, Cells>): string[] {
  const owner = new Map<number, string>();
  const found: string[] = [];
  for (const [path, { cells }] of files)
    for (const [at, { addr, shared }] of cells) {
      const other = owner.get(addr);
      if (other !== undefined && !(shared && other.endsWith('shared')))
        found.push(`block ${addr / PAGE}: ${other}, ${path} ${at}`);
      owner.set(addr, `${path} ${at}${shared ? ' shared' : ''}`);
    }
  return found;
}

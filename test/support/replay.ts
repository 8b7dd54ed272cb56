// A trace written as NDJSON in the test itself, read by the real format and replayed to the real run.

import { reference } from '../../src/costs/reference.js';
import type { MixedLane } from '../../src/engine/lane-policies.js';
import { replay } from '../../src/engine/replay.js';
import type { LaneResult } from '../../src/engine/result.js';
import { errnoName, type Policy, VERDICTS } from '../../src/model/policy.js';
import type { Trace } from '../../src/model/trace.js';
import * as registry from '../../src/policies/index.js';
import { validateSettings } from '../../src/policies/switches.js';
import { engineInput } from '../../src/results/input.js';
import { mixedLaneOf } from '../../src/results/mixed-lane.js';
import { onDenyOf, sealRuleOf, unsealOf } from '../../src/results/rules.js';
import { makeRun } from '../../src/results/run.js';
import { type MapExtent, mapSnapshots } from '../../src/results/snapshots.js';
import type { LaneDetail, LaneReport, Run } from '../../src/results/types.js';
import { readNdjson } from '../trace/support.js';

/** One event, as the events page has it. */
export type Line = Readonly<Record<string, unknown>> & { readonly t: number; readonly op: string };

export interface ReplayOptions {
  /** Names; all that decide something when left out. */
  readonly policies?: readonly string[];
  /** Mixed lanes, as on the command line. */
  readonly lanes?: readonly string[];
  readonly sealRule?: string;
  readonly unseal?: string;
  readonly onDeny?: string;
  readonly crashAt?: string;
  readonly timing?: 'open' | 'closed';
  readonly settings?: Readonly<Record<string, string>>;
}

export const POLICIES = ['pagecache', 'dax', 'mapsync-pin', 'ondisk', 'mapdirect', 'mapdirect-lease', 'odp'] as const;
export const PAGE = 4096;

const built = new Map<string, Policy>();

/** Compiled once for each name and settings: tests replay thousands of lanes. */
export function build(name: string, settings: Readonly<Record<string, string>> = {}): Policy {
  const key = `${name} ${JSON.stringify(settings)}`;
  const known = built.get(key);
  if (known !== undefined) return known;
  const entry = Object.values(registry).find((one) => one.name === name)!;
  const policy = entry.build(validateSettings(settings));
  built.set(key, policy);
  return policy;
}

function lanesOf(
  { lanes = [], settings }: ReplayOptions,
  wanted: readonly { readonly policy: string }[],
): (Policy | MixedLane)[] {
  const mixed = lanes.map((text) => mixedLaneOf(text, (name) => build(name, settings)));
  const isMixed = (name: string): boolean => mixed.some((lane) => lane.name === name);
  const plain = wanted.filter(({ policy }) => !isMixed(policy));
  return [...plain.map(({ policy }) => build(policy, settings)), ...mixed];
}

export class Replayed {
  readonly trace: Trace;
  readonly run: Run;
  readonly #options: ReplayOptions;
  readonly #lines: readonly Line[];
  #lanes: LaneResult[] | undefined;

  constructor(trace: Trace, run: Run, options: ReplayOptions, lines: readonly Line[]) {
    this.trace = trace;
    this.run = run;
    this.#options = options;
    this.#lines = lines;
  }

  lane(policy: string): LaneReport {
    return this.run.report.lanes.find((lane) => lane.policy === policy)!;
  }

  detail(policy: string): LaneDetail {
    return this.run.details.find((detail) => detail.policy === policy)!;
  }

  /** What a lane decided about one of the lines: `deny ETXTBSY`, `proceed`, `none`. */
  verdict(policy: string, line: Line): string {
    this.#lanes ??= replay(engineInput(this.trace), {
      policies: lanesOf(this.#options, this.run.report.lanes),
      costs: reference,
      sealRule: sealRuleOf(this.#options.sealRule ?? 'dma'),
      unseal: unsealOf(this.#options.unseal ?? 'never'),
      onDeny: onDenyOf(this.#options.onDeny ?? 'skip'),
      timing: this.#options.timing ?? 'open',
      kernel: build('dax'),
    });
    const lane = this.#lanes.find((one) => one.policy.name === policy)!;
    // The header is line 1; the first of two rows of a line is the operation.
    const row = this.trace.columns.row.indexOf(this.#lines.indexOf(line) + 2);
    const verdict = lane.answers.verdictAt(row);
    if (verdict === 0) return 'none';
    const errno = lane.answers.errnoAt(row);
    return errno === 0 ? VERDICTS[verdict - 1]! : `${VERDICTS[verdict - 1]} ${errnoName(errno)}`;
  }

  /** A file's extents at a time, at the end when none is given, as `offset+length state@addr` in pages. */
  map(policy: string, path: string, atNs = this.trace.endNs): string[] {
    return this.maps(policy, path, [atNs])[0]!;
  }

  maps(policy: string, path: string, atNs: readonly number[]): string[][] {
    const report = mapSnapshots(this.trace, build(policy, this.#options.settings), {
      atNs,
      costs: reference,
      sealRule: this.#options.sealRule ?? 'dma',
      unseal: this.#options.unseal ?? 'never',
      kernel: build('dax'),
    });
    return report.snapshots.map(({ files }) =>
      (files.find((file) => file.path === path)?.extents ?? []).map(extentText),
    );
  }
}

const extentText = (e: MapExtent): string =>
  `${e.offset / PAGE}+${e.length / PAGE} ${e.shared === true ? 'shared' : e.state}@${e.addr / PAGE}`;

export async function traceOf(lines: readonly Line[]): Promise<Trace> {
  const header = { schema: 'sealtrace.events/1', clock: 'mono', originNs: 0 };
  const text = [header, ...lines].map((line) => JSON.stringify(line)).join('\n');
  const { ok, trace } = await readNdjson(`${text}\n`);
  if (!ok) throw new Error(`the test's own trace is wrong: ${trace.issues[0]?.text}`);
  return trace;
}

export async function replayLines(lines: readonly Line[], options: ReplayOptions = {}): Promise<Replayed> {
  const trace = await traceOf(lines);
  return new Replayed(trace, runOf(trace, options), options, lines);
}

export function runOf(trace: Trace, options: ReplayOptions = {}): Run {
  const settings = validateSettings(options.settings ?? {});
  return makeRun(trace, {
    traceName: 'story',
    version: '0',
    command: 'test',
    policies: lanesOf(
      options,
      (options.policies ?? POLICIES).map((policy) => ({ policy })),
    ),
    recorded: build('recorded'),
    kernel: { pagecache: build('pagecache'), dax: build('dax') },
    costs: reference,
    sealRule: options.sealRule ?? 'dma',
    unseal: options.unseal ?? 'never',
    onDeny: options.onDeny ?? 'skip',
    timing: options.timing ?? 'open',
    seed: 1,
    crashAt: options.crashAt,
    settings,
    damaged: false,
  });
}

/** A file with all its blocks written, from block `at` of the device on. */
export const written = (path: string, pages: number, at: number): Line[] => [
  { t: 0, op: 'file', path, size: pages * PAGE },
  { t: 0, op: 'extent', path, off: 0, len: pages * PAGE, addr: at * PAGE },
];

/** A range in pages. */
export const pages = (from: number, count: number): { off: number; len: number } => ({
  off: from * PAGE,
  len: count * PAGE,
});

/** A line about the file /f, `seconds` after the start. */
export const lineAt = (seconds: number, op: string, pid: number, more: object = {}): Line => ({
  t: seconds * 1e9,
  op,
  pid,
  path: '/f',
  ...more,
});

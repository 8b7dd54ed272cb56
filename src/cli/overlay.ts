// `--overlay WORKLOAD:key=value,...`: a workload over the files of a recording, for as long as that lasts.
import { parseSealRule } from '../engine/seal-plan.js';
import type { CostModel } from '../model/costs.js';
import { UserError } from '../model/issue.js';
import type { Policy } from '../model/policy.js';
import type { Trace } from '../model/trace.js';
import { fileName } from '../results/input.js';
import { recordedMaps } from '../results/recorded-maps.js';
import { TraceBuilder } from '../trace/builder.js';
import { asDeviceSide } from '../trace/device-side.js';
import { laidOver } from '../trace/overlay.js';
import { parameterValues } from '../workloads/parts/parameters.js';
import { RECORDED, type Recording } from '../workloads/parts/recorded-files.js';
import { layOver } from '../workloads/parts/synthesize.js';
import type { Overlay, Values } from '../workloads/parts/workload.js';
import { listed } from './options.js';
import { pairs } from './replaying.js';
import { workloadNamed, workloads } from './synth.js';

/** More rows than this are a mistake in a rate: they are held in memory beside the recording. */
const MOST_ROWS = 5_000_000;

export interface OverlayPlan {
  /** As it was given. */
  readonly text: string;
  readonly name: string;
  readonly overlay: Overlay;
  readonly values: Values;
  readonly glob: string;
}

/** `mover:rate=2/s,files=*.db`, checked before the trace is read. */
export function overlayOf(text: string): OverlayPlan {
  const [name, rest = ''] = split(text, ':');
  const workload = workloadNamed(name);
  const { overlay } = workload;
  if (overlay === undefined) {
    const able = workloads.filter((one) => one.overlay !== undefined).map((one) => one.name);
    throw new UserError(`--overlay "${text}": ${name} can only stand alone; expected ${listed(able)}`);
  }
  const { files = '*', ...given } = pairs(rest === '' ? [] : rest.split(','), 'files=*.db,run_bytes=1MiB', '--overlay');
  if (files === '') throw new UserError(`--overlay "${text}": files is empty; expected a pattern such as *.db`);
  const values = parameterValues(`--overlay ${name}`, overlay.parameters, given);
  return { text, name, overlay, values, glob: files };
}

function split(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

export interface OverlayTools {
  readonly recorded: Policy;
  readonly costs: CostModel;
  readonly seed: number;
}

export function withOverlays(trace: Trace, plans: readonly OverlayPlan[], tools: OverlayTools): Trace {
  return plans.reduce((whole, plan) => withOverlay(whole, plan, tools), trace);
}

function withOverlay(recorded: Trace, plan: OverlayPlan, tools: OverlayTools): Trace {
  const chosen = chosenFiles(recorded, plan);
  const trace = asDeviceSide(recorded, chosen, emptyBuilder(), firstPid(recorded));
  return laidOverFiles(trace, chosen, plan, tools);
}

const emptyBuilder = (): TraceBuilder =>
  new TraceBuilder(() => {
    throw new Error('a workload has no kernel records');
  });

function laidOverFiles(
  trace: Trace,
  chosen: readonly number[],
  plan: OverlayPlan,
  { recorded, costs, seed }: OverlayTools,
): Trace {
  const maps = recordedMaps(trace, recorded, costs);
  const recording: Recording = {
    count: chosen.length,
    path: (file) => fileName(trace, chosen[file]!),
    device: (file) => trace.files[chosen[file]!]!.device,
    observed: (file) => maps.observed(chosen[file]!),
    bytes: (file, nowNs) => maps.bytes(chosen[file]!, nowNs),
    extents: (file, offset, length, nowNs) => maps.parts(chosen[file]!, offset, length, nowNs),
  };
  const builder = emptyBuilder();
  const sink = builder.startSource(`overlay ${plan.name}`, 'synth', 0);
  const { values } = plan;
  const unused = { firstPid: firstPid(trace), firstAddr: firstAddr(trace) };
  const options = { values, seed, events: MOST_ROWS, untilNs: trace.endNs, ...unused };
  const synthesis = layOver(plan.overlay, recording, options, sink);
  while (synthesis.advance(MOST_ROWS));
  if (synthesis.rows() >= MOST_ROWS) throw tooMany(plan);
  const hasBlocks = (file: number): boolean =>
    recording.extents(file, 0, Number.POSITIVE_INFINITY, trace.endNs).length > 0;
  if (synthesis.rows() === 0 && !chosen.some((_, file) => hasBlocks(file))) throw noBlocks(plan);
  const added = builder.finish();
  return laidOver(trace, added, ({ device, inode }) => (device === RECORDED ? chosen[Number(inode)]! : -1));
}

function chosenFiles(trace: Trace, { text, glob }: OverlayPlan): readonly number[] {
  const rule = parseSealRule(`files:${glob}`);
  const names = trace.files.map((_, file) => fileName(trace, file));
  const chosen = names.flatMap((name, file) => (rule?.kind === 'files' && rule.glob.test(name) ? [file] : []));
  if (chosen.length > 0) return chosen;
  const some = names.slice(0, 5).map((name) => `"${name}"`);
  const more = names.length > some.length ? ` and ${names.length - some.length} more` : '';
  const found = names.length === 0 ? 'it has no files' : `it has ${some.join(', ')}${more}`;
  throw new UserError(`--overlay "${text}": no file of the trace matches files=${glob}; ${found}`);
}

const tooMany = ({ text }: OverlayPlan): UserError =>
  new UserError(
    `--overlay "${text}": more than ${MOST_ROWS} events within the trace; lower its rates (fewer holders, a longer io_gap, a lower rate)`,
  );

const noBlocks = ({ text }: OverlayPlan): UserError =>
  new UserError(
    `--overlay "${text}": the trace tells neither size nor blocks of the files it is laid over, so it would do nothing; choose other files, or record the file system's events beside the calls`,
  );

const firstPid = ({ tasks }: Trace): number => tasks.reduce((most, { pid }) => Math.max(most, pid), 999) + 1;

/** Above every block the trace names. */
function firstAddr({ columns: { rows, addr, length } }: Trace): number {
  let highest = 0;
  for (let row = 0; row < rows; row++)
    if (addr[row]! >= 0) highest = Math.max(highest, addr[row]! + Math.max(0, length[row]!));
  return Math.ceil((highest + 1) / 2 ** 20) * 2 ** 20;
}

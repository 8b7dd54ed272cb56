// `--threads N`: the lanes of a replay on N threads. Lanes share nothing that changes, so that the results are the same.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { reviveHistogram } from '../base/histogram.js';
import type { EngineInput } from '../engine/input.js';
import { type LanePolicies, lanePolicies } from '../engine/lane-policies.js';
import { type LanePlan, type ReplayPlan, replay } from '../engine/replay.js';
import type { LaneResult } from '../engine/result.js';
import type { EventColumns } from '../model/events.js';

/** What every thread gets. */
export interface LaneWork {
  readonly input: EngineInput;
  readonly plan: LanePlan;
}

export interface LaneOrder {
  readonly lane: number;
  readonly policies: LanePolicies;
}

export interface LaneAnswer {
  readonly lane: number;
  readonly result: Omit<LaneResult, 'policy'>;
}

export async function replayOn(threads: number, input: EngineInput, plan: ReplayPlan): Promise<LaneResult[]> {
  const count = Math.min(threads, plan.policies.length);
  if (count < 2) return replay(input, plan);
  const lanes = plan.policies.map((policy) => lanePolicies(policy, input, plan.kernel));
  const { policies: _, ...common } = plan;
  const work: LaneWork = { input: { ...input, columns: sharedColumns(input.columns) }, plan: common };
  const results = new Array<LaneResult>(lanes.length);
  const workers = Array.from({ length: count }, () => newWorker(work));
  const left = lanes.keys();
  try {
    await Promise.all(workers.map((worker) => serve(worker, lanes, left, results)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return results;
}

const newWorker = (workerData: LaneWork): Worker =>
  new Worker(new URL('./lane-worker.js', import.meta.url), { workerData });

/** Gives a thread one lane after another, as long as there are any. */
async function serve(
  worker: Worker,
  lanes: readonly LanePolicies[],
  left: Iterator<number>,
  results: LaneResult[],
): Promise<void> {
  for (let next = left.next(); next.done !== true; next = left.next()) {
    const policies = lanes[next.value]!;
    const { result } = await ask(worker, { lane: next.value, policies });
    const histograms = {
      latency: result.latency.map((one) => (one === undefined ? undefined : reviveHistogram(one))),
      wait: reviveHistogram(result.wait),
      secondary: reviveHistogram(result.secondary),
    };
    results[next.value] = { policy: policies, ...result, ...histograms };
  }
}

async function ask(worker: Worker, order: LaneOrder): Promise<LaneAnswer> {
  const done = new AbortController();
  const next = (event: string) => once(worker, event, { signal: done.signal });
  try {
    worker.postMessage(order);
    // An error of the thread rejects both.
    const ended = next('exit').then(([status]) => {
      throw new Error(`a thread of the replay ended by itself, with status ${status}`);
    });
    const [answer] = await Promise.race([next('message'), ended]);
    return answer as LaneAnswer;
  } finally {
    done.abort();
  }
}

/** The columns in memory that threads share, so that they are there once however many threads read them. */
function sharedColumns(c: EventColumns): EventColumns {
  const columns = Object.entries(c).map(([name, values]) => [
    name,
    typeof values === 'number' ? values : inSharedMemory(values as Float64Array),
  ]);
  return Object.fromEntries(columns) as EventColumns;
}

function inSharedMemory(values: Float64Array): Float64Array {
  const copy = new (values.constructor as Float64ArrayConstructor)(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}

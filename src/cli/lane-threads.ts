// `--threads N`: the lanes of a replay on N threads, one pass each. A lane ends the same whatever others are in its pass.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { reviveHistogram } from '../base/histogram.js';
import { reviveAnswers } from '../engine/answers.js';
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

/** Some of the lanes: one pass. */
export interface LaneOrder {
  readonly policies: readonly LanePolicies[];
}

/** In the order of their policies, which the one who asked has. */
export type LaneAnswer = readonly Omit<LaneResult, 'policy'>[];

export async function replayOn(threads: number, input: EngineInput, plan: ReplayPlan): Promise<LaneResult[]> {
  const count = Math.min(threads, plan.policies.length);
  if (count < 2) return replay(input, plan);
  const lanes = plan.policies.map((policy) => lanePolicies(policy, input, plan.kernel));
  const { policies: _, ...common } = plan;
  const work: LaneWork = { input: { ...input, columns: sharedColumns(input.columns) }, plan: common };
  const workers = Array.from({ length: count }, () => newWorker(work));
  try {
    const parts = await Promise.all(
      workers.map((worker, i) =>
        serve(worker, lanes.slice(partAt(i, count, lanes.length), partAt(i + 1, count, lanes.length))),
      ),
    );
    return parts.flat();
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** First lane of a thread's part. */
const partAt = (thread: number, threads: number, lanes: number): number => Math.floor((thread * lanes) / threads);

const newWorker = (workerData: LaneWork): Worker =>
  new Worker(new URL('./lane-worker.js', import.meta.url), { workerData });

async function serve(worker: Worker, policies: readonly LanePolicies[]): Promise<LaneResult[]> {
  const answer = await ask(worker, { policies });
  return answer.map((result, i) => ({
    policy: policies[i]!,
    ...result,
    latency: result.latency.map((one) => (one === undefined ? undefined : reviveHistogram(one))),
    answers: reviveAnswers(result.answers),
    wait: reviveHistogram(result.wait),
    secondary: reviveHistogram(result.secondary),
  }));
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

// A thread of `--threads N`: replays its part of the lanes in one pass, over columns that all threads share.
import { parentPort, workerData } from 'node:worker_threads';
import { reviveLanePolicies } from '../engine/lane-policies.js';
import { replayLanes } from '../engine/replay.js';
import { planSeals } from '../engine/seal-plan.js';
import type { LaneAnswer, LaneOrder, LaneWork } from './lane-threads.js';

const { input, plan } = workerData as LaneWork;
const seals = planSeals(input, plan.sealRule);

parentPort!.on('message', ({ policies }: LaneOrder) => {
  const results = replayLanes(input, seals, policies.map(reviveLanePolicies), plan);
  // The one who asked has the policies.
  const answer: LaneAnswer = results.map(({ policy: _, ...result }) => result);
  // Lanes have some of them in common.
  const buffers = new Set(
    results.flatMap(({ answers, views }) => [...answers.buffers, ...views.map(({ buffer }) => buffer)]),
  );
  parentPort!.postMessage(answer, [...buffers]);
});

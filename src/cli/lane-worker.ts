// A thread of `--threads N`: replays the lanes it is told to, one after another, over columns it shares with the others.
import { parentPort, workerData } from 'node:worker_threads';
import { reviveLanePolicies } from '../engine/lane-policies.js';
import { replayLanes } from '../engine/replay.js';
import { planSeals } from '../engine/seal-plan.js';
import type { LaneAnswer, LaneOrder, LaneWork } from './lane-threads.js';

const { input, plan } = workerData as LaneWork;
const seals = planSeals(input, plan.sealRule);

parentPort!.on('message', ({ lane, policies }: LaneOrder) => {
  // The one who asked has the policies.
  const { policy, ...result } = replayLanes(input, seals, [reviveLanePolicies(policies)], plan)[0]!;
  const answer: LaneAnswer = { lane, result };
  parentPort!.postMessage(answer, [result.verdicts.buffer as ArrayBuffer, result.errnos.buffer as ArrayBuffer]);
});

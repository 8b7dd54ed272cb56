// Reads a recording in a thread of its own, while this one assembles what that one took apart: the same calls of the sink in the
// same order, so that the trace is the same byte for byte.
import { Worker } from 'node:worker_threads';
import { UserError } from '../model/issue.js';
import type { TraceSink } from '../model/trace.js';
import { BLOCK_NUMBERS, BLOCKS, Count, type ReadAnswer, type ReadDone, type ReadOrder } from './wire.js';
import { WireReader } from './wire-reader.js';

export interface ReadInThread extends ReadDone {
  readonly bytesDone: number;
}

/** `onBytes` hears how much of the file was read. */
export function readInThread(
  path: string,
  format: string,
  sink: TraceSink,
  onBytes: (bytes: number) => void,
): Promise<ReadDone> {
  const { kernel } = sink;
  const { maps, events } = kernel.catalogue;
  const reads = events.map((_, code) => kernel.reads?.(code) !== false);
  const blocks = Array.from({ length: BLOCKS }, () => new SharedArrayBuffer(BLOCK_NUMBERS * 8));
  const order: ReadOrder = { path, format, catalogue: { maps }, reads, blocks, counts: new SharedArrayBuffer(8) };
  const counts = new Int32Array(order.counts);
  const views = blocks.map((buffer) => new Float64Array(buffer));
  const reader = new WireReader(sink, reads);
  const worker = new Worker(new URL('./read-worker.js', import.meta.url), { workerData: order });
  let emptied = 0;
  return new Promise<ReadDone>((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', (status) => reject(new Error(`the thread that reads ended by itself, with status ${status}`)));
    worker.on('message', (answer: ReadAnswer) => {
      try {
        if (answer.type === 'failed') reject(failure(answer));
        else if (answer.type === 'done') resolve(answer);
        else {
          reader.take(views[emptied % BLOCKS]!, answer.numbers, answer.told);
          Atomics.store(counts, Count.emptied, ++emptied);
          Atomics.notify(counts, Count.emptied);
          onBytes(answer.bytesDone);
        }
      } catch (error) {
        reject(error);
      }
    });
  }).finally(() => worker.terminate());
}

function failure({ message, stack, isUserError }: Extract<ReadAnswer, { type: 'failed' }>): Error {
  if (isUserError) return new UserError(message);
  const error = new Error(message);
  error.stack = stack;
  return error;
}

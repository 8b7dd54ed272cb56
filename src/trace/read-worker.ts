// A thread of `--threads 2`: reads and takes apart one recording, and hands its kernel records over.
import { parentPort, workerData } from 'node:worker_threads';
import { EventCatalogue, OWN_EVENTS } from '../model/event-catalogue.js';
import { UserError } from '../model/issue.js';
import type { SourceInfo } from '../model/trace.js';
import { openInput } from './input.js';
import { formatNamed } from './recognise.js';
import type { ReadAnswer, ReadOrder } from './wire.js';
import { WireOut, WireSink } from './wire-writer.js';

const answer = (message: ReadAnswer): void => parentPort!.postMessage(message);

async function read({ path, format, catalogue, reads, blocks, counts }: ReadOrder): Promise<void> {
  const input = await openInput(path);
  try {
    const out = new WireOut(blocks, counts, (block) => answer({ type: 'block', ...block, bytesDone: input.bytesDone }));
    const events = catalogue.maps.length === 0 ? OWN_EVENTS : new EventCatalogue(catalogue.maps);
    const source: SourceInfo = {
      name: input.name,
      format,
      bytes: input.bytes,
      records: 0,
      typed: 0,
      generic: 0,
      clock: '',
      kernel: '',
      lost: [],
      facts: {},
    };
    const sink = new WireSink(out, source, events, reads);
    const intact = await formatNamed(format).read(input, sink, { columns: [] });
    sink.kernel.finish();
    out.flush();
    const { clock, kernel, ofTasks = false } = source;
    answer({ type: 'done', intact, damage: input.damage, source: { clock, kernel, ofTasks } });
  } finally {
    await input.close();
  }
}

read(workerData as ReadOrder).catch((error: unknown) => {
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  answer({ type: 'failed', message, stack, isUserError: error instanceof UserError });
});

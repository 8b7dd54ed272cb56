// What a block trace has in common with the kernel's own events, told as such: for recordings that are joined, where the
// file system trace beside it leads requests to files (Linux: kernel/trace/blktrace.c hooks the same tracepoints).
import type { KernelSink } from '../model/kernel.js';
import { kernelEvent } from '../model/kernel-events.js';
import { type BlockEvent, SECTOR } from './block-events.js';

const EVENTS: Readonly<Record<string, number>> = {
  Q: kernelEvent('block_bio_queue'),
  D: kernelEvent('block_rq_issue'),
  C: kernelEvent('block_rq_complete'),
  A: kernelEvent('block_bio_remap'),
  m: kernelEvent('note_marker'),
};

export function tellKernel(event: BlockEvent, kernel: KernelSink): void {
  const code = EVENTS[event.action];
  if (code === undefined || event.passthrough) return;
  const { record, words } = kernel;
  record.event = code;
  record.timeNs = event.timeNs;
  record.cpu = event.cpu;
  record.tid = event.tid;
  record.pid = -1;
  record.comm = words.text('');
  record.row = event.row;
  record.v.fill(Number.NaN);
  record.arrays.length = 0;
  if (event.action === 'm') record.v[0] = words.text(event.text);
  else {
    const { device, rwbs, bytes, sector, otherDevice, other, error } = event;
    record.v.set([device, words.text(rwbs), bytes, sector, bytes / SECTOR]);
    if (event.action === 'A') record.v.set([otherDevice, other], 5);
    else if (event.action === 'C') record.v[5] = -error;
  }
  kernel.take();
}

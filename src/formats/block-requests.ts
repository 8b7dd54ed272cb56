// Joins the records of the block layer into requests: what was queued, split, merged, issued and completed as one transfer
// becomes one device access from issue to completion, and its records share the access's `opId` (blkparse(1)).
// A device is a file of its own, its sectors are the file's bytes.
import { blockDevicePath, deviceText } from '../base/device-name.js';
import { Op } from '../model/events.js';
import type { TraceSink } from '../model/trace.js';
import { UNKNOWN } from '../model/units.js';
import { type BlockEvent, kindOf, SECTOR, type Transfer } from './block-events.js';
import { tellKernel } from './block-kernel.js';

/** Transfers under way that are kept per device; a damaged recording may begin without end. */
const MOST_OPEN = 65_536;
/** Beyond it bytes are no exact numbers any more; no disk is that large. */
const LARGEST_SECTOR = 2 ** 44;
const OPS: Readonly<Record<Transfer, number>> = {
  none: Op.generic,
  read: Op.dma_read,
  write: Op.dma_write,
  discard: Op.punch,
};

interface Held {
  readonly sink: TraceSink;
  readonly event: BlockEvent;
}

/** Queued, and not yet seen to be a request of its own or a part of one. */
interface Bio {
  readonly records: Held[];
  readonly queued: BlockEvent;
}

interface Request {
  readonly opId: number;
  readonly transfer: Transfer;
  readonly task: number;
  /** Where it begins and ends now, in sectors; completed parts are cut off its beginning. */
  from: number;
  to: number;
  /** Null until it is issued. */
  issue: Held | null;
}

interface Device {
  readonly file: number;
  readonly bios: Map<number, Bio>;
  /** Requests by their first sector, and those still open for merges by the sector behind their last. */
  readonly starts: Map<number, Request>;
  readonly ends: Map<number, Request>;
}

type Action = (joiner: BlockRequests, device: Device, held: Held) => void;

export class BlockRequests {
  private readonly devices = new Map<number, Device>();

  /** Takes the next event in time; commits its record to `sink` now or when it is known what it belongs to. */
  take(event: BlockEvent, sink: TraceSink): void {
    const held = { sink, event };
    if (sink.beside !== undefined) tellKernel(event, sink.beside);
    const action = event.passthrough || event.transfer === 'none' ? undefined : ACTIONS[event.action];
    // A flush has no sectors; the end of a flushed write is told a second time, without any.
    if (action === undefined || event.bytes === 0 || !(event.sector + event.bytes < LARGEST_SECTOR)) commit(held, 0);
    else action(this, this.device(event.device, sink), held);
  }

  /** Bytes queued at this sector, 0 when nothing is: a printed split does not tell them. */
  length(device: number, sector: number): number {
    return this.devices.get(device)?.bios.get(sector)?.queued.bytes ?? 0;
  }

  /** No more events: what is open stays open. */
  end(): void {
    for (const device of this.devices.values()) {
      for (const bio of device.bios.values()) giveUp(bio);
      for (const request of device.starts.values()) abandon(device, request);
    }
  }

  /** On its way to the device under a sector; a remap leads it to another. */
  remapped(device: Device, held: Held): void {
    const { event } = held;
    const earlier = device.bios.get(event.other);
    if (earlier !== undefined) device.bios.delete(event.other);
    this.queue(device, event.sector, { records: [...(earlier?.records ?? []), held], queued: event });
  }

  queued(device: Device, held: Held): void {
    const { event } = held;
    const remapped = device.bios.get(event.sector);
    const isNew = remapped === undefined || remapped.queued.action !== 'A';
    this.queue(device, event.sector, { records: isNew ? [held] : [...remapped.records, held], queued: event });
  }

  /** The rest of a split goes its own way. */
  split(device: Device, held: Held): void {
    const { event } = held;
    const bio = device.bios.get(event.sector);
    if (bio === undefined) commit(held, 0);
    else bio.records.push(held);
    const end = event.sector + Math.max(event.bytes, bio?.queued.bytes ?? 0) / SECTOR;
    if (event.other > event.sector && event.other < end) {
      const rest = { ...(bio?.queued ?? event), sector: event.other, bytes: (end - event.other) * SECTOR };
      this.queue(device, event.other, { records: [], queued: rest });
    }
  }

  begun(device: Device, held: Held): void {
    this.open(device, held);
  }

  backMerged(device: Device, held: Held): void {
    const { sector, bytes } = held.event;
    const request = device.ends.get(sector);
    const absorbed = device.bios.has(sector) ? undefined : device.starts.get(sector);
    if (request === undefined) return this.unmerged(device, held);
    if (absorbed !== undefined) forget(device, absorbed);
    device.ends.delete(request.to);
    request.to = sector + bytes / SECTOR;
    device.ends.set(request.to, request);
    this.joined(device, held, request);
  }

  frontMerged(device: Device, held: Held): void {
    const { sector, bytes } = held.event;
    const request = device.starts.get(sector + bytes / SECTOR);
    if (request === undefined) return this.unmerged(device, held);
    device.starts.delete(request.from);
    request.from = sector;
    device.starts.set(sector, request);
    this.joined(device, held, request);
  }

  inserted(device: Device, held: Held): void {
    commit(held, device.starts.get(held.event.sector)?.opId ?? 0);
  }

  issued(device: Device, held: Held): void {
    const { sector, bytes } = held.event;
    const waiting = device.starts.get(sector);
    const request = waiting === undefined || waiting.issue !== null ? this.open(device, held) : waiting;
    if (request === waiting) commit(held, request.opId);
    if (device.ends.get(request.to) === request) device.ends.delete(request.to);
    request.to = sector + bytes / SECTOR;
    request.issue = held;
  }

  requeued(device: Device, held: Held): void {
    const request = device.starts.get(held.event.sector);
    if (request !== undefined) request.issue = null;
    commit(held, request?.opId ?? 0);
  }

  /** A device that takes no requests (device mapper) only queues and completes. */
  completed(device: Device, held: Held): void {
    const { sector, bytes } = held.event;
    const request = device.starts.get(sector);
    const bio = device.bios.get(sector);
    if (request?.issue != null) {
      commit(held, request.opId);
      const done = sector + bytes / SECTOR;
      if (done < request.to && held.event.error === 0) return this.shorten(device, request, done);
      forget(device, request);
      access(device, request, request.issue, held.event);
    } else if (bio !== undefined) {
      const opened = this.open(device, held);
      forget(device, opened);
      access(device, opened, { sink: held.sink, event: bio.queued }, held.event);
    } else {
      commit(held, 0);
      held.sink.unplaced('disk requests that completed but whose begin is not in the recording');
    }
  }

  /** A part is done; the access lasts until the last one is. */
  private shorten(device: Device, request: Request, from: number): void {
    device.starts.delete(request.from);
    request.from = from;
    device.starts.set(from, request);
  }

  /** A request of its own, with what was queued for it. */
  private open(device: Device, held: Held): Request {
    const { event, sink } = held;
    const bio = device.bios.get(event.sector);
    const earlier = device.starts.get(event.sector);
    if (earlier !== undefined) abandon(device, earlier);
    const request: Request = {
      opId: sink.events.newId(),
      transfer: event.transfer,
      task: bio?.queued.task ?? event.task,
      from: event.sector,
      to: event.sector + event.bytes / SECTOR,
      issue: null,
    };
    device.starts.set(request.from, request);
    device.ends.set(request.to, request);
    this.joined(device, held, request);
    const [oldest] = device.starts.size > MOST_OPEN ? device.starts.values() : [];
    if (oldest !== undefined) abandon(device, oldest);
    return request;
  }

  private joined(device: Device, held: Held, request: Request): void {
    const bio = device.bios.get(held.event.sector);
    device.bios.delete(held.event.sector);
    for (const record of bio?.records ?? []) commit(record, request.opId);
    commit(held, request.opId);
  }

  private unmerged(device: Device, held: Held): void {
    commit(held, 0);
    const bio = device.bios.get(held.event.sector);
    device.bios.delete(held.event.sector);
    if (bio !== undefined) giveUp(bio);
    held.sink.unplaced('merges into disk requests whose begin is not in the recording');
  }

  private queue(device: Device, sector: number, bio: Bio): void {
    const earlier = device.bios.get(sector);
    if (earlier !== undefined && earlier.records[0] !== bio.records[0]) giveUp(earlier);
    device.bios.delete(sector);
    device.bios.set(sector, bio);
    const [oldest] = device.bios.size > MOST_OPEN ? device.bios : [];
    if (oldest === undefined) return;
    device.bios.delete(oldest[0]);
    giveUp(oldest[1]);
  }

  private device(number: number, sink: TraceSink): Device {
    let device = this.devices.get(number);
    if (device === undefined) {
      const file = sink.events.fileId(deviceText(number), '', blockDevicePath(number));
      device = { file, bios: new Map(), starts: new Map(), ends: new Map() };
      this.devices.set(number, device);
    }
    return device;
  }
}

const ACTIONS: Readonly<Record<string, Action>> = {
  A: (joiner, device, held) => joiner.remapped(device, held),
  Q: (joiner, device, held) => joiner.queued(device, held),
  X: (joiner, device, held) => joiner.split(device, held),
  G: (joiner, device, held) => joiner.begun(device, held),
  M: (joiner, device, held) => joiner.backMerged(device, held),
  F: (joiner, device, held) => joiner.frontMerged(device, held),
  I: (joiner, device, held) => joiner.inserted(device, held),
  D: (joiner, device, held) => joiner.issued(device, held),
  R: (joiner, device, held) => joiner.requeued(device, held),
  C: (joiner, device, held) => joiner.completed(device, held),
};

function forget(device: Device, request: Request): void {
  if (device.starts.get(request.from) === request) device.starts.delete(request.from);
  if (device.ends.get(request.to) === request) device.ends.delete(request.to);
}

/** Its end was not seen. */
function abandon(device: Device, request: Request): void {
  forget(device, request);
  if (request.issue === null) return;
  access(device, request, request.issue, null);
  request.issue.sink.unplaced('disk requests whose completion is not in the recording');
}

function giveUp(bio: Bio): void {
  for (const held of bio.records) commit(held, 0);
}

function access(device: Device, request: Request, begin: Held, end: BlockEvent | null): void {
  const { events } = begin.sink;
  const { timeNs, sector, row, bytes } = begin.event;
  events.timeNs = timeNs;
  events.op = OPS[request.transfer];
  events.file = device.file;
  events.task = request.task;
  events.offset = sector * SECTOR;
  events.length = bytes;
  events.addr = sector * SECTOR;
  events.opId = request.opId;
  events.latencyNs = end === null ? UNKNOWN : Math.max(0, end.timeNs - timeNs);
  if (end !== null) events.result = 0 - end.error;
  events.row = row;
  events.commit();
}

function commit({ sink, event }: Held, opId: number): void {
  const { records } = sink;
  records.timeNs = event.timeNs;
  records.kind = kindOf(sink, event.action);
  records.task = event.task;
  records.cpu = event.cpu;
  records.row = event.row;
  records.opId = opId;
  records.commit();
}

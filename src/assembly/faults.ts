// Page faults to operations. A fault has an entry event only; it lasts until the thread's next event that cannot be part
// of it. It is placed by the mapping that covers its address, or by the file system's own fault event.
// Faults the kernel takes for a device (get_user_pages) leave no page_fault_user: trap 4 of the kernel-events reference.
import { Flag, Op } from '../model/events.js';
import { UNKNOWN, UNKNOWN_RESULT } from '../model/units.js';
import type { Context } from './context.js';
import { fileOf, newOpen, resolve } from './context.js';
import { type Mapping, partOf } from './process.js';
import type { Thread } from './state.js';

const PAGE = 4096;
const VM_FAULT_SIGBUS = 2;
const VM_FAULT_FALLBACK = 0x800;
const VM_FAULT_NEEDDSYNC = 0x2000;
const FAULT_FLAG_WRITE = 1;
const SIGBUS = -1000;

export function userFault(c: Context, t: Thread, address: number, errorCode: number): void {
  endFault(c, t);
  const m = t.process.mappingAt(address);
  const { fault } = t;
  begin(c, t, address);
  if (m === undefined) return;
  fault.open = m.open;
  fault.file = fileOf(m.open);
  fault.offset = m.offset + Math.floor((address - m.start) / PAGE) * PAGE;
  // A store to a private mapping copies the page; the file is only read.
  fault.write = (errorCode & 2) !== 0 && m.shared;
  fault.handle = m.handle;
}

/** The file system's fault event: names the file, and the page where it knows it. */
export function fileFault(c: Context, t: Thread, file: number, offset: number, write: boolean | null): void {
  const { fault } = t;
  if (!fault.active) {
    // Inside a call: taken for a device or a copy. Only DAX faults say when they end; see daxFault.
    if (t.call.faultFile < 0) t.call.faultFile = file;
    const { directCall } = t.call;
    if (directCall === null || directCall.file === file) return;
    if (directCall.buffer === null && offset >= 0) infer(c, t, file, bufferPage(t), offset);
    findBuffer(c, t);
    if (directCall.buffer !== null) resolve(c, directCall.buffer, file);
    return;
  }
  if (fault.open !== null) resolve(c, fault.open, file);
  else {
    // No mapping seen: the event's own word counts. Without it the fault stays an anonymous one.
    fault.file = file;
    if (write !== null) fault.write = write;
    if (fault.address >= 0 && offset >= 0) infer(c, t, file, fault.address, offset);
  }
  if (fault.offset < 0 && offset >= 0) fault.offset = offset;
  fault.lastNs = c.record.timeNs;
}

export function daxFault(c: Context, t: Thread, file: number, offset: number, flags: number, address: number): void {
  const { fault } = t;
  const write = (flags & FAULT_FLAG_WRITE) !== 0;
  if (fault.active && fault.gup && fault.offset !== offset) endFault(c, t);
  if (!fault.active) {
    begin(c, t, -1);
    fault.gup = true;
    fault.file = file;
    fault.offset = offset;
  }
  fault.dax = true;
  c.daxFiles.add(file);
  if (write) fault.write = true;
  fileFault(c, t, file, offset, fault.write);
  if (t.process.mappingAt(address) === undefined && address >= 0) infer(c, t, file, address, offset);
  if (fault.gup) findBuffer(c, t);
}

/** The mapping behind the buffer of a direct I/O call, once it is known. */
export function findBuffer(c: Context, t: Thread): void {
  const { call } = t;
  const { directCall } = call;
  if (directCall === null || directCall.buffer !== null || !call.hasBuffer) return;
  const m = t.process.mappingAt(call.args[1]!);
  if (m === undefined) return;
  directCall.buffer = m.open;
  directCall.bufferOffset = m.offset + call.args[1]! - m.start;
  c.devices.accesses.directs.foundBuffer(directCall);
}

/** The page of the buffer that a fault taken for it touched: pages are faulted in order, so the first is the buffer's start. */
function bufferPage({ call }: Thread): number {
  return call.hasBuffer ? Math.floor(call.args[1]! / PAGE) * PAGE : -1;
}

/** A mapping made before the recording shows by a fault with address and file page: all faults with the same difference are it. */
function infer(c: Context, t: Thread, file: number, address: number, offset: number): void {
  const start = Math.floor(address / PAGE) * PAGE;
  if (address < 0 || t.process.mappingAt(address) !== undefined) return;
  const grown = t.process.mappings.find(
    (m) => m.inferred && m.open.resolved === file && m.start - m.offset === start - offset,
  );
  if (grown !== undefined) {
    stretch(c, t, grown, Math.min(grown.start, start), Math.max(grown.end, start + PAGE));
    return;
  }
  const open = newOpen(c);
  resolve(c, open, file);
  const handle = c.events.newId();
  const mapping = { start, end: start + PAGE, offset, open, handle, shared: true, writable: true, inferred: true };
  t.process.map(mapping);
  stretch(c, t, mapping, start, start + PAGE);
  const e = c.events;
  e.timeNs = c.record.timeNs;
  e.op = Op.mmap;
  e.file = file;
  e.task = t.task;
  e.offset = 0;
  e.handle = handle;
  e.opId = e.newId();
  e.flags = Flag.synthetic | Flag.shared | Flag.writable | Flag.whole;
  e.result = 0;
  e.row = c.record.row;
  e.commit();
  c.sink.issue(
    'mapping-inferred',
    c.record.row,
    'a mapping made before the recording was recognised by its faults; it counts from its first fault on, and for the whole file',
  );
}

export function daxDone(c: Context, t: Thread, result: number): void {
  const { fault } = t;
  if (!fault.active) return;
  fault.lastNs = c.record.timeNs;
  fault.syncs = (result & VM_FAULT_NEEDDSYNC) !== 0;
  if ((result & VM_FAULT_SIGBUS) !== 0) fault.result = SIGBUS;
  // A huge-page fault that falls back is followed by the small one of the same fault.
  else if (fault.gup && (result & VM_FAULT_FALLBACK) === 0) endFault(c, t);
}

/** The signal that ends a fault on a page that cannot be had. */
export function busError(t: Thread): void {
  if (t.fault.active) t.fault.result = SIGBUS;
}

export function endFault(c: Context, t: Thread): void {
  const { fault } = t;
  if (!fault.active) return;
  fault.active = false;
  if (fault.file < 0)
    return c.unplaced(
      'page faults outside every known file mapping (anonymous memory, mappings made before the recording)',
    );
  if (fault.gup && fault.result >= 0) faultedIn(t);
  const e = c.events;
  e.timeNs = fault.timeNs;
  e.op = fault.write ? Op.write_fault : Op.read_fault;
  e.file = fault.file;
  e.task = t.task;
  e.offset = fault.offset;
  e.length = fault.offset >= 0 ? PAGE : UNKNOWN;
  e.handle = fault.handle;
  e.opId = fault.opId === 0 ? e.newId() : fault.opId;
  // Without signals in the trace nothing says how a page-cache fault ended.
  e.result = fault.result < 0 || fault.dax || c.signals ? fault.result : UNKNOWN_RESULT;
  e.latencyNs = fault.lastNs > fault.timeNs ? fault.lastNs - fault.timeNs : UNKNOWN;
  e.flags = (fault.gup ? Flag.gup : 0) | (fault.dax ? Flag.dax : 0);
  e.row = fault.row;
  e.commit();
}

/** The page may be taken away again before the kernel holds it: then it is faulted in once more. */
function faultedIn({ call, fault }: Thread): void {
  if (call.faultedOffset >= 0 && call.faultedOffset !== fault.offset) return;
  call.faultedOffset = fault.offset;
  call.faultedNs = fault.lastNs;
}

function begin(c: Context, t: Thread, address: number): void {
  const { fault } = t;
  fault.active = true;
  fault.timeNs = c.record.timeNs;
  fault.lastNs = c.record.timeNs;
  fault.row = c.record.row;
  fault.opId = 0;
  fault.file = -1;
  fault.offset = -1;
  fault.write = false;
  fault.gup = false;
  fault.dax = false;
  fault.syncs = false;
  fault.handle = 0;
  fault.open = null;
  fault.address = address;
  fault.result = 0;
}

/** Most mappings are of a whole file: from its first byte to its last, as far as no other mapping is in the way. */
function stretch(c: Context, t: Thread, m: Mapping, from: number, to: number): void {
  const base = m.start - m.offset;
  const end = base + Math.ceil((c.sizes.get(m.open.resolved) ?? 0) / PAGE) * PAGE;
  const others = t.process.mappings.filter((x) => x.open !== m.open);
  const floor = Math.max(0, ...others.filter((x) => x.end <= from).map((x) => x.end));
  const ceiling = Math.min(Number.POSITIVE_INFINITY, ...others.filter((x) => x.start >= to).map((x) => x.start));
  const first = Math.max(Math.min(from, base), floor);
  const last = Math.min(Math.max(to, end), ceiling);
  t.process.unmap(first, last, () => {});
  t.process.map(partOf(m, first, last));
}

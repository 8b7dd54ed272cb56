// What recorders tell besides the kernel's events (NOTES of kernel-events.ts): the file behind a descriptor or a path,
// mappings made outside every call that was recorded, the beginning and end of tasks.
import { deviceText } from '../base/device-name.js';
import { Flag, Op } from '../model/events.js';
import { UNKNOWN } from '../model/units.js';
import type { Context } from './context.js';
import { callRow, fileOf, newOpen, resolve, sameFile } from './context.js';
import { descriptorIs, fdOf, nameKey, opened } from './descriptors.js';
import { endFault } from './faults.js';
import { grows, type Handler, isMove, word } from './handler.js';
import type { OpenFile } from './process.js';
import {
  isMadeAgain,
  joinProcess,
  mappingAppears,
  mappingGoes,
  processExec,
  processFork,
  taskEnds,
  taskMade,
} from './processes.js';
import type { Thread } from './state.js';

/** addr len pgoff dev ino prot path */
const mapped: Handler = (c, t, v) => {
  const [start, length, offset, device, inode] = v as unknown as [number, number, number, number, number];
  if (!(inode > 0)) return;
  const file = c.file(device, inode);
  const path = word(c, v[6]!);
  if (path.startsWith('/') && !path.endsWith(' (deleted)')) c.named(file, path);
  const { call, process } = t;
  const end = start + length;
  if (process.wasRemapped(start, end, c.notedNs)) return;
  if (call.name === 'mmap' && (c.notedNs === Number.POSITIVE_INFINITY || isMadeBy(call.args, length, offset))) {
    if (fdOf(call.args[4]!) >= 0) descriptorIs(c, t, call.args[4]!, file);
    return;
  }
  // mprotect is told as a mapping as well: the one that is there. /proc shows neighbours as one.
  if (process.maps(file, start, end, offset)) {
    for (const m of process.mappingsIn(start, end)) resolve(c, m.open, file);
    return;
  }
  const open = newOpen(c);
  resolve(c, open, file);
  const prot = word(c, v[5]!);
  process.unmap(start, end, (m, off, len) => mappingGoes(c, t, m, off, len));
  const handle = c.events.newId();
  const shared = prot.endsWith('s');
  mappingAppears(c, t, { start, end, offset, open, handle, shared, writable: prot[1] === 'w', inferred: false });
};

/** A look inside the call, before its return was recorded, shows what it made. */
const isMadeBy = (args: Float64Array, length: number, offset: number): boolean =>
  Math.ceil(args[1]! / 4096) * 4096 === length && args[5] === offset;

/** pid tid files */
const forked: Handler = (c, t, v) => {
  endFault(c, t);
  const [pid, tid] = v as unknown as [number, number];
  t.forked = tid;
  const child = c.thread(tid, pid, t.comm);
  const again = isMadeAgain(c, t, child);
  if (!again) taskMade(c, t, child);
  if (pid === t.process.pid) joinProcess(c, child, t.process);
  else if (!again) {
    child.process = c.process(pid, t.process);
    processFork(c, t.process, child);
    if (v[2] === 1) child.process.shareDescriptors(t.process);
  }
  if (pid !== t.process.pid) child.process.apart = true;
};

const exited: Handler = (c, t) => {
  endFault(c, t);
  taskEnds(c, t);
};

/** fd dev path */
const descriptorPath: Handler = (c, t, v) => {
  const path = word(c, v[2]!);
  const removed = path.endsWith(DELETED);
  const known = opened(c, t, fdOf(v[0]!)).resolved;
  if (removed && known >= 0) return;
  if (known >= 0 && c.told(known)) return isCalled(c, known, path);
  descriptorIs(c, t, v[0]!, fileByPath(c, removed ? path.slice(0, -DELETED.length) : path, v[1]!));
};

const DELETED = ' (deleted)';

/** Another recording of the run told the inode; this one tells the path. */
function isCalled(c: Context, file: number, path: string): void {
  const byPath = c.paths.get(path);
  if (byPath !== undefined && byPath !== file && !c.told(byPath)) sameFile(c, byPath, file);
  c.paths.set(path, file);
  c.named(file, path);
}

/** The file that was seen inside the call, or looked up there by its name. */
function seenInCall(c: Context, { call }: Thread): number {
  if (call.file >= 0 || call.lookup < 0 || call.created) return call.file;
  return c.names.get(nameKey(c, call.device, call.directory, call.lookup)) ?? -1;
}

const callPath: Handler = (c, t, v) => {
  const { call } = t;
  const path = word(c, v[1]!);
  if (v[0] === 0) {
    call.path = path;
    const seen = seenInCall(c, t);
    const fd = /^\/proc\/(?:self|thread-self|\d+)\/fd\/(\d+)$/.exec(path)?.[1];
    if (fd !== undefined) call.file = opened(c, t, Number(fd)).resolved;
    else if (seen >= 0 && c.told(seen)) isCalled(c, seen, path);
    else call.file = fileByPath(c, path, Number.NaN);
  } else {
    call.secondPath = path;
    call.source = c.paths.get(path) ?? -1;
  }
};

/** dev ino; a path given before turns out to be this file. */
const callInode: Handler = (c, t, v) => {
  const { call } = t;
  call.file = c.file(v[0]!, v[1]!);
  if (call.path === '') return;
  c.paths.set(call.path, call.file);
  c.named(call.file, call.path);
};

function fileByPath(c: Context, path: string, device: number): number {
  let file = c.paths.get(path);
  if (file === undefined) {
    file = c.events.fileId(Number.isNaN(device) ? '' : deviceText(device), '', path);
    c.paths.set(path, file);
  }
  return file;
}

/** from from_offset to to_offset len */
const remap: Handler = (c, t, v) => {
  const { call } = t;
  const from = opened(c, t, fdOf(v[0]!));
  const to = opened(c, t, fdOf(v[2]!));
  call.sourceOffset = Number.isNaN(v[1]!) ? from.position : v[1]!;
  call.targetOffset = Number.isNaN(v[3]!) ? to.position : v[3]!;
  call.remapLength = v[4]!;
  // An unknown file stays the descriptor's own placeholder.
  if (from.resolved >= 0) call.source = from.resolved;
  if (to.resolved >= 0) call.file = to.resolved;
};

/** kind fd offset len. A descriptor that no open or note led to a file is a pipe or a socket. */
const transferred: Handler = (c, t, v) => {
  const [kind, fd, offset, length] = v as unknown as [number, number, number, number];
  const open = opened(c, t, fdOf(fd));
  if (isMove(t.call.name)) return moves(t, kind, open, offset);
  const from = Number.isNaN(offset) ? open.position : offset;
  if (Number.isNaN(offset) && open.position >= 0) open.position += length;
  // A recording of the kernel's own events beside this one tells by them what such calls moved.
  if (open.resolved < 0 || c.sink.sources.some(({ format }) => format !== c.sink.sourceOf(c.record.row).format)) return;
  const e = callRow(c, t, [Op.read, Op.write, Op.fsync][kind]!, open.resolved, 0);
  // Of the call, it would be the time to hand over what goes on after it.
  e.latencyNs = UNKNOWN;
  if (kind !== FLUSHED) {
    e.offset = from;
    e.length = length;
    e.flags = open.direct ? Flag.direct : 0;
  }
  e.commit();
  if (kind === WROTE && from >= 0) grows(c, open.resolved, from + length);
};

/** Of sendfile and splice the call's return writes the rows; they know their files and offsets by this. */
function moves({ call }: Thread, kind: number, { resolved }: OpenFile, offset: number): void {
  if (resolved < 0) return;
  if (kind === WROTE) {
    if (call.file < 0) call.file = resolved;
    if (call.position < 0 && offset >= 0) call.position = offset;
    return;
  }
  if (call.source < 0) {
    call.source = resolved;
    call.sourceOffset = UNKNOWN;
  }
  if (offset >= 0) call.sourceOffset = offset;
}

const WROTE = 1;
const FLUSHED = 2;

/** By event name. */
export const NOTE_EVENTS: Readonly<Record<string, Handler>> = {
  note_mmap: mapped,
  note_comm: (c, t, v) => {
    if (v[0] === 1) processExec(c, t);
  },
  note_fork: forked,
  note_exit: exited,
  note_fd_path: descriptorPath,
  note_fd_inode: (c, t, v) => {
    const open = t.process.descriptor(fdOf(v[0]!));
    if (open === undefined || open.sinceNs < c.notedNs) descriptorIs(c, t, v[0]!, c.file(v[1]!, v[2]!));
  },
  note_fd_other: (c, t, v) => {
    if (t.process.descriptor(fdOf(v[0]!)) !== undefined) t.process.descriptors.set(fdOf(v[0]!), newOpen(c));
  },
  note_inode: callInode,
  note_path: callPath,
  note_remap: remap,
  note_arguments: (_c, t, v) => {
    for (let i = 0; i < 6; i++) t.call.args[i] = v[i]!;
  },
  note_transfer: transferred,
  note_passed: (c, t, v) => {
    const open = opened(c, t, fdOf(v[0]!));
    open.passed = true;
    open.position = UNKNOWN;
  },
  note_buffer: (_c, t, v) => {
    const m = t.process.mappingAt(v[0]!);
    if (m !== undefined && t.call.faultFile < 0) t.call.faultFile = fileOf(m.open);
  },
};

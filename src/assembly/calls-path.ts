// Calls on paths and on whole files: unlink, rename, swapon, io_uring buffers.
import { Flag, Op } from '../model/events.js';
import type { Context } from './context.js';
import { callRow } from './context.js';
import { fdOf, fileOfPath, opened } from './descriptors.js';
import { type Exit, fileOfMemory } from './handler.js';
import type { Call, Thread } from './state.js';

/** Flag of renameat2(2): the two change names, and neither is replaced. */
export const RENAME_EXCHANGE = 2;

export function pathRow(op: number): Exit {
  return (c, t, ret) => {
    callRow(c, t, op, fileOfName(c, t, ret), ret).commit();
    if (ret >= 0 && t.call.path !== '') forgetPath(c, t.call.path);
  };
}

const EPERM = -1;

/**
 * File of a call that takes a name away. An active swap file keeps its name, and no event tells of the refusal (may_delete in
 * fs/namei.c): the error says that it is one, the path that swapon was given which.
 */
function fileOfName(c: Context, t: Thread, ret: number): number {
  const { call } = t;
  const swap =
    ret === EPERM ? c.swapPaths.get(`${t.process.pid}/${call.args[/at2?$/.test(call.name) ? 1 : 0]}`) : undefined;
  return swap !== undefined && call.file < 0 && c.swaps.has(swap) ? swap : fileOfPath(c, t, ret);
}

export function renameCall(c: Context, t: Thread, ret: number): void {
  const { call } = t;
  const file = fileOfName(c, t, ret);
  callRow(c, t, Op.rename, file, ret).commit();
  // The file that had the new name, when one is known.
  const over = call.source >= 0 ? call.source : undefined;
  if (over !== undefined && over !== file) {
    const e = callRow(c, t, Op.rename, over, ret);
    e.flags = call.args[4] === RENAME_EXCHANGE ? Flag.second : Flag.second | Flag.over;
    e.commit();
  }
  if (ret < 0) return;
  if (call.secondPath !== '') renamed(c, call);
  // It has another name from now on, which nothing tells.
  else if (call.path !== '') forgetPath(c, call.path);
}

/** A second name of the file, of which nothing else changes. */
export function linkCall(c: Context, t: Thread, ret: number): void {
  const { call } = t;
  if (ret < 0) return;
  c.reused.linked = true;
  if (call.secondPath === '') return;
  // AT_EMPTY_PATH: the descriptor is the file.
  const nameless = call.name === 'linkat' && call.path === '';
  const file = nameless ? opened(c, t, fdOf(call.args[0]!)).resolved : call.file;
  if (file >= 0) c.paths.set(call.secondPath, file);
}

/** What the two paths mean from now on. */
function renamed(c: Context, call: Call): void {
  const { path, secondPath } = call;
  const over = c.paths.get(secondPath);
  // Two names of one file: both stay (rename(2)).
  if (over !== undefined && over === call.file) return;
  forgetPath(c, path);
  forgetPath(c, secondPath);
  c.paths.set(secondPath, call.file);
  if (call.args[4] === RENAME_EXCHANGE && over !== undefined) c.paths.set(path, over);
}

function forgetPath(c: Context, path: string): void {
  c.paths.delete(path);
  c.events.forgetPath(path);
}

export function swapCall(op: number): Exit {
  return (c, t, ret) => {
    let file = fileOfPath(c, t, ret);
    // Only one swap file is on: that is the one that goes off.
    if (op === Op.swapoff && !c.swaps.has(file) && c.swaps.size === 1) file = [...c.swaps.keys()][0]!;
    const e = callRow(c, t, op, file, ret);
    if (ret >= 0 && file >= 0) {
      const handle = c.swaps.get(file) ?? c.events.newId();
      e.handle = handle;
      if (op === Op.swapon) {
        c.swaps.set(file, handle);
        c.swapPaths.set(`${t.process.pid}/${t.call.args[0]}`, file);
      } else c.swaps.delete(file);
    }
    e.commit();
  };
}

export function registerBuffers(c: Context, t: Thread, ret: number): void {
  // Opcode 0 registers, 1 unregisters; the buffers stand behind a pointer, so the file shows only through its faults.
  const opcode = t.call.args[1];
  if ((opcode !== 0 && opcode !== 1) || t.call.holdSeen) return;
  const file = fileOfMemory(t);
  if (file < 0) return c.unplaced('io_uring buffers whose file no event named');
  t.call.holdTold = true;
  const ring = `${t.process.pid}/${t.call.args[0]}`;
  const handle = c.rings.get(ring) ?? c.events.newId();
  if (ret >= 0 && opcode === 0) c.rings.set(ring, handle);
  else if (ret >= 0) c.rings.delete(ring);
  const e = callRow(c, t, opcode === 0 ? Op.register : Op.deregister, file, ret);
  e.handle = ret >= 0 ? handle : 0;
  e.flags = Flag.write | Flag.whole;
  e.offset = 0;
  e.commit();
}

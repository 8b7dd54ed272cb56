// Where answers go: stdout, or a file that is written beside its place and renamed, so that a killed run leaves a whole one.
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../model/issue.js';
import type { Io } from './io.js';

/** Characters collected before they are written. */
const BLOCK = 1 << 18;
const unfinished = new Set<string>();

/** Writes to `path`, or to stdout for `-`. */
export async function writeOutput(io: Io, path: string, pieces: Iterable<string>): Promise<void> {
  if (path === '-') for (const block of blocks(pieces)) await io.out(block);
  else writeFile(path, pieces);
}

/** Fails now, not after the work, when `path` cannot be written. */
export function checkOutput(path: string): void {
  if (path === '-') return;
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) throw new UserError(`cannot write ${path}: it is a folder; name a file with -o`);
    checkFolder(path);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** Fails now when nothing can be made beside `path`. */
export function checkFolder(path: string): void {
  try {
    const folder = dirname(path);
    if (!statSync(folder).isDirectory()) throw new UserError(`cannot write ${path}: ${folder} is no folder`);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** Removes what an interrupted run had begun to write. */
export function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { force: true });
}

function writeFile(path: string, pieces: Iterable<string>): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  // A device or a pipe is written into; replacing it by a file would destroy it.
  const special = stat !== undefined && !stat.isFile();
  const target = stat === undefined || special ? path : realpathSync(path);
  const fresh = special ? target : join(dirname(target), `.${basename(target)}.tmp-${randomBytes(4).toString('hex')}`);
  try {
    if (!special) unfinished.add(fresh);
    const file = openSync(fresh, special ? 'w' : 'wx');
    try {
      for (const block of blocks(pieces)) writeAll(file, Buffer.from(block));
    } finally {
      closeSync(file);
    }
    if (!special) renameSync(fresh, target);
  } catch (error) {
    if (!special) rmSync(fresh, { force: true });
    throw unwritable(path, error);
  } finally {
    unfinished.delete(fresh);
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

function* blocks(pieces: Iterable<string>): Iterable<string> {
  let block = '';
  for (const piece of pieces) {
    block += piece;
    if (block.length < BLOCK) continue;
    yield block;
    block = '';
  }
  if (block !== '') yield block;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist; make it first',
  ENOTDIR: 'a part of its path is no folder',
  EACCES: 'permission denied; name another place with -o',
  EPERM: 'permission denied; name another place with -o',
  EROFS: 'the file system is read-only; name another place with -o',
  ENOSPC: 'the disk is full; make room or name another place with -o',
};

function unwritable(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return error;
  return new UserError(`cannot write ${path}: ${REASONS[String(error.code)] ?? error.message}`);
}

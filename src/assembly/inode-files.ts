// Files by the device and the inode that events name; the number may be another file's later.
import { Columns } from '../base/columns.js';
import { blockDevicePath, deviceText } from '../base/device-name.js';
import { PairTable } from '../base/pair-table.js';
import { SparseNumbers } from '../base/sparse-numbers.js';
import { NONE } from '../model/units.js';
import type { Context } from './context.js';

const NEAR = 64;

/** `file`: one more than it, 0 for none. `sinceNs`: when an event first named it. */
const IDENTITY_SHAPE = { file: Uint32Array, sinceNs: Float64Array };

export class InodeFiles {
  private readonly context: Context;
  /** Numbers of device and inode. There may be very many of them. */
  private readonly names = new PairTable();
  private readonly identities = new Columns(IDENTITY_SHAPE);
  /** By file: the number of its device and inode. */
  private readonly nameOf = new SparseNumbers();
  /** Files asked for lately, by the low bits of their inodes. */
  private readonly nearDevices = new Float64Array(NEAR).fill(Number.NaN);
  private readonly nearInodes = new Float64Array(NEAR);
  private readonly nearFiles = new Float64Array(NEAR);

  constructor(context: Context) {
    this.context = context;
  }

  /** Has an event named the file by its inode? */
  told(file: number): boolean {
    return this.nameOf.has(file);
  }

  metBefore(device: number, inode: number, timeNs: number): boolean {
    const name = this.names.find(device, inode);
    const { file, sinceNs } = this.identities.at;
    return name >= 0 && file[name] !== 0 && sinceNs[name]! < timeNs;
  }

  of(device: number, inode: number): number {
    const near = inode & (NEAR - 1);
    if (this.nearDevices[near] === device && this.nearInodes[near] === inode) return this.nearFiles[near]!;
    const name = this.names.add(device, inode);
    if (name === this.identities.length) this.identities.add();
    let file = this.identities.at.file[name]! - 1;
    if (file < 0) {
      file = this.context.events.fileId(deviceText(device), String(inode));
      this.identities.at.file[name] = file + 1;
      this.identities.at.sinceNs[name] = this.context.record.timeNs;
      this.nameOf.set(file, name);
      this.newFile(file, device, inode);
    }
    this.nearDevices[near] = device;
    this.nearInodes[near] = inode;
    this.nearFiles[near] = file;
    return file;
  }

  *inodesOf(device: number): Iterable<number> {
    for (let name = 0; name < this.names.size; name++)
      if (this.identities.at.file[name] !== 0 && this.names.first(name) === device) yield this.names.second(name);
  }

  forget(device: number, inode: number): void {
    const name = this.names.find(device, inode);
    const file = name < 0 ? -1 : this.identities.at.file[name]! - 1;
    if (file < 0) return;
    this.identities.at.file[name] = 0;
    this.context.xfs.gone(file);
    this.context.log.gone(file, device);
    this.nearDevices[inode & (NEAR - 1)] = Number.NaN;
    this.context.events.forgetInode(deviceText(device), String(inode));
  }

  blockDevice(device: number): number {
    const file = this.context.events.fileId(deviceText(device), '', blockDevicePath(device));
    this.context.blockDevices.add(file);
    return file;
  }

  named(file: number, name: string): void {
    const identity = this.nameOf.get(file);
    // The number may be another file's by now.
    if (identity === undefined || this.identities.at.file[identity] !== file + 1) return;
    const [device, inode] = [this.names.first(identity), this.names.second(identity)];
    this.context.events.fileId(deviceText(device), String(inode), name);
  }

  /** A file that is known to be new has no blocks yet. */
  private newFile(file: number, device: number, inode: number): void {
    const { reused, xfs, ext4, log } = this.context;
    const born = reused.born(device, inode);
    if (born === null) return;
    const { author } = log;
    const acting = { ...author };
    const { row } = this.context.record;
    Object.assign(author, { timeNs: born.timeNs, row, opId: 0, task: NONE, sharing: false, noted: false });
    (born.system === 'xfs' ? xfs : ext4).knownEmpty(file, device);
    Object.assign(author, acting);
  }
}

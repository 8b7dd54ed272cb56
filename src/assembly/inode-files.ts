// Files by the device and the inode that events name; the number may be another file's later.
import { blockDevicePath, deviceText } from '../base/device-name.js';
import { NONE } from '../model/units.js';
import type { Context } from './context.js';

const NEAR = 64;

interface Identity {
  readonly device: number;
  readonly inode: number;
  /** When an event first named it. */
  readonly sinceNs: number;
}

export class InodeFiles {
  private readonly context: Context;
  private readonly byDevice = new Map<number, Map<number, number>>();
  private readonly identities = new Map<number, Identity>();
  /** Files asked for lately, by the low bits of their inodes. */
  private readonly nearDevices = new Float64Array(NEAR).fill(Number.NaN);
  private readonly nearInodes = new Float64Array(NEAR);
  private readonly nearFiles = new Float64Array(NEAR);

  constructor(context: Context) {
    this.context = context;
  }

  /** Has an event named the file by its inode? */
  told(file: number): boolean {
    return this.identities.has(file);
  }

  metBefore(device: number, inode: number, timeNs: number): boolean {
    const file = this.byDevice.get(device)?.get(inode);
    return file !== undefined && this.identities.get(file)!.sinceNs < timeNs;
  }

  of(device: number, inode: number): number {
    const near = inode & (NEAR - 1);
    if (this.nearDevices[near] === device && this.nearInodes[near] === inode) return this.nearFiles[near]!;
    let ofDevice = this.byDevice.get(device);
    if (ofDevice === undefined) {
      ofDevice = new Map();
      this.byDevice.set(device, ofDevice);
    }
    let file = ofDevice.get(inode);
    if (file === undefined) {
      file = this.context.events.fileId(deviceText(device), String(inode));
      ofDevice.set(inode, file);
      this.identities.set(file, { device, inode, sinceNs: this.context.record.timeNs });
      this.newFile(file, device, inode);
    }
    this.nearDevices[near] = device;
    this.nearInodes[near] = inode;
    this.nearFiles[near] = file;
    return file;
  }

  inodesOf(device: number): Iterable<number> {
    return this.byDevice.get(device)?.keys() ?? [];
  }

  forget(device: number, inode: number): void {
    const ofDevice = this.byDevice.get(device);
    const file = ofDevice?.get(inode);
    if (file === undefined) return;
    ofDevice!.delete(inode);
    this.context.xfs.gone(file);
    this.nearDevices[inode & (NEAR - 1)] = Number.NaN;
    this.context.events.forgetInode(deviceText(device), String(inode));
  }

  blockDevice(device: number): number {
    const file = this.context.events.fileId(deviceText(device), '', blockDevicePath(device));
    this.context.blockDevices.add(file);
    return file;
  }

  named(file: number, name: string): void {
    const identity = this.identities.get(file);
    if (identity === undefined) return;
    // The number may be another file's by now.
    if (this.byDevice.get(identity.device)?.get(identity.inode) === file)
      this.context.events.fileId(deviceText(identity.device), String(identity.inode), name);
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

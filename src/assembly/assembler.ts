// Kernel records in, operations out (replay reference, section 1): the hub that keeps processes and hands each record to
// the part that understands it. One assembler per source.

import { SparseNumbers } from '../base/sparse-numbers.js';
import { WordNumbers } from '../base/word-numbers.js';
import { type EventCatalogue, OWN_EVENTS } from '../model/event-catalogue.js';
import { Op } from '../model/events.js';
import type { KernelRecord, KernelSink, Words } from '../model/kernel.js';
import type { GivenGeometry } from '../model/trace.js';
import { NONE } from '../model/units.js';
import { changeRow, tellAnnounced } from './announced.js';
import { BlockSizes } from './block-sizes.js';
import type { CallKind } from './calls.js';
import type { AssemblySink, Context } from './context.js';
import { currentOp, distrustSizes, sizeIs, sizeMomentsIn } from './context.js';
import { DeviceLog } from './device-log.js';
import { Ext4Maps } from './ext4-map.js';
import { endFault } from './faults.js';
import { finishMaps } from './finish-maps.js';
import { InodeFiles } from './inode-files.js';
import { forgetQueued } from './iomap-events.js';
import { belongs, tellUndecided } from './made-tasks.js';
import { MapLog } from './map-log.js';
import { Process, Unresolved } from './process.js';
import { ReusedInodes } from './reused-inodes.js';
import { Thread } from './state.js';
import { FOREIGN, foreignWith, inodePlaces, nothing, TAKE, type Take, takesWith } from './takes.js';
import { TaughtEvents } from './taught-events.js';
import { XfsGeometry } from './xfs-geometry.js';
import { XfsMaps } from './xfs-map.js';
import { XfsVotes } from './xfs-votes.js';

const NEAR = 64;

export class Assembler implements KernelSink {
  readonly catalogue: EventCatalogue;
  readonly record: KernelRecord;
  readonly words: Words;
  readonly context: Context;
  private readonly threads = new Map<number, Thread>();
  private readonly processes = new Map<number, Process>();
  private readonly files: InodeFiles;
  private readonly geometries = new Map<number, XfsGeometry>();
  /** The operation a call's return record just ended. */
  private left = 0;
  private lastThread: Thread | null = null;
  /** Threads met lately, by the low bits of their numbers. */
  private readonly near: Thread[] = [];
  private readonly xfs: readonly GivenGeometry[];
  private readonly takes: readonly Take[];
  private readonly foreign: Uint8Array;
  private readonly inodeAt: Uint8Array;
  private readonly taught: TaughtEvents | null;

  constructor(sink: AssemblySink, catalogue = OWN_EVENTS, xfs: readonly GivenGeometry[] = []) {
    this.words = sink.words;
    this.xfs = xfs;
    this.catalogue = catalogue;
    const v = new Float64Array(catalogue.places);
    this.record = { event: 0, timeNs: 0, cpu: 0, tid: 0, pid: -1, comm: 0, row: 0, v, arrays: [] };
    const log = new MapLog(sink.store);
    const blocks = new BlockSizes();
    this.context = {
      sink,
      events: sink.events,
      record: this.record,
      words: this.words,
      log,
      notedNs: Number.POSITIVE_INFINITY,
      xfs: new XfsMaps(log),
      ext4: new Ext4Maps(log, blocks),
      blocks,
      devices: new DeviceLog(sink.store),
      sizes: new SparseNumbers(),
      emptied: 0,
      sizeless: new SparseNumbers(),
      sizeMoments: sizeMomentsIn(sink.store),
      writesSeen: false,
      wholeWrites: new Set(),
      iomapSeen: false,
      names: new WordNumbers(this.words),
      paths: new WordNumbers(this.words),
      leases: new Map(),
      directories: new Map(),
      mapLocksSeen: false,
      swaps: new Map(),
      swapPaths: new Map(),
      rings: new Map(),
      queued: [],
      daxFiles: new Set(),
      blockDevices: new Set(),
      votes: new XfsVotes(),
      reused: new ReusedInodes((device, inode) => this.files.forget(device, inode)),
      signals: false,
      stateBits: [],
      iomapTypes: [],
      iomapShared: [],
      kiocbFlags: [],
      lockFlags: [],
      fallocModes: [],
      extentStatus: [],
      requestKinds: [],
      geometry: (device) => this.geometry(device),
      regular: new Unresolved(),
      file: (device, inode) => this.files.of(device, inode),
      inodes: (device) => this.files.inodesOf(device),
      blockDevice: (device) => this.files.blockDevice(device),
      named: (file, name) => this.files.named(file, name),
      told: (file) => this.files.told(file),
      metBefore: (device, inode, timeNs) => this.files.metBefore(device, inode, timeNs),
      thread: (tid, pid, comm) => this.thread(tid, pid, comm),
      someThread: (is) => [...this.threads.values()].find(is),
      process: (pid, parent) => this.process(pid, parent),
      unplaced: (cause) => sink.unplaced(cause),
    };
    this.files = new InodeFiles(this.context);
    this.taught = catalogue.maps.length === 0 ? null : new TaughtEvents(this.context, sink, catalogue);
    this.takes = this.taught === null ? TAKE : takesWith(this.taught, catalogue);
    this.foreign = this.taught === null ? FOREIGN : foreignWith(this.taught, catalogue);
    this.inodeAt = inodePlaces(catalogue.events, this.takes);
  }

  reads(event: number): boolean {
    return this.takes[event] !== nothing;
  }

  // hot
  take(): number {
    const { record } = this;
    const t = this.thread(record.tid, record.pid, record.comm);
    this.left = 0;
    // Without the number of its device or inode (perf script -F without trace, damage) a record is of no file.
    const inodeAt = this.inodeAt[record.event]!;
    if (inodeAt > 0 && Number.isNaN(record.v[0]! + record.v[inodeAt]!))
      this.context.unplaced('events that lack the device or the inode of their file');
    else this.takes[record.event]!(this.context, t, record.v, this);
    if (this.left > 0) return this.left;
    if (this.foreign[record.event] === 1) return 0;
    if (!t.fault.active) return t.call.name === '' ? 0 : currentOp(this.context, t);
    t.fault.lastNs = record.timeNs;
    return currentOp(this.context, t);
  }

  // hot
  task(tid: number, pid: number, comm: number): number {
    return this.thread(tid, pid, comm).task;
  }

  lost(timeNs: number): void {
    const { context } = this;
    context.xfs.unknownAll();
    context.ext4.unknownAll();
    context.reused.lost();
    const e = context.events;
    e.timeNs = timeNs;
    e.op = Op.map_unknown;
    e.file = NONE;
    e.row = this.record.row;
    e.commit();
  }

  finish(): void {
    const { context } = this;
    for (const t of this.threads.values()) {
      endFault(context, t);
      tellAnnounced(context, t);
      if (t.call.name !== '') context.sink.unpaired();
    }
    tellUndecided(context, this.threads.values());
    this.taught?.finish();
    forgetQueued(context);
    // What stands for no file that was told, and for none that must be one, is no file at all.
    for (const open of context.regular.all()) {
      context.events.mergeFiles(open.file, context.events.fileId('', '', open.label));
      context.sink.unplaced('files known by a descriptor only: no event tells their inode');
    }
    const endNs = this.record.timeNs;
    distrustSizes(context);
    finishMaps(context, this.geometries, endNs);
    const { unmapWithoutMap, neverUnmapped } = context.devices.counts;
    if (unmapWithoutMap > 0)
      context.sink.unplaced('device mappings that ended but whose begin was not seen', unmapWithoutMap);
    if (neverUnmapped > 0)
      context.sink.unplaced('device accesses still open at the end of the recording', neverUnmapped);
  }

  enter(t: Thread, { name, writes, hasBuffer }: CallKind): void {
    endFault(this.context, t);
    changeRow(this.context, t);
    const { call } = t;
    if (call.name !== '') {
      this.taught?.leave(t);
      this.context.sink.unpaired();
      this.context.sink.issue(
        'call-without-return',
        call.row,
        `sys_enter_${call.name} of ${this.words.get(this.record.comm)}-${t.tid} has no return before its next call (lost, or the call never came back)`,
      );
    }
    if (writes) this.context.writesSeen = true;
    call.name = name;
    call.hasBuffer = hasBuffer;
    call.writes = writes;
    call.timeNs = this.record.timeNs;
    call.row = this.record.row;
    call.opId = 0;
    for (let i = 0; i < 6; i++) call.args[i] = this.record.v[i]!;
    this.context.reused.callBegins(name, call.args, t);
    call.file = -1;
    call.weakFile = -1;
    call.faultFile = -1;
    call.position = -1;
    call.source = -1;
    call.sourceOffset = 0;
    call.targetOffset = 0;
    call.remapLength = 0;
    call.filledBytes = 0;
    call.lookup = -1;
    call.directory = -1;
    call.device = -1;
    call.created = false;
    call.byName = false;
    call.newName = '';
    call.path = '';
    call.secondPath = '';
    call.direct = false;
    call.directNs = 0;
    call.directCall = null;
    call.faultedOffset = -1;
    call.faultedNs = -1;
    call.holdSeen = false;
    call.holdTold = false;
  }

  /** What the call does to the file comes after that, and bears the time at which it began. */
  #filled({ call, task }: Thread): void {
    const { record } = this;
    const { timeNs, row } = record;
    Object.assign(record, { timeNs: call.timeNs, row: call.row });
    sizeIs(this.context, call.file, call.filledBytes, task);
    Object.assign(record, { timeNs, row });
  }

  leave(t: Thread, { name, exit }: CallKind): void {
    endFault(this.context, t);
    changeRow(this.context, t);
    const { call } = t;
    if (call.name !== name) {
      this.context.sink.unpaired();
      call.name = '';
      return;
    }
    if (call.filledBytes > 0) this.#filled(t);
    this.taught?.leaving(t);
    exit?.(this.context, t, this.record.v[0]!);
    this.taught?.leave(t);
    this.left = call.opId;
    call.name = '';
  }

  // hot
  private thread(tid: number, pid: number, comm: number): Thread {
    // The same thread is asked for several times a record.
    const last = this.lastThread;
    return last !== null && last.tid === tid && last.comm === comm ? last : this.another(tid, pid, comm);
  }

  private another(tid: number, pid: number, comm: number): Thread {
    const near = this.near[tid & (NEAR - 1)];
    const known = near !== undefined && near.tid === tid ? near : this.threads.get(tid);
    if (known !== undefined) {
      this.lastThread = known;
      this.near[tid & (NEAR - 1)] = known;
      if (pid >= 0 && known.madeIn !== null) belongs(this.context, known, pid);
      // exec and prctl change the name; the last one is shown.
      if (known.comm !== comm && this.words.get(comm) !== '') {
        known.comm = comm;
        this.context.events.taskId(known.process.pid, tid, this.words.get(comm));
      }
      return known;
    }
    const owner = pid >= 0 ? pid : tid;
    const task = this.context.events.taskId(owner, tid, this.words.get(comm));
    const t = new Thread(tid, task, comm, this.process(owner, null));
    if (owner !== tid) t.process.threads.add(tid);
    this.threads.set(tid, t);
    return t;
  }

  private process(pid: number, parent: Process | null): Process {
    const known = this.processes.get(pid);
    if (known !== undefined && parent === null) return known;
    const process = new Process(pid, parent);
    this.processes.set(pid, process);
    return process;
  }

  private geometry(device: number): XfsGeometry {
    let geometry = this.geometries.get(device);
    if (geometry === undefined) {
      const given = this.xfs.find((one) => one.device === device) ?? this.xfs.find((one) => one.device < 0);
      geometry = new XfsGeometry(given?.groupBlocks);
      if (given !== undefined && given.blockBytes > 0) this.context.blocks.given(device, given.blockBytes);
      this.geometries.set(device, geometry);
    }
    return geometry;
  }
}

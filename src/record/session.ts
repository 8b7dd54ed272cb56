// One recording: buffers and files of its own, set up, filled, and taken away again whatever happens.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../model/issue.js';
import { Births } from './births.js';
import { type BufferPlan, type Buffers, describeKernel, formatOf, makeBuffers, prepare, turn } from './buffers.js';
import { Capture } from './capture.js';
import { type EventCost, measureCost } from './cost.js';
import { chooseEvents, type EventName } from './event-sets.js';
import { mapTool } from './fiemap.js';
import { type Ended, HeldCommand } from './held-command.js';
import { mounted } from './mounts.js';
import { TaskNames } from './names.js';
import { allThreads, type Snapshot } from './observer.js';
import { hurry } from './priority.js';
import { familyOf, startOf } from './processes.js';
import type { Host, Listener, Recording, RecordOptions } from './recording.js';
import { type BufferSize, mostKib, sizeFor } from './sizing.js';
import { chooseTargets, scopeOf, type Targets, wantedOn } from './targets.js';
import { Touched } from './touched.js';
import { writeTraceDat } from './trace-dat.js';
import { abandonedNames, availableEvents, cpusOf, removeAbandoned, tracefs } from './tracefs.js';
import { Trial } from './trial.js';
import { Watch } from './watch.js';

export class Session {
  readonly #host: Host;
  readonly #options: RecordOptions;
  readonly #listener: Listener;
  readonly #root: string;
  readonly #folder: string;
  #buffers: Buffers | null = null;
  #births: Births | null = null;
  #trial: Trial | null = null;
  #capture: Capture | null = null;
  #command: HeldCommand | null = null;
  #watch: Watch | null = null;
  #stop: () => void = () => {};
  readonly #stopped: Promise<void>;

  /** Throws a UserError where this machine cannot be recorded; nothing is changed yet. */
  constructor(host: Host, options: RecordOptions, listener: Listener) {
    this.#host = host;
    this.#options = options;
    this.#listener = listener;
    this.#root = usableTracefs(host);
    this.#folder = join(options.beside, `.sealtrace-${host.pid}-${startOf(host.pid)}`);
    this.#stopped = new Promise((done) => {
      this.#stop = done;
    });
  }

  /** Ends the recording; what was recorded is kept. */
  stop(signal: NodeJS.Signals | null): void {
    if (signal !== null) this.#command?.kill(signal);
    this.#stop();
  }

  /** Takes everything away, at once: buffers, files, and a command that never began. */
  close(): void {
    const removed = [this.#births?.close() ?? true, this.#trial?.close() ?? true];
    this.#watch?.close();
    this.#capture?.close();
    const left = Object.values(this.#buffers ?? {}).filter((instance) => !instance.remove());
    if (left.length > 0 || removed.includes(false))
      this.#listener.warn('cannot remove every buffer of this recording; the next recording will');
    this.#buffers = null;
    this.#births = null;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async record(): Promise<Recording> {
    this.#clearAbandoned();
    const { command, pid } = this.#options;
    const targets = chooseTargets(this.#options, mounted());
    this.#sayTargets(targets);
    const events = this.#choose(targets);
    mkdirSync(this.#folder, { mode: 0o700 });
    const cost = this.#measureCost();
    const rest = hurry(this.#host.pid);
    const size = await this.#size(targets, events);
    const buffers = makeBuffers(this.#root, this.#host.pid);
    this.#buffers = buffers;
    if (command.length > 0) this.#command = new HeldCommand(command);
    const roots = this.#command !== null ? [this.#command.pid] : pid !== null ? familyOf(pid) : [];
    const capture = this.#open(buffers, events, size);
    const tool = await this.#tool();
    const plan: BufferPlan = {
      events,
      // Whoever records xfs_io may mean what it does.
      scope: scopeOf(targets, [this.#folder, ...capture.paths()], tool === 'filefrag' ? tool : ''),
      pids: allThreads(roots),
      recorder: this.#host.pid,
    };
    for (const text of prepare(this.#root, buffers, plan)) this.#listener.warn(text);
    const names = new TaskNames(this.#root);
    const births = await this.#watchBirths(plan, targets, buffers);
    const watch = await Watch.begin({
      host: this.#host,
      listener: this.#listener,
      buffers,
      capture,
      size,
      names,
      targets,
      touched: this.#touched!,
      tool,
      births,
      cost,
      everybody: plan.pids.length === 0,
    });
    this.#watch = watch;
    turn(buffers, true);
    const pump = watch.pump();
    await Promise.race([pump, watch.lookAtStart(roots, events)]);
    this.#command?.release();
    await Promise.race([pump, this.#untilDone()]);
    const end = await Promise.race([pump, watch.lookAtEnd()]);
    turn(buffers, false);
    watch.finish();
    await pump;
    rest();
    const path = join(this.#folder, 'recording.dat');
    const kernel = describeKernel(this.#root, buffers.maps.read('trace_clock'), events);
    const live = watch.figures();
    const files = capture.files();
    capture.close();
    writeTraceDat(path, kernel, names, files);
    return { path, live, end: end as readonly Snapshot[], ended: await this.#howEnded(), targets };
  }

  /** Before any event of the recording is on. */
  #measureCost(): EventCost | null {
    const cost = measureCost(this.#root, this.#host);
    if (cost === null)
      this.#listener.warn('this kernel does not tell of calls: what tracing costs the workload is not measured');
    return cost;
  }

  /** What keeps it from being done costs looks at short-lived processes only. */
  async #watchBirths(plan: BufferPlan, { mounts }: Targets, { maps }: Buffers): Promise<Births | null> {
    try {
      const births = new Births({ root: this.#root, recorder: plan.recorder, pids: plan.pids });
      this.#births = births;
      await births.begin({ recorder: plan.recorder, mounts, marker: join(maps.path, 'trace_marker') });
      return births;
    } catch (error) {
      this.#births?.close();
      this.#births = null;
      const { message } = error as Error;
      this.#listener.warn(
        `new processes are looked at four times a second only; of those that live shorter, events tell (${message})`,
      );
      return null;
    }
  }

  #touched: Touched | null = null;

  async #untilDone(): Promise<void> {
    const { durationNs, pid } = this.#options;
    const ends: Promise<unknown>[] = [this.#stopped];
    const over = new AbortController();
    if (this.#command !== null) ends.push(this.#command.ended);
    if (durationNs !== null) ends.push(sleep(durationNs / 1e6, null, { signal: over.signal }).catch(() => {}));
    if (pid !== null) ends.push(this.#untilGone(pid, over.signal));
    await Promise.race(ends);
    over.abort();
    // A command that was told to end is given the time to do so.
    if (this.#command?.alive === true) await Promise.race([this.#command.ended, sleep(GRACE_MS)]);
  }

  async #untilGone(pid: number, signal: AbortSignal): Promise<void> {
    const began = startOf(pid);
    while (startOf(pid) === began && !signal.aborted) await sleep(100);
  }

  async #howEnded(): Promise<Ended | null> {
    return this.#command === null || this.#command.alive ? null : this.#command.ended;
  }

  #clearAbandoned(): void {
    for (const name of removeAbandoned(this.#root))
      this.#listener.say(`removed the buffer ${name}, which a recording that was killed left behind`);
    const { beside } = this.#options;
    for (const name of abandonedNames(readdirSync(beside), '.', startOf)) {
      rmSync(join(beside, name), { recursive: true, force: true });
      this.#listener.say(`removed ${join(beside, name)}, which a recording that was killed left behind`);
    }
  }

  #sayTargets({ mounts, files, leftOut }: Targets): void {
    const list = mounts.map(({ type, point }) => `${type} on ${point}`).join(', ');
    this.#listener.say(`recording ${files.length > 0 ? `${files.length} files of ` : ''}${list}`);
    if (leftOut !== '') this.#listener.say(leftOut);
  }

  #choose({ mounts }: Targets): readonly EventName[] {
    const { events, missing } = chooseEvents(availableEvents(this.#root), wantedOn(mounts));
    for (const text of missing) this.#listener.warn(text);
    return events;
  }

  /** Before the first event of the recording: what a trial with the same events asks for. */
  async #size(targets: Targets, events: readonly EventName[]): Promise<BufferSize> {
    const { bufferBytes, command, pid } = this.#options;
    const free = freemem();
    const buffers = 2 * cpusOf(this.#root).length;
    if (bufferBytes !== null) {
      const kib = Math.max(64, Math.ceil(bufferBytes / 1024));
      return { kib, reason: 'asked', wantedKib: kib, trial: null };
    }
    const { pageSize } = describeKernel(this.#root, '', []);
    const trial = new Trial({
      root: this.#root,
      folder: this.#folder,
      pageSize,
      events,
      scope: (own) => scopeOf(targets, own, ''),
      recorder: this.#host.pid,
      pids: command.length > 0 ? null : pid !== null ? allThreads(familyOf(pid)) : [],
      nowNs: () => this.#host.nowNs(),
      mostKib: mostKib(free, buffers),
    });
    this.#trial = trial;
    const size = sizeFor(await trial.run(), free, buffers);
    trial.close();
    this.#listener.sized(size);
    return size;
  }

  #open(buffers: Buffers, events: readonly EventName[], { kib }: BufferSize): Capture {
    const { pageSize, little } = describeKernel(this.#root, '', []);
    const formats = events
      .filter(({ group, system }) => group === 'maps' && system !== 'block')
      .map(({ system, name }) => formatOf(this.#root, system, name));
    this.#touched = new Touched(formats, pageSize, little);
    const capture = new Capture({ pageSize, kib, touched: this.#touched, nowNs: () => this.#host.nowNs() });
    this.#capture = capture;
    capture.add(buffers.maps, 'maps', this.#folder);
    capture.add(buffers.calls, 'calls', this.#folder);
    return capture;
  }

  async #tool(): Promise<Awaited<ReturnType<typeof mapTool>>> {
    const tool = await mapTool();
    if (tool === null)
      this.#listener.warn(
        'neither filefrag (e2fsprogs) nor xfs_io (xfsprogs) is here: maps of files that exist already are not known, and the end is not proved; install one of them',
      );
    return tool;
  }
}

/** Time for a command to end after a signal. */
const GRACE_MS = 3000;

function usableTracefs({ uid, platform }: Host): string {
  if (platform !== 'linux')
    throw new UserError(
      `expected Linux, found ${platform}; record on the Linux machine and bring the trace (record --print shows how)`,
    );
  if (uid !== 0)
    throw new UserError(
      'expected to run as root, which tracefs asks for; run it with sudo (record --print shows what it would do)',
    );
  return tracefs();
}

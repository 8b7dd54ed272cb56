// Recording with another tool: the same events and filters, its own ways.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../model/issue.js';
import { onBootClock } from './boot-clock.js';
import { fieldsOf } from './buffers.js';
import { chooseEvents, knownEvents } from './event-sets.js';
import { mapTool } from './fiemap.js';
import { HeldWorkload } from './held-workload.js';
import { Looks } from './looks.js';
import { xfsGeometry } from './machine.js';
import { disksOf, mounted } from './mounts.js';
import { everybody, type Snapshot, textWriter } from './observer.js';
import { startOf } from './processes.js';
import { COMMANDS, LACKS, type Recipe, type Tool, workload } from './recipes.js';
import type { Host, Listener, RecordOptions } from './recording.js';
import { chooseTargets, wantedOn } from './targets.js';
import { availableEvents, instanceName, removeAbandoned, removeInstance, tracefs } from './tracefs.js';

const FIRST_KIB = 16384;

export interface RecipeParts {
  readonly script: string;
  readonly out: string;
  readonly buffer: string;
}

/** What would be recorded here; where this machine cannot be asked (no root, no Linux), of a kernel that has everything. */
export function recipeFor(options: RecordOptions, parts: RecipeParts, listener: Listener): Recipe {
  const targets = attempt(() => chooseTargets(options, mounted()), options.paths.length > 0);
  const mounts = targets?.mounts ?? [];
  const root = attempt(() => tracefs(), false);
  const available = root === undefined ? undefined : attempt(() => availableEvents(root), false);
  if (available === undefined || targets === undefined)
    listener.warn(
      'this machine does not tell its events and file systems (root, tracefs and a mounted XFS or ext4 are needed): all known events are listed, without filters by device',
    );
  const wanted =
    mounts.length > 0
      ? wantedOn(mounts)
      : {
          fileSystems: options.fs === null ? (['xfs', 'ext4'] as const) : [options.fs],
          dax: false,
          devices: false,
          bios: false,
        };
  const devices = mounts.map(({ device }) => device);
  const disks = [...new Set(devices.flatMap((device) => disksOf(device)))];
  const { events } = chooseEvents(available ?? knownEvents(), wanted);
  return {
    events,
    scope: { devices, disks, inodes: targets?.files ?? [], without: [], looker: 'filefrag' },
    fields: ({ system, name }) =>
      root === undefined ? [] : (attempt(() => fieldsOf(root, system, name), false) ?? []),
    folders: targets?.folders ?? [],
    command: options.command,
    seconds: options.durationNs === null ? null : options.durationNs / 1e9,
    kib: options.bufferBytes === null ? FIRST_KIB : Math.ceil(options.bufferBytes / 1024),
    ...parts,
  };
}

const FILE_OF: Readonly<Record<Tool, string>> = {
  'trace-cmd': 'recording.dat',
  perf: 'recording.perf.data',
  bpftrace: 'recording.json',
};

export interface ViaRecording {
  /** What the tool wrote, in a folder that `close` removes. */
  readonly path: string;
  /** Text of the looks before and after, on the same clock. */
  readonly looks: string;
  /** The tool's file tells that clock. */
  readonly tellsClock: boolean;
  readonly end: readonly Snapshot[];
}

/** One recording by another tool; the tool puts back what it changed, and what it leaves is taken away here. */
export class ViaSession {
  readonly #host: Host;
  readonly #tool: Tool;
  readonly #options: RecordOptions;
  readonly #listener: Listener;
  readonly #folder: string;
  readonly #buffer: string;
  #looks: Looks | null = null;
  #kill: (signal: NodeJS.Signals) => void = () => {};

  constructor(host: Host, tool: Tool, options: RecordOptions, listener: Listener) {
    if (host.uid !== 0)
      throw new UserError(
        `expected to run as root, which ${tool} asks for; run it with sudo (record --print shows the command)`,
      );
    if (options.pid !== null) throw new UserError('--pid goes with the recorder itself, not with --via; leave one out');
    this.#host = tool === 'bpftrace' ? onBootClock(host) : host;
    this.#tool = tool;
    this.#options = options;
    this.#listener = listener;
    this.#folder = join(options.beside, `.sealtrace-${host.pid}-${startOf(host.pid)}`);
    this.#buffer = instanceName(host.pid, 'maps');
  }

  /** `script`: text of the bpftrace script. */
  async record(script: string): Promise<ViaRecording> {
    const root = tracefs();
    removeAbandoned(root);
    const targets = chooseTargets(this.#options, mounted());
    mkdirSync(this.#folder, { mode: 0o700 });
    const scriptPath = join(this.#folder, 'run.bt');
    writeFileSync(scriptPath, `${script}\n${await bpftraceBegin(this.#options)}`);
    const path = join(this.#folder, FILE_OF[this.#tool]);
    const parts = { script: scriptPath, out: path, buffer: this.#buffer };
    const recipe = recipeFor(this.#options, parts, this.#listener);
    const held = new HeldWorkload(this.#folder, this.#host.pid, workload(recipe));
    const [command, ...words] = COMMANDS[this.#tool]({ ...recipe, command: held.command });
    this.#listener.say(`recording with ${this.#tool}: ${LACKS[this.#tool]}`);
    const looks = join(this.#folder, 'looks.txt');
    this.#looks = new Looks({
      host: this.#host,
      listener: this.#listener,
      notes: textWriter(looks, this.#host),
      targets,
      tool: await mapTool(),
      catchUp: () => {},
      changes: () => 0,
    });
    const ran = this.#run(command!, words);
    const end = await this.#lookBesides(ran, held, recipe.events.length);
    await ran;
    if (!existsSync(path))
      throw new UserError(
        `${this.#tool} wrote no recording; its own words are above. Leave --via out to record without it`,
      );
    // trace-cmd 3.1 writes `local` for a buffer of its own, whatever its clock is.
    return { path, looks, tellsClock: this.#tool !== 'trace-cmd', end };
  }

  /** While the tool records: what is there before the workload runs, and after it. A tool that ends by itself is not waited for. */
  async #lookBesides(ran: Promise<void>, held: HeldWorkload, events: number): Promise<readonly Snapshot[]> {
    const over = ran.then(() => 'over' as const);
    if ((await Promise.race([over, held.until('ready')])) === 'over') return [];
    await this.#looks!.atStart(everybody(), events);
    held.let('start');
    await Promise.race([over, held.until('ended')]);
    const end = await this.#looks!.atEnd(everybody(), () => true);
    held.let('end');
    return end;
  }

  stop(signal: NodeJS.Signals | null): void {
    // All three end their recording at an interrupt, and write it.
    if (signal !== null) this.#kill('SIGINT');
  }

  close(): void {
    this.#kill('SIGKILL');
    this.#looks?.observer.close();
    this.#looks = null;
    const root = attempt(() => tracefs(), false);
    if (root !== undefined) removeInstance(join(root, 'instances', this.#buffer));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #run(command: string, words: readonly string[]): Promise<void> {
    return new Promise((done, failed) => {
      const child = spawn(command, words, { stdio: 'inherit' });
      this.#kill = (signal) => void child.kill(signal);
      child.on('error', (error: NodeJS.ErrnoException) => {
        this.#kill = () => {};
        const why = error.code === 'ENOENT' ? 'it is not installed; install it, or leave --via out' : error.message;
        failed(new UserError(`cannot run ${command}: ${why}`));
      });
      child.on('close', (code, signal) => {
        this.#kill = () => {};
        // perf gives the status of the command; what was written decides.
        if (code !== 0 && signal === null) this.#listener.say(`${command} ended with status ${code}`);
        done();
      });
    });
  }
}

/** What bpftrace cannot find out: a line at its begin, in the form of all its lines, tells how XFS numbers its blocks. */
export async function bpftraceBegin(options: RecordOptions): Promise<string> {
  const mounts = attempt(() => chooseTargets(options, mounted()), false)?.mounts ?? [];
  const lines: string[] = [];
  for (const { type, point, device } of mounts) {
    const geometry = type === 'xfs' ? await xfsGeometry(point) : null;
    if (geometry === null) continue;
    const where = `${Math.floor(device / 2 ** 20)}:${device % 2 ** 20}\\t0`;
    const values = `blocks=${geometry.groupBlocks} log=${geometry.groupLog}`;
    lines.push(`printf("%llu\\t%d\\t0\\t0\\tsealtrace\\tnote_geometry\\t${where}\\t${values}\\n", nsecs, cpu);`);
  }
  return lines.length === 0 ? '' : `BEGIN { ${lines.join(' ')} }\n`;
}

function attempt<T>(read: () => T, passOn: boolean): T | undefined {
  try {
    return read();
  } catch (error) {
    if (passOn) throw error;
    return undefined;
  }
}

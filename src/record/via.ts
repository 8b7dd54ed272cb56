// Recording with another tool: the same events and filters, its own ways.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../model/issue.js';
import { fieldsOf } from './buffers.js';
import { chooseEvents, knownEvents } from './event-sets.js';
import { xfsGeometry } from './machine.js';
import { disksOf, mounted } from './mounts.js';
import { startOf } from './processes.js';
import { COMMANDS, LACKS, type Recipe, type Tool } from './recipes.js';
import type { Host, Listener, RecordOptions } from './session.js';
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
      : { fileSystems: options.fs === null ? (['xfs', 'ext4'] as const) : [options.fs], dax: false, devices: false };
  const devices = mounts.map(({ device }) => device);
  const disks = [...new Set(devices.flatMap((device) => disksOf(device)))];
  const { events } = chooseEvents(available ?? knownEvents(), wanted);
  return {
    events,
    scope: { devices, disks, inodes: targets?.files ?? [], without: [], looker: '' },
    fields: ({ system, name }) =>
      root === undefined ? [] : (attempt(() => fieldsOf(root, system, name), false) ?? []),
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

/** One recording by another tool; the tool puts back what it changed, and what it leaves is taken away here. */
export class ViaSession {
  readonly #tool: Tool;
  readonly #options: RecordOptions;
  readonly #listener: Listener;
  readonly #folder: string;
  readonly #buffer: string;
  #kill: (signal: NodeJS.Signals) => void = () => {};

  constructor(host: Host, tool: Tool, options: RecordOptions, listener: Listener) {
    if (host.uid !== 0)
      throw new UserError(
        `expected to run as root, which ${tool} asks for; run it with sudo (record --print shows the command)`,
      );
    if (options.pid !== null) throw new UserError('--pid goes with the recorder itself, not with --via; leave one out');
    this.#tool = tool;
    this.#options = options;
    this.#listener = listener;
    this.#folder = join(options.beside, `.sealtrace-${host.pid}-${startOf(host.pid)}`);
    this.#buffer = instanceName(host.pid, 'maps');
  }

  /** The recording, in a folder that `close` removes. `script`: text of the bpftrace script. */
  async record(script: string): Promise<string> {
    const root = tracefs();
    removeAbandoned(root);
    mkdirSync(this.#folder, { mode: 0o700 });
    const scriptPath = join(this.#folder, 'run.bt');
    writeFileSync(scriptPath, `${script}\n${await bpftraceBegin(this.#options)}`);
    const out = join(this.#folder, FILE_OF[this.#tool]);
    const parts = { script: scriptPath, out, buffer: this.#buffer };
    const [command, ...words] = COMMANDS[this.#tool](recipeFor(this.#options, parts, this.#listener));
    this.#listener.say(`recording with ${this.#tool}: ${LACKS[this.#tool]}`);
    await this.#run(command!, words);
    return out;
  }

  stop(signal: NodeJS.Signals | null): void {
    // All three end their recording at an interrupt, and write it.
    if (signal !== null) this.#kill('SIGINT');
  }

  close(): void {
    this.#kill('SIGKILL');
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

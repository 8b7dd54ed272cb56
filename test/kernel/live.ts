// A file system of the test's own on a loop device, and the recorder as a process of its own.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type Built, builtProgram } from '../support/built.js';

const root = join(import.meta.dirname, '..', '..');
export const TRACEFS = '/sys/kernel/tracing';
const DRIVERS = join(root, '..', 'shared', 'traces', 'recorded', 'drivers');
const ENV = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, NO_COLOR: '1' };

export const installed = (program: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${program}`], { env: ENV, stdio: 'ignore' }).status === 0;

/** Why nothing can be recorded here; empty where it can. */
export function whyNot(): string {
  const missing = ['losetup', 'mkfs.xfs', 'mkfs.ext4', 'filefrag', 'make', 'cc'].filter((name) => !installed(name));
  if (process.getuid?.() !== 0) return 'no root';
  if (!existsSync(join(TRACEFS, 'instances'))) return 'no tracefs';
  if (missing.length > 0) return `no ${missing.join(', ')}`;
  return existsSync(DRIVERS) ? '' : 'no ../shared/traces/recorded/drivers';
}

/** What a recording must leave as it was. Recorders that live are others, of tests that run meanwhile. */
export function tracefsState(): unknown {
  const read = (name: string): string => readFileSync(join(TRACEFS, name), 'utf8').trim();
  return {
    on: read('tracing_on'),
    tracer: read('current_tracer'),
    events: read('set_event'),
    pids: read('set_event_pid'),
    clock: read('trace_clock'),
    left: readdirSync(join(TRACEFS, 'instances')).filter(
      (name) => name.startsWith('sealtrace-') && !existsSync(`/proc/${name.split('-')[1]}`),
    ),
  };
}

export interface Volume {
  readonly mount: string;
  readonly device: number;
  remove(): void;
}

export function makeVolume(folder: string, fs: 'xfs' | 'ext4', features: readonly string[] = []): Volume {
  const image = join(folder, `${fs}.img`);
  const mount = join(folder, fs);
  const run = (command: string, ...args: string[]): string =>
    execFileSync(command, args, { env: ENV, encoding: 'utf8' });
  run('truncate', '-s', '400M', image);
  const loop = run('losetup', '-f', '--show', image).trim();
  try {
    if (fs === 'xfs') run('mkfs.xfs', '-q', '-f', ...features, loop);
    else run('mkfs.ext4', '-q', '-F', ...features, loop);
    mkdirSync(mount);
    run('mount', '-t', fs, loop, mount);
  } catch (error) {
    run('losetup', '-d', loop);
    throw error;
  }
  const [major, minor] = run('mountpoint', '-d', mount).trim().split(':').map(Number);
  return {
    mount,
    device: major! * 2 ** 20 + minor!,
    remove() {
      run('umount', mount);
      run('losetup', '-d', loop);
      rmSync(image);
    },
  };
}

/** A folder with the drivers built in `bin`. */
export function workshop(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealtrace-live-'));
  execFileSync('make', ['-s', '-C', DRIVERS, `BIN=${join(folder, 'bin')}`], { stdio: 'ignore' });
  return folder;
}

export const sqliteDriver = join(DRIVERS, 'sqlite_wal.py');

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ran>;
}

/** The program as a user starts it; `under`: the words of a command that starts it in turn. */
export function start(
  { main }: Built,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
  under: readonly string[] = [],
): Running {
  const [program, ...words] = [...under, process.execPath, main, ...args];
  const child = spawn(program!, words, {
    cwd,
    env: { ...ENV, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (piece: Buffer) => {
    out += piece.toString();
  });
  child.stderr.on('data', (piece: Buffer) => {
    err += piece.toString();
  });
  return { process: child, ended: new Promise((done) => child.on('close', (code) => done({ code, out, err }))) };
}

/** For the tests of one `describe`: the program, a folder with the drivers, and a volume; all of it goes with them. */
export function onVolume(
  fs: 'xfs' | 'ext4',
  features: readonly string[] = [],
): { folder: string; readonly built: Built; readonly volume: Volume } {
  const here = {} as { folder: string; built: Built; volume: Volume };
  beforeAll(async () => {
    here.built = await builtProgram();
    here.folder = workshop();
    here.volume = makeVolume(here.folder, fs, features);
  });
  afterAll(() => {
    here.volume.remove();
    rmSync(here.folder, { recursive: true, force: true });
    here.built.remove();
  });
  return here;
}

// The command line in process: words in, what it said and its exit status out.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Io } from '../../src/cli/io.js';
import { main } from '../../src/cli/run.js';

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface World {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly terminal?: boolean;
}

export async function sealtrace(args: readonly string[], world: World = {}): Promise<Said> {
  let out = '';
  let err = '';
  let clock = 0;
  const io: Io = {
    out: async (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    stdin: pipe(world.stdin ?? ''),
    env: world.env ?? {},
    outIsTerminal: world.terminal ?? false,
    errIsTerminal: world.terminal ?? false,
    columns: 100,
    now: () => (clock += 250),
  };
  const code = await main(args, io);
  return { code, out, err };
}

async function* pipe(content: string | Uint8Array): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(content);
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

/** A folder of this test file's own, removed at its end. */
export function scratch(): { path(name: string): string; file(name: string, content: string | Uint8Array): string } {
  const folder = mkdtempSync(join(tmpdir(), 'sealtrace-cli-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string): string => join(folder, name);
  return {
    path,
    file(name, content) {
      writeFileSync(path(name), content);
      return path(name);
    },
  };
}

export const recording = (name: string): string =>
  join(import.meta.dirname, '..', '..', 'traces', 'ftrace', `${name}.report.txt.gz`);

/** Three whole records of one write to one file. */
export const SMALL = `cpus=2
    writer-7 [000] 100.000000001: sys_enter_openat: dfd: 0xffffff9c, filename: 0x7ffe, flags: 0x00000242, mode: 0x000001a4
    writer-7 [000] 100.000000900: xfs_lookup: dev 7:0 dp ino 0x80 name a.dat
    writer-7 [000] 100.000001001: sys_exit_openat: 0x3
`;

/** What no message may hold unless asked for: lines of a stack trace. */
export const STACK = /\n\s+at .*:\d+:\d+/;

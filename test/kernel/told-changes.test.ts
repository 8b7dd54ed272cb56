// Changes of a file that no call in the recording tells of, because io_uring's workers make them or because calls were not recorded:
// the operations made of what XFS and ext4 announce are those that the program says it asked for, each once.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Built } from '../support/built.js';
import { onVolume, start, TRACEFS, whyNot } from './live.js';

const reason = whyNot();
if (reason !== '') console.warn(`SKIPPED: changes that no call tells of are not recorded on this kernel (${reason})`);

interface Row {
  readonly op: string;
  readonly t: number;
  readonly ino?: number;
  readonly off?: number | null;
  readonly len?: number | null;
  readonly size?: number;
  readonly ret?: number | string;
  readonly flags?: readonly string[];
}

/** `op offset length result`; -1 where there is none. */
const linesOf = (log: string): string[] => readFileSync(log, 'utf8').trim().split('\n');
const kinds = (lines: readonly string[]): Set<string> => new Set(lines.map((line) => line.split(' ')[0]!));

/** The same of the operations of one file, a result that is not told as in `asked`: that it did not fail is what the program says. */
async function made(built: Built, folder: string, recording: string, ino: number, asked: readonly string[]) {
  const { out } = await start(built, ['ingest', '--quiet', recording, '-o', '-', '--format', 'ndjson'], folder).ended;
  const rows = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
  const wanted = kinds(asked);
  return rows
    .filter((row) => row.ino === ino && wanted.has(row.op) && row.flags?.includes('observed') !== true)
    .map(({ op, off, len, size, ret }) => `${op} ${off ?? -1} ${size ?? len ?? -1} ${ret ?? 0}`);
}

/** Runs with the events of these groups on, in a buffer of their own: what `trace-cmd record -e xfs` records. */
function recorded(groups: readonly string[], run: () => void): string {
  const instance = join(TRACEFS, 'instances', `sealtrace-${process.pid}-told`);
  mkdirSync(instance);
  try {
    writeFileSync(join(instance, 'trace_clock'), 'mono');
    writeFileSync(join(instance, 'buffer_size_kb'), '20000');
    for (const group of groups) writeFileSync(join(instance, 'events', group, 'enable'), '1');
    run();
    writeFileSync(join(instance, 'tracing_on'), '0');
    return readFileSync(join(instance, 'trace'), 'utf8');
  } finally {
    writeFileSync(join(instance, 'events/enable'), '0');
    rmdirSync(instance);
  }
}

describe.skipIf(reason !== '').each(['xfs', 'ext4'] as const)('changes that no call tells of on %s', (fs) => {
  const here = onVolume(fs);
  const program = (): string => {
    const file = join(here.folder, 'told-changes');
    execFileSync('cc', ['-O1', '-o', file, join(import.meta.dirname, 'told-changes.c')]);
    return file;
  };

  test('requests of io_uring, in a recording of sealtrace', { timeout: 120_000 }, async () => {
    const { built, folder, volume } = here;
    const [log, bundle] = [join(folder, 'requests.log'), join(folder, 'requests.sealtrace')];
    const words = ['record', '--quiet', '--path', volume.mount, '-o', bundle, '--'];
    const ran = await start(built, [...words, program(), 'requests', volume.mount, log], folder).ended;
    expect(ran.code, ran.err).toBe(0);
    const asked = linesOf(log);
    expect(await made(built, folder, bundle, Number(ran.out), asked)).toEqual(asked);
  });

  test('calls, in a recording of the file system alone', { timeout: 120_000 }, async () => {
    const { built, folder, volume } = here;
    const [log, text] = [join(folder, 'calls.log'), join(folder, 'calls.txt')];
    const file = program();
    let ino = 0;
    const trace = recorded([fs], () => {
      ino = Number(execFileSync(file, ['calls', volume.mount, log], { encoding: 'utf8' }));
    });
    writeFileSync(text, trace);
    expect(trace).not.toContain('sys_');
    const asked = linesOf(log);
    expect(await made(built, folder, text, ino, asked)).toEqual(asked);
  });
});

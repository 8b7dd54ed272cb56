// One run under three tracefs buffers of this kernel: calls by name, by number, and both in one. All must tell the same operations.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import type { Trace } from '../../src/model/trace.js';
import { operations, readAs } from '../formats/support.js';
import { installed, TRACEFS } from './live.js';

const isRoot = process.getuid?.() === 0;
const reason = whyNot();
if (reason !== '') console.warn(`SKIPPED: no calls are recorded by number (${reason})`);

function whyNot(): string {
  if (!isRoot) return 'no root';
  const hasEvents = ['raw_syscalls', 'syscalls'].every((group) => existsSync(join(TRACEFS, 'events', group)));
  if (!hasEvents) return 'no events of calls in tracefs';
  const missing = ['sh', 'dd', 'cp', 'mv', 'truncate', 'cat', 'rm'].filter((name) => !installed(name));
  return missing.length > 0 ? `no ${missing.join(', ')}` : '';
}

const BUFFERS = { byName: ['syscalls'], byNumber: ['raw_syscalls'], both: ['raw_syscalls', 'syscalls'] } as const;
type Buffer = keyof typeof BUFFERS;
const SCRIPT = `read go
dd if=/dev/zero of=a bs=4k count=16 conv=fsync 2>/dev/null
cp a b; mv b c; truncate -s 8192 c
dd if=a of=c bs=4k count=2 seek=1 conv=notrunc 2>/dev/null
cat a c > d; rm a c d`;

describe.skipIf(reason !== '')(`calls by number on this kernel (${reason || 'as root'})`, () => {
  const texts = new Map<Buffer, string>();
  const folder = isRoot ? mkdtempSync(join(tmpdir(), 'sealtrace-raw-')) : '';
  const instance = (name: string): string => join(TRACEFS, 'instances', `sealtest-${process.pid}-${name}`);
  const made: string[] = [];

  beforeAll(async () => {
    const workload = spawn('sh', ['-c', SCRIPT], { cwd: folder, stdio: ['pipe', 'ignore', 'inherit'] });
    for (const [name, groups] of Object.entries(BUFFERS)) {
      const at = instance(name);
      mkdirSync(at);
      made.push(at);
      const set = (file: string, value: string): void => writeFileSync(join(at, file), value);
      set('buffer_size_kb', '8192');
      set('options/event-fork', '1');
      set('set_event_pid', String(workload.pid));
      for (const group of groups) set(`events/${group}/enable`, '1');
    }
    workload.stdin.end('go\n');
    await once(workload, 'exit');
    for (const at of made) writeFileSync(join(at, 'tracing_on'), '0');
    for (const name of Object.keys(BUFFERS) as Buffer[])
      texts.set(name, readFileSync(join(instance(name), 'trace'), 'utf8'));
  }, 60_000);
  afterAll(() => {
    for (const at of made) {
      writeFileSync(join(at, 'events', 'enable'), '0');
      rmdirSync(at);
    }
    if (folder !== '') rmSync(folder, { recursive: true, force: true });
  });

  /** The probes of one call have their own looks at the clock, and a buffer learns names of tasks by itself. */
  const told = (trace: Trace): unknown[] =>
    operations(trace).map(({ op, offset, length, result, flags }) => [op, offset, length, result, flags]);

  test('tell the same operations as calls by name, each once', async () => {
    const byName = (await readAs(ftraceText, texts.get('byName')!)).trace;
    const expected = told(byName);
    expect(expected.length).toBeGreaterThan(300);
    for (const name of ['byNumber', 'both'] as const) {
      const { trace, whole } = await readAs(ftraceText, texts.get(name)!);
      expect(whole).toBe(true);
      expect(told(trace)).toEqual(expected);
      expect(trace.issues.map(({ code }) => code)).not.toContain('call-without-return');
    }
  });
});

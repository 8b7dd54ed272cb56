// `report --watch`: written again when the trace changes, whole at every moment, ended by Ctrl-C. And the waiting itself.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { changed, stateOf } from '../../src/cli/watch.js';
import { SMALL, scratch, sealtrace } from './support.js';

vi.setConfig({ testTimeout: 120_000 });
const { path, file } = scratch();
const root = join(import.meta.dirname, '..', '..');
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

/** The program itself, because a signal ends it. */
function start(...words: readonly string[]): { readonly child: ChildProcess; said(): string } {
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'src/cli/main.ts'), ...words], { cwd: root });
  started.push(child);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  return { child, said: () => said };
}

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 50_000, interval: 50 });
const writes = (said: string): number => said.split('sealtrace: wrote').length - 1;

test('waits for the trace, writes the report again when it has grown, and leaves a whole one behind', async () => {
  const folder = path('watched');
  mkdirSync(folder);
  const [trace, out] = [join(folder, 'run.txt'), join(folder, 'run.html')];
  const { child, said } = start('report', trace, '-o', out, '--watch');
  await until(() => expect(said()).toContain('waiting for it'));
  writeFileSync(trace, SMALL);
  await until(() => expect(said()).toContain(`watching ${trace}`));
  const first = readFileSync(out, 'utf8');
  expect(first.includes('"records":3,')).toBe(true);
  appendFileSync(trace, '    writer-7 [000] 100.000002000: sys_exit_openat: 0x4\n');
  await until(() => expect(writes(said())).toBe(2));
  await until(() => expect(readFileSync(out, 'utf8').includes('"records":4,')).toBe(true));
  // Something that is no trace: the last report stays.
  const kept = readFileSync(out, 'utf8');
  writeFileSync(`${trace}.new`, '{"schema":"sealtrace.run/1","report":');
  renameSync(`${trace}.new`, trace);
  await until(() => expect(said()).toContain('the report is as it was'));
  expect(readFileSync(out, 'utf8') === kept).toBe(true);
  const ended = new Promise((done) => child.on('exit', done));
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(readdirSync(dirname(out)).sort()).toEqual(['run.html', 'run.txt']);
});

test('is refused where nothing can be read again or written again', async () => {
  for (const words of [
    ['report', '-', '--watch'],
    ['report', 'x.txt', '-o', '-', '--watch'],
  ]) {
    const { code, err } = await sealtrace(words);
    expect(code).toBe(2);
    expect(err).toMatch(/--watch needs/);
  }
});

const QUICK = { lookMs: 20, longestMs: 200 };

test('a change is told when it is over, and one that never ends is told after a while', async () => {
  const one = file('one.txt', 'a');
  const seen = stateOf(one);
  let told = false;
  const waiting = changed(one, seen, QUICK).then(() => {
    told = true;
  });
  await new Promise((done) => setTimeout(done, 100));
  expect(told).toBe(false);
  const growing = setInterval(() => appendFileSync(one, 'b'), 5);
  await waiting;
  clearInterval(growing);
  expect(stateOf(one)).not.toBe(seen);
});

test('a bundle changes when one of its files does, and one that is gone is waited for', async () => {
  const folder = path('x.sealtrace');
  mkdirSync(folder);
  writeFileSync(join(folder, 'events.arrow'), 'a');
  const seen = stateOf(folder);
  expect(stateOf(folder)).toBe(seen);
  appendFileSync(join(folder, 'events.arrow'), 'b');
  expect(stateOf(folder)).not.toBe(seen);
  expect(stateOf(path('nowhere'))).toBe('');
  await changed(folder, seen, QUICK);
});

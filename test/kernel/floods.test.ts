// What comes faster than anything a database does: buffers sized by a trial lose nothing, and maps stay right.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Built, builtProgram } from '../support/built.js';
import {
  installed,
  makeVolume,
  type Ran,
  start,
  TRACEFS,
  tracefsState,
  type Volume,
  whyNot,
  workshop,
} from './live.js';

const reason = whyNot();
if (reason !== '') console.warn(`SKIPPED: no floods are recorded (${reason})`);

/** Half a million reads and writes of one byte: two million events in the shortest time there is. */
const FLOOD = ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=1', 'count=500000', 'status=none'];

describe.skipIf(reason !== '')(`floods on this kernel (${reason === '' ? 'as root' : `skipped: ${reason}`})`, () => {
  let folder = '';
  let built: Built;
  let before: unknown;
  const volumes = new Map<string, Volume>();
  const at = (name: string): string => join(folder, name);
  const mountOf = (fs: string): string => volumes.get(fs)!.mount;
  const record = (...args: string[]): Promise<Ran> => start(built, ['record', '--json', ...args], folder).ended;
  const instances = (): string[] => readdirSync(join(TRACEFS, 'instances'));

  beforeAll(async () => {
    built = await builtProgram();
    before = tracefsState();
    folder = workshop();
    for (const fs of ['xfs', 'ext4'] as const) volumes.set(fs, makeVolume(folder, fs));
  });
  afterAll(() => {
    for (const volume of volumes.values()) volume.remove();
    rmSync(folder, { recursive: true, force: true });
    built.remove();
  });

  test('a program that does nothing but call: what the trial measured stands in the recording, and nothing is lost', async () => {
    const ran = await record('--path', mountOf('xfs'), '-o', at('flood.sealtrace'), '--', ...FLOOD);
    expect(ran.code, ran.err).toBe(0);
    expect(ran.err).toMatch(/trial: one CPU can make [\d,]+ events\/s .* buffers of \d+ MiB per CPU hold twice/);
    const answer = JSON.parse(ran.out);
    console.log(ran.err);
    expect(answer).toMatchObject({ lost: 0, buffer: { reason: 'trial' } });
    const { kib, wantedKib, trial } = answer.buffer;
    expect(kib).toBe(wantedKib);
    expect(trial.mostEventsPerSecond).toBeGreaterThan(100_000);
    expect(answer.events).toBeGreaterThan(2_000_000);
    // The flood itself was no faster than what the trial says one CPU can make.
    expect(answer.events / answer.seconds).toBeLessThan(1.3 * trial.mostEventsPerSecond);
    expect(tracefsState()).toEqual(before);
  });

  test('the same flood and a buffer that is too small: what is lost is said while it runs, with a size', async () => {
    const ran = await record('--path', mountOf('xfs'), '--buffer', '64K', '-o', at('lost.sealtrace'), '--', ...FLOOD);
    const answer = JSON.parse(ran.out);
    expect(answer).toMatchObject({ buffer: { kib: 64, reason: 'asked', trial: null } });
    expect(answer.lost).toBeGreaterThan(0);
    expect(ran.err.match(/the kernel lost \d+ events.*--buffer 1M/g)!.length).toBeGreaterThan(1);
  });

  test('a recorder that is killed during its trial: the next run takes the buffers away', async () => {
    const running = start(built, ['record', '--path', mountOf('xfs'), '-o', at('k.sealtrace'), '--', 'true'], folder);
    const own = (): string[] => instances().filter((name) => name.startsWith(`sealtrace-${running.process.pid}-`));
    for (let i = 0; i < 2000 && !own().some((name) => name.endsWith('trial-calls')); i++) await sleep(5);
    await sleep(50);
    running.process.kill('SIGKILL');
    await running.ended;
    expect(own().some((name) => name.includes('trial'))).toBe(true);
    const ran = await record('--path', mountOf('xfs'), '-o', at('n.sealtrace'), '--', 'true');
    expect(ran.code, ran.err).toBe(0);
    expect(own()).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.startsWith('.sealtrace'))).toEqual([]);
  });

  test.skipIf(!installed('fio'))(
    `direct asynchronous writes into preallocated files${installed('fio') ? '' : ' (skipped: no fio)'}: what was unwritten is written in the maps as well`,
    { timeout: 300_000 },
    async () => {
      for (const fs of ['ext4', 'xfs'] as const) {
        const job = (name: string, ...words: string[]): string =>
          `fio --output=/dev/null --directory=${mountOf(fs)} --name=${name} --filename=${name}.dat --ioengine=libaio --direct=1 --randseed=5 ${words.join(' ')}`;
        const script = [
          job('posix', '--size=16m --iodepth=8 --rw=randwrite --bs=4k --fallocate=posix'),
          job('native', '--size=16m --iodepth=4 --rw=randrw --bs=16k --fallocate=native --numjobs=2'),
          job('keep', '--size=8m --iodepth=4 --rw=write --bs=12k --fallocate=keep'),
          job('partly', '--size=16m --io_size=4m --iodepth=8 --rw=randwrite --bs=4k --fallocate=posix'),
          `sync -f ${mountOf(fs)}`,
        ].join(' && ');
        const out = at(`${fs}-fio.sealtrace`);
        const ran = await record('--path', mountOf(fs), '-o', out, '--', 'sh', '-c', script);
        expect(ran.code, ran.err).toBe(0);
        const answer = JSON.parse(ran.out);
        console.log(`${fs}: ${answer.events} events, maps ${JSON.stringify(answer.maps)}`);
        expect(answer).toMatchObject({
          lost: 0,
          command: { code: 0 },
          maps: { equal: 4, different: [], uncertain: 0, changing: 0 },
        });
        // The last file proves that both states are told apart.
        const shown = execFileSync('filefrag', ['-v', join(mountOf(fs), 'partly.dat')], { encoding: 'utf8' });
        expect(shown).toMatch(/unwritten/);
        expect(existsSync(out)).toBe(true);
      }
    },
  );
});

// Requests that io_uring and AIO hand to the kernel, through the page cache and past it: their calls show pointers only, so what is
// found of them is what the file system tells, and fio tells how many there were. ext4 has no event of a buffered read.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { installed, onVolume, start, whyNot } from './live.js';

const reason = whyNot() || (installed('fio') ? '' : 'fio is not here');
if (reason !== '') console.warn(`SKIPPED: nothing is recorded on this kernel (${reason})`);

const RUNS = ['io_uring', 'libaio'].flatMap((engine) => [0, 1].map((direct) => ({ engine, direct })));
const SIZE = 4 << 20;

interface Job {
  readonly read: { readonly total_ios: number };
  readonly write: { readonly total_ios: number };
}

describe.skipIf(reason !== '').each(['xfs', 'ext4'] as const)('requests handed over on %s', (fs) => {
  const here = onVolume(fs);

  test('each is one operation of its file', { timeout: 120_000 }, async () => {
    const { built, folder, volume } = here;
    for (const { engine, direct } of RUNS) {
      const name = `${engine}-${direct}`;
      writeFileSync(join(volume.mount, name), Buffer.alloc(SIZE, 1));
      const lines = ['[job]', `ioengine=${engine}`, `direct=${direct}`, `filename=${join(volume.mount, name)}`];
      lines.push('rw=randrw', 'bs=8k', 'iodepth=8', 'number_ios=150', `size=${SIZE}`, 'overwrite=1');
      writeFileSync(join(folder, `${name}.fio`), lines.join('\n'));
    }
    const fio = RUNS.map(({ engine, direct }) => {
      const file = join(folder, `${engine}-${direct}`);
      return `fio --output-format=json --output=${file}.json ${file}.fio`;
    });
    const bundle = join(folder, 'run.sealtrace');
    const words = ['record', '--quiet', '--path', volume.mount, '-o', bundle, '--', 'sh', '-c', fio.join(' && ')];
    const ran = await start(built, words, folder).ended;
    expect(ran.code, ran.err).toBe(0);
    const { out } = await start(built, ['ingest', '--quiet', bundle, '-o', '-', '--format', 'ndjson'], folder).ended;
    const rows = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly op: string; readonly path?: string });
    const of = (name: string, op: string): number =>
      rows.filter((row) => row.op === op && row.path?.endsWith(`/${name}`)).length;
    for (const { engine, direct } of RUNS) {
      const name = `${engine}-${direct}`;
      const { jobs } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as { readonly jobs: Job[] };
      const [reads, writes] = [jobs[0]!.read.total_ios, jobs[0]!.write.total_ios];
      expect(writes, name).toBeGreaterThan(20);
      expect({ name, writes: of(name, 'write') }).toEqual({ name, writes });
      const isTold = fs === 'xfs' || direct === 1;
      expect({ name, reads: of(name, 'read') }).toEqual({ name, reads: isTold ? reads : 0 });
    }
  });
});

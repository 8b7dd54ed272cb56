// fio's I/O logs against what fio says it did: version 3 as it writes it, and version 2 as it replays it (no fio writes that any
// more). Needs no root, only fio.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fioIolog } from '../../src/formats/fio-iolog.js';
import { Op } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { readFormat } from '../support/read-format.js';

const hasFio = spawnSync('fio', ['--version']).status === 0;

interface Counts {
  readonly ios: number;
  readonly bytes: number;
}
type Said = Readonly<Record<'read' | 'write' | 'trim', Counts>> & { readonly syncs: number };

interface Totals {
  readonly total_ios: number;
  readonly io_bytes: number;
}
type Job = Readonly<Record<'read' | 'write' | 'trim' | 'sync', Totals>>;

/** What fio prints of its only job. */
function fioSays(folder: string, job: string): Said {
  const file = join(folder, 'job.fio');
  writeFileSync(file, `[job]\nioengine=psync\n${job}`);
  const out = join(folder, 'out.json');
  // Bad lines of a log are errors that fio goes on from.
  const { stderr } = spawnSync('fio', ['--output-format=json', `--output=${out}`, file], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  const { jobs } = JSON.parse(readFileSync(out, 'utf8')) as { readonly jobs: readonly Job[] };
  const { read, write, trim, sync } = jobs[0]!;
  const of = ({ total_ios: ios, io_bytes: bytes }: Totals): Counts => ({ ios, bytes });
  return { read: of(read), write: of(write), trim: of(trim), syncs: sync.total_ios };
}

function found({ columns: { op, length, rows } }: Trace): Said {
  const of = (code: number): Counts => {
    let ios = 0;
    let bytes = 0;
    for (let row = 0; row < rows; row++)
      if (op[row] === code) {
        ios++;
        bytes += length[row]!;
      }
    return { ios, bytes };
  };
  return { read: of(Op.read), write: of(Op.write), trim: of(Op.punch), syncs: of(Op.fsync).ios };
}

describe.skipIf(!hasFio)(`logs of ${hasFio ? 'fio' : 'fio (SKIPPED: fio is not installed)'}`, () => {
  let folder = '';
  let log = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sealtrace-fio-'));
    log = join(folder, 'own.iolog');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('version 3: files, reads, writes and syncs are those that fio counts', { timeout: 60_000 }, async () => {
    const said = fioSays(
      folder,
      `directory=${folder}\nrw=randrw\nsize=1m\nbsrange=4k-16k\nnrfiles=3\nfsync=16\nwrite_iolog=${log}\n`,
    );
    const { trace, intact } = await readFormat(fioIolog, readFileSync(log));
    expect(readFileSync(log, 'utf8')).toMatch(/^fio version 3 iolog/);
    expect(intact).toEqual([true]);
    expect(said.read.ios).toBeGreaterThan(20);
    expect(said.syncs).toBeGreaterThan(2);
    expect(found(trace)).toEqual(said);
    expect(trace.files.length).toBe(3);
  });

  test('version 2: what fio replays of it is what is read of it', { timeout: 60_000 }, async () => {
    const lines = readFileSync(log, 'utf8').trim().split('\n').slice(1);
    // The older form has no stamps, and two numbers behind every action that is none of a file.
    const plain = lines.map((line) => line.replace(/^\d+ /, '').replace(/(sync|datasync)$/, '$1 0 0'));
    const older = join(folder, 'older.iolog');
    writeFileSync(older, `${['fio version 2 iolog', ...plain].join('\n')}\n`);
    const said = fioSays(folder, `read_iolog=${older}\n`);
    const { trace, intact } = await readFormat(fioIolog, readFileSync(older));
    expect(intact).toEqual([true]);
    expect(said.write.ios).toBeGreaterThan(20);
    expect(found(trace)).toEqual(said);
  });
});

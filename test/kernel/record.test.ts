// The recorder on this very kernel: real programs on real file systems, the maps against FIEMAP, and everything put back.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fileMaps, type MapExtent } from '../../src/record/fiemap.js';
import { ingest } from '../../src/trace/ingest.js';
import { type Built, builtProgram } from '../support/built.js';
import { agreementOf } from './agreement.js';
import {
  installed,
  makeVolume,
  type Ran,
  type Running,
  sqliteDriver,
  start,
  TRACEFS,
  tracefsState,
  type Volume,
  whyNot,
  workshop,
} from './live.js';
import { fiemaps } from './recordings.js';

const reason = whyNot();
if (reason !== '') console.warn(`SKIPPED: nothing is recorded on this kernel (${reason})`);

describe.skipIf(reason !== '')(`recording on this kernel (${reason === '' ? 'as root' : `skipped: ${reason}`})`, () => {
  let folder = '';
  let before: unknown;
  let built: Built;
  /** Files that keep a volume busy; a test that fails leaves them. */
  const opened = new Set<number>();
  const release = (fd: number): void => {
    if (opened.delete(fd)) closeSync(fd);
  };
  const volumes = new Map<string, Volume>();
  const mountOf = (fs: string): string => volumes.get(fs)!.mount;
  const driver = (name: string, ...args: (string | number | undefined)[]): string[] => [
    join(folder, 'bin', name),
    ...args.map(String),
  ];
  const at = (name: string): string => join(folder, name);
  const run = (...args: string[]): Promise<Ran> => start(built, args, folder).ended;
  const record = (...args: string[]): Promise<Ran> => run('record', ...args);

  beforeAll(async () => {
    built = await builtProgram();
    before = tracefsState();
    folder = workshop();
    for (const fs of ['xfs', 'ext4'] as const) volumes.set(fs, makeVolume(folder, fs));
  });
  afterEach(() => {
    expect(tracefsState()).toEqual(before);
    expect(readdirSync(folder).filter((name) => name.startsWith('.sealtrace'))).toEqual([]);
  });
  afterAll(() => {
    for (const fd of opened) release(fd);
    for (const volume of volumes.values()) volume.remove();
    rmSync(folder, { recursive: true, force: true });
    built.remove();
  });

  const DRIVERS = [
    ['xfs', 'dbmap', 11, 1.5, 8],
    ['ext4', 'dbmap', 12, 1.5, 8],
    ['xfs', 'movers', 41, 2, 4],
    ['ext4', 'movers', 42, 1, 4],
    ['xfs', 'killholder', 61, 2],
  ] as const;

  test.each(DRIVERS)('%s, %s: every FIEMAP of the driver, and the one at the end', async (fs, name, ...args) => {
    const log = join(folder, `${fs}-${name}.jsonl`);
    const out = join(folder, 'run.sealtrace');
    const command = driver(name, mountOf(fs), log, ...args);
    const ran = await record('--json', '--path', mountOf(fs), '-o', out, '--', ...command);
    expect(ran.code, ran.err).toBe(0);
    const answer = JSON.parse(ran.out);
    expect(answer).toMatchObject({ lost: 0, command: { code: 0 }, maps: { different: [], uncertain: 0 } });
    const { trace } = await ingest([out]);
    const found = agreementOf(trace, fiemaps(log));
    console.log(
      `${fs} ${name}: ${found.same} of ${found.snapshots} FIEMAP of the driver equal (${found.between} within the call), at the end ${answer.maps.equal} of ${answer.maps.files}; ${answer.events} events, recorder ${(100 * answer.recorderCpuShare).toFixed(1)} % of a CPU`,
    );
    expect(found.wrong).toEqual([]);
    expect(found.unknown).toBe(0);
    expect(found.same).toBeGreaterThan(0);
    // Only killholder removes its files.
    expect(answer.maps.equal).toBeGreaterThanOrEqual(name === 'killholder' ? 0 : 2);
  });

  test.skipIf(!installed('python3'))('a database on XFS: SQLite with a mapped file and a WAL', async () => {
    const command = ['python3', sqliteDriver, mountOf('xfs'), join(folder, 'sq.jsonl'), '81', '40', '16'];
    const ran = await record('--json', '--path', mountOf('xfs'), '-o', at('sq.sealtrace'), '--', ...command);
    expect(ran.code, ran.err).toBe(0);
    const answer = JSON.parse(ran.out);
    expect(answer.maps).toMatchObject({ different: [], uncertain: 0, changing: 0 });
    expect(answer.maps.equal).toBeGreaterThanOrEqual(1);
    const { trace } = await ingest([join(folder, 'sq.sealtrace')]);
    const paths = trace.files.map(({ path }) => path);
    expect(paths).toContain(join(mountOf('xfs'), 'app.db'));
    expect(trace.sources[0]!.facts).toMatchObject({
      machine: {},
      fileSystems: [{ type: 'xfs', geometry: {} }],
      recorder: { lost: 0 },
    });
  });

  test('files, descriptors and mappings from before the start are known, and a process that is attached to', async () => {
    const file = join(mountOf('xfs'), 'old.dat');
    const script = `import mmap,os,time
f=os.open('${file}',os.O_RDWR|os.O_CREAT); os.pwrite(f,b'x'*262144,0); os.fsync(f)
m=mmap.mmap(f,262144); print('ready',flush=True)
for i in range(400):
    m[i%64*4096]=i%256; os.ftruncate(f,262144+4096*(i%3)); time.sleep(0.1)`;
    writeFileSync(join(folder, 'old.py'), script);
    const other = spawnShell(`exec python3 ${join(folder, 'old.py')} > ${join(folder, 'old.out')}`);
    for (
      let i = 0;
      i < 100 && !(existsSync(join(folder, 'old.out')) && readFileSync(join(folder, 'old.out'), 'utf8') !== '');
      i++
    )
      await sleep(50);
    const ran = await record(
      '--json',
      '--path',
      file,
      '--pid',
      String(other.pid),
      '--duration',
      '1500ms',
      '-o',
      at('old.sealtrace'),
    );
    other.kill();
    expect(ran.code, ran.err).toBe(0);
    expect(JSON.parse(ran.out)).toMatchObject({ maps: { equal: 1, different: [] } });
    const { trace } = await ingest([join(folder, 'old.sealtrace')]);
    const shown = await run('inspect', at('old.sealtrace'), '--json', '-q');
    const { files, events } = JSON.parse(shown.out);
    expect(files[0]).toMatchObject({ path: file, extents: expect.any(Number) });
    expect(events.byOp.truncate).toBeGreaterThan(5);
    expect(events.byOp.mmap).toBeGreaterThanOrEqual(1);
    // Calls on the old descriptor are led to the file.
    const byFile = new Set(Array.from(trace.columns.file).filter((_, row) => trace.columns.op[row] === 7));
    expect([...byFile].map((id) => trace.files[id]?.path)).toEqual([file]);
  });

  test.skipIf(!installed('trace-cmd'))('trace-cmd reads the same records from a trace.dat', async () => {
    const command = driver('movers', mountOf('xfs'), join(folder, 'tc.jsonl'), 41, 1, 4);
    const ran = await record('--path', mountOf('xfs'), '-o', at('run.dat'), '--', ...command);
    expect(ran.code, ran.err).toBe(0);
    const report = execFileSync('trace-cmd', ['report', '-t', join(folder, 'run.dat')], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    writeFileSync(join(folder, 'run.txt'), report);
    const lines = report.split('\n').filter((line) => /\[\d{3}\]/.test(line)).length;
    const [{ trace: own }, { trace: told }] = await Promise.all(
      ['run.dat', 'run.txt'].map((name) => ingest([join(folder, name)])) as [
        ReturnType<typeof ingest>,
        ReturnType<typeof ingest>,
      ],
    );
    expect(own.sources[0]).toMatchObject({ records: lines, clock: 'mono' });
    expect(told.sources[0]!.records).toBe(lines);
    expect(told.sources[0]!.facts).toEqual(own.sources[0]!.facts);
  });

  test('what is lost is said, with a larger size, and stands in the recording', async () => {
    const command = driver('dbmap', mountOf('xfs'), join(folder, 'lost.jsonl'), 15, 1, 8);
    const fast = ['env', 'GT_SPEED=12', ...command];
    const ran = await record(
      '--json',
      '--path',
      mountOf('xfs'),
      '--buffer',
      '64K',
      '-o',
      at('lost.sealtrace'),
      '--',
      ...fast,
    );
    expect(ran.code, ran.err).toBe(0);
    const answer = JSON.parse(ran.out);
    expect(answer.lost).toBeGreaterThan(0);
    expect(ran.err).toMatch(/the kernel lost \d+ events.*--buffer 1M/);
    const { trace } = await ingest([join(folder, 'lost.sealtrace')]);
    expect(trace.sources[0]!.lost.length).toBeGreaterThan(0);
  });

  test('an interrupt ends the recording and keeps it; the command is told', async () => {
    const running = start(
      built,
      ['record', '--path', mountOf('xfs'), '-o', at('int.sealtrace'), '--', 'sleep', '30'],
      folder,
    );
    await ours(running);
    await sleep(500);
    running.process.kill('SIGINT');
    const ran = await running.ended;
    expect(ran.code, ran.err).toBe(130);
    expect(ran.err).toMatch(/the command ended with SIGINT/);
    expect(existsSync(join(folder, 'int.sealtrace', 'events.arrow'))).toBe(true);
  });

  test('a command that is killed ends the recording; one that cannot be run too', async () => {
    const killed = await record('--path', mountOf('xfs'), '-o', at('k.sealtrace'), '--', 'sh', '-c', 'kill -9 $$');
    expect(killed).toMatchObject({ code: 0, err: expect.stringMatching(/the command ended with SIGKILL/) });
    const missing = await record('--path', mountOf('xfs'), '-o', at('m.sealtrace'), '--', './not-there');
    expect(missing.err).toMatch(/the command ended with status 127/);
  });

  // Another recorder, of a test that runs meanwhile, may be the one that finds it.
  test('what a killed recorder leaves the next one finds, removes and says', { retry: 3 }, async () => {
    const running = start(
      built,
      ['record', '--path', mountOf('xfs'), '-o', at('left.sealtrace'), '--', 'sleep', '4'],
      folder,
    );
    await ours(running);
    await sleep(500);
    running.process.kill('SIGKILL');
    await running.ended;
    const left = buffersOf(running.process.pid);
    expect(left).toHaveLength(3);
    const ran = await record('--path', mountOf('xfs'), '-o', at('next.sealtrace'), '--duration', '100ms');
    expect(ran.code, ran.err).toBe(0);
    for (const name of left) expect(ran.err).toContain(`removed the buffer ${name}`);
  });

  test('the same of one that is killed during its trial', { retry: 3 }, async () => {
    const running = start(built, ['record', '--path', mountOf('xfs'), '-o', at('t.sealtrace'), '--', 'true'], folder);
    const { pid } = running.process;
    for (let i = 0; i < 2000 && !buffersOf(pid).some((name) => name.endsWith('trial-calls')); i++) await sleep(5);
    await sleep(50);
    running.process.kill('SIGKILL');
    await running.ended;
    expect(buffersOf(pid).some((name) => name.includes('trial'))).toBe(true);
    const ran = await record('--path', mountOf('xfs'), '-o', at('n.sealtrace'), '--', 'true');
    expect(ran.code, ran.err).toBe(0);
    expect(buffersOf(pid)).toEqual([]);
  });

  // The list of this kernel with lines left out, laid over it for the recorder alone.
  test('an event that this kernel does not have: what it costs is said, the rest is recorded and right', async () => {
    const events = readFileSync(join(TRACEFS, 'available_events'), 'utf8').split('\n');
    const without = (pattern: RegExp, name: string): string[] => {
      writeFileSync(at(name), events.filter((line) => !pattern.test(line)).join('\n'));
      const cover = `mount --bind ${at(name)} ${join(TRACEFS, 'available_events')} && exec "$@"`;
      return ['unshare', '--mount', 'sh', '-c', cover, 'sh'];
    };
    const log = at('poor.jsonl');
    const words = ['record', '--json', '--path', mountOf('xfs'), '-o', at('poor.sealtrace'), '--'];
    const command = driver('movers', mountOf('xfs'), log, 46, 1, 4);
    const poor = without(/^filelock:|^block:block_rq_complete$/, 'poor-events');
    const ran = await start(built, [...words, ...command], folder, {}, poor).ended;
    expect(ran.code, ran.err).toBe(0);
    expect(ran.err).toMatch(/this kernel has no event .*break_lease_block.*: leases are not seen/);
    expect(ran.err).toMatch(/this kernel has no event block_rq_complete: /);
    expect(JSON.parse(ran.out)).toMatchObject({ lost: 0, maps: { different: [], uncertain: 0 } });
    const { trace } = await ingest([at('poor.sealtrace')]);
    const found = agreementOf(trace, fiemaps(log));
    expect(found).toMatchObject({ wrong: [], unknown: 0 });
    expect(found.same).toBeGreaterThan(0);

    const none = await start(built, [...words, 'true'], folder, {}, without(/./, 'no-events')).ended;
    expect(none.code).toBe(2);
    expect(none.err).toMatch(/this kernel has none of the events that sealtrace records/);
  });

  test('a full disk: a message, and nothing is left behind', async () => {
    const small = join(folder, 'small');
    execFileSync('mkdir', [small]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', small]);
    try {
      const command = driver('dbmap', mountOf('xfs'), join(folder, 'full.jsonl'), 15, 1, 8);
      const ran = await record('--path', mountOf('xfs'), '-o', join(small, 'run.sealtrace'), '--', ...command);
      expect(ran.code).toBe(2);
      expect(ran.err).toMatch(/cannot write .*run\.sealtrace: the disk is full/);
      expect(readdirSync(small)).toEqual([]);
    } finally {
      execFileSync('umount', [small]);
    }
  });

  test('the printed script of plain shell records the same maps, and takes its buffer away', async () => {
    const log = join(folder, 'shell.jsonl');
    const old = oldFile('xfs');
    const mapped = join(mountOf('xfs'), 'a  sleeper');
    execFileSync('sh', ['-c', 'cp "$(command -v sleep)" "$1"', 'sh', mapped]);
    const sleeper = spawn(mapped, ['600'], { stdio: 'ignore' });
    const printed = await record(
      '--print',
      '--path',
      mountOf('xfs'),
      '-o',
      at('shell.txt'),
      '--',
      ...driver('movers', mountOf('xfs'), log, 43, 1, 4),
    );
    expect(printed.code, printed.err).toBe(0);
    const ran = spawnSync('sh', ['-s'], { cwd: folder, input: printed.out, encoding: 'utf8' });
    release(old.fd);
    sleeper.kill();
    await once(sleeper, 'exit');
    expect(ran.stderr).toBe('');
    const { trace } = await ingest([join(folder, 'shell.txt')]);
    const found = agreementOf(trace, fiemaps(log));
    expect(found).toMatchObject({ wrong: [], unknown: 0 });
    expect(found.same).toBeGreaterThan(0);
    expect(await knownOf(at('shell.txt'), old.path)).toEqual(await filefragOf(old.path));
    expect(readFileSync(at('shell.txt'), 'utf8')).toMatch(
      new RegExp(`note_fd_inode \\d+ \\d+ \\d+ ${old.fd} \\d+:\\d+ ${old.inode}$`, 'm'),
    );
    expect(readFileSync(at('shell.txt'), 'utf8')).toMatch(
      new RegExp(`note_mmap ${sleeper.pid} ${sleeper.pid} \\d+ \\d+ \\d+ 0 \\d+:\\d+ \\d+ r--p ${mapped}$`, 'm'),
    );
    expect(readdirSync(join(TRACEFS, 'instances')).filter((name) => name.startsWith('sealtrace-shell'))).toEqual([]);
  });

  const TOOLS = [
    ['perf', 'via.data'],
    ['bpftrace', 'via.json'],
  ] as const;
  for (const [tool, out] of TOOLS)
    test.skipIf(!installed(tool))(
      `--via ${tool}${installed(tool) ? '' : ' (skipped: it is not installed)'} records the same maps`,
      async () => {
        const log = join(folder, `${tool}.jsonl`);
        const old = oldFile('xfs');
        const ran = await record(
          '--json',
          '--via',
          tool,
          '--fs',
          'xfs',
          '--path',
          mountOf('xfs'),
          '-o',
          at(out),
          '--',
          ...driver('movers', mountOf('xfs'), log, 44, 1, 4),
        );
        expect(ran.code, ran.err).toBe(0);
        const { trace } = await ingest([at(out), `${at(out)}.looks.txt`]);
        const facts = Object.assign({}, ...trace.sources.map((source) => source.facts));
        expect(facts).toMatchObject({ machine: {}, fileSystems: [{ type: 'xfs', geometry: {} }] });
        const found = agreementOf(trace, fiemaps(log));
        release(old.fd);
        expect(JSON.parse(ran.out).maps).toMatchObject({ different: [], changing: 0 });
        expect(await knownOf(at(out), `${at(out)}.looks.txt`, old.path)).toEqual(await filefragOf(old.path));
        console.log(`--via ${tool}: ${found.same} of ${found.snapshots} FIEMAP equal, ${found.unknown} unknown`);
        expect(found.wrong).toEqual([]);
        expect(found.same).toBeGreaterThan(0);
      },
      300_000,
    );

  test.skipIf(!installed('trace-cmd'))('--via trace-cmd records the same maps', { timeout: 300_000 }, async () => {
    const log = at('trace-cmd.jsonl');
    const old = oldFile('xfs');
    const words = ['--json', '--via', 'trace-cmd', '--path', mountOf('xfs'), '-o', at('via.dat'), '--'];
    const command = ['env', '-u', 'LD_PRELOAD', ...driver('movers', mountOf('xfs'), log, 45, 1, 4)];
    // trace-cmd opens files of the function tracer, which some kernels lock; events need none of them.
    const env = { LD_PRELOAD: join(folder, 'bin', 'tracecmd-noftrace.so') };
    const ran = await start(built, ['record', ...words, ...command], folder, env).ended;
    expect(ran.code, ran.err).toBe(0);
    release(old.fd);
    expect(JSON.parse(ran.out).maps).toMatchObject({ different: [], changing: 0 });
    const both = [
      'ingest',
      at('via.dat'),
      at('via.dat.looks.txt'),
      '--clock-offset',
      '2=0ns',
      '-o',
      at('both.sealtrace'),
    ];
    expect((await run(...both)).code).toBe(0);
    expect(await knownOf(at('both.sealtrace'), old.path)).toEqual(await filefragOf(old.path));
    const { trace } = await ingest([at('via.dat'), at('via.dat.looks.txt')], {
      clockOffsets: [{ source: '2', offsetNs: 0n }],
    });
    const found = agreementOf(trace, fiemaps(log));
    console.log(`--via trace-cmd: ${found.same} of ${found.snapshots} FIEMAP equal, ${found.unknown} unknown`);
    expect(found.wrong).toEqual([]);
    expect(found.same).toBeGreaterThan(0);
  });

  /** A file of many extents from before the recording, which this process has open. */
  function oldFile(fs: string): { readonly path: string; readonly fd: number; readonly inode: number } {
    const path = join(mountOf(fs), 'from-before');
    rmSync(path, { force: true });
    writeFileSync(path, Buffer.alloc(4096 * 40, 1));
    execFileSync('sync');
    for (let i = 0; i < 40; i += 2)
      execFileSync('fallocate', ['-p', '-o', String(4096 * i), '-l', '4096', path], { stdio: 'ignore' });
    const fd = openSync(path, 'r');
    opened.add(fd);
    return { path, fd, inode: fstatSync(fd).ino };
  }

  /** Extents of a file as the end of recordings tells them, and as the system's own tool does. */
  async function knownOf(...words: readonly string[]): Promise<unknown> {
    const recordings = words.slice(0, -1);
    const joined = at('known.sealtrace');
    const ingested = await run('ingest', ...recordings, '-o', joined, '-q');
    expect(ingested.code, ingested.err).toBe(0);
    const shown = await run('map', joined, '--json', '-q');
    expect(shown.code, shown.err).toBe(0);
    const { files } = JSON.parse(shown.out).snapshots.at(-1);
    const found = files.find(({ path }: { path: string }) => path === words.at(-1));
    expect(found).toMatchObject({ uncertain: false });
    return found.extents.map(({ offset, length, addr }: MapExtent) => [offset, length, addr]);
  }
  const filefragOf = async (path: string): Promise<unknown> =>
    (await fileMaps('filefrag', [path]))[0]!.extents.map(({ offset, length, addr }) => [offset, length, addr]);

  /** Waits until a recorder has its three buffers. */
  async function ours({ process: { pid } }: Running): Promise<void> {
    for (let i = 0; i < 400; i++) {
      if (buffersOf(pid).length === 3) return;
      await sleep(50);
    }
    throw new Error('no buffers of a recording appeared');
  }
});

/** Names of the buffers that a recorder has. */
const buffersOf = (pid: number | undefined): string[] =>
  readdirSync(join(TRACEFS, 'instances')).filter((name) => name.startsWith(`sealtrace-${pid}-`));

function spawnShell(script: string): { readonly pid: number; kill(): void } {
  const text = execFileSync('sh', ['-c', `(${script}) 2>/dev/null & echo $!`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const pid = Number(text.trim());
  return { pid, kill: () => process.kill(pid) };
}

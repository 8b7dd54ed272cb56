import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recording, scratch, sealtrace } from './support.js';

const { path, file } = scratch();
const KILL = recording('xfs-kill');
const SWAP = recording('xfs-swap');

type Json = Record<string, unknown>;
const json = async (...args: string[]): Promise<Json> => {
  const { out, err } = await sealtrace([...args, '--json', '-q']);
  expect(err).toBe('');
  return JSON.parse(out) as Json;
};

describe('inspect', () => {
  test('the shape of the contract, and figures that add up', async () => {
    const found = (await json('inspect', KILL)) as {
      sources: { records: number; typed: number; generic: number; lost: unknown }[];
      events: { total: number; byOp: Record<string, number> };
      operations: { total: number; unpaired: number };
      files: Json[];
      span: { fromNs: number; toNs: number };
      measured: Record<string, { count: number; p50Ns: number; p99Ns: number }>;
    };
    const keys = ['schema', 'sources', 'events', 'operations', 'files', 'tasks', 'span', 'measured', 'issues'];
    expect(Object.keys(found).slice(0, keys.length)).toEqual(keys);
    expect(found).toMatchObject({ schema: 'sealtrace.inspect/1' });
    const source = found.sources[0]!;
    expect(source).toMatchObject({ name: 'xfs-kill.report.txt.gz', format: 'ftrace-text', records: 6844 });
    expect(source.typed + source.generic).toBe(source.records);
    expect(source.lost).toEqual({ events: 0, spans: [] });
    expect(Object.values(found.events.byOp).reduce((a, b) => a + b)).toBe(found.events.total);
    expect(found.operations.total).toBeGreaterThan(1000);
    expect(found.files.map(({ path }) => path)).toContain('held.dat');
    expect(Object.keys(found.files[0]!)).toEqual(['id', 'device', 'inode', 'path', 'bytes', 'extents', 'events']);
    expect(found.span.fromNs).toBe(1836062772099);
    for (const { count, p50Ns, p99Ns } of Object.values(found.measured)) {
      expect(count).toBeGreaterThan(0);
      expect(p50Ns).toBeLessThanOrEqual(p99Ns);
    }
  });

  test('sizes follow the events, and times of a wall clock stay exact', async () => {
    const events = [
      '{"schema":"sealtrace.events/1","clock":"global","originNs":1700000000000000001}',
      '{"t":0,"op":"file","path":"/a","size":8192}',
      '{"t":1,"op":"write","path":"/a","off":8192,"len":4096,"ret":0,"ns":5}',
      '{"t":2,"op":"truncate","path":"/b","size":100,"ret":0,"ns":7}',
      '{"t":3,"op":"truncate","path":"/b","size":5,"ret":"-ETXTBSY"}',
    ];
    const { out } = await sealtrace(['inspect', file('sizes.ndjson', `${events.join('\n')}\n`), '--json']);
    const found = JSON.parse(out) as { files: { path: string; bytes: number }[]; measured: Json };
    expect(found.files.map(({ path, bytes }) => [path, bytes])).toEqual([
      ['/a', 12288],
      ['/b', 100],
    ]);
    expect(found.measured).toMatchObject({ truncate: { count: 1, p50Ns: 7 } });
    expect(out).toContain('"originNs": 1700000000000000001');
    expect(out).toContain('"toNs": 1700000000000000004');
  });

  test('names of a trace cannot steer the terminal', async () => {
    const lines = [
      '{"schema":"sealtrace.events/1","clock":"mono","originNs":0}',
      '{"t":0,"op":"file","path":"/a\\u001b[2J\\u202e\\n","size":1}',
    ];
    const { out } = await sealtrace(['inspect', file('hostile.ndjson', `${lines.join('\n')}\n`)]);
    expect(out).toContain('/a\\x1b[2J\\u{202e}\\x0a');
    expect(out).not.toContain('\u001b');
  });
});

describe('a mixed lane', () => {
  const lane = ['--lane', 'prod=held*=mapdirect,>1G=ondisk,*=dax'];
  type Lanes = { policies: string[]; lanes: { policy: string; title: string; verdicts: { deny: number } }[] };

  test('is compared like a policy, and fares like that of its files', async () => {
    const found = (await json('compare', KILL, 'prod', 'mapdirect', ...lane)) as Lanes;
    expect(found.policies).toEqual(['prod', 'mapdirect']);
    const [prod, direct] = found.lanes;
    expect(prod).toMatchObject({ policy: 'prod', title: 'held* as mapdirect, >1G as ondisk, * as dax' });
    expect(prod!.verdicts.deny).toBeGreaterThan(0);
    expect(prod!.verdicts).toEqual(direct!.verdicts);
  });

  test('is replayed whether or not --policy names it, and reported with the tables of its parts', async () => {
    const { out } = await sealtrace(['replay', KILL, '--policy', 'odp', ...lane, '-q']);
    expect(out).toMatch(/^ +odp .*\n +prod /m);
    const named = (await json('replay', KILL, '--policy', 'prod,odp', ...lane)) as Lanes;
    expect(named.lanes.map(({ policy }) => policy)).toEqual(['prod', 'odp']);
    const report = await sealtrace(['compare', KILL, 'prod', 'odp', ...lane, '-o', '-', '-q']);
    const said = report.out.match(/gives each file its policy: [^<]*/)?.[0].replaceAll('\u00a0', ' ');
    expect(said).toContain('held*: mapdirect (5 files); &gt;1G: ondisk (0 files)');
  });

  test('has maps of its own', async () => {
    const events = [
      '{"schema":"sealtrace.events/1","clock":"mono","originNs":0}',
      '{"t":0,"op":"file","path":"/a.db","size":8192}',
      '{"t":0,"op":"extent","path":"/a.db","off":0,"len":8192,"addr":4096}',
      '{"t":1,"op":"seal","path":"/a.db"}',
      '{"t":2,"op":"punch","path":"/a.db","off":0,"len":4096}',
    ];
    const trace = file('sealed.ndjson', `${events.join('\n')}\n`);
    const maps = async (...args: string[]) => (await json('map', trace, ...args)).snapshots;
    const mixed = await maps('--policy', 'prod', '--lane', 'prod=*.db=ondisk,*=dax');
    expect(mixed).toEqual(await maps('--policy', 'ondisk'));
    expect(mixed).not.toEqual(await maps('--policy', 'dax'));
  });

  test('from the environment, commas and all', async () => {
    const { out } = await sealtrace(['replay', KILL, '--policy', 'odp', '-q'], { env: { SEALTRACE_LANE: lane[1]! } });
    expect(out).toMatch(/^ +prod /m);
  });
});

describe('ingest', () => {
  test('a bundle and NDJSON give the numbers of the recording', async () => {
    expect((await sealtrace(['ingest', SWAP, '-o', path('swap.sealtrace'), '-q'])).code).toBe(0);
    expect(await json('inspect', path('swap.sealtrace'))).toEqual(await json('inspect', SWAP));
    const { code, out } = await sealtrace(['ingest', path('swap.sealtrace'), '-o', '-', '--format', 'ndjson', '-q']);
    expect(code).toBe(0);
    const back = await json('inspect', file('swap.ndjson', out));
    const raw = await json('inspect', SWAP);
    // Tasks that no event names are in the records only, which NDJSON does not hold.
    for (const part of ['events', 'files', 'measured']) expect([part, back[part]]).toEqual([part, raw[part]]);
    const again = await sealtrace(['ingest', path('swap.ndjson'), '-o', '-', '--format', 'ndjson', '-q']);
    expect(again.out).toBe(out);
  });

  test('replay gives the same from recording and bundle, twice', async () => {
    await sealtrace(['ingest', KILL, '-o', path('kill.sealtrace'), '-q']);
    const args = ['--policy', 'ondisk,mapdirect', '--json', '-q'];
    const [raw, bundle, twice] = [
      await sealtrace(['replay', KILL, ...args]),
      await sealtrace(['replay', path('kill.sealtrace'), ...args]),
      await sealtrace(['replay', KILL, ...args]),
    ];
    expect(bundle.out).toBe(raw.out);
    expect(twice.out).toBe(raw.out);
  });

  test('filters keep what passes, and the maps of the kept files', async () => {
    await sealtrace(['ingest', SWAP, '-o', path('part.ndjson'), '--inode', '131', '--op', 'truncate', '-q']);
    const lines = readFileSync(path('part.ndjson'), 'utf8').trimEnd().split('\n').slice(1);
    const events = lines.map((line) => JSON.parse(line) as { op: string; ino?: number });
    expect(new Set(events.map(({ ino }) => ino ?? 131))).toEqual(new Set([131]));
    expect(events.some(({ op }) => op === 'truncate')).toBe(true);
    expect(events.every(({ op }) => op === 'truncate' || /^(map_|file|extent)/.test(op))).toBe(true);
  });

  test('a file is replaced whole, and nothing is left beside it', async () => {
    const target = file('old.ndjson', 'old');
    await sealtrace(['ingest', SWAP, '-o', target, '-q']);
    expect(readFileSync(target, 'utf8')).toMatch(/^\{"schema":"sealtrace\.events\/1"/);
    expect(readdirSync(dirname(target)).filter((name) => name.includes('tmp'))).toEqual([]);
  });
});

describe('map', () => {
  test('the shape of the contract, at given times', async () => {
    const found = (await json('map', SWAP, '--at', '1814600000000,1814650000000', '--inode', '131')) as {
      snapshots: { atNs: number; files: { inode: string; extents: Json[] }[] }[];
    };
    expect(found).toMatchObject({ schema: 'sealtrace.map/1' });
    expect(found.snapshots.map(({ atNs }) => atNs)).toEqual([1814600000000, 1814650000000]);
    for (const { files } of found.snapshots) expect(files.every(({ inode }) => inode === '131')).toBe(true);
    expect(Object.keys(found.snapshots[1]!.files[0]!.extents[0]!).slice(0, 4)).toEqual([
      'offset',
      'length',
      'addr',
      'state',
    ]);
    expect((await sealtrace(['map', SWAP, '-q'])).out).toMatch(/offset\s+length\s+address\s+state/);
  });

  test('a time outside the trace is said to be one', async () => {
    const { code, out, err } = await sealtrace(['map', SWAP, '--json', '--at', '5000,1814700000000,1814800000000000']);
    expect(code).toBe(0);
    expect(err).toMatch(/--at 5000 lies before the trace, whose first record is at 1814565638640 ns/);
    expect(err).toMatch(
      /--at 1814800000000000 lies after the trace, which ends at 1814742809514 ns: shown is what it ends/,
    );
    const { snapshots } = JSON.parse(out) as { snapshots: { outside?: string; files: unknown[] }[] };
    expect(snapshots.map(({ outside }) => outside)).toEqual(['before', undefined, 'after']);
    expect(snapshots[0]!.files).toEqual([]);
    const ended = (await json('map', SWAP)) as { snapshots: { files: unknown }[] };
    expect(snapshots[2]!.files).toEqual(ended.snapshots[0]!.files);
    const said = (await sealtrace(['map', SWAP, '-q', '--at', '5000'])).out;
    expect(said).toMatch(/At 5000 ns, before the trace: nothing is known/);
  });
});

describe('replay, compare, report', () => {
  test('a run file holds no path of the machine and gives the report of the trace', async () => {
    const run = path('kill.sealrun');
    const { code, out } = await sealtrace(['replay', KILL, '-o', run, '--set', 'era=2017', '--seed', '4', '-q']);
    expect(code).toBe(0);
    expect(out).toMatch(/policy\s+operations\s+refused/);
    const text = readFileSync(run, 'utf8');
    expect(text).not.toContain(dirname(KILL));
    expect(JSON.parse(text)).toMatchObject({
      schema: 'sealtrace.run/1',
      command:
        'sealtrace replay xfs-kill.report.txt.gz --policy all --seal-rule dma --unseal never --on-deny skip --timing closed --costs reference --seed 4 --set era=2017',
    });
    expect((await sealtrace(['report', run, '-o', path('kill.html'), '-q'])).code).toBe(0);
    expect(readFileSync(path('kill.html'), 'utf8')).toMatch(/^<!doctype html>/);
    const kept = JSON.parse((await sealtrace(['report', run, '--to', 'json', '-o', '-', '-q'])).out) as Json;
    expect(kept).toEqual(JSON.parse(text));
  });

  test('the raw lines stand in the report', async () => {
    const { out } = await sealtrace(['report', KILL, '--policy', 'ondisk', '-o', '-', '-q']);
    expect(out).toMatch(/sys_(enter|exit)_|xfs_/);
  });

  test('compare: a verdict in a sentence, JSON, from a trace and from a run', async () => {
    const { code, out } = await sealtrace(['compare', KILL, 'mapdirect', 'ondisk', '-q']);
    expect(code).toBe(0);
    expect(out.split('\n')[0]).toMatch(/^mapdirect refuses \d+ and delays \d+ of .*, ondisk refuses/);
    const found = (await json('compare', KILL, 'mapdirect', 'ondisk')) as { lanes: { policy: string }[] };
    expect(found).toMatchObject({ schema: 'sealtrace.compare/1', policies: ['mapdirect', 'ondisk'] });
    expect(found.lanes.map(({ policy }) => policy)).toEqual(['mapdirect', 'ondisk', 'recorded']);
    await sealtrace(['replay', KILL, '-o', path('all.sealrun'), '-q']);
    const kept = (await json('compare', path('all.sealrun'), 'mapdirect', 'ondisk')) as { verdict: string };
    expect(kept.verdict).toBe(out.split('\n')[0]);
    const runs = await sealtrace(['compare', path('all.sealrun'), path('all.sealrun'), '-q']);
    expect(runs.out).toMatch(/policy\s+refused\s+delayed/);
    const missing = await sealtrace(['compare', path('all.sealrun'), 'dax', 'nobody']);
    expect(missing.err).toMatch(/holds no lane of policy "nobody"/);
  });

  test('a broken run file is exit 3', async () => {
    const half = file('half.sealrun', '{"schema":"sealtrace.run/1","version":"0.1');
    const { code, err } = await sealtrace(['report', half, '-o', path('no.html')]);
    expect(code).toBe(3);
    expect(err).toMatch(/expected a whole run file, found broken JSON; replay the trace again/);
    expect(existsSync(path('no.html'))).toBe(false);
  });

  test('--strict: an answer that is not safe is exit 4', async () => {
    const run = await json('replay', KILL);
    const { safe } = run.quality as { safe: boolean };
    expect((await sealtrace(['replay', KILL, '--strict', '-q'])).code).toBe(safe ? 0 : 4);
    expect((await sealtrace(['replay', KILL, '-q'])).code).toBe(0);
  });
});

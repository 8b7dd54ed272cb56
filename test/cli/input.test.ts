import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { xzOf } from '../support/xz.js';
import { recording, SMALL, STACK, scratch, sealtrace } from './support.js';

const { path, file } = scratch();
const KILL = recording('xfs-kill');

interface Inspected {
  readonly schema: string;
  readonly sources: readonly { readonly name: string; readonly records: number; readonly typed: number }[];
  readonly issues: readonly {
    readonly code: string;
    readonly text: string;
    readonly first: { readonly source: string; readonly row: number };
  }[];
}
const TRACES = join(import.meta.dirname, '..', '..', 'traces');

/** A zstd frame of plain blocks (RFC 8878): Node 20 cannot make one. */
function zstdOf(bytes: Uint8Array): Uint8Array {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0]);
  head.writeUInt32LE(bytes.length, 5);
  const parts: Uint8Array[] = [head];
  for (let at = 0; at < bytes.length; at += 100_000) {
    const block = bytes.subarray(at, at + 100_000);
    const size = Buffer.alloc(3);
    size.writeUIntLE(block.length * 8 + (at + 100_000 >= bytes.length ? 1 : 0), 0, 3);
    parts.push(size, block);
  }
  return Buffer.concat(parts);
}
const inspected = (out: string): Inspected => JSON.parse(out) as Inspected;

describe('input that cannot be used', () => {
  test.each([
    ['an empty file', 'empty', '', /expected a recording .*found nothing: the input is empty/],
    [
      'a binary file',
      'binary',
      Uint8Array.from({ length: 5000 }, (_, i) => (i * 37) % 256),
      /found binary data \(first bytes 00 25 4a 6f/,
    ],
    ['a text that is no trace', 'poem', 'Roses are red\nviolets are blue\n', /text that is no trace.*"Roses are red"/],
    ['blank lines', 'blank', '\n\n  \n', /found blank text/],
    ['escapes', 'escapes', 'a\u001b[2Jb \u202e\n', /"a\\u001b\[2Jb/],
  ])('%s: exit 3, and what to do', async (_, name, content, message) => {
    const { code, out, err } = await sealtrace(['inspect', file(name, content), '--json']);
    expect(code).toBe(3);
    expect(out).toBe('');
    expect(err).toMatch(message);
    expect(err).toMatch(/sealtrace list formats|record again|sealtrace ingest/i);
    expect(err).not.toMatch(STACK);
  });

  test.each([
    ['no such file', () => path('nowhere.txt'), /there is no such file/],
    ['a folder', () => mkdirSync(path('new/folder'), { recursive: true })!, /is a folder/],
    ['bzip2', () => file('a.bz2', 'BZh91AY&SY'), /bzip2 -dc a\.bz2 \| sealtrace ingest -/],
  ])('%s: exit 2', async (_, make, message) => {
    const { code, err } = await sealtrace(['inspect', make()]);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(err).not.toMatch(STACK);
  });

  test('a wrong --from names the formats', async () => {
    const { code, err } = await sealtrace(['inspect', KILL, '--from', 'etl']);
    expect(code).toBe(2);
    expect(err).toMatch(/unknown format "etl"; expected one of .*\bftrace-text, ndjson\b/);
  });

  test.each([
    ['semicolons', 'wann;tat;wo;lang\n1.5;R;4096;512\n2.5;W;0;4096\n', 'csv'],
    [
      'objects',
      '{"wann":1.5,"tat":"R","wo":4096,"lang":512}\n{"wann":2.5,"tat":"W","wo":0,"lang":4096}\n',
      'ndjson-table',
    ],
  ])('with --map a table of %s needs no --from', async (_, text, format) => {
    const map = ['--map', 'time=wann:s,op=tat,off=wo:bytes,len=lang:bytes'];
    const { code, out } = await sealtrace(['inspect', file('tafel.txt', text), ...map, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ sources: [{ format, records: 2 }] });
    const prose = await sealtrace(['inspect', file('prose.txt', 'Dear diary, today\nit rained\n'), ...map]);
    expect([prose.code, prose.err]).toEqual([3, expect.stringContaining('text that is no trace')]);
  });

  test('stdin twice, and a bundle beside a recording', async () => {
    expect((await sealtrace(['ingest', '-', '-', '-o', path('x')])).err).toMatch(/stdin .* once only/);
    mkdirSync(path('b.sealtrace'));
    const { code, err } = await sealtrace(['ingest', path('b.sealtrace'), KILL, '-o', path('x')]);
    expect(code).toBe(2);
    expect(err).toMatch(/b\.sealtrace is a bundle.*alone/);
  });
});

describe('damaged input: what was valid is used', () => {
  test('a trace cut in the middle of a line', async () => {
    const cut = file('cut.txt', `${SMALL}    writer-7 [000] 100.0000`);
    const { code, out, err } = await sealtrace(['inspect', cut, '--json']);
    expect(code).toBe(3);
    expect(err).toMatch(/cut\.txt is damaged: line 5: expected a whole record, found a line cut in the middle/);
    const { sources, issues } = inspected(out);
    expect(sources[0]?.records).toBe(3);
    expect(issues.find(({ code }) => code === 'input-damaged')?.first.row).toBe(5);
  });

  test.each([
    ['an empty file', '', /found nothing: the input is empty/],
    ['one that is no trace', 'Dear diary,\n', /found text that is no trace/],
  ])('%s among others is left out by name', async (_, content, why) => {
    const inputs = [file('one.txt', SMALL), file('none.txt', content), file('two.txt', SMALL)];
    const { code, err } = await sealtrace(['ingest', ...inputs, '-o', path('joined.sealtrace')]);
    expect(code).toBe(3);
    expect(err).toMatch(/none\.txt is damaged: nothing of it is read: expected a recording/);
    expect(err).toMatch(why);
    const { code: again, out } = await sealtrace(['inspect', path('joined.sealtrace'), '--json']);
    expect(again).toBe(3);
    const { sources, issues } = inspected(out);
    expect(sources.map(({ name, records }) => [name, records])).toEqual([
      ['one.txt', 3],
      ['two.txt', 3],
    ]);
    expect(issues.find(({ first }) => first.source === 'none.txt')?.text).toMatch(why);
    // Offsets may name inputs by their numbers.
    const numbered = await sealtrace(['ingest', ...inputs, '-o', path('none'), '--clock-offset', '3=1s']);
    expect([numbered.code, numbered.err]).toEqual([3, expect.stringMatching(why)]);
  });

  test('a cut gzip gives everything before the cut', async () => {
    const packed = readFileSync(KILL);
    const cut = file('cut.gz', packed.subarray(0, packed.length - 20_000));
    const { code, out, err } = await sealtrace(['inspect', cut, '--json']);
    expect(code).toBe(3);
    expect(err).toMatch(/cut\.gz is damaged: expected the end of the gzip data, found the end of the file/);
    const { records } = inspected(out).sources[0]!;
    expect(records).toBeGreaterThan(4000);
    expect(records).toBeLessThan(6844);
  });

  test('a gzip whose end is missing loses nothing', async () => {
    const packed = gzipSync(SMALL);
    const { code, out } = await sealtrace(['inspect', file('tail.gz', packed.subarray(0, -4)), '--json']);
    expect(code).toBe(3);
    expect(inspected(out).sources[0]?.records).toBe(3);
  });

  test('a gzip with wrong bytes in it', async () => {
    const packed = readFileSync(KILL);
    packed.fill(0x55, 50_000, 50_100);
    const { code, out, err } = await sealtrace(['inspect', file('bad.gz', packed), '--json']);
    expect(code).toBe(3);
    expect(err).toMatch(/bad\.gz is damaged: expected gzip data/);
    expect(inspected(out).sources[0]!.records).toBeGreaterThan(2000);
  });

  test('zstd is unpacked by whatever Node; a cut one gives everything before the cut', async () => {
    const packed = zstdOf(gunzipSync(readFileSync(KILL)));
    const whole = await sealtrace(['inspect', file('whole.zst', packed), '--json']);
    expect([whole.code, inspected(whole.out).sources[0]?.records]).toEqual([0, 6844]);
    const { code, out, err } = await sealtrace(['inspect', file('cut.zst', packed.subarray(0, 400_000)), '--json']);
    expect(code).toBe(3);
    expect(err).toMatch(/cut\.zst is damaged: expected the end of the zstd data, found the end of the file/);
    expect(inspected(out).sources[0]!.records).toBeGreaterThan(1000);
  });

  test('xz, also two streams in one file and two files at once; a cut one gives everything before the cut', async () => {
    const packed = xzOf(gunzipSync(readFileSync(KILL)));
    const twice = file('twice.xz', Buffer.concat([xzOf(Buffer.from(SMALL)), xzOf(Buffer.from(SMALL))]));
    const whole = await sealtrace(['inspect', file('whole.xz', packed), '--json']);
    expect([whole.code, inspected(whole.out).sources[0]?.records]).toEqual([0, 6844]);
    expect(inspected((await sealtrace(['inspect', twice, '--json'])).out).sources[0]?.records).toBe(6);

    const { code, out, err } = await sealtrace(['inspect', file('cut.xz', packed.subarray(0, 400_000)), '--json']);
    expect(code).toBe(3);
    expect(err).toMatch(
      /cut\.xz is damaged: expected the end of the xz data, found the end of the file after 400000 bytes/,
    );
    expect(inspected(out).sources[0]!.records).toBeGreaterThan(1000);

    const both = await sealtrace(['ingest', path('whole.xz'), file('other.xz', packed), '-o', path('both.sealtrace')]);
    expect(both.code, both.err).toBe(0);
    const { sources } = inspected((await sealtrace(['inspect', path('both.sealtrace'), '--json'])).out);
    expect(sources.map(({ records }) => records)).toEqual([6844, 6844]);
  });

  test('xz with wrong bytes, and with a check that is not known', async () => {
    const packed = Buffer.from(xzOf(gunzipSync(readFileSync(KILL))));
    const bad = Buffer.from(packed);
    bad[24 + 3 + (1 << 16)] = 0x90;
    const broken = await sealtrace(['inspect', file('bad.xz', bad), '--json']);
    expect(broken.code).toBe(3);
    expect(broken.err).toMatch(/bad\.xz is damaged: expected xz data, found other bytes before byte \d+/);
    expect(inspected(broken.out).sources[0]!.records).toBeGreaterThan(100);
    const { code, err } = await sealtrace(['inspect', file('sum.xz', xzOf(Buffer.from(SMALL), 10))]);
    expect(code).toBe(3);
    expect(err).toMatch(
      /sum\.xz: the xz data has a filter or a check that is not known here .*; unpack it with xz -dc/,
    );
  });

  test.each([
    ['leases-xfs-dax.v6.dat.gz', 'trace-dat', 120_000],
    ['leases.perf.data.gz', 'perf', 200_000],
  ])('a cut %s: exit 3, the byte, and what came before', async (name, folder, length) => {
    const bytes = gunzipSync(readFileSync(join(TRACES, folder, name))).subarray(0, length);
    const { code, out, err } = await sealtrace(['inspect', file(`cut-${name}`, bytes), '--json']);
    expect(code).toBe(3);
    expect(err).toMatch(/is damaged: byte \d+: expected/);
    expect(err).not.toMatch(STACK);
    expect(inspected(out).sources[0]!.records).toBeGreaterThanOrEqual(0);
  });

  test('a bundle remembers that its recording was damaged', async () => {
    const cut = file('again.txt', `${SMALL}    writer-7 [000] 100.0000`);
    expect((await sealtrace(['ingest', cut, '-o', path('again.sealtrace')])).code).toBe(3);
    const { code, err } = await sealtrace(['inspect', path('again.sealtrace'), '-q']);
    expect(code).toBe(3);
    expect(err).toMatch(/again\.txt is damaged: line 5/);
  });
});

describe('input that can be used', () => {
  test('gzip, plain and stdin give the same; names keep no folders', async () => {
    const text = gunzipSync(readFileSync(KILL));
    const answers = [
      await sealtrace(['inspect', KILL, '--json']),
      await sealtrace(['inspect', file('plain', text), '--json']),
      await sealtrace(['inspect', '-', '--json'], { stdin: text }),
    ];
    const bodies = answers.map(({ out }) => {
      const { sources, ...rest } = JSON.parse(out) as { sources: { name: string }[]; issues: unknown };
      return { names: sources.map(({ name }) => name), rest: { ...rest, issues: null } };
    });
    expect(bodies.map(({ names }) => names)).toEqual([['xfs-kill.report.txt.gz'], ['plain'], ['stdin']]);
    expect(bodies[1]!.rest).toEqual(bodies[0]!.rest);
    expect(bodies[2]!.rest).toEqual(bodies[0]!.rest);
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0]);
  });

  test.each([['trace-dat/leases-xfs-dax.v6.dat.gz'], ['perf/leases.perf.data.gz']])(
    'a binary recording is read from a file, a pipe and gzip: %s',
    async (name) => {
      const bytes = gunzipSync(readFileSync(join(TRACES, name)));
      const answers = [
        await sealtrace(['ingest', join(TRACES, name), '-o', '-', '--format', 'ndjson']),
        await sealtrace(['ingest', file('binary', bytes), '-o', '-', '--format', 'ndjson']),
        await sealtrace(['ingest', '-', '-o', '-', '--format', 'ndjson'], { stdin: bytes }),
      ];
      expect(answers.map(({ code }) => code)).toEqual([0, 0, 0]);
      expect(answers[0]!.out.split('\n').length).toBeGreaterThan(50);
      expect(answers[1]!.out).toBe(answers[0]!.out);
      expect(answers[2]!.out).toBe(answers[0]!.out);
    },
  );

  test('two recordings of one run', async () => {
    const one = file('one.txt', SMALL);
    const two = file('two.txt', SMALL.replaceAll('writer-7', 'writer-8'));
    const { code } = await sealtrace(['ingest', one, two, '-o', path('two.sealtrace'), '-q']);
    const { out } = await sealtrace(['inspect', path('two.sealtrace'), '--json']);
    expect(code).toBe(0);
    expect(inspected(out).sources.map(({ name, records }) => [name, records])).toEqual([
      ['one.txt', 3],
      ['two.txt', 3],
    ]);
  });

  test('a trace without mappings or map events is answered, with a warning', async () => {
    const other = file('sched.txt', 'cpus=2\n  a-1 [001] 1.000000001: sched_switch: prev_comm=a\n');
    const { code, err } = await sealtrace(['inspect', other, '--json']);
    expect(code).toBe(0);
    expect(err).toMatch(/expected mappings or events of block maps, found none/);
    expect((await sealtrace(['inspect', file('none.txt', 'cpus=2\n')])).err).toMatch(/expected records, found none/);
  });

  test('progress is drawn on a terminal only, and a line of figures says what was read', async () => {
    const away = await sealtrace(['inspect', KILL]);
    expect(away.err).toMatch(
      /^sealtrace: xfs-kill\.report\.txt\.gz: 6,844 events from 84 KiB in .* MB\/s, .* events\/s\)\n$/,
    );
    const terminal = await sealtrace(['inspect', KILL], { terminal: true });
    expect(terminal.err).toContain('\r');
    expect(terminal.err).toContain('100 %');
    expect((await sealtrace(['inspect', KILL, '--no-progress'], { terminal: true })).err).not.toContain('\r');
    expect((await sealtrace(['inspect', KILL, '-q'], { terminal: true })).err).toBe('');
  });
});

test('a call on more bytes than any file has is kept up to where numbers are exact, also through a bundle', async () => {
  const text = file(
    'cat.txt',
    `# tracer: nop
             cat-12 [000] .....  1.000001: sys_copy_file_range(fd_in: 3, off_in: 0, fd_out: 1, off_out: 0, len: 0x7fffffffc0000000, flags: 0)
             cat-12 [000] .....  1.000002: sys_copy_file_range -> 0xfffffffffffffff7
`,
  );
  const bundle = path('cat.sealtrace');
  const plain = ['-o', '-', '--format', 'ndjson', '-q'];
  expect(await sealtrace(['ingest', text, '-o', bundle, '-q'])).toMatchObject({ code: 0, err: '' });
  const { code, out } = await sealtrace(['ingest', bundle, ...plain]);
  expect(code).toBe(0);
  expect(out).toContain(`"len":${Number.MAX_SAFE_INTEGER},`);
  expect((await sealtrace(['ingest', file('cat.ndjson', out), ...plain])).out).toBe(out);
});

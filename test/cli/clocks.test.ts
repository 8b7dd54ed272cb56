// Several recordings on the command line: what is said of their clocks, what is refused, what the bundle keeps.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SMALL, scratch, sealtrace } from './support.js';

const { path, file } = scratch();
const folder = join(import.meta.dirname, '..', '..', 'traces', 'joined');
const DAT = join(folder, 'joined.dat');
const STRACE = join(folder, 'joined.strace.txt.gz');
const BLKPARSE = join(folder, 'joined.blkparse.txt.gz');
const BLKTRACE = join(folder, 'joined.blktrace.gz');

interface Joined {
  readonly by: string;
  readonly offsetNs: number;
  readonly errorNs: number;
  readonly pairs: number;
  readonly elsewhere: number;
}
interface Sources {
  readonly sources: { readonly name: string; readonly clock: string; readonly joined: Joined | null }[];
}
const sources = (out: string): Sources['sources'] => (JSON.parse(out) as Sources).sources;

test('the offset is printed with its error, and kept in the bundle', async () => {
  const bundle = path('run.sealtrace');
  const { code, out, err } = await sealtrace(['ingest', DAT, STRACE, '-o', bundle, '--json']);
  expect(code).toBe(0);
  expect(err).toMatch(
    /joined\.strace\.txt\.gz: realtime, -\d{19} ns, error [\d.]+\s\S+: \d+ facts stamped in both; \d+ of its \d+ records/,
  );
  expect(out).toMatch(/"offsetNs": -\d{19},/);
  const inspected = await sealtrace(['inspect', bundle, '--json']);
  expect(sources(inspected.out).map(({ joined }) => joined)).toEqual(sources(out).map(({ joined }) => joined));
  expect(sources(inspected.out).map(({ joined }) => joined?.by)).toEqual(['same clock', 'paired stamps']);
  const shown = (await sealtrace(['inspect', bundle])).out;
  expect(shown).toMatch(/Clocks, led to that of the first source/);
  expect(shown).toMatch(/joined\.strace\.txt\.gz +-\d{19} +[\d.]+\s\S+ +\d+ facts stamped in both +\d+/);
});

test('one recording has nothing to be joined with, and shows its clock', async () => {
  const { out } = await sealtrace(['inspect', STRACE, '--json']);
  expect(sources(out)).toMatchObject([{ clock: 'realtime', joined: null }]);
  expect((await sealtrace(['inspect', BLKPARSE])).out).toMatch(/blkparse +blktrace-relative/);
});

test('clocks that differ by nobody knows how much are refused, with what to do; so is an offset that is none', async () => {
  const refused = await sealtrace(['ingest', BLKPARSE, STRACE, '-o', path('x.sealtrace')]);
  expect(refused.code).toBe(2);
  expect(refused.err).toMatch(/strace.* on the clock realtime, .*blkparse.* on blktrace-relative.*--clock-offset/s);
  for (const [value, why] of [
    ['joined.strace.txt.gz', /expected SOURCE=NS/],
    ['2=soon', /expected SOURCE=NS/],
    ['2=1.5', /expected SOURCE=NS/],
    ['9=1', /expected one of the inputs, found none/],
    ['1=1', /times of the first input stay/],
  ] as const) {
    const { code, err } = await sealtrace([
      'ingest',
      BLKPARSE,
      STRACE,
      '--clock-offset',
      value,
      '-o',
      path('x.sealtrace'),
    ]);
    expect([value, code]).toEqual([value, 2]);
    expect(err).toMatch(why);
  }
});

test.each([
  ['2=-1795466224606888643', STRACE, -1795466224606888643n],
  ['joined.strace.txt.gz=-1795466224.606888643s', STRACE, -1795466224606888643n],
  ['2=+1.5s', BLKTRACE, 1_500_000_000n],
  ['joined.blktrace.gz=-20ms', BLKTRACE, -20_000_000n],
  ['2=7us', BLKTRACE, 7000n],
])('--clock-offset %s', async (value, other, ns) => {
  const { code, out } = await sealtrace([
    'ingest',
    DAT,
    other,
    '--clock-offset',
    value,
    '-o',
    path('g.sealtrace'),
    '--json',
  ]);
  expect(code).toBe(0);
  expect(out).toContain(`"offsetNs": ${ns},`);
  expect(sources(out)[1]!.joined).toMatchObject({ by: 'given', errorNs: -1, pairs: 0 });
});

test('an offset of one recording alone is refused', async () => {
  const { code, err } = await sealtrace(['ingest', DAT, '--clock-offset', '1=5', '-o', path('one.sealtrace')]);
  expect(code).toBe(2);
  expect(err).toMatch(/expected at least two, found one/);
});

test('an offset that leaves the recordings years apart is refused', async () => {
  const { code, err } = await sealtrace(['ingest', DAT, STRACE, '--clock-offset', '2=0', '-o', path('far.sealtrace')]);
  expect(code).toBe(2);
  expect(err).toMatch(/strace\.txt\.gz is more than 104 days from joined\.dat with 0 ns added/);
});

test('two recordings of unknown clocks stand beside each other: an issue says so, and no verdict is safe', async () => {
  const one = file('one.txt', SMALL);
  const two = file('two.txt', SMALL.replaceAll('writer-7', 'writer-8'));
  const bundle = path('two.sealtrace');
  const { code, err } = await sealtrace(['ingest', one, two, '-o', bundle]);
  expect(code).toBe(0);
  expect(err).toMatch(/warning: two\.txt \(clock unknown\) and one\.txt \(clock unknown\) have nothing in common/);
  const { issues } = JSON.parse((await sealtrace(['inspect', bundle, '--json'])).out) as { issues: { code: string }[] };
  expect(issues.map((issue) => issue.code)).toContain('clocks-unknown');
  const replayed = await sealtrace(['replay', bundle, '--policy', 'dax', '--json']);
  const { quality } = JSON.parse(replayed.out) as { quality: { safe: boolean; reasons: string[] } };
  expect(quality.safe).toBe(false);
  expect(quality.reasons.join()).toMatch(/Nothing tells how the clocks of 2 recordings differ/);
});

test('clocks of one name that both have stamped otherwise are said to differ, and no verdict is safe', async () => {
  const run = (from: number): string =>
    [1, 2, 3, 4].map((i) => `7 179547990${from + i}.000001 close(${i}</x${i}>) = 0 <0.000005>\n`).join('');
  const bundle = path('differ.sealtrace');
  const one = file('one.strace', run(0));
  const { code, err } = await sealtrace(['ingest', one, file('two.strace', run(2)), '-o', bundle]);
  expect(code).toBe(0);
  expect(err).toMatch(
    /warning: two\.strace and one\.strace both say that their clock is realtime, but 4 facts in both are -/,
  );
  const { quality } = JSON.parse((await sealtrace(['replay', bundle, '--policy', 'dax', '--json'])).out) as {
    quality: { safe: boolean; reasons: string[] };
  };
  expect(quality.safe).toBe(false);
  expect(quality.reasons.join()).toMatch(/name one clock/);
  // Of one name they are told apart by their place.
  const same = await sealtrace(['ingest', one, one, '-o', path('same.sealtrace')]);
  expect(same.err.match(/the clock of all is realtime/g)).toHaveLength(1);
  // strace -r counts from its own start.
  const since = await sealtrace([
    'ingest',
    ...['a', 'b'].map((name) =>
      file(
        `${name}.strace`,
        `7      0.000000 close(3</x>) = 0\n7      0.${name === 'a' ? 1 : 2}00000 close(4</x>) = 0\n`,
      ),
    ),
    '-o',
    path('since.sealtrace'),
  ]);
  expect(since.err).not.toMatch(/the same clock/);
});

test('files of all CPUs of one blktrace stay one recording beside another', async () => {
  const { out } = await sealtrace(['ingest', DAT, BLKTRACE, '-o', path('b.sealtrace'), '--json']);
  expect(sources(out)[1]).toMatchObject({ clock: 'mono', joined: { by: 'same clock', offsetNs: 0, errorNs: 0 } });
});

test('a message in a block trace and a marker in the kernel trace are one moment', async () => {
  const stamps = [5.1, 5.2, 5.4];
  const marks = stamps.map((s, i) => `  app-7 [000] ${s.toFixed(9)}: print: tracing_mark_write: mark ${i}`);
  const messages = stamps.map((s, i) => `  8,0 0 ${i + 1} ${(s - 5).toFixed(9)} 7 m N mark ${i}`);
  const kernel = file('marks.txt', `cpus=1\n${marks.join('\n')}\n`);
  const block = file('marks.blkparse', `${messages.join('\n')}\n`);
  const { out } = await sealtrace(['ingest', kernel, block, '-o', path('m.sealtrace'), '--json']);
  expect(sources(out)[1]!.joined).toMatchObject({ by: 'markers', offsetNs: 5_000_000_000, pairs: 3 });
  // Written to two places one after the other: how far apart nobody knows.
  expect(sources(out)[1]!.joined!.errorNs).toBeGreaterThanOrEqual(1_000_000);
});

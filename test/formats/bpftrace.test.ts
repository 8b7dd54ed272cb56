// bpftrace: lines and JSON of a script, losses, values by name; one-run.test.ts holds whole recordings against others.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PLACING } from '../../src/formats/bpf-places.js';
import { bpftrace } from '../../src/formats/bpftrace.js';
import { EventCatalogue } from '../../src/model/event-catalogue.js';
import { OPS } from '../../src/model/events.js';
import { KERNEL_EVENTS } from '../../src/model/kernel-events.js';
import { content, driverLines, hasShared, shared } from '../kernel/recordings.js';
import { head, operations, readAs } from './support.js';

const line = (ns: number, rest: string): string => `${5_000_000_000 + ns}\t1\t10\t10\tst-a\t${rest}\n`;
const extent = 'xfs_iext_insert\t7:0\t131\tbmap_state=0 startoff=0 startblock=24 blockcount=16 state=1';
const story =
  line(100, 'openat\t-\t-\tflags=0x2 path=/d/with space x=1') +
  line(200, 'openat_ret\t7:0\t131\tret=4') +
  line(300, 'tracepoint:syscalls:sys_enter_fallocate\t7:0\t131\tfd=4 mode=0x3 offset=4096 len=8192') +
  line(400, `tracepoint:xfs:${extent}`) +
  line(500, 'tracepoint:syscalls:sys_exit_fallocate\t-\t-\tret=-28');

test('calls, their file and what happened inside them', async () => {
  const { trace, whole } = await readAs(bpftrace, `Attaching 55 probes...\n${story}\n\n@x[1]: 3\n[1, 2)   3 |@@@  |\n`);
  expect(whole).toBe(true);
  expect(trace.files).toEqual([{ device: '7:0', inode: '131', path: '/d/with space x=1' }]);
  expect(operations(trace)).toMatchObject([
    { op: 'open', file: 'with space x=1', flags: 'write' },
    { op: 'punch', offset: 4096, length: 8192, result: -28, latencyNs: 200 },
  ]);
  expect([...trace.columns.op].map((op) => OPS[op])).toContain('map_insert');
  expect(trace.sources[0]).toMatchObject({ records: 5, typed: 5 });
  expect(trace.issues.filter(({ code }) => code === 'unreadable-line')).toEqual([]);
});

test('JSON says the same; a message may hold a part of a line, or two', async () => {
  const messages = [story.slice(0, 90), story.slice(90, 130), story.slice(130)];
  const json = [
    '{"type": "attached_probes", "data": {"probes": 55}}',
    ...messages.map((data) => JSON.stringify({ type: 'printf', data })),
    '{"type": "map", "data": {"@x": 3}}',
  ].join('\n');
  expect(bpftrace.sniff(head(json.replace(messages[0]!, story).replace(/\\n.*?"\}\n/, '\\n"}\n')))).toBe(true);
  const shown = await readAs(bpftrace, `${json}\n`);
  const plain = await readAs(bpftrace, story);
  expect(operations(shown.trace)).toEqual(operations(plain.trace));
  expect(shown.trace.sources[0]!.records).toBe(5);
});

test.each([
  ['lines', `${story}Lost 12 events\n${line(900, 'exit\t-\t-\t-')}`],
  [
    'JSON',
    `${JSON.stringify({ type: 'printf', data: story })}\n{"type": "lost_events", "data": {"events": 12}}\n${JSON.stringify({ type: 'printf', data: line(900, 'exit\t-\t-\t-') })}\n`,
  ],
])('a loss is an interval, in %s', async (_, text) => {
  const { trace } = await readAs(bpftrace, text);
  expect(trace.sources[0]!.lost).toEqual([{ fromNs: 400, toNs: 800, cpu: -1, count: 12 }]);
  expect([...trace.columns.op].map((op) => OPS[op])).toContain('map_unknown');
});

test('extents whose fork is not told build no map', async () => {
  const { trace } = await readAs(bpftrace, line(100, extent.replace('bmap_state=0 ', '')));
  expect(trace.columns.rows).toBe(0);
  expect(trace.issues).toMatchObject([{ code: 'fork-not-told', count: 1 }]);
  expect(trace.sources[0]).toMatchObject({ records: 1 });
});

test('ext4.bt asks for every event that the block maps of ext4 are made of', () => {
  const script = readFileSync(join(import.meta.dirname, '..', '..', 'traces', 'recipes', 'ext4.bt'), 'utf8');
  const probes = [...script.matchAll(/tracepoint:ext4:(\w+)(\*?)/g)].map(([, name, any]) => ({
    name: name!,
    any: any !== '',
  }));
  // A look into the cache changes nothing.
  const needed = KERNEL_EVENTS.map(({ name }) => name).filter((name) =>
    /^ext4_es_(?!cache)|^ext4_evict_inode$/.test(name),
  );
  expect(needed).toContain('ext4_es_insert_delayed_extent');
  expect(
    needed.filter((event) => !probes.some(({ name, any }) => (any ? event.startsWith(name) : event === name))),
  ).toEqual([]);
});

/** Calls that read, write, change or name files, beside those that only opening and mapping takes. */
const FILE_CALLS = [
  ...['open', 'creat', 'openat', 'openat2'],
  ...['read', 'write', 'readv', 'writev', 'pread64', 'pwrite64', 'preadv', 'pwritev', 'preadv2', 'pwritev2'],
  ...['sendfile64', 'splice', 'copy_file_range', 'fallocate', 'ftruncate', 'truncate', 'fsync', 'fdatasync'],
  ...['sync_file_range', 'msync', 'mremap', 'unlink', 'unlinkat', 'rename', 'renameat', 'renameat2', 'link', 'linkat'],
];

test('calls.bt asks for what calls do to files, for their returns, and names their arguments as sealtrace does', () => {
  const script = readFileSync(join(import.meta.dirname, '..', '..', 'traces', 'recipes', 'calls.bt'), 'utf8');
  const named = (text: string, way: string): string[] =>
    [...text.matchAll(new RegExp(`sys_${way}_(\\w+)`, 'g'))].map(([, name]) => name!);
  const asked = new Set(named(script, 'enter'));
  expect(FILE_CALLS.filter((name) => !asked.has(name))).toEqual([]);
  expect(new Set(named(script, 'exit'))).toEqual(asked);
  const catalogue = new EventCatalogue();
  for (const probe of script.split(/^}$/m))
    for (const call of named(probe, 'enter')) {
      // Of calls that only change where paths count from assembly knows nothing.
      const slots = PLACING.has(call) ? [{ field: 'fd' }] : [];
      slots.push(...(catalogue.events[catalogue.code(`sys_enter_${call}`)]?.slots ?? []));
      const values = [...probe.matchAll(/(?:\\t| )(\w+)=%/g)].map(([, name]) => name!);
      const known = ['path', 'to', 'mode', ...slots.map(({ field }) => field)];
      expect(
        values.filter((value) => !known.includes(value)),
        call,
      ).toEqual([]);
    }
});

test('what calls.bt says to leave out on arm64 is all that is not there, and leaves a list of probes in order', () => {
  const script = readFileSync(join(import.meta.dirname, '..', '..', 'traces', 'recipes', 'calls.bt'), 'utf8');
  const [, blocks, words] = /sed -E '(\/.*)d; (s.*)g'/.exec(script)!;
  const [begin] = blocks!.split(',/^}/');
  const [, probe] = /^s\/(.*)\/\/$/.exec(words!)!;
  const left = script
    .replace(/^\/\/.*$/gm, '')
    .replace(new RegExp(`${begin!.slice(1, -1)}.*?^}`, 'gms'), '')
    .replace(new RegExp(probe!, 'g'), '');
  expect(left).not.toMatch(/sys_(enter|exit)_(open|creat|dup2|link|rename|rmdir|unlink)\b/);
  const heads = left.match(/^tracepoint:[^{]*\{$/gm)!;
  expect(heads.length).toBeGreaterThan(40);
  const name = String.raw`tracepoint:\w+:\w+`;
  for (const one of heads) expect(one).toMatch(new RegExp(`^${name}(,\\s${name})* (/[^{]*/ )?\\{$`));
});

test('a name below a folder that a descriptor names is not the file that has this name elsewhere', async () => {
  const unlinked = (dfd: number, path: string): string =>
    line(600, `unlinkat\t-\t-\tdfd=${dfd} flag=0x0 path=${path}`) +
    line(700, 'tracepoint:syscalls:sys_exit_unlinkat\t-\t-\tret=0');
  const told = async (dfd: number, path: string): Promise<string | undefined> => {
    const opened = story.slice(0, story.indexOf('sys_enter_fallocate') - 70).replace('/d/with space x=1', path);
    const { trace } = await readAs(bpftrace, opened.slice(0, opened.lastIndexOf('\n') + 1) + unlinked(dfd, path));
    return operations(trace).find(({ op }) => op === 'unlink')?.file;
  };
  expect(await told(-100, 'x')).toBe('x');
  expect(await told(5, '/d/x')).toBe('x');
  expect(await told(5, 'x')).not.toBe('x');
});

if (!hasShared) console.warn('SKIPPED: ../shared/traces is not here, so bpftrace-xfs-db is not read');
describe.skipIf(!hasShared)('bpftrace-xfs-db (skipped where ../shared is missing)', () => {
  test('every line, and every size and allocation call of the driver', async () => {
    const folder = join(shared, 'recorded', 'bpftrace-xfs-db');
    const text = content(join(folder, 'bpftrace.txt.gz'));
    const { trace } = await readAs(bpftrace, text);
    expect(trace.sources[0]!.records).toBe(text.toString('utf8').match(/^\d+\t/gm)!.length);
    expect(trace.issues.filter(({ code }) => code === 'unreadable-line')).toEqual([]);
    const logged = driverLines(join(folder, 'driver.jsonl.gz')) as { op: string; ts_ns: number; len?: number }[];
    const shown = operations(trace).filter(({ op }) => /^(fallocate|punch|zero|collapse|insert)$/.test(op));
    const calls = logged.filter(({ op }) => /^(fallocate|punch|zero|collapse|insert)/.test(op));
    expect(calls.length).toBeGreaterThan(20);
    expect(shown.map(({ length }) => length)).toEqual(calls.map(({ len }) => len));
  });
});

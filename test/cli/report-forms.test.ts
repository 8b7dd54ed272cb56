// The other forms of a report, from a real recording: each held against the replay's own counts and its format's rules.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { buildReport, folderRenderers, renderers } from '../../src/report/index.js';
import { runTables } from '../../src/results/tables.js';
import type { Run } from '../../src/results/types.js';
import { makeRun } from '../report/fixture.js';
import { hostile, MARKER } from '../report/hostile.js';
import { type ChromeEvent, importTrace } from '../support/trace-import.js';
import { recording, scratch, sealtrace } from './support.js';

vi.setConfig({ testTimeout: 120_000 });
const { path } = scratch();
const SWAP = recording('xfs-swap');
let run: Run;

const write = async (form: string, out: string): Promise<void> => {
  const { code, err } = await sealtrace(['report', SWAP, '--to', form, '-o', out, '-q']);
  expect([code, err]).toEqual([0, '']);
};

beforeAll(async () => {
  await write('json', path('run.json'));
  run = JSON.parse(readFileSync(path('run.json'), 'utf8')) as Run;
});

describe('arrow', () => {
  it('is read by an Arrow reader and adds up', async () => {
    await write('arrow', path('arrow'));
    const read = (name: string) => tableFromIPC(readFileSync(join(path('arrow'), `${name}.arrow`)));
    const verdicts = read('verdicts');
    const counted = new Map<string, number>();
    for (const row of verdicts.toArray() as { policy: string; verdict: string }[]) {
      const key = `${row.policy} ${row.verdict}`;
      counted.set(key, (counted.get(key) ?? 0) + 1);
    }
    for (const lane of run.report.lanes)
      for (const [verdict, n] of Object.entries(lane.verdicts))
        expect(counted.get(`${lane.policy} ${verdict}`) ?? 0).toBe(n);
    expect(read('conflicts').numRows).toBe(run.details.reduce((n, { conflicts }) => n + conflicts.length, 0));
    expect(read('holds').numRows).toBe(run.holds.length + run.holdsLeftOut);
    expect(read('operations').numRows).toBe(run.report.trace.operations.total);
  });
});

describe('csv', () => {
  it('has one file per table with as many lines', async () => {
    await write('csv', path('csv'));
    const files = readdirSync(path('csv'));
    expect(files).toContain('operations.csv');
    const lines = readFileSync(join(path('csv'), 'operations.csv'), 'utf8').split('\r\n');
    expect(lines.length - 2).toBe(run.report.trace.operations.total);
  });

  it('lets no name become a formula, a new row or a new column', () => {
    const nasty = makeRun();
    const text = (run: Run): string =>
      folderRenderers.csv
        .files(runTables(run))
        .map(({ text }) => [...text].join(''))
        .join('');
    const conflicts = nasty.details.map((detail) => ({
      ...detail,
      conflicts: detail.conflicts.map((one) => ({ ...one, wanter: '=cmd|" /C calc"!A0', file: 'a\r\n=1+1,"b"' })),
    }));
    const found = text({ ...nasty, details: conflicts });
    expect(found).toContain(`"'=cmd|"" /C calc""!A0"`);
    expect(found).toContain('"a\r\n=1+1,""b"""');
  });

  it('cannot go to stdout, and says so', async () => {
    const { code, err } = await sealtrace(['report', SWAP, '--to', 'csv', '-o', '-']);
    expect(code).toBe(2);
    expect(err).toMatch(/name a folder/);
  });
});

describe('markdown', () => {
  it('says the verdict and keeps tables whole', async () => {
    await write('md', path('report.md'));
    const text = readFileSync(path('report.md'), 'utf8');
    expect(text).toContain('## Verdict');
    expect(text).toContain('would have refused');
    expect(text.length).toBeLessThan(65_536);
    const blocks = text.split('\n\n').filter((block) => block.startsWith('| '));
    expect(blocks.length).toBeGreaterThan(5);
    for (const block of blocks) {
      const widths = block
        .trim()
        .split('\n')
        .map((line) => line.replace(/\\./g, '').split('|').length);
      expect(new Set(widths).size, block.slice(0, 80)).toBe(1);
    }
  });

  it('lets no markup of a name through', () => {
    const text = renderers.md.render(buildReport(hostile(makeRun(), 10)), hostile(makeRun(), 10));
    expect(text).not.toContain(MARKER);
    expect(text.replace(/<\/?(details|summary)>/g, '').replaceAll('\\<', '')).not.toMatch(/<\s*\w/);
  });
});

describe('perfetto', () => {
  it('loses nothing in the importer, and every arrow has both ends', async () => {
    await write('perfetto', path('run.perfetto.json'));
    const text = readFileSync(path('run.perfetto.json'), 'utf8');
    expect(text).toContain('Lossy');
    const { slices, flows, named, faults } = importTrace(text);
    expect(faults.slice(0, 3)).toEqual([]);
    const events = (JSON.parse(text) as { traceEvents: readonly ChromeEvent[] }).traceEvents;
    const drawn = (ph: string): number => events.filter((event) => event.ph === ph).length;
    expect(slices).toBe(drawn('X'));
    expect(slices).toBeGreaterThan(run.report.trace.operations.total);
    expect(flows.length).toBe(drawn('s'));
    expect(flows.length).toBeGreaterThan(1);
    // From the hold to the operation that met it, and to no other slice that happens to be open.
    for (const [from, to] of flows) {
      expect(from.pid).toBe(1_000_000_001);
      expect(Number(to.pid)).toBeGreaterThan(1_000_000_100);
    }
    expect(named.processes).toBeGreaterThan(2);
    expect(named.threads).toBeGreaterThan(5);
  });

  it('keeps nanoseconds that a fraction of a microsecond cannot hold', () => {
    const made = makeRun();
    const odd = made.holds.map((hold, i) => ({ ...hold, fromNs: made.report.trace.span.fromNs + 1001 + 17 * i }));
    const text = renderers.perfetto.render(buildReport(made), { ...made, holds: odd });
    const times = [...text.matchAll(/"ts":([\d.e-]+)/g)].map(([, us]) => Math.trunc(Number(us) * 1000));
    for (const [i] of odd.entries()) expect(times).toContain(1001 + 17 * i);
  });

  it('stays JSON whatever the names are', () => {
    const text = renderers.perfetto.render(buildReport(hostile(makeRun())), hostile(makeRun()));
    expect(importTrace(text).faults).toEqual([]);
    expect(importTrace(text).slices).toBeGreaterThan(10);
    expect(text.length).toBeLessThan(1_000_000);
  });
});

describe('the importer that the form is held against', () => {
  const x = (ts: number, dur: number, more: object = {}): ChromeEvent => ({
    ph: 'X',
    name: 'x',
    pid: 1,
    tid: 1,
    ts,
    dur,
    ...more,
  });
  const flow = (ph: string, ts: number, more: object = {}): ChromeEvent => ({
    ph,
    name: 'f',
    cat: 'c',
    id: 1,
    bp: 'e',
    pid: 1,
    tid: 1,
    ts,
    ...more,
  });
  it.each([
    ['slices that cross', [x(0, 10), x(5, 10)], 'slice_drop_overlapping_complete_event'],
    ['a slice without a length', [{ ...x(0, 0), dur: undefined }], 'json_parser_failure'],
    ['a flow outside of slices', [x(0, 1), flow('s', 5)], 'flow_no_enclosing_slice'],
    ['a flow that begins twice', [x(0, 9), flow('s', 1), flow('s', 2)], 'flow_duplicate_id'],
    ['a flow that ends before it begins', [x(0, 9), flow('f', 1), flow('s', 2)], 'flow_end_without_start'],
    ['an end without a begin', [{ ph: 'E', name: 'x', pid: 1, tid: 1, ts: 1 }], 'misplaced_end_event'],
    ['a name for nothing', [{ ph: 'M', name: 'thread_name', pid: 1 }], 'metadata_incomplete'],
    ['a process number that is too large', [x(0, 1, { pid: 2 ** 32 })], 'no process or thread'],
  ] as const)('finds %s', (_, events, expected) => {
    expect(importTrace(JSON.stringify(events)).faults.join()).toContain(expected);
  });

  const folder = join(import.meta.dirname, '..', '..', '..', 'shared', 'traces', 'public', 'chrome-json');
  const hasPublic = existsSync(folder);
  describe.skipIf(!hasPublic)('files of others (SKIPPED where ../shared/traces/public is missing)', () => {
    const faultsOf = (name: string): readonly string[] =>
      importTrace(readFileSync(join(folder, name), 'utf8')).faults.map((fault) => fault.slice(0, fault.indexOf(':')));
    it('takes what is right and finds what is wrong', () => {
      expect(
        importTrace(readFileSync(join(folder, 'perfetto/flow_events_json_v1.json'), 'utf8')).flows.length,
      ).toBeGreaterThan(0);
      expect(faultsOf('speedscope/matching-x.json')).toEqual([]);
      expect(faultsOf('speedscope/invalid-x-nesting.json')).toEqual(['slice_drop_overlapping_complete_event']);
      expect(faultsOf('speedscope/not-enough-end-events.json')).toContain('never ended');
      expect(faultsOf('speedscope/too-many-end-events.json')).toContain('misplaced_end_event');
    });
  });
});

describe('--open', () => {
  it('shows the file with $BROWSER, and says when there is none', async () => {
    const seen = path('seen.txt');
    const viewer = path('viewer.sh');
    writeFileSync(viewer, `#!/bin/sh\necho "$1" > ${seen}.part && mv ${seen}.part ${seen}\n`, { mode: 0o755 });
    const out = path('opened.html');
    const shown = await sealtrace(['report', SWAP, '-o', out, '--open', '-q'], { env: { BROWSER: viewer } });
    expect(shown.code).toBe(0);
    await vi.waitFor(() => expect(readFileSync(seen, 'utf8').trim()).toBe(out), { timeout: 10_000 });
    const missing = await sealtrace(['report', SWAP, '-o', out, '--open', '-q'], { env: { BROWSER: path('none') } });
    expect(missing.code).toBe(0);
    expect(missing.err).toMatch(/set BROWSER/);
  });
});

// The other forms of a report, from a real recording: each held against the replay's own counts and its format's rules.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { buildReport, folderRenderers, renderers } from '../../src/report/index.js';
import { runTables } from '../../src/results/tables.js';
import type { Run } from '../../src/results/types.js';
import { makeRun } from '../report/fixture.js';
import { hostile, MARKER } from '../report/hostile.js';
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

interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly id: number;
}

describe('perfetto', () => {
  const eventsOf = (text: string): readonly TraceEvent[] =>
    (JSON.parse(text) as { traceEvents: readonly TraceEvent[] }).traceEvents;

  it('follows the rules of the importer: nested slices, flows inside slices', async () => {
    await write('perfetto', path('run.perfetto.json'));
    const text = readFileSync(path('run.perfetto.json'), 'utf8');
    expect(text).toContain('Lossy');
    const events = eventsOf(text);
    const slices = events.filter(({ ph }) => ph === 'X');
    expect(slices.length).toBeGreaterThan(run.report.trace.operations.total);
    for (const { ts, dur } of slices) expect(ts >= 0 && dur >= 0 && Number.isFinite(ts + dur)).toBe(true);
    const tracks = grouped(slices);
    for (const all of tracks.values()) {
      const open: number[] = [];
      for (const { ts, dur } of [...all].sort((a, b) => a.ts - b.ts || b.dur - a.dur)) {
        while (open.length > 0 && open.at(-1)! <= ts + 0.0005) open.pop();
        if (open.length > 0) expect(ts + dur).toBeLessThanOrEqual(open.at(-1)! + 0.002);
        open.push(ts + dur);
      }
    }
    const flows = events.filter(({ ph }) => ph === 's' || ph === 'f');
    expect(flows.length).toBeGreaterThan(2);
    for (const flow of flows) {
      const home = tracks.get(`${flow.pid}/${flow.tid}`) ?? [];
      expect(home.some(({ ts, dur }) => flow.ts >= ts && flow.ts <= ts + dur)).toBe(true);
      expect(
        flows
          .filter(({ id }) => id === flow.id)
          .map(({ ph }) => ph)
          .sort(),
      ).toEqual(['f', 's']);
    }
  });

  it('stays JSON whatever the names are', () => {
    const text = renderers.perfetto.render(buildReport(hostile(makeRun())), hostile(makeRun()));
    expect(eventsOf(text).length).toBeGreaterThan(10);
    expect(text.length).toBeLessThan(1_000_000);
  });
});

const grouped = (slices: readonly TraceEvent[]): ReadonlyMap<string, readonly TraceEvent[]> => {
  const tracks = new Map<string, TraceEvent[]>();
  for (const slice of slices) {
    const key = `${slice.pid}/${slice.tid}`;
    tracks.set(key, [...(tracks.get(key) ?? []), slice]);
  }
  return tracks;
};

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

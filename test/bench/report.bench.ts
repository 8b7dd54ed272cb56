// A report of a long trace (EVENTS=10000000 for ten million): how long it takes to build after the replay, how large it is, and how soon a browser
// paints it and answers. The bundled recording is repeated in time until it is that long.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { reference } from '../../src/costs/reference.js';
import { policies as registry, validateSettings } from '../../src/index.js';
import type { EventColumns } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { NONE } from '../../src/model/units.js';
import { buildReport, renderers } from '../../src/report/index.js';
import { replayRun } from '../../src/results/run.js';
import { ingest } from '../../src/trace/ingest.js';

const EVENTS = Number(process.env.EVENTS ?? 1_000_000);
const FILE = join(import.meta.dirname, '..', '..', 'traces', 'ftrace', 'nvme-pagecache.report.txt.gz');

type Column = Exclude<EventColumns[keyof EventColumns], number>;

/** Every column `times` over; times and the numbers that join rows move on with every turn. */
function repeated(trace: Trace, times: number): Trace {
  const { rows } = trace.columns;
  const turn: Partial<Record<string, number>> = {
    timeNs: trace.endNs + 1000,
    opId: Math.max(...trace.columns.opId) + 1,
    handle: Math.max(...trace.columns.handle) + 1,
  };
  const columns = Object.entries(trace.columns).map(([name, values]: [string, number | Column]) => {
    if (typeof values === 'number') return [name, rows * times];
    const all = new (values.constructor as Float64ArrayConstructor)(rows * times);
    for (let i = 0; i < times; i++) {
      all.set(values as Float64Array, i * rows);
      const by = (turn[name] ?? 0) * i;
      if (by > 0)
        for (let at = i * rows; at < (i + 1) * rows; at++) if (all[at] !== 0 || name === 'timeNs') all[at]! += by;
    }
    return [name, all];
  });
  return { ...trace, columns: Object.fromEntries(columns) as EventColumns, endNs: (trace.endNs + 1000) * times };
}

const { trace } = await ingest([FILE], {});
const long = repeated(trace, Math.ceil(EVENTS / trace.columns.rows));
const settings = validateSettings({});
const build = (name: keyof typeof registry) => registry[name].build(settings);
const begun = performance.now();
const { run } = replayRun(long, {
  traceName: 'bench',
  version: '0',
  command: '',
  policies: (['pagecache', 'dax', 'ondisk', 'mapdirect'] as const).map(build),
  recorded: build('recorded'),
  kernel: { pagecache: build('pagecache'), dax: build('dax') },
  costs: reference,
  sealRule: 'dma',
  unseal: 'never',
  onDeny: 'skip',
  timing: 'open',
  seed: 1,
  settings,
  damaged: false,
});
const replayed = performance.now();
const cold = renderers.html.render(buildReport(run), run);
const first = performance.now();
const html = renderers.html.render(buildReport(run), run);
const second = performance.now();
const line = (what: string, value: string): void => console.log(`${what.padEnd(38)} ${value}`);
line('events', long.columns.rows.toLocaleString('en'));
line('files without a name', String(long.columns.file.filter((file) => file === NONE).length));
line('replay under 4 policies, s', ((replayed - begun) / 1000).toFixed(1));
line('report after it, cold / warm, ms', `${(first - replayed).toFixed(0)} / ${(second - first).toFixed(0)}`);
line('size, bytes', Buffer.byteLength(html).toLocaleString('en'));
if (cold !== html) throw new Error('the same run gave two reports');

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (executablePath === undefined) console.log('no Chromium is installed: paint and answer are NOT measured');
else {
  const folder = mkdtempSync(join(tmpdir(), 'sealtrace-bench-'));
  writeFileSync(join(folder, 'report.html'), html);
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  for (let i = 0; i < 3; i++) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(pathToFileURL(join(folder, 'report.html')).href);
    await page.waitForSelector('html[data-ready]');
    const paint = await page.evaluate('performance.getEntriesByName("first-contentful-paint")[0].startTime');
    const ready = await page.evaluate('performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd');
    line('first paint / interactive, ms', `${Number(paint).toFixed(0)} / ${Number(ready).toFixed(0)}`);
    await page.close();
  }
  await browser.close();
  rmSync(folder, { recursive: true });
}

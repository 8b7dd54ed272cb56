// `npx tsx test/bench/report.ts [EVENTS] [--workload W] [--policy A,B,...]`: a synthetic trace of so many events, its replay in a
// process of its own, then what a reader waits for: the page built from the run, its size, its first paint and its first answer.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import { buildReport, renderers } from '../../src/report/index.js';
import type { Run } from '../../src/results/types.js';
import { BROWSER, launch } from '../support/browser.js';

const ROUNDS = 9;
const FIRST_PAINT = 'performance.getEntriesByName("first-contentful-paint")[0].startTime';
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    workload: { type: 'string', default: 'mixed' },
    policy: { type: 'string', default: 'dax,mapdirect,odp,pagecache,recorded' },
  },
});
const events = positionals[0] ?? '1000000';
const folder = mkdtempSync(join(tmpdir(), 'sealtrace-bench-'));
const file = (name: string): string => join(folder, name);
const line = (what: string, ...said: readonly string[]): void => console.log(what.padEnd(40), ...said);

function sealtrace(...words: readonly string[]): number {
  const begun = performance.now();
  const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');
  execFileSync(process.execPath, ['--max-old-space-size=12000', '--import', 'tsx', main, ...words, '-q'], {
    stdio: 'inherit',
  });
  return (performance.now() - begun) / 1000;
}

/** Median and range of a measurement in ms. */
const spread = (ms: readonly number[]): string =>
  `${median([...ms]).toFixed(0)} (${Math.min(...ms).toFixed(0)} to ${Math.max(...ms).toFixed(0)})`;

function build(): void {
  const run = JSON.parse(readFileSync(file('run.sealrun'), 'utf8')) as Run;
  line('operations in the run', run.report.trace.operations.total.toLocaleString('en'));
  const pages = Array.from({ length: ROUNDS }, () => {
    const begun = performance.now();
    const page = renderers.html.render(buildReport(run), run);
    return { page, ms: performance.now() - begun };
  });
  const [first, ...others] = pages;
  if (others.some(({ page }) => page !== first!.page)) throw new Error('the same run gave two reports');
  line('page from the run, first time, ms', first!.ms.toFixed(0));
  line('page from the run, later, ms', spread(others.map(({ ms }) => ms)));
  line('size of the page, bytes', Buffer.byteLength(first!.page).toLocaleString('en'));
  writeFileSync(file('report.html'), first!.page);
}

async function look(executablePath: string): Promise<void> {
  const browser = await launch(executablePath);
  const paints: number[] = [];
  const answers: number[] = [];
  const control: number[] = [];
  writeFileSync(file('control.html'), '<!doctype html><title>control</title><p>nothing');
  const open = async (name: string) => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(pathToFileURL(file(name)).href);
    return page;
  };
  for (let i = 0; i < ROUNDS; i++) {
    const page = await open('report.html');
    await page.waitForSelector('html[data-ready]');
    paints.push(Number(await page.evaluate(FIRST_PAINT)));
    answers.push(Number(await page.evaluate('performance.getEntriesByName("ready")[0].startTime')));
    await page.close();
    const empty = await open('control.html');
    await empty.waitForFunction('performance.getEntriesByName("first-contentful-paint").length > 0');
    control.push(Number(await empty.evaluate(FIRST_PAINT)));
    await empty.close();
  }
  await browser.close();
  line('first paint, ms', spread(paints));
  line('interactive (script done), ms', spread(answers));
  line('control: first paint of an empty page, ms', spread(control));
}

try {
  const { workload, policy } = values;
  line(
    `${workload}, ${events} events, written in s`,
    sealtrace('synth', workload, '--events', events, '--seed', '7', '-o', file('run.sealtrace')).toFixed(1),
  );
  const words = ['replay', file('run.sealtrace'), '--policy', policy, '-o', file('run.sealrun')];
  line(`replayed under ${policy.split(',').length} policies, s`, sealtrace(...words).toFixed(1));
  line('load of the machine', loadavg()[0]!.toFixed(1));
  build();
  if (BROWSER === undefined) line('no Chromium is installed', 'paint and answer are NOT measured');
  else await look(BROWSER);
} finally {
  rmSync(folder, { recursive: true });
}

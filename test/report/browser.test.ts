// Opens the report in a real browser, where one is installed: no request, no complaint, no page wider than the screen.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildReport, renderers } from '../../src/report/index.js';
import type { PageData } from '../../src/report/render/page-data.js';
import type { Run } from '../../src/results/types.js';
import { BROWSER, launch } from '../support/browser.js';
import { makeEmptyRun, makeRun, makeUnsafeRun } from './fixture.js';
import { hostile } from './hostile.js';

const RUNS: Readonly<Record<string, () => Run>> = {
  full: makeRun,
  unsafe: makeUnsafeRun,
  empty: makeEmptyRun,
  hostile: () => hostile(makeRun()),
  refusals: manyRefusals,
};

/** A cell of each lane holds three error numbers, which once made the table wider than its frame. */
function manyRefusals(): Run {
  const run = makeRun();
  const denied = { SIGBUS: 5, ENOTTY: 3, EOPNOTSUPP: 3 };
  return { ...run, report: { ...run.report, lanes: run.report.lanes.map((lane) => ({ ...lane, denied })) } };
}

const POLICIES = 'What each policy did with the same operations';
const WIDER_THAN_FRAME = `[...document.querySelectorAll('section > .scroll')]
  .filter((frame) => frame.scrollWidth > frame.clientWidth)
  .map((frame) => frame.getAttribute('aria-label'))`;

const name = BROWSER === undefined ? 'SKIPPED, no Chromium is installed: in a browser' : 'in a browser';

describe.skipIf(BROWSER === undefined)(name, () => {
  let browser: Browser;
  const folder = mkdtempSync(join(tmpdir(), 'sealtrace-report-'));
  beforeAll(async () => {
    browser = await launch(BROWSER!);
    for (const [name, make] of Object.entries(RUNS))
      writeFileSync(join(folder, `${name}.html`), renderers.html.render(buildReport(make()), make()));
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  const open = async (
    name: string,
    width: number,
    colorScheme: 'light' | 'dark',
    more: BrowserContextOptions = {},
    hash = '',
  ) => {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, ...more });
    const seen: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) seen.push(`request ${request.url()}`);
    });
    page.on('console', (message) => seen.push(`console ${message.text()}`));
    page.on('dialog', (dialog) => {
      seen.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('pageerror', (error) => seen.push(`error ${error.message}`));
    await page.goto(pathToFileURL(join(folder, `${name}.html`)).href + hash);
    if (more.javaScriptEnabled !== false) await page.waitForSelector('html[data-ready]');
    return { page, seen };
  };

  for (const name of Object.keys(RUNS)) {
    for (const [width, scheme] of [
      [1280, 'light'],
      [390, 'dark'],
    ] as const) {
      it(`${name} at ${width} px, ${scheme}`, async () => {
        const { page, seen } = await open(name, width, scheme);
        await page.evaluate('for (const details of document.querySelectorAll("details")) details.open = true');
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
        expect(await page.evaluate(CLIPPED)).toEqual([]);
        if (width === 1280 && name === 'refusals')
          expect(await page.evaluate(WIDER_THAN_FRAME)).not.toContain(POLICIES);
        expect(seen).toEqual([]);
        await page.close();
      });
    }
  }

  it('lets no script reach out, load or run anything else', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.setHeader('access-control-allow-origin', '*');
      response.end('window.ran = 2');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const blank = await browser.newPage();
    await blank.goto(pathToFileURL(folder).href);
    // The same attempts get through where no policy forbids them.
    expect(await blank.evaluate(reachOut(`${address}/free`))).toContain('fetch done');
    expect(asked.length).toBeGreaterThan(2);
    asked.length = 0;
    const { page } = await open('full', 1280, 'light');
    expect(await page.evaluate(reachOut(`${address}/page`))).toEqual([
      'fetch refused',
      'image refused',
      'script refused',
      'inline script refused',
      'style refused',
      'frame refused',
    ]);
    expect(asked).toEqual([]);
    server.close();
    await blank.close();
    await page.close();
  });

  it('paints and answers soon', async () => {
    const { page } = await open('full', 1280, 'light');
    const paint = Number(await page.evaluate('performance.getEntriesByName("first-contentful-paint")[0].startTime'));
    const ready = Number(await page.evaluate('performance.getEntriesByType("navigation")[0].domInteractive'));
    // The machine of a test may be busy: what is claimed is a fifth of this, and measured by test/bench/report.ts.
    expect(paint).toBeLessThan(1500);
    expect(ready).toBeLessThan(5000);
    await page.close();
  });

  for (const scheme of ['light', 'dark'] as const) {
    it(`has nothing that axe-core objects to, ${scheme}`, async () => {
      const { page } = await open('full', 1280, scheme, { bypassCSP: true });
      await page.evaluate('for (const details of document.querySelectorAll("details")) details.open = true');
      await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') });
      const found = await page.evaluate(
        'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, ...nodes.slice(0, 3).map((n) => n.html.slice(0, 160))].join(" | ")))',
      );
      expect(found).toEqual([]);
      await page.close();
    });
  }

  it('leads from a cell of the matrix to the rows behind it, and keeps that in the address', async () => {
    const { page } = await open('full', 1280, 'light');
    await page.click('#policies a[data-show="ondisk.deny"]');
    expect(new URL(page.url()).hash).toBe('#conflicts&show=ondisk.deny');
    const shown = await page.locator('#conflicts table[data-name="conflicts"] tbody tr:not([hidden])').count();
    expect(shown).toBe(makeRun().details.find(({ policy }) => policy === 'ondisk')!.conflicts.length);
    await page.click('#policies a[data-show="odp.revoke"]');
    const fewer = await page.locator('#conflicts table[data-name="conflicts"] tbody tr:not([hidden])').count();
    expect(fewer).toBe(makeRun().details.find(({ policy }) => policy === 'odp')!.conflicts.length);
    await page.goBack();
    expect(new URL(page.url()).hash).toBe('#conflicts&show=ondisk.deny');
    await page.close();
  });

  it('opens at a conflict, by its address alone', async () => {
    const { page } = await open('full', 1280, 'light');
    const id = (await page.locator('#conflicts .card').last().getAttribute('id'))!;
    await page.close();
    const second = (await open('full', 1280, 'light', {}, `#${id}`)).page;
    expect(await second.evaluate('document.activeElement.id')).toBe(id);
    expect(await second.locator(`[id="${id}"]`).isVisible()).toBe(true);
    await second.close();
  });

  it('filters by a range of time, chosen by dragging or from the keyboard', async () => {
    const { page } = await open('full', 1280, 'light');
    const rows = page.locator('#conflicts table[data-name="conflicts"] tbody tr:not([hidden])');
    const all = await rows.count();
    await page.locator('#time .activity svg[role=img]').scrollIntoViewIfNeeded();
    const box = (await page.locator('#time .activity svg[role=img]').boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.2, box.y + 30);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.45, box.y + 30);
    await page.mouse.up();
    expect(page.url()).toMatch(/range=\d+-\d+/);
    expect(await rows.count()).toBeLessThan(all);
    expect(await page.locator('.outside').count()).toBeGreaterThan(1);
    expect(await operationsShown(page)).toBeLessThan(5000);
    // The distributions of single operation kinds are of the range as well, and no longer those of the whole trace.
    const single = page.locator('#distributions figure.cdf').first();
    expect(await single.locator('.drawing').isVisible()).toBe(false);
    expect(await single.locator('canvas').isVisible()).toBe(true);
    const shown = Number((await single.locator('.plot-title').innerText()).match(/range: (\d+)/)![1]);
    const whole = await single.locator('.legend small').first().textContent();
    expect(shown).toBeGreaterThan(0);
    expect(shown).toBeLessThan(Number(whole!.replace(',', '')));
    await page.getByRole('button', { name: 'Whole trace', exact: true }).click();
    expect(await rows.count()).toBe(all);
    expect(await single.locator('.drawing').isVisible()).toBe(true);
    expect(await single.locator('canvas').count()).toBe(0);
    await page.getByLabel('from', { exact: true }).focus();
    for (let i = 0; i < 40; i++) await page.keyboard.press('ArrowRight');
    expect(page.url()).toMatch(/range=\d+-\d+/);
    expect(await rows.count()).toBeLessThan(all);
    await page.close();
  });

  it('holds two policies of choice against each other', async () => {
    const { page } = await open('full', 1280, 'light', {}, '#differences&diff=mapdirect,ondisk');
    const head = await page.locator('#differences thead tr').last().innerText();
    expect(head).toMatch(/mapdirect\s+ondisk/);
    const changes = await page.locator('#differences tbody th').allInnerTexts();
    expect(changes.filter((text) => text === 'new')).toHaveLength(3);
    await page.getByLabel('with policy').selectOption('mapdirect');
    expect(await page.locator('#differences tbody th').count()).toBe(0);
    await page.close();
  });

  it('gives its tables and figures away', async () => {
    const { page } = await open('full', 1280, 'light', {
      acceptDownloads: true,
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    await page.locator('#policies .copy button').first().click();
    await page.locator('#said', { hasText: 'Copied as CSV' }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download the figures as JSON' }).click(),
    ]);
    const figures = JSON.parse(readFileSync(await download.path(), 'utf8')) as PageData;
    expect(figures.report.lanes).toEqual(makeRun().report.lanes);
    await page.close();
  });

  it('walks by keyboard: skip link, sections, tables', async () => {
    const { page } = await open('full', 1280, 'light');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.className')).toBe('skip');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.closest("main") !== null')).toBe(true);
    await page.close();
  });

  it('reads with scripts off', async () => {
    const { page, seen } = await open('full', 1280, 'light', { javaScriptEnabled: false });
    expect(await page.locator('button').count()).toBe(0);
    expect(await page.locator('#time .chart.cdf svg[role=img]').isVisible()).toBe(true);
    expect(seen).toEqual([]);
    await page.close();
  });

  it('prints charts whole, what is open, and nothing of the script; what is closed says so', async () => {
    const { page } = await open('full', 1280, 'light');
    const more = page.locator('details.more').first();
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('#time .chart.cdf svg[role=img]').isVisible()).toBe(true);
    expect(await page.locator('.live >> visible=true').count()).toBe(0);
    expect(await page.locator('.twin >> visible=true').count()).toBe(0);
    expect(await more.locator('table').first().isVisible()).toBe(false);
    expect(
      await page.evaluate(`getComputedStyle(document.querySelector('details.more > summary'), '::after').content`),
    ).toMatch(/not printed/);
    await page.evaluate('document.querySelector("details.more").open = true');
    expect(await more.locator('table').first().isVisible()).toBe(true);
    expect(
      await page.evaluate(
        '[...document.querySelectorAll(".drawing")].every((one) => getComputedStyle(one).breakInside === "avoid")',
      ),
    ).toBe(true);
    await page.close();
  });

  it('begins its matrix on the first page of paper', async () => {
    const { page } = await open('full', 1280, 'light');
    const pdf = await page.pdf({ preferCSSPageSize: true });
    expect(pdf.length).toBeGreaterThan(10_000);
    // A4 less its margins, in CSS px, at the zoom of the print style.
    await page.setViewportSize({ width: Math.round(((210 - 22) / 25.4) * 96), height: 1000 });
    await page.emulateMedia({ media: 'print' });
    const [first, paper] = (await page.evaluate(
      '[document.querySelector("#policies tbody tr").getBoundingClientRect().bottom, (297 - 24) / 25.4 * 96]',
    )) as [number, number];
    expect(first).toBeLessThan(paper);
    expect(await page.evaluate('getComputedStyle(document.querySelector("#policies table")).breakInside')).toBe('auto');
    await page.close();
  });
});

/** Operations of the first policy in the table of the range. */
const operationsShown = async (page: Page): Promise<number> =>
  Number(
    await page.locator('#time table[data-name="range"] tbody tr').first().locator('data').first().getAttribute('value'),
  );

/** What a hostile script would try; every way must end at the policy of the page. */
const reachOut = (address: string): string => `(async () => {
  const said = [];
  const loads = (name, element) => new Promise((done) => {
    element.onload = () => { said.push(name + ' done'); done(); };
    element.onerror = () => { said.push(name + ' refused'); done(); };
    document.body.append(element);
  });
  await fetch('${address}/fetch').then(() => said.push('fetch done'), () => said.push('fetch refused'));
  await loads('image', Object.assign(new Image(), { src: '${address}/image' }));
  await loads('script', Object.assign(document.createElement('script'), { src: '${address}/script' }));
  document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.inlined = 1' }));
  said.push(window.inlined === 1 ? 'inline script ran' : 'inline script refused');
  document.body.append(Object.assign(document.createElement('style'), { textContent: 'body{color:rgb(1,2,3)}' }));
  said.push(getComputedStyle(document.body).color === 'rgb(1, 2, 3)' ? 'style applied' : 'style refused');
  const refused = new Promise((done) => document.addEventListener('securitypolicyviolation', (event) => event.effectiveDirective === 'frame-src' && done('frame refused')));
  document.body.append(Object.assign(document.createElement('iframe'), { src: '${address}/frame' }));
  said.push(await Promise.race([refused, new Promise((done) => setTimeout(() => done('frame loaded'), 2000))]));
  return said;
})()`;

/** Labels of charts that stick out of their picture. */
const CLIPPED = `[...document.querySelectorAll('svg[role=img] text')].filter((text) => {
  const label = text.getBoundingClientRect(), picture = text.ownerSVGElement.getBoundingClientRect();
  return label.width > 0 && (label.left < picture.left - 1 || label.right > picture.right + 1 || label.top < picture.top - 1 || label.bottom > picture.bottom + 1);
}).map((text) => text.textContent)`;

// Opens the report in a real browser, where one is installed: no request, no complaint, no page wider than the screen.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildReport, renderers } from '../../src/report/index.js';
import type { Run } from '../../src/results/types.js';
import { makeEmptyRun, makeRun, makeUnsafeRun } from './fixture.js';
import { hostile } from './hostile.js';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const RUNS: Readonly<Record<string, () => Run>> = {
  full: makeRun,
  unsafe: makeUnsafeRun,
  empty: makeEmptyRun,
  hostile: () => hostile(makeRun()),
};

describe.skipIf(executablePath === undefined)('in a browser', () => {
  let browser: Browser;
  const folder = mkdtempSync(join(tmpdir(), 'sealtrace-report-'));
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath!, args });
    for (const [name, make] of Object.entries(RUNS))
      writeFileSync(join(folder, `${name}.html`), renderers.html.render(buildReport(make()), make()));
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  const open = async (name: string, width: number, colorScheme: 'light' | 'dark') => {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const seen: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) seen.push(`request ${request.url()}`);
    });
    page.on('console', (message) => seen.push(`console ${message.text()}`));
    page.on('dialog', (dialog) => {
      seen.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(pathToFileURL(join(folder, `${name}.html`)).href);
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
        expect(seen).toEqual([]);
        await page.close();
      }, 30_000);
    }
  }

  it('prints every page with its details open', async () => {
    const { page } = await open('full', 1280, 'light');
    await page.emulateMedia({ media: 'print' });
    expect(await page.evaluate('document.querySelector(".twin table").getBoundingClientRect().height')).toBeGreaterThan(
      50,
    );
    await page.close();
  }, 30_000);
});

/** Labels of charts that stick out of their picture. */
const CLIPPED = `[...document.querySelectorAll('svg[role=img] text')].filter((text) => {
  const label = text.getBoundingClientRect(), picture = text.ownerSVGElement.getBoundingClientRect();
  return label.width > 0 && (label.left < picture.left - 1 || label.right > picture.right + 1 || label.top < picture.top - 1 || label.bottom > picture.bottom + 1);
}).map((text) => text.textContent)`;

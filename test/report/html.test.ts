import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { buildReport, renderers } from '../../src/report/index.js';
import type { PageData } from '../../src/report/render/page-data.js';
import type { Hazard, Run, SealLife } from '../../src/results/types.js';
import { makeEmptyRun, makeQuietRun, makeRun, makeUnsafeRun } from './fixture.js';
import { hostile, MARKER } from './hostile.js';

const page = (run: Run): string => renderers.html.render(buildReport(run), run);
const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;
/** What a reader sees, tags gone. */
const textOf = (html: string): string =>
  html
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<script.*?<\/script>/gs, '')
    .replace(/<[^>]+>/g, '')
    .replaceAll('\u00a0', ' ')
    .replaceAll('&#39;', "'");
const sectionOf = (html: string, id: string): string =>
  textOf(html.match(new RegExp(`<section id="${id}".*?</section>`, 's'))?.[0] ?? '');

const FULL = page(makeRun());
/** The page without its own script, style and figures. */
const markupOf = (html: string): string =>
  html.replace(/<style>.*?<\/style>/s, '').replace(/<script.*?<\/script>/gs, '');
const MARKUP = markupOf(FULL);

describe('html report', () => {
  it('gives the same bytes for the same run', () => {
    expect(page(makeRun())).toBe(FULL);
    expect(page(JSON.parse(JSON.stringify(makeRun())) as Run)).toBe(FULL);
  });

  it('has its landmarks, one h1, a skip link and a language', () => {
    for (const tag of ['header class="top"', 'nav class="toc" aria-label=', 'main id="main"', 'footer', 'h1'])
      expect(count(FULL, new RegExp(`<${tag}`, 'g')), tag).toBe(1);
    expect(FULL).toContain('<html lang="en"');
    expect(FULL).toContain('<a class="skip" href="#main">');
  });

  it('leads every link inside the page to an id that is there, once', () => {
    const ids = [...FULL.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id!);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, to] of FULL.matchAll(/href="#([^"]*)"/g)) expect(ids).toContain(to);
    for (const [, to] of FULL.matchAll(/aria-labelledby="([^"]*)"/g)) expect(ids).toContain(to);
  });

  it('lets only its own style and script through, by hash, and nothing from anywhere', () => {
    const policy = FULL.match(/Content-Security-Policy" content="([^"]*)"/)?.[1];
    const hash = (pattern: RegExp): string => createHash('sha256').update(FULL.match(pattern)![1]!).digest('base64');
    const [style, script] = [hash(/<style>(.*?)<\/style>/s), hash(/<script>(.*?)<\/script>/s)];
    expect(policy).toBe(
      `default-src 'none'; script-src 'sha256-${script}'; style-src 'sha256-${style}'; img-src data:; base-uri 'none'; form-action 'none'`,
    );
    expect(MARKUP).not.toMatch(/<(script|iframe|object|embed|link|img|form|base)\b/i);
    expect(MARKUP).not.toMatch(/\s(src|srcset|action|xlink:href|style)\s*=/i);
    expect(MARKUP).not.toMatch(/href="(?!#)/);
    expect(FULL.match(/<style>.*?<\/style>/s)![0]).not.toMatch(/url\(|@import/i);
  });

  it('carries figures that add up to the run', () => {
    const run = makeRun();
    const figures = JSON.parse(FULL.match(/id="figures">(.*?)<\/script>/s)![1]!) as PageData;
    expect(figures.report.lanes.map(({ verdicts }) => verdicts)).toEqual(run.report.lanes.map((l) => l.verdicts));
    figures.lanes.forEach((lane, i) => {
      const sum = lane.heat.filter((_, at) => at % 2 === 1).reduce((a, b) => a + b, 0);
      expect(sum).toBe(run.details[i]!.heat.counts.reduce((a, b) => a + b, 0));
    });
  });

  it('carries what the charts of single operation kinds show of a range', () => {
    const run = makeRun();
    const figures = JSON.parse(FULL.match(/id="figures">(.*?)<\/script>/s)![1]!) as PageData;
    const drawn = [...FULL.matchAll(/<figure class="chart cdf" data-op="(\w+)"/g)].map(([, op]) => op!);
    expect(drawn.length).toBeGreaterThan(2);
    expect(Object.keys(figures.operations).sort()).toEqual([...drawn].sort());
    for (const op of drawn) {
      const policies = figures.operations[op]!.flatMap(({ names }) => names);
      expect(policies.sort()).toEqual(run.report.lanes.map(({ policy }) => policy).sort());
      for (const { names, heat } of figures.operations[op]!) {
        const counted = heat.filter((_, at) => at % 2 === 1).reduce((a, b) => a + b, 0);
        for (const name of names)
          expect(counted).toBe(run.report.lanes.find(({ policy }) => policy === name)!.latency[op]!.count);
      }
    }
  });

  it('gives every chart a name and a table twin', () => {
    const charts = MARKUP.split('<figure class="chart').slice(1);
    expect(charts.length).toBeGreaterThan(12);
    for (const chart of charts) {
      const figure = chart.slice(0, chart.indexOf('</figure>'));
      expect(figure).toMatch(/<svg role="img"[^>]* aria-label="[^"]+"/);
      expect(figure).toMatch(/<details class="twin"><summary>[^<]+<\/summary><div class="scroll"[^>]*><table/);
      expect(count(figure, /<tr/g)).toBeGreaterThan(1);
    }
    expect(count(MARKUP, /role="img"/g)).toBe(charts.length);
  });

  it('writes no figure that is not one', () => {
    for (const run of [makeRun(), makeUnsafeRun(), makeQuietRun(), makeEmptyRun()])
      expect(markupOf(page(run))).not.toMatch(/NaN|Infinity|undefined|\[object/);
  });

  it('puts the raw lines with file and line number on the card', () => {
    expect(sectionOf(FULL, 'conflicts')).toContain('xfs-db.report.txt:2920 st-compact-4712 [000]');
  });

  it('shows no modelled figure as if it were recorded', () => {
    const lead = FULL.match(/<section id="verdict".*?<\/section>/s)![0];
    const plain = lead
      .replace(/<data .*?<\/data>/gs, '')
      .replace(/<[^>]*>/g, '')
      .replaceAll('&#39;', "'");
    expect(plain.match(/\d+/g)).toBeNull();
  });

  it('tells the classes of figures apart', () => {
    for (const basis of ['recorded', 'modelled', 'measured', 'sourced', 'derived', 'guess'])
      expect(FULL).toContain(`class="v v-${basis}"`);
  });
});

describe('verdict', () => {
  it('says who refuses, who waits and what goes stale', () => {
    const text = sectionOf(FULL, 'verdict');
    expect(text).toContain('ondisk would have refused 29 of 5,012 operations');
    expect(text).toContain(
      'mapsync-pin would have made 37 operations wait, at worst 148 ms, mapdirect-lease 35, at worst 46.6 s',
    );
    expect(text).toContain(
      "In the recording 3 device accesses (192 KiB) touched blocks that were no longer the file's",
    );
  });

  it('calls itself a sketch when the data are unsafe, with the reasons beside it', () => {
    const html = page(makeUnsafeRun());
    expect(sectionOf(html, 'verdict')).toContain('As a sketch only');
    expect(sectionOf(html, 'quality')).toContain('Unsafe: 611 records were lost in 1 gap');
    expect(html.indexOf('id="quality"')).toBeLessThan(html.indexOf('id="verdict"'));
  });

  it('is honest when nothing met anything', () => {
    const html = page(makeQuietRun());
    expect(sectionOf(html, 'verdict')).toContain(
      'No conflict: none of the 8 policies would have refused or delayed any of 5,012 operations',
    );
    expect(sectionOf(html, 'conflicts')).toContain('No operation met a hold');
  });

  it('is honest when there is nothing to replay', () => {
    const html = page(makeEmptyRun());
    expect(sectionOf(html, 'verdict')).toContain('holds no operation that can be replayed (122,975 records read)');
    expect(sectionOf(html, 'quality')).toContain('Too little data for any conclusion');
  });

  it('copes with a run of no lanes at all', () => {
    const run = makeEmptyRun();
    const html = page({ ...run, report: { ...run.report, lanes: [] }, details: [], tables: [], prices: [], cites: {} });
    expect(sectionOf(html, 'verdict')).toContain('No policy was replayed');
  });
});

describe('crashes', () => {
  it('shows what each crash leaves, and nothing where none was asked for', () => {
    const text = sectionOf(FULL, 'crashes');
    expect(text).toContain('1 crash replayed under every policy; seals survive under ondisk.');
    expect(text).toContain('/mnt/t/base/rel-16384, /mnt/t/base/rel-16201and 1 more');
    const run = makeRun();
    const lanes = run.report.lanes.map((lane) => ({ ...lane, crashes: [] }));
    expect(page({ ...run, report: { ...run.report, lanes } })).not.toContain('id="crashes"');
  });
});

describe('hostile text', () => {
  const html = page(hostile(makeRun()));

  it('lets no tag, quote or event handler of a name through', () => {
    expect(html).not.toContain(MARKER);
    expect(markupOf(html)).not.toMatch(/<(script|img|iframe)\b/i);
    expect(html).not.toMatch(/<svg\/onload/i);
    expect(html.match(/<\/script/gi)).toHaveLength(2);
    for (const [tag] of markupOf(html).matchAll(/<[a-z][^>]*>/gi)) expect(tag).not.toMatch(/\son[a-z]+\s*=\s*[^"]*$/i);
    expect(html).toContain('&lt;/script&gt;');
  });

  it('keeps tags and attributes well formed', () => {
    const body = markupOf(html);
    expect(body.replace(/<!doctype html>|<\/?[a-z][a-z0-9]*(\s+[a-z:A-Z-]+(="[^"<>]*")?)*\s*\/?>/g, '')).not.toMatch(
      /[<>]/,
    );
  });

  it('makes unseen characters seen', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(html).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
    expect(html).not.toMatch(/\p{Cs}/u);
    expect(html).toContain('[U+202E]');
  });

  it('cuts long names in the middle and keeps the file small', () => {
    expect(html).not.toMatch(/x{2000}/);
    expect(html).toMatch(/title="[^"]*x{100}/);
    expect(Buffer.byteLength(html)).toBeLessThan(3_000_000);
  });
});

describe('size', () => {
  it('stays under 3 MB whatever the run, and says what it left out', () => {
    const run = hostile(makeRun(), 2000);
    const many = <T>(items: readonly T[], change: (item: T, i: number) => T): readonly T[] =>
      Array.from({ length: items.length * 150 }, (_, i) => change(items[i % items.length]!, i));
    const details = run.details.map((detail) => ({
      ...detail,
      conflicts: many(detail.conflicts, (conflict, i) => ({
        ...conflict,
        file: `${i}${conflict.file}`,
        signature: `${i}`,
      })),
      hazards: many(detail.hazards, (hazard: Hazard, i) => ({ ...hazard, atNs: hazard.atNs + i })),
      seals: many(detail.seals, (seal: SealLife, i) => ({ ...seal, file: `${i % 40}${seal.file}` })),
    }));
    const html = page({ ...run, details });
    expect(Buffer.byteLength(html)).toBeLessThan(3_000_000);
    expect(textOf(html)).toMatch(/left out to keep this file small|not listed|not drawn/);
    expect(html).toContain('id="reproduce"');
  });
});

describe('json', () => {
  it('is the run', () => {
    const run = makeRun();
    const text = renderers.json.render(buildReport(run), run);
    expect(JSON.parse(text)).toEqual(run);
    expect(renderers.json.render(buildReport(makeRun()), makeRun())).toBe(text);
  });
});

// One self-contained HTML file: no request, everything readable with scripts and style sheets off. The policy in its head
// lets nothing run or load but the one script and the one style sheet it holds, by their hashes.
import { createHash } from 'node:crypto';
import type { Run } from '../../results/types.js';
import { middleCut } from '../format.js';
import type { Report, Section } from '../model.js';
import { renderBlock } from './blocks.js';
import { type Budget, spend } from './budget.js';
import { h, Markup } from './escape.js';
import { plainText, renderRaw, renderText } from './inline.js';
import { dataMarkup, pageData } from './page-data.js';
import { PAGE_SCRIPT, PLOT_STYLE } from './page-script.js';
import type { Renderer } from './renderer.js';
import { PAGE_STYLE } from './style.js';

const STYLE = new Markup(`${PLOT_STYLE}\n${PAGE_STYLE}`);
const SCRIPT = new Markup(PAGE_SCRIPT);

const hashOf = ({ source }: Markup): string => `'sha256-${createHash('sha256').update(source).digest('base64')}'`;

const POLICY = new Markup(
  `default-src 'none'; script-src ${hashOf(SCRIPT)}; style-src ${hashOf(STYLE)}; img-src data:; base-uri 'none'; form-action 'none'`,
);

/** Bytes for the sections; with head and foot the file stays under 3 MB. */
const MOST = 2_000_000;

export const html: Renderer = {
  name: 'html',
  title: 'one self-contained HTML file for people',
  extension: 'html',
  render: (report, run) => page(report, run).source,
};

const page = (report: Report, run: Run): Markup => {
  const budget: Budget = { left: MOST };
  const sections = report.sections.map((section) => spend(budget, () => renderSection(section, budget)));
  const lead = report.sections.find((section) => section.lead);
  return h`<!doctype html>
<html lang="en" data-start="${run.report.trace.span.fromNs}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="description" content="${lead === undefined ? '' : middleCut(plainText(lead.finding), 300)}">
<title>${middleCut(report.title, 80)} – sealtrace</title>
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header class="top"><div class="wrap">
<p class="brand">sealtrace <span>replay report</span></p>
<h1>${renderRaw(report.title, 80)}</h1>
<p class="sub">${renderText(report.subtitle)}. <span class="basis">Figures: <data class="v v-recorded" value="">recorded</data>, <data class="v v-modelled" value="">modelled</data>, <data class="v v-guess" value="">guessed</data></span></p>
</div></header>
<nav class="toc" aria-label="Sections"><div class="wrap"><ul>${report.sections.map(
    (section) => h`<li><a href="#${section.id}">${section.short}</a></li>`,
  )}</ul></div></nav>
<main id="main" class="wrap" tabindex="-1">
${sections}
</main>
<footer class="wrap">
<p>${renderText(report.footer)}</p>
</footer>
<script type="application/json" id="figures">${dataMarkup(pageData(report, run))}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
};

const renderSection = (
  section: Section,
  budget: Budget,
): Markup => h`<section id="${section.id}" aria-labelledby="${section.id}-title"${classOf(section)}>
<h2 id="${section.id}-title">${section.title}</h2>
${hasText(section) ? h`<p class="finding">${renderText(section.finding)}</p>` : null}
${section.blocks.map((block) => renderBlock(block, budget))}
</section>
`;

const classOf = ({ lead, minor }: Section): Markup | null =>
  lead ? h` class="lead"` : minor ? h` class="minor"` : null;

const hasText = (section: Section): boolean => plainText(section.finding) !== '';

// Every kind of block as markup. Nothing here knows a section.
import { middleCut } from '../format.js';
import type { Block, DetailsBlock, FactsBlock, LinesBlock, NoticeBlock } from '../model.js';
import { type Budget, fitting, leftOutNote } from './budget.js';
import { renderCards } from './cards.js';
import { renderChart } from './chart.js';
import { h, type Markup } from './escape.js';
import { renderRaw, renderText } from './inline.js';
import { renderTable } from './table.js';

export const renderBlock = (block: Block, budget: Budget): Markup => {
  switch (block.kind) {
    case 'text':
      return h`<p class="text${block.tone === undefined ? '' : ` t-${block.tone}`}">${renderText(block.text)}</p>`;
    case 'list':
      return h`<ul class="points">${fitting(block.items, budget, (item) => h`<li>${renderText(item)}</li>`).items}</ul>`;
    case 'facts':
      return renderFacts(block, budget);
    case 'notice':
      return renderNotice(block, budget);
    case 'table':
      return renderTable(block, budget);
    case 'lines':
      return renderLines(block, budget);
    case 'details':
      return renderDetails(block, budget);
    case 'grid':
      return h`<div class="grid${block.narrow ? ' narrow' : ''}">${block.blocks.map((inner) => h`<div>${renderBlock(inner, budget)}</div>`)}</div>`;
    case 'stack':
      return h`<div class="pile">${block.blocks.map((inner) => renderBlock(inner, budget))}</div>`;
    case 'cards':
      return renderCards(block.cards, budget, renderBlock);
    case 'chart':
      return budget.left > 0 ? renderChart(block, budget) : leftOutNote(1)!;
  }
};

const renderFacts = ({ as, items }: FactsBlock, budget: Budget): Markup => {
  const { items: rows, leftOut } = fitting(
    items,
    budget,
    ({ label, text, tone }) =>
      h`<div${tone === undefined ? null : h` class="t-${tone}"`}><dt><bdi>${middleCut(label, 60)}</bdi></dt><dd>${renderText(text)}</dd></div>`,
  );
  return h`<dl class="${as}">${rows}</dl>${leftOutNote(leftOut)}`;
};

const MARKS: Readonly<Record<NoticeBlock['tone'], string>> = { good: '✓', warn: '!', bad: '!', quiet: 'i', info: 'i' };

const renderNotice = ({ tone, title, items }: NoticeBlock, budget: Budget): Markup => {
  const { items: rows, leftOut } = fitting(items, budget, (item) => h`<li>${renderText(item)}</li>`);
  return h`<div class="notice t-${tone}"><p><span class="sign" aria-hidden="true">${MARKS[tone]}</span><strong>${title}</strong></p>${rows.length === 0 ? null : h`<ul>${rows}</ul>`}${leftOutNote(leftOut)}</div>`;
};

const renderLines = ({ label, lines }: LinesBlock, budget: Budget): Markup => {
  const { items, leftOut } = fitting(
    lines,
    budget,
    ({ place, text }) =>
      h`<span class="line"><span class="place">${renderRaw(place, 48)}</span> <code>${renderRaw(text, 400)}</code></span>\n`,
  );
  return h`<figure class="lines"><figcaption>${label}</figcaption><pre tabindex="0" role="group" aria-label="${label}">${items}</pre>${leftOutNote(leftOut)}</figure>`;
};

const renderDetails = ({ id, summary, blocks }: DetailsBlock, budget: Budget): Markup =>
  h`<details class="more"${id === undefined ? null : h` id="${id}"`}><summary>${renderText(summary)}</summary><div class="inside">${blocks.map((block) => renderBlock(block, budget))}</div></details>`;

// Two-sided cards: left who wanted, right who held, between them what came of it.
import type { Block, Card, Side } from '../model.js';
import { type Budget, fitting, leftOutNote } from './budget.js';
import { h, type Markup } from './escape.js';
import { renderText } from './inline.js';
import { markAttributes } from './table.js';

type RenderBlock = (block: Block, budget: Budget) => Markup;

export const renderCards = (cards: readonly Card[], budget: Budget, renderBlock: RenderBlock): Markup => {
  const { items, leftOut } = fitting(cards, budget, (card) => renderCard(card, budget, renderBlock));
  return h`<div class="cards">${items}</div>${leftOutNote(leftOut)}`;
};

const renderCard = (
  card: Card,
  budget: Budget,
  renderBlock: RenderBlock,
): Markup => h`<article class="card" id="${card.id}" aria-labelledby="${card.id}-title"${markAttributes(card.mark)}>
${card.aliases.slice(0, 40).map((id) => h`<span id="${id}"></span>`)}<header><h3 id="${card.id}-title">${renderText(card.title)}</h3><a class="anchor" href="#${card.id}" aria-label="Link to this conflict">#</a></header>
<div class="sides">${renderSide(card.left)}<div class="outcome">${renderText(card.outcome)}</div>${renderSide(card.right)}</div>
${card.blocks.map((block) => renderBlock(block, budget))}
</article>
`;

const renderSide = ({
  role,
  who,
  facts,
}: Side): Markup => h`<div class="side"><p class="role">${role}</p><p class="who">${renderText(who)}</p>
<dl class="lines">${facts.map(({ label, text }) => h`<div><dt>${label}</dt><dd>${renderText(text)}</dd></div>`)}</dl></div>`;

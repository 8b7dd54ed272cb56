// The file has a bound whatever the run: lists stop, and say so, when the bytes for them are used up.
import { h, type Markup } from './escape.js';

/** UTF-8 bytes that may still be written. */
export interface Budget {
  left: number;
}

/** Charges what `make` makes, less what its own parts charged already. */
export const spend = (budget: Budget, make: () => Markup): Markup => {
  const before = budget.left;
  const made = make();
  const charged = before - budget.left;
  budget.left -= Math.max(0, Buffer.byteLength(made.source) - charged);
  return made;
};

export interface Fitted {
  readonly items: readonly Markup[];
  readonly leftOut: number;
}

/** Renders items until the budget is gone. */
export const fitting = <T>(items: readonly T[], budget: Budget, render: (item: T, index: number) => Markup): Fitted => {
  const made: Markup[] = [];
  for (const [i, item] of items.entries()) {
    if (budget.left <= 0) break;
    made.push(spend(budget, () => render(item, i)));
  }
  return { items: made, leftOut: items.length - made.length };
};

export const leftOutNote = (leftOut: number): Markup | null =>
  leftOut === 0
    ? null
    : h`<p class="note">${leftOut} more left out to keep this file small; the JSON form has them all.</p>`;

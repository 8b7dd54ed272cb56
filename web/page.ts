// What all parts of the script share: the figures of the page, and elements made without markup.
import type { PageData } from '../src/report/render/page-data.ts';

export const data = JSON.parse(document.getElementById('figures')?.textContent ?? 'null') as PageData | null;

export const all = <T extends Element = HTMLElement>(selector: string, within: ParentNode = document): T[] => [
  ...within.querySelectorAll<T>(selector),
];

/** An element with text: names of a trace never become markup. */
export const make = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...inside: (Node | string)[]
): HTMLElementTagNameMap[K] => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
};

export const button = (text: string, press: () => void, label = text): HTMLButtonElement => {
  const made = make('button', { type: 'button', 'aria-label': label }, text);
  made.addEventListener('click', press);
  return made;
};

/** Said to screen readers, and shown for a moment. */
export const say = (text: string): void => {
  const place = document.getElementById('said') ?? document.body.appendChild(make('p', { id: 'said', role: 'status' }));
  place.textContent = text;
};

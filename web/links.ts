// Links inside the page keep the rest of the view: a jump to a card does not forget the range of time.
import { all, make } from './page.ts';
import { go, onChange, state } from './state.ts';

export const startLinks = (): void => {
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href^="#"]') : null;
    if (link === null || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    const at = decodeURIComponent(link.hash.slice(1));
    go({ at, show: link.dataset.show ?? '' });
    show(at);
  });
  onChange((now, before) => {
    if (now.at !== before.at) show(now.at);
  });
  if (state().at !== '') show(state().at);
};

/** Opens what hides the element, and goes there with the focus. */
const show = (id: string): void => {
  const target = document.getElementById(id);
  if (target === null) return;
  for (let box = target.closest('details'); box !== null; box = box.parentElement?.closest('details') ?? null)
    box.open = true;
  for (const card of all('.card.here')) card.classList.remove('here');
  const card = target.closest('.card');
  card?.classList.add('here');
  (card ?? target).scrollIntoView();
  if (!target.hasAttribute('tabindex')) target.setAttribute('tabindex', '-1');
  target.focus({ preventScroll: true });
};

/** The heading of a section links to itself, so that it can be copied. */
export const addAnchors = (): void => {
  for (const heading of all('main > section > h2')) {
    const id = heading.parentElement?.id ?? '';
    const label = `Link to ${heading.textContent ?? 'this section'}`;
    heading.append(make('a', { class: 'anchor', href: `#${id}`, 'aria-label': label }, '#'));
  }
};

// Choosing a range of time: by dragging over any chart over time, or with two sliders from the keyboard.
import { all, button, data, make } from './page.ts';
import { formatTimeSpan } from './range-format.ts';
import { go, onChange, state } from './state.ts';

/** A drag shorter than this many pixels is a click. */
const LEAST = 4;

export const startBrush = (): void => {
  if (data === null || data.time.bins === 0) return;
  for (const svg of all<SVGSVGElement>('svg[data-time]')) drag(svg);
  const section = document.querySelector('#time > .finding');
  section?.after(sliders());
};

const drag = (svg: SVGSVGElement): void => {
  svg.classList.add('brushable');
  let begun = -1;
  svg.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || event.pointerType === 'touch') return;
    begun = event.clientX;
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener('pointerup', (event) => {
    if (begun < 0 || Math.abs(event.clientX - begun) < LEAST) {
      begun = -1;
      return;
    }
    const [a, b] = [timeAt(svg, begun), timeAt(svg, event.clientX)].sort((x, y) => x - y) as [number, number];
    begun = -1;
    if (b > a) go({ range: [a, b] });
  });
  svg.addEventListener('pointercancel', () => {
    begun = -1;
  });
};

/** ns since the start of the trace at a place on the screen. */
const timeAt = (svg: SVGSVGElement, clientX: number): number => {
  const [fromNs, toNs, left, right] = svg.dataset.time!.split(' ').map(Number) as [number, number, number, number];
  const box = svg.getBoundingClientRect();
  const x = ((clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
  const share = Math.min(1, Math.max(0, (x - left) / (right - left)));
  return Math.max(0, Math.round(fromNs + share * (toNs - fromNs) - data!.time.fromNs));
};

/** Two sliders in steps of a time bin. */
const sliders = (): HTMLElement => {
  const { bins, fromNs, toNs } = data!.time;
  const width = (toNs - fromNs) / bins;
  const input = (label: string, value: number): [HTMLElement, HTMLInputElement] => {
    const slider = make('input', { type: 'range', min: '0', max: String(bins), step: '1', value: String(value) });
    return [make('label', {}, label, slider), slider];
  };
  const [fromLabel, from] = input('from', 0);
  const [toLabel, to] = input('to', bins);
  const shown = make('output');
  const set = (): void => {
    const [a, b] = [Number(from.value), Number(to.value)];
    if (a >= b) return;
    go({ range: a === 0 && b === bins ? null : [Math.round(a * width), Math.round(b * width)] }, true);
  };
  from.addEventListener('input', set);
  to.addEventListener('input', set);
  const show = (): void => {
    const { range } = state();
    from.value = String(range === null ? 0 : Math.floor(range[0] / width));
    to.value = String(range === null ? bins : Math.ceil(range[1] / width));
    shown.textContent = range === null ? 'the whole trace' : formatTimeSpan(range);
  };
  onChange(show);
  show();
  const clear = button('Whole trace', () => go({ range: null }));
  const hint = make('span', { class: 'hint' }, 'or drag over any chart with a time axis');
  return make(
    'fieldset',
    { class: 'sliders' },
    make('legend', {}, 'Range of time'),
    fromLabel,
    toLabel,
    shown,
    clear,
    hint,
  );
};

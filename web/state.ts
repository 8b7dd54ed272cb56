// What the reader looks at lives in the fragment: `#conflicts&show=ondisk.deny&range=1000-2000&diff=dax,ondisk`. A part
// without `=` names a section, `conflict=ID` a card.
export interface State {
  /** Id of the element to go to. */
  readonly at: string;
  /** ns since the start of the trace. */
  readonly range: readonly [number, number] | null;
  readonly show: string;
  readonly diff: readonly [string, string] | null;
}

export const parse = (fragment: string): State => {
  const parts = fragment.replace(/^#/, '').split('&').map(decoded);
  const partOf = (key: string): string => parts.find((part) => part.startsWith(`${key}=`))?.slice(key.length + 1) ?? '';
  const range = /^(\d{1,15})-(\d{1,15})$/.exec(partOf('range'));
  const pair = partOf('diff').split(',');
  return {
    at: parts.find((part) => part.startsWith('conflict=') || (part !== '' && !part.includes('='))) ?? '',
    range: range === null || Number(range[1]) >= Number(range[2]) ? null : [Number(range[1]), Number(range[2])],
    show: partOf('show'),
    diff: pair.length === 2 ? [pair[0]!, pair[1]!] : null,
  };
};

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

export const write = ({ at, range, show, diff }: State): string =>
  [
    at,
    ...(show === '' ? [] : [`show=${encodeURIComponent(show)}`]),
    ...(range === null ? [] : [`range=${range[0]}-${range[1]}`]),
    ...(diff === null ? [] : [`diff=${diff.map(encodeURIComponent).join(',')}`]),
  ]
    .filter((part) => part !== '')
    .join('&');

type Listener = (state: State, before: State) => void;
const listeners: Listener[] = [];
let current = parse(location.hash);

export const state = (): State => current;
export const onChange = (listener: Listener): void => {
  listeners.push(listener);
};

/** Changes the view and the address, so that a copied address shows the same. `keep`: no new entry in the history. */
export const go = (change: Partial<State>, keep = false): void => {
  const before = current;
  current = { ...current, ...change };
  const address = `#${write(current)}`;
  if (keep) history.replaceState(null, '', address);
  else if (address !== location.hash) history.pushState(null, '', address);
  for (const listener of listeners) listener(current, before);
};

export const follow = (): void => {
  const back = (): void => {
    const before = current;
    current = parse(location.hash);
    for (const listener of listeners) listener(current, before);
  };
  addEventListener('popstate', back);
  addEventListener('hashchange', back);
};

// The clocks of sources that were joined, for people: the offset of each, with its error and by what it was found.

import { UserError } from '../model/issue.js';
import type { Joined, SourceInfo } from '../model/trace.js';
import { formatCount, formatNs } from '../report/format.js';
import { durationNs } from '../trace/clock-offset.js';
import type { GivenOffset } from '../trace/clocks.js';
import type { OptionSpec } from './options.js';

export const CLOCK_OFFSET: OptionSpec = {
  kind: 'list',
  text: 'SOURCE=NS (or +1.5s, -20ms): what to add to the times of a source, by its name or number, for the clock of the first; repeatable',
};

export function givenOffsets(values: readonly string[]): GivenOffset[] {
  return values.map((value) => {
    const at = value.lastIndexOf('=');
    const offsetNs = at < 1 ? null : durationNs(value.slice(at + 1));
    if (offsetNs === null)
      throw new UserError(
        `--clock-offset is "${value}"; expected SOURCE=NS with the name or number of an input and a whole number of ns, or a time such as +1.5s or -20ms`,
      );
    return { source: value.slice(0, at), offsetNs };
  });
}

export const clockText = (clock: string): string => (clock === '' ? 'unknown' : clock);

const BY: Readonly<Record<Joined['by'], (pairs: string) => string>> = {
  'same clock': () => 'the same clock',
  given: () => 'as --clock-offset says',
  markers: (pairs) => `${pairs} markers in both`,
  'paired stamps': (pairs) => `${pairs} facts stamped in both`,
  stated: () => 'a recorder states both clocks',
  nothing: () => 'nothing tells; times as they are',
};

export const basisText = ({ by, pairs }: Joined): string => BY[by](formatCount(pairs));

export const errorText = ({ errorNs }: Joined): string => (errorNs < 0 ? 'not known' : formatNs(errorNs));

/** One line per source that was joined to the first. */
export function joinedLines(sources: readonly SourceInfo[]): string[] {
  const [first] = sources;
  return sources.flatMap((source) => {
    const { name, clock, joined, records } = source;
    if (joined === undefined || first === undefined) return [];
    const told = `${formatCount(joined.elsewhere)} of its ${formatCount(records)} records tell what another source tells`;
    if (source === first && joined.by === 'same clock')
      return [`${name}: the clock of all is ${clockText(clock)}; ${told}`];
    const offset = `${joined.offsetNs < 0n ? '' : '+'}${joined.offsetNs} ns, error ${errorText(joined)}`;
    return [`${name}: ${clockText(clock)}, ${offset}: ${basisText(joined)}; ${told}`];
  });
}

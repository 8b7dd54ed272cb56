// A range of time in words.
import { formatNs } from '../src/report/format.ts';

export const formatTimeSpan = ([from, to]: readonly [number, number]): string => `${formatNs(from)} to ${formatNs(to)}`;

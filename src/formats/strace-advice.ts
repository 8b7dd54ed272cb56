// strace prints no times unless it is asked to: what it prints then is the text that most people know as its own, and no recording.
import { firstLines } from './text-lines.js';

const LINE =
  /^(?:\[pid +\d+\] |\d+ +)?[a-z]\w+\(.*\)\s+= (?:-?\d+|0x[\da-f]+|\?)(?:<.*>)?(?: [A-Z]\w+ \(.*\))?(?: <\d+\.\d+>)?\s*$/;
/** One such line may stand in any text. */
const ENOUGH = 3;

/** What -c prints instead of the calls. */
const SUMMARY = /^% time +seconds +usecs\/call +calls /;

/** Empty for any other text. */
export function straceAdvice(head: Uint8Array): string {
  const lines = firstLines(head);
  const isSummed = lines.some((line) => SUMMARY.test(line));
  if (!isSummed && lines.filter((line) => LINE.test(line)).length < ENOUGH) return '';
  const what = isSummed ? 'the counts of strace -c, without the calls' : 'what strace prints without times';
  return `it looks like ${what}; record with "strace -f -ttt -T -yy -o FILE COMMAND" and give FILE`;
}

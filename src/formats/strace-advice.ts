// strace prints no times unless it is asked to: what it prints then is the text that most people know as its own, and no recording.
import { firstLines } from './text-lines.js';

const LINE =
  /^(?:\[pid +\d+\] |\d+ +)?[a-z]\w+\(.*\)\s+= (?:-?\d+|0x[\da-f]+|\?)(?:<.*>)?(?: [A-Z]\w+ \(.*\))?(?: <\d+\.\d+>)?\s*$/;
/** One such line may stand in any text. */
const ENOUGH = 3;

/** Empty for any other text. */
export const straceAdvice = (head: Uint8Array): string =>
  firstLines(head).filter((line) => LINE.test(line)).length >= ENOUGH
    ? 'it looks like what strace prints without times; record with "strace -f -ttt -T -yy -o FILE COMMAND" and give FILE'
    : '';

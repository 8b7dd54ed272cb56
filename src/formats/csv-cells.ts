// Lines of a table into cells. RFC 4180: a cell that begins with a quote ends with one, may hold delimiters and line breaks,
// and a quote in it is written twice. Quotes elsewhere are characters as others are.
const QUOTE = '"';
/** A cell goes on over so many lines and characters; what opens a longer one is no cell, but a quote that nothing closes. */
const MOST_LINES = 64;
const MOST_LENGTH = 1 << 16;

/** `isOpen`: the last cell has no end. */
export interface Cells {
  readonly cells: readonly string[];
  readonly isOpen: boolean;
}

export function cellsOf(line: string, delimiter: string): Cells {
  if (delimiter === ' ') return { cells: line.trim().split(/\s+/), isOpen: false };
  return line.includes(QUOTE) ? quotedCells(line, delimiter) : { cells: line.split(delimiter), isOpen: false };
}

function quotedCells(line: string, delimiter: string): Cells {
  const cells: string[] = [];
  let cell = '';
  /** Nothing but blanks so far: asked of the cell itself at each quote, a long one takes minutes. */
  let isBlank = true;
  let isQuoted = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (isQuoted && char === QUOTE && line[i + 1] === QUOTE) {
      cell += char;
      isBlank = false;
      i++;
    } else if (isQuoted && char === QUOTE) isQuoted = false;
    else if (!isQuoted && char === QUOTE && isBlank) {
      isQuoted = true;
      cell = '';
    } else if (char === delimiter && !isQuoted) {
      cells.push(cell);
      cell = '';
      isBlank = true;
    } else {
      cell += char;
      isBlank &&= char.trim() === '';
    }
  }
  cells.push(cell);
  return { cells, isOpen: isQuoted };
}

export interface TextLine {
  readonly text: string;
  readonly line: number;
}

/** Lines that a quoted cell joins. */
export class JoinedLines {
  #lines: TextLine[] = [];
  #length = 0;

  /** Nothing is held. */
  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** Holds a line whose last cell has no end, or one behind it; false: it cannot be one cell any more. */
  hold(line: TextLine): boolean {
    this.#lines.push(line);
    this.#length += line.text.length + 1;
    return this.#lines.length <= MOST_LINES && this.#length <= MOST_LENGTH;
  }

  get text(): string {
    return this.#lines.map(({ text }) => text).join('\n');
  }

  /** What was held, which is not any more. */
  release(): readonly TextLine[] {
    const lines = this.#lines;
    this.#lines = [];
    this.#length = 0;
    return lines;
  }
}

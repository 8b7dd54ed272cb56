// What the operations of a lane were answered, by row of the columns. Most rows go with others: what they are answered follows from a
// mark that all lanes of a pass have in common. What a lane answered by itself lies in small pieces, which are there only where
// something was: a page of memory for each lane and some rows in it would be dear.

/** Rows of a piece, and pieces that lie together: to move them when there are more would be dear. */
const PIECE_BITS = 5;
const PIECE = 1 << PIECE_BITS;
const PAGE_BITS = 6;
const PAGE = 1 << PAGE_BITS;
/** Of what is kept for a row: the verdict + 1; above it the errno. */
const VERDICT_BITS = 3;
const VERDICT = (1 << VERDICT_BITS) - 1;

/** From its copy in another thread, which is plain data. */
export const reviveAnswers = (copy: Answers): Answers => Object.assign(new Answers(0), copy);

/** In its page of pieces. */
const placeOf = (place: number, row: number): number =>
  (((place - 1) & (PAGE - 1)) << PIECE_BITS) | (row & (PIECE - 1));

const codeOf = (verdict: number, errno: number): number => (errno << VERDICT_BITS) | (verdict + 1);

export class Answers {
  readonly rows: number;
  /** By piece of rows: its place among all that there are, +1; 0: nothing is in it. */
  private readonly places: Int32Array<ArrayBuffer>;
  private readonly codes: Int32Array<ArrayBuffer>[] = [];
  private used = 0;
  /** By row: a mark; and by mark what this lane answered, 0 for nothing. */
  private marks = new Uint8Array(0);
  private ofMark = new Int32Array(0);

  constructor(rows: number) {
    this.rows = rows;
    this.places = new Int32Array(Math.ceil(rows / PIECE));
  }

  /** hot */
  set(row: number, verdict: number, errno: number): void {
    const place = this.places[row >>> PIECE_BITS]! || this.open(row >>> PIECE_BITS);
    this.codes[(place - 1) >>> PAGE_BITS]![placeOf(place, row)] = codeOf(verdict, errno);
  }

  private open(piece: number): number {
    if ((this.used & (PAGE - 1)) === 0) this.codes.push(new Int32Array(PAGE * PIECE));
    this.places[piece] = ++this.used;
    return this.used;
  }

  /** Where the lane has no answer of its own, it has that of its mark; `of`: verdict and errno by mark, null for none. */
  share(marks: Uint8Array<ArrayBuffer>, of: readonly (readonly [verdict: number, errno: number] | null)[]): void {
    this.marks = marks;
    this.ofMark = Int32Array.from(of, (answer) => (answer === null ? 0 : codeOf(...answer)));
  }

  /** Verdict + 1; 0 where none was given. */
  verdictAt(row: number): number {
    return this.codeAt(row) & VERDICT;
  }

  /** errno of a refusal, 0 for none. */
  errnoAt(row: number): number {
    return this.codeAt(row) >>> VERDICT_BITS;
  }

  private codeAt(row: number): number {
    const place = this.places[row >>> PIECE_BITS]!;
    if (place > 0) {
      const own = this.codes[(place - 1) >>> PAGE_BITS]![placeOf(place, row)]!;
      if (own !== 0) return own;
    }
    return this.ofMark[this.marks[row]!] ?? 0;
  }

  /** What a thread gives away with it. */
  get buffers(): readonly ArrayBuffer[] {
    return [...this.codes, this.places, this.marks].map(({ buffer }) => buffer);
  }
}

// What rows came to in all lanes of a pass, where that is simple: in which they went ahead, in which they ended with a commit, in which
// they were refused and with what. Rows of one class differ in nothing else, so that they are counted once for all lanes.
import { Verdict } from '../model/policy.js';

/** Classes that have counters; what comes to yet another is counted lane by lane. Their numbers are marks of rows, from 1 on. */
export const MOST_CLASSES = 96;
/** Signatures that are told apart; they are numbers from 1 on. */
const MOST_SIGNATURES = 63;

/** By lane: the errno of a refusal, 0 for none. */
type Signature = readonly number[];

export interface RowClass {
  /** Lanes in which the row went ahead; and those in which it ended with a commit. */
  readonly went: number;
  readonly committed: number;
  readonly refused: Signature;
  /** The time of the class is that of its commits, in these lanes; its rows have another mark. */
  readonly isOfCommits: boolean;
}

export class RowClasses {
  /** By number; the first is that of no lanes. */
  readonly all: RowClass[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly signatures: Signature[] = [];
  private readonly signatureOf = new Map<string, number>();

  constructor(lanes: number) {
    this.all.push({ went: 0, committed: 0, refused: [], isOfCommits: false });
    this.signatures.push(new Array<number>(lanes).fill(0));
  }

  /** 0: one class too many. */
  numberFor(went: number, signature: number, committed: number): number {
    return this.find({ went, committed, refused: this.signatures[signature]!, isOfCommits: false }, signature);
  }

  /** Number under which what commits took is counted; 0: one too many. */
  numberOfCommits(lanes: number): number {
    return this.find({ went: 0, committed: lanes, refused: this.signatures[0]!, isOfCommits: true }, 0);
  }

  private find(one: RowClass, signature: number): number {
    const key = `${one.went} ${signature} ${one.committed} ${one.isOfCommits}`;
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    if (this.all.length > MOST_CLASSES) return 0;
    const number = this.all.push(one) - 1;
    this.numbers.set(key, number);
    return number;
  }

  /** Number of who is refused with what; 0: one too many. */
  signatureFor(errnos: Signature): number {
    const key = errnos.join();
    const known = this.signatureOf.get(key);
    if (known !== undefined) return known;
    if (this.signatures.length > MOST_SIGNATURES) return 0;
    const number = this.signatures.push(errnos) - 1;
    this.signatureOf.set(key, number);
    return number;
  }

  /** Number of both together, of which no lane is in both; 0: one too many. */
  joined(a: number, b: number): number {
    const [first, second] = [this.signatures[a]!, this.signatures[b]!];
    return this.signatureFor(first.map((errno, lane) => errno || second[lane]!));
  }

  /** By lane. */
  errnosOf(signature: number): Signature {
    return this.signatures[signature]!;
  }

  /** What a lane answers rows of a class, and with what errno; null for nothing that it shares. */
  answerOf({ went, committed, refused, isOfCommits }: RowClass, lane: number): readonly [number, number] | null {
    if (isOfCommits) return null;
    if (((went >>> lane) & 1) === 1) return [Verdict.proceed, 0];
    if (((committed >>> lane) & 1) === 1) return [Verdict.commit, 0];
    const errno = refused[lane] ?? 0;
    return errno === 0 ? null : [Verdict.deny, errno];
  }
}

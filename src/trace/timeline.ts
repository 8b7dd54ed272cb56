// Several recordings of one run as one: read onto tapes, led to one clock, handed in time order to one assembly, which
// therefore leads the requests of a block trace to the files that a file system trace beside it tells of.
import { WordTable } from '../base/words.js';
import type { EventCatalogue } from '../model/event-catalogue.js';
import { CLOCKS_UNKNOWN } from '../model/issue.js';
import type { GivenGeometry } from '../model/trace.js';
import { clockOf, type GivenOffset, type Offset, offsets, type Recording, resolutionOf } from './clocks.js';
import { EventKinds } from './event-kinds.js';
import { AllFacts } from './facts.js';
import { JoinedAssembly } from './joined-assembly.js';
import type { Lane } from './plan.js';
import type { SourceSink } from './sink.js';
import { newClock, Tape, type TapeRules } from './tape.js';

/** An offset whose error nothing tells is trusted to this. */
const GIVEN_ERROR_NS = 1_000_000;

export class Timeline {
  readonly #recordings: Recording[] = [];
  readonly #rules: TapeRules;
  readonly #xfs: readonly GivenGeometry[];
  #inputs = 0;

  /** `catalogue`: the events of all recordings. */
  constructor(catalogue: EventCatalogue, xfs: readonly GivenGeometry[] = []) {
    this.#rules = { words: new WordTable(), kinds: new EventKinds(catalogue) };
    this.#xfs = xfs;
  }

  /** A recording begins: inputs that one recorder wrote together. */
  begin(): void {
    this.#recordings.push({ tapes: [], clock: newClock(), first: this.#inputs + 1 });
  }

  /** One more input of the recording that began last. */
  input(real: SourceSink): Tape {
    const { tapes, clock } = this.#recordings.at(-1)!;
    const tape = new Tape(real, clock, this.#rules);
    tapes.push(tape);
    this.#inputs++;
    return tape;
  }

  /** All is read: writes the trace. Throws a UserError where clocks differ and nothing tells by how much. */
  end(given: readonly GivenOffset[]): void {
    const facts = new AllFacts(this.#recordings.map(({ tapes }) => tapes));
    const found = offsets(this.#recordings, given, facts);
    const [first] = this.#recordings;
    const start = this.#recordings.findIndex(({ clock }) => clock.origin !== null);
    const origin = start < 0 ? 0n : this.#recordings[start]!.clock.origin! + found[start]!.offsetNs;
    first?.tapes[0]?.real.origin(origin);
    const lanes = this.#lanes(found, origin);
    const alone = new Set(found.flatMap(({ by }, i) => (by === 'nothing' ? this.#recordings[i]!.tapes : [])));
    this.#assemble(
      lanes.filter(({ tape }) => !alone.has(tape)),
      facts,
    );
    for (const { tapes } of this.#recordings) {
      if (!alone.has(tapes[0]!)) continue;
      tapes[0]!.issue(
        CLOCKS_UNKNOWN,
        0,
        `${tapes[0]!.source.name} (clock ${tapes[0]!.source.clock || 'unknown'}) and ${first!.tapes[0]!.source.name} (clock ${clockOf(first!) || 'unknown'}) have nothing in common that tells how their clocks differ: their times stand as they are and the two are assembled apart; give --clock-offset (0 where one goes on with the other), or record with markers`,
      );
      this.#assemble(
        lanes.filter(({ tape }) => tapes.includes(tape)),
        facts,
      );
    }
  }

  #lanes(found: readonly Offset[], origin: bigint): Omit<Lane, 'base'>[] {
    const lanes: Omit<Lane, 'base'>[] = [];
    this.#recordings.forEach((recording, i) => {
      const { offsetNs, errorNs, by, pairs } = found[i]!;
      const shiftNs = recording.clock.origin === null ? 0 : Number(recording.clock.origin + offsetNs - origin);
      for (const tape of recording.tapes) {
        const bound = (errorNs < 0 ? GIVEN_ERROR_NS : errorNs) + resolutionOf(recording);
        lanes.push({ tape, recording: i, shiftNs, errorNs: bound });
        tape.source.joined = { by, offsetNs, errorNs, pairs, elsewhere: 0 };
      }
    });
    return lanes;
  }

  #assemble(some: readonly Omit<Lane, 'base'>[], facts: AllFacts): void {
    if (some.length === 0) return;
    let base = 0;
    const lanes = some.map((lane): Lane => {
      const from = base;
      base += lane.tape.entries.length;
      return { ...lane, base: from };
    });
    new JoinedAssembly(lanes, facts, this.#rules, this.#xfs).run();
  }
}

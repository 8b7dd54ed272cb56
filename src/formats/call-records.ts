// Records of calls on their way to assembly. Those of raw_syscalls become those of the call that their number means; a call that
// a recording tells twice (by number and by name) is handed over once.
import type { KernelRecord } from '../model/kernel.js';
import type { KernelEvent } from '../model/kernel-events.js';
import type { TraceSink } from '../model/trace.js';
import { CALL_NUMBERS, type CallNumbers, numbersBy } from './call-numbers.js';
import { OpenFlags } from './open-flags.js';

/** How a record tells of a call. */
export const Tells = { nothing: 0, rawEnter: 1, rawExit: 2, enter: 3, exit: 4 } as const;

/**
 * What is known of a record by the name of its event. A class, to which formats add what they know: every record asks one, and
 * literals that were spread came to have shapes of their own, so that what they hold was looked up by name.
 */
export class RecordKind {
  /** Index into the catalogue's events, -1 for an event that is only counted. */
  readonly code: number;
  /** Kind of record. */
  readonly kind: number;
  readonly tells: number;
  /** Nothing that it returns is above 2^32 - 4096 but an error: all calls but those that return a position. */
  readonly failsHigh: boolean;

  /** A record of raw_syscalls counts as generic unless its number tells its call. */
  constructor({ kernel, records }: TraceSink, name: string, code: number) {
    const tells = tellsOf(kernel.catalogue.events[code]);
    this.code = code;
    this.tells = tells;
    this.failsHigh = tells === Tells.exit && kernel.catalogue.events[code]?.call !== 'lseek';
    this.kind = records.kindId(name, code >= 0 && tells !== Tells.rawEnter && tells !== Tells.rawExit);
  }
}

function tellsOf(event: KernelEvent | undefined): number {
  if (event === undefined) return Tells.nothing;
  if (event.name === 'sys_enter') return Tells.rawEnter;
  if (event.name === 'sys_exit') return Tells.rawExit;
  if (event.kind === 'tracepoint') return Tells.nothing;
  return event.kind === 'enter' ? Tells.enter : Tells.exit;
}

const REGISTERS = 6;
/** Place of the number among the values of an enter, and of an exit. */
const ENTER_ID = 6;
const EXIT_ID = 1;
const HIGH = 2 ** 32;
/** Kernels of 32 bits print -2 as 0xfffffffe; 4095 is the largest error (include/linux/err.h). */
const MOST_RETURNED = HIGH - 4096;
const EXEC = /^execve(at)?$/;
/** Both records of a call come from one probe of the kernel; between them are those of other CPUs only. */
const NEAR_RECORDS = 4096;

interface Known {
  readonly name: string;
  /** Events of its name and their kinds of record; -1 where assembly does not read it. */
  readonly enter: number;
  readonly exit: number;
  readonly slots: number;
  readonly enterKind: number;
  readonly exitKind: number;
}

/** Programs of 32 bits have numbers of their own. */
interface Program {
  is64: boolean;
}

/** By whom a call was told. */
const By = { number: 1, name: 2 } as const;

/** The last call that a thread began or ended. */
interface Thread {
  event: number;
  by: number;
  row: number;
  opId: number;
  /** Arguments, or the result. */
  readonly values: Float64Array;
  /** It is in a call that puts another program in its place. */
  execs: boolean;
}

const newThread = (): Thread => ({
  event: -1,
  by: 0,
  row: 0,
  opId: 0,
  values: new Float64Array(REGISTERS),
  execs: false,
});

const low = (value: number): number => ((value % HIGH) + HIGH) % HIGH;
/** What only one of them tells speaks for neither. */
const differ = (a: number, b: number): boolean => low(a) !== low(b) && !Number.isNaN(a) && !Number.isNaN(b);

export class CallRecords {
  /** Kind of the record that was taken last. */
  kind = 0;
  readonly #sink: TraceSink;
  readonly #record: KernelRecord;
  readonly #machine: () => string;
  readonly #flags: OpenFlags;
  /** There was a record of raw_syscalls: until then nothing can be told twice. */
  #isActive = false;
  #lastTid = -1;
  #lastEvent = -1;
  #numbers: CallNumbers | null | undefined;
  readonly #known = new Map<number, Known>();
  readonly #threads = new Map<number, Thread>();
  readonly #programs = new Map<number, Program>();
  /** Calls that are counted only, by cause. */
  #beforeSign = 0;
  #narrow = 0;
  #narrowRow = 0;
  #noArguments = 0;

  /** `machine`: what the recording says of the machine (`uname -m`), empty where it says nothing. */
  constructor(sink: TraceSink, machine: () => string) {
    this.#sink = sink;
    this.#record = sink.kernel.record;
    this.#machine = machine;
    this.#flags = new OpenFlags(sink.kernel.catalogue.events, machine);
  }

  /** Takes the record at hand, if it is one to be taken; returns the `opId` it belongs to. */
  // hot
  take({ code, tells, kind, failsHigh }: RecordKind): number {
    this.kind = kind;
    if (tells === Tells.nothing) return code < 0 ? 0 : this.#sink.kernel.take();
    if (tells === Tells.rawEnter || tells === Tells.rawExit) return this.#raw(tells === Tells.rawEnter);
    const record = this.#record;
    if (tells === Tells.enter) this.#flags.translate(code, record.v);
    else if (failsHigh && record.v[0]! > MOST_RETURNED && record.v[0]! < HIGH) record.v[0]! -= HIGH;
    if (this.#isActive) return this.#once(By.name, tells === Tells.enter ? REGISTERS : 1);
    this.#lastTid = record.tid;
    this.#lastEvent = record.event;
    return this.#sink.kernel.take();
  }

  /** Says what was only counted, and why. */
  finish(): void {
    const issue = (code: string, row: number, count: number, why: string): void => {
      if (count > 0) this.#sink.issue(code, row, `${count} calls of raw_syscalls are counted only: ${why}`);
    };
    issue(
      'calls-before-sign',
      0,
      this.#beforeSign,
      'the recording does not tell the machine, and no call before them told by its arguments whose numbers they bear; record syscalls:* or a binary recording',
    );
    issue(
      'calls-of-narrow-programs',
      this.#narrowRow,
      this.#narrow,
      'nothing tells that their programs are of 64 bits (no register held more), and those of 32 bits have other numbers; record syscalls:* for them',
    );
    issue(
      'calls-without-arguments',
      0,
      this.#noArguments,
      'their arguments are not told (tracefs option fields); set it to 0',
    );
  }

  #raw(isEnter: boolean): number {
    const record = this.#record;
    const { v } = record;
    const id = v[isEnter ? ENTER_ID : EXIT_ID]!;
    const thread = this.#thread(record.tid);
    const known = this.#call(id, isEnter, thread);
    const wasActive = this.#isActive;
    this.#isActive = true;
    const event = known === null ? -1 : isEnter ? known.enter : known.exit;
    if (known === null || event < 0) return 0;
    this.kind = isEnter ? known.enterKind : known.exitKind;
    record.event = event;
    const count = isEnter ? known.slots : 1;
    // A call has no more arguments than it takes.
    for (let i = count; i <= ENTER_ID; i++) v[i] = Number.NaN;
    if (isEnter) this.#flags.translate(event, v);
    // The first of all: what was told by name before it was not kept.
    const isTwin = !wasActive && this.#lastTid === record.tid && this.#lastEvent === event;
    return isTwin ? 0 : this.#once(By.number, isEnter ? REGISTERS : 1);
  }

  /** The call that a number means in the program at hand; null where it is not known for sure. */
  #call(id: number, isEnter: boolean, thread: Thread): Known | null {
    const { v, pid, tid, row } = this.#record;
    if (Number.isNaN(v[0])) {
      this.#noArguments++;
      return null;
    }
    const numbers = this.#table(id, isEnter);
    if (numbers === null) return null;
    const program = this.#program(pid >= 0 ? pid : tid);
    const name = numbers.names.get(id) ?? '';
    const isExec = EXEC.test(name);
    program.is64 ||= isEnter ? isWide(v) : v[0]! >= HIGH || (numbers.execTells && isExec && v[0] === 0);
    if (isEnter) thread.execs = isExec;
    else if (thread.execs) {
      thread.execs = false;
      // Of an exec under another number, or one that says nothing of its program.
      if (!isExec || (v[0] === 0 && !numbers.execTells)) program.is64 = false;
    }
    const known = name === '' ? null : this.#knownAs(id, name);
    if (!program.is64) {
      if (!isEnter || (known?.enter ?? -1) < 0) return null;
      this.#narrow++;
      this.#narrowRow ||= row;
      return null;
    }
    // Its process number may be another program's next.
    if (isEnter && (name === 'exit_group' || (name === 'exit' && pid < 0))) program.is64 = false;
    return known;
  }

  #table(id: number, isEnter: boolean): CallNumbers | null {
    if (this.#numbers !== undefined) return this.#numbers;
    const machine = this.#machine();
    if (machine !== '') {
      this.#numbers = CALL_NUMBERS[machine] ?? null;
      if (this.#numbers === null)
        this.#sink.issue(
          'call-numbers-unknown',
          this.#record.row,
          `expected calls of ${Object.keys(CALL_NUMBERS).join(', ')}, found a recording of ${machine}, whose numbers are not known: records of raw_syscalls are counted only; record syscalls:*`,
        );
      return this.#numbers;
    }
    if (!isEnter) return null;
    const found = numbersBy(id, this.#record.v);
    if (found === undefined) {
      this.#beforeSign++;
      return null;
    }
    this.#numbers = found;
    this.#sink.issue(
      'assumed-call-numbers',
      this.#record.row,
      `the recording does not tell the machine: numbers of raw_syscalls are taken for those of ${found.title}, by the arguments of call ${id}`,
    );
    return found;
  }

  #knownAs(id: number, name: string): Known {
    let known = this.#known.get(id);
    if (known === undefined) {
      const { catalogue } = this.#sink.kernel;
      const enter = catalogue.code(`sys_enter_${name}`, 'syscalls');
      const exit = catalogue.code(`sys_exit_${name}`, 'syscalls');
      const kind = (code: number): number =>
        code < 0 ? -1 : this.#sink.records.kindId(catalogue.events[code]!.name, true);
      const slots = catalogue.events[enter]?.slots.length ?? 0;
      known = { name, enter, exit, slots, enterKind: kind(enter), exitKind: kind(exit) };
      this.#known.set(id, known);
    }
    return known;
  }

  /** Hands the record over, unless it was told by the other probe already. */
  #once(by: number, count: number): number {
    const record = this.#record;
    const thread = this.#thread(record.tid);
    const { v } = record;
    const { values } = thread;
    let isTold =
      thread.event === record.event &&
      thread.by === (By.number | By.name) - by &&
      record.row - thread.row < NEAR_RECORDS;
    for (let i = 0; i < count && isTold; i++) isTold = !differ(values[i]!, v[i]!);
    if (isTold) {
      thread.by |= by;
      return thread.opId;
    }
    thread.event = record.event;
    thread.by = by;
    thread.row = record.row;
    for (let i = 0; i < count; i++) values[i] = v[i]!;
    thread.opId = this.#sink.kernel.take();
    return thread.opId;
  }

  #thread(tid: number): Thread {
    let thread = this.#threads.get(tid);
    if (thread === undefined) {
      thread = newThread();
      this.#threads.set(tid, thread);
    }
    return thread;
  }

  #program(pid: number): Program {
    let program = this.#programs.get(pid);
    if (program === undefined) {
      program = { is64: false };
      this.#programs.set(pid, program);
    }
    return program;
  }
}

/** A register of a program of 32 bits holds no more. */
function isWide(args: Float64Array): boolean {
  for (let i = 0; i < REGISTERS; i++) if (args[i]! < 0 || args[i]! >= HIGH) return true;
  return false;
}

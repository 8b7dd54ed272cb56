// `strace -f -ttt -T -y[y]`: one call a line, or two where another task's line came between. Every call is taken as the
// kernel's own pair of events, so that assembly follows descriptors; what -y and -yy show of them is told besides.
import { kernelEvent } from '../model/kernel-events.js';
import type { Format, TraceSink } from '../model/trace.js';
import { KernelLines } from './kernel-lines.js';
import { Stamps } from './stamps.js';
import { straceAdvice } from './strace-advice.js';
import { decorated, quoted, resultAlone, splitArguments, value } from './strace-args.js';
import { asKnown, isInjected, NOT_DONE, numbers, resultOf } from './strace-calls.js';
import { signalNumber } from './strace-constants.js';
import { type LeaderLines, StraceLeader } from './strace-leader.js';
import { directoryOf, type Note, notesOf, OPENS, pathIn, returnNotes, transferNotes } from './strace-notes.js';
import { StraceTasks } from './strace-tasks.js';
import { BadLines, firstLines, readLines } from './text-lines.js';
import { TimeOfDay } from './time-of-day.js';

/** Seconds may be whole (--absolute-timestamps=unix). Behind the time -r puts what passed since the line before, -n the number of the call, -i the instruction pointer. */
const LINE =
  /^(?:\[pid\s+(\d+)(?:<([^>]*)>)?\]\s|(\d+)(?:<([^>]*)>)?\s)?\s*(\d+\.\d{3,9}|\d\d:\d\d:\d\d(?:\.\d{1,9})?|\d{10}(?=\s+[\w(<[+-]))\s+(?:\(\+\s*\d+(?:\.\d+)?\)\s+)?(?:\[\s*[\da-f?]+\]\s+)*(.*)$/s;
/** Of the call above: with -k a frame of its stack (with -kk its line of source, at the end maybe why there are no more), with -e read or -e write the bytes that went, buffer by buffer. */
const BELOW = /^ (?:> \S.*|\| [\da-f]{5,} {2}.*\||\* \d+ bytes in buffer \d+)\s*$/;
/** What strace says of its own; before version 4.9 without its name. */
const SAID = /^(?:strace: |Process \d+ (?:attached|detached|suspended|resumed)|\[ Process PID=\d+ runs in )/;
/** -ff writes a file for each task, named by its number, which then is not in the lines. */
const OF_ONE = /\.(\d{1,7})(?:\.gz|\.zst)?$/;
/** A thread that executes a program takes the number of its process: another number ends the line that it began, as strace's end does. */
const UNFINISHED = /(?<!\s)\s*<(?:unfinished|detached|pid changed to \d+) \.\.\.>(\)\s+= \?.*)?$/s;
/** What a call took. */
const SPENT = /(?<!\s)\s+<(\d+)\.(\d+)>$/;
/** Of a task that is killed as it calls strace knows no name: `????`. */
const WHAT = /^(?:[\w?]+\(|<\.\.\. [\w?]+ resumed>|--- (?:SIG|stopped|\{si_signo=SIG)|\+\+\+ )/;

/** bcc's syncsnoop has a stamp, a call and no result: `16458148.611952  sync()`. */
const isOurs = (what: string): boolean => WHAT.test(what) && !what.endsWith('()');

export const strace: Format = {
  name: 'strace',
  title: 'strace text with stamps: -f -ttt -T -y or -yy; unfinished and resumed calls, signals, exits',
  kernelOnly: true,
  sniff: (head) => firstLines(head).some((line) => isOurs(LINE.exec(line)?.[6] ?? '')),
  advice: straceAdvice,
  async read(input, sink) {
    sink.source.clock = 'realtime';
    const bad = new BadLines(sink, '"pid time call(arguments) = result <duration>"');
    const parser = new StraceLines(sink, bad);
    const leader = new StraceLeader(parser, Number(OF_ONE.exec(input.name)?.[1] ?? 0));
    await readLines(input, leader, bad);
    leader.end();
    parser.lines.losses.finish();
    return !bad.damaged;
  },
};

/** A call that began and has not returned. */
interface Begun {
  readonly name: string;
  /** Its text up to the interruption. */
  readonly text: string;
  readonly timeNs: number;
}

const ARGUMENTS = kernelEvent('note_arguments');
const SIGNAL = kernelEvent('signal_deliver');
const EXIT = kernelEvent('note_exit');
const EXEC = kernelEvent('note_comm');
/** Calls that tell something although they are none of the kernel events sealtrace knows. */
const FOLLOWED = new Set([
  'clone',
  'clone3',
  'fork',
  'vfork',
  'execve',
  'execveat',
  'prctl',
  'chdir',
  'fchdir',
  'chroot',
  'exit',
  'sendmsg',
  'sendmmsg',
]);

class StraceLines implements LeaderLines {
  readonly lines: KernelLines;
  readonly #bad: BadLines;
  readonly #sink: TraceSink;
  readonly #stamps: Stamps;
  readonly #day = new TimeOfDay();
  readonly #tasks: StraceTasks;
  readonly #begun = new Map<number, Begun>();
  /** Task of the line before when that line ended inside a call. */
  #open = 0;
  /** The table of -C has begun, which ends the file. */
  #summed = false;
  #first = true;
  /** With -o every line has its number. */
  #ofFile = false;
  /** With -r: time of the line; -1: the stamps are of a clock. */
  #sinceStartNs = -1;

  constructor(sink: TraceSink, bad: BadLines) {
    this.#sink = sink;
    this.#bad = bad;
    this.lines = new KernelLines(sink);
    this.#stamps = new Stamps(sink);
    this.#tasks = new StraceTasks(this.lines);
  }

  take(text: string, line: number, cut: boolean, alone: number): void {
    this.lines.line = line;
    const match = LINE.exec(text);
    if (this.#first && match !== null) {
      this.#first = false;
      if (Number(match[5]) === 0) this.#relative();
    }
    const timeNs = match === null ? Number.NaN : this.#time(match[5]!);
    const open = this.#open;
    this.#open = 0;
    if (match === null || Number.isNaN(timeNs)) return this.#unstamped(open, text, cut);
    const rest = match[6]!;
    this.#ofFile ||= match[3] !== undefined;
    const shown = match[1] ?? match[3];
    const tid = shown === undefined ? this.#unnumbered(alone) : Number(shown);
    this.#tasks.meet(tid, match[2] ?? match[4] ?? '', timeNs);
    const resumed = /^<\.\.\. ([\w?]+) resumed>(.*)$/s.exec(rest);
    const call = /^([\w?]+)\(/.exec(rest);
    let taken = false;
    if (resumed !== null) taken = this.#resumed(tid, resumed[1]!, resumed[2]!, timeNs, cut);
    else if (call !== null) taken = this.#call(tid, call[1]!, rest, timeNs, cut);
    else taken = this.#status(tid, rest, timeNs);
    if (!taken) this.#other(text, cut);
  }

  #call(tid: number, name: string, text: string, timeNs: number, cut: boolean): boolean {
    const unfinished = UNFINISHED.exec(text);
    const begun = { name, text: unfinished === null ? text : text.slice(0, unfinished.index), timeNs };
    const { list, end } = splitArguments(begun.text, name.length + 1);
    if (unfinished === null && (end < 0 || !/^\s*= /.test(text.slice(end)) || (cut && !isWhole(text)))) return false;
    const enter = kernelEvent(`sys_enter_${asKnown(name)}`);
    const kind = this.lines.kind(name, enter >= 0 ? enter : FOLLOWED.has(name) ? 0 : -1);
    this.lines.begin(timeNs, 0, this.#tasks.actor(tid));
    let opId = enter >= 0 ? this.lines.tell(enter, numbers(name, list)) : 0;
    this.#tasks.begins(tid, name, begun.text, unfinished !== null);
    if (unfinished === null) opId = this.#returns(tid, begun, list, text.slice(end), timeNs) || opId;
    else this.#begun.set(tid, begun);
    this.#open = unfinished === null ? 0 : tid;
    this.lines.begin(timeNs, 0, this.#tasks.actor(tid));
    this.lines.commit(kind, opId);
    return true;
  }

  #resumed(tid: number, name: string, rest: string, timeNs: number, cut: boolean): boolean {
    const begun = this.#begun.get(tid);
    if (cut && !isWhole(rest)) return false;
    this.#begun.delete(tid);
    if (begun?.name !== name) {
      this.#sink.issue(
        'resumed-without-begin',
        this.lines.line,
        `${name} of ${tid} is resumed, but its beginning was not seen`,
      );
      return true;
    }
    const text = begun.text + rest;
    const { list, end } = splitArguments(text, name.length + 1);
    if (end < 0) return false;
    if (kernelEvent(`sys_enter_${asKnown(name)}`) >= 0) {
      this.lines.begin(begun.timeNs, 0, this.#tasks.actor(tid));
      this.lines.tell(ARGUMENTS, numbers(name, list));
    }
    this.#returns(tid, begun, list, text.slice(end), timeNs);
    return true;
  }

  /** The call's return: `= result <duration>`. Without a duration the time of a second line is the end. */
  #returns(tid: number, begun: Begun, args: readonly string[], tail: string, seenNs: number): number {
    const told = /^\s*= (.*)$/s.exec(tail.trimEnd())?.[1] ?? '?';
    const spent = SPENT.exec(told);
    const shown = told.slice(0, spent?.index);
    const spentNs = spent === null ? -1 : Number(spent[1]) * 1e9 + fraction(spent[2]!);
    const isMadeUp = isInjected(shown);
    if (isMadeUp)
      this.#sink.issue(
        'injected-results',
        this.lines.line,
        `${begun.name} was told by strace -e inject that it had succeeded, and was not done: such calls are taken as failed`,
      );
    const result = isMadeUp ? NOT_DONE : resultAlone(shown);
    const ret = resultOf(begun.name, args, isMadeUp ? NOT_DONE : shown);
    const name = asKnown(begun.name);
    const endNs = spentNs >= 0 ? begun.timeNs + spentNs : seenNs;
    if (ret >= 0) {
      this.#changes(tid, name, args, ret, begun.timeNs);
      this.#tasks.links.told(name, args, result, this.#tasks.place(tid));
    }
    if (ret >= 0 && OPENS.has(name) && decorated(result) === null) this.#opened(tid, name, args, ret);
    const exit = kernelEvent(`sys_exit_${name}`);
    if (Number.isNaN(ret)) return 0;
    const actor = this.#tasks.actor(tid);
    this.lines.begin(begun.timeNs, 0, actor);
    for (const note of transferNotes(name, args, ret)) this.#note(note);
    if (exit < 0) return 0;
    for (const note of notesOf(name, args, result, this.#tasks.place(tid))) this.#note(note);
    this.lines.begin(Math.max(endNs, begun.timeNs), 0, actor);
    const opId = this.lines.tell(exit, [ret]);
    if (ret >= 0 && name !== 'close') for (const note of returnNotes(result)) this.#note(note);
    return opId;
  }

  /** What a call that succeeded changed of its task. */
  #changes(tid: number, name: string, args: readonly string[], ret: number, timeNs: number): void {
    const tasks = this.#tasks;
    const directory = args.find((arg) => /^(?:AT_FDCWD|-100)\b.*</.test(arg));
    if (directory !== undefined) tasks.setCwd(tid, decorated(directory)?.path ?? '');
    if (/^(v?fork|clone3?)$/.test(name)) tasks.made(tid, ret, args.join(', '), timeNs);
    else if (name === 'chdir') tasks.setCwd(tid, pathIn(tasks.place(tid), quoted(args[0]) ?? ''));
    else if (name === 'fchdir') tasks.setCwd(tid, directoryOf(args[0] ?? '', tasks.place(tid)));
    else if (name === 'chroot') tasks.setRoot(tid, pathIn(tasks.place(tid), quoted(args[0]) ?? ''));
    else if (name === 'close') tasks.setOpened(tid, value(args[0]), '');
    else if (/^dup[23]?$/.test(name) || (name === 'fcntl' && args[1]?.startsWith('F_DUPFD') === true))
      tasks.setOpened(tid, ret, tasks.place(tid).opened.get(value(args[0])) ?? '');
    else if (name === 'prctl' && args[0] === 'PR_SET_NAME') tasks.rename(tid, quoted(args[1]) ?? '');
    else if (/^execve(at)?$/.test(name)) {
      const path = quoted(args[name === 'execve' ? 0 : 1]) ?? '';
      if (path !== '') tasks.rename(tid, path.slice(path.lastIndexOf('/') + 1).slice(0, 15));
      this.lines.begin(timeNs, 0, tasks.actor(tid));
      this.lines.tell(EXEC, [1]);
    }
  }

  /** Without -y later calls show a number alone, of a directory too, from which other paths count. */
  #opened(tid: number, name: string, args: readonly string[], fd: number): void {
    const at = name.startsWith('openat') ? 1 : 0;
    const path = quoted(args[at]);
    const directory = at === 0 ? undefined : args[0];
    this.#tasks.setOpened(tid, fd, path === null ? '' : pathIn(this.#tasks.place(tid), path, directory));
  }

  /** `--- SIGBUS {...} ---`, of old versions `--- {si_signo=SIGCHLD, ...} (Child exited) ---`, `+++ exited with 0 +++`, `+++ killed by SIGKILL +++`. */
  #status(tid: number, rest: string, timeNs: number): boolean {
    const successor = /^\+\+\+ superseded by execve in pid (\d+) /.exec(rest);
    if (successor !== null) this.#supersede(tid, Number(successor[1]), timeNs);
    const signal = /^--- (?:\{si_signo=)?(SIG\w+)[ ,]/.exec(rest);
    const ended = /^\+\+\+ (?:exited with -?\d+|killed by (SIG\w+).*) \+\+\+/.exec(rest);
    if (signal === null && ended === null && !/^(--- stopped by|\+\+\+ superseded)/.test(rest)) return false;
    this.lines.begin(timeNs, 0, this.#tasks.actor(tid));
    let opId = 0;
    if (signal !== null) opId = this.lines.tell(SIGNAL, [signalNumber(signal[1]!)]);
    // A signal that ends the task met no handler.
    if (ended?.[1] !== undefined) this.lines.tell(SIGNAL, [signalNumber(ended[1]), 0, 0, 0]);
    if (ended !== null) {
      this.lines.tell(EXIT, []);
      this.#begun.delete(tid);
    }
    const name = signal?.[1] ?? (ended === null ? 'status' : 'exited');
    this.lines.commit(this.lines.kind(name, signal === null && ended === null ? -1 : SIGNAL), opId);
    if (ended !== null) this.#tasks.gone(tid);
    return true;
  }

  /** A thread began to execute a program: its call returns as one of the process, under whose number it goes on. */
  #supersede(tid: number, thread: number, timeNs: number): void {
    const begun = this.#begun.get(thread);
    this.#begun.delete(tid);
    this.#begun.delete(thread);
    this.#tasks.gone(thread);
    // With -z the line that would have begun it is left out.
    if (begun === undefined) this.#call(tid, 'execve', 'execve( <unfinished ...>', timeNs, false);
    else this.#begun.set(tid, begun);
  }

  #note({ event, values }: Note): void {
    const { words } = this.lines.decoder;
    this.lines.tell(
      event,
      values.map((one) => (typeof one === 'string' ? words.text(one) : one)),
    );
  }

  /** strace leaves out the number where one task alone is traced. */
  #unnumbered(alone: number): number {
    const only = this.#tasks.only(alone);
    if ((only === undefined || this.#ofFile) && alone > 0)
      this.#sink.issue(
        'no-pid',
        this.lines.line,
        `expected a pid before the time, found none; taken for ${only ?? alone}; record with -f -o FILE`,
      );
    return only ?? alone;
  }

  /** Seconds since 1970 (-ttt) or since midnight (-t, -tt). */
  #time(shown: string): number {
    const [whole = '', part = ''] = shown.split('.');
    let seconds = Number(whole);
    if (Number.isNaN(seconds)) {
      // Without the day they are not on the wall clock of others.
      this.#sink.source.clock = 'time of day';
      seconds = this.#day.seconds(whole);
    }
    if (this.#sinceStartNs < 0) return this.#stamps.at(seconds, fraction(part));
    this.#sinceStartNs += seconds * 1e9 + fraction(part);
    return this.#stamps.at(Math.floor(this.#sinceStartNs / 1e9), this.#sinceStartNs % 1e9);
  }

  /** -r tells the time since the line before, so that the first line says 0, which no clock does. */
  #relative(): void {
    this.#sinceStartNs = 0;
    this.#sink.source.clock = 'time since the start of strace';
  }

  /** With -z strace 6 goes on with a call that it interrupted without saying whose it is: it is that of the line before. */
  #unstamped(open: number, text: string, cut: boolean): void {
    const begun = this.#begun.get(open);
    const goesOn = begun !== undefined && /\)\s+= \S/.test(text);
    if (goesOn && this.#resumed(open, begun.name, text, begun.timeNs, cut)) return;
    this.#summed ||= /^% time\s+seconds\s/.test(text);
    if (!this.#summed) this.#other(text, cut);
  }

  #other(text: string, cut: boolean): void {
    if (text.trim() === '' || BELOW.test(text) || SAID.test(text)) return;
    this.#bad.say(text, this.lines.line, cut);
  }
}

const fraction = (digits: string): number => Number(digits.padEnd(9, '0'));
/** A last line without newline is whole when its duration is. */
const isWhole = (text: string): boolean => /<\d+\.\d{6,}>\s*$/.test(text);

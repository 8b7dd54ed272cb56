// What `strace -f` writes to a terminal (or with `2> FILE`): a line has no number while one task alone is traced, and others
// have `[pid N]`; a call that makes a task is broken by the message that strace is attached to it, before version 4.6 also one
// that waits for a task, and the last of all by the message that strace goes.
//   1796011072.056404 vfork(strace: Process 11402 attached
//    <unfinished ...>
//   [pid 11402] 1796011072.056817 rt_sigprocmask(...) = 0 <0.000014>
//   [pid 11401] 1796011072.057320 <... vfork resumed>) = 11402 <0.000901>

/** How far lines wait for the number of their task to be told. */
const MOST_HELD = 20_000;
const NUMBERED = /^(?:\[pid\s+(\d+)[^\]]*\]\s|(\d+)(?:<[^>]*>)?\s+\d)/;
/** Calls that return the number of their caller; every program that libc starts makes the first. */
const OWN = /\b(?:set_tid_address|gettid|getpid)\([^=]*\)\s+= (\d+)/;
const SAYS = / (?:attached|detached|suspended|resumed)\b/;
/** `^C` is what the terminal showed of the key that ended it. */
const MESSAGE =
  /^(.*?)(?:\^C)?(?:strace: )?Process (\d+)(?:<[^>]{0,64}>)? (?:(attached)(?: with \d+ threads| \(waiting for parent\))?|detached|suspended|resumed(?: \(parent \d+ ready\))?)$/s;
const MAKES = /\b(?:v?fork|clone3?)(?:\(| resumed>)/;
const MADE = /\)\s+= (\d+)/;
const BEGUN = /^(?:\[pid\s+\d+[^\]]*\])?\s*\d+[.:]\d.*\(/s;
const OF_ITS_OWN = /^(?:\[pid\s|\s*\d+[.:]\d)/;
const BREAK = /<unfinished \.\.\.>\s*$/;

export interface LeaderLines {
  /** `alone`: the task of lines without a number, 0 where nothing tells. */
  take(text: string, line: number, cut: boolean, alone: number): void;
}

export class StraceLeader {
  readonly #lines: LeaderLines;
  readonly #decoder = new TextDecoder();
  /** Lines before the number of their task is known; null: no line waits. */
  #held: { readonly text: string; readonly line: number; readonly cut: boolean }[] | null = [];
  #alone: number;
  /** Tasks that others made. */
  readonly #children = new Set<number>();
  /** Calls under way that make a task. */
  #making = 0;
  /** A line that a message broke. */
  #begun = '';
  #begunLine = 0;

  /** `own`: the number in the file's name, 0 where there is none. */
  constructor(lines: LeaderLines, own: number) {
    this.#lines = lines;
    this.#alone = own;
    if (own > 0) this.#held = null;
  }

  read(bytes: Uint8Array, line: number, cut: boolean): void {
    let text = this.#decoder.decode(bytes);
    const message = SAYS.test(text) ? MESSAGE.exec(text) : null;
    if (message !== null) {
      const [, before, tid, attached] = message as unknown as [string, string, string, string?];
      if (attached !== undefined) this.#attached(Number(tid));
      if (BEGUN.test(before)) {
        this.#begun = before;
        this.#begunLine = line;
      }
      return;
    }
    if (this.#begun !== '' && !OF_ITS_OWN.test(text)) {
      text = this.#begun + text;
      this.#begun = '';
    }
    this.#interrupted();
    this.#pass(text, line, cut);
  }

  end(): void {
    this.#interrupted();
    this.#release();
  }

  /** A line of another task came before the rest of the one that was broken. */
  #interrupted(): void {
    if (this.#begun !== '') this.#pass(`${this.#begun} <unfinished ...>`, this.#begunLine, false);
    this.#begun = '';
  }

  #pass(text: string, line: number, cut: boolean): void {
    if (this.#held === null) return this.#lines.take(text, line, cut, this.#alone);
    this.#held.push({ text, line, cut });
    this.#learn(text);
    if (this.#alone > 0 || this.#held.length > MOST_HELD) this.#release();
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const { text, line, cut } of held) this.#lines.take(text, line, cut, this.#alone);
  }

  /** With -p the first thing that is told is whom strace is attached to. */
  #attached(tid: number): void {
    if (this.#held?.length === 0) this.#alone ||= tid;
    else this.#children.add(tid);
  }

  #learn(text: string): void {
    const numbered = NUMBERED.exec(text);
    const tid = Number(numbered?.[1] ?? numbered?.[2] ?? 0);
    const goesOn = text.includes(' resumed>');
    if (numbered === null) this.#alone = Number(OWN.exec(text)?.[1] ?? 0);
    else if (!this.#children.has(tid)) {
      // While a task is being made, who is new is that one; who goes on with what was begun without a number began the file.
      if (this.#making > 0 && !goesOn) this.#children.add(tid);
      else this.#alone = tid;
    }
    if (!MAKES.test(text)) return;
    if (BREAK.test(text)) this.#making++;
    else {
      if (goesOn) this.#making--;
      const made = MADE.exec(text);
      if (made !== null) this.#children.add(Number(made[1]));
    }
  }
}

// Births as a trace_pipe tells them.

export interface Birth {
  /** Of the first of them, on the trace's clock. */
  readonly atNs: bigint;
  /** Told in this piece: the process made, programs begun in it. */
  births: number;
}

const LINE = / (\d+)\.(\d{6}): (?:task_newtask|sched_process_exec): (?:filename=.* )?pid=(\d+) /g;

/** By process. */
export function bornIn(text: string): Map<number, Birth> {
  const born = new Map<number, Birth>();
  for (const [, seconds, micros, pid] of text.matchAll(LINE)) {
    const known = born.get(Number(pid));
    if (known === undefined) born.set(Number(pid), { atNs: BigInt(`${seconds}${micros}000`), births: 1 });
    else known.births++;
  }
  return born;
}

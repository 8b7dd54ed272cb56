// perf's records besides samples, as `perf script --show-*-events` prints them: mappings with their inode, tasks, losses.
// Source: perf_event__fprintf_{mmap2,comm,task,lost} in tools/perf/util/event.c.
import { kernelEvent } from '../model/kernel-events.js';
import type { Actor, KernelLines } from './kernel-lines.js';

const MMAP = kernelEvent('note_mmap');
const COMM = kernelEvent('note_comm');
const FORK = kernelEvent('note_fork');
const EXIT = kernelEvent('note_exit');

/** What a record tells, and about whom. */
interface Told {
  readonly event: number;
  readonly pid: number;
  readonly tid: number;
  readonly values: readonly number[];
}
type Numbers = readonly number[];
type Words = (text: string) => number;

/** By type of record: its text behind the type, and what the groups mean. */
const TELLS: Readonly<Record<string, readonly [RegExp, (g: readonly string[], n: Numbers, words: Words) => Told]>> = {
  MMAP2: [
    /^ (-?\d+)\/(\d+): \[0x([0-9a-f]+)\((?:0x)?([0-9a-f]+)\) @ (?:0x)?([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) \d+\]: (\S+) (.*)$/s,
    (g, n, words) => ({
      event: MMAP,
      pid: n[0]!,
      tid: n[1]!,
      values: [
        hex(g[2]!),
        hex(g[3]!),
        hex(g[4]!),
        hex(g[5]!) * 1048576 + hex(g[6]!),
        n[7]!,
        words(g[8]!),
        words(g[9]!),
      ],
    }),
  ],
  COMM: [
    /^( exec)?: (.*):(\d+)\/(\d+)$/,
    (g, n) => ({ event: COMM, pid: n[2]!, tid: n[3]!, values: [g[0] === undefined ? 0 : 1] }),
  ],
  // The new task, then the one that made it.
  FORK: [
    /^\((-?\d+):(-?\d+)\):\((-?\d+):(-?\d+)\)$/,
    (_, n) => ({ event: FORK, pid: n[2]!, tid: n[3]!, values: [n[0]!, n[1]!] }),
  ],
  EXIT: [/^\((-?\d+):(-?\d+)\):\(/, (_, n) => ({ event: EXIT, pid: n[0]!, tid: n[1]!, values: [] })],
};

/** Takes `PERF_RECORD_TYPE ...`. The task in front of the line is the one recorded from; the record says whom it is about. */
export function sideband(lines: KernelLines, text: string, timeNs: number, cpu: number, actor: Actor): void {
  const type = /^PERF_RECORD_(\w*)/.exec(text)![1]!;
  const rest = text.slice('PERF_RECORD_'.length + type.length).replace(/(?<![ \t\r])[ \t\r]+$/, '');
  const lost = /^LOST/.test(type) ? /(\d+)$/.exec(rest) : null;
  if (lost !== null) {
    lines.losses.begin(cpu, Number(lost[1]));
    return lines.losses.at(cpu, timeNs);
  }
  const { words } = lines.decoder;
  const [pattern, tell] = TELLS[type] ?? [];
  const match = pattern?.exec(rest) ?? null;
  if (match === null || tell === undefined) {
    // Kernel mappings, build-ids in place of inodes, switches: kept, and tell nothing of files.
    lines.begin(timeNs, cpu, actor);
    return lines.commit(lines.kind(`PERF_RECORD_${type}`, -1), 0);
  }
  const groups = match.slice(1);
  const told = tell(groups, groups.map(Number), (word) => words.text(word));
  const comm = type === 'COMM' ? words.text(groups[1]!) : actor.comm;
  lines.begin(timeNs, cpu, { comm, pid: told.pid, tid: told.tid });
  lines.commit(lines.kind(`PERF_RECORD_${type}`, told.event), lines.tell(told.event, told.values));
}

const hex = (text: string): number => Number.parseInt(text, 16);

// How else to record the same: commands of other tools, and a script of plain shell. `record --via` runs them, `--print`
// shows them; both are made here, so that what is shown is what runs.
import type { EventName } from './event-sets.js';
import { eventFilter, type Scope } from './filters.js';
import { SHELL_LOOKS } from './shell-looks.js';

export type Tool = 'trace-cmd' | 'perf' | 'bpftrace';
export const TOOLS: readonly Tool[] = ['trace-cmd', 'perf', 'bpftrace'];

export interface Recipe {
  readonly events: readonly EventName[];
  readonly scope: Scope;
  /** Fields of an event, as its format file lists them. */
  fields(event: EventName): readonly string[];
  readonly command: readonly string[];
  readonly seconds: number | null;
  /** Kernel buffer per CPU. */
  readonly kib: number;
  /** The bpftrace script, where that tool is asked for. */
  readonly script: string;
  readonly out: string;
  /** Where the file systems are mounted, or the folders asked for; empty: unknown. */
  readonly folders: readonly string[];
  /** Name of trace-cmd's buffer. */
  readonly buffer: string;
}

const filterOf = ({ scope, fields }: Recipe, event: EventName): string =>
  event.group === 'maps' ? eventFilter(event.system, event.name, fields(event), scope) : '';

/** What runs under the recorder: the command, or nothing for as long as asked. */
export const workload = ({ command, seconds }: Recipe): readonly string[] =>
  command.length > 0 ? command : ['sleep', seconds === null ? 'infinity' : String(seconds)];

/** Words of the command line of a tool. */
export const COMMANDS: Readonly<Record<Tool, (recipe: Recipe) => string[]>> = {
  // Its buffer of its own keeps the one that everybody shares untouched; clock and size belong to that buffer.
  'trace-cmd': (recipe) => [
    'trace-cmd',
    'record',
    '-q',
    '-i',
    '-B',
    recipe.buffer,
    '-C',
    'mono',
    '-b',
    String(recipe.kib),
    '-o',
    recipe.out,
    ...recipe.events.flatMap((event) => {
      const filter = filterOf(recipe, event);
      return ['-e', `${event.system}:${event.name}`, ...(filter === '' ? [] : ['-f', filter])];
    }),
    ...workload(recipe),
  ],
  // All CPUs: what kernel workers do for the command is a part of it.
  perf: (recipe) => [
    'perf',
    'record',
    '-a',
    '-d',
    '-k',
    'mono',
    '-m',
    '2M',
    '-o',
    recipe.out,
    ...recipe.events.flatMap((event) => {
      const filter = filterOf(recipe, event).replace(/ && COMM != "[^"]*"$/, '');
      return ['-e', `${event.system}:${event.name}`, ...(filter === '' ? [] : ['--filter', filter])];
    }),
    '--',
    ...workload(recipe),
  ],
  bpftrace: (recipe) => [
    'bpftrace',
    '-f',
    'json',
    '-o',
    recipe.out,
    '-c',
    workload(recipe).map(quoted).join(' '),
    recipe.script,
    String(recipe.scope.devices.length === 1 ? recipe.scope.devices[0] : 0),
  ],
};

/** What each of them lacks of what the recorder itself tells, with the looks before and after. */
export const LACKS: Readonly<Record<Tool, string>> = {
  'trace-cmd': 'calls of all processes; processes that begin are known by their events',
  perf: 'calls of all processes; mappings of those that begin are told by perf, descriptors by their events',
  bpftrace: 'calls of all processes; descriptors of those that begin are told by the script, mappings by their events',
};

/** A word as a shell takes it. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** A command line that can be pasted, a few words a line. */
export function commandText(words: readonly string[]): string {
  const lines: string[] = [];
  let line = '';
  for (const word of words.map(quoted)) {
    if (line !== '' && line.length + word.length > 100) {
      lines.push(line);
      line = ' ';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line].join(' \\\n');
}

/** Of a machine that is not known: all mounted XFS and ext4, but for the root's. */
const ALL_FOLDERS = `$(awk '($3 == "xfs" || $3 == "ext4") && $2 != "/" { print $2 }' /proc/mounts)`;

/** A script of plain shell for a machine without any of them: its own buffer in tracefs, text out, everything put back. */
export function shellScript(recipe: Recipe): string {
  const events = recipe.events.flatMap((event) => {
    const path = `events/${event.system}/${event.name}`;
    const filter = filterOf(recipe, event);
    return [...(filter === '' ? [] : [`put ${quoted(filter)} ${path}/filter`]), `put 1 ${path}/enable`];
  });
  return `${[
    '#!/bin/sh',
    '# Records into a buffer of its own in tracefs, and takes it away again. As root. Then: sealtrace report FILE',
    '# Devices are numbers of this machine: major * 1048576 + minor of `mountpoint -d DIR`; another machine has others.',
    'set -u',
    `OUT=${quoted(recipe.out)}`,
    'T=/sys/kernel/tracing; [ -d $T/events ] || T=/sys/kernel/debug/tracing',
    'I=$T/instances/sealtrace-shell-$$',
    'mkdir $I || exit 2',
    'READER=',
    'drained() { ! grep -q "^entries: [1-9]" $I/per_cpu/cpu*/stats || ! kill -0 "$READER" 2>/dev/null; }',
    'clean() { echo 0 > $I/tracing_on; until drained; do sleep 0.1; done; sleep 0.5; [ -n "$READER" ] && { kill $READER; wait $READER; } 2>/dev/null; rmdir $I; }',
    'trap clean EXIT; trap "exit 130" INT; trap "exit 143" TERM',
    '# An event that this kernel does not have is left out, and said.',
    'put() { [ -e $I/$2 ] && echo "$1" > $I/$2 || echo "not recorded: $2" >&2; }',
    'echo 0 > $I/tracing_on; echo mono > $I/trace_clock',
    `echo ${recipe.kib} > $I/buffer_size_kb`,
    '# Real addresses instead of hashed ones, where the kernel offers it.',
    '[ -e $I/options/hash-ptr ] && echo 0 > $I/options/hash-ptr',
    'echo 1 > $I/options/record-tgid',
    ...events,
    SHELL_LOOKS,
    'echo "# clock: mono" > "$OUT"; cat $I/trace_pipe >> "$OUT" & READER=$!',
    'echo 1 > $I/tracing_on',
    `look ${recipe.folders.length > 0 ? recipe.folders.map(quoted).join(' ') : ALL_FOLDERS}`,
    workload(recipe).map(quoted).join(' '),
  ].join('\n')}\n`;
}

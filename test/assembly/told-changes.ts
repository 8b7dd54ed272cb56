// What tests of changes share that no call in the trace tells of: events in, operations out.
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { FLAGS, OPS, Op } from '../../src/model/events.js';
import { UNKNOWN, UNKNOWN_RESULT } from '../../src/model/units.js';
import { readAs } from '../formats/support.js';

const KINDS: readonly number[] = [
  ...[Op.fallocate, Op.punch, Op.zero, Op.collapse, Op.insert, Op.unshare],
  ...[Op.truncate, Op.fsync, Op.unlink, Op.write, Op.reflink, Op.rename, Op.swapext],
];

export async function read(events: string) {
  const lines = events.split('\n').map((line, i) => {
    const [, task, event] = /^(\S+): (.*)$/.exec(line)!;
    return `  ${task} [000]  5.${String(i * 1000).padStart(9, '0')}: ${event}\n`;
  });
  return (await readAs(ftraceText, `cpus=1\n${lines.join('')}`)).trace;
}

/** Lines `task-tid: event`, a microsecond apart; the operations: name, inode, offset, length, result, duration in us, flags. */
export async function changes(events: string): Promise<readonly (readonly unknown[])[]> {
  const { columns: c, files } = await read(events);
  const rows = [...c.op.keys()].filter(
    (row) => KINDS.includes(c.op[row]!) && (c.flags[row]! & (1 << FLAGS.indexOf('observed'))) === 0,
  );
  const or = (value: number, unknown: number): number | '-' => (value === unknown ? '-' : value);
  return rows.map((row) => [
    ...[
      OPS[c.op[row]!],
      files[c.file[row]!]?.inode ?? 'none',
      or(c.offset[row]!, UNKNOWN),
      or(c.length[row]!, UNKNOWN),
    ],
    ...[or(c.result[row]!, UNKNOWN_RESULT), or(c.latencyNs[row]! / 1000, UNKNOWN / 1000)],
    FLAGS.filter((_, bit) => (c.flags[row]! & (2 ** bit)) !== 0).join(),
  ]);
}

/** By operation: the names of what changed in the map with its number. */
export async function changed(events: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const { columns: c } = await read(events);
  const rows = [...c.op.keys()];
  const found: Record<string, string[]> = {};
  for (const row of rows.filter((one) => KINDS.includes(c.op[one]!) && c.opId[one] !== 0))
    found[OPS[c.op[row]!]!] = rows
      .filter((one) => one !== row && c.opId[one] === c.opId[row])
      .map((one) => OPS[c.op[one]!]!);
  return found;
}

/** Lines of one task. */
export const by = (task: string, ...events: readonly string[]): string =>
  events.map((one) => `${task}: ${one}`).join('\n');

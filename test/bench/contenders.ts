// Programs that do the same work, weighed against one another: CPU time of whole processes and their peak memory, what of it is
// fixed and what a record costs, and whether a bar is met.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Contender {
  readonly name: string;
  readonly command: readonly string[];
  readonly version: string;
  /** Records that it must have read. */
  readonly records: number;
  readonly cpuSeconds: number[];
  residentKiB: number;
}

/** How many times fewer CPU seconds per record sealtrace is to take than a peer: what it must, and what is the goal. */
export interface Bar {
  readonly ours: Contender;
  readonly peer: Contender;
  readonly must: number;
  readonly goal: number;
}

export const contender = (name: string, command: readonly string[], version: string, records = 0): Contender => {
  return { name, command, version, records, cpuSeconds: [], residentKiB: 0 };
};

/** Without certificates of the machine: Node reads them at every start, which costs 50 ms, for programs that open no connection. */
const { NODE_EXTRA_CA_CERTS: _, ...ENVIRONMENT } = process.env;

/** The child's own user and system time and its largest resident size, from GNU time. */
export function measure(one: Contender, scratch: string): void {
  const timed = ['-f', '%U %S %M', '-o', join(scratch, 'time'), ...one.command];
  const { status } = spawnSync('/usr/bin/time', timed, { stdio: 'ignore', env: ENVIRONMENT });
  if (status !== 0) throw new Error(`${one.name} failed with status ${status} (is GNU time installed?)`);
  const [user, system, resident] = readFileSync(join(scratch, 'time'), 'utf8').split(' ').map(Number);
  one.cpuSeconds.push(user! + system!);
  one.residentKiB = Math.max(one.residentKiB, resident!);
}

export function tell({ name, cpuSeconds, residentKiB, version, records }: Contender): void {
  const middle = median(cpuSeconds);
  const range = `${Math.min(...cpuSeconds).toFixed(2)}-${Math.max(...cpuSeconds).toFixed(2)}`;
  const each = records === 0 ? '' : `, ${((1e6 * middle) / records).toFixed(2)} us a record`;
  console.log(
    `${name}: ${middle.toFixed(2)} s CPU (${range})${each}, ${Math.round(residentKiB / 1024)} MiB; ${version}`,
  );
}

export function judge({ ours, peer, must, goal }: Bar): void {
  const each = (one: Contender, seconds: number): number => seconds / one.records;
  const ratio = each(peer, median(peer.cpuSeconds)) / each(ours, median(ours.cpuSeconds));
  const least = each(peer, Math.min(...peer.cpuSeconds)) / each(ours, Math.min(...ours.cpuSeconds));
  const said = (bar: number): string => `${bar} ${ratio >= bar ? 'met' : 'MISSED'}`;
  console.log(
    `${ours.name}: ${ratio.toFixed(2)} times fewer than ${peer.name} (least against least ${least.toFixed(2)}); must ${said(must)}, goal ${said(goal)}`,
  );
}

/** The same program on a short and on a long recording: what it costs at all, and what each record does. */
export function tellParts(short: Contender, long: Contender): void {
  const { fixed, each } = partsOf(short, long);
  console.log(`${long.name}: ${fixed.toFixed(2)} s CPU fixed, ${(1e6 * each).toFixed(2)} us a record`);
}

/** The same bar for what a record costs, without what is fixed. */
export function judgeParts(short: Bar, long: Bar): void {
  const ratio = partsOf(short.peer, long.peer).each / partsOf(short.ours, long.ours).each;
  const said = (bar: number): string => `${bar} ${ratio >= bar ? 'met' : 'missed'}`;
  console.log(
    `${long.ours.name}, a record alone: ${ratio.toFixed(2)} times fewer than ${long.peer.name}; must ${said(long.must)}, goal ${said(long.goal)}`,
  );
}

function partsOf(short: Contender, long: Contender): { readonly fixed: number; readonly each: number } {
  const each = (median(long.cpuSeconds) - median(short.cpuSeconds)) / (long.records - short.records);
  return { fixed: median(short.cpuSeconds) - each * short.records, each };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}
